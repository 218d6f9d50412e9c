//! What a terminal showed over time as one SVG that moves by itself: each distinct row stands in it once, and each row of
//! the screen is a strip of rows that steps from one to the next. No script; whoever wants no motion sees one frame.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::support::frames::{Colour, Frame, Piece, Style};

/// Units of a cell, and of the margin around all of them.
const CELL: (usize, usize) = (8, 17);
const MARGIN: usize = 12;
const BASELINE: usize = 13;
const PAPER: &str = "#16181d";
const INK: &str = "#d5d8de";
/// How long the last frame stands before it begins anew.
const LINGER: Duration = Duration::from_secs(3);
/// The sixteen colours, where a frame names one of them.
const SIXTEEN: [&str; 16] = [
    "#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#5c6370", "#e06c75",
    "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#ffffff",
];

/// Draws the frames. `poster` is the one that stands where nothing moves; `mark` is said in a comment.
pub fn svg(frames: &[Frame], poster: Duration, (columns, rows): (u16, u16), mark: &str) -> String {
    let mut film = Film::default();
    let length = frames.last().map_or(Duration::ZERO, |frame| frame.at) + LINGER;
    let strips: String = (0..usize::from(rows)).map(|row| film.strip(frames, row, poster, length)).collect();
    let (across, down) = (usize::from(columns) * CELL.0 + MARGIN * 2, usize::from(rows) * CELL.1 + MARGIN * 2);
    let styles: String =
        film.styles.iter().enumerate().map(|(at, style)| format!(".{}{{{}}}\n", class(at), rule(*style))).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {across} {down}\" font-size=\"13.3\" fill=\"{INK}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" xml:space=\"preserve\">\n\
         <!-- {mark} -->\n<style>\n{styles}{}@media (prefers-reduced-motion:reduce){{g{{animation:none!important}}}}\n</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n<defs>\n{}</defs>\n{strips}</svg>\n",
        film.rules, film.defined
    )
}

#[derive(Default)]
struct Film {
    /// Rows and pieces that are defined, with their names. A row of one piece is that piece.
    known: HashMap<Vec<Piece>, String>,
    defined: String,
    styles: Vec<Style>,
    rules: String,
}

impl Film {
    /// One row of the screen, with all that stands in it one after the other.
    fn strip(&mut self, frames: &[Frame], row: usize, poster: Duration, length: Duration) -> String {
        let blank = Vec::new();
        let (mut held, mut steps): (Vec<&Vec<Piece>>, Vec<(Duration, usize)>) = (Vec::new(), Vec::new());
        for frame in frames {
            let pieces = frame.rows.get(row).unwrap_or(&blank);
            let place = held.iter().position(|known| *known == pieces).unwrap_or_else(|| {
                held.push(pieces);
                held.len() - 1
            });
            if steps.last().is_none_or(|(_, last)| *last != place) {
                steps.push((frame.at, place));
            }
        }
        let uses: String = (0..).zip(&held).filter(|(_, pieces)| !pieces.is_empty()).fold(
            String::new(),
            |mut said, (place, pieces)| {
                let _ = write!(said, "<use href=\"#{}\" y=\"{}\"/>", self.define(pieces), place * CELL.1 + BASELINE);
                said
            },
        );
        if uses.is_empty() {
            return String::new();
        }
        let mut class = String::new();
        if steps.len() > 1 {
            self.animate(row, &steps, poster, length);
            class = format!(" class=\"r{row}\"");
        }
        let y = MARGIN + row * CELL.1;
        format!("<svg x=\"{MARGIN}\" y=\"{y}\" height=\"{}\"><g{class}>{uses}</g></svg>\n", CELL.1)
    }

    fn animate(&mut self, row: usize, steps: &[(Duration, usize)], poster: Duration, length: Duration) {
        let moved = |place: usize| format!("transform:translateY({}px)", -(place as i64 * CELL.1 as i64));
        let still = steps.iter().rev().find(|(at, _)| *at <= poster).map_or(0, |(_, place)| *place);
        let seconds = length.as_secs_f64();
        let _ = write!(
            self.rules,
            ".r{row}{{{};animation:r{row} {seconds:.2}s step-end infinite}}@keyframes r{row}{{",
            moved(still)
        );
        for (number, (at, place)) in steps.iter().enumerate() {
            // From the very first: what is before the first frame is that frame.
            let part = if number == 0 { 0.0 } else { at.as_secs_f64() / seconds * 100.0 };
            let _ = write!(self.rules, "{part:.2}%{{{}}}", moved(*place));
        }
        self.rules.push_str("}\n");
    }

    /// The row by its name, which stands for it wherever it is seen again.
    fn define(&mut self, pieces: &[Piece]) -> String {
        if let Some(known) = self.known.get(pieces) {
            return known.clone();
        }
        if let [piece] = pieces {
            return self.piece(piece);
        }
        let uses: String = pieces.iter().map(|piece| format!("<use href=\"#{}\"/>", self.piece(piece))).collect();
        let name = self.name();
        let _ = writeln!(self.defined, "<g id=\"{name}\">{uses}</g>");
        self.known.insert(pieces.to_vec(), name.clone());
        name
    }

    /// A piece by its name: the same words stand in many rows.
    fn piece(&mut self, piece: &Piece) -> String {
        let alone = std::slice::from_ref(piece);
        if let Some(known) = self.known.get(alone) {
            return known.clone();
        }
        let name = self.name();
        let text = self.text(piece, &name);
        let _ = writeln!(self.defined, "{text}");
        self.known.insert(alone.to_vec(), name.clone());
        name
    }

    fn name(&self) -> String {
        let (mut left, mut name) = (self.known.len(), String::from("_"));
        loop {
            name.extend(char::from_digit(u32::try_from(left % 36).unwrap(), 36));
            left /= 36;
            if left == 0 {
                return name;
            }
        }
    }

    fn text(&mut self, piece: &Piece, name: &str) -> String {
        let Piece { column, cells, style, text } = piece;
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (x, across) = (usize::from(*column) * CELL.0, usize::from(*cells) * CELL.0);
        if style.inverse {
            let block = format!("<rect x=\"{x}\" y=\"-{BASELINE}\" width=\"{across}\" height=\"{}\"/>", CELL.1);
            return format!("<g id=\"{name}\">{block}<text x=\"{x}\" fill=\"{PAPER}\">{text}</text></g>");
        }
        let class = if *style == Style::default() {
            String::new()
        } else {
            format!(" class=\"{}\"", class(self.style(*style)))
        };
        // Spread over its cells, whatever letters the reader has.
        let length = if *cells > 1 { format!(" textLength=\"{across}\"") } else { String::new() };
        format!("<text id=\"{name}\" x=\"{x}\"{length}{class}>{text}</text>")
    }

    fn style(&mut self, style: Style) -> usize {
        self.styles.iter().position(|known| *known == style).unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        })
    }
}

fn class(number: usize) -> String {
    format!("s{number}")
}

fn rule(style: Style) -> String {
    let mut said = Vec::new();
    match style.colour {
        Colour::Ink => {}
        Colour::Rgb(red, green, blue) => said.push(format!("fill:#{red:02x}{green:02x}{blue:02x}")),
        Colour::Of(number) => {
            said.extend(SIXTEEN.get(usize::from(number)).map(|colour| format!("fill:{colour}")));
        }
    }
    for (set, property) in [
        (style.bold, "font-weight:bold"),
        (style.dim, "opacity:.6"),
        (style.italic, "font-style:italic"),
        (style.underline, "text-decoration:underline"),
    ] {
        if set {
            said.push(property.to_owned());
        }
    }
    said.join(";")
}
