//! What commands share to answer: where they write, tables and JSON, and the exit codes. Knows no command.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::text::sanitise;

/// How a command ended. The numbers are part of zen's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what it was asked to.
    Ok = 0,
    /// It tried and failed; stderr says why.
    Failed = 1,
    /// The command line is wrong, or the command needs a terminal and there is none.
    Usage = 2,
    /// The configuration is wrong; every mistake is on stderr.
    Config = 3,
    /// What was named does not exist.
    NotFound = 4,
    /// The other side, a zen process or a provider, cannot be reached.
    Unreachable = 5,
}

/// Where a command writes: its answer to `out`, everything else to `err`.
pub struct Streams {
    pub out: Box<dyn Write + Send>,
    pub err: Box<dyn Write + Send>,
    /// A person reads the answer, so foreign text in it must be sanitised.
    pub out_is_terminal: bool,
    /// A person watches what is not the answer, so progress can be shown there.
    pub err_is_terminal: bool,
}

/// What was written to [`Streams::captured`].
#[derive(Clone, Debug, Default)]
pub struct Captured {
    out: Shared,
    err: Shared,
}

/// Rows of text in aligned columns. Widths are those of a terminal; cells must hold neither line ends nor escapes.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right_aligned: Vec<usize>,
}

impl Exit {
    pub const ALL: [Self; 6] = [Self::Ok, Self::Failed, Self::Usage, Self::Config, Self::NotFound, Self::Unreachable];

    pub fn code(self) -> u8 {
        self as u8
    }

    /// What the code tells, for help texts.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "done",
            Self::Failed => "tried and failed",
            Self::Usage => "wrong command line, or no terminal where one is needed",
            Self::Config => "wrong configuration",
            Self::NotFound => "what was named does not exist",
            Self::Unreachable => "the other side cannot be reached",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl Streams {
    /// Stdout and stderr of this process. Stdout is buffered: [`Streams::settle`] writes it out.
    pub fn process() -> Self {
        let out = io::stdout();
        let out_is_terminal = out.is_terminal();
        let err = io::stderr();
        let err_is_terminal = err.is_terminal();
        Self { out: Box::new(BufWriter::new(out)), err: Box::new(err), out_is_terminal, err_is_terminal }
    }

    /// Streams that keep what is written to them, for tests and for a face that shows a command's answer.
    pub fn captured() -> (Self, Captured) {
        let captured = Captured::default();
        let (out, err) = (Box::new(captured.out.clone()), Box::new(captured.err.clone()));
        (Self { out, err, out_is_terminal: false, err_is_terminal: false }, captured)
    }

    /// Foreign text as it may be printed: harmless where a person's terminal shows it, as it is where a program reads it.
    pub fn shown<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.out_is_terminal { sanitise(text) } else { Cow::Borrowed(text) }
    }

    /// Writes a line of the answer.
    ///
    /// # Errors
    ///
    /// Where stdout cannot be written, a reader that has gone included: hand the error on to [`Streams::settle`].
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.out, "{text}")
    }

    /// Writes the answer as indented JSON.
    ///
    /// # Errors
    ///
    /// As [`Streams::line`].
    pub fn json(&mut self, answer: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.out, answer)?;
        self.out.write_all(b"\n")
    }

    /// Writes the table.
    ///
    /// # Errors
    ///
    /// As [`Streams::line`].
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        self.out.write_all(table.render().as_bytes())
    }

    /// Says on stderr, after `zen: `, what went wrong or should be known.
    pub fn complain(&mut self, text: impl Display) {
        // Where stderr is gone too, the exit code is what remains.
        let _ = writeln!(self.err, "zen: {text}");
    }

    /// Ends a command: writes out what is buffered and makes an exit code of how the writing went. A reader that closed
    /// its end has read what it wanted, so that is a success.
    pub fn settle(&mut self, ended: io::Result<Exit>) -> Exit {
        let ended = ended.and_then(|exit| self.out.flush().map(|()| exit));
        match ended {
            Ok(exit) => exit,
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Ok,
            Err(error) => {
                self.complain(format_args!("the answer cannot be written: {error}"));
                Exit::Failed
            }
        }
    }
}

impl Captured {
    /// The answer.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// What was complained of.
    pub fn err(&self) -> String {
        self.err.text()
    }
}

impl Table {
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).into()], right_aligned: Vec::new() }
    }

    /// Aligns a column, counted from 0, to the right: for numbers.
    pub fn right(mut self, column: usize) -> Self {
        self.right_aligned.push(column);
        self
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as text, a line a row, without blanks at the ends of lines.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widest = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        let widths: Vec<usize> = (0..columns).map(|column| widest(column).unwrap_or_default()).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column] - cell.width());
                let (before, after) =
                    if self.right_aligned.contains(&column) { (padding.as_str(), "") } else { ("", padding.as_str()) };
                let gap = if column == 0 { "" } else { "  " };
                line.extend([gap, before, cell, after]);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_the_documented_numbers() {
        assert_eq!(Exit::ALL.map(Exit::code), [0, 1, 2, 3, 4, 5]);
        assert!(Exit::ALL.iter().all(|exit| !exit.meaning().is_empty()));
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let mut table = Table::new(["MODEL", "TOKENS", "NOTE"]).right(1);
        table.row(["flash", "1200", "fast"]);
        table.row(["模型", "7", ""]);
        assert_eq!(table.render(), "MODEL  TOKENS  NOTE\nflash    1200  fast\n模型        7\n");
    }

    #[test]
    fn a_reader_that_has_gone_is_a_success_and_a_full_disk_is_not() {
        let (mut streams, captured) = Streams::captured();
        assert_eq!(streams.settle(Err(ErrorKind::BrokenPipe.into())), Exit::Ok);
        assert_eq!(captured.err(), "");
        assert_eq!(streams.settle(Err(ErrorKind::StorageFull.into())), Exit::Failed);
        assert!(captured.err().starts_with("zen: the answer cannot be written"));
        assert_eq!(streams.settle(Ok(Exit::NotFound)), Exit::NotFound);
    }

    #[test]
    fn a_broken_pipe_below_json_is_still_one() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut streams = Streams { out: Box::new(Gone), ..Streams::captured().0 };
        let ended = streams.json(&[1, 2]).map(|()| Exit::Ok);
        assert_eq!(streams.settle(ended), Exit::Ok);
    }
}
