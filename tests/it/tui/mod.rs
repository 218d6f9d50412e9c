//! The face in a real terminal: what a person sees, what the keys do, and that the terminal is given back on every way
//! out.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on, its helpers included")]

mod editor;
mod hostile;
mod showing;
mod steering;
mod terminal;

use crate::support::place::Place;
use crate::support::screen::{BEFORE, Screen};

const SIZE: (u16, u16) = (100, 30);

/// Opens `zen tui` in a terminal.
fn face(place: &Place, arguments: &[&str]) -> Screen {
    Screen::open(place.command(&[&["tui"], arguments].concat()).as_std(), SIZE)
}

/// The face has made the terminal its own. Without this, that it gives it back would say nothing.
#[track_caller]
fn assert_taken(screen: &Screen) {
    let (now, before) = (screen.modes(), screen.modes_before());
    assert!(now.alternate_screen && now.cursor_hidden && now.bracketed_paste, "{now:?}");
    assert_ne!(now.line_discipline, before.line_discipline);
    assert!(!screen.text().contains(BEFORE));
}

/// The terminal is as it was, with all that stood on it.
#[track_caller]
fn assert_given_back(screen: &Screen) {
    assert_eq!(screen.modes(), *screen.modes_before());
    assert_eq!(screen.text().lines().next(), Some(BEFORE));
    assert_eq!(screen.oddities(), [""; 0]);
}
