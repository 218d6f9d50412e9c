//! `gemini --output-format json`: one object with the response, or with an error. Lines before it are passed over.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Understood;
use crate::provider::Usage;
use crate::unit::Tokens;

#[derive(Deserialize)]
struct Outcome {
    response: Option<String>,
    stats: Option<Stats>,
    error: Option<Reason>,
}

#[derive(Deserialize)]
struct Stats {
    #[serde(default)]
    models: BTreeMap<String, ModelStats>,
}

#[derive(Deserialize)]
struct ModelStats {
    tokens: Option<Counts>,
}

#[derive(Deserialize)]
struct Counts {
    prompt: Option<u64>,
    candidates: Option<u64>,
    thoughts: Option<u64>,
    cached: Option<u64>,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
}

pub(super) fn understand(output: &str) -> Option<Understood> {
    let Outcome { response, stats, error } = serde_json::from_str(output.get(output.find('{')?..)?.trim()).ok()?;
    if response.is_none() && error.is_none() {
        return None;
    }
    let mut models = stats.map(|stats| stats.models).unwrap_or_default();
    // With several models the counts are not one model's.
    let only = if models.len() == 1 { models.pop_first() } else { None };
    let model = only.as_ref().map(|(name, _)| name.clone()).or_else(|| models.into_keys().next());
    let counts = only.and_then(|(_, stats)| stats.tokens);
    Some(Understood {
        text: response.unwrap_or_default(),
        failure: error.map(|error| error.message),
        model,
        usage: counts.map(Usage::from).unwrap_or_default(),
        ..Understood::default()
    })
}

impl From<Counts> for Usage {
    fn from(counts: Counts) -> Self {
        Self {
            input: counts.prompt.map(Tokens),
            output: counts.candidates.map(|tokens| Tokens(tokens.saturating_add(counts.thoughts.unwrap_or(0)))),
            reasoning: counts.thoughts.map(Tokens),
            cached_input: counts.cached.map(Tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_read_behind_what_the_cli_says_first() {
        let output = r#"Loaded cached credentials.
{"response":"hello","stats":{"models":{"gemini-x":{"api":{},"tokens":{"prompt":4,"candidates":2,"thoughts":3}}}}}"#;
        let understood = understand(output).unwrap();
        assert_eq!((understood.text.as_str(), understood.model.as_deref()), ("hello", Some("gemini-x")));
        assert_eq!((understood.usage.input, understood.usage.output), (Some(Tokens(4)), Some(Tokens(5))));
    }

    #[test]
    fn an_error_is_no_reply_and_an_unknown_count_is_none() {
        let understood = understand(r#"{"error":{"type":"E","message":"quota exceeded","code":429}}"#).unwrap();
        assert_eq!((understood.failure.as_deref(), understood.usage), (Some("quota exceeded"), Usage::default()));
        assert_eq!(understand(r#"{"other":1}"#), None);
    }
}
