//! A session of the real face, recorded in a terminal and replayed in another: the same screens, nothing carried out,
//! and a clear word for what cannot be played.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::screen::Screen;
use crate::support::{assert_in_order, chat};

const SIZE: (u16, u16) = (100, 30);
/// With a row for the line of the replay.
const TALLER: (u16, u16) = (100, 31);
const FILE: &str = "session.jsonl";

fn face(place: &Place, arguments: &[&str], size: (u16, u16)) -> Screen {
    Screen::open(place.command(&[&["tui"], arguments].concat()).as_std(), size)
}

/// The picture of the session, without the line of the replay.
fn picture(shown: &str) -> Vec<&str> {
    shown.lines().take(usize::from(SIZE.1)).map(str::trim_end).collect()
}

/// Records a session in which another process is watched, talked to and looked at; returns its last screen.
async fn recorded(place: &Place, rehearsal: &Rehearsal) -> String {
    let mut screen = face(place, &["--record", FILE], SIZE);
    screen.shows(&["0 threads"]);
    let mut zen = place.connected().await;
    let call = zen.send_call("chat", chat("Why does it hang?")).await;
    screen.shows(&["1 call in flight", "▸ call", "text arrives", "The lock is taken"]);
    rehearsal.release_all();
    let thread = zen.called(call).await.continuation_id();
    screen.shows(&[&thread[..8], "1/20", "Take it once.", "first text"]);
    assert!(!zen.chat_on(&thread, "And under load?").await.is_error);
    screen.shows(&["2/20"]);
    screen.press("?");
    screen.shows(&["Keys"]);
    screen.press("\x1b");
    screen.shows_no(&["Keys"]);
    screen.press("y");
    screen.shows(&["OSC 52"]);
    screen.press("4");
    screen.shows(&["scripted", "score"]);
    screen.press("5/chat\r");
    screen.shows(&["Messages", "/ chat", "of "]);
    screen.press("gg\r");
    let message = screen.shows(&["tools/call", "Why does it hang?", "esc"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    message
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recorded_session_is_replayed_to_the_same_screens() {
    let answer = "The lock is taken twice. Take it once.\n\n```rust\nlet held = lock.lock();\n```\n";
    let rehearsal = Rehearsal::start([Scene::reply(answer).in_pieces(2).hold_after(1), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let last = recorded(&place, &rehearsal).await;

    let file = place.project().join(FILE);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines[0]["recording"].as_u64(), lines[0]["width"].as_u64()), (Some(1), Some(100)));
    assert_eq!(lines.last().unwrap()["what"]["ended"], "left");
    assert!(text.contains("Why does it hang?") && text.contains("let held = lock.lock();"));

    let mut replay = face(&place, &["--replay", FILE], TALLER);
    replay.shows(&["▶ replay 0:0", "space pause"]);
    replay.press("G");
    let shown = replay.shows(&["■ replay"]);
    assert_eq!(picture(&shown), picture(&last));
    replay.press("N");
    replay.shows(&["‖ replay"]);
    replay.press("g");
    replay.shows(&["‖ replay 0:00", "0 threads"]);
    for _ in 0..4 {
        replay.press("n");
    }
    replay.press("G");
    assert_eq!(picture(&replay.shows(&["■ replay"])), picture(&last));
    assert!(!replay.oddities().iter().any(|odd| odd.starts_with("copy")), "{:?}", replay.oddities());
    replay.press("q");
    assert_eq!(replay.ended(), 0);
    assert_eq!(replay.modes(), *replay.modes_before());

    let told = place.run(&["tui", "--replay", FILE, "--plain"]).await;
    assert!(told.status.success());
    let told = String::from_utf8(told.stdout).unwrap();
    assert_in_order(&told, &["watching stdio", "call 1 chat is done", "turn 1 of chat by scripted", "turn 2 of chat"]);
    assert!(told.ends_with("the face was left\n") && !told.contains('\x1b'), "{told}");
}

#[tokio::test]
async fn a_recording_never_takes_the_place_of_a_file() {
    let place = Place::new();
    place.file(FILE, "precious");
    let screen = face(&place, &["--record", FILE], SIZE);
    assert_eq!(screen.ended(), 1);
    assert!(screen.text().contains("session.jsonl is there already: name another file"), "{}", screen.text());
    assert_eq!(std::fs::read_to_string(place.project().join(FILE)).unwrap(), "precious");
}

#[tokio::test]
async fn what_cannot_be_replayed_is_said_with_its_line() {
    let place = Place::new();
    let said = async |arguments: &[&str]| {
        let output = place.run(&[&["tui", "--replay"], arguments].concat()).await;
        assert!(output.stdout.is_empty());
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, why) = said(&["none.jsonl", "--plain"]).await;
    assert!(code == 4 && why.contains("none.jsonl cannot be read: No such file"), "{code} {why}");
    place.file(FILE, "{\"recording\":99,\"zen\":\"9.1.0\"}\n");
    let (code, why) = said(&[FILE]).await;
    assert!(code == 2 && why.contains("with --plain it answers a pipe"), "{code} {why}");
    let (code, why) = said(&[FILE, "--plain"]).await;
    assert!(code == 1 && why.contains("line 1: it was recorded by zen 9.1.0 in format 99"), "{code} {why}");
    let (code, why) = said(&[FILE, "--demo"]).await;
    assert!(code == 2 && why.contains("--demo"), "{code} {why}");
    let screen = face(&place, &["--replay", FILE], SIZE);
    assert_eq!(screen.ended(), 1);
    assert!(screen.text().contains("replay it there"), "{}", screen.text());
}
