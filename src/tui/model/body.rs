//! A long foreign text that arrives piece by piece: made harmless on arrival, wrapped when it grows or the width
//! changes, so that drawing it is slicing.

use std::ops::Range;
use std::sync::Arc;

use crate::control::types::TextSlice;
use crate::text;
use crate::tui::markdown::{CodeKey, Document, Line, Run};
use crate::tui::syntax;
use crate::tui::theme::Role;

/// Characters of one text that are held; what is longer is cut there and says so.
const MAX_CHARACTERS: u64 = 4 << 20;
/// Bytes of a text that is read as Markdown, anew with each piece; a longer one is shown as it was written.
const MAX_MARKDOWN: usize = 512 << 10;

/// The text so far.
#[derive(Clone, Debug, Default)]
pub struct Body {
    text: String,
    /// Characters of the original that have arrived: where the next piece begins.
    arrived: u64,
    total: u64,
    lines: Vec<Range<usize>>,
    /// The text as Markdown and its lines, where it is to be read so.
    markdown: Option<(Document, Vec<Line>)>,
    width: usize,
    /// A piece has been asked for and has not come.
    asked: bool,
    /// The last piece that was asked for could not be had.
    refused: bool,
}

impl Body {
    pub fn new(slice: &TextSlice) -> Self {
        let mut body = Self::default();
        body.append(slice);
        body
    }

    /// A text to be read as Markdown.
    pub fn markdown(slice: &TextSlice) -> Self {
        let mut body = Self { markdown: Some(Default::default()), ..Self::default() };
        body.append(slice);
        body
    }

    /// Takes the next piece. One that does not begin where the text ends is not it.
    pub fn append(&mut self, slice: &TextSlice) {
        self.asked = false;
        self.total = slice.total;
        if slice.from != self.arrived {
            return;
        }
        self.arrived += slice.text.chars().count() as u64;
        if slice.text.is_empty() {
            // The source has no more than this, whatever it announced.
            self.total = self.arrived;
        }
        self.text.push_str(&text::sanitise(&slice.text));
        if self.text.len() > MAX_MARKDOWN {
            self.markdown = None;
        }
        self.lay_out_grown();
    }

    /// Takes a text that is whole, and was made harmless and laid out before.
    pub fn whole(text: String) -> Self {
        let characters = text.chars().count() as u64;
        Self { text, arrived: characters, total: characters, ..Self::default() }
    }

    pub fn fit(&mut self, width: usize) {
        if self.width != width {
            self.width = width;
            match &mut self.markdown {
                Some((document, lines)) => *lines = document.wrap(width),
                None => self.lines = text::wrap(&self.text, width),
            }
        }
    }

    /// From where to ask for more, once; None where all is here, on its way, or over the bound.
    pub fn ask(&mut self) -> Option<u64> {
        let wanted = !self.asked && !self.refused && self.arrived < self.total.min(MAX_CHARACTERS);
        self.asked |= wanted;
        wanted.then_some(self.arrived)
    }

    /// The piece that was asked for will not come. What is missing stays missing, unless the text grows.
    pub fn give_up(&mut self) {
        self.asked = false;
        self.refused = true;
    }

    /// The source has this many characters now.
    pub fn grew_to(&mut self, total: u64) {
        self.refused &= total <= self.total;
        self.total = self.total.max(total);
    }

    pub fn lines(&self) -> usize {
        self.markdown.as_ref().map_or(self.lines.len(), |(_, lines)| lines.len())
    }

    /// A line of a text that is no Markdown.
    pub fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", |range| &self.text[range.clone()])
    }

    /// What stands on a line, piece by piece.
    pub fn pieces(&self, at: usize) -> Vec<(&str, Role)> {
        match &self.markdown {
            Some((document, lines)) => lines.get(at).map(|line| document.pieces(line)).unwrap_or_default(),
            None => vec![(self.line(at), Role::Text)],
        }
    }

    /// The block of code on this line, if it lacks its colours: key, language and text. Each is named once.
    pub fn wants_colours(&mut self, at: usize) -> Option<(CodeKey, String, String)> {
        let (document, lines) = self.markdown.as_mut()?;
        let at = document.code_of(lines.get(at)?)?;
        if std::mem::replace(&mut document.codes.get_mut(at)?.asked, true) {
            return None;
        }
        let code = &document.codes[at];
        let text = document.code_text(code);
        let wanted = !code.language.is_empty() && text.len() <= syntax::MAX_BYTES;
        wanted.then(|| (code.key, code.language.clone(), text.to_owned()))
    }

    pub fn take_colours(&mut self, key: CodeKey, colours: &Arc<[Run]>) {
        let codes = self.markdown.iter_mut().flat_map(|(document, _)| &mut document.codes);
        for code in codes.filter(|code| code.key == key) {
            code.colours = Some(Arc::clone(colours));
        }
    }

    /// The text as it was written, made harmless.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Characters that exist and have not arrived.
    pub fn missing(&self) -> u64 {
        self.total.saturating_sub(self.arrived)
    }

    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Reads Markdown anew, which a new end may give another meaning; wraps any other text from its last line break on:
    /// what stands before it does not change.
    fn lay_out_grown(&mut self) {
        if let Some((document, lines)) = &mut self.markdown {
            let before = std::mem::replace(document, Document::parse(&self.text));
            for code in &mut document.codes {
                if let Some(known) = before.codes.iter().find(|known| known.key == code.key) {
                    (code.colours, code.asked) = (known.colours.clone(), known.asked);
                }
            }
            *lines = if self.width == 0 { Vec::new() } else { document.wrap(self.width) };
            return;
        }
        if self.width == 0 {
            return;
        }
        let start = self.lines.last().map_or(0, |last| self.text[..last.start].rfind('\n').map_or(0, |at| at + 1));
        let kept = self.lines.partition_point(|line| line.start < start);
        self.lines.truncate(kept);
        text::wrap_from(&self.text, start, self.width, &mut self.lines);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slice(text: &str, from: u64, total: u64) -> TextSlice {
        TextSlice { text: text.to_owned(), from, total }
    }

    #[test]
    fn the_next_piece_is_asked_for_once_and_by_the_original_offset() {
        let mut body = Body::new(&slice("\x1b[31mred", 0, 20));
        assert_eq!((body.ask(), body.ask()), (Some(8), None));
        body.append(&slice(" more", 8, 20));
        body.fit(80);
        assert_eq!((body.line(0), body.missing()), ("[31mred more", 7));
        assert_eq!(body.ask(), Some(13));
    }

    #[test]
    fn a_piece_that_does_not_fit_on_is_not_taken() {
        let mut body = Body::new(&slice("one", 0, 6));
        body.append(&slice("one", 0, 6));
        assert_eq!(body.arrived(), 3);
    }

    #[test]
    fn what_could_not_be_had_is_not_taken_for_the_end() {
        let mut body = Body::new(&slice("one", 0, 6));
        body.ask();
        body.give_up();
        assert_eq!((body.ask(), body.missing()), (None, 3));
        body.grew_to(9);
        assert_eq!(body.ask(), Some(3));
    }

    #[test]
    fn a_source_that_has_no_more_is_not_asked_forever() {
        let mut body = Body::new(&slice("one", 0, 6));
        body.append(&slice("", 3, 6));
        assert_eq!((body.ask(), body.missing()), (None, 0));
    }

    proptest! {
        #[test]
        fn growing_wraps_as_if_it_had_come_at_once(pieces in prop::collection::vec("[a-c \\n漢]{0,12}", 0..8), width in 1usize..12) {
            let mut grown = Body::default();
            grown.fit(width);
            let mut arrived = 0;
            for piece in &pieces {
                grown.append(&slice(piece, arrived, 1_000));
                arrived += piece.chars().count() as u64;
            }
            let mut whole = Body::new(&slice(&pieces.concat(), 0, 1_000));
            whole.fit(width);
            let lines = |body: &Body| (0..body.lines()).map(|at| body.line(at).to_owned()).collect::<Vec<_>>();
            prop_assert_eq!(lines(&grown), lines(&whole));
        }
    }
}
