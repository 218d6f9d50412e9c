//! What a person does to threads: pin, extend, name, tag and expire them, and take an expiry back. Whoever may call these
//! may steer every thread of the process, as the control API of the same user does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::room::NoRoom;
use super::threads::Threads;
use super::{End, Thread};
use crate::event::{Event, Removal};
use crate::id::ThreadId;

/// How long an expiry by hand can be taken back.
pub const RESTORABLE_FOR: Duration = Duration::from_secs(10);
/// The farthest end that a thread can be given.
pub const LONGEST_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Characters of a title that a person gives.
pub const MAX_TITLE: usize = 120;
/// Tags of one thread.
pub const MAX_TAGS: usize = 8;
/// Characters of a tag.
pub const MAX_TAG: usize = 32;

/// Why a thread was not steered; it is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSteer {
    #[error("no thread {0} here")]
    Unknown(ThreadId),
    #[error(
        "no thread {thread} to restore: that is possible for {} seconds after it was expired by hand, while there is \
         room",
        RESTORABLE_FOR.as_secs()
    )]
    NotRestorable { thread: ThreadId },
    #[error("a title has from 1 to {MAX_TITLE} characters; this one has {0}")]
    Title(usize),
    #[error("'{0}' is no tag: a tag has from 1 to {MAX_TAG} letters, digits, '-', '_' and '.'")]
    Tag(String),
    #[error("a thread has at most {MAX_TAGS} tags")]
    TooManyTags,
    #[error("thread {0} is pinned: it has no end to move")]
    Pinned(ThreadId),
    #[error("thread {thread} has turns 1 to {turns}, and none is number {turn}")]
    NoTurn { thread: ThreadId, turn: usize, turns: usize },
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

/// Threads that were expired by hand a moment ago, oldest first. They count as held.
#[derive(Debug, Default)]
pub struct Restorable {
    expired: Mutex<VecDeque<Expired>>,
    gained: Notify,
}

#[derive(Debug)]
pub(super) struct Expired {
    pub(super) thread: Arc<Thread>,
    until: Instant,
}

impl Expired {
    /// A thread whose own time has run out meanwhile stays gone.
    fn is_open(&self, now: Instant) -> bool {
        self.until > now && !self.thread.end.has_come(now)
    }
}

impl Restorable {
    /// Waits until a thread was expired by hand since the last wait.
    pub(super) async fn gained(&self) {
        self.gained.notified().await;
    }

    pub(super) fn expired(&self) -> MutexGuard<'_, VecDeque<Expired>> {
        self.expired.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Threads {
    /// Ends a thread now. For a moment it can be restored; nothing else finds it.
    pub fn expire(&self, id: ThreadId) -> Result<Arc<Thread>, CannotSteer> {
        let thread = {
            // Held over both, so that a turn that comes meanwhile finds the thread in one of the two places.
            let mut expired = self.restorable.expired();
            let thread = self.take_if(id, |thread| self.is_live(thread)).ok_or(CannotSteer::Unknown(id))?;
            expired.push_back(Expired { thread: Arc::clone(&thread), until: self.clock.now() + RESTORABLE_FOR });
            thread
        };
        self.restorable.gained.notify_one();
        self.bus.say(Event::ThreadRemoved { thread: id, reason: Removal::ByHand });
        Ok(thread)
    }

    /// Takes an expiry by hand back: the thread is as it was, its end included, with the turns of calls that were in
    /// flight.
    pub fn restore(&self, id: ThreadId) -> Result<Arc<Thread>, CannotSteer> {
        let thread = {
            let (now, mut expired) = (self.clock.now(), self.restorable.expired());
            let at = expired.iter().position(|one| one.thread.id == id && one.is_open(now));
            let taken = at.and_then(|at| expired.remove(at)).ok_or(CannotSteer::NotRestorable { thread: id })?;
            let mut restored = false;
            self.store.update(id, &mut |current| {
                restored = current.is_none();
                Some(Arc::clone(current.unwrap_or(&taken.thread)))
            });
            if !restored {
                // An import took the id at this very moment: neither thread is given up for the other.
                expired.push_front(taken);
                return Err(CannotSteer::NotRestorable { thread: id });
            }
            taken.thread
        };
        self.bus.say(Event::ThreadChanged(id));
        Ok(thread)
    }

    /// Changes a thread that can be restored. False where it is none.
    pub(super) fn amend_restorable(&self, id: ThreadId, change: impl FnOnce(&mut Thread)) -> bool {
        let (now, mut expired) = (self.clock.now(), self.restorable.expired());
        let found = expired.iter_mut().find(|one| one.thread.id == id && one.is_open(now));
        found.map(|one| change(Arc::make_mut(&mut one.thread))).is_some()
    }

    /// Threads that can be restored now, the one expired last first.
    pub fn restorable(&self) -> Vec<Arc<Thread>> {
        let now = self.clock.now();
        let expired = self.restorable.expired();
        expired.iter().rev().filter(|one| one.is_open(now)).map(|one| Arc::clone(&one.thread)).collect()
    }

    /// From now on the thread neither ends by itself nor makes room for others.
    pub fn pin(&self, id: ThreadId) -> Result<Arc<Thread>, CannotSteer> {
        self.change(id, |thread| {
            thread.end = End::Never;
            Ok(())
        })
    }

    /// Takes a pin back: the thread's time starts anew.
    pub fn unpin(&self, id: ThreadId) -> Result<Arc<Thread>, CannotSteer> {
        let end = self.fresh_end();
        self.change(id, |thread| {
            if thread.is_pinned() {
                thread.end = End::At(end);
            }
            Ok(())
        })
    }

    /// Moves the thread's end by this much, [`LONGEST_LIFE`] from now at most; without a duration its time starts anew.
    pub fn extend(&self, id: ThreadId, by: Option<Duration>) -> Result<Arc<Thread>, CannotSteer> {
        let (now, fresh) = (self.clock.now(), self.fresh_end());
        let farthest = now + LONGEST_LIFE;
        self.change(id, |thread| {
            let End::At(end) = thread.end else { return Err(CannotSteer::Pinned(id)) };
            thread.end = End::At(match by {
                None => end.max(fresh),
                Some(by) => end.max(now).checked_add(by).map_or(farthest, |end| end.min(farthest)),
            });
            Ok(())
        })
    }

    /// Gives the thread another title; blanks in it become single spaces.
    pub fn rename(&self, id: ThreadId, title: &str) -> Result<Arc<Thread>, CannotSteer> {
        let title = title_given(title)?;
        self.change(id, |thread| {
            thread.title = Arc::clone(&title);
            Ok(())
        })
    }

    /// Adds tags and takes tags away. They are compared without regard to case and kept in lower case.
    pub fn tag(&self, id: ThreadId, add: &[String], remove: &[String]) -> Result<Arc<Thread>, CannotSteer> {
        let add = add.iter().map(|tag| tag_given(tag)).collect::<Result<Vec<_>, _>>()?;
        let remove = remove.iter().map(|tag| tag_given(tag)).collect::<Result<Vec<_>, _>>()?;
        self.change(id, |thread| {
            thread.tags.retain(|tag| !remove.contains(tag));
            thread.tags.extend(add.iter().cloned());
            thread.tags.sort();
            thread.tags.dedup();
            if thread.tags.len() > MAX_TAGS { Err(CannotSteer::TooManyTags) } else { Ok(()) }
        })
    }

    fn change(
        &self,
        id: ThreadId,
        change: impl Fn(&mut Thread) -> Result<(), CannotSteer>,
    ) -> Result<Arc<Thread>, CannotSteer> {
        let mut changed = Err(CannotSteer::Unknown(id));
        self.store.update(id, &mut |current| {
            let current = current?;
            let mut thread = Thread::clone(current);
            if self.is_live(current) {
                changed = change(&mut thread).map(|()| Arc::new(thread));
            }
            Some(changed.as_ref().map_or_else(|_| Arc::clone(current), Arc::clone))
        });
        if changed.is_ok() {
            self.bus.say(Event::ThreadChanged(id));
        }
        changed
    }

    /// Gives the memory of those back whose moment has passed; says when the next one's will.
    pub(super) fn forget_restorable(&self, now: Instant) -> Option<Instant> {
        loop {
            let mut expired = self.restorable.expired();
            match expired.front() {
                None => return None,
                Some(one) if one.until > now => return Some(one.until),
                Some(_) => {
                    let gone = expired.pop_front();
                    drop(expired);
                    gone.inspect(|one| self.held.subtract(&one.thread));
                }
            }
        }
    }

    /// False where there is none.
    pub(super) fn forget_oldest_restorable(&self) -> bool {
        let gone = self.restorable.expired().pop_front();
        gone.inspect(|one| self.held.subtract(&one.thread)).is_some()
    }

    pub(super) fn is_restorable(&self, id: ThreadId) -> bool {
        self.restorable.expired().iter().any(|one| one.thread.id == id)
    }
}

/// A person's title, on one line.
pub(super) fn title_given(title: &str) -> Result<Arc<str>, CannotSteer> {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = title.chars().count();
    if (1..=MAX_TITLE).contains(&count) { Ok(title.into()) } else { Err(CannotSteer::Title(count)) }
}

pub(super) fn tag_given(tag: &str) -> Result<Arc<str>, CannotSteer> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let tag = tag.trim().to_lowercase();
    if (1..=MAX_TAG).contains(&tag.chars().count()) && tag.chars().all(fits) {
        Ok(tag.into())
    } else {
        Err(CannotSteer::Tag(tag.chars().take(MAX_TAG).collect()))
    }
}
