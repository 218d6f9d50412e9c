//! `analyze`: an assessment of a code base as a whole, completed by an expert.

use super::engine::Workflow;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, files_at_first};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::Shape;

const FIELDS: [Field; 18] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::FILES_TO_JUDGE,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE,
        Field::choice(
            "analysis_type",
            &["architecture", "performance", "security", "quality", "general"],
            "general",
            "",
        ),
        Field::choice("output_format", &["summary", "detailed", "actionable"], "detailed", ""),
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

const REVIEW_INSTEAD: Shape = Shape {
    status: "full_codereview_required",
    members: &[Field::optional("important", Kind::Text, ""), Field::required("reason", Kind::Text, "")],
};

pub static ANALYZE: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "analyze",
        title: "Analyze",
        description: "Assess architecture, patterns, scaling and debt of code by steps; then an expert model completes the picture.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_analysis",
        done: "analysis_complete",
        status: "analysis_status",
        summary: Some("complete_analysis"),
        required: "analyze_required",
        complete: &["analysis_complete"],
    },
    expert: Some(Expert {
        request: "Validate this analysis of a code base, and complete it with the insights that matter most.",
        skips: Skips::Never,
        skip_reason: "",
        asks: Asks::OnAnyFinding,
        shapes: &[REVIEW_INSTEAD],
    }),
    changes: None,
    check: files_at_first,
    actions,
    conclusion: "Present the insights by weight: what the code base does well, what will hurt, and what to do about it, in \
                 proportion.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    match at.number {
        1 => &[
            "Read the code and map its stack and architecture",
            "Identify the main components and what each is responsible for",
            "Follow the central logic, and name the patterns in use",
            "Note strengths and risks as they show",
        ],
        number if number < at.total => &[
            "Examine the patterns in depth: where they hold and where they break",
            "Judge how it scales and how well it can be maintained",
            "Judge its posture in security, and where it is over-engineered",
            "Compare it with the goals it has to serve",
        ],
        _ => &[
            "Verify that no important part was passed over",
            "Bring the recommendations into proportion to their effect",
        ],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let status = &mut reply.members[ANALYZE.0.names.status];
    status["insights_by_severity"] = investigation.issues_by("severity").into();
    status["analysis_confidence"] = investigation.confidence().into();
}
