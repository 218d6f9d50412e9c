//! Cuts text into comparable words: prose by its letters, identifiers by their parts, scripts without spaces by pairs of
//! characters. A word is known by the hash of its stem; the text is kept only as places in it.

use super::stop;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Of its stem: equal words of any case and ending have the same.
    pub hash: u32,
    /// Where it stands, in bytes.
    pub start: usize,
    pub end: usize,
    /// Words such as "the" stand in any text and tell nothing of it.
    pub is_content: bool,
    /// It says something of what the text is about: no number, and none of the words that stand in texts on anything.
    pub is_topical: bool,
    /// A number or an identifier: what makes a sentence checkable.
    pub is_specific: bool,
}

/// A longer word is compared by its beginning.
const STEM_CHARS: usize = 7;
/// What is left of a word when an ending is taken off.
const STEM_MIN: usize = 4;
/// Endings by which English and German words of one stem differ. The longest come first.
const ENDINGS: &[&str] = &["ing", "ung", "en", "er", "em", "es", "ed", "ly", "e", "s", "n"];

/// The words of the text, in order.
pub fn words(text: &str) -> Vec<Word> {
    let mut cutter = Cutter { text, words: Vec::with_capacity(text.len() / 6), stem: String::new() };
    let mut begin = None;
    let mut before: Option<(usize, char)> = None;
    let mut last = ' ';
    for (at, character) in text.char_indices() {
        let unspaced = is_unspaced(character);
        let inside = !unspaced && is_part_of_word(character);
        if let Some(start) = begin
            && (!inside || is_hump(last, character))
        {
            cutter.put(start, at);
            begin = None;
        }
        if inside && begin.is_none() && character.is_alphanumeric() {
            begin = Some(at);
        }
        if unspaced {
            if let Some((start, first)) = before {
                cutter.put_pair(start, at + character.len_utf8(), first, character);
            }
            before = Some((at, character));
        } else {
            before = None;
        }
        last = character;
    }
    if let Some(start) = begin {
        cutter.put(start, text.len());
    }
    cutter.words
}

struct Cutter<'a> {
    text: &'a str,
    words: Vec<Word>,
    stem: String,
}

impl Cutter<'_> {
    fn put(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        self.stem.clear();
        self.stem.extend(word.chars().filter(|c| !is_mark(*c)).flat_map(char::to_lowercase));
        let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
        let is_content = has_digit || (self.stem.chars().nth(1).is_some() && !stop::is_stop_word(&self.stem));
        let joined = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b'_' | b'/'));
        let bytes = self.text.as_bytes();
        let is_part = joined(bytes.get(end)) || start.checked_sub(1).is_some_and(|at| joined(bytes.get(at)));
        let hash = hash(stem(&self.stem).chars());
        let is_topical = is_content && !stop::is_of_any_topic(hash) && word.chars().any(char::is_alphabetic);
        let is_specific = has_digit || (is_part && is_content);
        self.words.push(Word { hash, start, end, is_content, is_topical, is_specific });
    }

    fn put_pair(&mut self, start: usize, end: usize, first: char, second: char) {
        let is_content = !stop::is_stop_character(first) && !stop::is_stop_character(second);
        let hash = hash([first, second].into_iter());
        self.words.push(Word { hash, start, end, is_content, is_topical: is_content, is_specific: false });
    }
}

/// The word without the endings that it may have, and no longer than is compared.
fn stem(word: &str) -> &str {
    let mut stem = word;
    for _ in 0..2 {
        let shorter = ENDINGS.iter().find_map(|ending| stem.strip_suffix(ending));
        match shorter.filter(|shorter| shorter.chars().count() >= STEM_MIN) {
            Some(shorter) => stem = shorter,
            None => break,
        }
    }
    let end = stem.char_indices().nth(STEM_CHARS).map_or(stem.len(), |(at, _)| at);
    &stem[..end]
}

/// The hash by which a word in lower case is known.
pub fn stem_hash(word: &str) -> u32 {
    hash(stem(word).chars())
}

/// FNV-1a over characters, its bits mixed once more so that any part of them is as good as another.
pub fn hash(characters: impl Iterator<Item = char>) -> u32 {
    let mut hash: u32 = 0x811c_9dc5;
    for character in characters {
        hash = (hash ^ u32::from(character)).wrapping_mul(0x0100_0193);
    }
    mixed(hash)
}

/// The hash of two words that follow one another.
pub fn joined(first: u32, second: u32) -> u32 {
    mixed(first.rotate_left(11) ^ second.wrapping_mul(0x9e37_79b1))
}

fn mixed(mut hash: u32) -> u32 {
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// Where an identifier such as `maxBytes` is cut.
fn is_hump(last: char, character: char) -> bool {
    last.is_lowercase() && character.is_uppercase()
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || is_mark(character)
}

/// Marks that stand on a letter: vowels of Arabic and Hebrew, accents that were typed apart. They are not compared.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{200c}' | '\u{200d}' | '\u{ad}')
}

/// Scripts that write words without spaces, or glue to them what other languages write apart.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
        && character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).iter().map(|word| &text[word.start..word.end]).collect()
    }

    fn same(a: &str, b: &str) -> bool {
        words(a)[0].hash == words(b)[0].hash
    }

    #[test]
    fn prose_is_cut_at_spaces_identifiers_at_their_parts_and_chinese_into_pairs() {
        assert_eq!(cut("The pool's limit, 7."), ["The", "pool", "s", "limit", "7"]);
        assert_eq!(cut("let maxBytes = self.max_calls;"), ["let", "max", "Bytes", "self", "max", "calls"]);
        assert_eq!(cut("缓存失效 now"), ["缓存", "存失", "失效", "now"]);
        assert_eq!(cut("字"), [""; 0]);
    }

    #[test]
    fn case_endings_and_marks_make_no_difference() {
        assert!(same("Caching", "cached") && same("Verbindung", "Verbindungen") && same("e\u{301}tude", "etude"));
        assert!(!same("context", "content"));
    }

    #[test]
    fn words_of_any_text_are_not_content() {
        let content = |text: &str| -> Vec<String> {
            let words = words(text);
            words.iter().filter(|word| word.is_content).map(|word| text[word.start..word.end].to_owned()).collect()
        };
        assert_eq!(content("this is what the lock does"), ["lock"]);
        assert_eq!(content("aber die Sperre wird nicht frei"), ["Sperre", "frei"]);
        assert_eq!(content("这是缓存的问题"), ["缓存", "问题"]);
    }

    #[test]
    fn numbers_and_identifiers_are_specific() {
        let specific = words("waits 30 ms in read_line of src/cache").iter().filter(|word| word.is_specific).count();
        assert_eq!(specific, 5);
    }
}
