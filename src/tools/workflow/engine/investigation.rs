//! An investigation: the steps of one tool in one thread, folded from the thread's turns. There is no other memory of it.

use serde_json::{Map, Value};

use super::declaration::{Asks, Declaration, Expert, Situation, Skips};
use super::step::Step;
use crate::thread::Thread;
use crate::tools::schema::{Preset, Spec};

pub struct Investigation<'a> {
    /// In the order of their numbers' last appearance; the present one is the last.
    steps: Vec<Step<'a>>,
    /// It began in a thread that held a conversation already.
    pub continued: bool,
    /// The confidence that counts where none was given.
    unsaid: &'static str,
    /// The tool's own fields: what the latest step that gave one said, else the default.
    pub own: Map<String, Value>,
    /// What came before, this investigation's own earlier steps included.
    thread: Option<&'a Thread>,
    tool: &'static str,
}

/// How the present step ends.
pub enum Outcome<'a> {
    /// More is to be done.
    Pause,
    /// It is over, and an expert is asked.
    Ask(&'a Expert),
    /// It is over, and an expert would have nothing to add.
    Skip(&'a Expert),
    /// It is over, and no expert is wanted or needed.
    Local,
}

impl<'a> Investigation<'a> {
    /// The tool's newest investigation in `thread`, from its last first step on, with `now` as its present step. A step
    /// that is sent again replaces the former one of its number.
    pub fn of(thread: Option<&'a Thread>, spec: &Spec, mut now: Step<'a>) -> Self {
        let mut steps: Vec<Step<'a>> = Vec::new();
        if now.number() > 1 {
            steps = newest(taken(thread, spec.name));
            steps.retain(|earlier| earlier.number() != now.number());
        }
        let continued = match steps.first() {
            Some(first) => first.kept.continued,
            None => thread.is_some(),
        };
        now.kept.continued = continued && steps.is_empty();
        steps.push(now);
        let own = own(spec, &steps);
        let unsaid = match spec.field("confidence").and_then(|field| field.default) {
            Some(Preset::Word(word)) => word,
            _ => "low",
        };
        Self { steps, continued, unsaid, own, thread, tool: spec.name }
    }

    /// The tool's newest investigation that came to its end in this thread, where the present one only begins.
    pub fn former(&self) -> Option<Vec<Step<'a>>> {
        let mut all: Vec<_> = taken(self.thread.filter(|_| self.now().number() == 1), self.tool).collect();
        let end = all.iter().rposition(|step| !step.kept.goes_on)?;
        all.truncate(end + 1);
        Some(newest(all.into_iter()))
    }

    pub fn steps(&self) -> &[Step<'a>] {
        &self.steps
    }

    /// The present step.
    pub fn now(&self) -> &Step<'a> {
        // There is one: `of` put it there.
        &self.steps[self.steps.len() - 1]
    }

    /// What was asked at the start.
    pub fn request(&self) -> &'a str {
        self.steps[0].narrative()
    }

    pub fn situation(&self) -> Situation<'_> {
        let kept = &self.now().kept;
        Situation {
            number: kept.number,
            total: kept.total,
            confidence: self.confidence(),
            continued: self.continued,
            own: &self.own,
        }
    }

    /// The latest confidence that was given.
    pub fn confidence(&self) -> &str {
        self.steps.iter().rev().find_map(|step| step.kept.confidence.as_deref()).unwrap_or(self.unsaid)
    }

    pub fn word(&self, field: &str) -> &str {
        self.own.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    pub fn files_checked(&self) -> Vec<&str> {
        once(self.steps.iter().flat_map(|step| &step.kept.files_checked))
    }

    pub fn relevant_files(&self) -> Vec<&str> {
        once(self.steps.iter().flat_map(|step| &step.kept.relevant_files))
    }

    pub fn relevant_context(&self) -> Vec<&str> {
        once(self.steps.iter().flat_map(|step| &step.kept.relevant_context))
    }

    pub fn images(&self) -> Vec<&str> {
        once(self.steps.iter().flat_map(|step| &step.kept.images))
    }

    /// Each issue once, though it be reported at several steps.
    pub fn issues(&self) -> Vec<&Map<String, Value>> {
        let mut issues: Vec<&Map<String, Value>> = Vec::new();
        for issue in self.steps.iter().flat_map(|step| &step.kept.issues_found) {
            if !issues.contains(&issue) {
                issues.push(issue);
            }
        }
        issues
    }

    /// How many issues have each value of `key`, such as `severity`.
    pub fn issues_by(&self, key: &str) -> Map<String, Value> {
        let mut counts = Map::new();
        for issue in self.issues() {
            let value = issue.get(key).and_then(Value::as_str).unwrap_or("unknown").to_lowercase();
            let count = counts.get(&value).and_then(Value::as_u64).unwrap_or_default();
            counts.insert(value, (count + 1).into());
        }
        counts
    }

    /// The hypotheses in order, with the step and the confidence of each.
    pub fn hypotheses(&self) -> impl Iterator<Item = (u32, &str, &'a str)> {
        self.steps.iter().filter_map(|step| {
            let hypothesis = step.hypothesis()?;
            Some((step.number(), step.kept.confidence.as_deref().unwrap_or(self.unsaid), hypothesis))
        })
    }

    pub fn outcome<'b>(&self, of: &'b Declaration) -> Outcome<'b> {
        if self.now().kept.goes_on {
            return Outcome::Pause;
        }
        match &of.expert {
            None => Outcome::Local,
            Some(expert) if self.skips(&expert.skips) => Outcome::Skip(expert),
            Some(expert) if self.asks(expert.asks) => Outcome::Ask(expert),
            Some(_) => Outcome::Local,
        }
    }

    fn skips(&self, skips: &Skips) -> bool {
        match skips {
            Skips::Never => false,
            Skips::At(confidence) => self.confidence() == *confidence,
            Skips::Where(field, value) => self.word(field) == *value,
        }
    }

    fn asks(&self, asks: Asks) -> bool {
        let wanted = self.steps.iter().rev().find_map(|step| step.kept.use_assistant_model).unwrap_or(true);
        let findings = self.steps.iter().filter(|step| !step.findings().trim().is_empty()).count();
        let has_files = self.steps.iter().any(|step| !step.kept.relevant_files.is_empty());
        let has_issues = self.steps.iter().any(|step| !step.kept.issues_found.is_empty());
        let evidence = has_files || findings >= 2 || has_issues;
        match asks {
            Asks::Always => true,
            Asks::OnEvidence => wanted && evidence,
            Asks::OnEvidenceOrContinued => wanted && (evidence || self.continued),
            Asks::OnAnyFinding => wanted && (has_files || findings >= 1),
        }
    }
}

/// The tool's steps in the order of their turns.
fn taken<'a>(thread: Option<&'a Thread>, tool: &str) -> impl Iterator<Item = Step<'a>> {
    let turns = thread.into_iter().flat_map(|thread| &thread.turns);
    turns.filter(move |turn| *turn.tool == *tool).filter_map(|turn| Step::of(turn))
}

/// The steps from the last first one on, each number once, as it was said last.
fn newest<'a>(all: impl Iterator<Item = Step<'a>>) -> Vec<Step<'a>> {
    let mut steps: Vec<Step<'a>> = Vec::new();
    for step in all {
        if step.number() == 1 {
            steps.clear();
        }
        steps.retain(|earlier| earlier.number() != step.number());
        steps.push(step);
    }
    steps
}

fn once<'a>(all: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    let mut once: Vec<&str> = Vec::new();
    for one in all {
        if !once.contains(&one.as_str()) {
            once.push(one);
        }
    }
    once
}

fn own(spec: &Spec, steps: &[Step<'_>]) -> Map<String, Value> {
    let mut own = Map::new();
    for field in spec.fields {
        let given = steps.iter().rev().find_map(|step| step.kept.own.get(field.name)).cloned();
        if let Some(value) = given.or_else(|| field.default.filter(|_| is_own(field.name)).map(|preset| preset.value()))
        {
            own.insert(field.name.to_owned(), value);
        }
    }
    own
}

/// Whether a field is a tool's own, and not one that the engine reads.
pub fn is_own(name: &str) -> bool {
    const ENGINES: &[&str] = &[
        "step",
        "step_number",
        "total_steps",
        "next_step_required",
        "findings",
        "files_checked",
        "relevant_files",
        "relevant_context",
        "issues_found",
        "confidence",
        "hypothesis",
        "images",
        "use_assistant_model",
        "temperature",
        "thinking_mode",
        "continuation_id",
        "model",
    ];
    !ENGINES.contains(&name)
}
