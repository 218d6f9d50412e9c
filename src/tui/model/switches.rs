//! The switches of all processes over the screen: tools with how their calls went, or the deciders of messages. The
//! selected one is known by process and name: others may come and go meanwhile.

use std::time::Duration;

use super::list::{List, Step};
use super::source::SourceView;
use crate::control::types::{CallSummary, Stage, Switchable};
use crate::tui::SourceId;
use crate::unit::whole_millis;

/// What is switched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    Tools,
    Rules,
}

#[derive(Clone, Debug)]
pub struct Switchboard {
    pub board: Board,
    rows: Vec<Row>,
    selected: Option<(SourceId, String)>,
    pub list: List,
}

/// One switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub source: SourceId,
    pub name: String,
    pub on: bool,
    /// Calls that ended, or how often a decider did something.
    pub count: u64,
    pub failed: u64,
    /// Of the calls that ended well.
    pub median_ms: Option<u64>,
}

impl Switchboard {
    pub fn new(board: Board) -> Self {
        Self { board, rows: Vec::new(), selected: None, list: List::default() }
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn selected(&self) -> Option<&Row> {
        self.rows.get(self.list.cursor)
    }

    pub fn step(&mut self, step: Step) {
        self.list.step(step, self.rows.len());
        self.choose();
    }

    /// What the selected row is a switch of.
    pub fn subject(&self) -> Option<(SourceId, Switchable, bool)> {
        let Row { source, name, on, .. } = self.selected()?.clone();
        let what = match self.board {
            Board::Tools => Switchable::Tool(name),
            Board::Rules => Switchable::Interceptor(name),
        };
        Some((source, what, on))
    }

    /// Takes the rows anew; the selected one stays selected.
    pub fn refresh(&mut self, sources: &[SourceView], height: usize) {
        let live = sources.iter().filter(|source| !source.is_gone());
        self.rows = match self.board {
            Board::Tools => live.flat_map(tools).collect(),
            Board::Rules => live.flat_map(rules).collect(),
        };
        let is_selected =
            |row: &Row| self.selected.as_ref().is_some_and(|(of, name)| (*of, name) == (row.source, &row.name));
        if let Some(at) = self.rows.iter().position(is_selected) {
            self.list.cursor = at;
        }
        self.list.fit(self.rows.len(), height);
        self.choose();
    }

    fn choose(&mut self) {
        self.selected = self.selected().map(|row| (row.source, row.name.clone()));
    }
}

fn tools(source: &SourceView) -> impl Iterator<Item = Row> {
    source.toolbox.iter().map(|tool| {
        let calls = || source.calls.values().filter(|call| call.tool == tool.name && call.stage.has_ended());
        let mut took: Vec<Duration> = calls().filter(|call| call.stage == Stage::Done).filter_map(took).collect();
        took.sort_unstable();
        Row {
            source: source.id,
            name: tool.name.clone(),
            on: tool.enabled,
            count: calls().count() as u64,
            failed: calls().filter(|call| matches!(call.stage, Stage::Failed { .. })).count() as u64,
            // As a provider's: half of the calls took no longer.
            median_ms: took.get(took.len().saturating_sub(1) / 2).copied().map(whole_millis),
        }
    })
}

fn took(call: &CallSummary) -> Option<Duration> {
    Some(call.ended?.since(call.started))
}

/// One row for all deciders of a name: they have one switch.
fn rules(source: &SourceView) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for decider in source.interceptors.iter().flat_map(|all| &all.deciders) {
        match rows.iter_mut().find(|row| row.name == decider.name) {
            Some(row) => {
                (row.count, row.failed) = (row.count + decider.hits, row.failed + decider.failures);
                row.on |= decider.enabled;
            }
            None => rows.push(Row {
                source: source.id,
                name: decider.name.clone(),
                on: decider.enabled,
                count: decider.hits,
                failed: decider.failures,
                median_ms: None,
            }),
        }
    }
    rows
}
