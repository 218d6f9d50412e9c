//! Threads of consultations: what was asked and answered, under which id, for how long, and for whom. Knows no tools and
//! no wires; time and events are given to it.

pub mod export;
pub mod fork;
pub mod history;
pub mod import;
pub mod ledger;
pub mod life;
pub mod memory;
pub mod room;
pub mod search;
pub mod thought;
pub mod threads;
pub mod turn;

use std::sync::Arc;

use tokio::time::Instant;

use crate::id::ThreadId;
use crate::unit::UnixMillis;
use turn::Turn;

/// One thread at one moment. Immutable: a change makes a new one, so that a reader is never waited for.
#[derive(Clone, Debug)]
pub struct Thread {
    pub id: ThreadId,
    pub principal: Principal,
    /// The first words of the first prompt, unless a person has named it.
    pub title: Arc<str>,
    /// The tool that opened it.
    pub tool: Arc<str>,
    /// By which a person finds it again; in order, each once.
    pub tags: Vec<Arc<str>>,
    /// The folder in which it was opened: a label to find it by, never a place that anything is read from.
    pub workspace: Arc<str>,
    /// Where it was forked from.
    pub parent: Option<Parent>,
    /// Oldest first. A fork shares those it came with.
    pub turns: Vec<Arc<Turn>>,
    pub created: UnixMillis,
    pub updated: UnixMillis,
    /// Larger than that of every thread that was used earlier.
    pub used: u64,
    pub end: End,
}

/// The turn of another thread behind which a fork began. The thread may be gone by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    pub thread: ThreadId,
    /// From 1.
    pub turn: usize,
}

/// When a thread will be gone by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Unless another turn comes before.
    At(Instant),
    /// It is pinned.
    Never,
}

impl End {
    /// The same or a later end; a thread that has none keeps none.
    pub fn not_before(self, at: Instant) -> Self {
        match self {
            Self::At(end) => Self::At(end.max(at)),
            Self::Never => Self::Never,
        }
    }

    pub fn has_come(self, now: Instant) -> bool {
        matches!(self, Self::At(end) if end <= now)
    }
}

impl Thread {
    /// A thread without turns.
    pub fn new(id: ThreadId, principal: Principal, tool: Arc<str>, created: UnixMillis, expires: Instant) -> Self {
        Self {
            id,
            principal,
            title: "".into(),
            tool,
            tags: Vec::new(),
            workspace: "".into(),
            parent: None,
            turns: Vec::new(),
            created,
            updated: created,
            used: 0,
            end: End::At(expires),
        }
    }

    pub fn is_pinned(&self) -> bool {
        self.end == End::Never
    }

    /// Turns in which a model answered: what the limit counts.
    pub fn answered(&self) -> u32 {
        let count = self.turns.iter().filter(|turn| turn.is_answered()).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Bytes of text that its turns hold. A turn that a fork shares counts in each of its threads: that is what stays
    /// when the other is gone.
    pub fn bytes(&self) -> usize {
        self.turns.iter().map(|turn| turn.bytes()).sum()
    }
}

/// On whose behalf a call comes. A thread is visible to the principal that opened it and to no other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal(Arc<str>);

impl Principal {
    /// A user of this machine, over stdio or the control socket.
    pub fn user(uid: u32) -> Self {
        Self(format!("uid:{uid}").into())
    }

    /// Whether it is a user of this machine, and not somebody who came over HTTP.
    pub fn is_user(&self) -> bool {
        self.0.starts_with("uid:")
    }

    /// The holder of a bearer token, by the token's digest.
    pub fn token(digest: &[u8]) -> Self {
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(format!("token:{hex}").into())
    }

    /// Whoever reaches a port that asks for no token.
    pub fn anyone() -> Self {
        Self("anyone".into())
    }
}

/// Where threads are kept. The rules (who may see one, when it is gone) are [`threads::Threads`]'; a store only holds.
/// Calls do not wait: a store with a slow backend answers from memory and writes behind.
pub trait ThreadStore: Send + Sync {
    fn get(&self, id: ThreadId) -> Option<Arc<Thread>>;

    /// Replaces the thread by what `change` makes of it, atomically: from None it is inserted, to None it is removed.
    fn update(&self, id: ThreadId, change: &mut Change<'_>);

    /// All threads, in no order.
    fn all(&self) -> Vec<Arc<Thread>>;
}

/// Makes the next state of a thread from its present one.
pub type Change<'a> = dyn FnMut(Option<&Arc<Thread>>) -> Option<Arc<Thread>> + 'a;
