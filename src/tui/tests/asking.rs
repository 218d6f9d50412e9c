//! Questions over the screen while the world goes on: what they say follows it, what they are about does not, and one
//! about what is gone closes and says so.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};

use super::sample::*;
use crate::control::types::models::ModelSummary;
use crate::control::types::*;
use crate::event::Removal;
use crate::id::{ModelId, SwitchSeq};
use crate::provider::switched::Off;
use crate::tui::SourceId;
use crate::tui::event::{Effect, Event, Reply, Watch};
use crate::tui::model::{Overlay, Screen};
use crate::tui::update::update;
use crate::unit::UnixMillis;

fn delta(delta: Delta) -> Update {
    Update::Delta(Box::new(delta))
}

fn removed(digits: &str) -> Update {
    let gone = |digit| RemovedThread { id: thread_id(digit), reason: Removal::Expired };
    delta(Delta { removed: digits.chars().map(gone).collect(), ..Delta::default() })
}

fn calls(calls: Vec<CallSummary>) -> Update {
    delta(Delta { calls, ..Delta::default() })
}

fn failed(message: &str) -> Stage {
    Stage::Failed { class: None, message: message.to_owned() }
}

/// Sends it, and says whether that alone asks for a frame.
fn redraws(face: &mut Driven, source: SourceId, update: Update) -> bool {
    face.model.redraw = false;
    face.send(source, update);
    face.model.redraw
}

fn asked(face: &Driven) -> String {
    face.model.question().map(|question| question.lines.join("\n")).unwrap_or_default()
}

/// No question is open, and this is why.
#[track_caller]
fn assert_closed(face: &Driven, said: &str) {
    assert!(face.model.overlays.is_empty());
    assert_eq!(face.model.toast.as_ref().map(|toast| toast.text.as_str()), Some(said));
    assert!(face.model.redraw && face.frame().contains(said), "{}", face.frame());
}

fn end(face: &mut Driven, source: SourceId) {
    face.take(Event::Watched { source, watch: Watch::Ended("it has ended".to_owned()) });
}

#[test]
fn the_question_before_zen_ends_counts_what_is_held_now() {
    let mut face = Driven::full(100, 30);
    face.keys("q");
    assert_eq!(asked(&face), "This process holds, and would lose:\n\n  1 thread");
    let threads = vec![thread('7', "chat", "m", 1, 0, "a"), thread('8', "chat", "m", 1, 0, "b")];
    let clients = Some(vec![other().hello.clients.remove(0); 3]);
    let more = Delta { threads, clients, calls: vec![call(1, "chat", None, Stage::Waiting, 0)], ..Delta::default() };
    assert!(redraws(&mut face, OWN, delta(more)));
    assert!(asked(&face).ends_with("  3 threads\n  3 connected clients\n  1 call in flight"), "{}", asked(&face));
    assert!(face.frame().contains("3 connected clients"), "{}", face.frame());
    // What other processes hold is not lost.
    let before = asked(&face);
    face.send(OTHER, removed("3"));
    assert_eq!(asked(&face), before);

    let clients = Some(Vec::new());
    face.send(OWN, delta(Delta { clients, calls: vec![call(1, "chat", None, Stage::Done, 0)], ..Delta::default() }));
    face.send(OWN, removed("d7"));
    assert!(asked(&face).ends_with("\n\n  1 thread"), "{}", asked(&face));
    face.send(OWN, removed("8"));
    assert_closed(&face, "nothing would be lost any more: q quits");
    face.keys("q");
    assert!(face.asked().contains(&Effect::Quit));
}

#[test]
fn a_question_that_closes_leaves_what_was_being_written() {
    let mut face = Driven::full(100, 30);
    face.keys("/tool⌃");
    assert!(face.model.question().is_some());
    face.send(OWN, removed("d"));
    assert!(matches!(face.model.overlays.as_slice(), [Overlay::Filter(draft)] if draft.text() == "tool"));
}

#[test]
fn the_question_before_a_thread_expires_says_how_it_is_now() {
    let mut face = Driven::full(100, 30);
    face.keys("↓x");
    assert!(asked(&face).starts_with("33333333 · codereview · 2 turns\n“Please review"), "{}", asked(&face));
    let grown = thread('3', "codereview", "gemini-2.5-pro", 3, 0, "Another title");
    let running = vec![call(18, "chat", Some(thread_id('3')), Stage::Waiting, 0)];
    assert!(redraws(&mut face, OTHER, delta(Delta { threads: vec![grown], calls: running, ..Delta::default() })));
    assert!(asked(&face).starts_with("33333333 · codereview · 3 turns\n“Another title”"), "{}", asked(&face));
    assert!(asked(&face).contains("A call is in flight on it: chat."));
    face.send(OTHER, calls(vec![call(18, "chat", Some(thread_id('3')), Stage::Done, 0)]));
    assert!(!asked(&face).contains("in flight"));
    end(&mut face, OTHER);
    assert_closed(&face, "thread 33333333 went with its process");
}

#[test]
fn threads_that_go_meanwhile_are_asked_about_no_more() {
    let mut face = Driven::full(100, 30);
    face.keys("↓   x");
    assert!(asked(&face).starts_with("3 threads with 32 turns in all"), "{}", asked(&face));
    face.send(OTHER, removed("b"));
    assert!(asked(&face).starts_with("2 threads with 21 turns in all"), "{}", asked(&face));
    // One that comes back was not in the question that was last seen.
    face.send(OTHER, Update::Snapshot(Box::new(other())));
    face.keys("x");
    let expired = face.asked().into_iter().find_map(|effect| match effect {
        Effect::Act { act: Act::Expire { threads }, .. } => Some(threads),
        _ => None,
    });
    let Some(Which::These(mut expired)) = expired else { panic!("{expired:?}") };
    expired.sort();
    assert_eq!(expired, ['0', '3'].map(thread_id));

    let mut face = Driven::full(100, 30);
    face.keys("↓  x");
    face.send(OTHER, removed("3b"));
    assert_closed(&face, "these threads are gone already");
}

#[test]
fn the_question_before_a_call_is_cancelled_counts_its_seconds() {
    let mut face = Driven::full(100, 30);
    face.keys("X");
    // On a screen that nothing else goes on upon by itself.
    face.model.screen = Screen::Models;
    assert!(asked(&face).starts_with("call 17 · thinkdeep · gemini-2.5-pro · 4 s\n"), "{}", asked(&face));
    let at = |face: &mut Driven, millis| {
        face.model.redraw = false;
        update(&mut face.model, Event::Drained { now: UnixMillis(NOW.0 + millis) });
    };
    at(&mut face, 700);
    assert!(!face.model.redraw, "it reads as before");
    assert_eq!(face.model.changes_in(), Some(Duration::from_millis(300)));
    at(&mut face, 1_000);
    assert!(face.model.redraw && asked(&face).contains("· 5 s\n"), "{}", asked(&face));
    let model: Option<ModelId> = Some("grok-4".into());
    face.send(OTHER, calls(vec![CallSummary { model, ..call(17, "thinkdeep", None, Stage::Streaming, 9) }]));
    assert!(asked(&face).contains("thinkdeep · grok-4 ·"), "{}", asked(&face));
}

#[test]
fn a_question_about_a_call_that_has_ended_closes_and_says_how_it_ended() {
    for (stage, said) in [
        (Stage::Done, "call 17 has ended already"),
        (Stage::Cancelled, "call 17 has ended already"),
        (failed("the key is refused"), "call 17 has failed already: the key is refused"),
    ] {
        let mut face = Driven::full(100, 30);
        face.keys("6X");
        assert!(face.model.question().is_some());
        face.send(OTHER, calls(vec![call(17, "thinkdeep", None, stage, 0)]));
        assert_closed(&face, said);
    }
    let mut face = Driven::full(100, 30);
    face.keys("6X");
    end(&mut face, OTHER);
    assert_closed(&face, "call 17 went with its process");
}

/// The models of the sample, those of google off.
fn without_google() -> Vec<ModelSummary> {
    let mut models = models();
    models
        .iter_mut()
        .filter(|model| model.provider.as_str() == "google")
        .for_each(|model| model.off = Some(Off::Provider));
    models
}

#[test]
fn the_question_before_a_switch_follows_the_calls_and_closes_where_others_were_faster() {
    let mut face = Driven::full(100, 30);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    face.keys("4d");
    assert!(asked(&face).contains("A call in flight with it goes on."), "{}", asked(&face));
    assert!(redraws(&mut face, OTHER, calls(vec![call(18, "chat", None, Stage::Waiting, 0)])));
    assert!(asked(&face).contains("2 calls in flight with it go on."), "{}", asked(&face));
    face.send(OTHER, calls(vec![17, 18].into_iter().map(|id| call(id, "chat", None, Stage::Done, 0)).collect()));
    assert!(!asked(&face).contains("in flight") && face.model.question().is_some());
    face.reply(OTHER, Reply::Models { outcome: Ok(without_google()) });
    assert_closed(&face, "google/gemini-2.5-pro is off already");

    let mut face = Driven::full(100, 30);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    face.keys("4D");
    assert!(face.model.question().is_some());
    face.reply(OTHER, Reply::Models { outcome: Ok(without_google()) });
    assert_closed(&face, "all of google is off already");
}

#[test]
fn a_tool_and_a_rule_that_others_switched_off_are_asked_about_no_more() {
    let toolbox = |enabled| vec![ToolSwitch { name: "chat".to_owned(), title: "Chat".to_owned(), enabled }];
    let mut face = Driven::full(100, 30);
    face.keys("t").reply(OTHER, Reply::Toolbox { outcome: Ok(toolbox(true)) });
    face.keys("d");
    assert!(face.model.question().is_some());
    let what = Switchable::Tool("chat".to_owned());
    let switched = vec![Switching { seq: SwitchSeq(1), at: NOW, what, on: false, uid: 1000 }];
    face.send(OTHER, delta(Delta { switched, tools: Some(toolbox(false)), ..Delta::default() }));
    assert!(matches!(face.model.overlays.as_slice(), [Overlay::Switches(_)]));
    assert_eq!(face.model.toast.as_ref().unwrap().text, "chat is off already");

    // Two deciders of one name have one switch: off is off for both.
    let decider = |enabled| DeciderSummary { name: "size guard".to_owned(), enabled, hits: 0, failures: 0 };
    let rules = |on: [bool; 2]| Interceptors { deciders: on.map(decider).to_vec(), rules: None };
    let mut face = Driven::full(100, 30);
    face.keys("5r").reply(OTHER, Reply::Interceptors { outcome: Ok(rules([true, true])) });
    face.keys("d").reply(OTHER, Reply::Interceptors { outcome: Ok(rules([false, true])) });
    assert!(face.model.question().is_some());
    face.reply(OTHER, Reply::Interceptors { outcome: Ok(rules([false, false])) });
    assert!(matches!(face.model.overlays.as_slice(), [Overlay::Switches(_)]));

    face.reply(OTHER, Reply::Interceptors { outcome: Ok(rules([true, true])) });
    face.keys("d");
    end(&mut face, OTHER);
    assert!(face.model.question().is_none());
    assert_eq!(face.model.toast.as_ref().unwrap().text, "the process of size guard is gone");
}

#[test]
fn a_key_that_comes_with_a_change_answers_the_question_that_was_seen() {
    let mut face = Driven::full(100, 30);
    face.keys("↓x").asked();
    update(&mut face.model, Event::Watched { source: OTHER, watch: Watch::Update(removed("3")) });
    let effects = update(&mut face.model, Event::Key(KeyEvent::from(KeyCode::Char('x'))));
    assert_eq!(effects, [Effect::Expire { source: OTHER, thread: thread_id('3') }], "and asks about no other");
    assert!(face.settle().model.overlays.is_empty());
}
