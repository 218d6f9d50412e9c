//! The reply of a tool that goes by steps: a JSON object of the tool's own shape, which says how the thread goes on.

use serde_json::{Map, Value, json};

use super::{LAST_TURN, NEAR_THE_END, Offer};
use crate::event::Concern;
use crate::id::ThreadId;
use crate::insight::monitor::Reflection;
use crate::provider::Class;
use crate::thread::threads::Recorded;
use crate::token;
use crate::unit::Tokens;

/// A text is not cut below this many characters, however little the client takes.
const LEAST_KEPT: usize = 200;

#[derive(Default)]
pub struct StepReply {
    pub members: Map<String, Value>,
    /// What was asked for and could not be had, though the step itself is kept.
    pub failed: Option<Failed>,
    /// Whether the thread is offered as an object of its own, beside its id.
    pub offers: bool,
    /// What the monitor measured is told, whether it asks or not.
    pub is_monitored: bool,
}

/// Why a call that has a reply failed all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// None where no provider is to blame.
    pub class: Option<Class>,
    pub message: String,
}

impl StepReply {
    pub fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.members.insert(key.to_owned(), value.into());
    }

    /// Adds to the `metadata`, which is made where there is none.
    pub fn note(&mut self, key: &str, value: impl Into<Value>) {
        let metadata = self.members.entry("metadata").or_insert_with(|| json!({}));
        metadata[key] = value.into();
    }

    /// Adds what the monitor measured to what the tool says under the same names. None: nothing was measured.
    pub fn observe(&mut self, seen: Option<&Reflection>) {
        if !self.is_monitored {
            return;
        }
        let share = |value: f64| (value * 1_000.0).round() / 1_000.0;
        let verdict = seen.and_then(Reflection::asked);
        let nearest = seen.and_then(|seen| seen.nearest);
        let relevance = seen.and_then(|seen| seen.relevance).map(share);
        let monitoring = self.members.entry("monitoring").or_insert_with(|| json!({}));
        monitoring["circular_score"] = json!(nearest.map(|(_, likeness)| share(likeness)));
        monitoring["nearest_thought"] = json!(nearest.map(|(thought, _)| thought));
        monitoring["distractor_alert"] = json!(seen.map(|_| verdict.is_some_and(|one| one.kind == Concern::Drift)));
        monitoring["quality_trend"] = json!(seen.and_then(|seen| seen.direction));
        monitoring["intervention"] =
            json!(verdict.map(|verdict| json!({ "type": verdict.kind, "reason": verdict.to_string() })));
        if let Some(metrics) = self.members.get_mut("metrics") {
            metrics["semantic_coherence"] = json!(relevance);
            metrics["information_density"] = json!(seen.and_then(|seen| seen.novelty).map(share));
        }
    }

    /// Adds what the monitor saw, and its question, where it has one, to what comes next.
    pub fn ask(&mut self, question: Option<&str>, evidence: Value) {
        if let Some(question) = question {
            let next = self.members.get("next_steps").and_then(Value::as_str).unwrap_or_default();
            let next = format!("{next}{}{question}", if next.is_empty() { "" } else { " " });
            self.set("next_steps", next);
        }
        self.note("insight", evidence);
    }

    /// The step stands in this thread: says so, and how much the thread still takes.
    pub fn recorded(&mut self, thread: ThreadId, recorded: Recorded, answered: bool) {
        self.set("continuation_id", thread.to_string());
        if self.offers {
            let offer = (recorded.remaining > 0).then(|| Offer::new(thread, recorded.remaining));
            self.set("continuation_offer", serde_json::to_value(offer).unwrap_or_default());
        }
        match recorded.remaining {
            0 => self.note("notice", LAST_TURN),
            1..=NEAR_THE_END if answered => self.note("notice", Offer::new(thread, recorded.remaining).note),
            _ => {}
        }
    }

    /// Cuts the longest texts of a reply of more than `tokens`, and says where they are stored in full.
    pub fn hold_under(&mut self, tokens: Tokens, thread: ThreadId, turn: usize) {
        let size = |members: &Map<String, Value>| token::estimate(&serde_json::to_string(members).unwrap_or_default());
        if size(&self.members) <= tokens {
            return;
        }
        let mut limit = self.members.values().map(longest).max().unwrap_or_default();
        while limit > LEAST_KEPT && size(&self.members) > tokens {
            limit /= 2;
            self.members.values_mut().for_each(|value| cut(value, limit));
        }
        let rest = format!(
            "Long texts are cut: the client takes no more. All is stored; call listthreads with thread_id: \"{thread}\", \
             turn: {turn}"
        );
        self.note("cut", rest);
    }

    pub fn into_text(self) -> String {
        Value::from(self.members).to_string()
    }
}

/// Characters of the longest text in `value`.
fn longest(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(longest).max().unwrap_or_default(),
        Value::Object(members) => members.values().map(longest).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn cut(value: &mut Value, limit: usize) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(limit) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, limit)),
        Value::Object(members) => members.values_mut().for_each(|member| cut(member, limit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_over_the_cap_loses_the_ends_of_its_longest_texts_and_nothing_else() {
        let mut reply = StepReply::default();
        reply.set("status", "pause");
        reply.set("long", "word ".repeat(4_000));
        reply.set("inner", json!({ "also": ["x".repeat(9_000)], "short": "stays" }));
        let id = ThreadId::random();
        reply.hold_under(Tokens(2_000), id, 3);
        assert_eq!((&reply.members["status"], &reply.members["inner"]["short"]), (&json!("pause"), &json!("stays")));
        let text = reply.into_text();
        assert!(token::estimate(&text) <= Tokens(2_100), "{}", text.len());
        assert!(text.contains(&format!("{id}\\\", turn: 3")), "{text}");
    }

    #[test]
    fn the_end_of_a_thread_is_said_before_and_when_it_comes() {
        let mut reply = StepReply { offers: true, ..StepReply::default() };
        reply.recorded(ThreadId::random(), Recorded { turn: 1, remaining: 2 }, true);
        assert!(reply.members["metadata"]["notice"].as_str().unwrap().starts_with("Only 2 more turns"));
        assert_eq!(reply.members["continuation_offer"]["remaining_turns"], 2);
        reply.recorded(ThreadId::random(), Recorded { turn: 2, remaining: 0 }, true);
        assert_eq!(
            (&reply.members["metadata"]["notice"], &reply.members["continuation_offer"]),
            (&LAST_TURN.into(), &Value::Null)
        );
    }
}
