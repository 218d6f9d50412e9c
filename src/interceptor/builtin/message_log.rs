//! The message log: an observer that keeps the newest messages, bounded by their bytes, and says on the bus where each
//! one stands. What a face shows of a message it fetches from here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;

use crate::clock::Clock;
use crate::event::{Bus, Event};
use crate::id::MessageSeq;
use crate::interceptor::{Header, Observer, Outcome, Passage, Scrub, Step};
use crate::unit::UnixMillis;

/// A single message takes at most this share of the log; of a larger one the beginning is kept.
const MAX_SHARE: usize = 4;
/// What an entry costs beside its text.
const ENTRY_OVERHEAD: usize = 256;
const STEP_OVERHEAD: usize = 64;

pub struct MessageLog {
    clock: Clock,
    bus: Bus,
    /// Bytes that all entries together may take.
    capacity: usize,
    /// Takes out of a message what is not to be kept.
    scrub: Option<Scrub>,
    ring: Mutex<Ring>,
}

/// One message as it passed.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seq: MessageSeq,
    pub at: UnixMillis,
    pub header: Header,
    pub outcome: Outcome,
    /// Who did something with it, in order.
    pub steps: Arc<[Step]>,
    /// The length of the message, which may be more than is kept of it.
    pub len: u64,
    pub before: Bytes,
    /// What the interceptors made of it, where they changed it.
    pub after: Option<Bytes>,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    last: u64,
}

impl MessageLog {
    /// A log of at most `capacity` bytes.
    pub fn new(clock: Clock, bus: Bus, capacity: usize) -> Self {
        Self { clock, bus, capacity, scrub: None, ring: Mutex::default() }
    }

    /// The same log, which keeps of a message what `scrub` leaves of it.
    pub fn scrubbed_by(mut self, scrub: Scrub) -> Self {
        self.scrub = Some(scrub);
        self
    }

    /// The message, unless it was pushed out.
    pub fn get(&self, seq: MessageSeq) -> Option<Entry> {
        let ring = self.ring();
        let first = ring.entries.front()?.seq.0;
        let index = usize::try_from(seq.0.checked_sub(first)?).ok()?;
        ring.entries.get(index).cloned()
    }

    /// The newest `count` messages, oldest first.
    pub fn newest(&self, count: usize) -> Vec<Entry> {
        let ring = self.ring();
        let skip = ring.entries.len().saturating_sub(count);
        ring.entries.iter().skip(skip).cloned().collect()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// What is kept of a message's bytes. A cut is a copy, so that it does not hold the whole.
    fn keep(&self, bytes: &Bytes) -> Bytes {
        let share = self.capacity / MAX_SHARE;
        // The whole is scrubbed, then cut: half of a key is still half of a key.
        let scrubbed = self.scrub.as_ref().and_then(|scrub| scrub(bytes));
        let bytes = scrubbed.as_ref().unwrap_or(bytes);
        if bytes.len() <= share { bytes.clone() } else { Bytes::copy_from_slice(&bytes[..share]) }
    }
}

impl Observer for MessageLog {
    fn observe(&self, passage: &Passage<'_>) {
        let before = self.keep(&passage.before.bytes);
        let after = passage.after.map(|message| self.keep(&message.bytes));
        let mut ring = self.ring();
        ring.last += 1;
        let entry = Entry {
            seq: MessageSeq(ring.last),
            at: self.clock.wall(),
            header: passage.before.header.clone(),
            outcome: passage.outcome,
            steps: passage.steps.into(),
            len: passage.before.bytes.len() as u64,
            before,
            after,
        };
        let seq = entry.seq;
        ring.bytes += entry.weight();
        ring.entries.push_back(entry);
        while ring.bytes > self.capacity {
            let Some(oldest) = ring.entries.pop_front() else { break };
            ring.bytes -= oldest.weight();
        }
        drop(ring);
        self.bus.say(Event::MessageLogged(seq));
    }
}

impl Entry {
    fn weight(&self) -> usize {
        let steps: usize = self.steps.iter().map(|step| STEP_OVERHEAD + step.reason.len()).sum();
        ENTRY_OVERHEAD + steps + self.before.len() + self.after.as_ref().map_or(0, Bytes::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ConnectionId;
    use crate::interceptor::Message;
    use crate::mcp::envelope::Envelope;

    fn log_of(capacity: usize, sizes: &[usize]) -> MessageLog {
        let log = MessageLog::new(Clock::system(), Bus::new(), capacity);
        for size in sizes {
            let bytes = Bytes::from(vec![b'x'; *size]);
            let message = Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes));
            log.observe(&Passage { before: &message, after: None, outcome: Outcome::Passed, steps: &[] });
        }
        log
    }

    #[test]
    fn the_oldest_messages_make_room_and_the_others_keep_their_place() {
        let log = log_of(4 * 1024, &[500; 20]);
        let kept = log.newest(100);
        assert_eq!(kept.last().unwrap().seq, MessageSeq(20));
        assert!(kept.len() < 20 && kept.len() > 2);
        assert!(log.get(MessageSeq(1)).is_none());
        assert_eq!(log.get(kept[0].seq).unwrap().seq, kept[0].seq);
    }

    #[test]
    fn a_message_larger_than_the_log_is_kept_cut_with_its_true_length() {
        let log = log_of(4 * 1024, &[100_000]);
        let entry = log.get(MessageSeq(1)).unwrap();
        assert_eq!((entry.len, entry.before.len()), (100_000, 1024));
    }

    #[test]
    fn what_is_scrubbed_is_scrubbed_before_it_is_cut() {
        let scrub: Scrub = Arc::new(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            text.contains("key").then(|| text.replace("key", "[...]").into())
        });
        let log = MessageLog::new(Clock::system(), Bus::new(), 4 * 1024).scrubbed_by(scrub);
        let bytes = Bytes::from(format!("{}key", "x".repeat(1_022)));
        let message = Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes));
        log.observe(&Passage { before: &message, after: None, outcome: Outcome::Passed, steps: &[] });
        assert!(log.get(MessageSeq(1)).unwrap().before.ends_with(b"x[."));
    }
}
