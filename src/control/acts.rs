//! What a person does to threads, as it travels between a face and an engine.

use serde::{Deserialize, Serialize};

use super::types::ThreadSummary;
use crate::event::ThreadAct;
use crate::id::ThreadId;
pub use crate::thread::export::Form;

/// One act. It is done to all that it names, or to none where it makes no sense; threads that are gone are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    /// For a moment each can be restored.
    Expire {
        threads: Which,
    },
    Restore {
        thread: ThreadId,
    },
    Pin {
        thread: ThreadId,
    },
    Unpin {
        thread: ThreadId,
    },
    /// Moves the end by this many milliseconds; without a number the time starts anew.
    Extend {
        thread: ThreadId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by_ms: Option<u64>,
    },
    Rename {
        thread: ThreadId,
        title: String,
    },
    Tag {
        thread: ThreadId,
        #[serde(default)]
        add: Vec<String>,
        #[serde(default)]
        remove: Vec<String>,
    },
    /// Behind this turn, counted from 1; without a number behind the last one.
    Fork {
        thread: ThreadId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
    },
    /// Always refused, with the reason.
    Merge {
        thread: ThreadId,
        with: ThreadId,
    },
}

/// Which threads are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    These(Vec<ThreadId>),
    /// Those that the query finds at that moment; an empty one is refused.
    Query(String),
    All,
}

/// What an act has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Acted {
    /// As they are now, or were when they ended. Of a fork: the new thread.
    pub threads: Vec<ThreadSummary>,
    /// Named, and not there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<ThreadId>,
}

/// A thread as a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// A good name for its file.
    pub file_name: String,
    pub text: String,
}

/// Who did what to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActSummary {
    pub thread: ThreadId,
    pub act: ThreadAct,
    /// The user, as the system numbers them.
    pub uid: u32,
}

/// The turn of another thread behind which a fork began; that thread may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentSummary {
    pub thread: ThreadId,
    /// From 1.
    pub turn: u32,
}
