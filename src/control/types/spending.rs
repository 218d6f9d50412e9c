//! What a process has spent, as it travels: by day, tool, model and thread, and what is taken of each limit.

use serde::{Deserialize, Serialize};

use crate::id::{ModelId, ProviderId, ThreadId};
use crate::provider::Taken;
use crate::thread::ledger::{Entry, Subject, Sum};
use crate::unit::{MicroUsd, Tokens, UnixMillis};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// Of all providers first, then of each.
    pub limits: Vec<LimitSummary>,
    /// What was before that is not in the lines.
    #[serde(default)]
    pub since: UnixMillis,
    /// By day, tool, model and thread, in no order.
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<ThreadId>,
    pub answered: u64,
    /// Of which nothing came; some are charged all the same.
    pub failed: u64,
    pub input: Tokens,
    pub output: Tokens,
    /// Consultations that may have taken more tokens than were reported.
    pub tokens_unknown: u64,
    /// The least that they cost; so many may have cost more.
    pub cost: MicroUsd,
    pub cost_unknown: u64,
}

impl From<Taken> for LimitSummary {
    fn from(taken: Taken) -> Self {
        let Taken { provider, limit, spent, held, unknown } = taken;
        Self { provider, limit, spent, held, unknown }
    }
}

impl From<Entry> for SpendLine {
    fn from(Entry { subject, sum }: Entry) -> Self {
        let Subject { day, tool, provider, model, thread } = subject;
        let Sum { answered, failed, input, output, tokens_unknown, cost, cost_unknown } = sum;
        let tool = tool.to_string();
        Self { day, tool, provider, model, thread, answered, failed, input, output, tokens_unknown, cost, cost_unknown }
    }
}

impl From<SpendLine> for Entry {
    fn from(line: SpendLine) -> Self {
        let SpendLine { day, tool, provider, model, thread, .. } = line;
        let SpendLine { answered, failed, input, output, tokens_unknown, cost, cost_unknown, .. } = line;
        let subject = Subject { day, tool: tool.into(), provider, model, thread };
        Self { subject, sum: Sum { answered, failed, input, output, tokens_unknown, cost, cost_unknown } }
    }
}
