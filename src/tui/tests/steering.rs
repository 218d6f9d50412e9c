//! What keys and updates do to the model, and what is asked for in return.

use super::sample::*;
use crate::control::ControlError;
use crate::control::types::*;
use crate::event::Removal;
use crate::id::{CallId, MessageSeq};
use crate::tui::SourceId;
use crate::tui::event::{Effect, Event, Reply, Watch};
use crate::tui::model::Focus;
use crate::tui::model::log::MAX_MESSAGES;
use crate::tui::model::threads::Row;
use crate::tui::syntax;
use crate::tui::theme::{Role, Theme};

fn delta(delta: Delta) -> Update {
    Update::Delta(Box::new(delta))
}

fn toast(driven: &Driven) -> &str {
    driven.model.toast.as_ref().map_or("", |toast| toast.text.as_str())
}

fn refused(code: RefusalCode) -> ControlError {
    ControlError::Refused(Refusal { code, message: "no such thread".to_owned() })
}

#[test]
fn the_thread_that_was_asked_about_is_the_one_that_expires() {
    let mut driven = Driven::full(100, 30);
    driven.keys("↓x").asked();
    // Another thread moves to the cursor's row while the question stands.
    let newer = thread('b', "debug", "grok-4", 12, 0, "moved");
    driven.send(OTHER, delta(Delta { threads: vec![newer], ..Delta::default() }));
    driven.keys("x");
    assert!(driven.asked().contains(&Effect::Expire { source: OTHER, thread: thread_id('3') }));
    driven.reply(OTHER, Reply::Expired { thread: thread_id('3'), outcome: Ok(()) });
    assert_eq!(toast(&driven), "expired 33333333");
}

#[test]
fn no_or_escape_leaves_the_thread() {
    for answer in ["n", "␛", "↵", "j", "y"] {
        let mut driven = Driven::full(100, 30);
        driven.keys("↓").asked();
        driven.keys(&format!("x{answer}"));
        assert!(!driven.asked().iter().any(|effect| matches!(effect, Effect::Expire { .. })));
    }
}

#[test]
fn a_question_about_what_is_gone_closes() {
    let mut driven = Driven::full(100, 30);
    driven.keys("↓x");
    let removed = vec![RemovedThread { id: thread_id('3'), reason: Removal::Expired }];
    driven.send(OTHER, delta(Delta { removed, ..Delta::default() }));
    assert_eq!((driven.model.overlays.len(), toast(&driven)), (0, "thread 33333333 is gone already"));
}

#[test]
fn read_only_steers_nothing_and_says_so() {
    let mut driven = Driven::with(100, 30, Theme::new(true), true);
    driven.appear(OTHER, "stdio 4242", false);
    driven.send(OTHER, Update::Snapshot(Box::new(other())));
    driven.keys("X");
    assert_eq!(toast(&driven), "read-only: calls are not cancelled from here");
    driven.keys("↓x");
    assert_eq!(toast(&driven), "read-only: threads are not expired from here");
    assert!(driven.model.overlays.is_empty());
}

#[test]
fn a_call_is_cancelled_after_a_question() {
    let mut driven = Driven::full(100, 30);
    driven.keys("XX");
    assert!(driven.asked().contains(&Effect::Cancel { source: OTHER, call: CallId(17) }));
    let outcome = Err(refused(RefusalCode::NotFound));
    driven.reply(OTHER, Reply::Cancelled { call: CallId(17), outcome });
    assert_eq!(toast(&driven), "call 17 has ended already");
}

#[test]
fn quitting_asks_only_where_something_would_be_lost() {
    let mut empty = Driven::new(100, 30);
    empty.appear(OTHER, "stdio 4242", false);
    empty.send(OTHER, Update::Snapshot(Box::new(other())));
    empty.keys("q");
    assert!(empty.asked().contains(&Effect::Quit), "other processes live on");

    let mut full = Driven::full(100, 30);
    full.keys("q");
    assert!(!full.asked().contains(&Effect::Quit));
    full.keys("↵");
    assert!(!full.asked().contains(&Effect::Quit), "return leaves it");
    full.keys("qq");
    assert!(full.asked().contains(&Effect::Quit));
}

#[test]
fn a_second_ctrl_c_quits_at_once() {
    let mut driven = Driven::full(100, 30);
    driven.keys("⌃");
    assert!(!driven.asked().contains(&Effect::Quit));
    driven.keys("⌃");
    assert!(driven.asked().contains(&Effect::Quit));
}

#[test]
fn a_call_that_gets_its_thread_is_followed_into_it() {
    let mut driven = Driven::full(100, 30);
    driven.keys("↑");
    assert_eq!(driven.model.threads.selected(), Some(Row::Call(OTHER, CallId(17))));
    let calls = vec![call(17, "thinkdeep", Some(thread_id('9')), Stage::Done, 0)];
    let threads = vec![thread('9', "thinkdeep", "gemini-2.5-pro", 1, 0, "Think")];
    driven.send(OTHER, delta(Delta { calls, threads, ..Delta::default() }));
    assert_eq!(driven.model.threads.selected(), Some(Row::Thread(OTHER, thread_id('9'))));
    assert!(driven.asked().contains(&Effect::Thread { source: OTHER, thread: thread_id('9') }));
}

#[test]
fn live_text_is_fetched_from_where_it_ends_and_once_at_a_time() {
    let mut driven = Driven::full(100, 30);
    let grown = |characters| {
        let calls = vec![call(17, "thinkdeep", None, Stage::Streaming, characters)];
        delta(Delta { calls, ..Delta::default() })
    };
    let fetches = |driven: &mut Driven| {
        let asked = driven.asked();
        asked.into_iter().filter(|effect| matches!(effect, Effect::LiveText { .. })).collect::<Vec<_>>()
    };
    let fetch = |from| vec![Effect::LiveText { source: OTHER, call: CallId(17), from }];
    driven.asked();
    driven.send(OTHER, grown(5));
    assert_eq!(fetches(&mut driven), fetch(0));
    driven.send(OTHER, grown(9));
    assert_eq!(fetches(&mut driven), []);
    let outcome = Ok(TextSlice { text: "Hello".to_owned(), from: 0, total: 9 });
    driven.reply(OTHER, Reply::LiveText { call: CallId(17), outcome });
    assert_eq!(fetches(&mut driven), fetch(5));
}

#[test]
fn the_rest_of_a_long_text_is_fetched_when_it_comes_near() {
    let mut driven = Driven::full(100, 30);
    driven.keys("↓").asked();
    let mut long = detail();
    let text = "word ".repeat(2_000);
    long.turns[1].answer = Some(TextSlice { text: text.clone(), from: 0, total: 20_000 });
    driven.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(long)) });
    assert_eq!(driven.asked(), []);
    driven.keys("↵G");
    let (thread, which) = (thread_id('3'), TurnText::Answer);
    assert_eq!(driven.asked(), [Effect::TurnText { source: OTHER, thread, turn: 2, which, from: 10_000 }]);
    let outcome = Ok(TextSlice { text, from: 10_000, total: 20_000 });
    driven.reply(OTHER, Reply::TurnText { thread, turn: 2, which, outcome });
    assert_eq!(driven.asked(), []);
}

#[test]
fn a_thread_that_gains_a_turn_is_fetched_anew_and_keeps_its_place() {
    let mut driven = Driven::full(100, 30);
    driven.keys("↓");
    driven.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    driven.keys("↵gg↓").asked();
    let before = driven.frame();
    let threads = vec![thread('3', "codereview", "gemini-2.5-pro", 3, 0, "Please")];
    driven.send(OTHER, delta(Delta { threads, ..Delta::default() }));
    assert_eq!(driven.asked(), [Effect::Thread { source: OTHER, thread: thread_id('3') }]);
    driven.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    let right = |frame: &str| frame.lines().nth(4).unwrap().split("││").nth(1).unwrap().to_owned();
    assert_eq!(right(&driven.frame()), right(&before));
}

#[test]
fn the_log_follows_until_a_person_looks_back() {
    let mut driven = Driven::full(100, 30);
    driven.keys("5");
    assert!(driven.model.log.follow);
    driven.keys("k");
    assert!(!driven.model.log.follow);
    let selected = driven.model.log.selected().unwrap().message.seq;
    let messages = vec![MessageSummary { seq: MessageSeq(8), ..other().messages.remove(0) }];
    driven.send(OTHER, delta(Delta { messages, ..Delta::default() }));
    assert_eq!(driven.model.log.selected().unwrap().message.seq, selected);
    driven.keys("G");
    assert_eq!(driven.model.log.selected().unwrap().message.seq, MessageSeq(8));
}

#[test]
fn the_log_is_bounded_and_the_cursor_stays_on_its_message() {
    let mut driven = Driven::full(100, 30);
    driven.keys("5k");
    let selected = driven.model.log.selected().unwrap().message.seq;
    let one = other().messages.remove(0);
    let fill = MAX_MESSAGES as u64 - 3;
    let messages = (0..fill).map(|at| MessageSummary { seq: MessageSeq(100 + at), ..one.clone() }).collect();
    driven.send(OTHER, delta(Delta { messages, ..Delta::default() }));
    assert_eq!(driven.model.log.len(), MAX_MESSAGES);
    assert_eq!(driven.model.log.selected().unwrap().message.seq, selected);
}

#[test]
fn a_process_that_ends_takes_its_threads_along_and_is_said_to() {
    let mut driven = Driven::full(100, 30);
    driven.take(Event::Watched { source: OTHER, watch: Watch::Ended("it has ended".to_owned()) });
    assert_eq!(toast(&driven), "stdio 4242 myproject is gone; its 4 threads went with it");
    assert_eq!(driven.model.threads.rows(), [Row::Thread(OWN, thread_id('d'))]);
    driven.take(Event::Disappeared(OTHER));
    assert!(driven.asked().contains(&Effect::Release(OTHER)));
}

#[test]
fn only_the_last_processes_that_ended_are_remembered() {
    let mut driven = Driven::full(100, 30);
    for number in 10..20 {
        driven.appear(SourceId(number), "stdio", false);
        driven.take(Event::Disappeared(SourceId(number)));
    }
    assert_eq!(driven.model.sources.len(), 2 + 3);
}

#[test]
fn what_is_not_on_screen_draws_nothing() {
    let mut driven = Driven::full(100, 30);
    driven.model.redraw = false;
    let messages = other().messages;
    driven.send(OTHER, delta(Delta { messages, ..Delta::default() }));
    assert!(!driven.model.redraw);
}

#[test]
fn escape_leads_back_and_never_out() {
    let mut driven = Driven::full(100, 30);
    driven.keys("↵");
    assert_eq!(driven.model.focus, Focus::Reader);
    driven.keys("␛␛␛");
    assert_eq!(driven.model.focus, Focus::List);
    assert!(!driven.asked().contains(&Effect::Quit));
}

#[test]
fn code_on_screen_gets_its_colours_once_and_keeps_them() {
    let mut driven = Driven::full(100, 40);
    driven.keys("↓").reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    let wanted: Vec<_> = driven.asked().into_iter().filter(|asked| matches!(asked, Effect::Colour { .. })).collect();
    let [Effect::Colour { key, language, text }] = wanted.as_slice() else { panic!("{wanted:?}") };
    assert_eq!(language, "rust");
    let colours = syntax::colours(language, text, || false).into();
    driven.take(Event::Coloured { key: *key, colours });
    let keyword = driven.model.theme.style(Role::Keyword).fg;
    let coloured = |driven: &Driven| {
        let terminal = driven.terminal();
        terminal.backend().buffer().content().iter().filter(|cell| Some(cell.fg) == keyword).count()
    };
    assert_eq!(coloured(&driven), "let".len());
    driven.keys("↓↑");
    driven.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    assert!(!driven.asked().iter().any(|asked| matches!(asked, Effect::Colour { .. })));
    assert_eq!(coloured(&driven), "let".len());
}
