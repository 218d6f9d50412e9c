//! The store that needs nothing: threads in this process's memory, gone with it.

use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use super::{Change, Thread, ThreadStore};
use crate::id::ThreadId;

/// Parts of the map that are locked by themselves. Said here, as the map would ask the system for its processors and take
/// many more on a large machine.
const SHARDS: usize = 16;

#[derive(Debug)]
pub struct MemoryStore {
    threads: DashMap<ThreadId, Arc<Thread>>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self { threads: DashMap::with_shard_amount(SHARDS) }
    }
}

impl ThreadStore for MemoryStore {
    fn get(&self, id: ThreadId) -> Option<Arc<Thread>> {
        self.threads.get(&id).map(|thread| Arc::clone(&thread))
    }

    fn update(&self, id: ThreadId, change: &mut Change<'_>) {
        match self.threads.entry(id) {
            Entry::Occupied(mut occupied) => match change(Some(occupied.get())) {
                Some(thread) => {
                    occupied.insert(thread);
                }
                None => {
                    occupied.remove();
                }
            },
            Entry::Vacant(vacant) => {
                if let Some(thread) = change(None) {
                    vacant.insert(thread);
                }
            }
        }
    }

    fn all(&self) -> Vec<Arc<Thread>> {
        self.threads.iter().map(|thread| Arc::clone(&thread)).collect()
    }
}
