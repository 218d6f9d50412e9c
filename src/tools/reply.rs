//! What a tool gives back: the envelope of older servers, kept as it was on the wire, and the turn to be remembered.

pub mod step;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::id::ThreadId;
use crate::insight::monitor::Reflection;
use crate::insight::verdict::Verdict;
use crate::provider::cost;
use crate::thread::turn::Turn;
use crate::token;
use crate::unit::Tokens;
use step::StepReply;

pub struct Reply {
    pub body: Body,
    /// To be recorded in the call's thread; None: this call is not remembered.
    pub turn: Option<Turn>,
}

pub enum Body {
    Output(Output),
    /// A JSON document of the tool's own shape.
    Document(String),
    /// One step of several, in the thread where the next one goes on.
    Step(Box<StepReply>),
}

/// The common envelope (`ToolOutput`).
#[derive(Debug, Serialize)]
pub struct Output {
    pub status: Status,
    pub content: String,
    pub content_type: ContentType,
    pub metadata: Map<String, Value>,
    pub continuation_offer: Option<Offer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Success,
    Error,
    ResendPrompt,
    ContinuationAvailable,
    FilesRequiredToContinue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentType {
    Text,
}

/// How to go on in the same thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    pub continuation_id: ThreadId,
    pub note: String,
    pub remaining_turns: u32,
}

/// From this many turns left, the offer says that the end is near.
const NEAR_THE_END: u32 = 2;

const LAST_TURN: &str = "This was the thread's last turn; start a new one by leaving continuation_id out.";

impl Output {
    pub fn new(status: Status, content: impl Into<String>) -> Self {
        Self {
            status,
            content: content.into(),
            content_type: ContentType::Text,
            metadata: Map::new(),
            continuation_offer: None,
        }
    }

    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Cuts a content of more than `tokens`. It begins with the turn's stored text, so the rest can be read from there.
    pub fn hold_under(&mut self, tokens: Tokens, thread: ThreadId, turn: usize) {
        let Some(end) = token::longest_prefix(&self.content, tokens) else { return };
        let (from, total) = (self.content[..end].chars().count(), self.content.chars().count());
        self.content.truncate(end);
        self.content.push_str(&format!(
            "\n\n[Cut at character {from} of {total}: the client takes no more. The rest is stored; call listthreads with \
             thread_id: \"{thread}\", turn: {turn}, from: {from}]"
        ));
        self.metadata.insert("cut_at_character".to_owned(), from.into());
    }

    /// Says that the thread takes `remaining` more turns, or that it takes none.
    pub fn offer(&mut self, thread: ThreadId, remaining: u32) {
        if remaining == 0 {
            self.metadata.insert("notice".to_owned(), LAST_TURN.into());
            return;
        }
        if self.status == Status::Success {
            self.status = Status::ContinuationAvailable;
        }
        self.continuation_offer = Some(Offer::new(thread, remaining));
    }
}

impl Offer {
    fn new(thread: ThreadId, remaining: u32) -> Self {
        let turns = if remaining == 1 { "turn" } else { "turns" };
        let note = if remaining <= NEAR_THE_END {
            format!("Only {remaining} more {turns} in this thread: bring it to an end.")
        } else {
            format!("You can continue this thread for {remaining} more {turns}.")
        };
        Self { continuation_id: thread, note, remaining_turns: remaining }
    }
}

/// The member of the metadata that names where secrets were taken out.
pub const WITHHELD: &str = "secrets_withheld";

impl Body {
    /// Says where secrets were taken out of the arguments, before what the tool says of others.
    pub fn withhold(&mut self, told: &[String]) {
        let all = |others: Option<&Value>| -> Value {
            let others = others.and_then(Value::as_array).into_iter().flatten().cloned();
            told.iter().map(|told| told.as_str().into()).chain(others).collect::<Vec<Value>>().into()
        };
        match self {
            Self::Output(output) => {
                let all = all(output.metadata.get(WITHHELD));
                output.metadata.insert(WITHHELD.to_owned(), all);
            }
            Self::Step(step) => {
                let all = all(step.members.get("metadata").and_then(|metadata| metadata.get(WITHHELD)));
                step.note(WITHHELD, all);
            }
            Self::Document(_) => {}
        }
    }

    /// What the monitor saw: its one question, where it has one, with what it rests on as data.
    pub fn observe(&mut self, seen: Option<&Reflection>) {
        if let Self::Step(step) = self {
            step.observe(seen);
        }
        if let Some(verdict) = seen.and_then(|seen| seen.verdict.as_ref()) {
            self.add(verdict);
        }
    }

    /// What it rests on, and its question, unless a judge spoke against it.
    fn add(&mut self, verdict: &Verdict) {
        let question = verdict.is_asked().then(|| verdict.to_string());
        let mut evidence = json!({
            "concern": verdict.kind,
            "step": verdict.step,
            "steps": verdict.steps,
            "words": verdict.words,
            "readings": verdict.readings,
            "silence": "pass insight: false",
        });
        if let Some(judged) = &verdict.judged {
            evidence["asked"] = question.is_some().into();
            evidence["judge"] = json!({
                "model": judged.by,
                "opinion": judged.opinion,
                "because": judged.because,
                "cost_usd": cost::told(judged.cost),
            });
        }
        match self {
            Self::Output(output) => {
                output.metadata.extend(question.map(|question| ("question".to_owned(), question.into())));
                output.metadata.insert("insight".to_owned(), evidence);
            }
            Self::Step(step) => step.ask(question.as_deref(), evidence),
            Self::Document(_) => {}
        }
    }

    /// The text that an agent reads.
    pub fn into_text(self) -> String {
        match self {
            Self::Document(text) => text,
            Self::Step(step) => step.into_text(),
            Self::Output(output) => serde_json::to_string(&output).unwrap_or(output.content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_the_members_of_older_servers() {
        let mut output = Output::new(Status::Success, "hello").with("tool_name", "chat");
        let id = ThreadId::random();
        output.offer(id, 19);
        let value: Value = serde_json::from_str(&Body::Output(output).into_text()).unwrap();
        assert_eq!(value["status"], "continuation_available");
        assert_eq!(value["content_type"], "text");
        assert_eq!(value["continuation_offer"]["continuation_id"], id.to_string());
        assert_eq!(value["continuation_offer"]["remaining_turns"], 19);
    }

    #[test]
    fn a_content_over_the_cap_is_cut_and_names_the_call_for_the_rest() {
        let mut output = Output::new(Status::Success, "word ".repeat(1_000));
        let id = ThreadId::random();
        output.hold_under(Tokens(100), id, 3);
        assert!(token::estimate(&output.content) <= Tokens(200), "{}", output.content.len());
        let from = output.metadata["cut_at_character"].as_u64().unwrap();
        assert!(output.content.contains(&format!("\"{id}\", turn: 3, from: {from}]")), "{}", output.content);
        let mut short = Output::new(Status::Success, "short");
        short.hold_under(Tokens(100), id, 3);
        assert_eq!(short.content, "short");
    }

    #[test]
    fn the_last_turn_offers_nothing_and_says_so() {
        let mut output = Output::new(Status::Success, "bye");
        output.offer(ThreadId::random(), 0);
        assert_eq!((output.status, output.continuation_offer), (Status::Success, None));
        assert!(output.metadata.contains_key("notice"));
    }
}
