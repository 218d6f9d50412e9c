//! Calls over all sources: those in flight first, then those that ended, the newest first. Which one is selected is known
//! by id.

use std::borrow::Cow;
use std::time::Duration;

use super::list::{List, Step};
use super::sieve::Sieve;
use super::source::SourceView;
use crate::control::types::{CallSummary, Stage};
use crate::id::CallId;
use crate::tui::SourceId;
use crate::tui::figure;
use crate::unit::UnixMillis;

/// What a filter of calls can ask for by name.
const FIELDS: &[&str] = &["tool", "model", "provider", "thread", "stage", "process"];

/// The calls in order, and the one that is selected.
#[derive(Clone, Debug)]
pub struct Activity {
    rows: Vec<(SourceId, CallId)>,
    /// How many of the rows are in flight.
    pub running: usize,
    selected: Option<(SourceId, CallId)>,
    pub sieve: Sieve,
    pub list: List,
}

impl Default for Activity {
    fn default() -> Self {
        Self { rows: Vec::new(), running: 0, selected: None, sieve: Sieve::new(FIELDS), list: List::default() }
    }
}

impl Activity {
    pub fn rows(&self) -> &[(SourceId, CallId)] {
        &self.rows
    }

    pub fn selected(&self) -> Option<(SourceId, CallId)> {
        self.selected
    }

    pub fn step(&mut self, step: Step) {
        self.list.step(step, self.rows.len());
        self.selected = self.rows.get(self.list.cursor).copied();
    }

    /// Orders the calls anew. The selected one stays selected when it ends; one that is forgotten leaves the cursor to the
    /// row that took its place.
    pub fn refresh(&mut self, sources: &[SourceView]) {
        let mut running: Vec<(UnixMillis, SourceId, CallId)> = Vec::new();
        let mut ended = Vec::new();
        for source in sources {
            let passing = source.calls.values().filter(|call| self.sieve.passes(|field| value(source, call, field)));
            for call in passing {
                match call.ended.filter(|_| call.stage.has_ended()) {
                    Some(at) => ended.push((at, source.id, call.id)),
                    None => running.push((call.started, source.id, call.id)),
                }
            }
        }
        running.sort_unstable();
        ended.sort_unstable_by(|one, other| other.cmp(one));
        self.running = running.len();
        self.rows = running.into_iter().chain(ended).map(|(_, source, call)| (source, call)).collect();
        match self.selected.and_then(|selected| self.rows.iter().position(|row| *row == selected)) {
            Some(at) => self.list.cursor = at,
            None => self.step(Step::By(0)),
        }
    }

    /// When an elapsed time on screen reads differently: at the next full second of the call that comes to it first.
    pub fn changes_in(&self, sources: &[SourceView], now: UnixMillis) -> Option<Duration> {
        let seconds = |call: &CallSummary| figure::elapsed_changes_in(now.since(call.started));
        sources.iter().flat_map(SourceView::in_flight).map(seconds).min()
    }
}

fn value<'a>(source: &'a SourceView, call: &'a CallSummary, field: &str) -> Cow<'a, str> {
    match field {
        "tool" => call.tool.as_str().into(),
        "model" => call.model.as_ref().map_or("", |model| model.as_str()).into(),
        "provider" => call.provider.as_ref().map_or("", |provider| provider.as_str()).into(),
        "thread" => call.thread.map(|thread| thread.to_string()).unwrap_or_default().into(),
        "process" => source.name.as_str().into(),
        _ => match &call.stage {
            Stage::Preparing => "preparing".into(),
            Stage::Waiting => "waiting".into(),
            Stage::Streaming => "streaming".into(),
            Stage::Done => "done".into(),
            Stage::Failed { message, .. } => format!("failed {message}").into(),
            Stage::Cancelled => "cancelled".into(),
        },
    }
}
