//! What the overview says of all sources together, after each thing that changes it.

use super::sample::*;
use crate::control::types::*;
use crate::event::Removal;
use crate::tui::event::{Event, Reply};
use crate::tui::update::update;
use crate::unit::{Tokens, UnixMillis};

fn changed(face: &mut Driven, delta: Delta) {
    face.send(OTHER, Update::Delta(Box::new(delta)));
}

fn threads(face: &mut Driven, threads: Vec<ThreadSummary>) {
    changed(face, Delta { threads, ..Delta::default() });
}

fn at(face: &mut Driven, now: UnixMillis) {
    update(&mut face.model, Event::Drained { now });
}

fn spent(face: &Driven) -> (Tokens, Tokens, String) {
    let spent = face.model.glance.spent();
    (spent.input, spent.output, spent.cost())
}

fn told(face: &Driven) -> Vec<&str> {
    face.model.glance.alerts().iter().map(|alert| alert.text.as_str()).collect()
}

fn tells(face: &Driven, what: &str) -> bool {
    told(face).iter().any(|text| text.contains(what))
}

/// The alerts after the time that they say they stand.
fn at_the_next_change(face: &mut Driven) -> String {
    let after = face.model.glance.changes_in(face.model.now).unwrap();
    let now = face.model.now.plus(after);
    let just_before = UnixMillis(now.0 - 1);
    let before = told(face).join(" ");
    at(face, just_before);
    assert_eq!(told(face).join(" "), before, "nothing changes before");
    at(face, now);
    let after = told(face).join(" ");
    assert_ne!(after, before);
    after
}

#[test]
fn a_countdown_is_told_anew_at_the_moment_when_it_reads_differently() {
    let mut face = Driven::new(100, 30);
    face.appear(OTHER, "stdio 4242 myproject", false);
    face.keys("1");
    face.send(OTHER, Update::Snapshot(Box::new(snapshot(Face::Stdio, 4242))));
    assert_eq!(face.model.changes_in(), None, "nothing is on screen that time changes");
    let expires = UnixMillis(NOW.0 + 423_456);
    threads(&mut face, vec![ThreadSummary { expires, ..thread('5', "chat", "gpt-5.1", 2, 86_400, "") }]);
    assert!(told(&face).is_empty());
    for left in ["5m", "4m", "3m", "2m", "1m", "59s", "58s"] {
        assert_eq!(at_the_next_change(&mut face), format!("55555555 chat ends in {left}"));
        let next = face.model.glance.changes_in(face.model.now).unwrap();
        assert!(face.model.changes_in().is_some_and(|wakes| wakes <= next));
    }
    assert_eq!(face.model.now, UnixMillis(expires.0 - 58_999));
}

#[test]
fn the_sums_follow_every_change_of_a_thread() {
    let mut face = Driven::new(100, 30);
    face.appear(OTHER, "stdio 4242 myproject", false);
    face.keys("1");
    assert_eq!(spent(&face), (Tokens(0), Tokens(0), "unknown".to_owned()));
    face.send(OTHER, Update::Snapshot(Box::new(snapshot(Face::Stdio, 4242))));

    threads(&mut face, vec![thread('3', "chat", "gpt-5.1", 1, 9, ""), thread('5', "chat", "gpt-5.1", 2, 9, "")]);
    assert_eq!(spent(&face), (Tokens(3 * 7_430), Tokens(3 * 610), "$0.0369".to_owned()));
    assert!(told(&face).is_empty());

    let unknown = ThreadSummary { cost_partly_unknown: true, ..thread('3', "chat", "gpt-5.1", 19, 0, "") };
    threads(&mut face, vec![unknown]);
    assert_eq!(spent(&face), (Tokens(21 * 7_430), Tokens(21 * 610), "≥$0.2583".to_owned()));
    assert_eq!(told(&face), ["33333333 chat has 1 of 20 turns left"]);

    // What is not on screen is summed up when it is.
    face.keys("2");
    changed(
        &mut face,
        Delta { removed: vec![RemovedThread { id: thread_id('3'), reason: Removal::Expired }], ..Delta::default() },
    );
    face.keys("1");
    assert_eq!(spent(&face), (Tokens(2 * 7_430), Tokens(2 * 610), "$0.0246".to_owned()));
    assert!(told(&face).is_empty());

    // Time alone brings an alert and counts it down.
    at(&mut face, UnixMillis(NOW.0 + 3_600_000 - 300_001));
    assert!(told(&face).is_empty());
    at(&mut face, UnixMillis(NOW.0 + 3_600_000 - 299_000));
    assert_eq!(told(&face), ["55555555 chat ends in 4m"]);
    at(&mut face, UnixMillis(NOW.0 + 3_600_000 - 31_000));
    assert_eq!(told(&face), ["55555555 chat ends in 31s"]);
    at(&mut face, UnixMillis(NOW.0 + 3_600_000 - 30_000));
    assert_eq!(told(&face), ["55555555 chat ends in 30s"]);
    face.settle();

    // What is no thread is told of as well.
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    changed(&mut face, Delta { providers: vec![failing()], ..Delta::default() });
    assert!(tells(&face, "31.0 % of its last 100 requests failed") && tells(&face, "gemini-2.5-flash failed"));
    face.reply(OTHER, Reply::Models { outcome: Ok(Vec::new()) });
    assert!(!tells(&face, "gemini-2.5-flash failed"));
    changed(&mut face, Delta { paused: Some(vec![paused()]), ..Delta::default() });
    assert!(tells(&face, "chat waits for a person (rules); it is blocked in 24 s"));

    // What was in a process goes with it, whether it ends or begins anew.
    face.appear(OTHER, "stdio 4242 myproject", false);
    assert_eq!(spent(&face), (Tokens(0), Tokens(0), "unknown".to_owned()));
    assert!(told(&face).is_empty());
    face.send(OTHER, Update::Snapshot(Box::new(other())));
    assert!(tells(&face, "has used its 20 turns"));
    face.take(Event::Disappeared(OTHER));
    assert_eq!(spent(&face), (Tokens(0), Tokens(0), "unknown".to_owned()));
    assert!(told(&face).is_empty());
}
