//! What makes one workflow differ from another: plain data and a few pure functions.

use serde_json::{Map, Value};

use super::changes::Wanted;
use super::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::Spec;
use crate::tools::shape::Shape;

pub struct Declaration {
    pub spec: Spec,
    pub names: Names,
    /// Who is asked at the end; None: nobody, the agent does all of it.
    pub expert: Option<Expert>,
    /// Which changes of a repository it is about; None: it is about none.
    pub changes: Option<fn(&Investigation<'_>) -> Option<Wanted>>,
    /// Problems of a step that its schema cannot express.
    pub check: fn(&Investigation<'_>) -> Vec<String>,
    /// What the agent has to do before its next step; no text of it is another tool's.
    pub actions: fn(&Situation<'_>) -> &'static [&'static str],
    /// What to do with the result once it is there.
    pub conclusion: &'static str,
    /// Adds to a reply what this tool alone has to say.
    pub tell: fn(&Investigation<'_>, &mut StepReply),
}

/// The words of the older servers, by which agents know where they are.
pub struct Names {
    /// `status` while more is to be done.
    pub pause: &'static str,
    /// `status` when it ends without an expert.
    pub done: &'static str,
    /// Member with the counts so far.
    pub status: &'static str,
    /// Member with the summary at the end; None: there is none.
    pub summary: Option<&'static str>,
    /// Flag that more is to be done.
    pub required: &'static str,
    /// Flags that it is complete.
    pub complete: &'static [&'static str],
}

pub struct Expert {
    /// What the expert is asked to do, in a sentence.
    pub request: &'static str,
    pub skips: Skips,
    /// Code of the reason, where it is skipped.
    pub skip_reason: &'static str,
    pub asks: Asks,
    /// Shapes of JSON in which it may answer.
    pub shapes: &'static [Shape],
}

/// When an expert would have nothing to add.
pub enum Skips {
    Never,
    /// At this confidence.
    At(&'static str),
    /// Where this field of the tool has this value.
    Where(&'static str, &'static str),
}

/// When there is enough for an expert to look at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Always, whatever `use_assistant_model` says.
    Always,
    /// There are relevant files, two findings or an issue.
    OnEvidence,
    /// The same, or the investigation goes on with an earlier conversation.
    OnEvidenceOrContinued,
    /// There are relevant files or a finding.
    OnAnyFinding,
}

/// Where an investigation stands, as far as guidance depends on it.
pub struct Situation<'a> {
    pub number: u32,
    pub total: u32,
    pub confidence: &'a str,
    /// It began in a thread that held a conversation already.
    pub continued: bool,
    /// The tool's own fields, with their defaults.
    pub own: &'a Map<String, Value>,
}

impl Situation<'_> {
    /// The word in one of the tool's own fields; empty where there is none.
    pub fn word(&self, field: &str) -> &str {
        self.own.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// For tools without problems of their own.
pub fn nothing_wrong(_: &Investigation<'_>) -> Vec<String> {
    Vec::new()
}

/// For tools whose first step must name files.
pub fn files_at_first(investigation: &Investigation<'_>) -> Vec<String> {
    let lacks = investigation.now().number() == 1 && investigation.now().kept.relevant_files.is_empty();
    lacks
        .then(|| "`relevant_files` is missing: step 1 must name the files or folders it is about".to_owned())
        .into_iter()
        .collect()
}

/// For tools that say nothing beside what all say.
pub fn nothing_more(_: &Investigation<'_>, _: &mut StepReply) {}
