//! Documents out and in again: nothing is lost, nothing secret is in them, and what is wrong is told at once.

use super::*;
use crate::budget::{Decision, Part, Verdict};
use crate::clock::Clock;
use crate::event::{Bus, Concern};
use crate::file::Digest;
use crate::insight::doubt::{Doubt, Judged, Opinion};
use crate::insight::verdict::{self as insight, Measure, Reading};
use crate::provider::{Class, Effort, Finish, Usage};
use crate::secret::{Redactor, Secret};
use crate::thread::export::{Form, export};
use crate::thread::memory::MemoryStore;
use crate::thread::thought::{Said, Thought};
use crate::thread::threads::{Limits, Target};
use crate::thread::turn::FailedWith;
use crate::unit::{MicroUsd, Tokens};
use serde_json::json;

const KEY: &str = "sk-with-\"quotes\"-0123";

fn threads(max_bytes: usize) -> Threads {
    let limits = Limits { ttl: Duration::from_secs(60), max_turns: 20, max_threads: 10, max_bytes };
    Threads::new(Box::<MemoryStore>::default(), limits, Clock::system(), Bus::new())
}

fn me() -> Principal {
    Principal::user(1)
}

/// A turn in which everything that can be said is said.
fn rich(prompt: &str) -> Turn {
    let consultation = Consultation {
        effort_asked: Some(Effort::Max),
        effort_sent: Some(Effort::High),
        usage: Usage { input: Some(Tokens(12)), output: None, reasoning: Some(Tokens(3)), cached_input: None },
        estimated_input: Tokens(11),
        cost: Some(MicroUsd(5)),
        price_source: Some(PriceSource { page: "https://prices.example".into(), date: "2026-11-21".into() }),
        finish: Finish::Filtered("safety".into()),
        failure: Some(FailedWith { class: Class::Throttled, message: "later".into() }),
        cached: true,
        attempts: 3,
        first_token: Some(Duration::from_millis(17)),
        latency: Duration::from_millis(90),
        window: Tokens(1_000),
        reply_reserve: Tokens(100),
        decisions: vec![Decision {
            part: Part::History,
            subject: "turn 1".into(),
            tokens: Tokens(7),
            verdict: Verdict::LeftOut,
        }],
        ..Consultation::new(ProviderId::from("google"), ModelId::from("gemini-2.5-pro"))
    };
    let state = serde_json::value::to_raw_value(&json!({ "step": 2, "found": ["a"] })).unwrap();
    Turn {
        answer: Some(format!("the key is {KEY}; \u{1b}[31mred\u{202e} ## not a turn").into()),
        files: vec!["/home/cog/a.rs".into()],
        shown: vec![Shown { path: "/home/cog/a.rs".into(), digest: Digest::of("a"), size: 1 }],
        refused: vec![RefusedFile { path: "/etc/passwd".into(), reason: "is outside".into() }],
        withheld: vec!["/home/cog/a.rs: 1 GitHub token".into()],
        consultations: vec![consultation],
        state: Some(ToolState { version: 4, value: state.into() }),
        thought: Some(thought()),
        ended: UnixMillis(1_700_000_060_000),
        ..Turn::new("thinkdeep", prompt, UnixMillis(1_700_000_000_000))
    }
}

fn thought() -> Thought {
    let reading = Reading { measure: Measure::NewWords, value: 0.25, threshold: 0.5 };
    let verdict = insight::Verdict {
        kind: Concern::Repeat,
        step: 2,
        steps: vec![1],
        words: vec!["which gear".into()],
        readings: vec![reading],
        before: 1,
        doubt: Some(Doubt::Barely),
        judged: Some(Judged {
            by: Some("maker/small".into()),
            opinion: Opinion::Holds,
            because: "the same gear".into(),
            cost: Some(MicroUsd(12)),
        }),
    };
    Thought {
        revises: Some(1),
        said: Said::Parts(vec![(0, 5)]),
        answer: Some((0, 3)),
        verdict: Some(verdict),
        ..Thought::new(2)
    }
}

fn filled(threads: &Threads) -> Arc<Thread> {
    let target = Target::New(ThreadId::random());
    for prompt in ["Which gear?", "And then?"] {
        threads.record_in(&"/home/cog".into(), &target, &me(), rich(prompt)).unwrap();
    }
    threads.tag(target.id(), &["done".to_owned()], &[]).unwrap();
    threads.fork(target.id(), Some(2)).unwrap()
}

fn told(result: Result<Arc<Thread>, CannotImport>) -> Vec<String> {
    match result.unwrap_err() {
        CannotImport::Document(problems) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_exported_comes_back_whole_for_whoever_imports_it() {
    let (from, to) = (threads(100_000), threads(100_000));
    let thread = filled(&from);
    let document = export(&thread, Form::Json, &Redactor::default(), UnixMillis(9));
    let imported = to.import(&document, &Principal::user(2)).unwrap();
    assert_eq!((imported.id, &imported.principal), (thread.id, &Principal::user(2)));
    assert_eq!((imported.parent, &imported.tags, &*imported.workspace), (thread.parent, &thread.tags, "/home/cog"));
    assert_eq!(format!("{:?}", imported.turns), format!("{:?}", thread.turns), "nothing of a turn is lost");
    assert!(to.find(&thread.id.to_string(), &me()).is_err());

    let again = to.import(&document, &me()).unwrap();
    assert_ne!(again.id, thread.id, "its id is taken");
    to.expire(thread.id).unwrap();
    assert_ne!(to.import(&document, &me()).unwrap().id, thread.id, "it can still be restored");
    assert_eq!(to.list().len(), 2);
    let once_more = export(&again, Form::Json, &Redactor::default(), UnixMillis(9));
    assert_eq!(once_more.replace(&again.id.to_string(), &thread.id.to_string()), document);
}

#[test]
fn no_known_key_is_in_an_export_however_json_writes_it_and_markdown_cannot_steer_a_terminal() {
    let threads = threads(100_000);
    let thread = filled(&threads);
    let redactor = Redactor::default();
    redactor.learn(&Secret::new(KEY));
    let (json, markdown) = (
        export(&thread, Form::Json, &redactor, UnixMillis(9)),
        export(&thread, Form::Markdown, &redactor, UnixMillis(9)),
    );
    for text in [&json, &markdown] {
        assert!(text.contains("the key is [redacted];") && !text.contains("sk-with"), "{text}");
    }
    assert!(!markdown.contains(['\u{1b}', '\u{202e}']), "{markdown}");
    for said in
        ["# Which gear?", "## Turn 2: thinkdeep (2023-11-14 22:13 UTC)", "tags: done", "And then?", "/home/cog/a.rs"]
    {
        assert!(markdown.contains(said), "{said} in {markdown}");
    }
    assert!(threads.import(&json, &me()).is_ok(), "it is still a document");
}

#[test]
fn every_mistake_is_told_at_once_with_its_place_and_nothing_is_imported() {
    let (from, to) = (threads(100_000), threads(100_000));
    let document = export(&filled(&from), Form::Json, &Redactor::default(), UnixMillis(9));
    let mut value: Value = serde_json::from_str(&document).unwrap();
    value["version"] = json!(2);
    let thread = &mut value["thread"];
    thread["id"] = json!("no id");
    thread["tags"] = json!(["fine", "not fine"]);
    thread["colour"] = json!("blue");
    thread["turns"][0]["ended"] = json!(1);
    thread["turns"][1]["consultations"][0]["finish"] = json!("never");
    thread["turns"][1]["consultations"][0]["usage"] = json!([]);
    thread["turns"][1].as_object_mut().unwrap().remove("prompt");
    let problems = told(to.import(&value.to_string(), &me()));
    for place in [
        "version: must be 1",
        "thread.id: ",
        "thread.tags: 'not fine'",
        "thread.colour: is not known",
        "thread.turns[0].ended: is before started",
        "thread.turns[1].consultations[0].finish: ",
        "thread.turns[1].consultations[0].usage: ",
        "thread.turns[1].prompt: is missing",
    ] {
        assert!(problems.iter().any(|problem| problem.starts_with(place)), "{place} in {problems:#?}");
    }
    assert_eq!(problems.len(), 8, "{problems:#?}");
    assert!(to.list().is_empty());

    assert!(told(to.import("{", &me()))[0].contains("no JSON"));
    assert_eq!(told(to.import("[]", &me())), ["the document must be an object"]);
    assert!(told(to.import("{}", &me())).iter().any(|problem| problem == "thread: is missing"));
    let mut empty: Value = serde_json::from_str(&document).unwrap();
    empty["thread"]["turns"] = json!([]);
    assert!(told(to.import(&empty.to_string(), &me()))[0].starts_with("thread.turns: must be from 1"));
    let small = threads(100);
    assert!(matches!(small.import(&document, &me()), Err(CannotImport::TooLarge { max: 100, .. })));
}

proptest::proptest! {
    #[test]
    fn no_document_breaks_the_reader(at in 0..4_000_usize, junk in "[\\[\\]{}\",:0-9a-z]{0,6}") {
        let from = threads(100_000);
        let mut document = export(&filled(&from), Form::Json, &Redactor::default(), UnixMillis(9));
        let at = (at..document.len()).find(|at| document.is_char_boundary(*at)).unwrap_or(0);
        document.insert_str(at, &junk);
        let to = threads(100_000);
        let imported = to.import(&document, &me());
        proptest::prop_assert_eq!(imported.is_ok(), to.list().len() == 1);
    }
}
