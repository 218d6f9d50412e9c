//! What the connections of one scripted provider share: the script, what was heard, and the gate at which replies are
//! held. Every list is bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, Semaphore};

use super::request::Recorded;
use super::scene::{Scene, Script};

/// Requests and disconnects that are remembered.
const MAX_REMEMBERED: usize = 4096;
/// Bytes of request bodies that are remembered.
const MAX_REMEMBERED_BYTES: usize = 64 << 20;

#[derive(Debug)]
pub(super) struct Stage {
    heard: Mutex<Heard>,
    changed: Notify,
    gate: Semaphore,
}

#[derive(Debug)]
struct Heard {
    script: Script,
    connections: u64,
    requests: VecDeque<Arc<Recorded>>,
    bytes: usize,
    /// The number of the next request that `next_request` hands out.
    unseen: u64,
    arrived: u64,
    disconnects: VecDeque<Arc<Recorded>>,
}

impl Stage {
    pub fn new(script: Script) -> Self {
        let heard = Heard {
            script,
            connections: 0,
            requests: VecDeque::new(),
            bytes: 0,
            unseen: 0,
            arrived: 0,
            disconnects: VecDeque::new(),
        };
        Self { heard: Mutex::new(heard), changed: Notify::new(), gate: Semaphore::new(0) }
    }

    pub fn connected(&self) {
        self.heard().connections += 1;
    }

    /// Remembers the request and gives the scene that answers it: both at once, so that scenes go by order of arrival.
    pub fn arrived(&self, mut recorded: Recorded) -> (Arc<Recorded>, Scene) {
        let mut heard = self.heard();
        recorded.number = heard.arrived;
        heard.arrived += 1;
        let recorded = Arc::new(recorded);
        heard.bytes += recorded.size;
        heard.requests.push_back(recorded.clone());
        while heard.requests.len() > MAX_REMEMBERED || (heard.bytes > MAX_REMEMBERED_BYTES && heard.requests.len() > 1)
        {
            let forgotten = heard.requests.pop_front().map_or(0, |oldest| oldest.size);
            heard.bytes = heard.bytes.saturating_sub(forgotten);
        }
        let scene = heard.script.next_scene();
        drop(heard);
        self.changed.notify_waiters();
        (recorded, scene)
    }

    pub fn disconnected(&self, request: &Arc<Recorded>) {
        let mut heard = self.heard();
        if heard.disconnects.len() == MAX_REMEMBERED {
            heard.disconnects.pop_front();
        }
        heard.disconnects.push_back(request.clone());
        drop(heard);
        self.changed.notify_waiters();
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.heard().requests.iter().map(|request| (**request).clone()).collect()
    }

    pub fn connections(&self) -> u64 {
        self.heard().connections
    }

    pub async fn next_request(&self) -> Recorded {
        let request = self.wait_for(|heard| {
            let next = heard.requests.iter().find(|request| request.number >= heard.unseen).cloned()?;
            heard.unseen = next.number + 1;
            Some(next)
        });
        (*request.await).clone()
    }

    pub async fn next_disconnect(&self) -> Recorded {
        (*self.wait_for(|heard| heard.disconnects.pop_front()).await).clone()
    }

    async fn wait_for<T>(&self, mut take: impl FnMut(&mut Heard) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(taken) = take(&mut self.heard()) {
                return taken;
            }
            changed.await;
        }
    }

    /// Waits to be released.
    pub async fn held(&self) {
        if let Ok(permit) = self.gate.acquire().await {
            permit.forget();
        }
    }

    pub fn release_one(&self) {
        if !self.gate.is_closed() {
            self.gate.add_permits(1);
        }
    }

    pub fn release_all(&self) {
        self.gate.close();
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
