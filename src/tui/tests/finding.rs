//! Finding: filters, the palette and the help, by what they leave, what they ask for and how they look.

use insta::assert_snapshot;

use super::sample::*;
use crate::control::ControlError;
use crate::control::types::*;
use crate::event::Removal;
use crate::tui::event::{Effect, Event, Reply};
use crate::tui::model::threads::Row;
use crate::tui::model::{Focus, Overlay, Screen};

fn searches(driven: &mut Driven) -> Vec<(crate::tui::SourceId, String)> {
    let searches = driven.asked().into_iter().filter_map(|effect| match effect {
        Effect::Search { source, query } => Some((source, query)),
        _ => None,
    });
    searches.collect()
}

#[test]
fn threads_are_narrowed_by_what_each_process_finds() {
    let mut driven = Driven::full(100, 30);
    driven.asked();
    driven.keys("/t");
    assert_eq!(searches(&mut driven), [(OWN, "t".to_owned()), (OTHER, "t".to_owned())]);
    // More is written while they look: each is asked again once it has answered.
    driven.keys("tl");
    assert_eq!(searches(&mut driven), []);
    driven.reply(OTHER, Reply::Found { outcome: Ok(vec![thread_id('3'), thread_id('b')]) });
    assert_eq!(searches(&mut driven), [(OTHER, "ttl".to_owned())]);
    driven.reply(OTHER, Reply::Found { outcome: Ok(vec![thread_id('3')]) });
    driven.reply(OWN, Reply::Found { outcome: Ok(Vec::new()) });
    driven.reply(OWN, Reply::Found { outcome: Ok(Vec::new()) });
    assert_eq!(driven.model.threads.rows(), [Row::Thread(OTHER, thread_id('3'))]);
    // Return keeps it; what changes is looked through again.
    driven.keys("↵").asked();
    let threads = vec![thread('b', "debug", "grok-4", 12, 0, "the ttl")];
    driven.send(OTHER, Update::Delta(Box::new(Delta { threads, ..Delta::default() })));
    assert_eq!(searches(&mut driven), [(OTHER, "ttl".to_owned())]);
    driven.keys("␛");
    assert_eq!(driven.model.threads.rows().len(), 6, "escape shows all, the call too");
}

#[test]
fn a_query_that_cannot_be_read_says_why_and_asks_nobody() {
    let mut driven = Driven::full(100, 30);
    driven.keys("/tool:chat").asked();
    driven.keys(" toll:x");
    assert!(driven.frame().contains("did you mean 'tool:'"), "{}", driven.frame());
    assert!(searches(&mut driven).iter().all(|(_, query)| !query.contains("toll:x")));
}

#[test]
fn a_process_that_cannot_search_shows_all_it_has() {
    let mut driven = Driven::full(100, 30);
    driven.keys("/x").asked();
    driven.reply(OTHER, Reply::Found { outcome: Err(ControlError::Unreachable("gone".to_owned())) });
    driven.reply(OWN, Reply::Found { outcome: Ok(Vec::new()) });
    assert_eq!(driven.model.threads.rows().len(), 4);
    assert_eq!(searches(&mut driven), [], "and is not asked for the same again");
}

#[test]
fn messages_calls_and_models_are_narrowed_here() {
    let mut driven = Driven::full(100, 30);
    driven.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    driven.keys("5/dir:in !tool:chat tools");
    assert_eq!(driven.model.log.len(), 1);
    assert_eq!(driven.model.log.selected().unwrap().message.seq.0, 3);
    driven.keys("↵4/~gmflsh↵");
    assert_eq!(driven.model.models.rows().len(), 1);
    driven.keys("6/stage:wait↵");
    assert_eq!(driven.model.activity.rows().len(), 1);
    driven.keys("/x␛");
    assert_eq!((driven.model.activity.rows().len(), driven.model.activity.sieve.written()), (1, ""));
}

#[test]
fn a_narrowed_log_takes_new_messages_and_loses_old_ones_like_an_open_one() {
    let mut driven = Driven::full(100, 30);
    driven.keys("5/verdict:blocked↵");
    assert_eq!(driven.model.log.len(), 1);
    driven.send(OTHER, Update::Delta(Box::new(Delta { messages: other().messages, ..Delta::default() })));
    assert_eq!(driven.model.log.len(), 2, "the new one is listed and followed");
    assert_eq!(driven.model.log.list.cursor, 1);
    let passed = other().messages.remove(0);
    let many = vec![passed; crate::tui::model::log::MAX_MESSAGES - 8];
    driven.send(OTHER, Update::Delta(Box::new(Delta { messages: many, ..Delta::default() })));
    assert_eq!(driven.model.log.len(), 1, "the older one has gone at the front");
    assert_eq!(driven.model.log.selected().unwrap().message.outcome, MessageOutcome::Blocked);
    driven.keys("␛");
    assert_eq!(driven.model.log.len(), driven.model.log.held());
}

#[test]
fn the_palette_finds_actions_tools_threads_and_models() {
    let mut driven = Driven::full(100, 30);
    driven.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    driven.keys(":flsh↵");
    assert_eq!(driven.model.screen, Screen::Models);
    assert_eq!(driven.model.models.selected().unwrap().model.as_str(), "gemini-2.5-flash");
    driven.keys(":cachewrite↵");
    assert_eq!(driven.model.threads.selected(), Some(Row::Thread(OTHER, thread_id('0'))));
    assert_eq!((driven.model.screen, driven.model.focus), (Screen::Threads, Focus::Reader));
    driven.keys(":expire↵");
    assert!(driven.model.question().is_some());
    driven.keys("n:zzzzzz↵␛");
    assert!(driven.model.overlays.is_empty());
}

#[test]
fn a_thread_that_is_gone_when_the_palette_names_it_is_said_to_be() {
    let mut driven = Driven::full(100, 30);
    driven.keys(":cachewrite");
    let removed = vec![RemovedThread { id: thread_id('0'), reason: Removal::Expired }];
    driven.send(OTHER, Update::Delta(Box::new(Delta { removed, ..Delta::default() })));
    driven.keys("↵");
    assert!(driven.frame().contains("that thread is gone"));
}

#[test]
fn letters_are_typed_and_not_taken_for_commands() {
    let mut driven = Driven::full(100, 30);
    driven.asked();
    driven.keys("/qx?:1");
    assert!(matches!(driven.model.overlays.as_slice(), [Overlay::Filter(draft)] if draft.text() == "qx?:1"));
    driven.take(Event::Pasted("two\nlines\u{1b}[2J".to_owned()));
    assert_eq!(driven.model.threads.filter.written(), "qx?:1two lines[2J");
    driven.keys("⌃⌃");
    assert!(driven.asked().contains(&Effect::Quit), "ctrl-c leaves from anywhere");
}

#[test]
fn the_help_scrolls_and_is_searched() {
    let mut driven = Driven::full(60, 20);
    driven.keys("?");
    let first = driven.frame();
    driven.keys("jjj");
    assert_ne!(driven.frame(), first);
    driven.keys("G");
    assert!(driven.frame().contains("quit; may ask first"), "{}", driven.frame());
    driven.keys("/newest");
    assert!(driven.frame().contains("follow the newest message"), "{}", driven.frame());
    assert!(!driven.frame().contains("this help"));
    driven.keys("␛␛");
    assert!(driven.model.overlays.is_empty());
}

#[test]
fn help_at_each_size() {
    assert_snapshot!(at_each_size(Driven::full(100, 30).keys("?")));
}

#[test]
fn the_palette_at_each_size() {
    let mut driven = Driven::full(100, 30);
    driven.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    assert_snapshot!(at_each_size(driven.keys(":re")));
}

#[test]
fn a_filter_at_each_size() {
    let mut driven = Driven::full(100, 30);
    driven.keys("/tool:codereview ttl");
    for _ in 0..2 {
        driven.reply(OTHER, Reply::Found { outcome: Ok(vec![thread_id('3')]) });
        driven.reply(OWN, Reply::Found { outcome: Ok(Vec::new()) });
    }
    assert_snapshot!(at_each_size(&mut driven));
}
