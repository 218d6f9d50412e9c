//! What narrows a list that the face holds itself: the terms of a query, held against the fields of a row. Threads are
//! narrowed by their own process, which knows their texts.

use std::borrow::Cow;

use crate::text::terms::{Form, Term, contains, has_in_order, terms};

/// A query as it was written, in force as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sieve {
    written: String,
    terms: Vec<Term>,
    problem: Option<String>,
    fields: &'static [&'static str],
}

impl Sieve {
    /// For rows with these fields.
    pub fn new(fields: &'static [&'static str]) -> Self {
        Self { fields, ..Self::default() }
    }

    pub fn written(&self) -> &str {
        &self.written
    }

    pub fn is_open(&self) -> bool {
        self.written.trim().is_empty()
    }

    /// Why the query is not in force as it is written; the last that could be read is.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub fn write(&mut self, text: &str) {
        self.written = text.to_owned();
        let (terms, problems) = terms(text, self.fields);
        self.problem = (!problems.is_empty()).then(|| problems.join("; "));
        if self.problem.is_none() {
            self.terms = terms;
        }
    }

    /// Whether a row with these values passes. Words may stand in any of its fields.
    pub fn passes<'a>(&self, value: impl Fn(&str) -> Cow<'a, str>) -> bool {
        let anywhere = |holds: &dyn Fn(&str) -> bool| self.fields.iter().any(|field| holds(&value(field)));
        self.terms.iter().all(|term| {
            let holds = match &term.form {
                Form::Text(part) => anywhere(&|value| contains(value, part)),
                Form::Fuzzy(letters) => anywhere(&|value| has_in_order(value, letters)),
                Form::Field(field, part) => contains(&value(field), &part.to_lowercase()),
            };
            holds == term.wanted
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(query: &str) -> bool {
        let mut sieve = Sieve::new(&["tool", "dir"]);
        sieve.write(query);
        sieve.passes(|field| if field == "tool" { "codereview".into() } else { "in".into() })
    }

    #[test]
    fn words_fields_contraries_and_letters_in_order_narrow() {
        for query in ["", "REVIEW", "tool:code dir:in", "!chat", "!dir:out", "~cdrv", "\"tool\" !tool:chat"] {
            assert_eq!(passes(query), query != "\"tool\" !tool:chat", "{query}");
        }
    }

    #[test]
    fn a_query_that_cannot_be_read_leaves_the_last_one_in_force() {
        let mut sieve = Sieve::new(&["tool"]);
        sieve.write("chat");
        sieve.write("chat toll:x");
        assert!(sieve.problem().is_some_and(|problem| problem.contains("did you mean 'tool:'")));
        assert!(!sieve.passes(|_| "debug".into()) && sieve.passes(|_| "chat".into()));
    }
}
