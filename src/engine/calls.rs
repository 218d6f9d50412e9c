//! Calls in flight and those that ended last: their stage, their text while it arrives, and the handle to give one up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use dashmap::DashMap;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::budget::Tally;
use crate::clock::Clock;
use crate::event::{Bus, Event};
use crate::id::{CallId, ConnectionId, Counter, ModelId, ProviderId, ThreadId};
use crate::provider::{Choice, Class, Listener};
use crate::tools::Progress;
use crate::unit::UnixMillis;

/// Ended calls that are still shown.
const KEPT_ENDED: usize = 256;
/// Bytes of a call's live text that are kept; what comes behind is counted, and stands in the turn once it has ended.
const MAX_LIVE_TEXT: usize = 1 << 20;
/// Parts of the map that are locked by themselves. Said here, as the map would ask the system for its processors and take
/// many more on a large machine.
const SHARDS: usize = 16;

pub struct Calls {
    live: DashMap<CallId, Arc<LiveCall>>,
    ended: Mutex<VecDeque<Arc<LiveCall>>>,
    counter: Counter,
    clock: Clock,
    bus: Bus,
}

/// One call, as everybody who watches it sees it.
pub struct LiveCall {
    pub id: CallId,
    pub tool: &'static str,
    pub connection: ConnectionId,
    pub started: UnixMillis,
    pub cancel: CancellationToken,
    clock: Clock,
    bus: Bus,
    state: Mutex<State>,
}

/// What changes while a call runs.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub stage: Stage,
    pub thread: Option<ThreadId>,
    pub provider: Option<ProviderId>,
    pub model: Option<ModelId>,
    /// Characters of the reply that have arrived.
    pub text_chars: u64,
    pub ended: Option<UnixMillis>,
    /// How it stands where several models are asked at once; else empty.
    pub standing: String,
    text: String,
}

/// How far a call has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Gathering files and history.
    #[default]
    Preparing,
    /// The request is out and no text has come.
    Waiting,
    /// Text arrives.
    Streaming,
    Done,
    Failed {
        /// None where no provider is to blame.
        class: Option<Class>,
        message: String,
    },
    Cancelled,
}

impl Stage {
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. } | Self::Cancelled)
    }
}

impl Calls {
    pub fn new(clock: Clock, bus: Bus) -> Self {
        Self {
            live: DashMap::with_shard_amount(SHARDS),
            ended: Mutex::default(),
            counter: Counter::default(),
            clock,
            bus,
        }
    }

    /// A new call, to be given back to [`Calls::end`].
    pub fn begin(&self, tool: &'static str, connection: ConnectionId, cancel: CancellationToken) -> Arc<LiveCall> {
        let call = Arc::new(LiveCall {
            id: CallId(self.counter.next()),
            tool,
            connection,
            started: self.clock.wall(),
            cancel,
            clock: self.clock,
            bus: self.bus.clone(),
            state: Mutex::default(),
        });
        self.live.insert(call.id, Arc::clone(&call));
        call.changed();
        call
    }

    /// The call has ended in `stage`.
    pub fn end(&self, call: &Arc<LiveCall>, stage: Stage) {
        {
            let mut state = call.state();
            state.stage = stage;
            state.ended = Some(call.clock.wall());
            // The text stands in the turn now; who watched the stream reads on there.
            state.text = String::new();
        }
        self.live.remove(&call.id);
        let mut ended = self.ended.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        ended.push_back(Arc::clone(call));
        if ended.len() > KEPT_ENDED {
            ended.pop_front();
        }
        drop(ended);
        call.changed();
    }

    /// A call in flight or among the last that ended.
    pub fn get(&self, id: CallId) -> Option<Arc<LiveCall>> {
        if let Some(call) = self.live.get(&id) {
            return Some(Arc::clone(&call));
        }
        let ended = self.ended.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        ended.iter().find(|call| call.id == id).cloned()
    }

    /// Gives a call in flight up. False where it is not in flight.
    pub fn cancel(&self, id: CallId) -> bool {
        let call = self.live.get(&id).map(|call| Arc::clone(&call));
        call.is_some_and(|call| {
            call.cancel.cancel();
            true
        })
    }

    pub fn in_flight(&self) -> usize {
        self.live.len()
    }

    /// Those that ended last and those in flight, oldest first.
    pub fn list(&self) -> Vec<Arc<LiveCall>> {
        let mut calls: Vec<_> = {
            let ended = self.ended.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            ended.iter().cloned().collect()
        };
        calls.extend(self.live.iter().map(|call| Arc::clone(&call)));
        calls.sort_by_key(|call| call.id);
        calls.dedup_by_key(|call| call.id);
        calls
    }
}

impl LiveCall {
    pub fn belongs_to(&self, thread: ThreadId) {
        self.state().thread = Some(thread);
        self.changed();
    }

    /// How it stands now, without its text.
    pub fn snapshot(&self) -> State {
        let state = self.state();
        State {
            stage: state.stage.clone(),
            thread: state.thread,
            provider: state.provider.clone(),
            model: state.model.clone(),
            text_chars: state.text_chars,
            ended: state.ended,
            standing: state.standing.clone(),
            text: String::new(),
        }
    }

    /// What has arrived of the reply. Empty once the call has ended.
    pub fn live_text(&self) -> String {
        self.state().text.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn changed(&self) {
        self.bus.say(Event::CallChanged(self.id));
    }
}

impl Listener for LiveCall {
    fn text(&self, piece: &str) {
        {
            let mut state = self.state();
            state.stage = Stage::Streaming;
            state.text_chars += piece.chars().count() as u64;
            if state.text.len() + piece.len() <= MAX_LIVE_TEXT {
                state.text.push_str(piece);
            }
        }
        self.changed();
    }

    fn turned_to(&self, choice: &Choice) {
        self.asking(&choice.provider, &choice.model.id);
    }
}

impl Progress for LiveCall {
    fn budgeted(&self, tally: Tally) {
        self.bus.say(Event::BudgetDecided { call: self.id, tally });
    }

    fn asking(&self, provider: &ProviderId, model: &ModelId) {
        {
            let mut state = self.state();
            state.stage = Stage::Waiting;
            state.provider = Some(provider.clone());
            state.model = Some(model.clone());
        }
        self.changed();
    }

    fn stands(&self, standing: &str) {
        standing.clone_into(&mut self.state().standing);
        self.changed();
    }
}
