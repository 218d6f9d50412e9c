//! The palette: everything that has a name (actions, threads, models, tools), ranked by how well it fits what is
//! written. Taken down when it opens; what is gone since then is found out when it is chosen.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::Model;
use super::draft::Draft;
use super::list::List;
use super::models;
use super::threads;
use crate::tui::SourceId;
use crate::tui::keymap::action::{ACTIONS, Action};

/// Threads that are named, the most recently used first; a filter finds the others.
const MAX_THREADS: usize = 5_000;

#[derive(Clone, Debug)]
pub struct Palette {
    pub draft: Draft,
    all: Vec<Entry>,
    /// Those that fit, as places in `all`, the best first.
    found: Vec<usize>,
    pub list: List,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub goal: Goal,
    /// What is searched.
    pub name: String,
    /// What it is, in a word or a key.
    pub note: String,
}

/// What choosing an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    Do(Action),
    Thread(threads::Row),
    Model(models::Row),
    /// Opens the form of a tool.
    Call(SourceId, String),
}

impl Palette {
    pub fn of(model: &Model) -> Self {
        let mut all: Vec<Entry> = actions(model).collect();
        all.extend(tools(model));
        all.extend(threads_of(model));
        all.extend(models_of(model));
        let found = (0..all.len()).collect();
        Self { draft: Draft::default(), all, found, list: List::default() }
    }

    pub fn len(&self) -> usize {
        self.found.len()
    }

    pub fn entry(&self, at: usize) -> Option<&Entry> {
        self.all.get(*self.found.get(at)?)
    }

    pub fn selected(&self) -> Option<&Entry> {
        self.entry(self.list.cursor)
    }

    /// Ranks anew, after what is written has changed.
    pub fn rank(&mut self) {
        let pattern = Pattern::parse(self.draft.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let mut score = |entry: &Entry| pattern.score(Utf32Str::new(&entry.name, &mut letters), &mut matcher);
        let scored = self.all.iter().enumerate().filter_map(|(at, entry)| Some((score(entry)?, at)));
        let mut scored: Vec<(u32, usize)> = scored.collect();
        // Of equals, the first stays first: actions before tools before threads before models.
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.found = scored.into_iter().map(|(_, at)| at).collect();
        self.list = List::default();
    }
}

fn actions(model: &Model) -> impl Iterator<Item = Entry> {
    let named = ACTIONS.iter().filter(|row| !matches!(row.action, Action::Palette | Action::Up | Action::Down));
    named.map(|row| Entry {
        goal: Goal::Do(row.action),
        name: format!("{}: {}", row.name, row.says),
        note: model.keymap.first(row.action).unwrap_or_default(),
    })
}

fn tools(model: &Model) -> impl Iterator<Item = Entry> {
    // One process is enough to name a tool; a person's own comes first.
    let source = model.sources.iter().filter(|source| !source.tools.is_empty()).max_by_key(|source| source.own);
    source.into_iter().flat_map(|source| {
        source.tools.iter().map(|tool| Entry {
            goal: Goal::Call(source.id, tool.name.clone()),
            name: format!("call {}: {}", tool.name, tool.title),
            note: "tool".to_owned(),
        })
    })
}

fn threads_of(model: &Model) -> impl Iterator<Item = Entry> {
    model.threads.rows().iter().take(MAX_THREADS).filter_map(|row| {
        let threads::Row::Thread(source, id) = *row else { return None };
        let thread = model.thread(source, id)?;
        let name = format!("{} {} {}", id.short(), thread.tool, model.veil(&thread.title));
        Some(Entry { goal: Goal::Thread(*row), name, note: "thread".to_owned() })
    })
}

fn models_of(model: &Model) -> impl Iterator<Item = Entry> {
    let rows = model.models.rows().iter();
    rows.map(|row| Entry {
        goal: Goal::Model(row.clone()),
        name: format!("{}/{}", row.provider, row.model),
        note: "model".to_owned(),
    })
}
