//! The filter of the list of threads. Each process searches its own, texts included, and says which of its threads fit;
//! until it has, those that it named for the query before stand.

use std::collections::{HashMap, HashSet};

use crate::id::ThreadId;
use crate::thread::search::Query;
use crate::tui::SourceId;

#[derive(Clone, Debug, Default)]
pub struct Narrowed {
    written: String,
    /// What is searched for: what is written, as it could last be read.
    query: String,
    problem: Option<String>,
    sources: HashMap<SourceId, Of>,
}

/// What one process has said.
#[derive(Clone, Debug, Default)]
struct Of {
    /// The query that it is looking for now.
    asked: Option<String>,
    /// The query that it looked for last, and what it found; None where it could not say.
    said: Option<String>,
    found: Option<HashSet<ThreadId>>,
    /// Its threads have changed since it was asked.
    stale: bool,
}

impl Narrowed {
    pub fn written(&self) -> &str {
        &self.written
    }

    pub fn is_open(&self) -> bool {
        self.written.trim().is_empty()
    }

    /// Why the query is not in force as it is written.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    pub fn write(&mut self, text: &str) {
        self.written = text.to_owned();
        match Query::parse(text) {
            Ok(_) => {
                self.problem = None;
                self.query = text.trim().to_owned();
            }
            Err(bad) => self.problem = Some(bad.0.join("; ")),
        }
        if self.is_open() {
            self.sources.clear();
        }
    }

    /// The threads of this process are not what they were.
    pub fn changed(&mut self, source: SourceId) {
        if let Some(of) = self.sources.get_mut(&source) {
            of.stale = true;
        }
    }

    pub fn forget(&mut self, source: SourceId) {
        self.sources.remove(&source);
    }

    /// What this process is to be asked now. Says so once.
    pub fn ask(&mut self, source: SourceId) -> Option<String> {
        if self.is_open() || self.query.is_empty() {
            return None;
        }
        let of = self.sources.entry(source).or_default();
        if of.asked.is_some() || !of.stale && of.said.as_ref() == Some(&self.query) {
            return None;
        }
        of.stale = false;
        of.asked = Some(self.query.clone());
        of.asked.clone()
    }

    /// What it found; None where it could not say, which narrows nothing.
    pub fn take(&mut self, source: SourceId, found: Option<Vec<ThreadId>>) {
        // An answer to a filter that was taken back meanwhile is nobody's.
        let Some(of) = self.sources.get_mut(&source) else { return };
        of.said = of.asked.take();
        of.found = found.map(|found| found.into_iter().collect());
    }

    pub fn passes(&self, source: SourceId, thread: ThreadId) -> bool {
        let found = self.sources.get(&source).and_then(|of| of.found.as_ref());
        self.is_open() || found.is_none_or(|found| found.contains(&thread))
    }
}
