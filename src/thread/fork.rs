//! A fork: another thread that goes on behind a turn of this one. It shares the turns it came with, and so what their
//! tools left in them. There is no way back: threads are not merged.

use std::sync::Arc;

use super::life::CannotSteer;
use super::threads::Threads;
use super::{End, Parent, Thread};
use crate::id::ThreadId;

/// Why two threads never become one.
pub const NO_MERGE: &str = "threads are not merged: a model would be shown a conversation that never was, in an order \
                            that nobody chose. Go on in one of them, and quote from the other what matters";

impl Threads {
    /// A new thread of the same principal, with the turns up to number `turn`, or all of them. Its time starts now.
    pub fn fork(&self, id: ThreadId, turn: Option<usize>) -> Result<Arc<Thread>, CannotSteer> {
        let thread = self.live(id).ok_or(CannotSteer::Unknown(id))?;
        let turns = thread.turns.len();
        let turn = turn.unwrap_or(turns);
        if turn == 0 || turn > turns {
            return Err(CannotSteer::NoTurn { thread: id, turn, turns });
        }
        self.expect_room()?;
        let now = self.clock.wall();
        let fork = Thread {
            id: ThreadId::random(),
            parent: Some(Parent { thread: id, turn }),
            turns: thread.turns[..turn].to_vec(),
            created: now,
            updated: now,
            end: End::At(self.fresh_end()),
            ..Thread::clone(&thread)
        };
        self.insert(fork).ok_or(CannotSteer::Unknown(id))
    }
}
