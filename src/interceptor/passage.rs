//! A message and what became of it, as observers see it: before, after, and who did what on the way.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::message::{Message, Outcome};

/// Sees what became of a message. Must not block: it runs on the way of every message. One that panics is passed over.
pub trait Observer: Send + Sync {
    fn observe(&self, passage: &Passage<'_>);
}

/// A message and what became of it.
pub struct Passage<'a> {
    pub before: &'a Message,
    /// Where the message was changed, or replaced by an error.
    pub after: Option<&'a Message>,
    pub outcome: Outcome,
    /// Who did something, in order. Those that only let it pass are not told.
    pub steps: &'a [Step],
}

/// What one decider did with a message, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub by: Arc<str>,
    pub did: Did,
    /// Empty where there is nothing to say.
    pub reason: Arc<str>,
}

/// What a decider did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Did {
    Modified,
    Blocked,
    /// Answered in the server's stead.
    Mocked,
    Delayed,
    /// Held it until somebody, or the time, decided.
    Paused,
    /// Wrote it down.
    Logged,
    /// Failed, and the message went on without it.
    Failed,
}
