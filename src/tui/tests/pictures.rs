//! The pictures of the README: frames as SVG, made from the same samples as the snapshots. What the face draws otherwise
//! than the pictures show fails here, and `ZEN_PICTURES=write cargo test --lib tui::tests::pictures` makes them anew.

use std::path::Path;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::budgets::looking;
use super::sample::*;
use crate::control::types::*;
use crate::id::MessageSeq;
use crate::tui::event::{Effect, Event, Reply};
use crate::tui::syntax;
use crate::tui::theme::{Depth, Preset, Theme};

const SIZE: (u16, u16) = (120, 32);
/// Units of a cell.
const CELL: (f64, f64) = (8.4, 17.0);
const MARGIN: f64 = 12.0;
const PAPER: &str = "#16181d";
const INK: &str = "#d5d8de";

/// A cell's style, as far as a picture shows it.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    colour: Option<(u8, u8, u8)>,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let colour = if let Color::Rgb(red, green, blue) = cell.fg { Some((red, green, blue)) } else { None };
        Self { colour, modifier: cell.modifier }
    }

    fn attributes(self) -> String {
        let mut said = String::new();
        if let Some((red, green, blue)) = self.colour {
            said.push_str(&format!(" fill=\"#{red:02x}{green:02x}{blue:02x}\""));
        }
        for (modifier, attribute) in [
            (Modifier::BOLD, " font-weight=\"bold\""),
            (Modifier::DIM, " opacity=\"0.6\""),
            (Modifier::ITALIC, " font-style=\"italic\""),
            (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        ] {
            if self.modifier.contains(modifier) {
                said.push_str(attribute);
            }
        }
        said
    }
}

fn svg(buffer: &Buffer) -> String {
    let (width, height) = (buffer.area.width, buffer.area.height);
    let (across, down) = (f64::from(width) * CELL.0 + MARGIN * 2.0, f64::from(height) * CELL.1 + MARGIN * 2.0);
    let mut said = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {across:.1} {down:.1}\" font-size=\"14\" fill=\"{INK}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" xml:space=\"preserve\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for row in 0..height {
        let mut column = 0;
        while column < width {
            let (start, look, mut text) = (column, Look::of(&buffer[(column, row)]), String::new());
            while column < width && Look::of(&buffer[(column, row)]) == look {
                let symbol = buffer[(column, row)].symbol();
                text.push_str(symbol);
                column += u16::try_from(symbol.width().max(1)).unwrap();
            }
            if !text.trim().is_empty() {
                said.push_str(&piece(start, row, column - start, look, &text));
            }
        }
    }
    said.push_str("</svg>\n");
    said
}

fn piece(column: u16, row: u16, cells: u16, look: Look, text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let (x, y) = (f64::from(column) * CELL.0 + MARGIN, f64::from(row) * CELL.1 + MARGIN + 13.0);
    let length = f64::from(cells) * CELL.0;
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\"{}>{text}</text>\n",
        look.attributes()
    )
}

/// Finds the colours that the face asks for, as its worker does.
fn coloured(face: &mut Driven) -> &mut Driven {
    for effect in face.asked() {
        if let Effect::Colour { key, language, text } = effect {
            let colours = syntax::colours(&language, &text, || false).into();
            face.take(Event::Coloured { key, colours });
        }
    }
    face
}

fn day() -> Driven {
    let mut face = Driven::full(SIZE.0, SIZE.1);
    face.model.theme = Theme::of(Preset::Dark, Depth::Full);
    face.reply(OTHER, Reply::Models { outcome: Ok(models()) });
    let delta = Delta { providers: vec![failing()], paused: Some(vec![paused()]), ..Delta::default() };
    face.send(OTHER, Update::Delta(Box::new(delta)));
    face.keys("2j").reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(detail())) });
    coloured(&mut face);
    face
}

fn message() -> Driven {
    let mut face = day();
    face.keys("5ggjj↵");
    let text = |key: &str| {
        whole(&format!(
            r#"{{"jsonrpc":"2.0","id":118,"method":"tools/call","params":{{"name":"codereview","arguments":{{"prompt":"Review the refresh"{key}}}}}}}"#
        ))
    };
    let summary = other().messages.remove(2);
    let after = Some(text(""));
    let detail = MessageDetail { summary, before: text(r#","api_key":"‹redacted›""#), after, steps: Vec::new() };
    face.reply(OTHER, Reply::Message { seq: MessageSeq(3), outcome: Ok(Box::new(detail)) });
    face
}

fn budget() -> Driven {
    let mut face = looking();
    face.model.theme = Theme::of(Preset::Dark, Depth::Full);
    face.take(Event::Resized { width: SIZE.0, height: SIZE.1 });
    face
}

fn on(keys: &str) -> Driven {
    let mut face = day();
    face.keys(keys);
    face
}

#[test]
fn the_pictures_in_the_readme_show_what_the_face_draws() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/screenshots");
    let write = std::env::var_os("ZEN_PICTURES").is_some_and(|value| value == "write");
    for (name, face) in [
        ("overview", on("1")),
        ("threads", on("")),
        ("budget", budget()),
        ("models", on("4j")),
        ("log", message()),
        ("activity", on("6")),
    ] {
        let (path, drawn) = (folder.join(format!("{name}.svg")), svg(face.terminal().backend().buffer()));
        if write {
            std::fs::write(&path, drawn).unwrap();
        } else {
            assert!(std::fs::read_to_string(&path).unwrap() == drawn, "{name}.svg is old: see the head of this file");
        }
    }
}
