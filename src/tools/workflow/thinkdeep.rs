//! `thinkdeep`: staged reasoning on a hard problem, which an expert tests and extends.

use serde_json::json;

use super::engine::Workflow;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, nothing_wrong};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};

const FIELDS: [Field; 19] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::RELEVANT_FILES,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE_SKIPS,
        fields::HYPOTHESIS,
        Field::optional("problem_context", Kind::Text, ""),
        Field::optional("focus_areas", Kind::Texts, ""),
        fields::USE_EXPERT_IGNORED,
    ],
    &ASKING,
]);

pub static THINKDEEP: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "thinkdeep",
        title: "Deep thinking",
        description: "Think a hard problem through by steps: architecture, performance, complex bugs; then an expert model tests it.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_thinkdeep",
        done: "deep_thinking_complete_ready_for_implementation",
        status: "thinkdeep_status",
        summary: Some("complete_thinkdeep"),
        required: "thinkdeep_required",
        complete: &["thinkdeep_complete", "thinking_complete"],
    },
    expert: Some(Expert {
        request: "Test, deepen and extend this thinking.",
        skips: Skips::At("certain"),
        skip_reason: "skipped_due_to_certain_thinking_confidence",
        asks: Asks::Always,
        shapes: &[],
    }),
    changes: None,
    check: nothing_wrong,
    actions,
    conclusion: "Present what you have come to: the answer, what it rests on, the alternatives and why they fall behind, the \
                 risks, and the steps to take.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    if at.number == 1 {
        return &[
            "Set out the problem and its parts, and begin to analyse them in order",
            "List the assumptions you make, and how each could be checked",
            "Choose an approach, and say why it is the one to begin with",
        ];
    }
    match at.confidence {
        "low" => &[
            "Gather evidence for and against your present view",
            "Test each hypothesis by what would have to be true if it held",
            "Look at alternatives that you have not considered",
        ],
        "medium" => &[
            "Carry the promising approaches through to their consequences",
            "Validate the assumptions on which the approach stands or falls",
            "Find what will be difficult when it is implemented",
        ],
        "high" => &["Refine the solution, and try it on edge cases", "Weigh its trade-offs against the next best one"],
        "very_high" => &[
            "Draw all insights together into one position",
            "Write down how to implement it, in order, with what to watch",
        ],
        "almost_certain" => {
            &["Put the conclusion into its final form", "Say what remains uncertain, and how much it matters"]
        }
        _ => &["Your thinking is ready to be concluded: state it so that another mind can test it"],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let kept = &investigation.now().kept;
    let focus = investigation.own.get("focus_areas").cloned().unwrap_or_else(|| json!(["general"]));
    reply.set(
        "thinking_status",
        json!({
            "current_step": kept.number,
            "total_steps": kept.total,
            "files_checked": kept.files_checked.len(),
            "relevant_files": kept.relevant_files.len(),
            "thinking_confidence": investigation.confidence(),
            "analysis_focus": focus,
        }),
    );
    if kept.goes_on {
        return;
    }
    let findings: Vec<_> =
        investigation.steps().iter().map(|step| step.findings()).filter(|said| !said.is_empty()).collect();
    reply.set(
        "complete_thinking",
        json!({
            "steps_completed": investigation.steps().len(),
            "final_confidence": investigation.confidence(),
            "relevant_context": investigation.relevant_context(),
            "key_findings": findings,
            "issues_identified": investigation.issues(),
            "files_analyzed": investigation.relevant_files(),
        }),
    );
    reply.set("completion_message", THINKDEEP.0.conclusion);
}
