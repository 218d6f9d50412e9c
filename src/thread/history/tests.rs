//! The builder of prompts by example and by chance: order, forms, records, and that its budget holds.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::clock::Clock;
use crate::file::TextFile;
use crate::file::embed::{Boundary, Quote, embed};
use crate::id::ThreadId;
use crate::thread::Principal;
use crate::thread::turn::Shown;
use crate::token::Ratio;
use crate::unit::UnixMillis;

fn turn(prompt: &str, answer: Option<&str>) -> Arc<Turn> {
    Arc::new(Turn { answer: answer.map(Into::into), ..Turn::new("chat", prompt, UnixMillis(0)) })
}

/// A turn in which a model was shown these texts.
fn turn_with(files: &[(&str, &str)]) -> Arc<Turn> {
    let shown = files.iter().map(|(path, text)| Shown {
        path: (*path).into(),
        digest: Digest::of(text),
        size: text.len() as u64,
    });
    let files = files.iter().map(|(path, _)| (*path).into()).collect();
    Arc::new(Turn { files, shown: shown.collect(), ..Turn::new("chat", "ask", UnixMillis(0)) })
}

fn thread(turns: Vec<Arc<Turn>>) -> Thread {
    let (id, expires) = (ThreadId::random(), Clock::system().now());
    Thread { turns, ..Thread::new(id, Principal::user(0), "chat".into(), UnixMillis(0), expires) }
}

fn now(prompt: &str) -> Now<'_> {
    Now { files: "", images: Vec::new(), prompt }
}

fn messages(thread: &Thread, prompt: &str, budget: &mut Budget) -> Vec<Message> {
    History::of(Some(thread), &Redactor::default(), budget).messages(now(prompt), budget)
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

fn verdicts(budget: &Budget) -> Vec<(&str, Verdict)> {
    budget.decisions().iter().map(|decision| (decision.subject.as_str(), decision.verdict)).collect()
}

#[test]
fn turns_stand_oldest_first_and_the_prompt_once_at_the_end() {
    let thread = thread(vec![turn("one", Some("uno")), turn("two", Some("due"))]);
    let messages = messages(&thread, "three", &mut Budget::new(Tokens(10_000), None));
    assert_eq!(
        flat(&messages),
        "User: [Turn 1, chat]\none\nAssistant: uno\nUser: [Turn 2, chat]\ntwo\nAssistant: due\nUser: three\n"
    );
}

#[test]
fn a_turn_without_an_answer_does_not_break_the_alternation() {
    let thread = thread(vec![turn("step", None), turn("ask", Some("reply"))]);
    let messages = messages(&thread, "now", &mut Budget::new(Tokens(10_000), None));
    let roles: Vec<_> = messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
}

#[test]
fn the_oldest_turns_give_way_and_the_model_and_the_record_say_so() {
    let long = "word ".repeat(2_000);
    let thread = thread(vec![turn("tiny", None), turn(&long, Some(&long)), turn(&long, None), turn("newest", None)]);
    let mut budget = Budget::new(Tokens(3_700), None);
    let shown = flat(&messages(&thread, "ask", &mut budget));
    assert_eq!(
        verdicts(&budget),
        [
            ("turn 4", Verdict::Kept),
            ("turn 3", Verdict::Kept),
            ("turn 2", Verdict::Summarised),
            ("turn 1", Verdict::Summarised)
        ]
    );
    assert!(shown.contains("[For lack of room the next 2 are shortened to their first words.]"), "{shown}");
    assert!(
        shown.contains("[Turn 2, chat]\n[Shortened] word ") && shown.contains("[Its answer began:] word "),
        "{shown}"
    );

    let mut budget = Budget::new(Tokens(100), None);
    let shown = flat(&messages(&thread, "ask", &mut budget));
    assert!(shown.contains("the first 3 of 4 earlier turns are left out"), "{shown}");
    assert!(!shown.contains("tiny"), "no hole in the conversation: {shown}");
    assert_eq!(verdicts(&budget)[1..], ["turn 3", "turn 2", "turn 1"].map(|turn| (turn, Verdict::LeftOut)));
}

#[test]
fn a_turn_names_the_files_that_came_or_changed_with_it() {
    let (a, b, changed) = (("/a", "one"), ("/b", "two"), ("/a", "three"));
    let thread = thread(vec![turn_with(&[a]), turn_with(&[a, b]), turn_with(&[a, b]), turn_with(&[changed, b])]);
    let shown = flat(&messages(&thread, "now", &mut Budget::new(Tokens(10_000), None)));
    for (number, with) in [(1, "; with /a"), (2, "; with /b"), (3, ""), (4, "; with /a")] {
        assert!(shown.contains(&format!("[Turn {number}, chat{with}]\n")), "{shown}");
    }
    assert_eq!(files(&thread), ["/a".into(), "/b".into()]);
    assert_eq!(changed_since(&thread, "/a", Digest::of("three")), Some((3, Digest::of("one"))));
    assert_eq!(changed_since(&thread, "/a", Digest::of("one")), Some((4, Digest::of("three"))));
    assert_eq!(changed_since(&thread, "/b", Digest::of("two")), None);
    assert_eq!(changed_since(&thread, "/c", Digest::of("two")), None);
}

#[test]
fn a_secret_that_was_said_before_does_not_go_out_again() {
    let key = format!("ghp_{}", "a".repeat(36));
    let thread = thread(vec![turn(&format!("use {key}"), Some(&format!("{key} it is")))]);
    let shown = flat(&messages(&thread, "now", &mut Budget::new(Tokens(10_000), None)));
    assert!(!shown.contains(&key) && shown.contains("use [redacted]") && shown.contains("[redacted] it is"), "{shown}");
}

fn texts(messages: &[Message]) -> impl Iterator<Item = &str> {
    messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Text(text) => Some(&**text),
        Part::Image(_) => None,
    })
}

fn any_text() -> impl Strategy<Value = String> {
    ("[a-zA-Z ]{1,8}|[{}();\\n]{1,4}|[0-9]{1,9}|漢字|é☃", 0..600_usize).prop_map(|(word, count)| word.repeat(count))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_never_exceeds_its_budget(
        turns in prop::collection::vec((any_text(), prop::option::of(any_text())), 0..12),
        files in prop::collection::vec((any_text(), any::<bool>(), prop::option::of(any_text())), 0..12),
        window in 0..30_000_u64,
        percent in 70..160_u64,
        cap in prop::option::of(0..5_000_u64),
    ) {
        let thread = thread(turns.iter().map(|(prompt, answer)| turn(prompt, answer.as_deref())).collect());
        let mut budget = Budget::new(Tokens(window), cap.map(Tokens)).counting(Ratio::of_parts(percent, 100));
        let limit = budget.room(Share::History);
        let history = History::of(Some(&thread), &Redactor::default(), &budget);
        budget.expect_history(history.tokens());
        let files: Vec<_> = files.into_iter().enumerate().map(|(index, (text, may_be_cut, changes))| {
            let (path, digest) = (PathBuf::from(format!("/p/{index}.rs")), Digest::of(&text));
            (TextFile { path, text: text.into(), modified: None, digest, withheld: [].into() }, may_be_cut, changes)
        }).collect();
        let quotes: Vec<_> = files.iter().enumerate().map(|(place, (file, may_be_cut, changes))| {
            Quote { file, note: None, changes: changes.clone(), place, may_be_cut: *may_be_cut }
        }).collect();
        let embedded = embed(&quotes, &Boundary::for_texts("t", &[]), &mut budget);
        let messages = history.messages(Now { files: &embedded.text, images: Vec::new(), prompt: "" }, &mut budget);

        let built: Tokens = texts(&messages).map(|text| budget.measure(text)).sum();
        prop_assert!(built <= limit, "{built} of {limit}");
        prop_assert!(built <= budget.spent(), "{built}, and {} were charged", budget.spent());
        // Every turn and every file has its one decision, and the newest turns go before.
        prop_assert_eq!(budget.decisions().len(), turns.len() + quotes.len());
        let fates: Vec<_> = budget.decisions()[quotes.len()..].iter().map(|decision| decision.verdict as u8).collect();
        prop_assert!(fates.is_sorted(), "{:?}", budget.decisions());
        prop_assert_eq!(messages.last().map(|message| message.role), Some(Role::User));
    }
}
