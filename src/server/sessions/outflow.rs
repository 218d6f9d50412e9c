//! What goes to a client on one event stream of the older era. The stream outlives the connection that carries it: what
//! is sent while nobody reads is kept, and a client that comes back goes on behind what it has read.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::interceptor::{Approved, Kind};
use crate::server::link::{Gone, Sending};
use crate::server::tracker::{EventId, EventTracker, StreamKey};

/// Messages that may wait for a client to read them. One that falls further behind is let go, and can come back for the
/// rest.
const LIVE_QUEUE: usize = 32;

/// One stream. What is kept of it goes when it is dropped.
pub struct Outflow {
    key: StreamKey,
    tracker: Arc<EventTracker>,
    /// It belongs to no request.
    is_standing: bool,
    flow: Mutex<Flow>,
}

struct Flow {
    live: Option<mpsc::Sender<Sent>>,
    /// Events with ids go out on it. Before the first notification of a call it may still become a plain reply.
    is_stream: bool,
    ended: bool,
}

/// What the reader of a stream gets.
pub enum Sent {
    /// Without an id: the only message, which needs no stream.
    Message(Option<EventId>, Approved),
    KeepAlive,
}

/// A stream taken up again: what was missed, and what is still to come, where something is.
pub struct Resumed {
    pub missed: Vec<(EventId, Approved)>,
    pub rest: Option<mpsc::Receiver<Sent>>,
}

impl Outflow {
    /// The way of a call's notifications and its result, which ends it.
    pub fn of_a_call(key: StreamKey, tracker: &Arc<EventTracker>) -> (Arc<Self>, mpsc::Receiver<Sent>) {
        Self::open(key, tracker, false)
    }

    /// A stream that a client holds open for what belongs to no request.
    pub fn standing(key: StreamKey, tracker: &Arc<EventTracker>) -> (Arc<Self>, mpsc::Receiver<Sent>) {
        Self::open(key, tracker, true)
    }

    fn open(key: StreamKey, tracker: &Arc<EventTracker>, is_standing: bool) -> (Arc<Self>, mpsc::Receiver<Sent>) {
        let (live, receiver) = mpsc::channel(LIVE_QUEUE);
        let flow = Mutex::new(Flow { live: Some(live), is_stream: is_standing, ended: false });
        (Arc::new(Self { key, tracker: Arc::clone(tracker), is_standing, flow }), receiver)
    }

    pub fn id(&self) -> u32 {
        self.key.stream
    }

    /// The id before the first message.
    pub fn beginning(&self) -> EventId {
        EventId { stream: self.key.stream, place: 0 }
    }

    /// Sends a message; never waits.
    pub fn put(&self, message: Approved) {
        let mut flow = self.flow();
        let is_last = !self.is_standing && matches!(message.message().header.kind, Kind::Result | Kind::Error);
        let gone = flow.live.as_ref().is_none_or(mpsc::Sender::is_closed);
        // Who left before anything came has no id to come back with: what comes then is kept nowhere but in the thread.
        flow.is_stream |= !is_last && !gone;
        let id = flow.is_stream.then(|| self.tracker.record(self.key, message.clone()));
        flow.send(Sent::Message(id, message));
        if is_last {
            flow.end();
        }
    }

    /// Says nothing, so that the connection is seen to be alive.
    pub fn keep_alive(&self) {
        self.flow().send(Sent::KeepAlive);
    }

    /// Takes the stream up behind `place`. A reader that is still there loses it.
    pub fn resume(&self, place: u32) -> Resumed {
        let mut flow = self.flow();
        let missed = self.tracker.since(self.key, place);
        let rest = (!flow.ended).then(|| {
            let (live, receiver) = mpsc::channel(LIVE_QUEUE);
            flow.live = Some(live);
            receiver
        });
        Resumed { missed, rest }
    }

    /// Nothing more comes on it.
    pub fn end(&self) {
        self.flow().end();
    }

    pub fn is_standing(&self) -> bool {
        self.is_standing
    }

    pub fn is_read(&self) -> bool {
        self.flow().live.as_ref().is_some_and(|live| !live.is_closed())
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Flow {
    fn send(&mut self, sent: Sent) {
        if self.live.as_ref().is_some_and(|live| live.try_send(sent).is_err()) {
            self.live = None;
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.live = None;
    }
}

/// A call's hold on its stream: with the call, answered or taken back, the stream ends.
pub struct Feed(pub Arc<Outflow>);

impl Sending for Feed {
    async fn send(&self, message: Approved, place: Option<OwnedSemaphorePermit>) -> Result<(), Gone> {
        drop(place);
        self.0.put(message);
        Ok(())
    }

    fn offer(&self, message: Approved) {
        self.0.put(message);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Drop for Outflow {
    fn drop(&mut self) {
        self.tracker.forget(self.key);
    }
}
