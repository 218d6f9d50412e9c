//! `refactor`: the search for ways to make code easier to change, verified by an expert.

use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, files_at_first};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use super::engine::{Workflow, is_absolute};
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::{FOCUSED_REVIEW, Shape};

const FIELDS: [Field; 20] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::FILES_TO_JUDGE,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND.said("{severity, type, description}"),
        Field::choice(
            "confidence",
            &["exploring", "incomplete", "partial", "complete"],
            "incomplete",
            "complete: no expert",
        ),
        fields::HYPOTHESIS,
        Field::choice("refactor_type", &["codesmells", "decompose", "modernize", "organization"], "codesmells", ""),
        Field::optional("focus_areas", Kind::Texts, ""),
        Field::optional("style_guide_examples", Kind::Texts, "Absolute paths of code to follow"),
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

const REFACTORED: Shape = Shape {
    status: "refactor_analysis_complete",
    members: &[
        Field::required("refactor_opportunities", Kind::Objects, ""),
        Field::optional("priority_sequence", Kind::Texts, ""),
        Field::optional("next_actions", Kind::Objects, ""),
        Field::optional("more_refactor_required", Kind::Flag, ""),
        Field::optional("continuation_message", Kind::Text, ""),
    ],
};

pub static REFACTOR: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "refactor",
        title: "Refactor",
        description: "Find refactorings by steps: smells, decomposition, modernisation, organisation; then an expert model verifies.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_refactoring_analysis",
        done: "refactoring_analysis_complete_ready_for_implementation",
        status: "refactoring_status",
        summary: Some("complete_refactoring"),
        required: "refactor_required",
        complete: &["refactoring_complete"],
    },
    expert: Some(Expert {
        request: "Verify these refactoring opportunities against the code, and complete them.",
        skips: Skips::At("complete"),
        skip_reason: "skipped_due_to_complete_refactoring_confidence",
        asks: Asks::OnEvidence,
        shapes: &[REFACTORED, FOCUSED_REVIEW],
    }),
    changes: None,
    check,
    actions,
    conclusion: "Present ALL opportunities in order of priority, each with file:line and the change to make; say what stays as it \
                 is, and offer to begin.",
    tell,
});

fn check(investigation: &Investigation<'_>) -> Vec<String> {
    let mut problems = files_at_first(investigation);
    let examples = investigation.own.get("style_guide_examples").and_then(|paths| paths.as_array());
    if examples.into_iter().flatten().filter_map(|path| path.as_str()).any(|path| !is_absolute(path)) {
        problems.push("`style_guide_examples` must hold absolute paths".to_owned());
    }
    problems
}

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    match (at.number, at.confidence) {
        (1, _) => &[
            "Read the code to be refactored",
            "Look for smells: duplication, long functions, unclear names, tangled conditions",
            "Look for what should be taken apart, and along which seam",
            "Look for outdated constructs, and for code that stands in the wrong place",
            "Document each opportunity with its lines",
        ],
        (_, "exploring" | "incomplete") => &[
            "Work each opportunity out in detail",
            "Find what depends on the code that would change",
            "Order them by gain and risk",
        ],
        (_, "partial") => &[
            "Make sure no opportunity was missed in the files named",
            "Verify for each that behaviour and public interface are preserved",
        ],
        _ => &["The list is complete: conclude, or lower the confidence if anything is unverified"],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let status = &mut reply.members[REFACTOR.0.names.status];
    status["opportunities_by_type"] = investigation.issues_by("type").into();
    status["refactor_confidence"] = investigation.confidence().into();
}
