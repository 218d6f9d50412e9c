//! How many requests to one provider run and wait at one time: a provider that hangs must not take every place there is.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::config;
use crate::provider::failure::{Class, Fault};

#[derive(Debug)]
pub(super) struct Bulkhead {
    limits: config::Bulkhead,
    running: Semaphore,
    waiting: Semaphore,
}

/// A running request's place. Dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Place<'a> {
    _permit: SemaphorePermit<'a>,
}

impl Bulkhead {
    pub fn new(limits: &config::Bulkhead) -> Self {
        let (running, waiting) = (Semaphore::new(limits.running), Semaphore::new(limits.waiting));
        Self { limits: limits.clone(), running, waiting }
    }

    /// Waits for a place, first come first served. Dropping the future gives the place in the queue back.
    pub async fn enter(&self) -> Result<Place<'_>, Fault> {
        if let Ok(permit) = self.running.try_acquire() {
            return Ok(Place { _permit: permit });
        }
        let _queued = self.waiting.try_acquire().map_err(|_| self.full())?;
        let permit = self.running.acquire().await.map_err(|_| self.full())?;
        Ok(Place { _permit: permit })
    }

    fn full(&self) -> Fault {
        let config::Bulkhead { running, waiting } = self.limits;
        Fault::new(Class::Busy, format!("{running} requests to it are under way and {waiting} wait"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn so_many_run_so_many_wait_and_the_rest_is_refused() {
        let bulkhead = Bulkhead::new(&config::Bulkhead { running: 2, waiting: 1 });
        let (first, second) = (bulkhead.enter().await.unwrap(), bulkhead.enter().await.unwrap());
        let mut third = Box::pin(bulkhead.enter());
        assert!((&mut third).now_or_never().is_none());
        assert_eq!(bulkhead.enter().await.unwrap_err().class, Class::Busy);
        drop(first);
        let third = third.await.unwrap();
        drop((second, third));
        assert_eq!((bulkhead.running.available_permits(), bulkhead.waiting.available_permits()), (2, 1));
    }

    #[tokio::test]
    async fn who_stops_waiting_gives_the_place_back() {
        let bulkhead = Bulkhead::new(&config::Bulkhead { running: 1, waiting: 1 });
        let running = bulkhead.enter().await.unwrap();
        let mut waiting = Box::pin(bulkhead.enter());
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        assert_eq!(bulkhead.waiting.available_permits(), 1);
        drop(running);
        assert!(bulkhead.enter().await.is_ok());
    }
}
