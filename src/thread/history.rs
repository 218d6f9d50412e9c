//! The one builder of a prompt from a thread: which turns a model is shown within its budget, and in which form. Turns
//! are chosen newest first and shown oldest first; the thread it reads never contains the call that it is built for.

use std::sync::Arc;

use super::Thread;
use super::turn::Turn;
use crate::budget::{Budget, Part as Share};
use crate::provider::{Image, Message, Part, Role};
use crate::token;
use crate::unit::Tokens;

/// Tokens that a message costs beside its text.
const MESSAGE_OVERHEAD: Tokens = Tokens(4);

/// What is sent after the history: this call's own part.
pub struct Now<'a> {
    /// Files of this thread and this call, each once, already charged to the budget; empty where there are none.
    pub files: &'a str,
    pub images: Vec<Image>,
    /// Already charged to the budget.
    pub prompt: &'a str,
}

/// The messages for a model: the files, the turns that fit, and the prompt. Roles alternate, as some wires demand.
pub fn messages(thread: Option<&Thread>, now: Now<'_>, budget: &mut Budget) -> Vec<Message> {
    let turns = thread.map_or(&[][..], |thread| &thread.turns);
    let kept = newest_that_fit(turns, budget);
    let left_out = turns.len() - kept.len();

    let mut messages = Conversation::default();
    if !now.files.is_empty() {
        messages.push(Role::User, Part::Text(now.files.into()));
    }
    if left_out > 0 {
        let note = format!("[The first {left_out} of {} earlier turns do not fit here and are left out.]", turns.len());
        messages.push(Role::User, Part::Text(note.into()));
    }
    for (index, turn) in kept.iter().enumerate() {
        messages.push(Role::User, Part::Text(asked(left_out + index + 1, turn).into()));
        if let Some(answer) = &turn.answer {
            messages.push(Role::Assistant, Part::Text(Arc::clone(answer)));
        }
    }
    messages.push(Role::User, Part::Text(now.prompt.into()));
    for image in now.images {
        messages.push(Role::User, Part::Image(image));
    }
    messages.0
}

/// The longest run of newest turns that the budget has room for. Each turn's fate is recorded in the budget.
fn newest_that_fit<'a>(turns: &'a [Arc<Turn>], budget: &mut Budget) -> &'a [Arc<Turn>] {
    let mut first = turns.len();
    let mut cut = false;
    for (index, turn) in turns.iter().enumerate().rev() {
        let tokens = cost(index + 1, turn);
        let subject = format!("turn {}", index + 1);
        // Once a turn is out, an older one that would fit stays out too: a model must not see a conversation with a hole.
        if cut {
            budget.leave_out(Share::History, &subject, tokens);
        } else if budget.offer(Share::History, &subject, tokens) {
            first = index;
        } else {
            cut = true;
        }
    }
    &turns[first..]
}

fn cost(number: usize, turn: &Turn) -> Tokens {
    let answer = turn.answer.as_deref().map_or(Tokens::ZERO, |answer| token::estimate(answer) + MESSAGE_OVERHEAD);
    token::estimate(&asked(number, turn)) + MESSAGE_OVERHEAD + answer
}

/// The question of a turn, under a line that says who answered it: the models of a thread may differ.
fn asked(number: usize, turn: &Turn) -> String {
    let by = match turn.consultations.last() {
        Some(consultation) => format!("; answered by {}", consultation.model),
        None => String::new(),
    };
    let files = if turn.files.is_empty() { String::new() } else { format!("; with {}", turn.files.join(", ")) };
    format!("[Turn {number}, {}{by}{files}]\n{}", turn.tool, turn.prompt)
}

/// Messages in which neighbours of the same role are one.
#[derive(Default)]
struct Conversation(Vec<Message>);

impl Conversation {
    fn push(&mut self, role: Role, part: Part) {
        match self.0.last_mut() {
            Some(last) if last.role == role => last.parts.push(part),
            _ => self.0.push(Message { role, parts: vec![part] }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Verdict;
    use crate::clock::Clock;
    use crate::id::ThreadId;
    use crate::thread::Principal;
    use crate::unit::UnixMillis;
    use proptest::prelude::*;

    fn turn(prompt: &str, answer: Option<&str>) -> Arc<Turn> {
        Arc::new(Turn { answer: answer.map(Into::into), ..Turn::new("chat", prompt, UnixMillis(0)) })
    }

    fn thread(turns: Vec<Arc<Turn>>) -> Thread {
        let (id, expires) = (ThreadId::random(), Clock::system().now());
        Thread { turns, ..Thread::new(id, Principal::user(0), "chat".into(), UnixMillis(0), expires) }
    }

    fn now(prompt: &str) -> Now<'_> {
        Now { files: "", images: Vec::new(), prompt }
    }

    fn flat(messages: &[Message]) -> String {
        let mut text = String::new();
        for message in messages {
            for part in &message.parts {
                let Part::Text(part) = part else { continue };
                text.push_str(&format!("{:?}: {part}\n", message.role));
            }
        }
        text
    }

    #[test]
    fn turns_stand_oldest_first_and_the_prompt_once_at_the_end() {
        let thread = thread(vec![turn("one", Some("uno")), turn("two", Some("due"))]);
        let messages = messages(Some(&thread), now("three"), &mut Budget::new(Tokens(10_000), None));
        assert_eq!(
            flat(&messages),
            "User: [Turn 1, chat]\none\nAssistant: uno\nUser: [Turn 2, chat]\ntwo\nAssistant: due\nUser: three\n"
        );
    }

    #[test]
    fn a_turn_without_an_answer_does_not_break_the_alternation() {
        let thread = thread(vec![turn("step", None), turn("ask", Some("reply"))]);
        let messages = messages(Some(&thread), now("now"), &mut Budget::new(Tokens(10_000), None));
        let roles: Vec<_> = messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
    }

    #[test]
    fn the_oldest_turns_give_way_and_the_model_and_the_record_say_so() {
        let long = "word ".repeat(200);
        let thread = thread(vec![turn("tiny", None), turn(&long, None), turn("newest", None)]);
        let mut budget = Budget::new(Tokens(100), None);
        let messages = messages(Some(&thread), now("ask"), &mut budget);
        assert!(flat(&messages).contains("[The first 2 of 3 earlier turns"));
        assert!(!flat(&messages).contains("tiny"), "no hole in the conversation");
        let left_out: Vec<_> = budget
            .decisions()
            .iter()
            .filter(|decision| decision.verdict == Verdict::LeftOut)
            .map(|decision| decision.subject.as_str())
            .collect();
        assert_eq!(left_out, ["turn 2", "turn 1"]);
    }

    proptest! {
        #[test]
        fn the_history_never_exceeds_its_budget(sizes in prop::collection::vec(0..2_000_usize, 0..30), window in 0..20_000_u64) {
            let thread = thread(sizes.iter().map(|size| turn(&"a ".repeat(*size), Some("b"))).collect());
            let mut budget = Budget::new(Tokens(window), None);
            let room = budget.room(Share::History);
            let messages = messages(Some(&thread), now(""), &mut budget);
            let kept = budget.decisions().iter().filter(|decision| decision.verdict == Verdict::Kept);
            prop_assert!(kept.map(|decision| decision.tokens).sum::<Tokens>() <= room);
            prop_assert_eq!(budget.decisions().len(), sizes.len());
            prop_assert_eq!(messages.last().map(|message| message.role), Some(Role::User));
        }
    }
}
