//! The threads of a process: who may see and continue one, how many turns it takes, and how a turn gets into it. How
//! they make room is `room`'s, what a person does to them `life`'s. All changes are said on the bus.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::life::Restorable;
use super::room::{Busy, Held, NoRoom};
use super::turn::Turn;
use super::{End, Principal, Thread, ThreadStore};
use crate::clock::Clock;
use crate::event::{Bus, Event};
use crate::id::{Counter, ThreadId};

/// Characters of the first prompt that make a thread's title.
const TITLE_CHARS: usize = 60;

pub struct Threads {
    pub(super) store: Box<dyn ThreadStore>,
    pub(super) limits: Limits,
    pub(super) clock: Clock,
    pub(super) bus: Bus,
    pub(super) held: Held,
    pub(super) busy: Busy,
    pub(super) restorable: Restorable,
    /// Each use of a thread has a number.
    pub(super) uses: Counter,
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

/// A thread cannot be continued or opened.
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
    /// What the call would leave behind has no place, so it is not begun.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// A turn was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The turn's number, from 1.
    pub turn: usize,
    /// Turns in which a model may still answer.
    pub remaining: u32,
}

/// The thread was expired while the call was in flight. Its turn comes back if a person restores it, and only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

impl Threads {
    pub fn new(store: Box<dyn ThreadStore>, limits: Limits, clock: Clock, bus: Bus) -> Self {
        let (held, busy, restorable) = (Held::default(), Busy::default(), Restorable::default());
        Self { store, limits, clock, bus, held, busy, restorable, uses: Counter::default() }
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The thread of this id, if it is there and `principal`'s. An id that is another's takes the way of one that never
    /// was, in the same time and to the same words.
    ///
    /// # Errors
    ///
    /// [`CannotContinue::Unknown`].
    pub fn find(&self, id: &str, principal: &Principal) -> Result<Arc<Thread>, CannotContinue> {
        let id = id.trim();
        let thread = id.parse().ok().and_then(|id| self.store.get(id));
        let thread = thread.filter(|thread| thread.principal == *principal && self.is_live(thread));
        thread.ok_or_else(|| CannotContinue::Unknown { id: excerpt(id), ttl: self.limits.ttl })
    }

    /// The thread that `continuation_id` names, if it is `principal`'s and takes another turn.
    pub fn resume(&self, continuation_id: &str, principal: &Principal) -> Result<Target, CannotContinue> {
        let thread = self.find(continuation_id, principal)?;
        if thread.answered() >= self.limits.max_turns {
            return Err(CannotContinue::Full { id: thread.id, max_turns: self.limits.max_turns });
        }
        Ok(Target::Existing(thread))
    }

    /// Adds a turn at the end of the thread, which it opens where it is new, and starts its time to live anew.
    pub fn record(&self, target: &Target, principal: &Principal, turn: Turn) -> Result<Recorded, Gone> {
        self.record_in(&"".into(), target, principal, turn)
    }

    /// The same, for a call that was made in the folder `workspace`.
    pub fn record_in(
        &self,
        workspace: &Arc<str>,
        target: &Target,
        principal: &Principal,
        turn: Turn,
    ) -> Result<Recorded, Gone> {
        let end = self.fresh_end();
        let (used, turn) = (self.uses.next(), Arc::new(turn));
        let grow = |thread: &mut Thread| {
            thread.turns.push(Arc::clone(&turn));
            self.held.add_bytes(turn.bytes());
            thread.updated = turn.ended;
            thread.end = thread.end.not_before(end);
            thread.used = used;
        };
        let mut recorded = None;
        let mut record = || {
            self.store.update(target.id(), &mut |current| {
                let mut thread = match (current, target) {
                    (Some(thread), _) => Thread::clone(thread),
                    (None, Target::New(id)) => {
                        self.held.add_thread();
                        Thread { workspace: Arc::clone(workspace), ..opened(*id, principal, &turn, end) }
                    }
                    (None, Target::Existing(_)) => return None,
                };
                grow(&mut thread);
                recorded = Some(Recorded {
                    turn: thread.turns.len(),
                    remaining: self.limits.max_turns.saturating_sub(thread.answered()),
                });
                Some(Arc::new(thread))
            });
            recorded
        };
        // Where a person expired the thread meanwhile, the turn waits with it; the second look is for one who takes the
        // expiry back at this moment.
        let recorded = match record() {
            Some(recorded) => recorded,
            None if self.amend_restorable(target.id(), grow) => return Err(Gone),
            None => record().ok_or(Gone)?,
        };
        self.bus.say(Event::ThreadChanged(target.id()));
        self.make_room(Some(target.id()));
        Ok(recorded)
    }

    /// The thread, whosever it is, unless its time has run out.
    pub fn live(&self, id: ThreadId) -> Option<Arc<Thread>> {
        self.store.get(id).filter(|thread| self.is_live(thread))
    }

    /// All threads whose time has not run out, the most recently used first.
    pub fn list(&self) -> Vec<Arc<Thread>> {
        let mut threads = self.store.all();
        threads.retain(|thread| self.is_live(thread));
        threads.sort_by_key(|thread| Reverse(thread.used));
        threads
    }

    /// Those of `principal` alone, the most recently used first.
    pub fn list_of(&self, principal: &Principal) -> Vec<Arc<Thread>> {
        let mut threads = self.list();
        threads.retain(|thread| thread.principal == *principal);
        threads
    }

    /// A thread with a call in flight outlives its time until the call has ended, so that its reply has a place.
    pub(super) fn is_live(&self, thread: &Thread) -> bool {
        !thread.end.has_come(self.clock.now()) || self.busy.has(thread.id)
    }

    /// Puts a thread that was made elsewhere among the others, as the last one used. None where its id is taken.
    pub(super) fn insert(&self, thread: Thread) -> Option<Arc<Thread>> {
        let thread = Arc::new(Thread { used: self.uses.next(), ..thread });
        let mut inserted = false;
        self.store.update(thread.id, &mut |current| match current {
            Some(current) => Some(Arc::clone(current)),
            None => {
                inserted = true;
                self.held.add_thread();
                self.held.add_bytes(thread.bytes());
                Some(Arc::clone(&thread))
            }
        });
        if !inserted {
            return None;
        }
        self.bus.say(Event::ThreadChanged(thread.id));
        self.make_room(Some(thread.id));
        Some(thread)
    }

    /// The end of a thread that is used now.
    pub(super) fn fresh_end(&self) -> Instant {
        self.clock.now() + self.limits.ttl
    }
}

fn opened(id: ThreadId, principal: &Principal, turn: &Turn, expires: Instant) -> Thread {
    let thread = Thread::new(id, principal.clone(), Arc::clone(&turn.tool), turn.started, expires);
    Thread { title: title_of(&turn.prompt), end: End::At(expires), ..thread }
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
mod tests;
#[cfg(test)]
mod sequences;
