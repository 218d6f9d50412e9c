//! What the expert of a workflow is asked. The steps so far and the files are in the conversation that it is shown; here
//! stands what the present step says, and what all of them come to.

use std::fmt::Write as _;

use super::changes::Changes;
use super::declaration::{Declaration, Expert};
use super::investigation::Investigation;
use super::report;
use super::step::{Asked, issue_in_words, plainly};
use crate::provider::{Category, Effort};
use crate::tools::Call;
use crate::tools::consult::Question;

/// How much of the first step is repeated to the expert: should the history be cut, it still knows what it is about.
const REQUEST_CHARS: usize = 1_000;

pub fn question(
    of: &Declaration,
    expert: &Expert,
    investigation: &Investigation<'_>,
    asked: &Asked,
    changes: Option<&Changes>,
    call: &Call,
) -> Question {
    let system = call.settings.prompts.system(of.spec.name, &call.settings.locale);
    let owned = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
    Question {
        quoted: changes.map(Changes::quoted).unwrap_or_default(),
        paths: owned(investigation.relevant_files()),
        images: owned(investigation.images()),
        model: asked.model.clone(),
        temperature: asked.temperature,
        effort: asked.thinking_mode.as_deref().and_then(|mode| mode.parse().ok()).or(Some(Effort::High)),
        ..Question::new(system, prompt(of, expert, investigation, changes), Category::ExtendedReasoning)
    }
}

fn prompt(of: &Declaration, expert: &Expert, investigation: &Investigation<'_>, changes: Option<&Changes>) -> String {
    let mut text = expert.request.to_owned();
    let earlier = investigation.steps().len() - 1;
    if earlier > 0 {
        let steps = if earlier == 1 { "step is the turn" } else { "steps are the turns" };
        let _ = write!(text, "\n\nThe earlier {steps} of this conversation marked `{}`.", of.spec.name);
        let _ = write!(text, " It began with: {}", report::excerpt(investigation.request(), REQUEST_CHARS));
    }
    let now = investigation.now();
    let _ = write!(text, "\n\n## The last step\n{}", now.narrative());
    if !now.findings().trim().is_empty() {
        let _ = write!(text, "\n\n## Its findings\n{}", now.findings());
    }
    if let Some(stands) = changes.map(Changes::in_words).filter(|stands| !stands.is_empty()) {
        let _ = write!(text, "\n\n## The repository\n{stands}");
    }
    let settings: Vec<_> =
        investigation.own.iter().map(|(name, value)| format!("{name}: {}", plainly(value))).collect();
    section(&mut text, "Settings", settings);
    let hypotheses = investigation.hypotheses();
    let hypotheses =
        hypotheses.map(|(step, confidence, hypothesis)| format!("step {step}, confidence {confidence}: {hypothesis}"));
    section(&mut text, "Hypotheses", hypotheses.collect());
    section(&mut text, "Code concerned", investigation.relevant_context().into_iter().map(str::to_owned).collect());
    section(&mut text, "Issues found", investigation.issues().into_iter().map(issue_in_words).collect());
    text
}

fn section(text: &mut String, title: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        let _ = write!(text, "\n\n## {title}\n- {}", lines.join("\n- "));
    }
}
