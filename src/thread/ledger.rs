//! What consultations took and cost since the process started, by day, provider, model, tool and thread. Sums alone: no
//! question and no answer. Limits go by the reservations of `provider`, not by this.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::id::{ModelId, ProviderId, ThreadId};
use crate::provider::cost::decimal;
use crate::provider::{Answer, Class, Failure, Usage};
use crate::thread::Principal;
use crate::thread::turn::{Consultation, Turn};
use crate::unit::{MicroUsd, Tokens, UnixMillis};

/// Sums that are kept apart. What comes beyond takes the place of the one that was left alone the longest: that one goes on
/// without the name of its thread and, where that is not enough, with no name but its day. No sum is lost.
pub const MAX_ENTRIES: usize = 4_096;

/// In the place of names that were given up.
pub const OTHER: &str = "other";

pub struct Ledger {
    since: UnixMillis,
    entries: Mutex<Entries>,
}

/// The ledger as one call sees it: its principal's part, and where its own consultations are written.
#[derive(Clone)]
pub struct Page {
    ledger: Arc<Ledger>,
    principal: Principal,
    tool: &'static str,
    thread: Option<ThreadId>,
    clock: Clock,
}

/// A model that is being asked. Dropped before its end is known, as when the call is cancelled, it counts as one that may
/// have been charged any sum.
#[must_use]
pub struct Open<'a> {
    page: &'a Page,
    provider: ProviderId,
    model: ModelId,
    is_settled: bool,
}

#[derive(Default)]
struct Entries {
    sums: HashMap<(Principal, Subject), Counted>,
    additions: u64,
}

struct Counted {
    sum: Sum,
    /// Larger than that of every sum that was added to earlier.
    added: u64,
}

/// What a sum is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// On which the consultation ended: days since 1970, in UTC.
    pub day: u64,
    /// This and the next two are [`OTHER`] where they were given up.
    pub tool: Arc<str>,
    pub provider: ProviderId,
    pub model: ModelId,
    /// None where there is none, and where it was given up.
    pub thread: Option<ThreadId>,
}

/// What some consultations took and cost. Whatever is not known is counted as that, and not in the sum beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sum {
    pub answered: u64,
    /// Nothing came of them.
    pub failed: u64,
    pub input: Tokens,
    pub output: Tokens,
    /// Consultations that may have taken more tokens than were reported.
    pub tokens_unknown: u64,
    /// What is known to have been charged: the least that it cost.
    pub cost: MicroUsd,
    /// Consultations that may have cost more than `cost` tells.
    pub cost_unknown: u64,
}

/// The ledger at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What was before that is not in it.
    pub since: UnixMillis,
    /// In no order; at most [`MAX_ENTRIES`] of a process.
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub subject: Subject,
    pub sum: Sum,
}

/// By what a statement is summed up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    #[default]
    Model,
    Tool,
    Thread,
    Day,
    Provider,
}

/// One line of a statement that is summed up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// None: what has no thread, or has one no longer.
    pub name: Option<String>,
    #[serde(flatten)]
    pub sum: Sum,
}

impl Ledger {
    pub fn new(since: UnixMillis) -> Self {
        Self { since, entries: Mutex::default() }
    }

    /// Adds what the models of a turn took, whether each answered or not.
    pub fn add(&self, principal: &Principal, thread: ThreadId, turn: &Turn) {
        for consultation in &turn.consultations {
            let subject = Subject {
                day: turn.ended.day(),
                tool: Arc::clone(&turn.tool),
                provider: consultation.provider.clone(),
                model: consultation.model.clone(),
                thread: Some(thread),
            };
            self.count(principal, subject, Sum::of(consultation));
        }
    }

    /// What was counted for `principal`, or for everyone.
    pub fn statement(&self, principal: Option<&Principal>) -> Statement {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = entries.sums.iter().filter(|((whose, _), _)| principal.is_none_or(|principal| principal == whose));
        let entries = theirs.map(|((_, subject), counted)| Entry { subject: subject.clone(), sum: counted.sum });
        Statement { since: self.since, entries: entries.collect() }
    }

    fn count(&self, principal: &Principal, subject: Subject, sum: Sum) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).count(
            (principal.clone(), subject),
            sum,
            MAX_ENTRIES,
        );
    }
}

impl Page {
    pub fn new(
        ledger: &Arc<Ledger>,
        principal: &Principal,
        tool: &'static str,
        thread: Option<ThreadId>,
        clock: Clock,
    ) -> Self {
        Self { ledger: Arc::clone(ledger), principal: principal.clone(), tool, thread, clock }
    }

    /// A model is asked from now on.
    pub fn asking(&self, provider: &ProviderId, model: &ModelId) -> Open<'_> {
        Open { page: self, provider: provider.clone(), model: model.clone(), is_settled: false }
    }

    /// The same for what zen asks beside the tool, under a name of its own.
    pub fn under(&self, name: &'static str, thread: ThreadId) -> Self {
        Self { tool: name, thread: Some(thread), ..self.clone() }
    }

    /// What the caller has spent, in all of its calls.
    pub fn statement(&self) -> Statement {
        self.ledger.statement(Some(&self.principal))
    }

    fn add(&self, provider: &ProviderId, model: &ModelId, sum: Sum) {
        let subject = Subject {
            day: self.clock.wall().day(),
            tool: self.tool.into(),
            provider: provider.clone(),
            model: model.clone(),
            thread: self.thread,
        };
        self.ledger.count(&self.principal, subject, sum);
    }
}

impl Open<'_> {
    /// The answer is there: it is counted with the turn that it becomes part of.
    pub fn answered(mut self) {
        self.is_settled = true;
    }

    /// The answer is there, and becomes part of no turn.
    pub fn answered_apart(mut self, answer: &Answer) {
        self.is_settled = true;
        self.page.add(&self.provider, &self.model, Sum::of_answer(&answer.usage, answer.cost, answer.cached));
    }

    /// Nothing went out that could be charged.
    pub fn never_asked(mut self) {
        self.is_settled = true;
    }

    /// Nothing came of it, nor of those that were asked before it.
    pub fn failed(mut self, failure: &Failure) {
        self.is_settled = true;
        for failure in failure.earlier.iter().chain([failure]) {
            self.page.add(
                &failure.provider,
                &failure.model,
                Sum::of_failed(failure.class, &failure.usage, failure.cost),
            );
        }
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.page.add(&self.provider, &self.model, Sum::LOST);
        }
    }
}

impl Entries {
    fn count(&mut self, of: (Principal, Subject), sum: Sum, room: usize) {
        if !self.sums.contains_key(&of) {
            while self.sums.len() >= room && self.fold_oldest() {}
        }
        self.additions += 1;
        self.put(of, Counted { sum, added: self.additions });
    }

    /// Takes a name from the sum that was left alone the longest, those with a thread first. False where none has one.
    fn fold_oldest(&mut self) -> bool {
        let named = self.sums.iter().filter(|((_, subject), _)| subject.coarser().is_some());
        let oldest = named.min_by_key(|((_, subject), counted)| (subject.thread.is_none(), counted.added));
        let Some(of) = oldest.map(|(of, _)| of.clone()) else { return false };
        if let (Some(coarser), Some(counted)) = (of.1.coarser(), self.sums.remove(&of)) {
            self.put((of.0, coarser), counted);
        }
        true
    }

    fn put(&mut self, of: (Principal, Subject), counted: Counted) {
        let known = self.sums.entry(of).or_insert(Counted { sum: Sum::default(), added: 0 });
        known.sum = known.sum.and(counted.sum);
        known.added = known.added.max(counted.added);
    }
}

impl Subject {
    /// The same with a name less, those of one day together at last.
    fn coarser(&self) -> Option<Self> {
        let others =
            || Self { day: self.day, tool: OTHER.into(), provider: OTHER.into(), model: OTHER.into(), thread: None };
        match self.thread {
            Some(_) => Some(Self { thread: None, ..self.clone() }),
            None => (&*self.tool != OTHER).then(others),
        }
    }

    fn name(&self, by: By) -> Option<String> {
        match by {
            By::Model => Some(self.model.to_string()),
            By::Tool => Some(self.tool.to_string()),
            By::Thread => self.thread.as_ref().map(ThreadId::to_string),
            By::Day => {
                let (year, month, day) = UnixMillis::of_day(self.day).date();
                Some(format!("{year:04}-{month:02}-{day:02}"))
            }
            By::Provider => Some(self.provider.to_string()),
        }
    }
}

impl Sum {
    /// A consultation of which nothing came and nothing is known.
    const LOST: Self = Self {
        answered: 0,
        failed: 1,
        input: Tokens::ZERO,
        output: Tokens::ZERO,
        tokens_unknown: 1,
        cost: MicroUsd(0),
        cost_unknown: 1,
    };

    fn of(consultation: &Consultation) -> Self {
        let (usage, cost) = (&consultation.usage, consultation.cost);
        if let Some(failure) = &consultation.failure {
            return Self::of_failed(failure.class, usage, cost);
        }
        Self::of_answer(usage, cost, consultation.cached)
    }

    fn of_answer(usage: &Usage, cost: Option<MicroUsd>, cached: bool) -> Self {
        let is_counted = usage.input.is_some() && usage.output.is_some();
        Self {
            answered: 1,
            failed: 0,
            input: usage.input.unwrap_or_default(),
            output: usage.output.unwrap_or_default(),
            // A reply that was kept took none.
            tokens_unknown: (!cached && !is_counted).into(),
            cost: cost.unwrap_or_default(),
            cost_unknown: cost.is_none().into(),
        }
    }

    /// What is refused is not charged; what broke off cost at least what was reported by then.
    fn of_failed(class: Class, usage: &Usage, cost: Option<MicroUsd>) -> Self {
        let (may_be_charged, is_whole) = (class.may_be_charged(), class.is_of_a_whole_reply());
        let is_counted = is_whole && usage.input.is_some() && usage.output.is_some();
        Self {
            input: usage.input.unwrap_or_default(),
            output: usage.output.unwrap_or_default(),
            tokens_unknown: (may_be_charged && !is_counted).into(),
            cost: cost.filter(|_| may_be_charged).unwrap_or_default(),
            cost_unknown: (may_be_charged && !(is_whole && cost.is_some())).into(),
            ..Self::LOST
        }
    }

    pub fn consultations(&self) -> u64 {
        self.answered.saturating_add(self.failed)
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            answered: self.answered.saturating_add(other.answered),
            failed: self.failed.saturating_add(other.failed),
            input: self.input + other.input,
            output: self.output + other.output,
            tokens_unknown: self.tokens_unknown.saturating_add(other.tokens_unknown),
            cost: MicroUsd(self.cost.0.saturating_add(other.cost.0)),
            cost_unknown: self.cost_unknown.saturating_add(other.cost_unknown),
        }
    }

    /// The cost in dollars: `0.001234`, `>=0.001234` where some of it is unknown, `unknown` where all is.
    pub fn cost_told(&self) -> String {
        match self.cost_unknown {
            0 => decimal(self.cost),
            unknown if unknown == self.consultations() && self.cost == MicroUsd(0) => "unknown".to_owned(),
            _ => format!(">={}", decimal(self.cost)),
        }
    }

    /// Tokens that went in and that came out, in the same way.
    pub fn tokens_told(&self) -> [String; 2] {
        [self.input, self.output].map(|tokens| match self.tokens_unknown {
            0 => tokens.to_string(),
            unknown if unknown == self.consultations() && tokens == Tokens::ZERO => "unknown".to_owned(),
            _ => format!(">={tokens}"),
        })
    }
}

impl Statement {
    pub fn total(&self) -> Sum {
        self.entries.iter().fold(Sum::default(), |sum, entry| sum.and(entry.sum))
    }

    /// Several statements as one.
    pub fn joined(statements: impl IntoIterator<Item = Self>) -> Option<Self> {
        statements.into_iter().reduce(|mut all, other| {
            all.since = all.since.min(other.since);
            all.entries.extend(other.entries);
            all
        })
    }

    /// Summed up: days from the last on, everything else with the dearest first; what has no name stands last.
    pub fn by(&self, by: By) -> Vec<Line> {
        let mut sums: HashMap<Option<String>, Sum> = HashMap::new();
        for Entry { subject, sum } in &self.entries {
            let known = sums.entry(subject.name(by)).or_default();
            *known = known.and(*sum);
        }
        let mut lines: Vec<_> = sums.into_iter().map(|(name, sum)| Line { name, sum }).collect();
        lines.sort_by(|one, other| one.name.cmp(&other.name));
        match by {
            By::Day => lines.reverse(),
            _ => lines.sort_by_key(|line| {
                let Sum { cost, input, output, .. } = line.sum;
                (line.name.is_none(), Reverse((cost, input + output)))
            }),
        }
        lines
    }
}

impl By {
    pub const ALL: [Self; 5] = [Self::Model, Self::Tool, Self::Thread, Self::Day, Self::Provider];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Thread => "thread",
            Self::Day => "day",
            Self::Provider => "provider",
        }
    }
}

#[cfg(test)]
mod tests;
