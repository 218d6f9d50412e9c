//! What a process has spent, as it travels: by day, tool and model, and what is taken of each limit.

use serde::{Deserialize, Serialize};

use crate::engine::ledger::{Key, Spent};
use crate::id::{ModelId, ProviderId};
use crate::provider::Taken;
use crate::unit::{MicroUsd, Tokens};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// Of all providers first, then of each.
    pub limits: Vec<LimitSummary>,
    /// By day, tool and model.
    pub lines: Vec<SpendLine>,
}

/// What is taken, and of how much. It counts what failed and was charged too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitSummary {
    /// None: all providers together.
    pub provider: Option<ProviderId>,
    /// None: no limit is set.
    pub limit: Option<MicroUsd>,
    pub spent: MicroUsd,
    /// For requests in flight.
    pub held: MicroUsd,
    /// For requests whose cost never became known: it may have been charged.
    pub unknown: MicroUsd,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendLine {
    /// Days since 1970, in UTC.
    pub day: u64,
    pub tool: String,
    pub provider: ProviderId,
    pub model: ModelId,
    pub answered: u64,
    pub failed: u64,
    pub input: Tokens,
    pub output: Tokens,
    /// Answers of which a count of tokens was not reported.
    pub tokens_unknown: u64,
    /// What the answers of known cost came to.
    pub cost: MicroUsd,
    pub cost_unknown: u64,
}

impl From<Taken> for LimitSummary {
    fn from(taken: Taken) -> Self {
        let Taken { provider, limit, spent, held, unknown } = taken;
        Self { provider, limit, spent, held, unknown }
    }
}

impl SpendLine {
    pub fn of((key, spent): (Key, Spent)) -> Self {
        Self {
            day: key.day,
            tool: key.tool,
            provider: key.provider,
            model: key.model,
            answered: spent.answered,
            failed: spent.failed,
            input: spent.input,
            output: spent.output,
            tokens_unknown: spent.tokens_unknown,
            cost: spent.cost,
            cost_unknown: spent.cost_unknown,
        }
    }
}
