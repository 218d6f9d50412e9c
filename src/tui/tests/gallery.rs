//! Every screen and everything that stands over one, as a table: looked at in each size and by what its cells are.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use ratatui::style::{Color, Modifier, Style};
use serde_json::json;

use super::budgets::looking;
use super::sample::*;
use crate::control::types::*;
use crate::id::MessageSeq;
use crate::tui::event::{Effect, Event, Reply, TerminalAct};
use crate::tui::model::{Model, Overlay, Screen};
use crate::tui::theme::{Depth, Preset, Role, Theme};

/// A face to which everything has been said that a process says.
fn day() -> Driven {
    let mut face = Driven::full(100, 30);
    let concern = Some(Concern::Drift);
    let threads = vec![ThreadSummary { concern, ..thread('b', "debug", "grok-4", 11, 64, "The parser drops a token") }];
    let text =
        whole(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"hi"}}}"#);
    let paused = Some(vec![PausedSummary { text, ..paused() }]);
    let ended =
        |id, stage, took| CallSummary { started: ago(took), ended: Some(NOW), ..call(id, "debug", None, stage, 0) };
    let failed = Stage::Failed { class: None, message: "the key was refused".to_owned() };
    let calls = vec![ended(14, Stage::Done, 30), ended(15, failed, 20)];
    let providers = vec![failing()];
    let delta = Delta { threads, paused, calls, providers, ..Delta::default() };
    face.send(OTHER, Update::Delta(Box::new(delta)));
    let input = json!({ "properties": { "prompt": { "type": "string", "description": "The question" } }, "required": ["prompt"] });
    let tool = |name: &str| ToolSummary {
        name: name.to_owned(),
        title: "Think".to_owned(),
        description: "Thinks about a question for long, and says what it found.".to_owned(),
        input: input.clone(),
    };
    for source in [OWN, OTHER] {
        face.reply(source, Reply::Models { outcome: Ok(models()) });
        face.reply(source, Reply::Tools { outcome: Ok(vec![tool("thinkdeep")]) });
    }
    face.keys("↓");
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    face
}

fn on(keys: &str) -> Driven {
    let mut face = day();
    face.keys(keys);
    face
}

fn replied(keys: &str, reply: Reply) -> Driven {
    let mut face = on(keys);
    face.reply(OTHER, reply);
    face
}

fn switches(keys: &str) -> Driven {
    let tool = |name: &str, enabled| ToolSwitch { name: name.to_owned(), title: name.to_owned(), enabled };
    let decider = |name: &str, enabled| DeciderSummary { name: name.to_owned(), enabled, hits: 7, failures: 0 };
    let mut face = replied(keys, Reply::Toolbox { outcome: Ok(vec![tool("chat", true), tool("debug", false)]) });
    let deciders = vec![decider("no secrets", true), decider("redaction", false)];
    face.reply(OTHER, Reply::Interceptors { outcome: Ok(Interceptors { deciders, rules: None }) });
    face
}

fn message() -> Driven {
    let text = |key: &str| whole(&format!(r#"{{"jsonrpc":"2.0","id":118,"params":{{"name":"chat"{key}}}}}"#));
    let (before, after) = (text(r#","api_key":"‹redacted›""#), Some(text("")));
    let detail = MessageDetail { summary: other().messages.remove(2), before, after, steps: Vec::new() };
    replied("5ggjj↵", Reply::Message { seq: MessageSeq(3), outcome: Ok(Box::new(detail)) })
}

fn answered() -> Driven {
    let mut face = on(":call think↵why?↵");
    let (number, text) = (face.model.sends, "It was taken twice.\n\nOnce is enough.".to_owned());
    face.reply(OWN, Reply::Called { number, outcome: Ok(ToolResult { text, is_error: false }) });
    face
}

fn changed() -> Driven {
    let mut face = on("!e");
    let text = other_paused(&face);
    face.reply(OTHER, Reply::PausedText { pause: paused().id, outcome: Ok(text) });
    let lent = face.asked().into_iter().find_map(|effect| match effect {
        Effect::Terminal(TerminalAct::Edit { text, .. }) => Some(text),
        _ => None,
    });
    let outcome = Ok(lent.unwrap().replace("hi", "good evening"));
    face.take(Event::Edited { source: OTHER, pause: paused().id, outcome });
    face
}

fn other_paused(face: &Driven) -> String {
    face.model.source(OTHER).unwrap().paused[0].text.text.clone()
}

/// Everything that can be on screen, by name.
pub fn gallery() -> Vec<(&'static str, Driven)> {
    vec![
        ("overview", on("1")),
        ("threads", on("2")),
        ("turns", on("2↵gg")),
        ("budget", looking()),
        ("models", on("4j")),
        ("log", on("5")),
        ("message", message()),
        ("activity", on("6")),
        ("help", on("?")),
        ("question", on("x")),
        ("question-to-quit", on("q")),
        ("question-before-a-switch", on("4d")),
        ("filter", on("4/gemini")),
        ("palette", on(":re")),
        ("compose", on("cAnd what of @src")),
        ("choice", on("c⇥")),
        ("form", on(":call think↵why?")),
        ("sheet", answered()),
        ("prompt", on("2R")),
        ("waiting", on("!")),
        ("rewriting", on("!r")),
        ("changed", changed()),
        ("tools", switches("t")),
        ("rules", switches("r")),
    ]
}

/// What is on top. A new kind of overlay has to say its name here, and be in the gallery.
fn kind(model: &Model) -> &'static str {
    match model.overlays.last() {
        None => match model.screen {
            Screen::Overview => "overview",
            Screen::Threads => "threads",
            Screen::Budget => "budget",
            Screen::Models => "models",
            Screen::Log => "log",
            Screen::Activity => "activity",
        },
        Some(Overlay::Help(_)) => "help",
        Some(Overlay::Ask(_)) => "question",
        Some(Overlay::Filter(_)) => "filter",
        Some(Overlay::Palette(_)) => "palette",
        Some(Overlay::Compose(_)) => "compose",
        Some(Overlay::Form(_)) => "form",
        Some(Overlay::Sheet(_)) => "sheet",
        Some(Overlay::Prompt(_)) => "prompt",
        Some(Overlay::Waiting(_)) => "waiting",
        Some(Overlay::Switches(_)) => "switches",
    }
}

#[test]
fn the_gallery_has_every_screen_and_every_overlay() {
    let shown: BTreeSet<&str> = gallery().iter().map(|(_, face)| kind(&face.model)).collect();
    let overlays =
        ["help", "question", "filter", "palette", "compose", "form", "sheet", "prompt", "waiting", "switches"];
    let screens = Screen::ALL.map(|screen| {
        let mut face = Driven::full(100, 30);
        face.model.screen = screen;
        kind(&face.model)
    });
    assert_eq!(shown, overlays.into_iter().chain(screens).collect());
}

/// Those that no other test shows at each size.
#[test]
fn each_at_each_size() {
    let elsewhere = [
        "budget", "help", "filter", "palette", "compose", "choice", "form", "question", "prompt", "waiting", "changed",
        "tools",
    ];
    for (name, mut face) in gallery().into_iter().filter(|(name, _)| !elsewhere.contains(name)) {
        assert_snapshot!(format!("sizes_{name}"), at_each_size(&mut face));
    }
}

const ROLES: [(char, Role); 19] = [
    ('.', Role::Text),
    ('m', Role::Muted),
    ('a', Role::Accent),
    ('h', Role::Heading),
    ('g', Role::Good),
    ('w', Role::Warning),
    ('b', Role::Bad),
    ('s', Role::Selected),
    ('-', Role::Border),
    ('f', Role::Focus),
    ('S', Role::Strong),
    ('E', Role::Emphasis),
    ('C', Role::Code),
    ('L', Role::Link),
    ('c', Role::Comment),
    ('l', Role::Literal),
    ('n', Role::Number),
    ('k', Role::Keyword),
    ('N', Role::Name),
];

/// Under each line of a frame the role of each cell, by the first role that looks so; a cursor is `^`.
fn roles(face: &Driven) -> String {
    let terminal = face.terminal();
    let buffer = terminal.backend().buffer();
    let looks = ROLES.map(|(letter, role)| (letter, face.model.theme.style(role)));
    let mut said = String::new();
    for row in 0..buffer.area.height {
        let (mut text, mut under) = (String::new(), String::new());
        let mut column = 0;
        while column < buffer.area.width {
            let cell = &buffer[(column, row)];
            let fits =
                |style: &Style| style.fg.unwrap_or(Color::Reset) == cell.fg && style.add_modifier == cell.modifier;
            // A title without a colour of its own has its border's.
            let over = |style: &Style| {
                style.fg.is_none() && !style.add_modifier.is_empty() && cell.modifier.contains(style.add_modifier)
            };
            let role =
                looks.iter().find(|(_, style)| fits(style)).or_else(|| looks.iter().find(|(_, style)| over(style)));
            let letter = role.map(|(letter, _)| *letter);
            let cursor = cell.modifier.contains(Modifier::REVERSED);
            let letter = if cursor { '^' } else { letter.unwrap_or('?') };
            let wide = crate::text::width(cell.symbol()).max(1);
            text.push_str(cell.symbol());
            let is_blank = cell.symbol().trim().is_empty() && letter != '^';
            (0..wide).for_each(|_| under.push(if is_blank { ' ' } else { letter }));
            column += u16::try_from(wide).unwrap();
        }
        said.push_str(&format!("{}\n{}\n", text.trim_end(), under.trim_end()));
    }
    said
}

#[test]
fn each_cell_has_a_role_on_dark_and_on_light() {
    for (look, preset) in [("dark", Preset::Dark), ("light", Preset::Light)] {
        let theme = Theme::of(preset, Depth::Full);
        let legend = ROLES.map(|(letter, role)| {
            let style = theme.style(role);
            format!("{letter} {role:?} {:?} {:?}\n", style.fg, style.add_modifier)
        });
        let mut said = legend.concat();
        for (name, mut face) in gallery() {
            face.model.theme = theme;
            face.take(Event::Resized { width: 60, height: 20 });
            let shown = roles(&face);
            assert!(
                !shown.lines().skip(1).step_by(2).any(|under| under.contains('?')),
                "{name} has a look of no role:\n{shown}"
            );
            said.push_str(&format!("\n{name}\n{shown}"));
        }
        assert_snapshot!(format!("roles_{look}"), said);
    }
}
