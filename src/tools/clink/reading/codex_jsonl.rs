//! `codex exec --json`: one event a line; the messages of the agent are the reply. Lines of another shape are passed over.

use serde::Deserialize;

use super::Understood;
use crate::provider::Usage;
use crate::unit::Tokens;

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "item.completed")]
    Item { item: Item },
    #[serde(rename = "turn.completed")]
    Turn { usage: Option<Counts> },
    #[serde(rename = "turn.failed")]
    Failed { error: Reason },
    #[serde(rename = "error")]
    Error { message: String },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "type", alias = "item_type")]
    kind: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    cached_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

pub(super) fn understand(output: &str) -> Option<Understood> {
    let events: Vec<Event> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if events.is_empty() {
        return None;
    }
    let (mut messages, mut failures) = (Vec::new(), Vec::new());
    let mut understood = Understood::default();
    for event in events {
        match event {
            Event::Item { item } => messages.extend(item.message()),
            Event::Turn { usage } => understood.usage = usage.map(Usage::from).unwrap_or_default(),
            Event::Failed { error: Reason { message } } | Event::Error { message } => failures.push(message),
            Event::Other => {}
        }
    }
    understood.text = messages.join("\n\n");
    // It may complain on the way and still answer.
    understood.failure = (messages.is_empty() && !failures.is_empty()).then(|| failures.join("\n"));
    Some(understood)
}

pub(super) fn live(line: &str) -> Option<String> {
    match serde_json::from_str(line).ok()? {
        Event::Item { item } => item.message().map(|message| format!("{message}\n\n")),
        Event::Turn { .. } | Event::Failed { .. } | Event::Error { .. } | Event::Other => None,
    }
}

impl Item {
    fn message(self) -> Option<String> {
        if self.kind == "agent_message" { self.text } else { None }
    }
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        Self {
            input: counts.input_tokens.map(Tokens),
            output: counts.output_tokens.map(Tokens),
            reasoning: None,
            cached_input: counts.cached_input_tokens.map(Tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = r#"{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"one"}}"#;

    #[test]
    fn the_messages_are_the_reply_and_other_events_are_not() {
        let output = format!(
            "warning: plain text\n{}\n{MESSAGE}\n{}\n{}\n{}\n",
            r#"{"type":"item.completed","item":{"type":"command_execution","text":"rm"}}"#,
            r#"{"type":"error","message":"reconnecting"}"#,
            MESSAGE.replace("one", "two"),
            r#"{"type":"turn.completed","usage":{"input_tokens":5,"output_tokens":6}}"#,
        );
        let understood = understand(&output).unwrap();
        assert_eq!((understood.text.as_str(), understood.failure), ("one\n\ntwo", None));
        assert_eq!((understood.usage.input, understood.usage.reasoning), (Some(Tokens(5)), None));
        assert_eq!(live(MESSAGE).as_deref(), Some("one\n\n"));
    }

    #[test]
    fn without_a_message_the_errors_are_told() {
        let understood = understand(r#"{"type":"turn.failed","error":{"message":"usage limit"}}"#).unwrap();
        assert_eq!(understood.failure.as_deref(), Some("usage limit"));
        assert_eq!(understand("no event at all"), None);
    }
}
