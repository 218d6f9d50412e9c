//! The face in a real terminal: what a person sees, what the keys do, and that the terminal is given back on every way
//! out.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on, its helpers included")]

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use zen::clock::Clock;
use zen::rehearsal::{Rehearsal, Scene};
use zen::shutdown::Shutdown;
use zen::tui;
use zen::tui::keymap::Keymap;
use zen::tui::look::Look;

use crate::support::place::Place;
use crate::support::screen::{BEFORE, Screen};
use crate::support::{chat, on, soon};

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
    command.args(["--exact", "tui::a_face_that_panics_when_told_to", "--ignored", "--nocapture"]);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_is_watched_and_steered_live() {
    let answer = "The lock is taken twice. Take it once.";
    let rehearsal = Rehearsal::start([Scene::reply(answer).in_pieces(2).hold_after(1), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &[]);
    screen.shows(&["0 threads"]);
    let mut zen = place.connected().await;
    let name = format!("stdio {} project", zen.pid());
    screen.shows(&[&format!("● {name} ‹test-client›")]);

    let call = zen.send_call("chat", chat("Why does it hang?")).await;
    screen.shows(&["1 call in flight", "▸ call", "scripted · text arrives", "The lock is taken"]);
    screen.shows_no(&["Take it once."]);
    rehearsal.release_all();
    let thread = zen.called(call).await.continuation_id();
    screen.shows(&[&thread[..8], "1 thread ", "1/20", "Why does it hang?", "Take it once.", " in · ", "first text"]);

    screen.press("x");
    screen.shows(&["Expire this thread?", &thread[..8], &name, "x expire it"]);
    screen.press("x");
    screen.shows(&[&format!("expired {}", &thread[..8]), "0 threads", "as soon as a connected"]);
    let refused = zen.chat_on(&thread, "And now?").await;
    assert!(refused.is_error && refused.text.contains(&thread), "{}", refused.text);

    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    screen.shows(&[&format!("○ {name}"), "gone"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_talks_to_a_model_and_watches_the_reply() {
    let answer = "The lock is taken twice. Take it once.";
    let scenes = [Scene::reply(answer).in_pieces(2).hold_after(1), Scene::reply("Then measure.").hold()];
    let rehearsal = Rehearsal::start(scenes).unwrap();
    let place = Place::new().provider(&rehearsal);
    std::fs::write(place.project().join("lock.rs"), "fn lock() {}\n").unwrap();
    let mut screen = face(&place, &[]);
    screen.shows(&["0 threads"]);
    screen.press("c");
    screen.shows(&["A message", "a new thread in", "send"]);
    screen.press("Why does it hang? @lo");
    screen.shows(&["▌ lock.rs"]);
    screen.press("\r");
    screen.shows(&["@lock.rs", "send"]);
    screen.press("\r");
    screen.shows(&["1 call in flight", "text arrives", "The lock is taken"]);
    screen.shows_no(&["Take it once."]);
    rehearsal.release_one();
    screen.shows(&["1 thread ", "1/20", "Take it once.", "lock.rs", " in · "]);
    assert!(rehearsal.requests()[0].last_user().contains("fn lock() {}"), "the file went along");

    screen.press("cAnd then?\r");
    screen.shows(&["1 call in flight", "esc"]);
    screen.press("\x1b");
    screen.shows(&["chat was given up"]);
    screen.shows_no(&["call in flight"]);
    screen.press("q");
    screen.shows(&["Quit zen?"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_of_another_process_are_found_forked_exported_and_expired_together() {
    let rehearsal = Rehearsal::start([Scene::echo(), Scene::echo(), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &[]);
    let mut zen = place.connected().await;
    let ratchet = zen.chat("How does a ratchet hold?").await.continuation_id();
    let gear = zen.chat("What is a worm gear?").await.continuation_id();
    screen.shows(&["2 threads", &ratchet[..8], &gear[..8]]);

    screen.press("/ratchet tool:chat\r");
    screen.shows(&["/ ratchet tool:chat", "1 of 1", &ratchet[..8]]);
    screen.press("f");
    screen.shows(&["forked thread", "3 threads"]);
    screen.press("\x1b");
    screen.shows(&["of 3", &gear[..8]]);
    screen.press("/worm\r");
    screen.shows(&["1 of 1", &gear[..8]]);
    screen.press("E\r");
    screen.shows(&[&format!("thread {} is in zen-{}.md", &gear[..8], &gear[..8])]);
    let written = std::fs::read_to_string(place.project().join(format!("zen-{}.md", &gear[..8]))).unwrap();
    assert!(written.contains("What is a worm gear?"), "{written}");

    screen.press("\x1b");
    screen.shows(&["of 3"]);
    screen.press("*x");
    screen.shows(&["Expire these threads?", "3 threads"]);
    screen.press("x");
    screen.shows(&["0 threads"]);
    for thread in [&ratchet, &gear] {
        assert!(zen.chat_on(thread, "And now?").await.is_error, "gone there too");
    }
    screen.press("U");
    // The toast before it names three threads too: all are back when the list has them.
    screen.shows(&["restored thread", " of 3 ╮", &ratchet[..8]]);
    assert!(!zen.chat_on(&ratchet, "And now?").await.is_error);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_it_steers_nothing_and_says_so() {
    let rehearsal = Rehearsal::start([Scene::echo(), Scene::echo().hold(), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &["--read-only"]);
    let mut zen = place.connected().await;
    let thread = zen.chat("The first question").await.continuation_id();
    screen.shows(&["read-only", &thread[..8], "1/20"]);

    screen.press("xx");
    screen.shows(&["read-only: threads are not expired from here", &thread[..8]]);
    let call = zen.send_call("chat", on(&thread, chat("The second question"))).await;
    screen.shows(&["1 call in flight"]);
    screen.press("XX");
    screen.shows(&["read-only: calls are not cancelled from here", "1 call in flight"]);
    rehearsal.release_all();
    assert!(!zen.called(call).await.is_error);
    screen.shows(&["2/20"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}

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

/// A place in which every call of `chat` waits for a person.
fn pausing(rehearsal: &Rehearsal) -> Place {
    let place = Place::new().provider(rehearsal);
    let rules = place.path("rules.toml");
    let rule = "[[rule]]\nname = \"look\"\ntool = \"chat\"\nkind = \"request\"\naction = \"pause\"\nreason = \"a person looks\"\ntimeout = \"1h\"\n";
    std::fs::write(&rules, rule).unwrap();
    place.set("interceptors.rules", rules.display())
}

/// A face whose editor is this script; `$1` is the file.
fn edited_by(place: &Place, script: &str) -> Screen {
    let editor = place.path("editor");
    std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command(&["tui"]);
    // VISUAL goes before EDITOR.
    command.env("EDITOR", "false").env("VISUAL", &editor);
    Screen::open(command.as_std(), SIZE)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_message_goes_through_the_persons_editor_and_on_to_the_provider() {
    let rehearsal = Rehearsal::start(Scene::reply("Measure first.")).unwrap();
    let place = pausing(&rehearsal);
    // It asks at the terminal, as an editor would, and then changes one word.
    let script = r#"
        printf 'an editor asks: '
        read answer
        echo "$answer" > answer
        sed "s/hang/$answer/" "$1" > "$1.new" && mv "$1.new" "$1""#;
    let mut screen = edited_by(&place, script);
    screen.shows(&["0 threads"]);
    let mut zen = place.connected().await;
    let call = zen.send_call("chat", chat("Why does it hang? \u{202e}")).await;
    screen.press("!");
    screen.shows(&["Waiting", "a person looks", "e edit"]);
    screen.press("e");
    screen.shows(&["an editor asks:", BEFORE]);
    assert_eq!(screen.modes().line_discipline, screen.modes_before().line_discipline);
    screen.press("stutter\r");
    screen.shows(&["Changed", "- ", "Why does it hang?", "+ ", "Why does it stutter?", "c let it go on so"]);
    assert_taken(&screen);
    screen.press("\r");
    assert!(rehearsal.requests().is_empty(), "return alone is no answer");
    screen.press("c");
    screen.shows(&["decided"]);
    assert!(zen.called(call).await.content().contains("Measure first."));
    let requests = rehearsal.requests();
    let asked = requests[0].last_user();
    assert!(asked.contains("Why does it stutter? \u{202e}") && !asked.contains("hang"), "{asked}");
    assert_eq!(std::fs::read_to_string(place.project().join("answer")).unwrap(), "stutter\n");
    // Out of the list, and out of zen.
    screen.press("qq");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_editor_that_fails_or_changes_nothing_leaves_the_message_paused() {
    let rehearsal = Rehearsal::start(Scene::reply("Measure first.")).unwrap();
    let place = pausing(&rehearsal);
    // Each time it is opened it does the next thing.
    let script = r#"
        case "$(ls done-* 2>/dev/null | wc -l)" in
            0) touch done-1 ;;
            1) touch done-2; exit 4 ;;
            2) touch done-3; echo '{' > "$1" ;;
            3) touch done-4; sed 's/"id": [0-9]*/"id": 4711/' "$1" > "$1.new" && mv "$1.new" "$1" ;;
            *) stty raw; sed 's/hang/crawl/' "$1" > "$1.new" && mv "$1.new" "$1" ;;
        esac"#;
    let mut screen = edited_by(&place, script);
    let mut zen = place.connected().await;
    let call = zen.send_call("chat", chat("Why does it hang?")).await;
    screen.press("!");
    screen.shows(&["Waiting", "e edit"]);
    for said in ["nothing was changed", "gave the text up", "no JSON any more", "another kind of message now"] {
        screen.press("e");
        screen.shows(&[said, "the message still waits", "Why does it hang?"]);
        assert_taken(&screen);
    }
    assert!(!zen.has_reply(call) && rehearsal.requests().is_empty());
    screen.press("e");
    screen.shows(&["Changed", "Why does it crawl?"]);
    screen.press("\x1b");
    screen.shows(&["left as it was; it still waits", "Why does it hang?"]);
    screen.press("c");
    assert!(!zen.called(call).await.is_error);
    assert!(rehearsal.requests()[0].last_user().contains("Why does it hang?"));
    // Out of the list, and out of zen.
    screen.press("qq");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_in_an_editor_is_the_editors_and_a_termination_ends_both() {
    let rehearsal = Rehearsal::start(Scene::reply("Measure first.")).unwrap();
    let place = pausing(&rehearsal);
    let script = "trap 'echo heard it' INT; trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done";
    let mut screen = edited_by(&place, script);
    let mut zen = place.connected().await;
    zen.send_call("chat", chat("Why does it hang?")).await;
    screen.press("!");
    screen.shows(&["Waiting", "e edit"]);
    screen.press("e");
    screen.shows(&["up", BEFORE]);
    screen.press("\x03");
    screen.shows(&["heard it"]);
    screen.signal(Signal::TERM);
    assert_eq!(screen.ended(), 0);
    assert_eq!(screen.modes(), *screen.modes_before());
}
