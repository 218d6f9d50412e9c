//! What a person sees: the demo at every size, and what is said where there is no screen.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::Signal;

use super::{assert_given_back, assert_taken, face};
use crate::support::place::Place;

/// Whether the text was drawn for a terminal of this width.
fn fills(text: &str, width: usize) -> bool {
    text.lines().nth(2).is_some_and(|line| line.ends_with('╮') && line.chars().count() == width)
}

#[test]
fn the_demo_plays_and_is_steered_by_keys() {
    let place = Place::new();
    let mut screen = face(&place, &["--demo"]);
    screen.shows(&["demo: a scripted provider answers", "‹reviewing agent (demo)", "debugging agent"]);
    assert_taken(&screen);
    screen.shows(&["call", "scripted-", "This is zen's scripted provider:"]);

    screen.press("5");
    screen.shows(&["Messages", "request  tools/call", "chat"]);
    screen.press("?");
    screen.shows(&["Keys", "to the beginning", "/ search"]);
    screen.press("G");
    screen.shows(&["this help", "back to the shell; fg returns"]);
    screen.press("\x1b");
    screen.shows_no(&["this help"]);
    screen.shows(&["result   tools/call"]);

    screen.press("2");
    let text = screen.shows(&["threads", " in · ", "first text"]);
    assert!(text.contains("Please review this c…") && text.contains("Orders are missing"), "{text}");

    screen.resize(60, 20);
    screen.wait_for("one pane", |text| {
        fills(text, 60) && text.contains("Threads ──") && !text.contains("scripted provider:")
    });
    screen.resize(39, 9);
    screen.shows(&["zen needs at least 40x10", "this terminal is 39x9"]);
    screen.resize(100, 30);
    screen.wait_for("both panes", |text| fills(text, 100) && text.contains("╮╭"));

    screen.press("q");
    screen.shows(&["Quit zen?", " threads", "3 connected clients", "q quit", "↵ n leave it"]);
    screen.press("n");
    screen.shows_no(&["Quit zen?"]);
    screen.press("q");
    screen.shows(&["Quit zen?"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[test]
fn without_a_screen_it_says_line_by_line_what_happens() {
    let place = Place::new();
    let mut command = place.command(&["tui", "--plain", "--demo"]);
    let mut zen =
        command.as_std_mut().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(zen.stdout.take().unwrap()).lines().map(Result::unwrap);
    for wanted in ["watching this process: ", "call 1 chat is done after ", "turn 1 of chat by scripted-small"] {
        let line = lines.find(|line| line.contains(wanted)).unwrap_or_else(|| panic!("no line says {wanted:?}"));
        assert!(line.as_bytes()[8] == b' ' && !line.contains('\x1b'), "{line:?}");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&zen), Signal::TERM).unwrap();
    assert_eq!(zen.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn without_a_terminal_it_says_what_to_do_instead() {
    let output = Place::new().run(&["tui"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("needs a terminal") && said.contains("`zen threads list`"), "{said}");
}
