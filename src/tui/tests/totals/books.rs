//! The engine's own books at one moment: its threads, ledger, calls, messages and providers, summed up here by plain
//! loops over what is kept, not by what the engine or the face would sum up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::budget::{Part, Verdict};
use crate::control::service::Service;
use crate::engine::calls::{LiveCall, Stage, State};
use crate::id::{ModelId, ProviderId};
use crate::interceptor::builtin::message_log;
use crate::provider::{Breaker, Choice, Status, Taken};
use crate::thread::Thread;
use crate::thread::ledger::Entry;
use crate::thread::turn::Consultation;
use crate::unit::{MicroUsd, Tokens, UnixMillis};

/// All that is summed up.
pub struct Books {
    pub threads: Vec<Arc<Thread>>,
    pub entries: Vec<Entry>,
    /// The tool of each, how it stands, and how many milliseconds it took where it has ended.
    pub calls: Vec<(&'static str, State, Option<u64>)>,
    pub messages: Vec<message_log::Entry>,
    pub providers: Vec<Status>,
    pub taken: Vec<Taken>,
    pub models: Vec<Choice>,
    pub max_turns: u32,
}

fn took(call: &LiveCall) -> Option<u64> {
    Some(call.snapshot().ended?.0 - call.started.0)
}

/// Tokens in, tokens out, and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took {
    pub input: u64,
    pub output: u64,
    pub cost: u64,
}

impl Took {
    fn add(&mut self, input: Tokens, output: Tokens, cost: MicroUsd) {
        self.input += input.0;
        self.output += output.0;
        self.cost += cost.0;
    }

    pub fn of<'a>(consultations: impl IntoIterator<Item = &'a Consultation>) -> Self {
        let mut took = Self::default();
        for Consultation { usage, cost, .. } in consultations {
            took.add(usage.input.unwrap_or_default(), usage.output.unwrap_or_default(), cost.unwrap_or_default());
        }
        took
    }

    pub fn tokens(&self) -> u64 {
        self.input + self.output
    }
}

impl Books {
    pub fn of(service: &Service) -> Self {
        let engine = service.engine();
        Self {
            threads: engine.threads.list(),
            entries: engine.ledger.statement(None).entries,
            calls: engine.calls.list().iter().map(|call| (call.tool, call.snapshot(), took(call))).collect(),
            messages: engine.messages.newest(usize::MAX),
            providers: engine.models.providers().into_iter().filter(|status| status.configured).collect(),
            taken: engine.models.taken(),
            models: engine.models.offered(),
            max_turns: engine.threads.limits().max_turns,
        }
    }

    pub fn consultations(&self) -> impl Iterator<Item = &Consultation> {
        self.threads.iter().flat_map(|thread| &thread.turns).flat_map(|turn| &turn.consultations)
    }

    /// Over the turns of all threads.
    pub fn on_threads(&self) -> Took {
        Took::of(self.consultations())
    }

    pub fn on_thread(thread: &Thread) -> Took {
        Took::of(thread.turns.iter().flat_map(|turn| &turn.consultations))
    }

    /// Over the ledger, by a name of each entry.
    pub fn by(&self, name: impl Fn(&Entry) -> String) -> BTreeMap<String, Took> {
        let mut sums: BTreeMap<String, Took> = BTreeMap::new();
        for entry in &self.entries {
            sums.entry(name(entry)).or_default().add(entry.sum.input, entry.sum.output, entry.sum.cost);
        }
        sums
    }

    /// Turns in which a model answered, which is what the limit counts.
    pub fn answered(thread: &Thread) -> usize {
        thread.turns.iter().filter(|turn| !turn.consultations.is_empty()).count()
    }

    /// What a provider answered and what it did not, from the requests that its consultations took.
    pub fn requests(&self, provider: &ProviderId) -> (u64, u64) {
        let (mut answered, mut failed) = (0, 0);
        for one in self.consultations().filter(|one| one.provider == *provider) {
            let answers = u64::from(one.failure.is_none());
            answered += answers;
            failed += u64::from(one.attempts) - answers;
        }
        (answered, failed)
    }

    /// Thousandths of its requests that failed; None below five, where it would be chance.
    pub fn failing(&self, provider: &ProviderId) -> Option<u64> {
        let (answered, failed) = self.requests(provider);
        (answered + failed >= 5).then(|| failed * 1_000 / (answered + failed))
    }

    /// What the scores of its models are lowered by: six points where all of its requests fail.
    pub fn penalty(&self, provider: &ProviderId) -> u64 {
        self.failing(provider).unwrap_or_default() * 6 / 1_000
    }

    /// The least time that so many hundredths of its answers were no longer than.
    pub fn percentile(&self, provider: &ProviderId, hundredths: usize) -> Option<u64> {
        let mut took: Vec<u128> = self.answers(provider).map(|one| one.latency.as_millis()).collect();
        took.sort_unstable();
        let rank = (took.len() * hundredths).div_ceil(100);
        took.get(rank.checked_sub(1)?).and_then(|millis| u64::try_from(*millis).ok())
    }

    /// Tokens a second from the first text on, half of the answers being no faster.
    pub fn speed(&self, provider: &ProviderId) -> Option<u64> {
        let mut speeds: Vec<u128> = self
            .answers(provider)
            .filter_map(|one| {
                let writing = (one.latency - one.first_token?).as_millis();
                (u128::from(one.usage.output?.0) * 1_000).checked_div(writing)
            })
            .collect();
        speeds.sort_unstable();
        let rank = speeds.len().div_ceil(2);
        speeds.get(rank.checked_sub(1)?).and_then(|speed| u64::try_from(*speed).ok())
    }

    fn answers(&self, provider: &ProviderId) -> impl Iterator<Item = &Consultation> {
        self.consultations().filter(move |one| one.provider == *provider && one.failure.is_none())
    }

    pub fn spent_at(&self, provider: &ProviderId) -> u64 {
        self.entries.iter().filter(|entry| entry.subject.provider == *provider).map(|entry| entry.sum.cost.0).sum()
    }

    /// Models that are left alone now.
    pub fn resting(&self) -> BTreeSet<ModelId> {
        let resting = self.providers.iter().flat_map(|status| &status.resting);
        resting.filter(|one| one.breaker != Breaker::Closed).filter_map(|one| one.model.clone()).collect()
    }

    /// Providers that fail a tenth of their requests or more, models that are left alone, threads at their last turn.
    pub fn alerts(&self) -> usize {
        let failing = self.providers.iter().filter(|one| self.failing(&one.provider).is_some_and(|mille| mille >= 100));
        let at_the_end = |thread: &&Arc<Thread>| Self::answered(thread) + 1 >= self.max_turns as usize;
        failing.count() + self.resting().len() + self.threads.iter().filter(at_the_end).count()
    }

    pub fn in_flight(&self) -> usize {
        self.calls.iter().filter(|(_, state, _)| !state.stage.has_ended()).count()
    }

    pub fn ended(&self, wanted: impl Fn(&str, &Stage) -> bool) -> usize {
        let ended = self.calls.iter().filter(|(_, state, _)| state.stage.has_ended());
        ended.filter(|(tool, state, _)| wanted(tool, &state.stage)).count()
    }

    /// Milliseconds that half of the answered calls of a tool took no longer than.
    pub fn median_of(&self, tool: &str) -> Option<u64> {
        let done = self.calls.iter().filter(|(of, state, _)| *of == tool && state.stage == Stage::Done);
        let mut took: Vec<u64> = done.filter_map(|(_, _, took)| *took).collect();
        took.sort_unstable();
        took.get(took.len().div_ceil(2).checked_sub(1)?).copied()
    }

    /// Messages that this interceptor did something with.
    pub fn hits(&self, interceptor: &str) -> usize {
        let by = |entry: &&message_log::Entry| entry.steps.iter().any(|step| &*step.by == interceptor);
        self.messages.iter().filter(by).count()
    }

    /// Tokens of a window by what they went to, from the decisions of its consultation.
    pub fn shares(one: &Consultation) -> Vec<(&'static str, u64)> {
        let kept = |part| {
            let of = one.decisions.iter().filter(|decision| decision.part == part);
            of.filter(|decision| decision.verdict != Verdict::LeftOut).map(|decision| decision.tokens.0).sum::<u64>()
        };
        let parts = [Part::System, Part::Prompt, Part::Files, Part::History].map(kept);
        let named: u64 = parts.iter().sum();
        let (headings, reply) = (one.estimated_input.0 - named, one.reply_reserve.0);
        let free = one.window.0.saturating_sub(named + headings + reply);
        let [system, prompt, files, history] = parts;
        vec![
            ("system", system),
            ("prompt", prompt),
            ("files", files),
            ("history", history),
            ("headings", headings),
            ("for the reply", reply),
            ("free", free),
        ]
    }

    /// The day of an entry as it is written.
    pub fn date(entry: &Entry) -> String {
        let (year, month, day) = UnixMillis::of_day(entry.subject.day).date();
        format!("{year:04}-{month:02}-{day:02}")
    }
}
