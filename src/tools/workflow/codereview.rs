//! `codereview`: a review of code by steps, verified by an expert unless it is internal.

use super::engine::Workflow;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, files_at_first};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::FOCUSED_REVIEW;

const VALIDATION: &str = "review_validation_type";

const FIELDS: [Field; 22] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::FILES_TO_JUDGE,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE,
        fields::HYPOTHESIS,
        Field::choice(
            VALIDATION,
            &["external", "internal"],
            "external",
            "external: two steps, then an expert; internal: one step",
        ),
        Field::choice("review_type", &["full", "security", "performance", "quick"], "full", ""),
        Field::optional("focus_on", Kind::Text, ""),
        Field::optional("standards", Kind::Text, "To review against"),
        fields::SEVERITY_FILTER,
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

pub static CODEREVIEW: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "codereview",
        title: "Code review",
        description: "Review code by steps for bugs, security, performance, design; then an expert model verifies.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_code_review",
        done: "code_review_complete_ready_for_implementation",
        status: "code_review_status",
        summary: Some("complete_code_review"),
        required: "codereview_required",
        complete: &["code_review_complete"],
    },
    expert: Some(Expert {
        request: "Verify this code review against the code, and complete it.",
        skips: Skips::Where(VALIDATION, "internal"),
        skip_reason: "skipped_due_to_internal_analysis_type",
        asks: Asks::OnEvidenceOrContinued,
        shapes: &[FOCUSED_REVIEW],
    }),
    changes: None,
    check: files_at_first,
    actions,
    conclusion: "Present ALL findings of the review by severity, each with file:line and a concrete fix; then the three to mend \
                 first, and what is good.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    let joins_a_conversation = at.continued && at.word(VALIDATION) == "external";
    match at.number {
        1 if joins_a_conversation => &[
            "Get a quick view of the code in the light of the conversation so far",
            "Note critical issues and recurring patterns at once",
            "Summarise them for the expert: the next step concludes",
        ],
        _ if joins_a_conversation => &["Complete the review with what you have, and go on to the expert"],
        1 => &[
            "Read the files under review in full",
            "Understand structure, components, and the business logic behind them",
            "Note obvious bugs, security holes and slow paths",
            "Note code smells and parts that are hard to follow",
        ],
        2 => &[
            "Dig into the passages that looked suspicious",
            "Check authentication and the validation of every input",
            "Work out the cost of algorithms and queries as data grows",
            "Judge coupling, error handling, and machinery that earns nothing",
        ],
        _ => &[
            "Check that every issue has a severity and a place",
            "Look again for vulnerabilities that may have been missed",
            "Record what is done well",
            "Make sure the findings match the type of review, and that each can be acted on",
        ],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let status = &mut reply.members[CODEREVIEW.0.names.status];
    status["issues_by_severity"] = investigation.issues_by("severity").into();
    status[VALIDATION] = investigation.word(VALIDATION).into();
}
