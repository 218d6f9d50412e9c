//! What the monitor says, on the face: a mark in the list, an alert while it stands, the evidence in the turn.

use super::sample::*;
use crate::control::types::*;
use crate::insight::verdict::{Measure, Reading};
use crate::tui::event::{Effect, Reply};

fn with(concern: Option<Concern>) -> Update {
    let summary = ThreadSummary { concern, ..other().threads.remove(0) };
    Update::Delta(Box::new(Delta { threads: vec![summary], ..Delta::default() }))
}

fn alerts(face: &Driven) -> String {
    face.model.glance.alerts().iter().map(|alert| format!("{}\n", alert.text)).collect()
}

#[test]
fn a_thread_is_marked_and_spoken_of_while_a_verdict_stands() {
    let mut face = Driven::full(100, 30);
    face.keys("1");
    assert!(!alerts(&face).contains("33333333"));
    for (concern, says) in [
        (Concern::Repeat, "33333333 codereview repeats an earlier step"),
        (Concern::Stall, "33333333 codereview brings nothing new"),
        (Concern::Drift, "33333333 codereview is about something else now"),
        (Concern::Thinning, "33333333 codereview says less and less"),
        (Concern::Wavering, "33333333 codereview goes back and forth"),
        (Concern::Settled, "33333333 codereview has its answer"),
    ] {
        face.send(OTHER, with(Some(concern)));
        assert!(alerts(&face).contains(says), "{says}: {}", alerts(&face));
    }
    assert!(face.keys("2").frame().contains(" ? 33333333"), "{}", face.frame());
    face.keys("1");
    face.send(OTHER, with(None));
    assert!(!alerts(&face).contains("33333333"));
    assert!(!face.keys("2").frame().contains("? 33333333"));
}

#[test]
fn a_turn_shows_the_question_and_what_it_rests_on() {
    let mut face = Driven::full(140, 60);
    face.keys("↓");
    let mut thread = detail();
    let reading = |measure, value, threshold| Reading { measure, value, threshold };
    let readings = vec![
        reading(Measure::Relevance, 0.123, 0.2),
        reading(Measure::LengthFall, 4.25, 3.0),
        reading(Measure::SubstanceFall, 5.0, 3.0),
    ];
    thread.turns[1].verdict =
        Some(Verdict { kind: Concern::Drift, steps: vec![3, 4], before: 0, readings, ..verdict() });
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(thread)) });
    let text = face.keys("↵G").frame();
    for said in [
        "Since step 3 it is about something else",
        "drift in step 2, shown by steps 3, 4",
        "likeness to the question 0.12 (below 0.20)",
        "length fell by 4.2 σ (from 3.0 σ)",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = face.keys("gg").frame();
    for said in ["repeated phrases 82 % (from 60 %)", "‹the TTL refresh›", "said 1 time before", "1 GitHub token"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    // It quotes the texts: hidden with them.
    assert!(!face.keys("H").frame().contains("is not atomic"));
}

#[test]
fn a_fork_begins_behind_the_turn_that_is_read() {
    let mut face = Driven::full(100, 30);
    face.keys("↓");
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    face.asked();
    let mut forked = |keys: &str| {
        face.keys(keys);
        let acts = face.asked().into_iter();
        acts.filter_map(
            |effect| if let Effect::Act { act: Act::Fork { turn, .. }, .. } = effect { Some(turn) } else { None },
        )
        .collect::<Vec<_>>()
    };
    assert_eq!(forked("f"), [None], "in the list: behind the last");
    assert_eq!(forked("↵ggf"), [Some(1)]);
    assert_eq!(forked("Jf"), [Some(2)]);
    let parent = Some(ParentSummary { thread: thread_id('3'), turn: 1 });
    let fork = ThreadSummary { parent, ..thread('e', "codereview", "gpt-5.1", 1, 0, "Fork") };
    let outcome = Ok(Acted { threads: vec![fork], missing: Vec::new() });
    face.reply(OTHER, Reply::Acted { what: crate::event::ThreadAct::Forked, outcome });
    let toast = face.model.toast.as_ref().map_or("", |toast| toast.text.as_str());
    assert_eq!(toast, "forked thread eeeeeeee, behind turn 1 of 33333333");
}
