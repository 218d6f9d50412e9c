//! Tools that ask no model: planner, docgen, tracer.

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use super::{after, step, with};
use crate::support::assert_in_order;
use crate::support::place::Place;
use crate::support::process::{ToolReply, Zen};

async fn connected() -> (Rehearsal, Zen) {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let zen = Place::with(&rehearsal).connected().await;
    (rehearsal, zen)
}

fn plan(number: u32, total: u32, said: &str) -> serde_json::Value {
    json!({ "step": said, "step_number": number, "total_steps": total, "next_step_required": number < total })
}

#[tokio::test]
async fn a_plan_grows_by_steps_revisions_and_branches_and_ends_whole() {
    let (rehearsal, mut zen) = connected().await;
    let first = zen.call("planner", plan(1, 5, "Move to the new store")).await;
    assert_eq!(first.status(), "pause_for_deep_thinking");
    assert!(first.json()["required_thinking"].as_array().unwrap().len() >= 3);
    let branch = json!({ "is_branch_point": true, "branch_from_step": 1, "branch_id": "big-bang" });
    let second = zen.call("planner", after(&first, with(plan(2, 5, "All at once"), branch))).await;
    assert_eq!((second.metadata("branches"), second.metadata("branch_id")), (json!(["big-bang"]), json!("big-bang")));
    let branch = json!({ "is_branch_point": true, "branch_from_step": 1, "branch_id": "strangler" });
    let third = zen.call("planner", after(&first, with(plan(3, 6, "Piece by piece"), branch))).await;
    assert_eq!(third.metadata("branches"), json!(["big-bang", "strangler"]));
    let revision = json!({ "is_step_revision": true, "revises_step_number": 2 });
    let fourth = zen.call("planner", after(&first, with(plan(4, 6, "Not at once after all"), revision))).await;
    assert_eq!((fourth.status().as_str(), fourth.metadata("revises_step_number")), ("pause_for_planning", json!(2)));
    assert!(fourth.json()["next_steps"].as_str().unwrap().contains("About 2 steps remain"));
    assert_eq!(fourth.metadata("branch_id"), json!(null), "a branch is a step's own");
    zen.call("planner", after(&first, plan(5, 6, "Test"))).await;
    let last = zen.call("planner", after(&first, plan(6, 6, "Switch"))).await;
    let said = last.json();
    assert_eq!(
        (last.status().as_str(), &said["planning_complete"], &said["planner_complete"]),
        ("planning_complete", &json!(true), &json!(true))
    );
    assert_eq!(said["plan_summary"], "COMPLETE PLAN: Switch (Total 6 steps completed)");
    assert_eq!(
        (&said["planner_status"]["step_history_length"], &said["output"]["format"]),
        (&json!(6), &json!("step_by_step_planning"))
    );

    let other = zen.call("planner", plan(1, 2, "Another plan")).await;
    assert_eq!((other.metadata("branches"), other.metadata("step_history_length")), (json!([]), json!(1)));
    let lost =
        with(plan(2, 5, "x"), json!({ "is_step_revision": true, "is_branch_point": true, "branch_from_step": 9 }));
    let refused = zen.call("planner", after(&first, lost)).await;
    for named in ["`revises_step_number` is missing", "`branch_from_step` is 9", "`branch_id` is missing"] {
        assert!(refused.is_error && refused.json()["error"].as_str().unwrap().contains(named), "{refused:?}");
    }
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn a_new_plan_in_the_thread_of_a_completed_one_is_told_what_that_was() {
    let (_rehearsal, mut zen) = connected().await;
    let context = |reply: &ToolReply| reply.json()["previous_plan_context"].as_str().unwrap_or_default().to_owned();
    let first = zen.call("planner", plan(1, 3, "Move the store")).await;
    zen.call("planner", after(&first, plan(2, 3, "All at once"))).await;
    // While it is not completed there is nothing to build on.
    let early = zen.call("planner", after(&first, plan(1, 3, "Move the store, slowly"))).await;
    assert!(early.json().get("previous_plan_context").is_none(), "{early:?}");
    let branch = json!({ "is_branch_point": true, "branch_from_step": 1, "branch_id": "strangler" });
    zen.call("planner", after(&first, with(plan(2, 3, "Piece by piece"), branch))).await;
    let done = zen.call("planner", after(&first, plan(3, 3, "Switch over"))).await;
    assert_eq!((done.status().as_str(), context(&done)), ("planning_complete", String::new()));

    let next = zen.call("planner", after(&first, plan(1, 2, "Now the index"))).await;
    assert_eq!((super::thread(&next), next.metadata("step_history_length")), (super::thread(&first), json!(1)));
    assert_in_order(
        &context(&next),
        &["A plan of 3 steps", "1: Move the store, slowly", "2 (branch strangler): Piece by piece", "3: Switch over"],
    );
    assert!(!context(&next).contains("All at once"), "what was given up is no part of it: {next:?}");
    assert!(next.json()["next_steps"].as_str().unwrap().contains("Build on previous_plan_context"));
    let second = zen.call("planner", after(&first, plan(2, 3, "Build it beside the old one"))).await;
    assert_eq!(context(&second), "", "it is told once");

    // A chat between the plans changes nothing, and another thread is told nothing.
    zen.chat_on(&super::thread(&first), "What do you think?").await;
    let again = zen.call("planner", after(&first, plan(1, 2, "Now the index"))).await;
    assert!(context(&again).contains("3: Switch over"), "{again:?}");
    assert_eq!(context(&zen.call("planner", plan(1, 2, "Now the index")).await), "");
}

#[tokio::test]
async fn of_a_long_plan_a_new_one_is_told_the_last_steps_within_a_bound() {
    let (_rehearsal, mut zen) = connected().await;
    let said = |number| format!("step {number} begins. {}", "and so it goes on ".repeat(600));
    let first = zen.call("planner", plan(1, 40, &said(1))).await;
    for number in 2..=40 {
        zen.call("planner", after(&first, plan(number, 40, &said(number)))).await;
    }
    let next = zen.call("planner", after(&first, plan(1, 2, "Another one"))).await;
    let told = next.json()["previous_plan_context"].as_str().unwrap().to_owned();
    assert!(told.chars().count() < 6_500, "{}", told.len());
    assert_in_order(&told, &["A plan of 40 steps", "are left out here", "39: step 39 begins.", "40: step 40 begins."]);
    assert!(!told.contains("step 1 begins."), "{told}");
}

#[tokio::test]
async fn documentation_ends_only_when_every_file_is_done() {
    let (_rehearsal, mut zen) = connected().await;
    let document = |number, total, done: u32| {
        with(
            step(number, total, "Document", "found"),
            json!({
                "document_complexity": true, "document_flow": true, "update_existing": true,
                "comments_on_complex_logic": true, "num_files_documented": done, "total_files_to_document": 2,
            }),
        )
    };
    let first = zen.call("docgen", document(1, 3, 0)).await;
    assert_eq!(first.status(), "pause_for_documentation_analysis");
    let early = zen.call("docgen", after(&first, document(2, 2, 1))).await;
    assert_eq!(
        (early.status().as_str(), &early.json()["pause_for_docgen"]),
        ("documentation_analysis_required", &json!(true))
    );
    assert!(early.json()["next_steps"].as_str().unwrap().contains("1 of 2 files remain"), "{early:?}");
    assert!(early.json().get("documentation_analysis_complete").is_none());
    let done = zen.call("docgen", after(&first, document(3, 3, 2))).await;
    assert_eq!(done.status(), "documentation_analysis_complete");
    assert_eq!(done.json()["documentation_analysis_complete"], true);
}

#[tokio::test]
async fn a_trace_asks_for_its_mode_only_where_it_is_to_be_chosen() {
    let (_rehearsal, mut zen) = connected().await;
    let trace = |number, total, mode: &str| {
        with(step(number, total, "Trace it", "seen"), json!({ "target_description": "the writer", "trace_mode": mode }))
    };
    let asks = zen.call("tracer", trace(1, 3, "ask")).await;
    assert_eq!(
        (asks.status().as_str(), &asks.json()["mode_selection_required"]),
        ("mode_selection_required", &json!(true))
    );
    let first = zen.call("tracer", after(&asks, trace(1, 2, "dependencies"))).await;
    assert_eq!(first.status(), "pause_for_tracing");
    let last = zen.call("tracer", after(&first, trace(2, 2, "dependencies"))).await;
    let said = last.json();
    assert_eq!(
        (last.status().as_str(), &said["output"]["format"]),
        ("tracing_complete", &json!("dependencies_trace_analysis"))
    );
    assert_eq!((&said["tracer_complete"], &said["tracing_complete"]), (&json!(true), &json!(true)));
    assert!(said["output"]["rendering_instructions"].as_str().unwrap().contains("implements"));
}
