//! How carefully providers are asked: the sections `[retry]`, `[breaker]`, `[bulkhead]`, `[spend]` and `[cache]`, with the
//! keys that set them.

use std::time::Duration;

use super::field::{Field, Whole};
use super::key::{Key, duration, seconds, size};
use crate::unit::MicroUsd;

/// What stands between a call and a provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resilience {
    pub retry: Retry,
    pub breaker: Breaker,
    pub bulkhead: Bulkhead,
    pub spend: Spend,
    pub cache: Cache,
}

/// When a failed request is made again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Requests for one consultation of one model, the first one included.
    pub attempts: u32,
    /// The wait before the first repetition is random between nothing and this; it doubles with each.
    pub base: Duration,
    /// No wait is longer. A provider that asks for more is not waited for.
    pub max_wait: Duration,
    /// Repetitions for a hundred consultations of a provider.
    pub budget_percent: u32,
    /// Repetitions that may be made beyond that share.
    pub burst: u32,
}

/// When a model that fails is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// For how long at first; each failed probe doubles it.
    pub open: Duration,
    pub max_open: Duration,
    /// Probes that have to succeed before all calls go through again.
    pub successes: u32,
    /// How long a model that limits our rate is left alone where it does not say how long.
    pub cool_down: Duration,
}

/// Calls to one provider at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Bulkhead {
    pub running: usize,
    pub waiting: usize,
}

/// What this process may spend. None: no limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spend {
    pub total: Option<MicroUsd>,
    /// The same for each provider.
    pub per_provider: Option<MicroUsd>,
    /// Whether a model without a known price may be asked though a limit is set.
    pub allow_unknown: bool,
}

/// Replies that are kept for the same request made again.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// Zero: none is kept.
    pub ttl: Duration,
    pub max_entries: usize,
    /// Bytes of requests and replies together.
    pub max_bytes: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self { ttl: Duration::ZERO, max_entries: 256, max_bytes: 16 << 20 }
    }
}

impl Default for Retry {
    fn default() -> Self {
        let (base, max_wait) = (Duration::from_secs(1), Duration::from_secs(30));
        Self { attempts: 3, base, max_wait, budget_percent: 10, burst: 10 }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: 5,
            open: Duration::from_secs(30),
            max_open: Duration::from_secs(300),
            successes: 2,
            cool_down: Duration::from_secs(2),
        }
    }
}

impl Default for Bulkhead {
    fn default() -> Self {
        Self { running: 64, waiting: 256 }
    }
}

pub const RETRY_ATTEMPTS: Key = Key::cap(
    "retry.attempts",
    Field::Integer { at: Whole::U32(|d| &mut d.config.providers.resilience.retry.attempts), min: 1, max: 10 },
    "Requests made for one consultation of one model; 1 repeats none.",
);
pub const RETRY_BASE: Key = Key::cap(
    "retry.base",
    duration(|d| &mut d.config.providers.resilience.retry.base, Duration::ZERO, seconds(60)),
    "The longest random wait before the first repetition; it doubles with each.",
);
pub const RETRY_MAX_WAIT: Key = Key::cap(
    "retry.max_wait",
    duration(|d| &mut d.config.providers.resilience.retry.max_wait, Duration::ZERO, seconds(600)),
    "The longest wait before a repetition; a provider that asks for more is passed over.",
);
pub const RETRY_BUDGET: Key = Key::cap(
    "retry.budget_percent",
    Field::Integer { at: Whole::U32(|d| &mut d.config.providers.resilience.retry.budget_percent), min: 0, max: 100 },
    "Repetitions for a hundred consultations of a provider.",
);
pub const RETRY_BURST: Key = Key::cap(
    "retry.burst",
    Field::Integer { at: Whole::U32(|d| &mut d.config.providers.resilience.retry.burst), min: 0, max: 10_000 },
    "Repetitions that a provider is asked for beyond that share.",
);
pub const BREAKER_FAILURES: Key = Key::cap(
    "breaker.failures",
    Field::Integer { at: Whole::U32(|d| &mut d.config.providers.resilience.breaker.failures), min: 1, max: 1_000 },
    "Failures in a row after which a model is left alone.",
);
pub const BREAKER_OPEN: Key = Key::cap(
    "breaker.open",
    duration(|d| &mut d.config.providers.resilience.breaker.open, Duration::ZERO, seconds(3_600)),
    "How long a failing model is left alone at first; each failed probe doubles it.",
);
pub const BREAKER_MAX_OPEN: Key = Key::cap(
    "breaker.max_open",
    duration(|d| &mut d.config.providers.resilience.breaker.max_open, Duration::ZERO, seconds(86_400)),
    "The longest that a failing or rate-limiting model is left alone.",
);
pub const BREAKER_SUCCESSES: Key = Key::cap(
    "breaker.successes",
    Field::Integer { at: Whole::U32(|d| &mut d.config.providers.resilience.breaker.successes), min: 1, max: 100 },
    "Probes that have to succeed before all calls go to the model again.",
);
pub const BREAKER_COOL_DOWN: Key = Key::cap(
    "breaker.cool_down",
    duration(|d| &mut d.config.providers.resilience.breaker.cool_down, Duration::ZERO, seconds(3_600)),
    "How long a rate-limiting model is left alone where it does not say.",
);
pub const BULKHEAD_RUNNING: Key = Key::cap(
    "bulkhead.running",
    Field::Integer { at: Whole::Usize(|d| &mut d.config.providers.resilience.bulkhead.running), min: 1, max: 10_000 },
    "Requests to one provider at one time.",
);
pub const BULKHEAD_WAITING: Key = Key::cap(
    "bulkhead.waiting",
    Field::Integer { at: Whole::Usize(|d| &mut d.config.providers.resilience.bulkhead.waiting), min: 0, max: 100_000 },
    "Requests that may wait for their turn at one provider; more are refused.",
);
pub const SPEND_TOTAL: Key = Key::new(
    "spend.total",
    Field::Money(|d| &mut d.config.providers.resilience.spend.total),
    "Dollars that this process may spend at all providers; unset sets no limit.",
);
pub const SPEND_PER_PROVIDER: Key = Key::new(
    "spend.per_provider",
    Field::Money(|d| &mut d.config.providers.resilience.spend.per_provider),
    "Dollars that this process may spend at each provider; unset sets no limit.",
);
pub const SPEND_ALLOW_UNKNOWN: Key = Key::new(
    "spend.allow_unknown",
    Field::Bool(|d| &mut d.config.providers.resilience.spend.allow_unknown),
    "Whether a model without a known price may be asked though a limit is set.",
);
pub const CACHE_TTL: Key = Key::cap(
    "cache.ttl",
    duration(|d| &mut d.config.providers.resilience.cache.ttl, Duration::ZERO, seconds(86_400)),
    "How long a reply answers the same request again; 0s keeps none.",
);
pub const CACHE_ENTRIES: Key = Key::cap(
    "cache.max_entries",
    Field::Integer { at: Whole::Usize(|d| &mut d.config.providers.resilience.cache.max_entries), min: 1, max: 100_000 },
    "Replies that are kept; the oldest make room.",
);
pub const CACHE_BYTES: Key = Key::cap(
    "cache.max_bytes",
    size(|d| &mut d.config.providers.resilience.cache.max_bytes, 1 << 10, 4 << 30),
    "Text of kept requests and replies together; the oldest make room.",
);
