//! How the replies of CLIs are read: one file for each format. A reply is data of a known shape; what does not fit stays
//! text, and nothing in it is acted on.

mod claude_json;
mod codex_jsonl;
mod gemini_json;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::provider::Usage;

/// The format of what a CLI writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    ClaudeJson,
    CodexJsonl,
    GeminiJson,
    /// As it is.
    #[default]
    Text,
}

/// A reply as it was understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Understood {
    /// What the CLI says; empty where it said nothing.
    pub text: String,
    /// What it says went wrong; then `text` is no reply.
    pub failure: Option<String>,
    pub model: Option<String>,
    pub usage: Usage,
    /// What else the caller may want to know.
    pub details: Map<String, Value>,
}

impl Reading {
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeJson => "claude_json",
            Self::CodexJsonl => "codex_jsonl",
            Self::GeminiJson => "gemini_json",
            Self::Text => "text",
        }
    }

    /// None where the output is not of the format.
    pub fn understand(self, output: &str) -> Option<Understood> {
        match self {
            Self::ClaudeJson => claude_json::understand(output),
            Self::CodexJsonl => codex_jsonl::understand(output),
            Self::GeminiJson => gemini_json::understand(output),
            Self::Text => Some(Understood { text: output.trim().to_owned(), ..Understood::default() }),
        }
    }

    /// What of a line that has just come can be shown while the rest is awaited.
    pub fn live(self, line: &str) -> Option<String> {
        match self {
            Self::CodexJsonl => codex_jsonl::live(line),
            Self::Text => Some(format!("{line}\n")),
            // They answer at the end, in one piece.
            Self::ClaudeJson | Self::GeminiJson => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_cli_writes_panics_or_is_lost() {
        for reading in [Reading::ClaudeJson, Reading::CodexJsonl, Reading::GeminiJson, Reading::Text] {
            for output in [
                "",
                "{",
                "[]",
                "{}",
                "null",
                "7",
                "[1,2]",
                "{\"result\":7}",
                "\u{0}\u{1b}[31m",
                "{\"type\":\"x\"}\nplain",
            ] {
                let understood = reading.understand(output);
                assert!(understood.is_none_or(|one| one.text.len() <= output.len()), "{reading:?} {output}");
                reading.live(output);
            }
        }
    }
}
