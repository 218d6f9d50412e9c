//! What a terminal showed, frame by frame with its time: for pictures that move.

use std::time::Duration;

use tokio::time::Instant;
use zen::clock::Clock;

/// Frames that follow each other faster are one: nobody would see them.
const SLOT: Duration = Duration::from_millis(100);

/// Blanks that part two texts of one style.
const APART: u16 = 4;

/// The screen at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Since the first.
    pub at: Duration,
    pub rows: Vec<Vec<Piece>>,
}

/// A text in one style that stands in a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Piece {
    pub column: u16,
    pub cells: u16,
    pub style: Style,
    pub text: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Style {
    pub colour: Colour,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    /// Paper on ink: where the cursor is.
    pub inverse: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Colour {
    #[default]
    Ink,
    Of(u8),
    Rgb(u8, u8, u8),
}

/// Keeps frames while it runs. Time in which it stands still is not in them.
#[derive(Debug)]
pub struct Reel {
    clock: Clock,
    /// None: it stands still.
    since: Option<Instant>,
    before: Duration,
    pub frames: Vec<Frame>,
}

impl Default for Reel {
    fn default() -> Self {
        Self { clock: Clock::system(), since: None, before: Duration::ZERO, frames: Vec::new() }
    }
}

impl Reel {
    /// Runs from now on, or stands still.
    pub fn run(&mut self, runs: bool) {
        self.before = self.at();
        self.since = runs.then(|| self.clock.now());
    }

    pub fn at(&self) -> Duration {
        self.before + self.since.map_or(Duration::ZERO, |since| self.clock.elapsed(since))
    }

    /// The screen shows this now.
    pub fn keep(&mut self, screen: &vt100::Screen) {
        if self.since.is_none() {
            return;
        }
        let frame = Frame { at: self.at(), rows: rows(screen) };
        match self.frames.last_mut() {
            Some(last) if last.rows == frame.rows => {}
            Some(last) if frame.at < last.at + SLOT => last.rows = frame.rows,
            _ => self.frames.push(frame),
        }
    }
}

fn rows(screen: &vt100::Screen) -> Vec<Vec<Piece>> {
    let (rows, columns) = screen.size();
    (0..rows.get()).map(|row| pieces(screen, row, columns.get())).collect()
}

/// The texts of a row, cut where the style changes and where there is much blank between them.
fn pieces(screen: &vt100::Screen, row: u16, columns: u16) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut blanks = 0;
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
        // A blank looks the same in every colour and weight.
        if !cell.inverse() && (!cell.has_contents() || cell.contents() == " ") {
            blanks += 1;
            continue;
        }
        let (style, cells) = (style(cell), if cell.is_wide() { 2 } else { 1 });
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match pieces.last_mut() {
            Some(last) if last.style == style && blanks < APART => {
                last.text.extend(std::iter::repeat_n(' ', blanks.into()));
                last.text.push_str(text);
                last.cells += blanks + cells;
            }
            _ => pieces.push(Piece { column, cells, style, text: text.to_owned() }),
        }
        blanks = 0;
    }
    pieces
}

fn style(cell: &vt100::Cell) -> Style {
    let colour = match cell.fgcolor() {
        vt100::Color::Default => Colour::Ink,
        vt100::Color::Idx(number) => Colour::Of(number),
        vt100::Color::Rgb(red, green, blue) => Colour::Rgb(red, green, blue),
    };
    let (bold, dim, italic) = (cell.bold(), cell.dim(), cell.italic());
    Style { colour, bold, dim, italic, underline: cell.underline(), inverse: cell.inverse() }
}
