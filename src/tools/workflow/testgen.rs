//! `testgen`: the design of tests with edge and failure cases, written out by an expert.

use super::engine::Workflow;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips, files_at_first};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::Shape;

const FIELDS: [Field; 17] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::FILES_TO_JUDGE,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE_SKIPS,
        fields::HYPOTHESIS,
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

const SAMPLE_NEEDED: Shape =
    Shape { status: "test_sample_needed", members: &[Field::required("reason", Kind::Text, "")] };
const MORE_TESTS: Shape =
    Shape { status: "more_tests_required", members: &[Field::required("pending_tests", Kind::Text, "")] };

pub static TESTGEN: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "testgen",
        title: "Test generation",
        description: "Design tests by steps, with edge cases and ways to fail; then an expert model writes them out.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_test_analysis",
        done: "test_generation_complete_ready_for_implementation",
        status: "test_generation_status",
        summary: Some("complete_test_generation"),
        required: "testgen_required",
        complete: &["test_generation_complete"],
    },
    expert: Some(Expert {
        request: "Write the tests that these scenarios call for, and those that they lack.",
        skips: Skips::At("certain"),
        skip_reason: "skipped_due_to_certain_test_confidence",
        asks: Asks::OnEvidence,
        shapes: &[SAMPLE_NEEDED, MORE_TESTS],
    }),
    changes: None,
    check: files_at_first,
    actions,
    conclusion: "Write ALL scenarios as tests that run, in the project's framework and style, and run them.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    if at.number == 1 {
        return &[
            "Read the code that is to be tested, and its public interface",
            "Name the logic that must not break",
            "Look at how existing tests are written and run",
            "Find its dependencies, and what makes it hard to test",
        ];
    }
    match at.confidence {
        "exploring" | "low" => &[
            "List the behaviours and the paths through the code",
            "Find edge cases of every input",
            "Consider asynchronous work, state, and how errors are handled",
        ],
        "medium" | "high" => &[
            "Make sure the critical paths are covered",
            "Add boundaries, and for each behaviour both success and failure",
            "Add cases where several things happen at once",
        ],
        _ => &["Continue until every behaviour has its scenario"],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let status = &mut reply.members[TESTGEN.0.names.status];
    status["test_scenarios_identified"] = investigation.relevant_context().len().into();
    status["analysis_confidence"] = investigation.confidence().into();
}
