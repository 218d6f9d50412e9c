//! What was spent, by day, tool and model, for a person to see. It refuses nothing: limits are kept by the providers'
//! own ledger. An unknown cost is counted as unknown and never as zero.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::id::{ModelId, ProviderId};
use crate::thread::turn::{Consultation, Turn};
use crate::unit::{MicroUsd, Tokens};

/// Lines that are kept: years of a person's tools and models. The oldest day's give way first.
const MAX_LINES: usize = 4_096;
const DAY_MILLIS: u64 = 86_400_000;

#[derive(Debug, Default)]
pub struct Ledger {
    lines: Mutex<BTreeMap<Key, Spent>>,
}

/// What a line is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Days since 1970, in UTC.
    pub day: u64,
    pub tool: String,
    pub provider: ProviderId,
    pub model: ModelId,
}

/// What it came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Consultations that were answered.
    pub answered: u64,
    pub failed: u64,
    pub input: Tokens,
    pub output: Tokens,
    /// Answers of which a count of tokens was not reported: the sums are at least so much.
    pub tokens_unknown: u64,
    pub cost: MicroUsd,
    /// Answers whose cost is not known.
    pub cost_unknown: u64,
}

impl Ledger {
    /// Enters what the turn's models took and cost.
    pub fn enter(&self, turn: &Turn) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for consultation in &turn.consultations {
            let key = Key {
                day: turn.ended.0 / DAY_MILLIS,
                tool: turn.tool.to_string(),
                provider: consultation.provider.clone(),
                model: consultation.model.clone(),
            };
            lines.entry(key).or_default().enter(consultation);
            if lines.len() > MAX_LINES {
                lines.pop_first();
            }
        }
    }

    /// All lines, by day, tool and model.
    pub fn lines(&self) -> Vec<(Key, Spent)> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(key, spent)| (key.clone(), *spent)).collect()
    }
}

impl Spent {
    fn enter(&mut self, consultation: &Consultation) {
        let is_answer = consultation.failure.is_none();
        if is_answer {
            self.answered += 1;
        } else {
            self.failed += 1;
        }
        let usage = &consultation.usage;
        self.input += usage.input.unwrap_or_default();
        self.output += usage.output.unwrap_or_default();
        self.tokens_unknown += u64::from(is_answer && (usage.input.is_none() || usage.output.is_none()));
        match consultation.cost {
            Some(MicroUsd(cost)) => self.cost = MicroUsd(self.cost.0.saturating_add(cost)),
            // A failure that says nothing of a cost was mostly not charged; what it may have cost is held by the limits.
            None => self.cost_unknown += u64::from(is_answer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Class, Usage};
    use crate::thread::turn::FailedWith;
    use crate::unit::UnixMillis;

    fn turn(tool: &str, day: u64, consultations: Vec<Consultation>) -> Turn {
        Turn { ended: UnixMillis(day * DAY_MILLIS + 7), consultations, ..Turn::new(tool, "?", UnixMillis(0)) }
    }

    fn answer(model: &str, cost: Option<u64>) -> Consultation {
        let usage = Usage { input: Some(Tokens(100)), output: cost.map(|_| Tokens(10)), ..Usage::default() };
        Consultation { usage, cost: cost.map(MicroUsd), ..Consultation::new("google".into(), model.into()) }
    }

    #[test]
    fn an_unknown_cost_is_counted_and_never_taken_for_zero() {
        let ledger = Ledger::default();
        let failure = Some(FailedWith { class: Class::Overloaded, message: String::new() });
        let failed = Consultation { failure, ..answer("pro", None) };
        ledger.enter(&turn("chat", 3, vec![failed, answer("flash", Some(7))]));
        ledger.enter(&turn("chat", 3, vec![answer("flash", None)]));
        let lines = ledger.lines();
        let of = |model: &str| lines.iter().find(|(key, _)| key.model.as_str() == model).unwrap().1;
        let flash = of("flash");
        assert_eq!((flash.answered, flash.cost, flash.cost_unknown, flash.tokens_unknown), (2, MicroUsd(7), 1, 1));
        assert_eq!((flash.input, flash.output), (Tokens(200), Tokens(10)));
        assert_eq!((of("pro").failed, of("pro").answered, of("pro").cost_unknown), (1, 0, 0));
    }

    #[test]
    fn days_tools_and_models_are_told_apart_and_the_oldest_day_gives_way() {
        let ledger = Ledger::default();
        for day in 0..MAX_LINES as u64 + 2 {
            ledger.enter(&turn("chat", day, vec![answer("pro", Some(1))]));
        }
        ledger.enter(&turn("debug", 5_000, vec![answer("pro", Some(1))]));
        let lines = ledger.lines();
        assert_eq!((lines.len(), lines[0].0.day), (MAX_LINES, 3));
    }
}
