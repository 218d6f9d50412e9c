//! What was sent on the event streams of the older era, so that a client whose connection broke can go on behind the
//! last event it has read. One bounded ring a stream: what is replayed never comes from another stream.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use dashmap::DashMap;

use crate::interceptor::Approved;

/// Parts of the map that are locked by themselves.
const SHARDS: usize = 16;
/// Bytes of one stream's events that are kept, beside the cap on their number.
const MAX_RING_BYTES: usize = 1 << 20;

pub struct EventTracker {
    rings: DashMap<StreamKey, Ring>,
    capacity: usize,
}

/// A stream within a session. Events are kept by this pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamKey {
    pub session: u128,
    pub stream: u32,
}

/// An event's id, as the client sees it: the stream within its session, and the place in the stream. Place 0 is the
/// beginning, before any message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    pub stream: u32,
    pub place: u32,
}

#[derive(Default)]
struct Ring {
    events: VecDeque<(u32, Approved)>,
    last: u32,
    bytes: usize,
}

impl EventTracker {
    /// Keeps up to `capacity` events of each stream.
    pub fn new(capacity: usize) -> Self {
        Self { rings: DashMap::with_shard_amount(SHARDS), capacity }
    }

    /// Takes note of a message that goes out on a stream.
    pub fn record(&self, key: StreamKey, message: Approved) -> EventId {
        let mut ring = self.rings.entry(key).or_default();
        ring.last += 1;
        let place = ring.last;
        ring.bytes += message.message().bytes.len();
        ring.events.push_back((place, message));
        while ring.events.len() > self.capacity || (ring.bytes > MAX_RING_BYTES && ring.events.len() > 1) {
            if let Some((_, oldest)) = ring.events.pop_front() {
                ring.bytes -= oldest.message().bytes.len();
            }
        }
        EventId { stream: key.stream, place }
    }

    /// The events of a stream behind `place`, oldest first, as far as they are still there.
    pub fn since(&self, key: StreamKey, place: u32) -> Vec<(EventId, Approved)> {
        let Some(ring) = self.rings.get(&key) else { return Vec::new() };
        let behind = ring.events.iter().filter(|(at, _)| *at > place);
        behind.map(|(at, message)| (EventId { stream: key.stream, place: *at }, message.clone())).collect()
    }

    pub fn forget(&self, key: StreamKey) {
        self.rings.remove(&key);
    }

    /// Streams of which something is kept.
    pub fn streams(&self) -> usize {
        self.rings.len()
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stream, self.place)
    }
}

/// The text is no event id of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnEventId;

impl FromStr for EventId {
    type Err = NotAnEventId;

    fn from_str(text: &str) -> Result<Self, NotAnEventId> {
        let (stream, place) = text.split_once('-').ok_or(NotAnEventId)?;
        let number = |text: &str| text.parse().map_err(|_| NotAnEventId);
        Ok(Self { stream: number(stream)?, place: number(place)? })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::id::ConnectionId;
    use crate::interceptor::{Chain, Direction, Header, Kind, Message};
    use crate::mcp::version::Version;

    async fn approved(text: &str) -> Approved {
        let header = Header {
            connection: ConnectionId(1),
            transport: "http",
            direction: Direction::Out,
            kind: Kind::Notification,
            method: "".into(),
            tool: None,
            id: None,
            principal: None,
            version: Version::LATEST_HANDSHAKE,
        };
        let message = Message { header, bytes: Bytes::copy_from_slice(text.as_bytes()) };
        Chain::default().pass_out(message).await.unwrap()
    }

    fn texts(events: Vec<(EventId, Approved)>) -> Vec<String> {
        let text = |message: &Approved| String::from_utf8(message.message().bytes.to_vec()).unwrap();
        events.iter().map(|(id, message)| format!("{id} {}", text(message))).collect()
    }

    const ONE: StreamKey = StreamKey { session: 7, stream: 1 };
    const TWO: StreamKey = StreamKey { session: 7, stream: 2 };
    const FOREIGN: StreamKey = StreamKey { session: 8, stream: 1 };

    #[tokio::test]
    async fn replay_never_crosses_streams_or_sessions() {
        let tracker = EventTracker::new(16);
        for (key, text) in [(ONE, "a"), (TWO, "b"), (FOREIGN, "c"), (ONE, "d")] {
            tracker.record(key, approved(text).await);
        }
        assert_eq!(texts(tracker.since(ONE, 0)), ["1-1 a", "1-2 d"]);
        assert_eq!(texts(tracker.since(ONE, 1)), ["1-2 d"]);
        assert_eq!(texts(tracker.since(TWO, 0)), ["2-1 b"]);
        assert_eq!(texts(tracker.since(FOREIGN, 0)), ["1-1 c"]);
        tracker.forget(ONE);
        assert!(tracker.since(ONE, 0).is_empty());
        assert_eq!(tracker.streams(), 2);
    }

    #[tokio::test]
    async fn a_ring_is_bounded_in_events_and_in_bytes() {
        let tracker = EventTracker::new(2);
        for text in ["a", "b", "c"] {
            tracker.record(ONE, approved(text).await);
        }
        assert_eq!(texts(tracker.since(ONE, 0)), ["1-2 b", "1-3 c"]);
        let large = "x".repeat(MAX_RING_BYTES);
        tracker.record(ONE, approved(&large).await);
        assert_eq!(tracker.since(ONE, 0).len(), 1);
    }

    #[test]
    fn an_id_is_read_back_from_its_text() {
        let id = EventId { stream: 3, place: 14 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "3", "3-", "-14", "3-x", "3-14-1", "99999999999-1"] {
            assert_eq!(text.parse::<EventId>(), Err(NotAnEventId), "{text}");
        }
    }
}
