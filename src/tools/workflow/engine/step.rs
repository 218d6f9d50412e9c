//! One step: as the agent sends it, and as its turn keeps it. The turn's prompt is what a model is shown of the step; the
//! state says where in it each part stands, so that no text is held twice.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::thread::thought::{Said, Thought};
use crate::thread::turn::{ToolState, Turn};

/// Of the form of [`Kept`].
const VERSION: u32 = 1;

/// The arguments that steps share, and the tool's own.
#[derive(Debug, Deserialize)]
pub struct Asked {
    pub step: String,
    #[serde(flatten)]
    pub kept: Kept,
    #[serde(default)]
    pub findings: String,
    pub hypothesis: Option<String>,
    pub model: Option<String>,
    pub temperature: Option<f64>,
    pub thinking_mode: Option<String>,
}

/// What a step leaves behind beside its text.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Kept {
    #[serde(rename = "step_number")]
    pub number: u32,
    #[serde(rename = "total_steps")]
    pub total: u32,
    #[serde(rename = "next_step_required")]
    pub goes_on: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files_checked: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relevant_files: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relevant_context: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issues_found: Vec<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_assistant_model: Option<bool>,
    /// The tool's own fields, as far as they were given.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub own: Map<String, Value>,
    /// The first step found a conversation in its thread.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub continued: bool,
    /// Where in the turn's prompt the parts stand, in bytes.
    #[serde(default)]
    parts: Parts,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Parts {
    step: (usize, usize),
    findings: (usize, usize),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hypothesis: Option<(usize, usize)>,
}

/// A step of the past or the present, with its text.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    pub kept: Kept,
    pub text: &'a str,
}

impl Kept {
    /// Takes what was said of this step in words and writes it down as its turn's prompt, noting where each part stands.
    pub fn write_down(&mut self, step: &str, findings: &str, hypothesis: Option<&str>) -> String {
        self.total = self.total.max(self.number);
        let mut text = String::new();
        self.parts.step = append(&mut text, "", step);
        let confidence = self.confidence.as_deref().map(|said| format!(", confidence {said}")).unwrap_or_default();
        let _ = write!(text, "\n\n[step {} of {}{confidence}]", self.number, self.total);
        for (name, value) in &self.own {
            let _ = write!(text, "\n{name}: {}", plainly(value));
        }
        if !findings.trim().is_empty() {
            self.parts.findings = append(&mut text, "\nFindings: ", findings);
        }
        self.parts.hypothesis = hypothesis.map(|hypothesis| append(&mut text, "\nHypothesis: ", hypothesis));
        if !self.relevant_context.is_empty() {
            let _ = write!(text, "\nCode: {}", self.relevant_context.join(", "));
        }
        for issue in &self.issues_found {
            let _ = write!(text, "\nIssue: {}", issue_in_words(issue));
        }
        text
    }

    /// What the monitor watches: what is said, and not the form around it. The last step sums up, and is not watched.
    pub fn thought(&self) -> Option<Thought> {
        let own = |name: &str| self.own.get(name).and_then(Value::as_u64).and_then(|step| u32::try_from(step).ok());
        let parts = [self.parts.step, self.parts.findings].into_iter().filter(|(from, to)| from < to);
        let thought = Thought {
            revises: own("revises_step_number"),
            said: Said::Parts(parts.collect()),
            answer: self.parts.hypothesis,
            ..Thought::new(self.number)
        };
        self.goes_on.then_some(thought)
    }

    pub fn state(&self) -> Option<ToolState> {
        let value = serde_json::value::to_raw_value(self).ok()?;
        Some(ToolState { version: VERSION, value: value.into() })
    }
}

impl<'a> Step<'a> {
    /// The step that made this turn; None where a step did not, or a form of state that is not known.
    pub fn of(turn: &'a Turn) -> Option<Self> {
        let state = turn.state.as_ref().filter(|state| state.version == VERSION)?;
        let kept = serde_json::from_str(state.value.get()).ok()?;
        Some(Self { kept, text: &turn.prompt })
    }

    pub fn number(&self) -> u32 {
        self.kept.number
    }

    pub fn narrative(&self) -> &'a str {
        self.part(self.kept.parts.step)
    }

    pub fn findings(&self) -> &'a str {
        self.part(self.kept.parts.findings)
    }

    pub fn hypothesis(&self) -> Option<&'a str> {
        self.kept.parts.hypothesis.map(|part| self.part(part))
    }

    fn part(&self, (from, to): (usize, usize)) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }
}

fn append(text: &mut String, before: &str, part: &str) -> (usize, usize) {
    text.push_str(before);
    let from = text.len();
    text.push_str(part);
    (from, text.len())
}

/// `[HIGH] what is wrong`, or all there is where it has no description.
pub fn issue_in_words(issue: &Map<String, Value>) -> String {
    let word = |key: &str| issue.get(key).and_then(Value::as_str);
    match (word("severity"), word("description")) {
        (severity, Some(description)) => {
            format!("[{}] {description}", severity.unwrap_or("unrated").to_uppercase())
        }
        (_, None) => Value::from(issue.clone()).to_string(),
    }
}

/// A value as a person would write it: lists by commas, texts without quotes.
pub fn plainly(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plainly).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
