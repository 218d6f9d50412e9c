//! The sessions of the older era over HTTP: made by `initialize`, ended by the client, by time, or to make room. A
//! session without an open stream costs its record alone: no task, no queue. One timer looks after all.

pub mod outflow;
pub mod state;

use std::convert::Infallible;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::mpsc;
use tokio::time::Instant;
use uuid::Uuid;

use super::Server;
use super::connection::Connection;
use super::link::Outlet;
use super::tracker::{EventId, EventTracker, StreamKey};
use crate::clock::Clock;
use crate::interceptor::Approved;
use crate::thread::Principal;
use crate::unit::whole_millis;
use outflow::{Outflow, Resumed, Sent};
use state::{InvalidTransition, State};

/// Parts of the map that are locked by themselves.
const SHARDS: usize = 16;
/// How often the timer comes round: open streams are kept alive, and sessions whose time has run out are closed.
pub const TICK: Duration = Duration::from_secs(15);
/// Streams of one session that are read at one time.
const MAX_READ_STREAMS: usize = 8;
/// Streams of one session that can be taken up again, those that are read included.
const MAX_KEPT_STREAMS: usize = 16;
/// Where there is no place left, one in so many sessions goes at once, so that not every newcomer has to look for one.
const EVICTED_SHARE: usize = 64;

pub struct SessionManager {
    sessions: DashMap<u128, Arc<Session>>,
    places: AtomicUsize,
    limits: Limits,
    tracker: Arc<EventTracker>,
    clock: Clock,
    began: Instant,
}

#[derive(Clone, Debug)]
pub struct Limits {
    pub max_sessions: usize,
    /// A session without a request or an open stream for this long is closed.
    pub idle: Duration,
    /// An older session is closed, unless a call is in flight.
    pub age: Duration,
    /// Events of one stream that can be replayed.
    pub replay_events: usize,
}

pub struct Session {
    key: u128,
    pub connection: Arc<Connection>,
    state: Mutex<State>,
    streams: Mutex<Vec<Arc<Outflow>>>,
    last_stream: AtomicU32,
    created: u64,
    /// When it was last used, in milliseconds since the manager began.
    used: AtomicU64,
    /// Requests that are being answered and streams that are read.
    users: AtomicUsize,
}

/// A session that is in use: it is neither idle nor evicted while this is held.
pub struct InUse {
    session: Arc<Session>,
    manager: Arc<SessionManager>,
}

/// Why a session was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    ByClient,
    Idle,
    TooOld,
    Evicted,
    Shutdown,
}

/// All sessions are busy, so none can make room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// A session has as many streams open as one may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyStreams;

impl SessionManager {
    pub fn new(limits: Limits, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            sessions: DashMap::with_shard_amount(SHARDS),
            places: AtomicUsize::new(0),
            tracker: Arc::new(EventTracker::new(limits.replay_events)),
            began: clock.now(),
            limits,
            clock,
        })
    }

    /// A new session, which is still connecting.
    pub fn open(self: &Arc<Self>, server: &Server, principal: Principal) -> Result<InUse, Full> {
        while !self.take_place() {
            self.make_room()?;
        }
        // Random bits from the operating system: an id can be neither guessed nor counted up.
        let key = Uuid::new_v4().as_u128();
        let session = Arc::new(Session {
            key,
            connection: Connection::open(server, "http", principal),
            state: Mutex::new(State::Connecting),
            streams: Mutex::default(),
            last_stream: AtomicU32::new(0),
            created: self.now(),
            used: AtomicU64::new(self.now()),
            users: AtomicUsize::new(0),
        });
        let outlet: Weak<Session> = Arc::downgrade(&session);
        session.connection.speak_through(outlet);
        self.sessions.insert(key, Arc::clone(&session));
        Ok(InUse::of(session, self))
    }

    /// The session of this id, where it is `principal`'s and its time has not run out. A foreign one and an unknown one
    /// are the same.
    pub fn find(self: &Arc<Self>, id: &str, principal: &Principal) -> Option<InUse> {
        let key = Uuid::try_parse(id).ok()?.as_u128();
        let session = Arc::clone(&*self.sessions.get(&key)?);
        if session.connection.principal != *principal {
            return None;
        }
        if let Some(reason) = self.out_of_time(&session) {
            self.close(&session, reason);
            return None;
        }
        Some(InUse::of(session, self))
    }

    /// Takes a session down: its calls are withdrawn, its streams end, what was kept of them goes. Once, whoever comes
    /// first.
    pub fn close(&self, session: &Arc<Session>, reason: Closing) {
        if self.sessions.remove(&session.key).is_none() {
            return;
        }
        self.places.fetch_sub(1, Ordering::AcqRel);
        // One that failed stays failed.
        let taken_down = session.step(State::Closing).is_ok();
        session.connection.close();
        session.streams().drain(..).for_each(|stream| stream.end());
        if taken_down {
            let _ = session.step(State::Closed);
        }
        tracing::debug!(connection = session.connection.id.0, ?reason, "session closed");
    }

    /// The session never came up.
    pub fn fail(&self, session: &Arc<Session>, why: &str) {
        let _ = session.step(State::Failed(why.into()));
        self.close(session, Closing::ByClient);
    }

    /// Keeps open streams alive and closes what has run out of time, for as long as it is polled.
    pub async fn look_after(&self) -> Infallible {
        loop {
            tokio::time::sleep(TICK).await;
            self.tick();
        }
    }

    fn tick(&self) {
        let sessions: Vec<_> = self.sessions.iter().map(|session| Arc::clone(&session)).collect();
        for session in sessions {
            match self.out_of_time(&session) {
                Some(reason) => self.close(&session, reason),
                None => session.streams().iter().for_each(|stream| stream.keep_alive()),
            }
        }
    }

    /// Ends every stream on which only what belongs to no request would come.
    pub fn end_standing_streams(&self) {
        for session in &self.sessions {
            session.streams().iter().filter(|stream| stream.is_standing()).for_each(|stream| stream.end());
        }
    }

    pub fn close_all(&self) {
        let sessions: Vec<_> = self.sessions.iter().map(|session| Arc::clone(&session)).collect();
        sessions.iter().for_each(|session| self.close(session, Closing::Shutdown));
    }

    pub fn count(&self) -> usize {
        self.places.load(Ordering::Acquire)
    }

    fn take_place(&self) -> bool {
        let more = |taken| (taken < self.limits.max_sessions).then_some(taken + 1);
        self.places.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// Closes the sessions that were not used for longest, none that is busy.
    fn make_room(&self) -> Result<(), Full> {
        let mut free: Vec<_> = self
            .sessions
            .iter()
            .filter(|session| !session.is_busy())
            .map(|session| (session.used.load(Ordering::Acquire), Arc::clone(&session)))
            .collect();
        if free.is_empty() {
            return Err(Full);
        }
        free.sort_by_key(|(used, _)| *used);
        free.truncate(self.limits.max_sessions.div_ceil(EVICTED_SHARE));
        free.iter().for_each(|(_, session)| self.close(session, Closing::Evicted));
        Ok(())
    }

    fn out_of_time(&self, session: &Session) -> Option<Closing> {
        let now = self.now();
        let is_over = |since: u64, limit: Duration| now.saturating_sub(since) > whole_millis(limit);
        if is_over(session.created, self.limits.age) && !session.connection.is_busy() {
            return Some(Closing::TooOld);
        }
        let is_idle = is_over(session.used.load(Ordering::Acquire), self.limits.idle) && !session.is_busy();
        is_idle.then_some(Closing::Idle)
    }

    fn now(&self) -> u64 {
        whole_millis(self.clock.elapsed(self.began))
    }
}

impl Session {
    /// As the client knows it.
    pub fn id(&self) -> String {
        Uuid::from_u128(self.key).simple().to_string()
    }

    pub fn state(&self) -> State {
        self.locked_state().clone()
    }

    /// Goes on to `to`, where that may follow.
    pub fn step(&self, to: State) -> Result<(), InvalidTransition> {
        let mut state = self.locked_state();
        *state = state.step(to)?;
        Ok(())
    }

    /// The way of a call's messages. It is kept once something other than the result has gone out on it.
    pub fn stream_of_a_call(&self, tracker: &Arc<EventTracker>) -> (Arc<Outflow>, mpsc::Receiver<Sent>) {
        Outflow::of_a_call(self.next_stream(), tracker)
    }

    /// Opens a stream for what belongs to no request.
    pub fn open_stream(
        &self,
        tracker: &Arc<EventTracker>,
    ) -> Result<(Arc<Outflow>, mpsc::Receiver<Sent>), TooManyStreams> {
        if self.streams().iter().filter(|stream| stream.is_read()).count() >= MAX_READ_STREAMS {
            return Err(TooManyStreams);
        }
        let (stream, receiver) = Outflow::standing(self.next_stream(), tracker);
        self.keep(Arc::clone(&stream));
        Ok((stream, receiver))
    }

    /// Keeps a stream, so that its client can come back to it; the one that was left longest ago makes room.
    pub fn keep(&self, stream: Arc<Outflow>) {
        let mut streams = self.streams();
        if streams.len() >= MAX_KEPT_STREAMS {
            let left = streams.iter().position(|stream| !stream.is_read()).unwrap_or(0);
            streams.remove(left);
        }
        streams.push(stream);
    }

    /// Takes up the stream of `last` behind it. None where nothing is known of that stream.
    pub fn resume(&self, last: EventId) -> Option<Resumed> {
        let stream = self.streams().iter().find(|stream| stream.id() == last.stream).cloned()?;
        Some(stream.resume(last.place))
    }

    /// A call is in flight, a request is being answered, or a stream is read.
    pub fn is_busy(&self) -> bool {
        self.users.load(Ordering::Acquire) > 0 || self.connection.is_busy()
    }

    fn next_stream(&self) -> StreamKey {
        StreamKey { session: self.key, stream: self.last_stream.fetch_add(1, Ordering::Relaxed) + 1 }
    }

    fn streams(&self) -> MutexGuard<'_, Vec<Arc<Outflow>>> {
        self.streams.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn locked_state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What belongs to no request goes out on one standing stream, on one that is read if there is one.
impl Outlet for Session {
    fn put(&self, message: Approved) {
        let stream = {
            let streams = self.streams();
            let mut standing = streams.iter().filter(|stream| stream.is_standing());
            standing.clone().find(|stream| stream.is_read()).or_else(|| standing.next()).cloned()
        };
        if let Some(stream) = stream {
            stream.put(message);
        }
    }
}

impl InUse {
    fn of(session: Arc<Session>, manager: &Arc<SessionManager>) -> Self {
        session.users.fetch_add(1, Ordering::AcqRel);
        session.used.store(manager.now(), Ordering::Release);
        Self { session, manager: Arc::clone(manager) }
    }

    /// Another hold on the same session.
    pub fn again(&self) -> Self {
        Self::of(Arc::clone(&self.session), &self.manager)
    }

    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    pub fn tracker(&self) -> &Arc<EventTracker> {
        &self.manager.tracker
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.session.used.store(self.manager.now(), Ordering::Release);
        self.session.users.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests;
