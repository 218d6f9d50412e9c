//! What a person does to the face itself: looks, the mouse, copies, hidden texts.

use insta::assert_snapshot;

use super::sample::*;
use crate::control::types::*;
use crate::id::MessageSeq;
use crate::text::width;
use crate::tui::event::{Effect, Event, Pointer, Reply, TerminalAct};
use crate::tui::model::threads::Row;
use crate::tui::model::{Focus, Screen};
use crate::tui::theme::{Depth, Preset, Role, Theme};

fn reading(width: u16, height: u16) -> Driven {
    let mut face = Driven::full(width, height);
    face.keys("↓");
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    face
}

fn click(face: &mut Driven, column: u16, row: u16) -> &mut Driven {
    face.take(Event::Pointed { pointer: Pointer::Click, column, row })
}

fn copied(face: &mut Driven) -> Vec<String> {
    let copied = |effect| if let Effect::Terminal(TerminalAct::Copy(text)) = effect { Some(text) } else { None };
    face.asked().into_iter().filter_map(copied).collect()
}

#[test]
fn a_click_goes_where_it_points() {
    let mut face = reading(100, 30);
    let tabs = face.frame().lines().next().unwrap().find("Log").unwrap();
    click(&mut face, u16::try_from(tabs).unwrap(), 0);
    assert_eq!(face.model.screen, Screen::Log);
    click(&mut face, 20, 5);
    assert_eq!(face.model.log.list.cursor, 1);
    face.keys("2");
    // Border and column heads, then two lines a thread: the third is the one on "grok-4".
    click(&mut face, 10, 8);
    assert_eq!(face.model.threads.selected(), Some(Row::Thread(OTHER, thread_id('b'))));
    assert_eq!(face.model.focus, Focus::List);
    click(&mut face, 10, 9);
    assert_eq!(face.model.focus, Focus::Reader, "a click on the selected row reads it");
    let before = face.frame();
    click(&mut face, 10, 28);
    assert_eq!(face.frame(), before, "nothing stands there");
}

#[test]
fn the_wheel_turns_what_is_under_it_and_nothing_under_a_question() {
    let mut face = reading(100, 20);
    let wheel =
        |face: &mut Driven, column| face.take(Event::Pointed { pointer: Pointer::WheelUp, column, row: 10 }).frame();
    let (before, selected) = (face.frame(), face.model.threads.selected());
    assert_ne!(wheel(&mut face, 80), before);
    assert_eq!(face.model.threads.selected(), selected);
    wheel(&mut face, 10);
    assert_ne!(face.model.threads.selected(), selected);
    let asked = face.keys("jx").frame();
    assert_eq!(wheel(&mut face, 10), asked);
}

#[test]
fn hidden_texts_leave_no_letter_and_take_the_same_cells() {
    let mut face = reading(100, 30);
    let shown = face.frame();
    let hidden = face.keys("H").frame();
    for word in ["MOVED", "Parse", "Should the", "Name thr", "And what of"] {
        assert!(shown.contains(word) && !hidden.contains(word), "{word}");
    }
    for (line, of) in hidden.lines().zip(shown.lines()).skip(2) {
        assert_eq!(width(line.split(" Hidden by").next().unwrap()), width(of.split(" Hidden by").next().unwrap()));
    }
    let question = face.keys("x").frame();
    assert!(!question.contains("Please review"), "{question}");
    face.keys("n5gg↵");
    let summary = other().messages.remove(0);
    let detail = MessageDetail { summary, before: whole("{\"a\": \"secretive\"}"), after: None, steps: Vec::new() };
    face.reply(OTHER, Reply::Message { seq: MessageSeq(1), outcome: Ok(Box::new(detail)) });
    assert!(!face.frame().contains("secretive"));
    assert!(face.keys("H").frame().contains("secretive"));
}

#[test]
fn the_turn_that_is_read_and_the_id_of_what_is_selected_are_copied() {
    let mut face = reading(100, 30);
    face.asked();
    face.keys("Yy");
    let [text, id] = <[String; 2]>::try_from(copied(&mut face)).unwrap();
    assert!(text.starts_with("The retry loop ignores them.") && text.contains("```rust"), "{text}");
    assert_eq!(id, thread_id('3').to_string());
    face.keys("↵KY");
    assert!(copied(&mut face)[0].starts_with("The TTL refresh"), "the turn that was stepped to");
    face.keys("4Yy");
    assert_eq!(copied(&mut face), [""; 0]);
    assert!(face.model.toast.as_ref().unwrap().text.contains("nothing to copy"));
}

#[test]
fn what_is_longer_than_terminals_take_is_copied_as_far_as_they_do() {
    let mut face = Driven::full(100, 30);
    let mut detail = detail();
    detail.turns[1].answer = Some(whole(&"漢".repeat(60_000)));
    face.keys("↓").reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail)) }).asked();
    face.keys("Y");
    let copied = copied(&mut face).remove(0);
    assert!(copied.len() <= 56_000 && copied.chars().all(|character| character == '漢'));
    assert!(face.model.toast.as_ref().unwrap().text.contains("the beginning of turn 2"));
}

#[test]
fn leaving_for_a_while_and_drawing_anew_are_for_the_owner_of_the_terminal() {
    let mut face = Driven::full(100, 30);
    face.asked();
    for (key, act) in [('z', TerminalAct::Suspend), ('l', TerminalAct::Repaint)] {
        face.take(control(key));
        assert!(face.asked().contains(&Effect::Terminal(act)));
    }
    face.keys("M");
    assert!(face.asked().contains(&Effect::Terminal(TerminalAct::Mouse(true))));
}

#[test]
fn wide_signs_and_pictures_leave_the_borders_where_they_are() {
    let mut face = reading(100, 24);
    let title = "1️⃣ ❤️ 👍🏽 👩‍💻 🇩🇪 漢字 ＡＢ e\u{301}";
    let threads = vec![thread('3', "chat", "m", 2, 3, title)];
    face.send(OTHER, Update::Delta(Box::new(Delta { threads, ..Delta::default() })));
    let terminal = face.terminal();
    let buffer = terminal.backend().buffer();
    for row in 3..20 {
        assert_eq!(buffer[(99, row)].symbol(), "│", "row {row}");
        assert_eq!(buffer[(46, row)].symbol(), "│", "row {row}");
    }
    let all: String = buffer.content().iter().map(|cell| cell.symbol()).collect();
    assert!(!all.contains(['\u{fe0f}', '\u{1f3fd}', '\u{200d}']), "terminals differ on their width");
}

/// A letter for the role's look under each cell of a frame.
fn styles(face: &Driven) -> String {
    let terminal = face.terminal();
    let buffer = terminal.backend().buffer();
    let mut said = String::new();
    for row in 0..buffer.area.height {
        let mut runs: Vec<(String, String)> = Vec::new();
        for column in 0..buffer.area.width {
            let cell = &buffer[(column, row)];
            let style = format!("{:?} {:?}", cell.fg, cell.modifier);
            match runs.last_mut() {
                Some((last, text)) if *last == style => text.push_str(cell.symbol()),
                _ => runs.push((style, cell.symbol().to_owned())),
            }
        }
        for (style, text) in runs.iter().filter(|(_, text)| !text.trim().is_empty()) {
            said.push_str(&format!("{row:>2} {style}: {}\n", text.trim_end()));
        }
    }
    said
}

#[test]
fn looks_on_dark_and_on_light() {
    for (name, preset, depth) in [
        ("dark", Preset::Dark, Depth::Full),
        ("light", Preset::Light, Depth::Full),
        ("sixteen", Preset::Ansi, Depth::Sixteen),
    ] {
        let mut face = reading(60, 16);
        face.model.theme = Theme::of(preset, depth);
        face.keys("↵");
        assert_snapshot!(format!("look_{name}"), styles(&face));
    }
}

#[test]
fn the_next_look_is_named() {
    let mut face = Driven::full(100, 30);
    face.model.theme = Theme::of(Preset::Ansi, Depth::Full);
    face.keys("T");
    assert_eq!(face.model.toast.as_ref().unwrap().text, "theme: dark");
    assert_ne!(face.model.theme.style(Role::Accent), Theme::new(true).style(Role::Accent));
}
