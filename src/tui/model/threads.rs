//! The list of threads over all sources, with the calls in flight that have no thread to show yet. What is selected is
//! known by id: rows may move under the cursor without changing it.

use std::collections::BTreeSet;

use super::list::{List, Step};
use super::narrowed::Narrowed;
use super::source::SourceView;
use crate::id::{CallId, ThreadId};
use crate::tui::SourceId;
use crate::unit::UnixMillis;

/// One row, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    Call(SourceId, CallId),
    Thread(SourceId, ThreadId),
}

impl Row {
    pub fn source(self) -> SourceId {
        match self {
            Self::Call(source, _) | Self::Thread(source, _) => source,
        }
    }

    /// `3f9a1c02`, `call 17`.
    pub fn name(self) -> String {
        match self {
            Self::Call(_, call) => format!("call {call}"),
            Self::Thread(_, thread) => thread.short(),
        }
    }
}

/// The rows in order, and the one that is selected.
#[derive(Clone, Debug, Default)]
pub struct Threads {
    rows: Vec<Row>,
    selected: Option<Row>,
    /// A person chose the row. Until then the newest one is selected.
    chosen: bool,
    pub filter: Narrowed,
    /// Threads that a person marked, to be steered together.
    pub marked: BTreeSet<(SourceId, ThreadId)>,
    pub list: List,
}

impl Threads {
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn selected(&self) -> Option<Row> {
        self.selected
    }

    pub fn step(&mut self, step: Step) {
        self.chosen = true;
        self.select(step);
    }

    /// Marks all that are listed.
    pub fn mark_all(&mut self) {
        let listed = self.rows.iter().filter_map(|row| match row {
            Row::Thread(source, thread) => Some((*source, *thread)),
            Row::Call(..) => None,
        });
        self.marked.extend(listed);
    }

    /// Stays with the selected row from now on.
    pub fn choose(&mut self) {
        self.chosen = true;
    }

    /// Selects this row, if it is there.
    pub fn go_to(&mut self, row: Row) -> bool {
        let Some(at) = self.rows.iter().position(|known| *known == row) else { return false };
        self.chosen = true;
        self.list.cursor = at;
        self.selected = Some(row);
        true
    }

    fn select(&mut self, step: Step) {
        self.list.step(step, self.rows.len());
        self.selected = self.rows.get(self.list.cursor).copied();
    }

    /// Orders the rows anew: calls first, then threads by their last use. A selected call that got its thread is
    /// followed into it; a selected row that is gone leaves the cursor to the row that took its place.
    pub fn refresh(&mut self, sources: &[SourceView]) {
        self.rows.clear();
        let mut threads: Vec<(UnixMillis, SourceId, ThreadId)> = Vec::new();
        for source in sources {
            if self.filter.is_open() {
                let without_thread = source.in_flight().filter(|call| !has_row(source, call.thread));
                self.rows.extend(without_thread.map(|call| Row::Call(source.id, call.id)));
            }
            let fitting = source.threads.values().filter(|thread| self.filter.passes(source.id, thread.id));
            threads.extend(fitting.map(|thread| (thread.updated, source.id, thread.id)));
        }
        threads.sort_unstable_by(|one, other| other.cmp(one));
        self.rows.extend(threads.into_iter().map(|(_, source, thread)| Row::Thread(source, thread)));
        let is_there = |source: SourceId, thread| {
            sources.iter().any(|view| view.id == source && view.threads.contains_key(&thread))
        };
        self.marked.retain(|(source, thread)| is_there(*source, *thread));
        self.keep_selection(sources);
    }

    fn keep_selection(&mut self, sources: &[SourceView]) {
        if let Some(Row::Call(source, call)) = self.selected
            && let Some(source) = sources.iter().find(|view| view.id == source)
            && let Some(thread) = source.calls.get(&call).and_then(|call| call.thread)
            && source.threads.contains_key(&thread)
        {
            self.selected = Some(Row::Thread(source.id, thread));
        }
        if !self.chosen {
            return self.select(Step::Top);
        }
        match self.selected.and_then(|selected| self.rows.iter().position(|row| *row == selected)) {
            Some(at) => self.list.cursor = at,
            None => self.select(Step::By(0)),
        }
    }
}

fn has_row(source: &SourceView, thread: Option<ThreadId>) -> bool {
    thread.is_some_and(|thread| source.threads.contains_key(&thread))
}
