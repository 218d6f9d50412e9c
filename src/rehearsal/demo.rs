//! The script of the demo: written answers, chosen by what was asked and streamed at the pace of a model. Each says in
//! its first sentence that no model was asked.

use std::time::Duration;

use super::request::Recorded;
use super::scene::{Scene, Script};

const PIECE_CHARS: usize = 14;
const FIRST_PIECE: Duration = Duration::from_millis(700);
const NEXT_PIECE: Duration = Duration::from_millis(35);

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

const GENERAL: [&str; 2] = [include_str!("demo/general.md"), include_str!("demo/again.md")];

impl Script {
    /// Believable answers at a believable pace, for a person to watch.
    pub fn demo() -> Self {
        Scene::by(|request| Scene::reply(answer(request)).in_words(PIECE_CHARS).paced(FIRST_PIECE, NEXT_PIECE)).into()
    }
}

fn answer(request: &Recorded) -> String {
    let asked = request.last_user().to_lowercase();
    let hits = |answer: &Answer| answer.words.iter().filter(|word| asked.contains(**word)).count();
    let best = ANSWERS.iter().rev().max_by_key(|answer| hits(answer)).filter(|answer| hits(answer) > 0);
    let text = best.map_or(GENERAL[usize::from(request.messages.len() > 2)], |answer| answer.text);
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
    fn every_answer_has_paragraphs_and_code() {
        for text in ANSWERS.iter().map(|answer| answer.text).chain(GENERAL) {
            assert!(text.contains("```") && text.matches("\n\n").count() >= 4, "{text}");
        }
    }
}
