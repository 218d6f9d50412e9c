//! How a process ends: one signal that everybody can wait for, and guards whose dropping proves that the work is done.

use std::time::Duration;

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Cheap to clone; all clones are the same shutdown.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    begun: CancellationToken,
    work: TaskTracker,
}

/// Held by work that must be let finish (within the grace) once shutdown has begun.
#[must_use = "dropping the guard says that the work is done"]
pub struct Guard(#[allow(dead_code, reason = "held for its drop")] TaskTrackerToken);

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every guard was dropped in time.
    Clean,
    /// The grace ran out with this many guards still held.
    Abandoned(usize),
}

impl Shutdown {
    /// Tells everyone to stop taking new work. Idempotent.
    pub fn begin(&self) {
        self.begun.cancel();
        self.work.close();
    }

    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Completes once shutdown has begun.
    pub fn begun(&self) -> WaitForCancellationFuture<'_> {
        self.begun.cancelled()
    }

    pub fn guard(&self) -> Guard {
        Guard(self.work.token())
    }

    /// Waits until every guard is dropped, at most `grace`. Call after [`Shutdown::begin`].
    pub async fn drained(&self, grace: Duration) -> Drained {
        match tokio::time::timeout(grace, self.work.wait()).await {
            Ok(()) => Drained::Clean,
            Err(_) => Drained::Abandoned(self.work.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_held_guard_is_waited_for_until_the_grace_runs_out() {
        let shutdown = Shutdown::default();
        let guard = shutdown.guard();
        shutdown.begin();
        assert_eq!(shutdown.drained(Duration::from_secs(5)).await, Drained::Abandoned(1));
        drop(guard);
        assert_eq!(shutdown.drained(Duration::from_secs(5)).await, Drained::Clean);
    }
}
