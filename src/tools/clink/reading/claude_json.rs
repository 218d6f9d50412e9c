//! `claude --print --output-format json`: one object, or the list of all events with the result as its last.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Understood;
use crate::provider::Usage;
use crate::unit::Tokens;

#[derive(Deserialize)]
struct Outcome {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    subtype: String,
    #[serde(default)]
    is_error: bool,
    result: Option<String>,
    usage: Option<Counts>,
    #[serde(rename = "modelUsage")]
    models: Option<BTreeMap<String, Value>>,
    duration_ms: Option<u64>,
    num_turns: Option<u64>,
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

pub(super) fn understand(output: &str) -> Option<Understood> {
    let outcome = match serde_json::from_str(output.trim()).ok()? {
        Value::Array(events) => {
            events.into_iter().rev().find_map(|event| serde_json::from_value(event).ok().filter(is_result))?
        }
        event => serde_json::from_value(event).ok().filter(is_result)?,
    };
    let Outcome { subtype, is_error, result, usage, models, duration_ms, num_turns, .. } = outcome;
    let text = result.unwrap_or_default();
    let failed = is_error || subtype.starts_with("error");
    let failure = failed.then(|| if text.is_empty() { subtype } else { text.clone() });
    let mut understood = Understood { text, failure, ..Understood::default() };
    understood.model = models.and_then(|models| models.into_keys().next());
    understood.usage = usage.map(Usage::from).unwrap_or_default();
    for (key, value) in [("cli_duration_ms", duration_ms), ("cli_turns", num_turns)] {
        if let Some(value) = value {
            understood.details.insert(key.to_owned(), json!(value));
        }
    }
    Some(understood)
}

fn is_result(outcome: &Outcome) -> bool {
    outcome.kind == "result"
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        let cached = counts.cache_read_input_tokens;
        let others = cached.unwrap_or(0).saturating_add(counts.cache_creation_input_tokens.unwrap_or(0));
        Self {
            input: counts.input_tokens.map(|tokens| Tokens(tokens.saturating_add(others))),
            output: counts.output_tokens.map(Tokens),
            reasoning: None,
            cached_input: cached.map(Tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_is_read_alone_and_at_the_end_of_the_events() {
        let result = r#"{"type":"result","subtype":"success","is_error":false,"result":"fine","duration_ms":12,"usage":
            {"input_tokens":3,"cache_read_input_tokens":10,"cache_creation_input_tokens":5,"output_tokens":7},
            "modelUsage":{"claude-x":{}},"session_id":"s"}"#;
        for output in
            [result.to_owned(), format!(r#"[{{"type":"system"}},{{"type":"assistant","message":{{}}}},{result}]"#)]
        {
            let understood = understand(&output).unwrap();
            assert_eq!((understood.text.as_str(), understood.model.as_deref()), ("fine", Some("claude-x")));
            assert_eq!((understood.usage.input, understood.usage.output), (Some(Tokens(18)), Some(Tokens(7))));
            assert_eq!(understood.failure, None);
        }
    }

    #[test]
    fn an_error_is_no_reply() {
        let understood = understand(r#"{"type":"result","subtype":"success","is_error":true,"result":"Invalid key"}"#);
        assert_eq!(understood.unwrap().failure.as_deref(), Some("Invalid key"));
        let understood = understand(r#"{"type":"result","subtype":"error_max_turns"}"#);
        assert_eq!(understood.unwrap().failure.as_deref(), Some("error_max_turns"));
        assert_eq!(understand(r#"{"type":"other","result":"x"}"#), None);
    }
}
