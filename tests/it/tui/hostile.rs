//! Text that a terminal would act on, from all who can write what is shown.

use std::collections::HashSet;

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use super::{assert_given_back, face};
use crate::support::chat;
use crate::support::place::Place;

/// What a terminal would act on, or what would deceive its reader.
const HOSTILE: &[&str] = &[
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x1b]8;;http://evil.example\x1b\\",
    "\x1b[?1000h",
    "\x1b[?1049l",
    "\x1b[6n",
    "\x1b[2J",
    "\x1bc",
    "\x1bP+q544e\x1b\\",
    "\u{9b}31m",
    "\u{9d}0;owned\u{9c}",
    "\u{202e}",
    "\u{2066}",
    "\u{e0041}",
    "\u{200b}",
    "\u{7}",
    "\u{8}",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_text_does_nothing_to_the_terminal() {
    let hostile = HOSTILE.concat();
    let said = |name: &str| format!("{name}-begins {hostile} {name}-ends");
    let rehearsal = Rehearsal::start(Scene::reply(said("answer")).in_pieces(2).hold_after(1)).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &[]);
    let mut zen = place.stdio();
    let client = json!({ "name": said("client"), "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    zen.request("initialize", params).await;
    screen.shows(&["client-begins"]);

    let call = zen.send_call("chat", chat(&said("prompt"))).await;
    screen.shows(&["text arrives", "answer-begins"]);
    rehearsal.release_all();
    let reply = zen.called(call).await;
    assert!(reply.text.contains("answer-ends"), "{}", reply.text);
    screen.shows(&["1/20", "prompt-begins", "prompt-ends", "answer-begins", "answer-ends"]);
    screen.press("5");
    screen.shows(&["Messages", "tools/call"]);
    screen.press("\r");
    screen.shows(&["answer-begins"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);

    let raw = String::from_utf8(screen.raw()).unwrap();
    let beyond: HashSet<&str> = raw.split('\x1b').skip(1).map(sequence).filter(|sequence| !is_own(sequence)).collect();
    assert!(beyond.is_empty(), "{beyond:?}");
    // The face leaves the other screen once, and clears it as it is entered.
    for text in HOSTILE.iter().filter(|text| !is_own(text.trim_start_matches('\x1b'))) {
        assert!(!raw.contains(text), "{text:?}");
    }
    assert_eq!(raw.matches("\x1b[?1049l").count(), 1);
}

/// What stands behind an escape character, up to where an escape sequence of the face's kind would end.
fn sequence(text: &str) -> &str {
    let end = text.find(|character: char| character.is_ascii_alphabetic()).map_or(text.len(), |end| end + 1);
    &text[..end]
}

/// Whether the face uses such an escape sequence itself: for places, colours, clearing, and to enter and leave.
fn is_own(sequence: &str) -> bool {
    let Some((parameters, end)) = sequence.strip_prefix('[').and_then(|rest| rest.split_at_checked(rest.len() - 1))
    else {
        return false;
    };
    match parameters.strip_prefix('?') {
        Some(mode) => ["25", "1000", "1006", "1049", "2004", "2026"].contains(&mode) && ["h", "l"].contains(&end),
        None => ["H", "J", "m"].contains(&end) && parameters.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';')),
    }
}
