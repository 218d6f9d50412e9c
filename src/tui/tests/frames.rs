//! What a person sees: whole screens, each compared with one that was looked at.

use insta::assert_snapshot;

use super::sample::*;
use crate::control::types::*;
use crate::id::{CallId, MessageSeq};
use crate::tui::event::{Event, Reply};
use crate::tui::theme::Theme;

/// With the turns of the first thread in the reader.
fn reading(width: u16, height: u16) -> Driven {
    let mut face = Driven::full(width, height);
    face.keys("↓");
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    face
}

fn message_detail(face: &mut Driven, before: &str, after: Option<&str>) {
    let summary = other().messages.remove(2);
    let detail = MessageDetail { summary, before: whole(before), after: after.map(whole), steps: Vec::new() };
    face.reply(OTHER, Reply::Message { seq: MessageSeq(3), outcome: Ok(Box::new(detail)) });
}

#[test]
fn empty() {
    let mut face = Driven::new(100, 30);
    face.appear(OWN, "tui 4100 here", true);
    face.send(OWN, Update::Snapshot(Box::new(snapshot(Face::Tui, 4100))));
    assert_snapshot!(face.frame());
}

#[test]
fn threads_of_two_processes() {
    assert_snapshot!(Driven::full(100, 30).frame());
}

#[test]
fn turns_of_a_thread() {
    assert_snapshot!(reading(100, 30).frame());
}

#[test]
fn turns_from_the_first_on() {
    assert_snapshot!(reading(100, 30).keys("↵gg").frame());
}

#[test]
fn a_thread_that_is_read_names_its_answered_turns_where_they_are_fewer_and_there_is_room() {
    let title = |width, answered| {
        let mut face = reading(width, 20);
        let summary = ThreadSummary { turns: 6, ..thread('3', "codereview", "gemini-2.5-pro", answered, 12, "Review") };
        face.send(OTHER, Update::Delta(Box::new(Delta { threads: vec![summary], ..Delta::default() })));
        let frame = face.keys("↵").frame();
        let title = frame.split("╭ 33333333 ").nth(1).and_then(|rest| rest.split(['─', '╮']).next());
        title.unwrap_or_default().trim_end().to_owned()
    };
    assert_eq!(title(140, 6), "· 6 turns · $0.0738");
    assert_eq!(title(140, 4), "· 6 turns, 4 answered · $0.0492");
    assert_eq!(title(60, 4), "· 6 turns, 4 answered · $0.0492");
    // The reader's place stands at the other end of the same line.
    assert_eq!(title(100, 4), "· 6 turns, 4 answered");
    assert_eq!(title(90, 4), "· 6 turns");
}

#[test]
fn wide_terminal() {
    assert_snapshot!(reading(180, 24).frame());
}

#[test]
fn a_call_streams_into_its_thread() {
    let mut face = reading(100, 30);
    let calls = vec![call(18, "chat", Some(thread_id('3')), Stage::Streaming, 57)];
    face.send(OTHER, Update::Delta(Box::new(Delta { calls, ..Delta::default() })));
    let outcome = Ok(whole("Yes: follow the redirect once,\nthen fail with its address"));
    face.reply(OTHER, Reply::LiveText { call: CallId(18), outcome });
    assert_snapshot!(face.frame());
}

#[test]
fn a_failed_call_says_why() {
    let mut face = reading(100, 30);
    let send = |face: &mut Driven, stage| {
        let calls = vec![call(18, "chat", Some(thread_id('3')), stage, 0)];
        face.send(OTHER, Update::Delta(Box::new(Delta { calls, ..Delta::default() })));
    };
    send(&mut face, Stage::Waiting);
    let message =
        "google could not answer with gemini-2.5-pro: it limits our rate: quota of 5 requests a minute".to_owned();
    send(&mut face, Stage::Failed { class: None, message });
    assert_snapshot!(face.frame());
}

#[test]
fn calls_in_flight_and_ended() {
    let ended = |id: u64, stage: Stage, seconds: u64| CallSummary {
        started: ago(seconds + 4),
        ended: Some(ago(seconds)),
        ..call(id, "chat", Some(thread_id('3')), stage, 0)
    };
    let mut face = Driven::full(100, 30);
    let failed = Stage::Failed { class: None, message: "the key was refused".to_owned() };
    let calls = vec![ended(14, Stage::Done, 30), ended(15, failed, 20), ended(16, Stage::Cancelled, 10)];
    face.send(OTHER, Update::Delta(Box::new(Delta { calls, ..Delta::default() })));
    assert_snapshot!(face.keys("6j").frame());
    face.take(Event::Resized { width: 60, height: 20 });
    assert_snapshot!(face.frame());
    assert_snapshot!(face.keys("↵").frame());
}

#[test]
fn models_and_how_their_providers_do() {
    let mut face = Driven::full(100, 30);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    face.send(OTHER, Update::Delta(Box::new(Delta { providers: vec![failing()], ..Delta::default() })));
    assert_snapshot!(face.keys("4j").frame());
    face.take(Event::Resized { width: 60, height: 20 });
    assert_snapshot!(face.keys("s").frame());
}

#[test]
fn everything_at_a_glance() {
    let mut face = Driven::full(100, 30);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    let delta = Delta { providers: vec![failing()], paused: Some(vec![paused()]), ..Delta::default() };
    face.send(OTHER, Update::Delta(Box::new(delta)));
    assert_snapshot!(face.keys("1j").frame());
    face.take(Event::Resized { width: 60, height: 20 });
    assert_snapshot!(face.frame());
    face.take(Event::Resized { width: 40, height: 10 });
    assert_snapshot!(face.frame());
}

#[test]
fn expiring_asks_first() {
    assert_snapshot!(reading(100, 30).keys("x").frame());
}

#[test]
fn quitting_says_what_would_be_lost() {
    assert_snapshot!(reading(60, 20).keys("q").frame());
}

#[test]
fn help() {
    assert_snapshot!(reading(100, 34).keys("?").frame());
}

#[test]
fn help_in_a_small_terminal() {
    assert_snapshot!(reading(60, 20).keys("?").frame());
}

#[test]
fn log() {
    assert_snapshot!(Driven::full(100, 30).keys("5").frame());
}

#[test]
fn log_in_a_small_terminal() {
    assert_snapshot!(Driven::full(60, 20).keys("5").frame());
}

#[test]
fn a_message_before_and_after_the_interceptors() {
    let mut face = Driven::full(100, 30);
    face.keys("5ggjj↵");
    let before = r#"{"jsonrpc":"2.0","id":118,"method":"tools/call","params":{"name":"codereview","arguments":{"prompt":"Review it","api_key":"sk-1"}}}"#;
    let after = r#"{"jsonrpc":"2.0","id":118,"method":"tools/call","params":{"name":"codereview","arguments":{"prompt":"Review it"}}}"#;
    message_detail(&mut face, before, Some(after));
    assert_snapshot!(face.frame());
}

#[test]
fn a_blocked_message_says_who_stopped_it_and_why() {
    let mut face = Driven::full(100, 30);
    let mut blocked = other().messages.remove(5);
    (blocked.by, blocked.reason) = (Some("no-tokens-leave".to_owned()), Some("it holds a \u{1b}[2Jtoken".to_owned()));
    face.send(OTHER, Update::Snapshot(Box::new(Snapshot { messages: vec![blocked], ..other() })));
    let text = face.keys("5↵").frame();
    assert!(text.contains(" · blocked · ") && text.contains("no-tokens-leave: it holds a "), "{text}");
    assert!(!text.contains('\u{1b}'));
}

#[test]
fn one_pane_at_a_time() {
    let mut face = reading(60, 20);
    let list = face.frame();
    let turns = face.keys("↵").frame();
    assert_snapshot!(format!("{list}\n{turns}"));
}

#[test]
fn minimal() {
    let mut face = reading(40, 10);
    let list = face.frame();
    let turns = face.keys("↵").frame();
    let log = face.keys("5").frame();
    assert_snapshot!(format!("{list}\n{turns}\n{log}"));
}

#[test]
fn too_small() {
    assert_snapshot!(reading(39, 9).frame());
}

#[test]
fn a_process_that_is_gone_or_behind() {
    let mut face = Driven::full(100, 12);
    face.send(OWN, Update::Resync { dropped: 1_204 });
    face.take(Event::Disappeared(OTHER));
    assert_snapshot!(face.frame());
}

#[test]
fn without_colour_only_weight_tells_things_apart() {
    let mut face = Driven::with(60, 16, Theme::new(false), true);
    face.appear(OTHER, "stdio 4242 myproject", false);
    face.send(OTHER, Update::Snapshot(Box::new(other())));
    let terminal = face.terminal();
    let coloured = terminal.backend().buffer().content().iter().filter(|cell| cell.fg != ratatui::style::Color::Reset);
    assert_eq!(coloured.count(), 0);
    assert_snapshot!(format!("{:?}", terminal.backend().buffer()));
}
