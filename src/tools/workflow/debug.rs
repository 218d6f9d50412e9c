//! `debug`: the search for a root cause by evidence and hypotheses, validated by an expert.

use super::engine::Workflow;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, nothing_wrong};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::Shape;

const FIELDS: [Field; 17] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::RELEVANT_FILES,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE_SKIPS,
        fields::HYPOTHESIS,
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

const FOUND: Shape = Shape {
    status: "analysis_complete",
    members: &[
        Field::required("summary", Kind::Text, ""),
        Field::optional("investigation_steps", Kind::Texts, ""),
        Field::required("hypotheses", Kind::Objects, ""),
        Field::optional("key_findings", Kind::Texts, ""),
        Field::optional("immediate_actions", Kind::Texts, ""),
        Field::optional("recommended_tools", Kind::Texts, ""),
        Field::optional("prevention_strategy", Kind::Text, ""),
        Field::optional("investigation_summary", Kind::Text, ""),
    ],
};

const NO_BUG: Shape = Shape {
    status: "no_bug_found",
    members: &[
        Field::required("summary", Kind::Text, ""),
        Field::optional("investigation_steps", Kind::Texts, ""),
        Field::optional("areas_examined", Kind::Texts, ""),
        Field::optional("confidence_level", Kind::Text, ""),
        Field::optional("alternative_explanations", Kind::Texts, ""),
        Field::optional("recommended_questions", Kind::Texts, ""),
        Field::optional("next_steps", Kind::Texts, ""),
    ],
};

pub static DEBUG: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "debug",
        title: "Debug",
        description: "Find a root cause by steps of evidence and hypotheses; \"no bug\" is a valid end. Then an expert model validates.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_investigation",
        done: "certain_confidence_proceed_with_fix",
        status: "investigation_status",
        summary: Some("complete_investigation"),
        required: "investigation_required",
        complete: &["investigation_complete"],
    },
    expert: Some(Expert {
        request: "Validate this investigation of a problem: find the root cause, or the gap in the reasoning. Where the agent \
                  is almost certain, look for what it has overlooked and help it to finish.",
        skips: Skips::At("certain"),
        skip_reason: "skipped_due_to_certain_confidence",
        asks: Asks::OnEvidence,
        shapes: &[FOUND, NO_BUG],
    }),
    changes: None,
    check: nothing_wrong,
    actions,
    conclusion: "Present the root cause with file:line, the chain of calls that leads to it, the smallest fix, and how to show \
                 that it works; or, if there is no bug, what explains the report.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    if at.number == 1 {
        return &[
            "Search for the code that the symptom touches",
            "Read its implementation, and what calls it",
            "Understand the structure around it, and what it is meant to do",
        ];
    }
    match at.confidence {
        "exploring" | "low" => &[
            "Examine the files you have identified closely",
            "Trace calls and the flow of data through them",
            "Try edge cases, and look at configuration and environment",
        ],
        "medium" | "high" | "very_high" => &[
            "Go to the exact lines under suspicion",
            "Follow the path of execution up to the failure",
            "Verify the hypothesis by evidence that could refute it",
            "Look for the same pattern elsewhere",
        ],
        "almost_certain" => &[
            "Close the chain from cause to symptom without a gap",
            "Name the smallest fix, and what it might break",
            "Consider what an expert could still see in it",
        ],
        _ => &["Go on collecting evidence until the cause is proven or excluded"],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    reply.members[DEBUG.0.names.status]["hypotheses_formed"] = investigation.hypotheses().count().into();
}
