//! How threads make room: what is held, which threads are in use, whose time has run out, and who is evicted when a cap
//! is passed. Pinned threads and those with a call in flight never give way; the call that then finds no room is refused
//! before a model is asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::threads::Threads;
use super::{End, Thread};
use crate::event::{Event, Removal};
use crate::id::ThreadId;

/// How soon a thread whose time ran out under a call in flight is looked at again.
const BUSY_RECHECK: Duration = Duration::from_secs(10);

/// What is held, those that can be restored included; counted where it changes, so that no call has to add it up.
#[derive(Debug, Default)]
pub struct Held {
    threads: AtomicUsize,
    bytes: AtomicUsize,
}

impl Held {
    pub(super) fn add_thread(&self) {
        self.threads.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, thread: &Thread) {
        self.threads.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(thread.bytes(), Ordering::Relaxed);
    }

    pub(super) fn threads(&self) -> usize {
        self.threads.load(Ordering::Relaxed)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// A cap is passed, and nothing that is held gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no room for more text: the {threads} threads here are all pinned or in use. A person can unpin or expire one \
     (`zen threads unpin`, `zen threads expire`), or raise threads.max_threads or threads.max_bytes"
)]
pub struct NoRoom {
    pub threads: usize,
}

/// How many calls are in flight in which thread.
#[derive(Debug, Default)]
pub struct Busy(Mutex<HashMap<ThreadId, usize>>);

impl Busy {
    pub(super) fn has(&self, id: ThreadId) -> bool {
        self.counts().contains_key(&id)
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<ThreadId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While it is held, its thread neither expires by itself nor is evicted.
pub struct Occupied {
    threads: Arc<Threads>,
    id: ThreadId,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        let mut counts = self.threads.busy.counts();
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}

impl Threads {
    /// A call in this thread begins; it ends when the value is dropped. To be had before the thread is looked up.
    pub fn occupy(self: &Arc<Self>, id: ThreadId) -> Occupied {
        *self.busy.counts().entry(id).or_default() += 1;
        Occupied { threads: Arc::clone(self), id }
    }

    /// Makes sure that another turn has room.
    ///
    /// # Errors
    ///
    /// Where a cap is passed and everything that is left is pinned or in use.
    pub fn expect_room(&self) -> Result<(), NoRoom> {
        self.make_room(None);
        if self.is_over() { Err(NoRoom { threads: self.held.threads() }) } else { Ok(()) }
    }

    /// Gives memory back while a cap is passed: first what could still be restored, then the longest unused threads;
    /// never `used`, which was used just now.
    pub(super) fn make_room(&self, used: Option<ThreadId>) {
        while self.is_over() && self.forget_oldest_restorable() {}
        if !self.is_over() {
            return;
        }
        let mut threads = self.store.all();
        threads.sort_by_key(|thread| (self.is_live(thread), thread.used));
        for thread in threads.iter().filter(|thread| Some(thread.id) != used) {
            if !self.is_over() {
                break;
            }
            self.remove_if(thread.id, Removal::Evicted, |now| !now.is_pinned() && !self.busy.has(now.id));
        }
    }

    fn is_over(&self) -> bool {
        self.held.threads() > self.limits.max_threads || self.held.bytes() > self.limits.max_bytes
    }

    /// Removes the threads whose time has run out, and says when the next one's will.
    pub fn sweep(&self) -> Option<Instant> {
        let now = self.clock.now();
        let mut next = self.forget_restorable(now);
        for thread in self.store.all() {
            let at = match thread.end {
                End::Never => continue,
                End::At(end) if end > now => end,
                End::At(_) if self.busy.has(thread.id) => now + BUSY_RECHECK,
                End::At(_) => {
                    self.remove_expired(thread.id);
                    continue;
                }
            };
            next = Some(next.map_or(at, |next| next.min(at)));
        }
        next
    }

    /// Sweeps whenever a thread's time runs out, until dropped.
    pub async fn keep_swept(&self) {
        loop {
            let latest = self.clock.now() + self.limits.ttl;
            let next = self.sweep().map_or(latest, |next| next.min(latest));
            tokio::select! {
                () = tokio::time::sleep_until(next) => {}
                () = self.restorable.gained() => {}
            }
        }
    }

    /// Removes the thread unless a turn has moved its end, or a call has begun in it, meanwhile.
    fn remove_expired(&self, id: ThreadId) {
        let now = self.clock.now();
        self.remove_if(id, Removal::Expired, |thread| thread.end.has_come(now) && !self.busy.has(id));
    }

    fn remove_if(&self, id: ThreadId, reason: Removal, doomed: impl Fn(&Thread) -> bool) {
        if let Some(thread) = self.take_if(id, doomed) {
            self.held.subtract(&thread);
            self.bus.say(Event::ThreadRemoved { thread: id, reason });
        }
    }

    /// Takes the thread out of the store; it is still counted as held.
    pub(super) fn take_if(&self, id: ThreadId, doomed: impl Fn(&Thread) -> bool) -> Option<Arc<Thread>> {
        let mut taken = None;
        self.store.update(id, &mut |current| {
            let thread = current?;
            if doomed(thread) {
                taken = Some(Arc::clone(thread));
                None
            } else {
                Some(Arc::clone(thread))
            }
        });
        taken
    }
}
