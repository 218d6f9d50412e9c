//! `docgen`: leads an agent through the documentation of code, file by file. No model is asked.

use serde_json::json;

use super::engine::Workflow;
use super::engine::declaration::{Declaration, Names, Situation, nothing_wrong};
use super::engine::fields::{self, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};

const DONE: &str = "num_files_documented";
const TOTAL: &str = "total_files_to_document";

const FIELDS: [Field; 16] = join(&[
    &STEP,
    &[
        Field::required("document_complexity", Kind::Flag, ""),
        Field::required("document_flow", Kind::Flag, ""),
        Field::required("update_existing", Kind::Flag, ""),
        Field::required("comments_on_complex_logic", Kind::Flag, ""),
        Field::required(DONE, Kind::Whole(0, u32::MAX), ""),
        Field::required(TOTAL, Kind::Whole(0, u32::MAX), ""),
        fields::RELEVANT_FILES.said(""),
        fields::RELEVANT_CONTEXT.said(""),
        fields::ISSUES_FOUND.said(""),
        fields::USE_EXPERT_IGNORED,
        Field::CONTINUATION_ID,
    ],
]);

pub static DOCGEN: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "docgen",
        title: "Documentation",
        description: "Document code yourself under guidance: step 1 lists files, each later step documents one. No model is asked.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_documentation_analysis",
        done: "documentation_analysis_complete",
        status: "documentation_analysis_status",
        summary: None,
        required: "documentation_analysis_required",
        complete: &["documentation_analysis_complete"],
    },
    expert: None,
    changes: None,
    check: nothing_wrong,
    actions,
    conclusion: "All files are documented. Summarise what was documented, file by file, and name any bug you came upon without \
                 mending it.",
    tell,
});

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    match at.number {
        1 => &[
            "Discover only: list the files to document and count them",
            "Find out the language and the style of documentation of each (/// in Rust, Swift, C++, C#; triple quotes in Python; \
             JSDoc in JavaScript and Java; // in Go)",
            "Report the count in total_files_to_document; document nothing yet",
        ],
        _ => &[
            "Document one file in full: every function and type, their parameters, results and errors",
            "Never change logic; if you find a bug, stop and ask the user",
            "Add one to num_files_documented only when the file is done, and go on to the next",
        ],
    }
}

fn count(investigation: &Investigation<'_>, field: &str) -> u64 {
    investigation.own.get(field).and_then(|count| count.as_u64()).unwrap_or_default()
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let (done, total) = (count(investigation, DONE), count(investigation, TOTAL));
    let asked = |field: &str| investigation.own.get(field).cloned().unwrap_or_default();
    reply.members[DOCGEN.0.names.status]["documentation_strategies"] = json!({
        "document_complexity": asked("document_complexity"),
        "document_flow": asked("document_flow"),
        "update_existing": asked("update_existing"),
        "comments_on_complex_logic": asked("comments_on_complex_logic"),
    });
    reply.members[DOCGEN.0.names.status][DONE] = done.into();
    reply.members[DOCGEN.0.names.status][TOTAL] = total.into();
    if !investigation.now().kept.goes_on && done < total {
        let left = total - done;
        reply.set("status", DOCGEN.0.names.required);
        reply.set("pause_for_docgen", true);
        reply.set(
            "next_steps",
            format!(
                "You may not finish: {left} of {total} files remain. Document the next one and call docgen with \
                 step_number {} and next_step_required true.",
                investigation.now().number() + 1
            ),
        );
        for flag in DOCGEN.0.names.complete {
            reply.members.shift_remove(*flag);
        }
    }
}
