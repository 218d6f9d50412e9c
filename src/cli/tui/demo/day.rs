//! The day of the demo as data: who asks what in which thread and at what pace, and what goes wrong meanwhile. Plays
//! nothing.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::rehearsal::Fault;

/// A day, in the words of its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    #[serde(rename = "fault")]
    pub faults: Vec<Fault>,
    #[serde(rename = "agent")]
    pub agents: Vec<Agent>,
}

/// One who asks, one call after the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    pub name: String,
    begins_ms: u64,
    #[serde(rename = "call")]
    pub calls: Vec<Call>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The agent's own name of the thread: the second call of the same name goes on where the first began.
    pub thread: String,
    pub tool: String,
    pause_ms: u64,
    pub arguments: Map<String, Value>,
}

impl Day {
    /// The one that zen ships with.
    ///
    /// # Errors
    /// It cannot be read; its tests see to it that it can.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("day.toml"))
    }
}

impl Agent {
    /// How long after the start it asks first.
    pub fn begins(&self) -> Duration {
        Duration::from_millis(self.begins_ms)
    }
}

impl Call {
    /// How long the agent is busy otherwise once it has the reply.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms)
    }
}
