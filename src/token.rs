//! The one estimator of tokens. It never tokenises: it weighs characters by kind, which is close enough to decide a
//! budget and costs nothing on the way of a call. A provider's own count replaces it wherever one is known.

use crate::unit::Tokens;

/// Quarter tokens per character outside ASCII letters, by kind.
const QUARTERS_PER_WIDE: u64 = 4;
const QUARTERS_PER_OTHER: u64 = 2;

/// About how many tokens `text` is. Prose comes to four bytes a token; code, with its punctuation, to fewer; a CJK
/// character counts as a token of its own.
pub fn estimate(text: &str) -> Tokens {
    let quarters: u64 = text.chars().map(quarters).sum();
    Tokens(quarters.div_ceil(4))
}

fn quarters(character: char) -> u64 {
    match character {
        'a'..='z' | 'A'..='Z' | ' ' | '\n' | '\r' | '\t' => 1,
        '\0'..='\x7f' => 2 - u64::from(character.is_ascii_control()),
        '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}' => {
            QUARTERS_PER_WIDE
        }
        _ => QUARTERS_PER_OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_comes_to_about_four_characters_a_token() {
        let text = "The quick brown fox jumps over the lazy dog and runs away";
        let Tokens(count) = estimate(text);
        assert!((10..=16).contains(&count), "{count}");
    }

    #[test]
    fn a_wide_character_is_a_token() {
        assert_eq!(estimate("漢字"), Tokens(2));
    }

    #[test]
    fn nothing_is_no_token() {
        assert_eq!(estimate(""), Tokens::ZERO);
    }
}
