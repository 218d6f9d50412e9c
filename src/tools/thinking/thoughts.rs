//! Numbered thoughts with revisions and branches, as two tools take them: their fields, what a turn keeps of one, and
//! the thoughts of a thread, folded from its turns.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::thread::Thread;
use crate::thread::thought::Thought;
use crate::thread::turn::{ToolState, Turn};
use crate::tools::Call;
use crate::tools::arguments::BadArguments;
use crate::tools::error::ToolError;
use crate::tools::schema::{Field, Kind};

/// Of the form of [`Kept`].
const VERSION: u32 = 1;
/// Characters of a name that is repeated to its caller.
const MAX_BRANCH_CHARS: usize = 64;

pub const FIELDS: [Field; 11] = [
    Field::required("thought", Kind::Text, ""),
    Field::required("thought_number", Kind::Whole(1, u32::MAX), ""),
    Field::required("total_thoughts", Kind::Whole(1, u32::MAX), "Your estimate"),
    Field::required("next_thought_needed", Kind::Flag, ""),
    Field::optional("is_revision", Kind::Flag, ""),
    Field::optional("revises_thought", Kind::Whole(1, u32::MAX), ""),
    Field::optional("branch_from_thought", Kind::Whole(1, u32::MAX), ""),
    Field::optional("branch_id", Kind::Text, ""),
    Field::optional("needs_more_thoughts", Kind::Flag, ""),
    SESSION_ID,
    Field::CONTINUATION_ID,
];

/// The older name of a thread.
pub const SESSION_ID: Field = Field::optional("session_id", Kind::Text, "As continuation_id");

/// What a turn keeps of its thought beside the text.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Kept {
    #[serde(rename = "thought_number")]
    pub number: u32,
    #[serde(rename = "total_thoughts")]
    pub total: u32,
    #[serde(rename = "next_thought_needed")]
    pub goes_on: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_revision: bool,
    #[serde(default, rename = "revises_thought", skip_serializing_if = "Option::is_none")]
    pub revises: Option<u32>,
    #[serde(default, rename = "branch_from_thought", skip_serializing_if = "Option::is_none")]
    pub branches_from: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_id: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_more_thoughts: bool,
    /// What a model said of its own thought, as data.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub synthesis: Map<String, Value>,
}

/// A thought of the past.
pub struct Earlier<'a> {
    pub kept: Kept,
    pub turn: &'a Turn,
}

impl Kept {
    /// The estimate is raised where it was too low.
    pub fn settled(mut self) -> Self {
        self.total = self.total.max(self.number);
        self
    }

    pub fn state(&self) -> Option<ToolState> {
        let value = serde_json::value::to_raw_value(self).ok()?;
        Some(ToolState { version: VERSION, value: value.into() })
    }

    /// For the monitor; the last thought sums up, and is not watched.
    pub fn watched(&self) -> Option<Thought> {
        self.goes_on.then(|| Thought { revises: self.revises, ..Thought::new(self.number) })
    }

    /// What the schema cannot say.
    pub fn check(
        &self,
        tool: &'static str,
        thought: &str,
        earlier: &[Earlier<'_>],
        call: &Call,
    ) -> Result<(), ToolError> {
        let (size, limit) = (thought.chars().count(), call.settings.prompt_chars);
        if size > limit {
            return Err(ToolError::StepTooLong { size, limit });
        }
        let mut problems = Vec::new();
        let known = |number: u32| earlier.iter().any(|earlier| earlier.kept.number == number);
        for (field, named) in [("revises_thought", self.revises), ("branch_from_thought", self.branches_from)] {
            if let Some(number) = named.filter(|number| !known(*number)) {
                problems.push(format!("`{field}` is {number}: this thread has no such thought"));
            }
        }
        if thought.trim().is_empty() {
            problems.push("`thought` is empty".to_owned());
        }
        if self.is_revision && self.revises.is_none() {
            problems.push("`revises_thought` is missing: `is_revision` needs it".to_owned());
        }
        if self.branches_from.is_some() && self.branch_id.is_none() {
            problems.push("`branch_id` is missing: `branch_from_thought` needs it".to_owned());
        }
        if self.branch_id.as_ref().is_some_and(|id| id.is_empty() || id.chars().count() > MAX_BRANCH_CHARS) {
            problems.push(format!("`branch_id` must have from 1 to {MAX_BRANCH_CHARS} characters"));
        }
        if problems.is_empty() { Ok(()) } else { Err(BadArguments { tool, problems }.into()) }
    }
}

/// The thoughts of the tool's newest line in the thread before this one, oldest first. One that was sent again, in the
/// same branch, stands once.
pub fn earlier<'a>(thread: Option<&'a Thread>, tool: &str, now: &Kept) -> Vec<Earlier<'a>> {
    let mut thoughts: Vec<Earlier<'a>> = Vec::new();
    let is_same = |a: &Kept, b: &Kept| a.number == b.number && a.branch_id == b.branch_id;
    for turn in thread.into_iter().flat_map(|thread| &thread.turns).filter(|turn| *turn.tool == *tool) {
        let state = turn.state.as_ref().filter(|state| state.version == VERSION);
        let Some(kept) = state.and_then(|state| serde_json::from_str::<Kept>(state.value.get()).ok()) else { continue };
        if kept.number == 1 {
            thoughts.clear();
        }
        thoughts.retain(|earlier| !is_same(&earlier.kept, &kept));
        thoughts.push(Earlier { kept, turn });
    }
    if now.number == 1 {
        thoughts.clear();
    }
    thoughts.retain(|earlier| !is_same(&earlier.kept, now));
    thoughts
}

/// The names of the branches, each once, in the order in which they came.
pub fn branches<'a>(earlier: &'a [Earlier<'_>], now: &'a Kept) -> Vec<&'a str> {
    let mut branches: Vec<&str> = Vec::new();
    for kept in earlier.iter().map(|earlier| &earlier.kept).chain([now]) {
        if let Some(branch) = kept.branch_id.as_deref().filter(|branch| !branches.contains(branch)) {
            branches.push(branch);
        }
    }
    branches
}
