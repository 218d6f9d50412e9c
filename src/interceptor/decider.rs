//! Those who decide what becomes of a message, and how each is registered: its name, what it is asked about, how long it
//! may take, what its failure means, and its tally.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;

use super::filter::Filter;
use super::legality::Verb;
use super::message::Message;
use crate::mcp::codec::ResultBody;

/// How long a decider may take, where its registration says nothing else.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// Decides what becomes of a message.
pub trait Decider: Send + Sync {
    /// An error is a failure: what it means is said where the decider is registered, and by default it blocks.
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a>;
}

/// The future of a [`Decider::decide`].
pub type Decision<'a> = Pin<Box<dyn Future<Output = Result<Action, String>> + Send + 'a>>;

/// What a decider wants done. What of it is legal for which message is said by [`super::legality::TABLE`].
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Continue,
    /// Go on, and write this down.
    Log(String),
    /// Go on with these bytes. They must be a message of the same kind with the same id.
    Modify(Bytes),
    /// Go on after this long.
    Delay(Duration),
    /// Hold it until a person decides.
    Pause(Pause),
    /// Stop here. The reason is told to the client.
    Block(String),
    /// Answer in the server's stead.
    Mock {
        body: ResultBody,
        reason: String,
    },
}

/// How a message is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pause {
    pub reason: String,
    /// None: as long as is configured.
    pub timeout: Option<Duration>,
    pub on_timeout: OnTimeout,
}

/// What becomes of a paused message that nobody decided on in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnTimeout {
    #[default]
    Block,
    Continue,
}

/// What the failure of a decider means: an error, a panic, or no answer in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// What cannot be judged does not pass.
    #[default]
    Block,
    Continue,
}

/// A decider in its place in the chain. Cheap to clone; clones share the tally.
#[derive(Clone)]
pub struct Registration {
    pub name: Arc<str>,
    pub filter: Arc<Filter>,
    pub deadline: Duration,
    pub on_failure: OnFailure,
    pub tally: Arc<Tally>,
    decider: Arc<dyn Decider>,
}

/// How often a decider did something, and whether it is asked at all.
#[derive(Debug)]
pub struct Tally {
    on: AtomicBool,
    hits: AtomicU64,
    failures: AtomicU64,
}

/// Deciders that change while the chain is in use, such as those of a file of rules.
pub trait Changing: Send + Sync {
    /// Those that are in force now, in their order.
    fn current(&self) -> Arc<[Registration]>;
}

impl Action {
    pub fn verb(&self) -> Verb {
        match self {
            Self::Continue => Verb::Continue,
            Self::Log(_) => Verb::Log,
            Self::Modify(_) => Verb::Modify,
            Self::Delay(_) => Verb::Delay,
            Self::Pause(_) => Verb::Pause,
            Self::Block(_) => Verb::Block,
            Self::Mock { .. } => Verb::Mock,
        }
    }
}

impl Registration {
    /// A decider that is asked about everything and fails closed.
    pub fn new(name: impl Into<Arc<str>>, decider: Arc<dyn Decider>) -> Self {
        Self {
            name: name.into(),
            filter: Arc::default(),
            deadline: DEFAULT_DEADLINE,
            on_failure: OnFailure::default(),
            tally: Arc::default(),
            decider,
        }
    }

    pub fn filtered(mut self, filter: Filter) -> Self {
        self.filter = Arc::new(filter);
        self
    }

    pub fn within(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    pub fn counted_by(mut self, tally: Arc<Tally>) -> Self {
        self.tally = tally;
        self
    }

    /// Whether it is to be asked about `message`.
    pub fn is_asked(&self, message: &Message) -> bool {
        self.tally.is_on() && self.filter.admits(message)
    }

    /// Its decision. A panic and a deadline that has passed are failures like any other.
    pub async fn ask(&self, message: &Message) -> Result<Action, String> {
        let asked = AssertUnwindSafe(async { self.decider.decide(message).await }).catch_unwind();
        let decided = match tokio::time::timeout(self.deadline, asked).await {
            Err(_) => Err(format!("no answer within {:?}", self.deadline)),
            Ok(Err(_)) => Err("it panicked".to_owned()),
            Ok(Ok(decided)) => decided,
        };
        match &decided {
            Ok(Action::Continue) => {}
            Ok(_) => self.tally.note_hit(),
            Err(failure) => {
                self.tally.note_failure();
                tracing::warn!(interceptor = &*self.name, failure, "an interceptor failed");
            }
        }
        decided
    }
}

impl Tally {
    /// A tally that stands at `hits`, on or off.
    pub fn starting_at(hits: u64, on: bool) -> Self {
        Self { on: AtomicBool::new(on), hits: AtomicU64::new(hits), failures: AtomicU64::new(0) }
    }

    pub fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub fn switch(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }

    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    fn note_hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    fn note_failure(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl Default for Tally {
    fn default() -> Self {
        Self::starting_at(0, true)
    }
}
