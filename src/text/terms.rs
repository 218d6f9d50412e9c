//! The forms in which things are searched: words, `field:value`, `!x` for what is not so, `~x` for letters in this order,
//! quotes around blanks. Read once here for threads, messages, models and calls; knows none of them.

use super::nearest::nearest;

/// Terms of one query.
const MAX_TERMS: usize = 32;

/// One term: all of a query's terms must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// False: it must not hold.
    pub wanted: bool,
    pub form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// In lower case.
    Text(String),
    /// In lower case: these letters, in this order.
    Fuzzy(String),
    /// One of the known fields, and its value as it was written.
    Field(&'static str, String),
}

/// The terms of a query, and all that is wrong with it, each with what would be right.
pub fn terms(text: &str, fields: &[&'static str]) -> (Vec<Term>, Vec<String>) {
    let (mut terms, mut problems) = (Vec::new(), Vec::new());
    let words = words(text);
    if words.len() > MAX_TERMS {
        problems.push(format!("it has more than {MAX_TERMS} terms"));
    }
    for word in words.into_iter().take(MAX_TERMS) {
        match word.read(fields) {
            Ok(term) => terms.push(term),
            Err(problem) => problems.push(problem),
        }
    }
    (terms, problems)
}

/// Whether `part`, which is in lower case, stands in `text` in any case. The usual case copies nothing: a search reads
/// all that is held.
pub fn contains(text: &str, part: &str) -> bool {
    if !part.is_ascii() {
        return text.to_lowercase().contains(part);
    }
    let (text, part) = (text.as_bytes(), part.as_bytes());
    let Some((first, rest)) = part.split_first() else { return true };
    text.windows(part.len())
        .any(|window| window[0].to_ascii_lowercase() == *first && window[1..].eq_ignore_ascii_case(rest))
}

/// Whether these letters, which are in lower case, stand in `text` in this order.
pub fn has_in_order(text: &str, letters: &str) -> bool {
    let mut text = text.chars().flat_map(char::to_lowercase);
    letters.chars().all(|letter| text.any(|c| c == letter))
}

/// A word of a query: its text without the quotes, and how much of it stood before the first of them.
struct Word {
    text: String,
    unquoted: usize,
}

/// Splits at blanks that are not within double quotes. A quote that is not closed ends with the text.
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut first_quote) = (String::new(), false, None);
    for c in text.chars().chain([' ']) {
        match c {
            '"' => {
                quoted = !quoted;
                first_quote.get_or_insert(word.len());
            }
            c if c.is_whitespace() && !quoted => {
                let text = std::mem::take(&mut word);
                let unquoted = first_quote.take().unwrap_or(text.len());
                if !text.is_empty() {
                    words.push(Word { text, unquoted });
                }
            }
            c => word.push(c),
        }
    }
    if !word.trim().is_empty() {
        let unquoted = first_quote.unwrap_or(0);
        words.push(Word { text: word.trim_end().to_owned(), unquoted });
    }
    words
}

impl Word {
    fn read(&self, fields: &[&'static str]) -> Result<Term, String> {
        // What stands in quotes is text and no form.
        let plain = &self.text[..self.unquoted.min(self.text.len())];
        let (wanted, rest) = match plain.strip_prefix('!') {
            Some(_) => (false, &self.text[1..]),
            None => (true, self.text.as_str()),
        };
        let form_end = plain.len() - (self.text.len() - rest.len()).min(plain.len());
        let (said, form) = match rest[..form_end].split_once(':') {
            Some((name, value)) => match fields.iter().find(|field| **field == name) {
                Some(field) => {
                    let value = &rest[name.len() + 1..];
                    (value, Form::Field(field, value.to_owned()))
                }
                None if !value.starts_with([':', '/']) && nearest(name, fields.iter().copied()).is_some() => {
                    let meant = nearest(name, fields.iter().copied()).unwrap_or_default();
                    return Err(format!("'{name}:' is no field: did you mean '{meant}:'? Quotes make it text"));
                }
                None => (rest, Form::Text(rest.to_lowercase())),
            },
            None if rest[..form_end].starts_with('~') => (&rest[1..], Form::Fuzzy(rest[1..].to_lowercase())),
            None => (rest, Form::Text(rest.to_lowercase())),
        };
        if said.trim().is_empty() {
            return Err(format!("'{}' says nothing to look for", self.text));
        }
        Ok(Term { wanted, form })
    }
}
