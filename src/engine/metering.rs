//! What is counted of messages, calls and consultations, and all of it in one list.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::calls::Stage;
use crate::id::ProviderId;
use crate::interceptor::{Direction, Kind, Observer, Outcome, Passage};
use crate::provider::Class;
use crate::telemetry::metrics::{self, Family, Metrics};
use crate::thread::turn::Turn;

/// Methods that are told apart; a client may call anything, and the rest are `other`.
const METHODS: [&str; 18] = [
    "initialize",
    "ping",
    "server/discover",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "resources/subscribe",
    "resources/unsubscribe",
    "subscriptions/listen",
    "completion/complete",
    "logging/setLevel",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
];

/// Counts every message as it has passed.
pub struct Meter(pub Arc<Metrics>);

impl Observer for Meter {
    fn observe(&self, passage: &Passage<'_>) {
        let header = &passage.before.header;
        let direction = match header.direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        let kind = match header.kind {
            Kind::Request => "request",
            Kind::Notification => "notification",
            Kind::Result => "result",
            Kind::Error => "error",
            Kind::Malformed => "malformed",
        };
        let outcome = match passage.outcome {
            Outcome::Passed => "passed",
            Outcome::Modified => "modified",
            Outcome::Blocked => "blocked",
            Outcome::Mocked => "mocked",
        };
        self.0.messages.add([direction, kind, outcome], 1);
        if header.direction == Direction::In && header.kind == Kind::Request {
            let known = METHODS.iter().find(|method| ***method == *header.method);
            self.0.requests.add([known.copied().unwrap_or("other")], 1);
        }
    }
}

impl Engine {
    /// A call has ended.
    pub(super) fn count_call(&self, tool: &str, stage: &Stage, provider: Option<&ProviderId>, took: Duration) {
        let outcome = match stage {
            Stage::Failed { .. } => "failed",
            Stage::Cancelled => "cancelled",
            Stage::Preparing | Stage::Waiting | Stage::Streaming | Stage::Done => "answered",
        };
        self.metrics.calls.add([tool, outcome], 1);
        self.metrics.call_seconds.observe(tool, took);
        if let (Stage::Failed { class: Some(class), .. }, Some(provider)) = (stage, provider) {
            self.metrics.consultations.add([provider.as_str(), &label(*class)], 1);
        }
    }

    /// A turn came of a call: what its models took and cost.
    pub(super) fn count_turn(&self, turn: &Turn, took: Duration) {
        let metrics = &self.metrics;
        for consultation in &turn.consultations {
            let provider = consultation.provider.as_str();
            metrics.consultations.add([provider, "ok"], 1);
            metrics.consultation_seconds.observe(provider, consultation.latency);
            if let Some(first) = consultation.first_token {
                metrics.first_chunk_seconds.observe(provider, first);
            }
            let counts = [
                (&metrics.input_tokens, consultation.usage.input.map(|tokens| tokens.0)),
                (&metrics.output_tokens, consultation.usage.output.map(|tokens| tokens.0)),
                (&metrics.spend_micros, consultation.cost.map(|cost| cost.0)),
            ];
            for (counters, count) in counts {
                if let Some(count) = count {
                    counters.add([provider], count);
                }
            }
        }
        let waited: Duration = turn.consultations.iter().map(|consultation| consultation.latency).sum();
        if !turn.consultations.is_empty() {
            metrics.overhead_seconds.observe(&turn.tool, took.saturating_sub(waited));
        }
    }

    /// Everything that is counted, and what there is at this moment.
    pub fn measured(&self) -> Vec<Family> {
        let mut families = self.metrics.families();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let threads = self.threads.list();
        let bytes = threads.iter().map(|thread| thread.bytes()).sum();
        families.extend([
            Family::gauge("zen_threads", "Threads held.", count(threads.len())),
            Family::gauge("zen_thread_bytes", "Text held in threads.", count(bytes)),
            Family::gauge("zen_calls_active", "Calls in flight.", count(self.calls.in_flight())),
            Family::gauge(
                "zen_paused_messages",
                "Messages that wait for a person.",
                count(self.chain.pauses().count()),
            ),
            Family::gauge("zen_bus_events", "Events said since the start.", self.bus.said()),
        ]);
        families
    }

    /// The same in the text format of Prometheus.
    pub fn measured_text(&self) -> String {
        metrics::text(&self.measured())
    }
}

/// The class as it is called on the wire.
fn label(class: Class) -> String {
    let value = serde_json::to_value(class).ok();
    value.as_ref().and_then(|value| value.as_str()).unwrap_or("other").to_owned()
}
