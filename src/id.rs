//! The names things go by. Each kind of id is its own type, so that a call's id can never be handed in for a thread's.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A thread's id: a random UUID (v4), which is all that a holder needs to continue it. On the wire it is the
/// `continuation_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ThreadId(Uuid);

impl ThreadId {
    /// A new id, from the operating system's random source.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The first eight characters: enough for a person to tell threads apart, never enough to continue one.
    pub fn short(&self) -> String {
        let mut text = self.0.to_string();
        text.truncate(8);
        text
    }
}

impl fmt::Display for ThreadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ThreadId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text.trim()).map(Self).map_err(|_| NotAnId)
    }
}

/// The text is not a UUID, so it cannot name a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct NotAnId;

/// Declares an id that counts up from 1 within one process.
macro_rules! counted_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

counted_id!(
    /// One tool call, from its start to its reply, within one process.
    CallId
);
counted_id!(
    /// One client's connection, within one process.
    ConnectionId
);
counted_id!(
    /// A message that waits for a person's decision, within one process.
    PauseId
);
counted_id!(
    /// A message's place in the message log of one process.
    MessageSeq
);

counted_id!(
    /// A switch that a person turned, in their order within one process.
    SwitchSeq
);

/// A provider's place in the order of priority: its name for an event, which is small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProviderPlace(pub u16);

/// Hands out counted ids, starting at 1.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The last number handed out; 0 before the first.
    pub fn last(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Declares an id that is a name, cheap to clone. What names exist is data in `assets/`, so there is no enum.
macro_rules! named_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }
    };
}

named_id!(
    /// Who serves a model: `google`, `xai`, `openrouter`, `custom` ...
    ProviderId
);
named_id!(
    /// A model's own name at its provider, such as `gemini-2.5-pro` or `anthropic/claude-opus-4.5`; never an alias.
    ModelId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_id_is_read_back_from_its_text() {
        let id = ThreadId::random();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("not-a-uuid".parse::<ThreadId>(), Err(NotAnId));
    }

    #[test]
    fn a_thread_id_is_version_four() {
        assert_eq!(ThreadId::random().0.get_version_num(), 4);
    }
}
