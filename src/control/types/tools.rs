//! Tools as they travel: what they are, how they are called, what they answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::tools::schema::Spec;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSummary {
    pub name: String,
    pub title: String,
    pub description: String,
    /// What it takes, as agents read it; null from a process that does not say.
    #[serde(default)]
    pub input: Value,
}

/// Whether a tool is offered to agents. It is changed by a [`super::Switch`], until zen ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolSwitch {
    pub name: String,
    pub title: String,
    pub enabled: bool,
}

/// A tool call by a person or a script.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ToolCall {
    pub tool: String,
    pub arguments: Box<RawValue>,
}

/// Its result: the text that an agent would have read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    pub text: String,
    pub is_error: bool,
}

impl ToolSwitch {
    pub fn of(spec: &Spec, enabled: bool) -> Self {
        Self { name: spec.name.to_owned(), title: spec.title.to_owned(), enabled }
    }
}

impl ToolSummary {
    pub fn of(spec: &Spec) -> Self {
        Self {
            name: spec.name.to_owned(),
            title: spec.title.to_owned(),
            description: spec.description.to_owned(),
            input: spec.input(),
        }
    }
}
