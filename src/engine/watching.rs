//! Has the monitor watch the steps of threads. What it knows of a thread is in the thread's turns; of the few threads that
//! were stepped in last it is kept, so that a step costs a step and not a whole line. No lock is held while it thinks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::config;
use crate::insight::doubt::Judged;
use crate::insight::monitor::{Monitor, Reflection};
use crate::insight::thresholds::Thresholds;
use crate::thread::Thread;
use crate::thread::thought::{self, Thought};
use crate::thread::turn::Turn;

/// Bytes of a line that are gone through on the spot; more takes long enough to hold up others.
const ON_THE_SPOT: usize = 32 << 10;

pub struct Watching {
    enabled: bool,
    thresholds: Thresholds,
    most: usize,
    /// Those used last come last.
    kept: Mutex<VecDeque<Kept>>,
}

/// The state of one line, up to a turn. That turn is its name: when it is gone, so is the line.
struct Kept {
    last: Weak<Turn>,
    monitor: Box<Monitor>,
}

/// What was found, and the state to be kept once the turn stands in its thread.
pub struct Watched {
    pub seen: Reflection,
    monitor: Box<Monitor>,
}

impl Watched {
    /// What a judge said of the verdict.
    pub fn judged(&mut self, judged: Judged) {
        if let Some(verdict) = &mut self.seen.verdict {
            verdict.judged = Some(judged);
        }
        thought::settle(&mut self.monitor, self.seen.verdict.as_ref());
    }
}

impl Watching {
    pub fn new(config: &config::Insight) -> Self {
        Self {
            enabled: config.enabled,
            thresholds: Thresholds::from(config),
            most: config.max_kept,
            kept: Mutex::default(),
        }
    }

    /// What is to be said of a turn that is about to follow on those of `thread`. None where it is no step, or where
    /// nothing is watched.
    pub async fn watch(&self, thread: Option<&Arc<Thread>>, turn: &Turn) -> Option<Watched> {
        let thought = turn.thought.as_ref().filter(|_| self.enabled)?;
        let line = thread.map(|thread| thought::line(&thread.turns, &turn.tool, Some(thought))).unwrap_or_default();
        let known = self.take_kept(&line, thought);
        let heavy: usize = line.iter().rev().take(thought::MAX_REPLAYED).map(|(turn, _)| turn.bytes()).sum();
        let mut monitor = match known {
            Some(monitor) => monitor,
            None if heavy <= ON_THE_SPOT => Box::new(thought::replay(&line, self.thresholds).0),
            None => {
                let (thread, tool) = (Arc::clone(thread?), Arc::clone(&turn.tool));
                let (thought, thresholds) = (thought.clone(), self.thresholds);
                let replay = move || {
                    let line = thought::line(&thread.turns, &tool, Some(&thought));
                    Box::new(thought::replay(&line, thresholds).0)
                };
                tokio::task::spawn_blocking(replay).await.ok()?
            }
        };
        let seen = thought::take(&mut monitor, turn, thought, &thought.quiet);
        Some(Watched { seen, monitor })
    }

    /// The turn stands in its thread now, as its last one.
    pub fn keep(&self, turn: &Arc<Turn>, watched: Watched) {
        let mut kept = self.kept();
        kept.retain(|kept| kept.last.strong_count() > 0);
        while kept.len() >= self.most.max(1) {
            kept.pop_front();
        }
        if self.most > 0 {
            kept.push_back(Kept { last: Arc::downgrade(turn), monitor: watched.monitor });
        }
    }

    /// The state after the last step of the line, where it is kept and `now` follows on it.
    fn take_kept(&self, line: &[thought::Taken<'_>], now: &Thought) -> Option<Box<Monitor>> {
        let (last, before) = line.last()?;
        if now.number <= before.number || now.revises.is_some() {
            return None;
        }
        let mut kept = self.kept();
        let at = kept.iter().position(|kept| std::ptr::eq(kept.last.as_ptr(), Arc::as_ptr(last)))?;
        kept.remove(at).map(|kept| kept.monitor)
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
