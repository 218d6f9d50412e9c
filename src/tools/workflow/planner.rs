//! `planner`: builds a plan step by step, with revisions and branches. No model is asked.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::engine::Workflow;
use super::engine::declaration::{Declaration, Names, Situation};
use super::engine::fields::{STEP, USE_EXPERT_IGNORED};
use super::engine::investigation::Investigation;
use super::engine::report;
use super::engine::step::Step;
use crate::tools::reply::step::StepReply;
use crate::tools::schema::{Field, Kind, Spec, join};

/// From this many steps on a plan is thought over at its first steps.
const COMPLEX_FROM: u32 = 5;
const DEEP_STEPS: u32 = 3;

/// Characters of a step of an earlier plan that a new one is told, and of all its steps together.
const TOLD_OF_STEP: usize = 1_200;
const TOLD_OF_PLAN: usize = 6_000;
const TOLD_OF_BRANCH: usize = 60;

const FIELDS: [Field; 13] = join(&[
    &[STEP[0].said("This part of the plan"), STEP[1], STEP[2].said(""), STEP[3].said("")],
    &[
        Field::optional("is_step_revision", Kind::Flag, ""),
        Field::optional("revises_step_number", Kind::Whole(1, u32::MAX), ""),
        Field::optional("is_branch_point", Kind::Flag, ""),
        Field::optional("branch_from_step", Kind::Whole(1, u32::MAX), ""),
        Field::optional("branch_id", Kind::Text, ""),
        Field::optional("more_steps_needed", Kind::Flag, ""),
        USE_EXPERT_IGNORED,
        Field::CONTINUATION_ID,
        Field::MODEL,
    ],
]);

pub static PLANNER: Workflow = Workflow(&Declaration {
    spec: Spec {
        name: "planner",
        title: "Planner",
        description: "Break a complex task into a plan, one step a call, with revisions and branches. No model is asked.",
        read_only: true,
        fields: &FIELDS,
        closed: true,
    },
    names: Names {
        pause: "pause_for_planning",
        done: "planning_complete",
        status: "planner_status",
        summary: None,
        required: "planner_required",
        complete: &["planner_complete", "planning_complete"],
    },
    expert: None,
    changes: None,
    check,
    actions,
    conclusion: "Present the whole plan: headings, numbered steps, ASCII diagrams where they help. No emojis, and no estimates of \
                 time or cost unless they were asked for. Then offer to begin with the first step.",
    tell,
});

fn check(plan: &Investigation<'_>) -> Vec<String> {
    let now = plan.now();
    let own = &now.kept.own;
    let flag = |name: &str| own.get(name).and_then(Value::as_bool).unwrap_or_default();
    let mut problems = Vec::new();
    for (wanted, needed) in [("is_step_revision", "revises_step_number"), ("is_branch_point", "branch_from_step")] {
        match own.get(needed).and_then(Value::as_u64) {
            None if flag(wanted) => problems.push(format!("`{needed}` is missing: `{wanted}` needs it")),
            Some(step) if step > u64::from(now.number()) => {
                problems.push(format!("`{needed}` is {step}, but this is step {} of the plan", now.number()));
            }
            _ => {}
        }
    }
    if flag("is_branch_point") && !own.contains_key("branch_id") {
        problems.push("`branch_id` is missing: `is_branch_point` needs it".to_owned());
    }
    problems
}

fn actions(at: &Situation<'_>) -> &'static [&'static str] {
    match at.number {
        1 => &[
            "Fix the scope of the task and what counts as success",
            "Compare two or three approaches to it",
            "Note constraints, and who is concerned",
        ],
        2..=DEEP_STEPS if at.total >= COMPLEX_FROM => {
            &["Confirm the approach, or take another", "Divide the plan into phases, with what each depends on"]
        }
        _ => &["Refine the plan: close gaps, order the steps, make each one that can be done"],
    }
}

fn thinking(number: u32) -> &'static [&'static str] {
    match number {
        1 => &[
            "Scope: what belongs to it and what does not",
            "Two or three approaches, with what speaks for each",
            "Constraints, criteria of success, and risks",
        ],
        2 => &[
            "Is the approach still the right one?",
            "Three to five phases, their dependencies and what they need",
            "The critical path",
        ],
        _ => &[
            "What is missing, and where the plan would break",
            "How it adapts when something turns out otherwise",
            "The first actions; from here on plan in detail",
        ],
    }
}

fn tell(plan: &Investigation<'_>, reply: &mut StepReply) {
    let kept = &plan.now().kept;
    let history = plan.steps().len();
    reply.set("step_content", plan.now().narrative());
    let former = plan.former();
    if let Some(former) = &former {
        reply.set("previous_plan_context", in_words(former));
    }
    reply.members["planner_status"]["current_confidence"] = "planning".into();
    reply.members["planner_status"]["step_history_length"] = history.into();
    let branches: BTreeSet<&str> =
        plan.steps().iter().filter_map(|step| step.kept.own.get("branch_id").and_then(Value::as_str)).collect();
    reply.note("branches", json!(branches));
    reply.note("step_history_length", history);
    for name in FIELDS.iter().map(|field| field.name).filter(|name| super::engine::investigation::is_own(name)) {
        reply.note(name, kept.own.get(name).cloned().unwrap_or_default());
    }
    if !kept.goes_on {
        reply.set(
            "plan_summary",
            format!("COMPLETE PLAN: {} (Total {} steps completed)", plan.now().narrative(), kept.total),
        );
        reply.set(
            "output",
            json!({
                "instructions": "Show the person the plan as a whole, made from all steps.",
                "format": "step_by_step_planning",
                "presentation_guidelines": {
                    "completed_plans": "headings, numbered steps and sub-steps, ASCII diagrams; no emojis",
                    "step_content": "what is done, why there, and what it needs",
                    "continuation": "the plan can be continued with this continuation_id",
                },
            }),
        );
        return;
    }
    if kept.total >= COMPLEX_FROM && kept.number <= DEEP_STEPS {
        reply.set("status", "pause_for_deep_thinking");
        reply.set("thinking_required", true);
        reply.set("required_thinking", json!(thinking(kept.number)));
        reply.set(
            "next_steps",
            format!(
                "Do not call planner again yet. Think through required_thinking first; then step_number {}.",
                kept.number + 1
            ),
        );
    } else {
        let left = kept.total.saturating_sub(kept.number);
        let next = format!("Go on with step_number {}. About {left} steps remain.", kept.number + 1);
        reply.set("next_steps", next);
    }
    if former.is_some() {
        let next = reply.members.get("next_steps").and_then(Value::as_str).unwrap_or_default();
        reply.set(
            "next_steps",
            format!("{next} Build on previous_plan_context, or say where this plan departs from it."),
        );
    }
}

/// A completed plan, a paragraph a step. Where it is long its first steps are left out: the last ones say what became of
/// them.
fn in_words(plan: &[Step<'_>]) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut size = 0;
    for step in plan.iter().rev() {
        let said = format!("{}{}: {}", step.number(), place(step), report::excerpt(step.narrative(), TOLD_OF_STEP));
        size += said.chars().count();
        if size > TOLD_OF_PLAN && !told.is_empty() {
            break;
        }
        told.push(said);
    }
    let left_out = match plan.len() - told.len() {
        0 => String::new(),
        left_out => format!(" The first {left_out} are left out here; `listthreads` shows them."),
    };
    told.reverse();
    format!("A plan of {} steps was completed in this thread.{left_out}\n\n{}", plan.len(), told.join("\n\n"))
}

/// Where in its plan a step stands, beside its number.
fn place(step: &Step<'_>) -> String {
    let own = |name: &str| step.kept.own.get(name);
    match (own("branch_id").and_then(Value::as_str), own("revises_step_number").and_then(Value::as_u64)) {
        (Some(branch), _) => format!(" (branch {})", report::excerpt(branch, TOLD_OF_BRANCH)),
        (None, Some(revised)) => format!(" (instead of {revised})"),
        (None, None) => String::new(),
    }
}
