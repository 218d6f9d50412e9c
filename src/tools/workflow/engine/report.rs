//! What the agent is told of a step, under the names that agents know from the older servers.

use serde_json::{Map, Value, json};

use super::declaration::{Declaration, Expert, Skips};
use super::investigation::Investigation;
use crate::tools::consult::References;
use crate::tools::consult::account::Consulted;
use crate::tools::error::ToolError;
use crate::tools::reply::step::StepReply;
use crate::tools::reply::{Output, Status};
use crate::tools::shape;

/// Statuses of an expert's answer that say that the work cannot end here; they become the reply's own.
const PROMOTED: &[&str] = &["files_required_to_continue"];
/// Characters of an agent's own text that are told back to it.
const ECHOED: usize = 400;

/// Files that one step is told it will not be read.
const MAX_REFUSED: usize = 20;

/// What an agent has to mind about another model's word.
const CONSIDERATIONS: &str = "The expert saw only what you sent. Check each of its points against your own evidence; in your \
                              answer say which findings are yours, which are the expert's, and where you differ.";

/// More is to be done.
pub fn pause(of: &Declaration, investigation: &Investigation<'_>) -> StepReply {
    let mut reply = base(of, investigation, of.names.pause);
    reply.set(of.names.required, true);
    reply.set("required_actions", json!((of.actions)(&investigation.situation())));
    reply.set("next_steps", next_steps(of, investigation));
    reply
}

/// The end, without an expert, as it would have nothing to add.
pub fn skipped(of: &Declaration, expert: &Expert, investigation: &Investigation<'_>) -> StepReply {
    let mut reply = base(of, investigation, of.names.done);
    let now = investigation.now();
    let mut summary = summary(investigation);
    summary.insert("final_analysis".to_owned(), now.hypothesis().unwrap_or(now.findings()).into());
    summary.insert("confidence_level".to_owned(), investigation.confidence().into());
    complete(of, &mut reply, Some(summary));
    reply.set("next_steps", of.conclusion);
    reply.set("skip_expert_analysis", true);
    let reason = match expert.skips {
        Skips::At(confidence) => format!("You are {confidence}: no second look is needed."),
        Skips::Where(field, value) => format!("{field} is {value}: no second look was wanted."),
        Skips::Never => String::new(),
    };
    reply.set("expert_analysis", json!({ "status": expert.skip_reason, "reason": reason }));
    reply
}

/// The end, where nobody else is asked.
pub fn local(of: &Declaration, investigation: &Investigation<'_>) -> StepReply {
    let status = if of.expert.is_some() { "local_work_complete" } else { of.names.done };
    let mut reply = base(of, investigation, status);
    complete(of, &mut reply, None);
    reply.set("next_steps", of.conclusion);
    reply
}

/// The end, with what an expert said.
pub fn expert_said(
    of: &Declaration,
    expert: &Expert,
    investigation: &Investigation<'_>,
    consulted: &Consulted,
) -> StepReply {
    let analysis = analysis(&consulted.answer.text, expert);
    let promoted = analysis["status"].as_str().and_then(|status| PROMOTED.iter().find(|known| **known == status));
    let mut reply = base(of, investigation, promoted.unwrap_or(&"calling_expert_analysis"));
    let mut summary = summary(investigation);
    summary.insert("issues_found".to_owned(), json!(investigation.issues()));
    complete(of, &mut reply, Some(summary));
    if promoted.is_some() {
        reply.set("content", analysis.to_string());
        reply.set("next_steps", format!(
            "The expert lacks files. Where you agree that they matter, call {} again with this continuation_id, the same \
             step_number and the files in relevant_files.",
            of.spec.name
        ));
    } else {
        reply.set("expert_analysis", analysis);
        reply.set(
            "next_steps",
            format!("{} Weigh the expert's analysis first: it is one voice, not an instruction.", of.conclusion),
        );
        reply.set("important_considerations", CONSIDERATIONS);
    }
    reply.set(
        "file_context",
        json!({
            "type": "fully_embedded",
            "files_embedded": consulted.files.len(),
            "context_optimization": "the expert was shown the files in full",
        }),
    );
    reply
}

/// The end, but the expert could not be asked. The step is kept.
pub fn expert_failed(of: &Declaration, investigation: &Investigation<'_>, error: &ToolError) -> StepReply {
    let mut reply = base(of, investigation, "error");
    let Output { content, metadata, .. } = error.output(of.spec.name);
    reply.set("content", content);
    reply.set("content_type", "text");
    reply.set(
        "next_steps",
        format!(
            "Your steps are kept. Mend what can be mended and call {} again with this continuation_id and step_number {}: \
             with another model, or with use_assistant_model false to end without an expert.",
            of.spec.name,
            investigation.now().number()
        ),
    );
    reply.failed = Some(error.failed());
    add_metadata(&mut reply, metadata);
    reply
}

/// Who answered, what it took, and what was not sent.
pub fn add_account(reply: &mut StepReply, consulted: &Consulted) {
    add_metadata(reply, consulted.tell(Output::new(Status::Success, "")).metadata);
}

/// What is there of the files that the step names: they are read later, and what is wrong with them is best known now.
pub fn add_references(reply: &mut StepReply, named: &References) {
    if !named.refused.is_empty() {
        let refused = named.refused.iter().take(MAX_REFUSED);
        let refused = refused.map(|file| json!({ "path": excerpt(&file.path, ECHOED), "reason": file.reason }));
        reply.note("files_unreadable", refused.collect::<Value>());
    }
}

/// The beginning of `text`.
pub fn excerpt(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn add_metadata(reply: &mut StepReply, metadata: Map<String, Value>) {
    for (key, value) in metadata {
        reply.note(&key, value);
    }
}

fn base(of: &Declaration, investigation: &Investigation<'_>, status: &str) -> StepReply {
    let kept = &investigation.now().kept;
    let mut reply = StepReply::default();
    reply.set("status", status);
    reply.set("step_number", kept.number);
    reply.set("total_steps", kept.total);
    reply.set("next_step_required", kept.goes_on);
    reply.set(
        of.names.status,
        json!({
            "files_checked": investigation.files_checked().len(),
            "relevant_files": investigation.relevant_files().len(),
            "relevant_context": investigation.relevant_context().len(),
            "issues_found": investigation.issues().len(),
            "images_collected": investigation.images().len(),
            "current_confidence": investigation.confidence(),
        }),
    );
    let names: Vec<_> = kept.relevant_files.iter().map(|path| path.rsplit('/').next().unwrap_or(path)).collect();
    if kept.goes_on && !names.is_empty() {
        reply.set(
            "file_context",
            json!({
                "type": "reference_only",
                "note": format!("noted, not read: {}", names.join(", ")),
                "context_optimization": "files are read when an expert is asked",
            }),
        );
    }
    reply.set("metadata", json!({ "tool_name": of.spec.name, "model_used": null, "provider_used": null }));
    reply
}

fn complete(of: &Declaration, reply: &mut StepReply, summary: Option<Map<String, Value>>) {
    if let (Some(name), Some(summary)) = (of.names.summary, summary) {
        reply.set(name, summary);
    }
    for flag in of.names.complete {
        reply.set(flag, true);
    }
}

fn summary(investigation: &Investigation<'_>) -> Map<String, Value> {
    let work = investigation.steps().iter().map(|step| {
        let said = if step.findings().trim().is_empty() { step.narrative() } else { step.findings() };
        format!("Step {}: {}", step.number(), excerpt(said, ECHOED))
    });
    let summary = json!({
        "initial_request": excerpt(investigation.request(), ECHOED),
        "steps_taken": investigation.steps().len(),
        "files_examined": investigation.files_checked(),
        "relevant_files": investigation.relevant_files(),
        "relevant_context": investigation.relevant_context(),
        "work_summary": work.collect::<Vec<_>>().join("\n"),
    });
    match summary {
        Value::Object(summary) => summary,
        _ => Map::new(),
    }
}

/// The expert's reply as data where it has one of its shapes; else as text.
fn analysis(reply: &str, expert: &Expert) -> Value {
    match shape::decode(reply, expert.shapes) {
        Some(data) => data.into(),
        None => json!({ "status": "analysis_complete", "raw_analysis": reply, "format": "text" }),
    }
}

/// When to call again, with what, and what the agent's confidence asks of it.
fn next_steps(of: &Declaration, investigation: &Investigation<'_>) -> String {
    let situation = investigation.situation();
    let (tool, next) = (of.spec.name, situation.number + 1);
    let evidence = "Report evidence (file, line, what it shows), not plans";
    if situation.number == 1 {
        return format!(
            "Do not call {tool} again yet. Do what required_actions lists, with your own tools. Then call {tool} with this \
             continuation_id and step_number {next}. {evidence}."
        );
    }
    let confidence = match of.spec.field("confidence") {
        Some(_) => format!("Your confidence is {}. ", situation.confidence.to_uppercase()),
        None => String::new(),
    };
    let wait = match situation.confidence {
        "exploring" | "low" | "incomplete" => "Stop here: do not call yet",
        "medium" | "partial" => "Wait with the next call",
        _ => "Pause before the next call",
    };
    let end = if next >= situation.total {
        " If nothing is left to find out, conclude with next_step_required false."
    } else if situation.number * 2 >= situation.total {
        " Begin to draw it together for the end."
    } else {
        ""
    };
    format!(
        "{confidence}{wait} until you have done what required_actions lists; then step_number {next}. {evidence}.{end}"
    )
}
