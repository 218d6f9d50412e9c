//! `tracer`: leads an agent through tracing a flow of calls, or the dependencies of code. No model is asked.

use serde_json::json;

use super::engine::Workflow;
use super::engine::declaration::{Declaration, Names, Situation, nothing_wrong};
use super::engine::fields::{self, STEP};
use super::engine::investigation::Investigation;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};

const MODE: &str = "trace_mode";

const FIELDS: [Field; 15] = join(&[
    &STEP,
    &[
        fields::FILES_CHECKED,
        fields::RELEVANT_FILES.said(""),
        fields::RELEVANT_CONTEXT,
        fields::CONFIDENCE,
        Field::required("target_description", Kind::Text, "What to trace and why"),
        Field::required(
            MODE,
            Kind::Choice(&["precision", "dependencies", "ask"]),
            "precision: calls; dependencies: structure; ask: the user chooses",
        ),
        fields::USE_EXPERT_IGNORED,
        Field::CONTINUATION_ID,
        Field::IMAGES.said(""),
        Field::MODEL,
    ],
]);

pub static TRACER: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "tracer",
        title: "Tracer",
        description: "Trace the call flow or the dependencies of code yourself, by steps under guidance. No model is asked.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_tracing",
        done: "tracing_complete",
        status: "tracer_status",
        summary: None,
        required: "tracer_required",
        complete: &["tracer_complete", "tracing_complete"],
    },
    expert: None,
    changes: None,
    check: nothing_wrong,
    actions,
    conclusion: "Render the trace as output.rendering_instructions say. Use only names and lines that you have seen in the code.",
    tell,
});

/// The mode is still to be chosen by the person.
fn is_unchosen(mode: &str, number: u32) -> bool {
    mode == "ask" && number == 1
}

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    match (at.number, at.word(MODE)) {
        (number, mode) if is_unchosen(mode, number) => {
            &["Ask the user: precision (how calls flow) or dependencies (what hangs on what)?"]
        }
        (1, "precision") => &[
            "Find the target and read it with its signature",
            "Follow every call that it makes, in order, with file and line",
            "Note conditions, branches and side effects on the way",
        ],
        (1, _) => &[
            "Find the target and where it is declared",
            "List what it uses, and everything that uses it",
            "Note the types it inherits, implements or contains",
        ],
        (_, "precision") => &[
            "Follow the calls deeper until they leave the project",
            "Find the entry points and places of use that lead to the target",
            "Mark what cannot be decided by reading as ambiguous",
        ],
        _ => &[
            "Follow dependencies in both directions to the edge of the project",
            "Tell strong ties from loose ones, and look for cycles",
        ],
    }
}

fn rendering(mode: &str) -> &'static str {
    match mode {
        "precision" => {
            "A vertical call flow, two spaces a level: `[Class::method] (file: path, line: n)`; `↓` for the next call, `→` for an \
             alternative, `? if condition`, `⚠️ ambiguous branch`. Then four views: a table of branches (Location, Condition, \
             Branches, Uncertain); side effects grouped as database, network, filesystem, state, memory; places of use; entry \
             points. Never invent a name or a line."
        }
        _ => {
            "A diagram in both directions: callers `←` on the left, [target] in the middle, callees `→` on the right, joined by \
             box-drawing lines. Then relations of types (`──implements──→`, `──extends──→`, `──contains──→`), and a table of \
             dependencies (Type, From/To, Method, File, Line). Never invent a name or a line."
        }
    }
}

fn tell(trace: &Investigation<'_>, reply: &mut StepReply) {
    let (kept, mode) = (&trace.now().kept, trace.word(MODE));
    let history = trace.steps().len();
    reply.set("step_content", trace.now().narrative());
    reply.members["tracer_status"]["step_history_length"] = history.into();
    reply.note(MODE, mode);
    reply.note("target_description", trace.word("target_description"));
    reply.note("step_history_length", history);
    if is_unchosen(mode, kept.number) {
        reply.set("status", "mode_selection_required");
        reply.set("mode_selection_required", true);
        reply.set(
            "next_steps",
            "Ask the user which mode is wanted; then call tracer with step_number 1 and that trace_mode.",
        );
    } else if !kept.goes_on {
        reply.set(
            "trace_summary",
            format!("TRACING COMPLETE: {} ({} steps)", trace.word("target_description"), kept.total),
        );
        reply.set(
            "output",
            json!({
                "instructions": "Render the trace from all steps.",
                "format": format!("{mode}_trace_analysis"),
                "rendering_instructions": rendering(mode),
                "presentation_guidelines": {
                    "completed_trace": "the diagram first, then the tables",
                    "step_content": "what was traced, with file and line",
                    "continuation": "the trace can be continued with this continuation_id",
                },
            }),
        );
    }
}
