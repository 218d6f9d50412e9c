//! A text that a person is writing: a line or several, with a cursor between characters as they are seen. Knows no
//! screen; keys that it has no use for are the caller's.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation;

use crate::text;

/// Bytes that are taken; what is longer belongs in a file.
const MAX_BYTES: usize = 256 << 10;

/// The text so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    text: String,
    /// Bytes before the cursor; never within a character as it is seen.
    cursor: usize,
    many_lines: bool,
}

/// What a key came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Changed,
    Moved,
    /// It is no key for a text.
    Not,
}

impl Draft {
    /// With the cursor at the end.
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text, many_lines: false }
    }

    /// The same, in which lines can be broken.
    pub fn lines(text: impl Into<String>) -> Self {
        Self { many_lines: true, ..Self::of(text) }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    pub fn after_cursor(&self) -> &str {
        &self.text[self.cursor..]
    }

    /// The same with another text before and behind the cursor, made from each.
    pub fn with_each(&self, make: impl Fn(&str) -> String) -> Self {
        let before = make(self.before_cursor());
        Self { cursor: before.len(), text: before + &make(self.after_cursor()), many_lines: self.many_lines }
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Puts a text at the cursor, as far as there is room. What would steer a terminal is left out; without lines, a
    /// line break is a blank.
    pub fn insert(&mut self, text: &str) {
        let clean = if self.many_lines { text::sanitise(text) } else { text::sanitise_line(text) };
        let room = MAX_BYTES.saturating_sub(self.text.len());
        let mut end = clean.len().min(room);
        while !clean.is_char_boundary(end) {
            end -= 1;
        }
        self.text.insert_str(self.cursor, &clean[..end]);
        self.cursor += end;
    }

    /// Puts a text in the place of the last `bytes` before the cursor.
    pub fn replace_before(&mut self, bytes: usize, with: &str) {
        let from = self.cursor.saturating_sub(bytes);
        if self.text.is_char_boundary(from) {
            self.text.replace_range(from..self.cursor, "");
            self.cursor = from;
            self.insert(with);
        }
    }

    pub fn press(&mut self, key: KeyEvent) -> Typed {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        if key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META) {
            return Typed::Not;
        }
        match key.code {
            KeyCode::Char('u') if ctrl => return self.cut(self.line_start(), self.cursor),
            KeyCode::Char('j') if ctrl && self.many_lines => self.insert("\n"),
            KeyCode::Char(_) if ctrl => return Typed::Not,
            KeyCode::Char(character) => self.insert(character.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => return self.cut(self.before(), self.cursor),
            KeyCode::Delete => return self.cut(self.cursor, self.behind()),
            KeyCode::Left => return self.go(self.before()),
            KeyCode::Right => return self.go(self.behind()),
            KeyCode::Home => return self.go(self.line_start()),
            KeyCode::End => return self.go(self.line_end(self.cursor)),
            KeyCode::Up if self.many_lines => return self.go(self.above()),
            KeyCode::Down if self.many_lines => return self.go(self.below()),
            _ => return Typed::Not,
        }
        Typed::Changed
    }

    fn go(&mut self, to: usize) -> Typed {
        self.cursor = to;
        Typed::Moved
    }

    fn cut(&mut self, from: usize, to: usize) -> Typed {
        self.text.replace_range(from..to, "");
        self.cursor = from;
        Typed::Changed
    }

    fn before(&self) -> usize {
        self.before_cursor().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn behind(&self) -> usize {
        self.cursor + self.after_cursor().graphemes(true).next().map_or(0, str::len)
    }

    fn line_start(&self) -> usize {
        self.before_cursor().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..].find('\n').map_or(self.text.len(), |at| from + at)
    }

    fn above(&self) -> usize {
        let start = self.line_start();
        let Some(end) = start.checked_sub(1) else { return 0 };
        let line = self.text[..end].rfind('\n').map_or(0, |at| at + 1);
        self.at_column(line, end)
    }

    fn below(&self) -> usize {
        let end = self.line_end(self.cursor);
        if end == self.text.len() {
            return end;
        }
        self.at_column(end + 1, self.line_end(end + 1))
    }

    /// The place in this line that stands under or over the cursor.
    fn at_column(&self, start: usize, end: usize) -> usize {
        let column = self.text[self.line_start()..self.cursor].graphemes(true).count();
        let line = &self.text[start..end];
        line.grapheme_indices(true).nth(column).map_or(end, |(at, _)| start + at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn press(draft: &mut Draft, code: KeyCode) -> Typed {
        draft.press(KeyEvent::new(code, KeyModifiers::NONE))
    }

    #[test]
    fn a_character_is_what_is_seen_as_one() {
        let mut draft = Draft::of("ae\u{301}👩‍🚀");
        press(&mut draft, KeyCode::Backspace);
        assert_eq!(draft.text(), "ae\u{301}");
        press(&mut draft, KeyCode::Left);
        assert_eq!(draft.before_cursor(), "a");
    }

    #[test]
    fn what_is_pasted_steers_nothing_and_fits_the_place() {
        let mut line = Draft::default();
        line.insert("one\ntwo\u{1b}[2J");
        assert!(!line.text().contains(['\n', '\u{1b}']), "{:?}", line.text());
        let mut lines = Draft::lines("");
        lines.insert("one\ntwo");
        assert_eq!(lines.text(), "one\ntwo");
        lines.insert(&"x".repeat(MAX_BYTES));
        assert_eq!(lines.text().len(), MAX_BYTES);
    }

    #[test]
    fn the_cursor_keeps_its_column_from_line_to_line() {
        let mut draft = Draft::lines("first\nno\nthird");
        press(&mut draft, KeyCode::Up);
        assert_eq!(draft.before_cursor(), "first\nno");
        press(&mut draft, KeyCode::Up);
        assert_eq!(draft.before_cursor(), "fi");
        press(&mut draft, KeyCode::Down);
        press(&mut draft, KeyCode::Down);
        assert_eq!(draft.before_cursor(), "first\nno\nth");
    }

    proptest! {
        #[test]
        fn no_key_breaks_a_text(keys in prop::collection::vec(0usize..12, 0..200)) {
            let codes = [
                KeyCode::Char('é'), KeyCode::Char('漢'), KeyCode::Char('\u{301}'), KeyCode::Char(' '), KeyCode::Left,
                KeyCode::Right, KeyCode::Up, KeyCode::Down, KeyCode::Home, KeyCode::End, KeyCode::Backspace,
                KeyCode::Delete,
            ];
            let mut draft = Draft::lines("one\ntwo");
            for key in keys {
                press(&mut draft, codes[key]);
                prop_assert!(draft.text().is_char_boundary(draft.before_cursor().len()));
            }
        }
    }
}
