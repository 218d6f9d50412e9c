//! Steering by hand: which threads an act is about, what is asked for, and what a person is told of it.

use insta::assert_snapshot;

use super::sample::*;
use crate::control::types::*;
use crate::event::{Removal, ThreadAct};
use crate::id::PauseId;
use crate::tui::SourceId;
use crate::tui::event::{Effect, Event, Reply, TerminalAct};
use crate::tui::model::Overlay;
use crate::tui::theme::Theme;

/// The acts that were asked for, by process.
fn acts(face: &mut Driven) -> Vec<(SourceId, Act)> {
    let acts = face.asked().into_iter().filter_map(|effect| match effect {
        Effect::Act { source, act, .. } => Some((source, act)),
        _ => None,
    });
    acts.collect()
}

fn toast(driven: &Driven) -> &str {
    driven.model.toast.as_ref().map_or("", |toast| toast.text.as_str())
}

fn these(digits: &str) -> Which {
    Which::These(digits.chars().map(thread_id).collect())
}

#[test]
fn an_act_is_about_the_marked_threads_and_else_the_selected_one() {
    let mut face = Driven::full(100, 30);
    face.keys("↓").asked();
    face.keys("e");
    assert_eq!(acts(&mut face), [(OTHER, Act::Extend { thread: thread_id('3'), by_ms: None })]);
    // Marking goes on to the next; a second time takes the mark back.
    face.keys("   ↑ ");
    assert_eq!(face.model.threads.marked.len(), 2);
    face.keys("f");
    let forked: Vec<_> = acts(&mut face).into_iter().map(|(_, act)| act).collect();
    assert_eq!(forked, ['3', 'b'].map(|digit| Act::Fork { thread: thread_id(digit), turn: None }));
    face.keys("u");
    assert!(face.model.threads.marked.is_empty());
}

#[test]
fn filtered_threads_of_several_processes_expire_after_one_question_and_come_back() {
    let mut face = Driven::full(100, 30);
    face.keys("/x").asked();
    face.reply(OTHER, Reply::Found { outcome: Ok(vec![thread_id('3'), thread_id('b')]) });
    face.reply(OWN, Reply::Found { outcome: Ok(vec![thread_id('d')]) });
    face.keys("↵*x");
    assert!(face.frame().contains("3 threads with 14 turns in all"), "{}", face.frame());
    assert_eq!(acts(&mut face), []);
    face.keys("x");
    let expected = [(OWN, Act::Expire { threads: these("d") }), (OTHER, Act::Expire { threads: these("3b") })];
    assert_eq!(acts(&mut face), expected);
    assert!(face.model.threads.marked.is_empty());
    face.keys("U");
    assert_eq!(acts(&mut face).len(), 3);
    face.keys("U");
    assert_eq!((acts(&mut face), toast(&face).contains("nothing was expired")), (Vec::new(), true));
}

#[test]
fn a_mark_on_a_thread_that_is_gone_is_gone_with_it() {
    let mut face = Driven::full(100, 30);
    face.keys("*");
    assert_eq!(face.model.threads.marked.len(), 5);
    let removed = vec![RemovedThread { id: thread_id('3'), reason: Removal::Expired }];
    face.send(OTHER, Update::Delta(Box::new(Delta { removed, ..Delta::default() })));
    face.take(Event::Disappeared(OWN));
    assert_eq!(face.model.threads.marked.len(), 3);
}

#[test]
fn a_pin_turns_over_and_marked_threads_go_the_same_way() {
    let mut face = Driven::full(180, 30);
    let tags = vec!["ttl\u{1b}[2J".to_owned()];
    let pinned = ThreadSummary { pinned: true, tags, ..other().threads.remove(0) };
    face.send(OTHER, Update::Delta(Box::new(Delta { threads: vec![pinned], ..Delta::default() })));
    assert!(face.frame().contains("pinned #ttl[2J"), "{}", face.frame());
    face.keys("↓P");
    assert_eq!(acts(&mut face), [(OTHER, Act::Unpin { thread: thread_id('3') })]);
    face.keys("  P");
    let expected = ['3', 'b'].map(|digit| (OTHER, Act::Pin { thread: thread_id(digit) }));
    assert_eq!(acts(&mut face), expected);
}

#[test]
fn a_title_tags_and_a_file_are_asked_for() {
    let mut face = Driven::full(100, 30);
    face.keys("↓R").asked();
    face.take(Event::Pasted(" race".to_owned()));
    face.keys("↵");
    let title = "Please review src/storage/redis.rs, focus on the TTL race".to_owned();
    assert_eq!(acts(&mut face), [(OTHER, Act::Rename { thread: thread_id('3'), title })]);
    face.keys("#done !open↵");
    let (add, remove) = (vec!["done".to_owned()], vec!["open".to_owned()]);
    assert_eq!(acts(&mut face), [(OTHER, Act::Tag { thread: thread_id('3'), add, remove })]);
    face.keys("#↵␛");
    assert_eq!((acts(&mut face), face.model.overlays.len()), (Vec::new(), 0), "nothing written does nothing");

    face.keys("E↵");
    let export = |digit, form, path: &str| Effect::Export {
        source: OTHER,
        thread: thread_id(digit),
        form,
        path: path.to_owned(),
    };
    assert!(face.asked().contains(&export('3', Form::Markdown, "zen-33333333.md")));
    face.keys("E⌫⌫json↵");
    assert!(face.asked().contains(&export('3', Form::Json, "zen-33333333.json")));
    face.keys("  E/out↵");
    assert!(face.asked().contains(&export('b', Form::Markdown, "./out/zen-bbbbbbbb.md")));
    let outcome = Err("zen-33333333.md is there already: name another file".to_owned());
    face.reply(OTHER, Reply::Saved { thread: thread_id('3'), outcome });
    assert!(toast(&face).contains("there already"));
}

#[test]
fn a_fork_is_gone_to_as_soon_as_it_is_told_of() {
    let mut face = Driven::full(100, 30);
    face.keys("↓f");
    let fork = thread('9', "codereview", "gemini-2.5-pro", 2, 0, "The fork");
    let acted = Acted { threads: vec![fork.clone()], missing: Vec::new() };
    face.reply(OTHER, Reply::Acted { what: ThreadAct::Forked, outcome: Ok(acted) });
    assert_eq!(toast(&face), "forked thread 99999999");
    face.send(OTHER, Update::Delta(Box::new(Delta { threads: vec![fork], ..Delta::default() })));
    assert_eq!(face.model.threads.selected().map(|row| row.name()), Some("99999999".to_owned()));
}

#[test]
fn a_provider_is_probed_where_its_models_are_listed() {
    let mut face = Driven::full(100, 30);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    face.keys("4p");
    assert!(face.asked().contains(&Effect::Probe { source: OTHER, provider: "google".into() }));
    let probe = |well, message: &str| {
        Ok(ProbeSummary { provider: "google".into(), well, message: message.to_owned(), took_ms: 210 })
    };
    face.reply(OTHER, Reply::Probed { outcome: probe(true, "") });
    assert_eq!(toast(&face), "google is well: it answered in 210 ms");
    face.reply(OTHER, Reply::Probed { outcome: probe(false, "it does not take the key\u{1b}[2J") });
    assert_eq!(toast(&face), "google: it does not take the key[2J");
}

/// Two messages wait.
fn waited_for() -> Driven {
    let mut face = Driven::full(100, 30);
    let text = whole(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"chat","arguments":{}}}"#);
    let first = PausedSummary { text, ..paused() };
    let second = PausedSummary { id: PauseId(2), text: TextSlice { total: 9_999, ..whole("{}") }, ..paused() };
    let paused = Some(vec![first, second]);
    face.send(OTHER, Update::Delta(Box::new(Delta { paused, ..Delta::default() })));
    face.asked();
    face
}

fn decisions(face: &mut Driven) -> Vec<(PauseId, PauseDecision)> {
    let resolved = face.asked().into_iter().filter_map(|effect| match effect {
        Effect::Resolve { source: OTHER, pause, decision } => Some((pause, decision)),
        _ => None,
    });
    resolved.collect()
}

#[test]
fn a_waiting_message_goes_on_is_rewritten_or_blocked() {
    let mut face = waited_for();
    face.keys("5!c");
    assert_eq!(decisions(&mut face), [(PauseId(1), PauseDecision::Continue)]);
    face.keys("r⌫⌫⌫⌫{\"x\":1}}}↵");
    let [(PauseId(1), PauseDecision::Edit { text })] = &decisions(&mut face)[..] else { panic!("it is rewritten") };
    assert!(text.ends_with(r#""arguments":{"x":1}}}"#), "{text}");
    // What is decided on meanwhile makes room for the next.
    let rest =
        Some(vec![PausedSummary { id: PauseId(2), text: TextSlice { total: 9_999, ..whole("{}") }, ..paused() }]);
    face.send(OTHER, Update::Delta(Box::new(Delta { paused: rest, ..Delta::default() })));
    face.keys("r");
    assert!(toast(&face).contains("too long to be rewritten"), "{}", toast(&face));
    face.keys("b");
    let blocked = PauseDecision::Block { reason: "blocked by hand".to_owned() };
    assert_eq!(decisions(&mut face), [(PauseId(2), blocked)]);
    face.send(OTHER, Update::Delta(Box::new(Delta { paused: Some(Vec::new()), ..Delta::default() })));
    assert!(face.frame().contains("No message waits for a person."));
    face.keys("␛");
    assert!(face.model.overlays.is_empty());
}

#[test]
fn an_edited_message_goes_on_once_its_changes_were_looked_at() {
    let mut face = waited_for();
    let pause = PauseId(1);
    let text = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"hi \u202e","files":["a.rs","b.rs"]}}}"#;
    face.keys("5!e");
    assert_eq!(face.asked(), [Effect::PausedText { source: OTHER, pause }]);
    face.reply(OTHER, Reply::PausedText { pause, outcome: Ok(text.to_owned()) });
    let [Effect::Terminal(TerminalAct::Edit { text: laid_out, .. })] = &face.asked()[..] else { panic!("an editor") };
    let edited = |outcome| Event::Edited { source: OTHER, pause, outcome };
    for (left, said) in [
        (Ok(laid_out.clone()), "nothing was changed; the message still waits"),
        (Ok("{".to_owned()), "no JSON any more"),
        (Ok(laid_out.replace("7", "8")), "another id; the message still waits"),
        (Err("the editor gave up\u{1b}[2J".to_owned()), "the editor gave up[2J; the message still waits"),
    ] {
        face.take(edited(left));
        assert!(toast(&face).contains(said), "{}", toast(&face));
        assert_eq!(decisions(&mut face), []);
    }
    face.take(edited(Ok(laid_out.replace("hi", "good evening"))));
    assert_snapshot!(at_each_size(&mut face));
    face.keys("↵jkc");
    let decision = PauseDecision::Edit { text: text.replace("hi", "good evening") };
    assert_eq!(decisions(&mut face), [(pause, decision)]);
    // One that is decided on while the editor is open is nobody's any more.
    face.keys("e");
    face.reply(OTHER, Reply::PausedText { pause, outcome: Ok(text.to_owned()) });
    face.send(OTHER, Update::Delta(Box::new(Delta { paused: Some(Vec::new()), ..Delta::default() })));
    face.take(edited(Ok(laid_out.replace("hi", "good evening"))));
    assert_eq!(decisions(&mut face), []);
    assert_eq!(toast(&face), "that message waits no more");
}

#[test]
fn read_only_changes_nothing_and_says_so() {
    let mut face = Driven::with(100, 30, Theme::new(true), true);
    face.appear(OTHER, "stdio 4242", false);
    face.send(OTHER, Update::Snapshot(Box::new(other())));
    let delta = Delta { paused: Some(vec![paused()]), ..Delta::default() };
    face.send(OTHER, Update::Delta(Box::new(delta)));
    face.keys("↓").asked();
    for key in ["e", "P", "R", "#", "f", "E", "U", "p"] {
        face.keys(key);
        assert!(toast(&face).starts_with("read-only:") && face.model.overlays.is_empty(), "{key}");
    }
    face.keys("!cbre");
    assert_eq!((acts(&mut face), decisions(&mut face)), (Vec::new(), Vec::new()));
    assert!(matches!(face.model.overlays.as_slice(), [Overlay::Waiting(_)]));
}

#[test]
fn waiting_messages_at_each_size() {
    assert_snapshot!(at_each_size(waited_for().keys("5!")));
}

#[test]
fn marked_threads_and_a_question_about_them_at_each_size() {
    assert_snapshot!(at_each_size(Driven::full(100, 30).keys("↓  x")));
}

#[test]
fn tags_being_written_at_each_size() {
    assert_snapshot!(at_each_size(Driven::full(100, 30).keys("↓#done !op")));
}
