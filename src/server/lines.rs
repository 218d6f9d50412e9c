//! Cuts a stream of bytes into lines of a bounded length. A longer line is skipped to its end, so that what comes behind
//! it is read again.

use std::io::{self, BufRead as _, BufReader, Read};

use bytes::Bytes;

/// Bytes read from the system at once.
const READ_BUFFER: usize = 64 << 10;
/// What is kept of a line that is too long.
const BEGINNING: usize = 1 << 10;

pub struct Lines<R> {
    reader: BufReader<R>,
    max: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Without its line end.
    Whole(Bytes),
    TooLong {
        beginning: Bytes,
    },
}

impl<R: Read> Lines<R> {
    /// Lines of at most `max` bytes.
    pub fn new(reader: R, max: usize) -> Self {
        Self { reader: BufReader::with_capacity(READ_BUFFER, reader), max }
    }

    /// The next line that is not blank; None at the end. A last line without a line end counts as one.
    pub fn next_line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut line = Vec::new();
            let mut too_long = false;
            let ended = loop {
                let buffer = match self.reader.fill_buf() {
                    Ok(buffer) => buffer,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                if buffer.is_empty() {
                    break true;
                }
                let end = buffer.iter().position(|byte| *byte == b'\n');
                let piece = &buffer[..end.unwrap_or(buffer.len())];
                too_long |= line.len() + piece.len() > self.max;
                if too_long {
                    line.extend_from_slice(&piece[..piece.len().min(BEGINNING.saturating_sub(line.len()))]);
                    line.truncate(BEGINNING);
                } else {
                    line.extend_from_slice(piece);
                }
                let used = end.map_or(buffer.len(), |end| end + 1);
                self.reader.consume(used);
                if end.is_some() {
                    break false;
                }
            };
            if too_long {
                return Ok(Some(Line::TooLong { beginning: line.into() }));
            }
            if line.iter().any(|byte| !byte.is_ascii_whitespace()) {
                return Ok(Some(Line::Whole(line.into())));
            }
            if ended {
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes in pieces of a chosen size.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = self.1.min(self.0.len()).min(buffer.len());
            buffer[..len].copy_from_slice(&self.0[..len]);
            self.0 = &self.0[len..];
            Ok(len)
        }
    }

    fn lines(text: &[u8], piece: usize, max: usize) -> Vec<Line> {
        let mut lines = Lines::new(Pieces(text, piece), max);
        std::iter::from_fn(|| lines.next_line().unwrap()).collect()
    }

    fn whole(text: &str) -> Line {
        Line::Whole(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn blank_lines_are_skipped_and_the_last_one_needs_no_end() {
        assert_eq!(lines(b"a\r\n\n  \nb", 3, 10), [whole("a\r"), whole("b")]);
    }

    #[test]
    fn a_line_too_long_is_skipped_and_the_next_one_read() {
        let text = [&[b'x'; 5_000][..], b"\nnext\n"].concat();
        let lines = lines(&text, 7, 100);
        assert!(matches!(&lines[0], Line::TooLong { beginning } if beginning.len() == BEGINNING));
        assert_eq!(lines[1], whole("next"));
    }

    proptest! {
        #[test]
        fn the_size_of_the_pieces_changes_nothing(text in "[a-c\n]{0,200}", piece in 1..50_usize) {
            prop_assert_eq!(lines(text.as_bytes(), piece, 20), lines(text.as_bytes(), 1_000, 20));
        }
    }
}
