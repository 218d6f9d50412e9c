//! The rules of a thread's life: who may continue it, how many turns it takes, when it is gone. All on the injected
//! clock; all changes are said on the bus.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::turn::Turn;
use super::{Principal, Thread, ThreadStore};
use crate::clock::Clock;
use crate::event::{Bus, Event, Removal};
use crate::id::ThreadId;

/// Characters of the first prompt that make a thread's title.
const TITLE_CHARS: usize = 60;

pub struct Threads {
    store: Box<dyn ThreadStore>,
    limits: Limits,
    clock: Clock,
    bus: Bus,
    held: Held,
}

/// What the store holds, counted where it changes, so that no call has to add it up.
#[derive(Debug, Default)]
struct Held {
    threads: AtomicUsize,
    bytes: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Since the last turn.
    pub ttl: Duration,
    /// Turns in which a model answered.
    pub max_turns: u32,
    pub max_threads: usize,
    /// Bytes of text in all threads together.
    pub max_bytes: usize,
}

/// The thread that a call goes on with, or is about to open.
#[derive(Clone, Debug)]
pub enum Target {
    New(ThreadId),
    Existing(Arc<Thread>),
}

impl Target {
    pub fn id(&self) -> ThreadId {
        match self {
            Self::New(id) => *id,
            Self::Existing(thread) => thread.id,
        }
    }

    /// The thread so far; None where this call opens it.
    pub fn thread(&self) -> Option<&Arc<Thread>> {
        match self {
            Self::New(_) => None,
            Self::Existing(thread) => Some(thread),
        }
    }
}

/// A thread cannot be continued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotContinue {
    /// It never was, it is gone, or it is another's: the answer is the same, so that an id cannot be probed.
    #[error(
        "no thread '{id}' here: threads end {} after their last turn, when a person expires them, or with the zen \
         process that holds them",
        in_words(*ttl)
    )]
    Unknown { id: String, ttl: Duration },
    #[error("thread '{id}' has used its {max_turns} turns")]
    Full { id: ThreadId, max_turns: u32 },
}

/// A turn was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The turn's number, from 1.
    pub turn: usize,
    /// Turns in which a model may still answer.
    pub remaining: u32,
}

/// The thread was expired while the call was in flight, so its turn stands nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Threads {
    pub fn new(store: Box<dyn ThreadStore>, limits: Limits, clock: Clock, bus: Bus) -> Self {
        Self { store, limits, clock, bus, held: Held::default() }
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The thread that `continuation_id` names, if it is there, is `principal`'s, and takes another turn.
    pub fn resume(&self, continuation_id: &str, principal: &Principal) -> Result<Target, CannotContinue> {
        let id = continuation_id.trim();
        let thread = id.parse().ok().and_then(|id| self.live(id)).filter(|thread| thread.principal == *principal);
        let Some(thread) = thread else {
            return Err(CannotContinue::Unknown { id: excerpt(id), ttl: self.limits.ttl });
        };
        if thread.answered() >= self.limits.max_turns {
            return Err(CannotContinue::Full { id: thread.id, max_turns: self.limits.max_turns });
        }
        Ok(Target::Existing(thread))
    }

    /// Adds a turn at the end of the thread, which it opens where it is new, and starts its time to live anew.
    pub fn record(&self, target: &Target, principal: &Principal, turn: Turn) -> Result<Recorded, Gone> {
        let expires = self.clock.now() + self.limits.ttl;
        let turn = Arc::new(turn);
        let bytes = turn.bytes();
        let mut recorded = None;
        self.store.update(target.id(), &mut |current| {
            let mut thread = match (current, target) {
                (Some(thread), _) => Thread::clone(thread),
                (None, Target::New(id)) => {
                    self.held.threads.fetch_add(1, Ordering::Relaxed);
                    opened(*id, principal, &turn, expires)
                }
                (None, Target::Existing(_)) => return None,
            };
            thread.turns.push(Arc::clone(&turn));
            thread.updated = turn.ended;
            thread.expires = expires;
            recorded = Some(Recorded {
                turn: thread.turns.len(),
                remaining: self.limits.max_turns.saturating_sub(thread.answered()),
            });
            Some(Arc::new(thread))
        });
        let recorded = recorded.ok_or(Gone)?;
        self.held.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bus.say(Event::ThreadChanged(target.id()));
        self.make_room(target.id());
        Ok(recorded)
    }

    /// The thread, unless its time has run out.
    pub fn live(&self, id: ThreadId) -> Option<Arc<Thread>> {
        let thread = self.store.get(id)?;
        if thread.expires > self.clock.now() {
            return Some(thread);
        }
        self.remove_expired(id);
        None
    }

    /// All threads whose time has not run out, the most recently used first.
    pub fn list(&self) -> Vec<Arc<Thread>> {
        let now = self.clock.now();
        let mut threads = self.store.all();
        threads.retain(|thread| thread.expires > now);
        threads.sort_by_key(|thread| (std::cmp::Reverse(thread.expires), thread.id));
        threads
    }

    /// Ends the thread now; returns what it was.
    pub fn remove(&self, id: ThreadId, reason: Removal) -> Option<Arc<Thread>> {
        self.remove_if(id, reason, |_| true)
    }

    /// Removes the threads whose time has run out, and says when the next one's will.
    pub fn sweep(&self) -> Option<Instant> {
        let now = self.clock.now();
        let (dead, live): (Vec<_>, Vec<_>) = self.store.all().into_iter().partition(|thread| thread.expires <= now);
        for thread in dead {
            self.remove_expired(thread.id);
        }
        live.iter().map(|thread| thread.expires).min()
    }

    /// Sweeps whenever a thread's time runs out, until dropped.
    pub async fn keep_swept(&self) {
        loop {
            let now = self.clock.now();
            let latest = now + self.limits.ttl;
            let next = self.sweep().map_or(latest, |next| next.min(latest));
            tokio::time::sleep_until(next).await;
        }
    }

    /// Removes the thread unless a turn has moved its expiry meanwhile.
    fn remove_expired(&self, id: ThreadId) {
        let now = self.clock.now();
        self.remove_if(id, Removal::Expired, |thread| thread.expires <= now);
    }

    fn remove_if(&self, id: ThreadId, reason: Removal, doomed: impl Fn(&Thread) -> bool) -> Option<Arc<Thread>> {
        let mut removed = None;
        self.store.update(id, &mut |current| {
            let thread = current?;
            if doomed(thread) {
                removed = Some(Arc::clone(thread));
                None
            } else {
                Some(Arc::clone(thread))
            }
        });
        let thread = removed?;
        self.held.threads.fetch_sub(1, Ordering::Relaxed);
        self.held.bytes.fetch_sub(thread.bytes(), Ordering::Relaxed);
        self.bus.say(Event::ThreadRemoved { thread: id, reason });
        Some(thread)
    }

    /// Evicts the longest unused threads while a cap is passed; never the one that was just used.
    fn make_room(&self, used: ThreadId) {
        if !self.is_over() {
            return;
        }
        let mut threads = self.store.all();
        threads.sort_by_key(|thread| thread.expires);
        for thread in threads.iter().filter(|thread| thread.id != used) {
            if !self.is_over() {
                break;
            }
            self.remove(thread.id, Removal::Evicted);
        }
    }

    fn is_over(&self) -> bool {
        self.held.threads.load(Ordering::Relaxed) > self.limits.max_threads
            || self.held.bytes.load(Ordering::Relaxed) > self.limits.max_bytes
    }
}

fn opened(id: ThreadId, principal: &Principal, turn: &Turn, expires: Instant) -> Thread {
    let thread = Thread::new(id, principal.clone(), Arc::clone(&turn.tool), turn.started, expires);
    Thread { title: title_of(&turn.prompt), ..thread }
}

/// The prompt's first line that says something, cut.
fn title_of(prompt: &str) -> Arc<str> {
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(TITLE_CHARS).collect::<String>().into()
}

/// Foreign text, short enough to be repeated in an error.
fn excerpt(id: &str) -> String {
    const LEN: usize = 64;
    id.chars().take(LEN).collect()
}

/// A duration as a person says it: `3 hours`, `90 seconds`.
pub fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        0 => return format!("{} milliseconds", duration.as_millis()),
        _ if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ModelId, ProviderId};
    use crate::thread::memory::MemoryStore;
    use crate::thread::turn::Consultation;
    use crate::unit::UnixMillis;

    fn threads(max_turns: u32, max_threads: usize) -> (Threads, Bus) {
        let bus = Bus::new();
        let limits = Limits { ttl: Duration::from_secs(3 * 3600), max_turns, max_threads, max_bytes: 10_000 };
        (Threads::new(Box::<MemoryStore>::default(), limits, Clock::system(), bus.clone()), bus)
    }

    fn turn(prompt: &str) -> Turn {
        Turn {
            answer: Some("answer".into()),
            consultations: vec![Consultation::new(ProviderId::from("custom"), ModelId::from("m"))],
            ended: UnixMillis(2),
            ..Turn::new("chat", prompt, UnixMillis(1))
        }
    }

    fn me() -> Principal {
        Principal::user(1000)
    }

    fn open(threads: &Threads, prompt: &str) -> ThreadId {
        let target = Target::New(ThreadId::random());
        threads.record(&target, &me(), turn(prompt)).unwrap();
        target.id()
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_to_live_slides_with_each_turn() {
        let (threads, _) = threads(20, 10);
        let id = open(&threads, "first");
        tokio::time::advance(Duration::from_secs(2 * 3600)).await;
        let target = threads.resume(&id.to_string(), &me()).unwrap();
        threads.record(&target, &me(), turn("second")).unwrap();
        tokio::time::advance(Duration::from_secs(2 * 3600)).await;
        assert_eq!(threads.live(id).unwrap().turns.len(), 2);
        tokio::time::advance(Duration::from_secs(3600)).await;
        let error = threads.resume(&id.to_string(), &me()).unwrap_err();
        assert!(error.to_string().contains("3 hours"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_sweep_says_what_expired_and_when_it_is_needed_next() {
        let (threads, bus) = threads(20, 10);
        let first = open(&threads, "first");
        tokio::time::advance(Duration::from_secs(60)).await;
        open(&threads, "second");
        let mut events = bus.watch();
        let (threads, sweeper) = {
            let threads = Arc::new(threads);
            let sweeping = Arc::clone(&threads);
            (threads, tokio::spawn(async move { sweeping.keep_swept().await }))
        };
        let removed = events.recv().await.unwrap();
        assert_eq!(removed, Event::ThreadRemoved { thread: first, reason: Removal::Expired });
        assert_eq!(threads.list().len(), 1);
        sweeper.abort();
    }

    #[tokio::test]
    async fn another_principal_and_an_unknown_id_read_the_same() {
        let (threads, _) = threads(20, 10);
        let id = open(&threads, "mine").to_string();
        let foreign = threads.resume(&id, &Principal::user(1)).unwrap_err();
        assert_eq!(foreign, CannotContinue::Unknown { id, ttl: threads.limits().ttl });
        assert!(matches!(threads.resume("nonsense", &me()), Err(CannotContinue::Unknown { .. })));
    }

    #[tokio::test]
    async fn turns_count_down_and_a_full_thread_says_so() {
        let (threads, _) = threads(2, 10);
        let target = Target::New(ThreadId::random());
        assert_eq!(threads.record(&target, &me(), turn("1")), Ok(Recorded { turn: 1, remaining: 1 }));
        let again = threads.resume(&target.id().to_string(), &me()).unwrap();
        assert_eq!(threads.record(&again, &me(), turn("2")), Ok(Recorded { turn: 2, remaining: 0 }));
        let error = threads.resume(&target.id().to_string(), &me()).unwrap_err();
        assert_eq!(error, CannotContinue::Full { id: target.id(), max_turns: 2 });
    }

    #[tokio::test]
    async fn a_turn_for_a_thread_expired_meanwhile_is_reported_gone() {
        let (threads, _) = threads(20, 10);
        let id = open(&threads, "first");
        let target = threads.resume(&id.to_string(), &me()).unwrap();
        assert!(threads.remove(id, Removal::ByHand).is_some());
        assert_eq!(threads.record(&target, &me(), turn("late")), Err(Gone));
        assert!(threads.list().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_unused_threads_make_room() {
        let (threads, _) = threads(20, 2);
        let ids: Vec<_> = {
            let mut ids = Vec::new();
            for prompt in ["a", "b", "c"] {
                ids.push(open(&threads, prompt));
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            ids
        };
        assert!(threads.live(ids[0]).is_none());
        let large = open(&threads, &"x".repeat(9_995));
        assert_eq!(threads.list().iter().map(|thread| thread.id).collect::<Vec<_>>(), [large]);
    }

    #[test]
    fn durations_are_said_in_words() {
        assert_eq!(in_words(Duration::from_secs(3 * 3600)), "3 hours");
        assert_eq!(in_words(Duration::from_secs(90)), "90 seconds");
        assert_eq!(in_words(Duration::from_secs(60)), "1 minute");
        assert_eq!(in_words(Duration::from_millis(250)), "250 milliseconds");
    }
}
