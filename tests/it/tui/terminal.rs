//! The terminal itself: taken, lent to the shell, and given back on every way out.

use std::process::Command;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use zen::clock::Clock;
use zen::shutdown::Shutdown;
use zen::tui;
use zen::tui::keymap::Keymap;
use zen::tui::look::Look;

use super::{SIZE, assert_given_back, assert_taken, face};
use crate::support::place::Place;
use crate::support::screen::Screen;
use crate::support::soon;

#[test]
fn ctrl_c_twice_quits_at_once_whatever_would_be_lost() {
    let place = Place::new();
    let mut screen = face(&place, &["--demo"]);
    screen.shows(&["‹reviewing agent (demo)"]);
    screen.press("\x03");
    screen.shows(&["Quit zen?", "connected client"]);
    screen.press("\x03");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[test]
fn a_termination_signal_ends_it_in_good_order() {
    let place = Place::new();
    let screen = face(&place, &[]);
    screen.shows(&["this process", "q quit"]);
    assert_taken(&screen);
    screen.signal(Signal::TERM);
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

/// A process that shows the face, and panics when it is told to. Where, the signal says.
#[tokio::test]
#[ignore = "run by another test"]
async fn a_face_that_panics_when_told_to() {
    let (_sources, none) = mpsc::channel(1);
    let shutdown = Shutdown::default();
    let options = tui::Options {
        own: None,
        sources: none,
        clock: Clock::system(),
        read_only: false,
        keymap: Keymap::default(),
        look: Look::default(),
        editor: tui::editor::Editor::new(None, None, None, "/nowhere".into()),
        recorder: None,
        shutdown: shutdown.clone(),
    };
    let mut here = signal(SignalKind::user_defined1()).unwrap();
    let mut elsewhere = signal(SignalKind::user_defined2()).unwrap();
    let elsewhere = async {
        elsewhere.recv().await;
        std::thread::spawn(|| panic!("another thread panicked")).join().unwrap_err();
        shutdown.begin();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        left = tui::run(options) => assert_eq!(left.unwrap(), tui::Exit::Shutdown),
        _ = here.recv() => panic!("the thread that draws panicked"),
        () = elsewhere => {}
    }
}

/// Shows that face.
fn panicking() -> Screen {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["--exact", "tui::terminal::a_face_that_panics_when_told_to", "--ignored", "--nocapture"]);
    let screen = Screen::open(&command, SIZE);
    screen.shows(&["no zen process is running"]);
    assert_taken(&screen);
    screen
}

#[test]
fn a_panic_gives_the_terminal_back_and_can_be_read() {
    let screen = panicking();
    screen.signal(Signal::USR1);
    assert_ne!(screen.ended(), 0);
    assert_given_back(&screen);
    assert!(screen.text().contains("the thread that draws panicked"), "{}", screen.text());
}

#[test]
fn a_panic_of_another_thread_is_told_once_the_face_is_left() {
    let screen = panicking();
    screen.signal(Signal::USR2);
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
    assert!(screen.text().contains("another thread panicked"), "{}", screen.text());
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_takes_it_back() {
    let place = Place::new();
    let mut screen = face(&place, &["--demo"]);
    screen.shows(&["‹reviewing agent (demo)"]);
    assert_taken(&screen);
    for size in [SIZE, (80, 24)] {
        screen.press("\x1a");
        screen.stopped();
        assert_given_back(&screen);
        // A person pulls at the window meanwhile: only the size at the return counts.
        screen.resize(size.0, size.1);
        screen.signal(Signal::CONT);
        screen.shows(&["zen  1", "threads"]);
        assert_taken(&screen);
    }
    screen.press("5");
    screen.shows(&["Messages"]);
    screen.signal(Signal::TERM);
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[test]
fn the_mouse_is_taken_toggled_and_given_back_and_a_copy_goes_to_the_terminal() {
    let place = Place::new();
    let mut screen = face(&place, &["--demo"]);
    screen.shows(&["first text"]);
    assert!(screen.modes().mouse);
    screen.press("y");
    screen.shows(&["to the terminal's clipboard (36 B, OSC 52)"]);
    assert!(screen.oddities().iter().any(|odd| odd.starts_with("copy")), "{:?}", screen.oddities());
    // The tab of the log, by the protocol that tells cells by number.
    screen.press("\x1b[<0;51;1M");
    screen.shows(&["Messages"]);
    screen.press("M");
    screen.shows(&["the mouse is the terminal's again"]);
    assert!(!screen.modes().mouse);
    screen.press("M");
    screen.shows(&["the mouse is zen's"]);
    assert!(screen.modes().mouse);
    screen.press("\x03\x03");
    assert_eq!(screen.ended(), 0);
    assert_eq!(screen.modes(), *screen.modes_before());
}

#[tokio::test]
async fn it_ends_when_its_terminal_is_closed() {
    let place = Place::new();
    let fifo = place.project().join("held");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    // Whoever reads the other end is told when the last that holds this one has ended.
    let holding = place.other("/bin/sh", &["-c", r#"exec 9>held; exec "$0" tui"#, env!("CARGO_BIN_EXE_zen")]);
    let screen = Screen::open(holding.as_std(), SIZE);
    let ended = tokio::task::spawn_blocking(move || std::fs::read(fifo));
    screen.shows(&["this process", "q quit"]);
    screen.close();
    assert_eq!(soon("the face to end", ended).await.unwrap().unwrap(), b"");
}
