//! `precommit`: the check of changes before they are committed, verified by an expert unless it is internal.

use serde_json::Value;

use super::engine::changes::Wanted;
use super::engine::declaration::{Asks, Declaration, Expert, Names, Situation, Skips};
use super::engine::fields::{self, ASKING, STEP};
use super::engine::investigation::Investigation;
use super::engine::{Workflow, is_absolute};
use crate::tools::reply::step::StepReply;
use crate::tools::repository::Against;
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::FOCUSED_REVIEW;

const VALIDATION: &str = "precommit_type";

const FIELDS: [Field; 24] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::RELEVANT_FILES,
        fields::RELEVANT_CONTEXT,
        fields::ISSUES_FOUND,
        fields::CONFIDENCE,
        fields::HYPOTHESIS,
        Field::optional("path", Kind::Text, "Repository root, absolute; needed at step 1"),
        Field::optional("compare_to", Kind::Text, "Git ref, instead of uncommitted changes"),
        Field::flag("include_staged", true, ""),
        Field::flag("include_unstaged", true, ""),
        Field::optional("focus_on", Kind::Text, ""),
        fields::SEVERITY_FILTER,
        Field::choice(
            VALIDATION,
            &["external", "internal"],
            "external",
            "external: up to three steps, then an expert; internal: one step",
        ),
        fields::USE_EXPERT,
    ],
    &ASKING,
]);

pub static PRECOMMIT: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "precommit",
        title: "Pre-commit check",
        description: "Check git changes by steps before a commit: bugs, missing tests, unintended edits; then an expert model verifies.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_validation",
        done: "validation_complete_ready_for_commit",
        status: "validation_status",
        summary: Some("complete_validation"),
        required: "precommit_required",
        complete: &["validation_complete"],
    },
    expert: Some(Expert {
        request: "Judge this change, of which the agent's examination is before you, as the last gate before its commit.",
        skips: Skips::Where(VALIDATION, "internal"),
        skip_reason: "skipped_due_to_internal_analysis_type",
        asks: Asks::OnEvidenceOrContinued,
        shapes: &[FOCUSED_REVIEW],
    }),
    changes: Some(changes),
    check,
    actions,
    conclusion: "Present the result. If nothing critical was found, commit; otherwise give the fixes first.",
    tell,
});

fn changes(investigation: &Investigation<'_>) -> Option<Wanted> {
    let path = investigation.word("path");
    let flag = |name: &str| investigation.own.get(name).and_then(Value::as_bool).unwrap_or_default();
    let against = match investigation.word("compare_to").trim() {
        "" => [("include_staged", Against::Staged), ("include_unstaged", Against::Unstaged)]
            .into_iter()
            .filter_map(|(name, against)| flag(name).then_some(against))
            .collect(),
        reference => vec![Against::Reference(reference.to_owned())],
    };
    (!path.is_empty()).then(|| Wanted { path: path.to_owned(), against })
}

fn check(investigation: &Investigation<'_>) -> Vec<String> {
    match investigation.word("path") {
        "" if investigation.now().number() == 1 => {
            vec!["`path` is missing: step 1 must name the root of the repository".to_owned()]
        }
        path if !path.is_empty() && !is_absolute(path) => vec!["`path` must be an absolute path".to_owned()],
        _ => Vec::new(),
    }
}

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    let joins_a_conversation = at.continued && at.word(VALIDATION) == "external";
    match at.number {
        1 if joins_a_conversation => &[
            "Hold the changes that `repository` lists against the conversation so far",
            "Put untracked files that belong to the commit into relevant_files: the next step goes to the expert",
        ],
        _ if joins_a_conversation => &["End the check here, so that the expert can judge the changes"],
        1 => &[
            "Run git status and git diff yourself, and read each change that `repository` lists; look for further repositories \
             below path",
            "Name untracked files that belong to the commit in relevant_files: the expert is shown those and the diffs",
            "Work out what the changes are meant to do",
        ],
        2 => &[
            "Check the logic of each change",
            "Look for bugs, security holes and slowness that it brings in",
            "Compare it with the conventions of the project",
            "Find what tests and documents it lacks",
        ],
        _ => &[
            "Verify that the change is complete and nothing was left behind",
            "Check the dependencies that it adds or drops",
            "Make every remaining issue one that can be acted on",
        ],
    }
}

fn tell(investigation: &Investigation<'_>, reply: &mut StepReply) {
    let status = &mut reply.members[PRECOMMIT.0.names.status];
    status["issues_identified"] = investigation.issues().len().into();
    status[VALIDATION] = investigation.word(VALIDATION).into();
}
