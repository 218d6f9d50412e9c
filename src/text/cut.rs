//! Fits text into terminal cells: measures, cuts, pads and wraps it. A character is what a reader takes for one, and
//! counts as many cells as the terminal gives it.

use std::borrow::Cow;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

const ELLIPSIS: &str = "…";
/// Closing marks that may not begin a line in Chinese and Japanese.
const NEVER_FIRST: &str = "、。，．：；？！）」』】〉》";

/// The cells that the text takes on one line.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(cells).sum() }
}

/// The text, or its beginning with an ellipsis where it is wider than `cells`.
pub fn cut(text: &str, cells: usize) -> Cow<'_, str> {
    if width(text) <= cells {
        return Cow::Borrowed(text);
    }
    let Some(room) = cells.checked_sub(width(ELLIPSIS)) else { return Cow::Borrowed("") };
    let mut kept = String::with_capacity(cells + ELLIPSIS.len());
    kept.push_str(beginning(text, room).trim_end());
    kept.push_str(ELLIPSIS);
    Cow::Owned(kept)
}

/// The text in exactly so many cells: cut, or filled with spaces behind it.
pub fn pad(text: &str, cells: usize) -> String {
    let mut padded = cut(text, cells).into_owned();
    let missing = cells.saturating_sub(width(&padded));
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

/// The same with the spaces before it, as figures stand in a column.
pub fn pad_start(text: &str, cells: usize) -> String {
    let kept = cut(text, cells);
    let mut padded = " ".repeat(cells.saturating_sub(width(&kept)));
    padded.push_str(&kept);
    padded
}

/// The lines into which the text falls at this width, as byte ranges of it. Breaks at spaces and between wide
/// characters, and within a word only where the word alone is wider than a line. Indentation is kept.
pub fn wrap(text: &str, cells: usize) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    wrap_from(text, 0, cells, &mut lines);
    lines
}

/// Wraps from byte `from`, which begins a line of the text, and appends the lines: what text that grew at its end needs.
pub fn wrap_from(text: &str, from: usize, cells: usize, lines: &mut Vec<Range<usize>>) {
    if cells == 0 {
        return;
    }
    let mut start = from;
    for paragraph in text[from..].split('\n') {
        Wrapping { text: paragraph, base: start, cells, line: 0, taken: 0, inked: false, gap: None }.run(lines);
        start += paragraph.len() + 1;
    }
}

fn beginning(text: &str, room: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        taken += cells(grapheme);
        if taken > room {
            return &text[..at];
        }
    }
    text
}

fn cells(grapheme: &str) -> usize {
    grapheme.width()
}

/// One paragraph on its way into lines.
struct Wrapping<'a> {
    text: &'a str,
    base: usize,
    cells: usize,
    /// Where the line begins, and the cells that it has taken so far.
    line: usize,
    taken: usize,
    /// Whether the line has more than its indentation.
    inked: bool,
    gap: Option<Gap>,
}

/// The last place at which the line may end.
#[derive(Clone, Copy)]
struct Gap {
    end: usize,
    next: usize,
    /// The cells of the line up to `next`.
    taken: usize,
}

impl Wrapping<'_> {
    fn run(mut self, lines: &mut Vec<Range<usize>>) {
        let before = lines.len();
        if self.text.is_ascii() {
            for at in 0..self.text.len() {
                self.place(at, &self.text[at..=at], 1, lines);
            }
        } else {
            for (at, grapheme) in self.text.grapheme_indices(true) {
                self.place(at, grapheme, cells(grapheme), lines);
            }
        }
        if self.line < self.text.len() || lines.len() == before {
            self.end_line(self.text.len(), lines);
        }
    }

    fn place(&mut self, at: usize, grapheme: &str, wide: usize, lines: &mut Vec<Range<usize>>) {
        let after = at + grapheme.len();
        if wide > self.cells {
            // No line of this width can show it.
            if at > self.line {
                self.end_line(at, lines);
            }
            self.begin_line(after);
            return;
        }
        let space = grapheme == " ";
        if space && self.taken + wide > self.cells {
            self.end_line(at, lines);
            self.begin_line(after);
            return;
        }
        if wide > 1 && at > self.line && !NEVER_FIRST.contains(grapheme) {
            self.gap = Some(Gap { end: at, next: at, taken: self.taken });
        }
        while self.taken + wide > self.cells {
            match self.gap.take() {
                Some(gap) => {
                    self.end_line(gap.end, lines);
                    self.line = gap.next;
                    self.taken -= gap.taken;
                }
                None => {
                    self.end_line(at, lines);
                    self.begin_line(at);
                }
            }
        }
        if space && self.inked {
            let end = self.gap.filter(|gap| gap.next == at && gap.end < at).map_or(at, |gap| gap.end);
            self.gap = Some(Gap { end, next: after, taken: self.taken + wide });
        }
        self.inked |= !space;
        self.taken += wide;
    }

    fn end_line(&self, end: usize, lines: &mut Vec<Range<usize>>) {
        lines.push(self.base + self.line..self.base + end);
    }

    fn begin_line(&mut self, at: usize) {
        self.line = at;
        self.taken = 0;
        self.inked = false;
        self.gap = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(text: &str, cells: usize) -> Vec<&str> {
        wrap(text, cells).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_wide_character_takes_two_cells() {
        assert_eq!(width("漢字ab"), 6);
        assert_eq!(width("e\u{301}"), 1);
    }

    #[test]
    fn what_is_cut_ends_with_an_ellipsis() {
        assert_eq!(cut("gemini-2.5-pro", 14), "gemini-2.5-pro");
        assert_eq!(cut("gemini-2.5-pro", 8), "gemini-…");
        assert_eq!(cut("漢字漢字", 4), "漢…");
        assert_eq!(cut("ab", 0), "");
    }

    #[test]
    fn columns_are_filled_on_either_side() {
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(pad_start("ab", 4), "  ab");
        assert_eq!(pad("漢字", 3), "漢…");
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(lines("the quick brown fox", 10), ["the quick", "brown fox"]);
        assert_eq!(lines("the  quick", 6), ["the", "quick"]);
        assert_eq!(lines("a incomprehensibly b", 6), ["a", "incomp", "rehens", "ibly b"]);
    }

    #[test]
    fn indentation_and_empty_lines_are_kept() {
        assert_eq!(lines("    let x = 1;\n\n  y", 20), ["    let x = 1;", "", "  y"]);
        assert_eq!(lines("", 5), [""]);
    }

    #[test]
    fn wide_text_breaks_between_characters_but_not_before_a_closing_mark() {
        assert_eq!(lines("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(lines("漢字。", 4), ["漢", "字。"]);
    }

    #[test]
    fn grown_text_is_wrapped_from_its_last_line_break() {
        let text = "one two\nthree four";
        let mut grown = wrap("one two\nthree", 5);
        grown.truncate(2);
        wrap_from(text, 8, 5, &mut grown);
        assert_eq!(grown, wrap(text, 5));
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "[ -~漢字。\\n\\u{300}-\\u{310}👩‍🚀]*|\\PC*", cells in 0usize..40) {
            for line in wrap(&text, cells) {
                prop_assert!(width(&text[line.clone()]) <= cells, "{:?}", &text[line]);
            }
            prop_assert!(width(&cut(&text, cells)) <= cells);
            prop_assert_eq!(width(&pad("x", cells)), cells);
        }

        #[test]
        fn wrapping_loses_nothing_but_spaces(text in "[a-c 漢\\n]*", cells in 2usize..12) {
            let kept: String = wrap(&text, cells).into_iter().map(|line| text[line].replace(' ', "")).collect();
            prop_assert_eq!(kept, text.replace([' ', '\n'], ""));
        }
    }
}
