//! Makes foreign text harmless to a terminal: what models, files and clients wrote may not move the cursor, reorder a
//! line or hide in it. Done once, where the text enters a view; stores keep it raw.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// Marks that may sit on one character. Real scripts need fewer; more paint over the neighbouring lines.
const MAX_MARKS: usize = 4;
/// What a tab becomes. A real tab stop would depend on where the text is drawn.
const TAB: &str = "    ";

/// The text with its line breaks and without anything that a terminal would act on or not show.
pub fn sanitise(text: &str) -> Cow<'_, str> {
    clean(text, "\n")
}

/// The same for text that belongs on one line: a line break becomes a space.
pub fn sanitise_line(text: &str) -> Cow<'_, str> {
    clean(text, " ")
}

/// Whether a terminal shows the character, or puts it on the one before, and does nothing else with it.
pub fn is_harmless(character: char) -> bool {
    matches!(fate(character), Fate::Shown | Fate::Mark)
}

fn clean<'a>(text: &'a str, line_break: &str) -> Cow<'a, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len());
    // A mark with nothing before it would land on whatever is drawn to its left.
    let mut marks = MAX_MARKS;
    for character in text.chars() {
        match fate(character) {
            Fate::Shown => {
                clean.push(character);
                marks = 0;
            }
            Fate::Mark if marks < MAX_MARKS => {
                clean.push(character);
                marks += 1;
            }
            Fate::Mark | Fate::Dropped => {}
            Fate::Break => {
                clean.push_str(line_break);
                marks = MAX_MARKS;
            }
            Fate::Tab => {
                clean.push_str(TAB);
                marks = 0;
            }
        }
    }
    if clean == text { Cow::Borrowed(text) } else { Cow::Owned(clean) }
}

enum Fate {
    Shown,
    /// Takes no cell of its own.
    Mark,
    Break,
    Tab,
    Dropped,
}

fn fate(character: char) -> Fate {
    match character {
        ' '..='~' => Fate::Shown,
        '\n' | '\u{2028}' | '\u{2029}' => Fate::Break,
        '\t' => Fate::Tab,
        // C0, DEL, C1
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => Fate::Dropped,
        // what hides, joins or reorders: soft hyphen, zero width, bidi, invisible operators, annotations, tags
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Fate::Dropped,
        // what makes another picture of the sign before it: terminals differ on how wide that one is
        '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => Fate::Dropped,
        _ if character.width() == Some(0) => Fate::Mark,
        _ => Fate::Shown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        assert!(matches!(sanitise("a = b; // ok"), Cow::Borrowed(_)));
        assert!(matches!(sanitise("naïve 漢字\nline two"), Cow::Borrowed(_)));
    }

    #[test]
    fn escape_sequences_lose_what_makes_them_one() {
        assert_eq!(sanitise("\x1b]52;c;aGk=\x07ok"), "]52;c;aGk=ok");
        assert_eq!(sanitise("a\u{9b}31mb\r\nc\x7f"), "a31mb\nc");
    }

    #[test]
    fn what_hides_or_reorders_is_dropped() {
        assert_eq!(sanitise("user\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{200d}"), "usergpj.exe");
        assert_eq!(sanitise("a\u{e0041}\u{e007f}b"), "ab");
    }

    #[test]
    fn marks_are_capped_and_never_stand_alone() {
        assert_eq!(sanitise("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}"), "e\u{301}\u{301}\u{301}\u{301}");
        assert_eq!(sanitise("\u{301}x\n\u{301}y"), "x\ny");
    }

    #[test]
    fn a_line_has_no_breaks_and_no_tabs() {
        assert_eq!(sanitise_line("one\ntwo\u{2028}three\tfour"), "one two three    four");
        assert_eq!(sanitise("a\tb"), "a    b");
    }

    proptest! {
        #[test]
        fn nothing_that_a_terminal_acts_on_is_left(text in "\\PC*|[\\x00-\\u{a0}\\u{200b}-\\u{206f}\\u{e0000}-\\u{e0080}]*") {
            let line = sanitise_line(&text).into_owned();
            prop_assert!(!line.chars().any(char::is_control), "{line:?}");
            prop_assert_eq!(sanitise_line(&line), line.as_str());
            prop_assert!(!sanitise(&text).chars().any(|character| character.is_control() && character != '\n'));
        }
    }
}
