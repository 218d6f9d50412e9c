//! Paused messages: each waits to be resolved once, by a person, by its time, or because its client or zen itself goes.
//! Unless its rule says otherwise, what nobody decided on does not pass.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::decider::{OnTimeout, Pause};
use super::message::{Header, Message};
use crate::clock::Clock;
use crate::event::{Bus, Event};
use crate::id::{ConnectionId, Counter, PauseId};
use crate::mcp::envelope::RequestId;
use crate::shutdown::Shutdown;
use crate::unit::UnixMillis;

/// The registry of paused messages.
pub struct Pauses {
    held: Mutex<BTreeMap<PauseId, Held>>,
    counter: Counter,
    limits: Limits,
    clock: Clock,
    bus: Bus,
    shutdown: Shutdown,
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages that may be paused at one time; a further one is blocked.
    pub max_paused: usize,
    /// How long one is held where its rule does not say.
    pub timeout: Duration,
}

/// A paused message, as it is shown.
#[derive(Clone, Debug)]
pub struct Paused {
    pub id: PauseId,
    pub message: Message,
    /// Who paused it, and why.
    pub by: Arc<str>,
    pub reason: String,
    pub since: UnixMillis,
    /// When it is decided without a person.
    pub until: UnixMillis,
    pub on_timeout: OnTimeout,
}

/// What becomes of a paused message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    Continue,
    /// Go on with these bytes, which must be the same message.
    Edited(Bytes),
    Block(String),
}

/// Why a pause cannot be resolved so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotResolved {
    #[error("no message is paused under {0}: it was resolved already, or its time is over")]
    Unknown(PauseId),
    #[error("the edited text is not the message that was paused: {0}; it is still paused")]
    AnotherMessage(&'static str),
}

struct Held {
    paused: Paused,
    resolve: oneshot::Sender<(Resolution, &'static str)>,
}

impl Pauses {
    pub fn new(limits: Limits, clock: Clock, bus: Bus, shutdown: Shutdown) -> Self {
        Self { held: Mutex::default(), counter: Counter::default(), limits, clock, bus, shutdown }
    }

    /// Holds `message` until it is resolved, and says how, with what led to it.
    pub(super) async fn hold(&self, message: &Message, by: &Arc<str>, pause: Pause) -> (Resolution, String) {
        let Pause { reason, timeout, on_timeout } = pause;
        let timeout = timeout.unwrap_or(self.limits.timeout);
        let blocked = |why: &str| (Resolution::Block(format!("{reason}: {why}")), why.to_owned());
        if self.shutdown.has_begun() {
            return blocked("zen is ending");
        }
        let (resolve, resolved) = oneshot::channel();
        let since = self.clock.wall();
        let id = PauseId(self.counter.next());
        let until = since.plus(timeout);
        let (by, message) = (Arc::clone(by), message.clone());
        let paused = Paused { id, message, by, reason: reason.clone(), since, until, on_timeout };
        {
            let mut held = self.held();
            if held.len() >= self.limits.max_paused {
                return blocked("as many messages are paused as may be (interceptors.max_paused)");
            }
            held.insert(id, Held { paused, resolve });
        }
        // However the wait ends, and also where it is given up, the message is not listed any more.
        let _listed = Listed { pauses: self, id };
        self.bus.say(Event::MessagePaused(id));
        tokio::select! {
            biased;
            resolved = resolved => match resolved {
                Ok((resolution, why)) => (resolution, why.to_owned()),
                Err(_) => blocked("nobody can resolve it any more"),
            },
            () = self.shutdown.begun() => blocked("zen is ending"),
            () = tokio::time::sleep(timeout) => match on_timeout {
                OnTimeout::Block => blocked("nobody decided in time"),
                OnTimeout::Continue => (Resolution::Continue, "nobody decided in time".to_owned()),
            },
        }
    }

    /// Waits for `duration`, or until zen ends.
    pub(super) async fn delay(&self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = self.shutdown.begun() => {}
        }
    }

    /// All that are paused, oldest first.
    pub fn list(&self) -> Vec<Paused> {
        self.held().values().map(|held| held.paused.clone()).collect()
    }

    pub fn count(&self) -> usize {
        self.held().len()
    }

    /// Resolves a paused message: once.
    ///
    /// # Errors
    ///
    /// Where it is not paused (any more), or the edited bytes are another message, which leaves it paused.
    pub fn resolve(&self, id: PauseId, resolution: Resolution) -> Result<(), NotResolved> {
        let mut held = self.held();
        let paused = &held.get(&id).ok_or(NotResolved::Unknown(id))?.paused;
        if let Resolution::Edited(bytes) = &resolution {
            paused.message.changed_to(bytes.clone()).map_err(NotResolved::AnotherMessage)?;
        }
        let held = held.remove(&id).ok_or(NotResolved::Unknown(id))?;
        held.resolve.send((resolution, "by hand")).map_err(|_| NotResolved::Unknown(id))
    }

    /// The client is gone: what it sent and what it would have got is blocked.
    pub fn release(&self, connection: ConnectionId) {
        self.release_those(|header| header.connection == connection, "the client is gone");
    }

    /// The client took its request back: it, and its reply, need no decision any more. True where one was paused.
    pub fn withdraw(&self, connection: ConnectionId, id: &RequestId) -> bool {
        let is_it = |header: &Header| header.connection == connection && header.id.as_ref() == Some(id);
        self.release_those(is_it, "the client took it back")
    }

    fn release_those(&self, concerns: impl Fn(&Header) -> bool, why: &'static str) -> bool {
        let released: Vec<_> = {
            let mut held = self.held();
            held.extract_if(.., |_, held| concerns(&held.paused.message.header)).collect()
        };
        let any = !released.is_empty();
        for (_, Held { paused, resolve }) in released {
            // Whoever waited may have gone as well.
            let _ = resolve.send((Resolution::Block(format!("{}: {why}", paused.reason)), why));
        }
        any
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<PauseId, Held>> {
        self.held.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Default for Pauses {
    fn default() -> Self {
        let limits = Limits { max_paused: 64, timeout: Duration::from_secs(60) };
        Self::new(limits, Clock::system(), Bus::new(), Shutdown::default())
    }
}

struct Listed<'a> {
    pauses: &'a Pauses,
    id: PauseId,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.pauses.held().remove(&self.id);
        self.pauses.bus.say(Event::PauseResolved(self.id));
    }
}
