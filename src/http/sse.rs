//! Server-sent events in both directions: written whole, and taken apart as their bytes arrive, wherever the network has
//! cut them. Reading knows only the data of an event: no format here uses its name or id.

use std::time::Duration;

use bytes::Bytes;

/// One event with `data`, which must be a single line (JSON is).
pub fn event(data: impl AsRef<[u8]>) -> Bytes {
    Bytes::from([b"data: ", data.as_ref(), b"\n\n"].concat())
}

/// A line that says nothing and keeps a connection alive.
pub const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// One event with an id by which a reader can go on behind it. `data` must be a single line; where it is empty, readers
/// take note of the id and of how long to wait before they come back, and of nothing else.
pub fn event_with_id(id: &str, retry: Option<Duration>, data: &[u8]) -> Bytes {
    let mut text = Vec::with_capacity(data.len() + id.len() + 32);
    text.extend_from_slice(b"id: ");
    text.extend_from_slice(id.as_bytes());
    if let Some(retry) = retry {
        text.extend_from_slice(format!("\nretry: {}", retry.as_millis()).as_bytes());
    }
    text.extend_from_slice(b"\ndata: ");
    text.extend_from_slice(data);
    text.extend_from_slice(b"\n\n");
    Bytes::from(text)
}

/// An incremental decoder of one stream.
#[derive(Debug)]
pub struct Decoder {
    max_event: usize,
    /// The line that is not complete yet.
    line: Vec<u8>,
    /// The data of the event that is not complete yet; None before its first data line.
    data: Option<Vec<u8>>,
    /// The last byte was a CR, so that an LF now belongs to it.
    after_cr: bool,
    first_line: bool,
}

/// An event is longer than the bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Decoder {
    /// Refuses an event of more than `max_event` bytes.
    pub fn new(max_event: usize) -> Self {
        Self { max_event, line: Vec::new(), data: None, after_cr: false, first_line: true }
    }

    /// Takes the next bytes and adds the data of every event they complete to `events`. Bytes that are not UTF-8 are
    /// replaced.
    pub fn push(&mut self, mut bytes: &[u8], events: &mut Vec<String>) -> Result<(), TooLong> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (rest_of_line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            if self.line.len() + rest_of_line.len() + self.data.as_ref().map_or(0, Vec::len) > self.max_event {
                return Err(TooLong);
            }
            self.line.extend_from_slice(rest_of_line);
            bytes = rest;
            if let Some((&ending, rest)) = bytes.split_first() {
                self.after_cr = ending == b'\r';
                bytes = rest;
                events.extend(self.end_line());
            }
        }
        Ok(())
    }

    /// The data of an event that the stream ended in without the blank line, as careless servers do.
    pub fn finish(&mut self) -> Option<String> {
        self.end_line().or_else(|| self.dispatch())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        let mut line = line.as_slice();
        if std::mem::take(&mut self.first_line) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let value =
            line.strip_prefix(b"data").and_then(|rest| if rest.is_empty() { Some(rest) } else { value(rest) })?;
        match &mut self.data {
            None => self.data = Some(value.to_vec()),
            Some(data) => {
                data.push(b'\n');
                data.extend_from_slice(value);
            }
        }
        None
    }

    fn dispatch(&mut self) -> Option<String> {
        let data = self.data.take().filter(|data| !data.is_empty())?;
        Some(String::from_utf8(data).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }
}

/// What follows the colon, less one leading space; None where the field's name goes on.
fn value(rest: &[u8]) -> Option<&[u8]> {
    let value = rest.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let (mut decoder, mut events) = (Decoder::new(1 << 20), Vec::new());
        for chunk in chunks {
            decoder.push(chunk, &mut events).unwrap();
        }
        events.extend(decoder.finish());
        events
    }

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(decode([text.as_bytes()]), expected, "whole: {text:?}");
        assert_eq!(decode(text.as_bytes().chunks(1)), expected, "byte by byte: {text:?}");
    }

    #[test]
    fn every_line_ending_ends_a_line() {
        check("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n", &["a", "b", "c", "d"]);
    }

    #[test]
    fn comments_and_other_fields_are_skipped() {
        check(": keep-alive\n\nevent: x\nid: 1\ndatabase: no\nretry: 5\ndata: a\n\n", &["a"]);
    }

    #[test]
    fn several_data_lines_are_one_event() {
        check("data: a\ndata:b\ndata\ndata:  c\n\n", &["a\nb\n\n c"]);
    }

    #[test]
    fn a_character_may_be_split_anywhere() {
        check("\u{feff}data: gr\u{fc}\u{df}e \u{1f600}\n\n", &["gr\u{fc}\u{df}e \u{1f600}"]);
    }

    #[test]
    fn an_event_without_its_blank_line_is_kept_at_the_end() {
        check("data: a\n\ndata: b", &["a", "b"]);
        check("data: a\n\ndata: b\n", &["a", "b"]);
        check("", &[]);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced() {
        assert_eq!(decode([b"data: a\xffb\n\n".as_slice()]), ["a\u{fffd}b"]);
    }

    #[test]
    fn an_event_over_the_bound_is_refused() {
        let mut events = Vec::new();
        assert_eq!(Decoder::new(10).push(b"data: 123456", &mut events), Err(TooLong));
        let mut decoder = Decoder::new(10);
        assert_eq!(decoder.push(b"data: 1234\n", &mut events), Ok(()));
        assert_eq!(decoder.push(b"data: 1234\n", &mut events), Err(TooLong));
        assert!(events.is_empty());
    }

    proptest! {
        #[test]
        fn chunking_never_changes_the_events(
            parts in prop::collection::vec(
                prop::sample::select(vec!["data: ", "data", ":", "a", "\u{e9}\u{1f600}", "\n", "\r", "\r\n", "\n\n", " ", "{\"x\":1}"]),
                0..40,
            ),
            size in 1usize..7,
        ) {
            let text = parts.concat();
            prop_assert_eq!(decode(text.as_bytes().chunks(size)), decode([text.as_bytes()]));
        }
    }
}
