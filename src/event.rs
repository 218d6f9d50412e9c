//! The one bus on which everything that happens in an engine is said. Events carry ids, numbers and small enums; a
//! watcher fetches what grew by id. With nobody watching, saying something costs one atomic read.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use tokio::sync::broadcast;

use crate::budget::Tally;
use crate::id::{CallId, ConnectionId, Counter, MessageSeq, PauseId, ProviderPlace, SwitchSeq, ThreadId};

/// Events that a slow watcher may fall behind before it has to start anew from a snapshot.
pub const BUS_CAPACITY: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    ConnectionOpened(ConnectionId),
    /// A client said who it is.
    ConnectionIdentified(ConnectionId),
    ConnectionClosed(ConnectionId),
    /// A call started, moved to another stage, received text, or ended: look it up by its id.
    CallChanged(CallId),
    /// What a model is shown in this call was decided: so many files and turns were kept, cut, or left out.
    BudgetDecided {
        call: CallId,
        tally: Tally,
    },
    /// A thread was opened, gained a turn, or had its expiry moved.
    ThreadChanged(ThreadId),
    ThreadRemoved {
        thread: ThreadId,
        reason: Removal,
    },
    /// A person did this to a thread: for the audit, beside the event of what has changed by it.
    ThreadSteered {
        thread: ThreadId,
        act: ThreadAct,
        /// The user, as the system numbers them.
        uid: u32,
    },
    /// The monitor asked this of a turn; the turn keeps the question with its evidence.
    ThreadQuestioned {
        thread: ThreadId,
        /// From 1.
        turn: u32,
        concern: Concern,
    },
    /// A message passed the interceptor chain and stands in the message log.
    MessageLogged(MessageSeq),
    /// A message waits for a person's decision.
    MessagePaused(PauseId),
    /// It waits no more, for whatever reason.
    PauseResolved(PauseId),
    /// A request to a provider was answered or failed: its figures, and perhaps its breakers, are others now.
    ProviderChanged(ProviderPlace),
    /// Other tools are offered than before.
    ToolsChanged,
    /// The config file was read again, and had so many mistakes; with one, all stays as it was.
    ConfigRead {
        mistakes: u32,
    },
    /// A person switched a tool, a model, a provider or an interceptor off or on: for the audit, which and who by its number.
    Switched(SwitchSeq),
    /// The control socket turned a foreign user away.
    ControlRefused {
        uid: u32,
    },
}

/// Why a thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Removal {
    /// Its time to live ran out.
    Expired,
    /// A person expired it.
    ByHand,
    /// It was the longest unused when a cap on threads or bytes was reached.
    Evicted,
}

/// What the monitor has to say of a line of thought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Concern {
    /// The answer stands and nothing new comes.
    Settled,
    /// The answer goes back and forth.
    Wavering,
    /// A step says what an earlier one said.
    Repeat,
    /// Steps bring nothing new.
    Stall,
    /// Steps are about something else.
    Drift,
    /// Steps say less and less.
    Thinning,
}

impl Concern {
    pub const ALL: [Self; 6] = [Self::Settled, Self::Wavering, Self::Repeat, Self::Stall, Self::Drift, Self::Thinning];

    /// Its name on wires and in counters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Wavering => "wavering",
            Self::Repeat => "repeat",
            Self::Stall => "stall",
            Self::Drift => "drift",
            Self::Thinning => "thinning",
        }
    }

    /// Whether it says that the line of thought goes in circles.
    pub fn is_loop(self) -> bool {
        matches!(self, Self::Repeat | Self::Stall)
    }
}

/// What a person can do to a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadAct {
    Expired,
    Restored,
    Pinned,
    Unpinned,
    Extended,
    Renamed,
    Tagged,
    /// Forked from another one.
    Forked,
    Exported,
    Imported,
}

impl ThreadAct {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Restored => "restored",
            Self::Pinned => "pinned",
            Self::Unpinned => "unpinned",
            Self::Extended => "extended",
            Self::Renamed => "renamed",
            Self::Tagged => "tagged",
            Self::Forked => "forked",
            Self::Exported => "exported",
            Self::Imported => "imported",
        }
    }
}

/// Cheap to clone; all clones are one bus.
#[derive(Clone, Debug)]
pub struct Bus {
    /// Made for the first watcher: its room for events takes memory that most processes, watched by nobody, would pay.
    sender: Arc<OnceLock<broadcast::Sender<Event>>>,
    said: Arc<Counter>,
}

impl Bus {
    pub fn new() -> Self {
        Self { sender: Arc::default(), said: Arc::default() }
    }

    /// Says that `event` happened. Never waits.
    pub fn say(&self, event: Event) {
        self.said.next();
        if let Some(sender) = self.sender.get().filter(|sender| sender.receiver_count() > 0) {
            // The last watcher may leave between the check and the send: then nobody needed to hear it.
            let _ = sender.send(event);
        }
    }

    /// Hears every event from now on.
    pub fn watch(&self) -> broadcast::Receiver<Event> {
        self.sender.get_or_init(|| broadcast::Sender::new(BUS_CAPACITY)).subscribe()
    }

    /// How many events this bus has carried, watched or not.
    pub fn said(&self) -> u64 {
        self.said.last()
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}
