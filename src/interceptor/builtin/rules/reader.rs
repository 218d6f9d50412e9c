//! Reads the parts of a file of rules by their kinds, and gathers what is wrong with its place.

use std::ops::Range;
use std::time::Duration;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::parse_duration;
use crate::text::nearest::nearest;

/// One mistake. Counted from 1; the column in characters.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    pub line: usize,
    pub column: usize,
    pub what: String,
}

pub struct Reader<'t> {
    text: &'t str,
    pub wrong: Vec<Wrong>,
}

type At<'a, 'v> = &'v Spanned<DeValue<'a>>;

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, wrong: Vec::new() }
    }

    pub fn refuse(&mut self, span: &Range<usize>, what: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let begin = before.rfind('\n').map_or(0, |at| at + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[begin..].chars().count() + 1);
        self.wrong.push(Wrong { line, column, what: what.into() });
    }

    /// Refuses every key of `table` that is none of `known`.
    pub fn known(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for (name, _) in table {
            let given: &str = name.get_ref();
            if !known.contains(&given) {
                let nearest = nearest(given, known.iter().copied());
                let hint = nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
                self.refuse(&name.span(), format!("no such key: {}{hint}", given.escape_debug()));
            }
        }
    }

    pub fn text(&mut self, value: At<'_, '_>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.clone().into_owned()),
            _ => self.expected(value, "a text"),
        }
    }

    pub fn bool(&mut self, value: At<'_, '_>) -> Option<bool> {
        match value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.expected(value, "true or false"),
        }
    }

    pub fn duration(&mut self, value: At<'_, '_>, max: Duration) -> Option<Duration> {
        let text = match value.get_ref() {
            DeValue::String(text) => parse_duration(text),
            _ => None,
        };
        match text.filter(|duration| *duration <= max) {
            Some(duration) => Some(duration),
            None => self.expected(value, &format!("a duration such as 500ms or 30s, at most {}s", max.as_secs())),
        }
    }

    /// A text, or a list of texts.
    pub fn texts(&mut self, value: At<'_, '_>) -> Vec<String> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(|item| self.text(item)).collect(),
            _ => self.text(value).into_iter().collect(),
        }
    }

    pub fn tables<'a, 'v>(&mut self, value: At<'a, 'v>) -> Vec<(Range<usize>, &'v DeTable<'a>)> {
        let mut tables = Vec::new();
        match value.get_ref() {
            DeValue::Array(items) => {
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::Table(table) => tables.push((item.span(), table)),
                        _ => self.refuse(&item.span(), "it must be a table"),
                    }
                }
            }
            _ => self.refuse(&value.span(), "it must be a list of tables"),
        }
        tables
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, value: At<'_, '_>, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(value)?;
        self.one_of(&value.span(), &text, words)
    }

    pub fn one_of<T: Copy>(&mut self, span: &Range<usize>, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(span, format!("{:?} is none of {}", cut(text), all.join(", ")));
        }
        found
    }

    /// A JSON pointer.
    pub fn pointer(&mut self, value: At<'_, '_>) -> Option<String> {
        let text = self.text(value)?;
        if text.is_empty() || text.starts_with('/') {
            return Some(text);
        }
        self.refuse(&value.span(), format!("{:?} is no JSON pointer, such as /params/arguments/model", cut(&text)));
        None
    }

    /// The JSON pointer of something that may be changed.
    pub fn changeable(&mut self, value: At<'_, '_>) -> Option<String> {
        let pointer = self.pointer(value)?;
        if ["/params/", "/result/", "/error/"].iter().any(|part| pointer.starts_with(part)) {
            return Some(pointer);
        }
        self.refuse(&value.span(), "only what is below /params, /result or /error can be changed");
        None
    }

    /// Any value, as JSON.
    pub fn json(&mut self, value: At<'_, '_>) -> Option<Value> {
        Some(match value.get_ref() {
            DeValue::String(text) => Value::String(text.clone().into_owned()),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => number.into(),
                Err(_) => return self.expected(value, "a number that fits 64 bits"),
            },
            DeValue::Float(number) => match number.as_str().parse().ok().and_then(serde_json::Number::from_f64) {
                Some(number) => Value::Number(number),
                None => return self.expected(value, "a finite number"),
            },
            DeValue::Datetime(time) => Value::String(time.to_string()),
            DeValue::Array(items) => Value::Array(items.iter().filter_map(|item| self.json(item)).collect()),
            DeValue::Table(members) => Value::Object(
                members
                    .iter()
                    .filter_map(|(name, value)| Some((name.get_ref().to_string(), self.json(value)?)))
                    .collect(),
            ),
        })
    }

    fn expected<T>(&mut self, value: At<'_, '_>, what: &str) -> Option<T> {
        self.refuse(&value.span(), format!("it must be {what}"));
        None
    }
}

/// The beginning of a foreign text.
fn cut(text: &str) -> String {
    text.chars().take(60).collect()
}
