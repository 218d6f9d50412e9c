//! Reads a recording back, line by line. The whole file is looked through once before anything is shown, so that what is
//! wrong with it is said in words, with its line; nothing of it is believed beyond what [`Line`] can say.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{BadHeader, Entry, FORMAT, Header, Line, MAX_BYTES, MAX_LINE, is_drawable};
use crate::text::sanitise_line;
use crate::tui::event::Event;
use crate::tui::model::Model;
use crate::tui::theme::Depth;

/// What may stand behind a full recording: the lines that say so.
const SLACK: u64 = 4 << 10;

/// Why a file cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{} cannot be read: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}, line {line}: {problem}", path.display())]
    Line { path: PathBuf, line: usize, problem: Problem },
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("no recording of `zen tui --record` begins so: {0}")]
    NoHeader(String),
    #[error(
        "it was recorded by zen {zen} in format {format}, and this zen reads formats up to {FORMAT}: replay it there"
    )]
    Newer { zen: String, format: u32 },
    #[error("it cannot be replayed: {0}")]
    Unknown(String),
    #[error("it is no line of a recording: {0}")]
    NoLine(String),
    #[error("it is cut off; what stands before it can be replayed once it is removed (`head -n {before}`)")]
    CutOff { before: usize },
    #[error("it is longer than {} MiB", MAX_LINE >> 20)]
    Long,
    #[error("it is earlier ({at} ms) than the line before ({before} ms)")]
    Earlier { at: u64, before: u64 },
    #[error("the recording had ended in the line before")]
    BehindTheEnd,
    #[error("a terminal of {0}x{1} is too large to be replayed")]
    Size(u16, u16),
    #[error("{0}")]
    Io(io::Error),
}

/// A recording that was looked through, to be played from its beginning as often as one likes.
#[derive(Debug)]
pub struct Tape {
    path: PathBuf,
    lines: Lines<BufReader<File>>,
    pub header: Header,
    /// What was found in all of it.
    pub found: Found,
}

/// What a recording holds, before it is played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The time of the last line, in milliseconds.
    pub length: u64,
    /// When the person did something.
    pub acts: Vec<u64>,
    /// Events that are missing.
    pub lost: u64,
    /// It has its last line: it was not cut off by a crash.
    pub whole: bool,
}

impl Tape {
    /// Opens a recording and looks it through.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read, or a line of it is not what this zen writes; the first such line is named.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        let unread = |error| Unreadable::Io { path: path.to_owned(), error };
        let about = fs::metadata(path).map_err(unread)?;
        // A FIFO or a device would be waited for without end, and cannot be played twice.
        if !about.is_file() {
            return Err(unread(io::Error::other("it is no regular file")));
        }
        if about.len() > MAX_BYTES + SLACK {
            let said = format!("it is larger than the {} MiB that a recording has at most", MAX_BYTES >> 20);
            return Err(unread(io::Error::other(said)));
        }
        let mut lines = Lines::new(BufReader::new(File::open(path).map_err(unread)?));
        let looked_through = lines.header().and_then(|header| Ok((header, lines.look_through()?)));
        let (header, found) = looked_through.map_err(|problem| Unreadable::Line {
            path: path.to_owned(),
            line: lines.number,
            problem,
        })?;
        let mut tape = Self { path: path.to_owned(), lines, header, found };
        tape.rewind()?;
        Ok(tape)
    }

    /// The model that the session began with, in at most so many colours.
    pub(in crate::tui) fn model(&self, depth: Depth) -> Result<Model, Unreadable> {
        self.header.model(depth).map_err(|bad| Unreadable::Line {
            path: self.path.clone(),
            line: 1,
            problem: bad.into(),
        })
    }

    /// Goes back to the first line behind the header.
    pub(in crate::tui) fn rewind(&mut self) -> Result<(), Unreadable> {
        let back = self.lines.rewind();
        self.named(back)
    }

    /// The next line; None behind the last.
    pub(in crate::tui) fn next_line(&mut self) -> Result<Option<Line>, Unreadable> {
        let next = self.lines.next_line();
        self.named(next)
    }

    fn named<T>(&self, read: Result<T, Problem>) -> Result<T, Unreadable> {
        read.map_err(|problem| Unreadable::Line { path: self.path.clone(), line: self.lines.number, problem })
    }
}

impl From<BadHeader> for Problem {
    fn from(bad: BadHeader) -> Self {
        match bad {
            BadHeader::Size(width, height) => Self::Size(width, height),
            bad => Self::Unknown(sanitise_line(&bad.to_string()).into_owned()),
        }
    }
}

/// The lines of a recording.
#[derive(Debug)]
pub(super) struct Lines<R> {
    source: R,
    /// Of the line that was read last, from 1.
    pub(super) number: usize,
    at: u64,
    ended: bool,
    bytes: Vec<u8>,
}

/// What every version of the header has.
#[derive(Deserialize)]
struct Version {
    recording: u32,
    #[serde(default)]
    zen: String,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, number: 0, at: 0, ended: false, bytes: Vec::new() }
    }

    /// The first line, which has to be playable.
    pub(super) fn header(&mut self) -> Result<Header, Problem> {
        if !self.read()? {
            self.number = 1;
            return Err(Problem::NoHeader("it is empty".to_owned()));
        }
        let no_header = |error: serde_json::Error| Problem::NoHeader(said(&error));
        let version: Version = serde_json::from_slice(&self.bytes).map_err(no_header)?;
        if version.recording > FORMAT {
            let zen = sanitise_line(&version.zen).into_owned();
            return Err(Problem::Newer { zen, format: version.recording });
        }
        let header: Header = serde_json::from_slice(&self.bytes).map_err(no_header)?;
        header.model(Depth::None)?;
        Ok(header)
    }

    /// The next line behind the header; None behind the last.
    pub(super) fn next_line(&mut self) -> Result<Option<Line>, Problem> {
        if !self.read()? {
            return Ok(None);
        }
        if self.ended {
            return Err(Problem::BehindTheEnd);
        }
        let line: Line = match serde_json::from_slice(&self.bytes) {
            Ok(line) => line,
            Err(_) if !self.bytes.ends_with(b"\n") => return Err(Problem::CutOff { before: self.number - 1 }),
            Err(error) => return Err(Problem::NoLine(said(&error))),
        };
        if line.at < self.at {
            return Err(Problem::Earlier { at: line.at, before: self.at });
        }
        self.at = line.at;
        match line.what {
            Entry::Took(Event::Resized { width, height }) if !is_drawable(width, height) => {
                Err(Problem::Size(width, height))
            }
            Entry::Ended(_) => {
                self.ended = true;
                Ok(Some(line))
            }
            Entry::Took(_) | Entry::Lost(_) => Ok(Some(line)),
        }
    }

    /// Reads all that is left.
    pub(super) fn look_through(&mut self) -> Result<Found, Problem> {
        let mut found = Found::default();
        while let Some(line) = self.next_line()? {
            found.length = line.at;
            match line.what {
                Entry::Took(Event::Key(_) | Event::Pasted(_) | Event::Pointed { .. }) => found.acts.push(line.at),
                Entry::Took(_) => {}
                Entry::Lost(events) => found.lost = found.lost.saturating_add(events),
                Entry::Ended(_) => found.whole = true,
            }
        }
        Ok(found)
    }

    /// Fills `bytes` with a line, its end included; false at the end of the file.
    fn read(&mut self) -> Result<bool, Problem> {
        self.bytes.clear();
        self.bytes.shrink_to(1 << 20);
        let read = self.source.by_ref().take(MAX_LINE + 1).read_until(b'\n', &mut self.bytes).map_err(Problem::Io)?;
        self.number += usize::from(read > 0);
        if read as u64 > MAX_LINE { Err(Problem::Long) } else { Ok(read > 0) }
    }
}

impl<R: BufRead + Seek> Lines<R> {
    fn rewind(&mut self) -> Result<(), Problem> {
        self.source.seek(SeekFrom::Start(0)).map_err(Problem::Io)?;
        (self.number, self.at, self.ended) = (0, 0, false);
        self.read().map(drop)
    }
}

/// What the decoder says, without its own count of lines; parts of the file may stand in it.
fn said(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(said, _)| said);
    format!("{} (column {})", sanitise_line(said), error.column())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::tui::keymap::Keymap;
    use crate::tui::theme::Theme;
    use crate::tui::update::update;
    use crate::tui::view;
    use crate::unit::UnixMillis;

    /// A recording of every kind of line.
    const FORMAT_1: &str = include_str!("../replay/format-1.jsonl");

    fn header() -> String {
        let header = Header::new((80, 24), UnixMillis(1_000), Theme::new(true), false, &Keymap::default());
        serde_json::to_string(&header).unwrap()
    }

    /// What is wrong with the text, and the line in which.
    fn refused(text: &[u8]) -> Option<(usize, String)> {
        let mut lines = Lines::new(Cursor::new(text));
        let found = lines.header().and_then(|_| lines.look_through());
        found.err().map(|problem| (lines.number, problem.to_string()))
    }

    #[test]
    fn a_broken_line_is_named_with_what_is_wrong_and_what_to_do() {
        let line = r#"{"at":5,"what":{"took":{"pasted":"x"}}}"#;
        let other =
            header().replace("\"recording\":1", "\"recording\":2").replace("\"zen\":\"", "\"zen\":\"\\u001b[2J9");
        let theme = header().replace("\"ansi\"", "\"neon\"");
        let keys = header().replace("\"expire\":", "\"explode\":");
        let huge = header().replace("\"width\":80", "\"width\":65535");
        let ended = r#"{"at":9,"what":{"ended":"left"}}"#;
        for (text, line, says) in [
            (String::new(), 1, "it is empty"),
            ("ELF\0\x01".to_owned(), 1, "no recording of `zen tui --record`"),
            ("{\"recording\":1}\n".to_owned(), 1, "missing field"),
            (other, 1, "format 2, and this zen reads formats up to 1"),
            (theme, 1, "no theme 'neon'"),
            (keys, 1, "'explode' is no action"),
            (huge, 1, "65535x24 is too large"),
            (format!("{}\n{line}\nnothing\n{line}\n", header()), 3, "no line of a recording: expected"),
            (format!("{}\n{line}\n{{\"at\":7,\"wh", header()), 3, "cut off; what stands before it can be replayed"),
            (format!("{}\n{line}\n{{\"at\":4,\"what\":{{\"lost\":1}}}}\n", header()), 3, "earlier (4 ms)"),
            (format!("{}\n{ended}\n{line}\n", header()), 3, "had ended in the line before"),
            (
                format!(
                    "{}\n{{\"at\":4,\"what\":{{\"took\":{{\"resized\":{{\"width\":9999,\"height\":99}}}}}}}}",
                    header()
                ),
                2,
                "9999x99 is too large",
            ),
            (format!("{}\n{{\"at\":4,\"what\":{{\"took\":{{\"\\u001b]0;x\":1}}}}}}\n", header()), 2, "unknown variant"),
            (format!("{}\n{}\n", header(), "[".repeat(100_000)), 2, "no line"),
        ] {
            let (at, said) = refused(text.as_bytes()).unwrap_or_else(|| panic!("{says} was not said of {text}"));
            assert!(at == line && said.contains(says), "line {at}: {said}, and not line {line}: {says}");
            assert!(!said.contains('\x1b'), "{said:?}");
        }
        assert_eq!(refused(format!("{}\n{line}", header()).as_bytes()), None, "a last line without its end is a line");
    }

    #[test]
    fn what_is_no_file_of_the_right_size_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let said = |path: &Path| Tape::open(path).unwrap_err().to_string();
        assert!(said(dir.path()).contains("no regular file"));
        assert!(said(&dir.path().join("none")).contains("No such file"));
        let large = dir.path().join("large");
        File::create(&large).unwrap().set_len(MAX_BYTES + SLACK + 1).unwrap();
        assert!(said(&large).contains("larger than the 64 MiB"));
        File::create(&large).unwrap().set_len(MAX_BYTES).unwrap();
        assert!(said(&large).contains("line 1: it is longer than 32 MiB"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whatever_a_file_says_it_is_refused_with_its_line_or_can_be_seen(
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            end in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let mut bytes = FORMAT_1.as_bytes().to_vec();
            for (at, byte) in damage {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(end.index(bytes.len()));
            }
            let mut lines = Lines::new(Cursor::new(bytes));
            let Ok(header) = lines.header() else {
                prop_assert_eq!(lines.number, 1);
                return Ok(());
            };
            let mut model = header.model(Depth::Full).unwrap();
            while let Ok(Some(line)) = lines.next_line() {
                if let Entry::Took(event) = line.what {
                    update(&mut model, event);
                }
            }
            prop_assert!(lines.number >= 1);
            let mut picture = Buffer::empty(Rect::new(0, 0, model.size.0, model.size.1));
            view::paint(&model, &mut picture);
            prop_assert!(picture.content.iter().all(|cell| !cell.symbol().contains('\x1b')));
        }
    }
}
