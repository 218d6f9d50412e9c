//! Any sequence of keys, updates and sizes: no panic, and every frame can be drawn.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::gallery::gallery;
use super::sample::*;
use crate::control::ControlError;
use crate::control::types::*;
use crate::event::Removal;
use crate::id::{CallId, MessageSeq, PauseId};
use crate::tui::event::{Event, Pointer, Reply, Watch};
use crate::tui::view::view;

fn keys() -> impl Strategy<Value = Event> {
    let code = prop_oneof![
        "[a-zA-Z0-9?/:!~# *@\\\\]".prop_map(|text| KeyCode::Char(text.chars().next().unwrap_or('j'))),
        prop::sample::select(vec![
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::PageUp,
            KeyCode::PageDown,
            KeyCode::Backspace,
            KeyCode::Delete
        ]),
        prop::sample::select(vec![KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Home, KeyCode::End]),
    ];
    (code, any::<bool>()).prop_map(|(code, ctrl)| {
        let modifiers = if ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        Event::Key(KeyEvent::new(code, modifiers))
    })
}

fn pointers() -> impl Strategy<Value = Pointer> {
    prop::sample::select(vec![Pointer::Click, Pointer::WheelUp, Pointer::WheelDown])
}

fn updates() -> impl Strategy<Value = Update> {
    let digit = || prop::sample::select(vec!['0', '1', '2', '3', '4']);
    let changed = (digit(), 0u32..25, 0u64..9_000, "\\PC{0,30}").prop_map(|(digit, answered, age, title)| Delta {
        threads: vec![thread(digit, "chat", "gpt-5.1", answered, age, &title)],
        ..Delta::default()
    });
    let removed = digit().prop_map(|digit| Delta {
        removed: vec![RemovedThread { id: thread_id(digit), reason: Removal::Expired }],
        ..Delta::default()
    });
    let stage = prop::sample::select(vec![Stage::Preparing, Stage::Streaming, Stage::Done, Stage::Cancelled]);
    let called =
        (15u64..19, prop::option::of(digit()), stage, 0u64..300).prop_map(|(id, digit, stage, characters)| Delta {
            calls: vec![call(id, "chat", digit.map(thread_id), stage, characters)],
            messages: other().messages,
            ..Delta::default()
        });
    prop_oneof![
        4 => prop_oneof![changed, removed, called].prop_map(|delta| Update::Delta(Box::new(delta))),
        1 => Just(Update::Snapshot(Box::new(other()))),
        1 => (0u64..9).prop_map(|dropped| Update::Resync { dropped }),
    ]
}

fn replies() -> impl Strategy<Value = Reply> {
    let slice =
        || (any::<String>(), 0u64..40, 0u64..400).prop_map(|(text, from, total)| TextSlice { text, from, total });
    let gone = || ControlError::Unreachable("gone".to_owned());
    prop_oneof![
        Just(Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) }),
        Just(Reply::Thread { thread: thread_id('0'), outcome: Err(gone()) }),
        slice().prop_map(|slice| Reply::LiveText { call: CallId(17), outcome: Ok(slice) }),
        slice().prop_map(|slice| Reply::TurnText {
            thread: thread_id('3'),
            turn: 2,
            which: TurnText::Answer,
            outcome: Ok(slice)
        }),
        (slice(), 1usize..8).prop_map(|(before, at)| {
            let summary = other().messages.remove(at - 1);
            let detail = MessageDetail { after: Some(before.clone()), before, summary, steps: Vec::new() };
            Reply::Message { seq: MessageSeq(at as u64), outcome: Ok(Box::new(detail)) }
        }),
        Just(Reply::Expired { thread: thread_id('3'), outcome: Err(gone()) }),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let source = || prop::sample::select(vec![OWN, OTHER]);
    prop_oneof![
        12 => keys(),
        4 => (source(), updates()).prop_map(|(source, update)| Event::Watched { source, watch: Watch::Update(update) }),
        4 => (source(), replies()).prop_map(|(source, reply)| Event::Replied { source, reply }),
        1 => any::<String>().prop_map(Event::Pasted),
        2 => (pointers(), 0u16..=220, 0u16..=70).prop_map(|(pointer, column, row)| Event::Pointed { pointer, column, row }),
        2 => (0u16..=220, 0u16..=70).prop_map(|(width, height)| Event::Resized { width, height }),
        1 => any::<String>().prop_map(|text| Event::Edited { source: OTHER, pause: PauseId(1), outcome: Ok(text) }),
        1 => source().prop_map(|source| Event::Watched { source, watch: Watch::Ended("gone".to_owned()) }),
        1 => (source(), any::<String>()).prop_map(|(source, name)| Event::Appeared { source, name, own: false }),
        1 => source().prop_map(Event::Disappeared),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nothing_breaks_the_face(
        events in prop::collection::vec(events(), 500),
        begin in any::<prop::sample::Index>(),
        (width, height) in (0u16..=220, 0u16..=70),
    ) {
        // From every screen and with everything open that can be.
        let mut all = gallery();
        let (_, mut driven) = all.swap_remove(begin.index(all.len()));
        driven.take(Event::Resized { width, height });
        let mut other_size = Terminal::new(TestBackend::new(97, 23)).unwrap();
        for (at, event) in events.into_iter().enumerate() {
            driven.take(event);
            if at % 10 == 0 {
                driven.terminal();
                // A terminal may have changed its size before the face hears of it.
                other_size.draw(|frame| view(&driven.model, frame)).unwrap();
            }
        }
    }
}

/// Every place of the gallery, over all widths and all heights.
#[test]
fn everything_can_be_drawn_at_any_size() {
    for (name, mut driven) in gallery() {
        for (width, height) in (0..=220).step_by(2).map(|width| (width, width * 5 % 71)).chain([(219, 69), (220, 70)]) {
            driven.take(Event::Resized { width, height });
            driven.terminal();
            assert_eq!(driven.model.size, (width, height), "{name}");
        }
    }
}
