//! Text that wants to take the terminal over goes in everywhere; what comes out is parsed as a terminal would.

use std::num::NonZero;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};

use super::sample::*;
use crate::control::types::*;
use crate::id::{CallId, MessageSeq};
use crate::insight::doubt::{Judged, Opinion};
use crate::provider::{Class, Finish};
use crate::tui::event::{Event, Reply};
use crate::tui::terminal::Held;
use crate::tui::view::view;

const SIZE: (u16, u16) = (120, 40);

const HOSTILE: &[&str] = &[
    "\x1b]0;owned\x07title",
    "\x1b]2;owned\x1b\\title",
    "\x1b]52;c;b3duZWQ=\x07clipboard",
    "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\dcs",
    "\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\",
    "\u{9b}31m\u{9d}0;owned\u{9c}eight bit",
    "\x1b]0;never terminated",
    "\x1b[2J\x1b[H\x1b[?1049l\x1b[?1000h\x1b[?2004l\x1bc",
    "\x1b[6n\x1b[c\x05",
    "a\rb\x08\x08c\x7f\x0e\x0f",
    "user\u{202e}gpj.exe\u{2066}x\u{2069}",
    "tags\u{e0041}\u{e007f}",
    "z\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}algo",
    "\u{200b}\u{200d}\u{feff}zero",
    "&#27;]0;owned&#7; &#x9b;31m &#x202e; `code` [link](&#27;[2J)\n\n```&#27;[6n\n\x1b[2J\n```\n|&#27;c|\n|-|",
];

/// A face into which one hostile text went by every way there is.
fn infested(hostile: &str) -> Driven {
    let text = hostile.to_owned();
    let mut driven = Driven::new(SIZE.0, SIZE.1);
    let mut snapshot = other();
    snapshot.hello.clients[0].name = text.clone();
    snapshot.hello.working_directory = text.clone();
    for thread in &mut snapshot.threads {
        thread.title = text.clone();
        thread.tool = text.clone();
        thread.model = Some(hostile.into());
    }
    for message in &mut snapshot.messages {
        message.method = text.clone();
        message.transport = text.clone();
        message.tool = Some(text.clone());
        message.id = Some(text.clone());
    }
    let mut waiting = paused();
    (waiting.tool, waiting.by, waiting.reason) = (Some(text.clone()), text.clone(), text.clone());
    (waiting.method, waiting.text) = (text.clone(), whole(hostile));
    snapshot.paused = vec![waiting];
    let failed = Stage::Failed { class: None, message: text.clone() };
    let mut on_thread = call(18, hostile, Some(thread_id('3')), Stage::Streaming, 50);
    on_thread.model = Some(hostile.into());
    snapshot.calls.push(on_thread);
    driven.appear(OTHER, hostile, true);
    driven.send(OTHER, Update::Snapshot(Box::new(snapshot)));
    driven.keys("↓");
    driven.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(infested_detail(hostile))) });
    driven.reply(OTHER, Reply::LiveText { call: CallId(18), outcome: Ok(whole(hostile)) });
    let calls = vec![call(18, hostile, Some(thread_id('3')), failed, 50)];
    let providers = vec![infested_provider(hostile)];
    driven.send(OTHER, Update::Delta(Box::new(Delta { calls, providers, ..Delta::default() })));
    let mut infested = models();
    for model in &mut infested {
        (model.id, model.provider) = (hostile.into(), hostile.into());
        (model.title, model.description) = (text.clone(), text.clone());
        (model.aliases, model.price_source) = (vec![text.clone()], Some(text.clone()));
    }
    driven.reply(OTHER, Reply::Models { outcome: Ok(infested) });
    driven
}

fn infested_provider(hostile: &str) -> ProviderSummary {
    let mut provider = failing();
    (provider.id, provider.title) = (hostile.into(), hostile.to_owned());
    provider.health.last_error = Some(FailedWith { class: Class::Overloaded, message: hostile.to_owned() });
    provider.resting.iter_mut().for_each(|resting| resting.model = Some(hostile.into()));
    provider
}

fn infested_interceptors(hostile: &str) -> Interceptors {
    let decider = DeciderSummary { name: hostile.to_owned(), enabled: true, hits: 1, failures: 1 };
    let rules = RulesSummary { path: hostile.to_owned(), loaded: NOW, errors: vec![hostile.to_owned()] };
    Interceptors { deciders: vec![decider], rules: Some(rules) }
}

fn infested_detail(hostile: &str) -> ThreadDetail {
    let mut detail = detail();
    for turn in &mut detail.turns {
        turn.tool = hostile.to_owned();
        turn.prompt = whole(hostile);
        turn.answer = Some(whole(hostile));
        turn.files = vec![hostile.to_owned()];
        turn.withheld = vec![hostile.to_owned()];
        let (by, because) = (Some(hostile.to_owned()), hostile.to_owned());
        let judged = Some(Judged { by, opinion: Opinion::Holds, because, cost: None });
        turn.verdict = Some(Verdict { words: vec![hostile.to_owned()], judged, ..verdict() });
        turn.refused = vec![RefusedFile { path: hostile.to_owned(), reason: hostile.to_owned() }];
        for consultation in &mut turn.consultations {
            consultation.provider = hostile.into();
            consultation.model = hostile.into();
            consultation.asked_as = hostile.to_owned();
            consultation.finish = Finish::Other(hostile.to_owned());
            consultation.failure = Some(FailedWith { class: Class::Overloaded, message: hostile.to_owned() });
            consultation.decisions.iter_mut().for_each(|decision| decision.subject = hostile.to_owned());
        }
    }
    detail
}

/// The bytes of a frame, as the terminal would get them.
fn bytes(driven: &Driven) -> Vec<u8> {
    let held = Held::new();
    let viewport = Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
    let backend = CrosstermBackend::new(held.clone());
    let mut terminal = Terminal::with_options(backend, TerminalOptions { viewport }).unwrap();
    terminal.draw(|frame| view(&driven.model, frame)).unwrap();
    let mut bytes = Vec::new();
    held.release(&mut bytes).unwrap();
    bytes
}

/// Notes whatever a frame must not do.
#[derive(Default)]
struct Acts(Vec<String>);

impl vt100::Callbacks for Acts {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.0.push(format!("title {title:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("clipboard {data:?}"));
    }

    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("bell".to_owned());
    }
}

/// Every escape in the bytes is one that a frame consists of: a cursor position, a colour or weight, the cursor hidden.
fn foreign_escapes(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let ours = |sequence: &str| {
        let Some(body) = sequence.strip_prefix('[') else { return false };
        let end = body.find(|character: char| !character.is_ascii_digit() && character != ';' && character != '?');
        end.is_some_and(|end| {
            let (arguments, last) = (&body[..end], &body[end..=end]);
            matches!(last, "H" | "m") || (arguments == "?25" && last == "l")
        })
    };
    text.split('\x1b').skip(1).filter(|sequence| !ours(sequence)).map(str::to_owned).collect()
}

fn assert_harmless(driven: &Driven, hostile: &str) {
    let bytes = bytes(driven);
    assert_eq!(foreign_escapes(&bytes), Vec::<String>::new(), "{hostile:?}");
    let text = String::from_utf8(bytes.clone()).unwrap();
    let unwanted = |character: char| {
        (character.is_control() && character != '\x1b')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    assert!(!text.contains(unwanted), "{hostile:?}");
    let cells = |count| NonZero::new(count).unwrap();
    let mut parser = vt100::Parser::new_with_callbacks(cells(SIZE.1), cells(SIZE.0), 0, Acts::default());
    parser.process(&bytes);
    assert_eq!(parser.callbacks().0, Vec::<String>::new(), "{hostile:?}");
    let screen = parser.screen();
    assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.application_cursor());
    assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
}

#[test]
fn foreign_text_does_nothing_to_the_terminal() {
    for hostile in HOSTILE {
        let mut driven = infested(hostile);
        assert_harmless(&driven, hostile);
        assert_harmless(driven.keys("x"), hostile);
        assert_harmless(driven.keys("n1"), hostile);
        assert_harmless(driven.keys("4"), hostile);
        assert_harmless(driven.keys("6"), hostile);
        assert_harmless(driven.keys("5"), hostile);
        driven.keys("gg↵");
        let detail = MessageDetail {
            summary: other().messages.remove(0),
            before: whole(hostile),
            after: Some(whole(hostile)),
            steps: Vec::new(),
        };
        driven.reply(OTHER, Reply::Message { seq: MessageSeq(1), outcome: Ok(Box::new(detail)) });
        assert_harmless(&driven, hostile);
        driven.keys("t");
        let tool = ToolSwitch { name: (*hostile).to_owned(), title: (*hostile).to_owned(), enabled: true };
        driven.reply(OTHER, Reply::Toolbox { outcome: Ok(vec![tool]) });
        assert_harmless(&driven, hostile);
        assert_harmless(driven.keys("d"), hostile);
        driven.keys("nqr");
        driven.reply(OTHER, Reply::Interceptors { outcome: Ok(infested_interceptors(hostile)) });
        assert_harmless(&driven, hostile);
        assert_harmless(driven.keys("d"), hostile);
        driven.keys("nq!e");
        let pause = paused().id;
        let text = serde_json::json!({ "id": 1, "method": hostile }).to_string();
        driven.reply(OTHER, Reply::PausedText { pause, outcome: Ok(text) });
        let left = serde_json::json!({ "id": 1, "method": format!("{hostile}!") }).to_string();
        driven.take(Event::Edited { source: OTHER, pause, outcome: Ok(left) });
        assert!(driven.frame().contains("let it go on so"), "{}", driven.frame());
        assert_harmless(&driven, hostile);
        driven.take(Event::Edited { source: OTHER, pause, outcome: Err((*hostile).to_owned()) });
        assert_harmless(driven.keys("␛"), hostile);
    }
}

#[test]
fn the_parser_of_this_test_would_notice() {
    assert_eq!(foreign_escapes(b"\x1b[1;1Hok\x1b[31m\x1b[?25l").len(), 0);
    for hostile in &HOSTILE[..6] {
        assert!(!foreign_escapes(hostile.as_bytes()).is_empty(), "{hostile:?}");
    }
}
