//! The demo's tape, played against the real binary: it fails where the face no longer shows what the tape waits for.
//! `ZEN_PICTURES=write cargo test --locked --test it tape::` plays it at the pace of a viewer and makes `assets/demo.svg`
//! of what the terminal showed.

mod film;
mod script;

use std::path::Path;
use std::time::Duration;

use crate::support::frames::Frame;
use crate::support::place::Place;
use crate::support::repository_file;
use crate::support::screen::Screen;
use script::{Act, Misread, On, Tape};

const TAPE: &str = "assets/demo.tape";
const PICTURE: &str = "assets/demo.svg";
/// Bytes that a page may have to load for it.
const MAX_PICTURE: usize = 400_000;
/// Past the last frame of the tape the shell is still there.
const SHELL: [&str; 2] = ["-i", "+m"];

/// For whom a tape is played.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    /// It rests as the tape says.
    Viewers,
    /// It rests nowhere: each wait ends with what it waits for.
    Tests,
}

/// What was seen while a tape was played.
struct Played {
    frames: Vec<Frame>,
    /// When the picture that stands for the whole was taken.
    poster: Duration,
}

/// Plays the tape in a shell, in a place of its own.
fn play(tape: &Tape, audience: For) -> Played {
    let place = Place::new();
    let folder = Path::new(env!("CARGO_BIN_EXE_zen")).parent().unwrap();
    for program in &tape.requires {
        assert!(folder.join(program).is_file(), "the tape needs {program}");
    }
    let place = place.env("PATH", format!("{}:/usr/bin:/bin", folder.display())).env("PS1", "> ").env("PS2", "");
    let place = tape.environment.iter().fold(place, |place, (name, value)| place.env(name, value));
    let mut screen = Screen::open(place.other("/bin/sh", &SHELL).as_std(), tape.size);
    screen.film(true);
    let mut poster = Duration::ZERO;
    for step in &tape.steps {
        match &step.act {
            Act::Press { keys, pace } => press(&mut screen, keys, rest(audience, *pace)),
            Act::Sleep(time) => std::thread::sleep(rest(audience, *time)),
            Act::Wait { on, pattern } => {
                let holds = |text: &str| match on {
                    On::Screen => pattern.is_match(text),
                    On::Line => text
                        .lines()
                        .map(str::trim_end)
                        .rfind(|line| !line.is_empty())
                        .is_some_and(|line| pattern.is_match(line)),
                };
                screen.wait_for(&format!("/{pattern}/ of {TAPE}, line {}", step.line), holds);
            }
            Act::Screenshot => poster = screen.filmed().at(),
            Act::Hide => screen.film(false),
            Act::Show => screen.film(true),
        }
    }
    screen.film(false);
    let frames = std::mem::take(&mut screen.filmed().frames);
    screen.press("exit\r");
    assert_eq!(screen.ended(), 0);
    Played { frames, poster }
}

/// Nothing is slept away in a test.
fn rest(audience: For, time: Duration) -> Duration {
    if audience == For::Viewers { time } else { Duration::ZERO }
}

fn press(screen: &mut Screen, keys: &[String], pace: Duration) {
    for key in keys {
        screen.press(key);
        std::thread::sleep(pace);
    }
}

/// Tells one tape from another.
fn mark(tape: &str) -> String {
    let hash = tape
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("made of {TAPE} {hash:016x}")
}

#[test]
fn the_demo_shows_what_its_tape_waits_for() {
    let text = std::fs::read_to_string(repository_file(TAPE)).unwrap();
    let tape = Tape::parse(&text).unwrap_or_else(|wrong| panic!("{TAPE}: {wrong:?}"));
    let write = std::env::var_os("ZEN_PICTURES").is_some_and(|value| value == "write");
    let played = play(&tape, if write { For::Viewers } else { For::Tests });
    let picture = repository_file(PICTURE);
    if write {
        let drawn = film::svg(&played.frames, played.poster, tape.size, &mark(&text));
        assert!(drawn.len() <= MAX_PICTURE, "{} bytes are more than {MAX_PICTURE}", drawn.len());
        std::fs::write(&picture, drawn).unwrap();
    }
    assert!(played.frames.len() > 10, "{} frames", played.frames.len());
    let drawn = std::fs::read_to_string(&picture).unwrap();
    assert!(drawn.contains(&mark(&text)), "{PICTURE} is of another tape: see the head of this file");
    assert!(drawn.len() <= MAX_PICTURE && !drawn.contains("<script") && !drawn.contains("http://localhost"));
}

#[test]
fn a_tape_says_nothing_that_is_not_played() {
    let wrong = |text: &str| -> Vec<String> { Tape::parse(text).unwrap_err().iter().map(Misread::to_string).collect() };
    let text = "Output a.gif\nSource other.tape\n# Fly\n\nFly high\nSleep soon\nWait+Screen /(/\nWait for it\nType two words\n\
                Type \"open\nSet Theme \"x\"\nSet FontSize big\nCtrl+Alt+x\nEnter twice\nType \"a\" Type \"b\"\nHide now\nEnv X\nEscape\nSleep 1s\nEnter";
    assert_eq!(wrong(text).len(), 15, "{:#?}", wrong(text));
    for (line, says) in [
        (0, "line 2: 'Source' is no command that is played here"),
        (1, "line 5: 'Fly' is no command that is played here"),
        (2, "line 6: 'soon' is no time such as 500ms or 2s"),
        (4, "line 8: a pattern stands between slashes"),
        (14, "line 20: it follows an Escape without a Wait between them"),
        (7, "line 11: there is no setting 'Theme' here: Shell, FontSize"),
    ] {
        assert!(wrong(text)[line].starts_with(says), "{} and not {says}", wrong(text)[line]);
    }
}

#[test]
fn a_tape_is_read_as_vhs_reads_it() {
    let text = "Set TypingSpeed 10ms\nSet FontSize 10\nSet Width 520\nSet Height 280\nType \"ls -l\"\nType@1.5s 'q'\n\
                Enter 2\nCtrl+C\nSleep .5\nWait\nWait+Screen@5s /a|b/\nEnv A \"b c\"\nRequire zen";
    let tape = Tape::parse(text).unwrap();
    assert_eq!((tape.size, tape.requires.as_slice()), ((80, 20), ["zen".to_owned()].as_slice()));
    assert_eq!(tape.environment, [("A".to_owned(), "b c".to_owned())]);
    let said: Vec<String> = tape.steps.iter().map(|step| format!("{:?}", step.act)).collect();
    assert_eq!(said[0], "Press { keys: [\"l\", \"s\", \" \", \"-\", \"l\"], pace: 10ms }");
    assert_eq!(said[1], "Press { keys: [\"q\"], pace: 1.5s }");
    assert_eq!(said[2], "Press { keys: [\"\\r\", \"\\r\"], pace: 10ms }");
    assert_eq!(said[3], "Press { keys: [\"\\u{3}\"], pace: 10ms }");
    assert_eq!(said[4], "Sleep(500ms)");
    assert!(said[5].starts_with("Wait { on: Line, pattern: Regex(\">$\")"), "{}", said[5]);
    assert!(said[6].starts_with("Wait { on: Screen"));
}

#[test]
fn a_film_moves_through_its_frames_and_shows_its_poster_where_nothing_may_move() {
    use crate::support::frames::{Piece, Style};
    let row = |text: &str| vec![Piece { column: 2, cells: 1, style: Style::default(), text: text.to_owned() }];
    let frame = |at, rows: [&str; 2]| Frame { at: Duration::from_secs(at), rows: rows.map(row).to_vec() };
    let frames = [frame(0, ["<", "x"]), frame(1, ["b", "x"]), frame(2, ["<", "x"])];
    let drawn = film::svg(&frames, Duration::from_secs(1), (20, 2), "of a test");
    assert_eq!(drawn.matches("<text id=").count(), 3, "each distinct row stands in it once: {drawn}");
    assert!(drawn.contains(">&lt;</text>") && drawn.contains("<!-- of a test -->"), "{drawn}");
    let moves = ".r0{transform:translateY(-17px);animation:r0 5.00s step-end infinite}@keyframes r0{0.00%{transform:translateY(0px)}20.00%{transform:translateY(-17px)}40.00%{transform:translateY(0px)}}";
    assert!(drawn.contains(moves), "{drawn}");
    assert!(!drawn.contains("@keyframes r1") && drawn.contains("prefers-reduced-motion"), "{drawn}");
}
