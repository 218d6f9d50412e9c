//! A replay in paused time: what it shows and when, what its keys do, and that it does nothing else.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::player::{Player, Wish};
use super::{ReplayError, Stage, bar, play};
use crate::clock::Clock;
use crate::shutdown::Shutdown;
use crate::tui::Exit;
use crate::tui::event::{Effect, Event, TerminalAct};
use crate::tui::keymap::Keymap;
use crate::tui::recording::Header;
use crate::tui::recording::read::Tape;
use crate::tui::tests::sample::Driven;
use crate::tui::theme::{Depth, Preset, Theme};
use crate::unit::UnixMillis;

/// Recorded by `zen tui --record` in a terminal of 100x30, of another process that answered two questions; shortened to
/// the models and tools that are seen. It stays as it is: what was recorded in a format is replayed by every later zen.
const FORMAT_1: &str = "src/tui/replay/format-1.jsonl";

fn fixture() -> Player {
    player(&Path::new(env!("CARGO_MANIFEST_DIR")).join(FORMAT_1))
}

fn player(path: &Path) -> Player {
    Player::new(Tape::open(path).unwrap(), Depth::None, None).unwrap()
}

fn frame(player: &Player, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| bar::draw(player, frame)).unwrap();
    terminal.backend().to_string()
}

/// Plays until all that is due was taken in.
fn settle(player: &mut Player) {
    while player.rests() == Some(Duration::ZERO) {
        player.pass(Duration::ZERO).unwrap();
    }
    player.pass(Duration::ZERO).unwrap();
}

fn heed(player: &mut Player, wish: Wish) -> String {
    player.heed(wish).unwrap();
    settle(player);
    frame(player, 100, 31)
}

/// A recording of these lines behind a header, in a folder that goes with it.
fn written(lines: &[&str]) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("session.jsonl");
    let header = Header::new((100, 30), UnixMillis(1_795_262_671_000), Theme::new(true), false, &Keymap::default());
    let header = serde_json::to_string(&header).unwrap();
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    std::fs::write(&path, format!("{header}\n{lines}")).unwrap();
    (dir, path)
}

fn key(at: u64, key: char) -> String {
    format!(
        r#"{{"at":{at},"what":{{"took":{{"key":{{"code":{{"Char":"{key}"}},"modifiers":"","kind":"Press","state":""}}}}}}}}"#
    )
}

fn drained(at: u64, now: u64) -> String {
    format!(r#"{{"at":{at},"what":{{"took":{{"drained":{{"now":{now}}}}}}}}}"#)
}

#[test]
fn what_was_recorded_in_format_1_shows_the_same_frames() {
    let mut player = fixture();
    player.model.theme = Theme::new(false);
    insta::assert_snapshot!("a_recorded_session_at_its_end", heed(&mut player, Wish::End));
    let mut midway = fixture();
    midway.heed(Wish::Start).unwrap();
    for _ in 0..3 {
        heed(&mut midway, Wish::NextAct);
    }
    insta::assert_snapshot!("a_recorded_session_after_three_keys", frame(&midway, 100, 31));
}

#[test]
fn however_one_came_there_a_moment_looks_the_same() {
    let mut straight = fixture();
    let end = heed(&mut straight, Wish::End);
    let mut played = fixture();
    while !played.says().contains("the end") {
        played.pass(Duration::from_millis(40)).unwrap();
    }
    assert_eq!(frame(&played, 100, 31), end);
    let mut wandering = fixture();
    for wish in [Wish::NextAct, Wish::Ahead, Wish::Start, Wish::End, Wish::Back, Wish::Back, Wish::NextAct, Wish::End] {
        heed(&mut wandering, wish);
    }
    assert_eq!(frame(&wandering, 100, 31), end);
    let mut stepped = fixture();
    while !stepped.says().contains("the end") {
        heed(&mut stepped, Wish::Step);
    }
    assert_eq!(frame(&stepped, 100, 31), end);
}

#[test]
fn ages_are_those_of_the_session_and_not_of_today() {
    let mut player = fixture();
    let shown = heed(&mut player, Wish::End);
    let began = Tape::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join(FORMAT_1)).unwrap().header.began;
    assert!(player.model.now.since(began) < Duration::from_secs(600), "{shown}");
}

#[test]
fn the_line_of_the_replay_stands_below_the_picture_or_in_its_last_row() {
    let mut player = fixture();
    let tall = heed(&mut player, Wish::End);
    assert!(tall.lines().nth(30).unwrap().contains("■ replay"), "{tall}");
    assert!(tall.lines().nth(29).unwrap().contains("quit"), "{tall}");
    let exact = frame(&player, 100, 30);
    assert!(exact.lines().nth(29).unwrap().contains("space pause"), "{exact}");
    let small = frame(&player, 60, 20);
    assert!(small.lines().nth(19).unwrap().contains("cut: 100x30 in 60x20"), "{small}");
    let mut terminal = Terminal::new(TestBackend::new(1, 1)).unwrap();
    terminal.draw(|frame| bar::draw(&player, frame)).unwrap();
}

#[test]
fn looks_are_the_recorded_ones_unless_others_are_asked_for_in_no_more_colours_than_there_are() {
    let (_dir, path) = written(&[]);
    let theme = |depth, preset| Player::new(Tape::open(&path).unwrap(), depth, preset).unwrap().model.theme;
    assert_eq!(theme(Depth::Full, None), Theme::of(Preset::Ansi, Depth::Sixteen));
    assert_eq!(theme(Depth::None, Some(Preset::Mono)), Theme::of(Preset::Mono, Depth::None));
}

#[test]
fn what_is_missing_is_said_from_there_on() {
    let (_dir, path) = written(&[&key(10, '1'), r#"{"at":500,"what":{"lost":17}}"#, &drained(600, 5)]);
    let mut player = player(&path);
    assert_eq!(player.warns(), "");
    heed(&mut player, Wish::End);
    assert_eq!(player.warns(), "17 events are missing, cut off: its last lines are missing");
    heed(&mut player, Wish::Start);
    assert_eq!(player.warns(), "");
}

#[test]
fn nothing_that_the_session_asked_for_is_carried_out() {
    let mut lines: Vec<String> = "yYMxxqq".chars().map(|pressed| key(1, pressed)).collect();
    lines.insert(0, r#"{"at":0,"what":{"took":{"appeared":{"source":1,"name":"here","own":true}}}}"#.to_owned());
    lines.push(drained(2, 1_795_262_671_002));
    let (_dir, path) = written(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let mut player = player(&path);
    heed(&mut player, Wish::End);
    let asked = player.asked();
    assert!(asked.iter().all(|effect| matches!(effect, Effect::Colour { .. })), "{asked:?}");
    assert!(player.says().contains("the end"), "leaving is the end of it, and not of the replay");
}

#[test]
fn no_text_of_a_recording_reaches_the_terminal_as_it_is() {
    let hostile = "\\u001b]52;c;eA==\\u0007\\u202e\\u009b2J";
    let typed = |at, code: &str| key(at, '?').replace('?', code);
    let lines = [
        format!(r#"{{"at":0,"what":{{"took":{{"appeared":{{"source":1,"name":"n{hostile}","own":false}}}}}}}}"#),
        key(1, '/'),
        typed(2, "\\u001b"),
        typed(3, "\\u202e"),
        format!(r#"{{"at":4,"what":{{"took":{{"pasted":"p{hostile}"}}}}}}"#),
        format!(r#"{{"at":5,"what":{{"took":{{"watched":{{"source":1,"watch":{{"ended":"e{hostile}"}}}}}}}}}}"#),
        drained(6, 1_795_262_671_006),
    ];
    let (_dir, path) = written(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let mut player = player(&path);
    for _ in 0..10 {
        let shown = heed(&mut player, Wish::Step);
        assert!(!shown.contains(['\x1b', '\x07', '\u{202e}', '\u{9b}']), "{shown}");
    }
    assert!(frame(&player, 100, 31).contains("n]52"), "the name is shown, without what steers");
}

/// Sets every number of this name, however deep it stands.
fn set(value: &mut Value, name: &str, number: u64) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| {
            if key == name && value.is_u64() { *value = number.into() } else { set(value, name, number) }
        }),
        Value::Array(values) => values.iter_mut().for_each(|value| set(value, name, number)),
        _ => {}
    }
}

fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            if value.is_u64() {
                found.insert(key.clone());
            } else {
                names(value, found)
            }
        }),
        Value::Array(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

#[test]
fn no_number_of_a_recording_is_too_large_or_too_small_for_any_screen() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FORMAT_1)).unwrap();
    let lines: Vec<Value> = text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut found = BTreeSet::new();
    lines.iter().for_each(|line| names(&line["what"], &mut found));
    assert!(found.len() > 30, "{found:?}");
    for (name, number) in found.iter().flat_map(|name| [u64::MAX, u64::from(u32::MAX), 0].map(|number| (name, number)))
    {
        let mut driven = Driven::new(100, 30);
        for line in &lines {
            let mut what = line["what"]["took"].clone();
            set(&mut what, name, number);
            // A number that has no room in its field is refused with its line.
            let Ok(event) = serde_json::from_value::<Event>(what) else { continue };
            driven.take(event);
            driven.terminal();
        }
        for screen in ["␛2", "␛1", "3", "4", "5", "6"] {
            driven.keys(screen).terminal();
        }
    }
}

/// Keeps what was shown last and what was asked of the terminal.
#[derive(Clone, Default)]
struct Kept {
    shown: Arc<Mutex<(usize, String)>>,
    acts: Arc<Mutex<Vec<TerminalAct>>>,
}

impl Stage for Kept {
    fn draw(&mut self, player: &Player) -> io::Result<()> {
        let mut shown = self.shown.lock().unwrap();
        *shown = (shown.0 + 1, frame(player, 100, 31));
        Ok(())
    }

    fn act(&mut self, act: TerminalAct) -> io::Result<()> {
        self.acts.lock().unwrap().push(act);
        Ok(())
    }
}

struct Replayed {
    keys: mpsc::Sender<Input>,
    kept: Kept,
    shutdown: Shutdown,
    ended: JoinHandle<Result<Exit, ReplayError>>,
}

impl Replayed {
    fn start(player: Player) -> Self {
        let (keys, pressed) = mpsc::channel(64);
        let input = stream::unfold(pressed, |mut pressed: mpsc::Receiver<Input>| async move {
            let input = pressed.recv().await?;
            Some((Ok::<_, io::Error>(input), pressed))
        });
        let (kept, shutdown) = (Kept::default(), Shutdown::default());
        let clock = Clock::anchored(UnixMillis(0));
        let ended = tokio::spawn(play(player, clock, shutdown.clone(), Box::pin(input), kept.clone()));
        Self { keys, kept, shutdown, ended }
    }

    async fn press(&self, code: KeyCode) {
        self.keys.send(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    fn frames(&self) -> usize {
        self.kept.shown.lock().unwrap().0
    }

    fn shows(&self) -> String {
        self.kept.shown.lock().unwrap().1.clone()
    }
}

fn two_screens() -> (TempDir, PathBuf) {
    let lines = [
        key(2_000, '5'),
        drained(2_000, 1_795_262_673_000),
        key(60_000, '6'),
        drained(60_000, 1_795_262_731_000),
        r#"{"at":90000,"what":{"ended":"left"}}"#.to_owned(),
    ];
    written(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

#[tokio::test(start_paused = true)]
async fn it_plays_at_its_own_pace_faster_not_at_all_or_step_by_step() {
    let (_dir, path) = two_screens();
    let replayed = Replayed::start(player(&path));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(replayed.shows().contains("▶ replay 0:01 / 1:30") && !replayed.shows().contains("Messages"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(replayed.shows().contains("Messages"), "{}", replayed.shows());
    replayed.press(KeyCode::Char(' ')).await;
    let frames = replayed.frames();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(replayed.frames() - frames <= 1 && replayed.shows().contains("‖ replay 0:02"), "{}", replayed.shows());
    replayed.press(KeyCode::Char('.')).await;
    assert!(replayed.shows().contains("‖ replay 1:00 / 1:30") && replayed.shows().contains("Calls"));
    replayed.press(KeyCode::Char('N')).await;
    assert!(replayed.shows().contains("‖ replay 0:02") && replayed.shows().contains("Messages"));
    for code in [KeyCode::Char('+'), KeyCode::Char('+'), KeyCode::Char('+'), KeyCode::Char('-'), KeyCode::Char(' ')] {
        replayed.press(code).await;
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(replayed.shows().contains("×4") && replayed.shows().contains("replay 0:4"), "{}", replayed.shows());
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(replayed.shows().contains("■ replay 1:30 / 1:30 ×4 the end"), "{}", replayed.shows());
    let frames = replayed.frames();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert!(replayed.frames() - frames <= 1, "at its end it rests");
    replayed.press(KeyCode::Char('q')).await;
    assert_eq!(replayed.ended.await.unwrap().unwrap(), Exit::Quit);
    assert!(replayed.kept.acts.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn it_is_drawn_once_a_second_and_left_at_once() {
    let (_dir, path) = two_screens();
    let replayed = Replayed::start(player(&path));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let before = replayed.frames();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!((19..=22).contains(&(replayed.frames() - before)), "{}", replayed.frames() - before);
    replayed.shutdown.begin();
    assert_eq!(replayed.ended.await.unwrap().unwrap(), Exit::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_changes_while_it_is_played_ends_the_replay_with_a_word() {
    let (_dir, path) = two_screens();
    let replayed = Replayed::start(player(&path));
    tokio::time::sleep(Duration::from_secs(1)).await;
    std::fs::write(&path, "{\"recording\":1}\nnothing\n").unwrap();
    replayed.press(KeyCode::End).await;
    replayed.press(KeyCode::Home).await;
    let left = replayed.ended.await.unwrap();
    assert!(matches!(&left, Err(ReplayError::Recording(_))), "{left:?}");
    assert!(left.unwrap_err().to_string().contains("line 2"));
}
