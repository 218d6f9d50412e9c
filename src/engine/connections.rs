//! Who is connected: a label for each client, so that a person can tell processes and calls apart.

use std::sync::Arc;

use dashmap::DashMap;

use crate::event::{Bus, Event};
use crate::id::{ConnectionId, Counter};
use crate::interceptor::pause::Pauses;
use crate::telemetry::metrics::Metrics;

/// Characters kept of what a client says about itself.
const MAX_NAME: usize = 64;
/// Parts of the map that are locked by themselves. Said here, as the map would ask the system for its processors and take
/// many more on a large machine.
const SHARDS: usize = 16;

pub struct Connections {
    open: DashMap<ConnectionId, Peer>,
    counter: Counter,
    bus: Bus,
    pauses: Arc<Pauses>,
    metrics: Arc<Metrics>,
}

/// What is known of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    pub connection: ConnectionId,
    /// `stdio`, `control` ...
    pub transport: &'static str,
    /// What it calls itself; empty until it has said so.
    pub name: String,
    pub version: String,
    /// The protocol version of its last message.
    pub protocol: Option<&'static str>,
}

impl Connections {
    pub fn new(bus: Bus, pauses: Arc<Pauses>, metrics: Arc<Metrics>) -> Self {
        Self { open: DashMap::with_shard_amount(SHARDS), counter: Counter::default(), bus, pauses, metrics }
    }

    pub fn open(&self, transport: &'static str) -> ConnectionId {
        let connection = ConnectionId(self.counter.next());
        let peer = Peer { connection, transport, name: String::new(), version: String::new(), protocol: None };
        self.metrics.connections_opened.add([transport], 1);
        self.open.insert(connection, peer);
        self.bus.say(Event::ConnectionOpened(connection));
        connection
    }

    /// A client said who it is, or spoke another version. Saying the same again changes nothing.
    pub fn identify(&self, connection: ConnectionId, name: Option<(&str, &str)>, protocol: &'static str) {
        let Some(mut peer) = self.open.get_mut(&connection) else { return };
        let (name, version) = name.unwrap_or((&peer.name, &peer.version));
        let (name, version) = (cut(name), cut(version));
        if peer.protocol == Some(protocol) && peer.name == name && peer.version == version {
            return;
        }
        (peer.name, peer.version) = (name.to_owned(), version.to_owned());
        peer.protocol = Some(protocol);
        drop(peer);
        self.bus.say(Event::ConnectionIdentified(connection));
    }

    pub fn close(&self, connection: ConnectionId) {
        self.pauses.release(connection);
        if let Some((_, peer)) = self.open.remove(&connection) {
            self.metrics.connections_closed.add([peer.transport], 1);
            self.bus.say(Event::ConnectionClosed(connection));
        }
    }

    /// Everyone who is connected, oldest first.
    pub fn list(&self) -> Vec<Peer> {
        let mut peers: Vec<_> = self.open.iter().map(|peer| peer.clone()).collect();
        peers.sort_by_key(|peer| peer.connection);
        peers
    }
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(MAX_NAME).map_or(text, |(end, _)| &text[..end])
}
