//! The script of the demo: written answers, chosen by what was asked and streamed at the pace of a model, and the faults
//! of its day. Each answer says in its first sentence that no model was asked.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Deserialize;

use super::request::Recorded;
use super::scene::{Scene, Script};

const PIECE_CHARS: usize = 14;
const FIRST_PIECE: Duration = Duration::from_millis(700);
const NEXT_PIECE: Duration = Duration::from_millis(35);

/// What goes wrong at a provider: some requests to a model are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub model: String,
    /// Words that the question has.
    pub asked: String,
    /// Requests that are refused; those that follow are answered.
    pub times: u32,
    /// Of HTTP.
    pub status: u16,
    /// Seconds after which it says it can be asked again.
    pub retry_after: u32,
}

/// An answer and the words of a request that call for it.
struct Answer {
    words: &'static [&'static str],
    text: &'static str,
}

/// In the order in which they are tried on a tie.
const ANSWERS: [Answer; 6] = [
    Answer { words: &["review", "diff", "commit", "pull request", "refactor"], text: include_str!("demo/review.md") },
    Answer {
        words: &["bug", "debug", "error", "fail", "crash", "panic", "flaky", "deadlock"],
        text: include_str!("demo/debug.md"),
    },
    Answer {
        words: &["design", "architecture", "plan", "should we", "trade-off", "choose", "stance", "proposal"],
        text: include_str!("demo/design.md"),
    },
    Answer {
        words: &["security", "secret", "token", "attack", "injection", "audit", "auth"],
        text: include_str!("demo/security.md"),
    },
    Answer {
        words: &["slow", "fast", "performance", "latency", "memory", "cache", "profile"],
        text: include_str!("demo/speed.md"),
    },
    Answer { words: &["test", "coverage", "assert", "property"], text: include_str!("demo/tests.md") },
];

/// In the order in which they are tried: words of the system prompt that go before any question.
const STANCES: [Answer; 2] = [
    Answer { words: &["stance: in favour"], text: include_str!("demo/for.md") },
    Answer { words: &["stance: against"], text: include_str!("demo/against.md") },
];

const GENERAL: [&str; 2] = [include_str!("demo/general.md"), include_str!("demo/again.md")];

impl Script {
    /// Believable answers at a believable pace, for a person to watch, with these faults.
    pub fn demo(faults: &[Fault]) -> Self {
        let faults: Vec<(Fault, AtomicU32)> = faults.iter().map(|fault| (fault.clone(), AtomicU32::new(0))).collect();
        let decide = move |request: &Recorded| {
            let struck = faults.iter().find(|(fault, struck)| {
                let meant = request.model == fault.model && request.last_user().contains(&fault.asked);
                meant && struck.fetch_add(1, Ordering::Relaxed) < fault.times
            });
            match struck {
                Some((fault, _)) => Scene::status(fault.status).header("retry-after", fault.retry_after.to_string()),
                None => Scene::reply(answer(request)).in_words(PIECE_CHARS).paced(FIRST_PIECE, NEXT_PIECE),
            }
        };
        Scene::by(decide).into()
    }
}

fn answer(request: &Recorded) -> String {
    let asked = request.last_user().to_lowercase();
    let role = request.system().unwrap_or_default().to_lowercase();
    let stance = STANCES.iter().find(|stance| stance.words.iter().any(|words| role.contains(words)));
    let hits = |answer: &Answer| answer.words.iter().filter(|word| asked.contains(**word)).count();
    let best = ANSWERS.iter().rev().max_by_key(|answer| hits(answer)).filter(|answer| hits(answer) > 0);
    let text = stance.or(best).map_or(GENERAL[usize::from(request.messages.len() > 2)], |answer| answer.text);
    let model = if request.model.is_empty() { "the model" } else { &request.model };
    format!("This is zen's scripted provider: {model} was not asked, nor was any other model.\n\n{text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::request::Wire;

    fn asked(text: &str) -> Recorded {
        Recorded {
            number: 0,
            wire: Wire::ChatCompletions,
            method: "POST".to_owned(),
            path: "/v1/chat/completions".to_owned(),
            headers: Vec::new(),
            body: serde_json::Value::Null,
            model: "gpt-5".to_owned(),
            messages: vec![("user".to_owned(), text.to_owned())],
            stream: true,
            size: 0,
        }
    }

    #[test]
    fn the_first_sentence_says_that_no_model_was_asked() {
        for question in ["please review this diff", "why does it crash", "hello"] {
            let answer = answer(&asked(question));
            assert!(answer.starts_with("This is zen's scripted provider: gpt-5 was not asked"), "{answer}");
        }
    }

    #[test]
    fn the_answer_suits_the_question() {
        assert!(answer(&asked("Review this commit")).contains(ANSWERS[0].text));
        assert!(answer(&asked("The test is flaky, a deadlock?")).contains(ANSWERS[1].text));
        assert!(answer(&asked("Hello there")).contains(GENERAL[0]));
    }

    #[test]
    fn a_stance_is_taken_whatever_the_question() {
        let mut request = asked("Please review this plan");
        request.messages.insert(0, ("system".to_owned(), "Your stance: against. Look hard.".to_owned()));
        assert!(answer(&request).contains(STANCES[1].text));
    }

    #[test]
    fn every_answer_has_paragraphs_and_code() {
        for text in ANSWERS.iter().chain(&STANCES).map(|answer| answer.text).chain(GENERAL) {
            assert!(text.contains("```") && text.matches("\n\n").count() >= 4, "{text}");
        }
    }
}
