//! Long calls of clients that can follow a task (2026-07-28).

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{calling, stateless};
use crate::support::chat;
use crate::support::place::Place;
use crate::support::process::{ToolReply, Zen};
use crate::support::soon;

fn tasks() -> Value {
    json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } })
}

fn about(task: &str) -> Value {
    stateless(json!({ "taskId": task }), tasks())
}

/// A call that waits for its model becomes a task at once here.
async fn begun(rehearsal: &Rehearsal) -> (Zen, String) {
    let place = Place::with(rehearsal).set("tools.progress_interval", "20ms");
    let mut zen = place.stdio();
    let call = zen.send("tools/call", stateless(calling(chat("Take your time")), tasks())).await;
    soon("a request", rehearsal.next_request()).await;
    let created = zen.reply(call).await["result"].clone();
    assert_eq!((&created["resultType"], &created["status"]), (&json!("task"), &json!("working")), "{created}");
    assert!(created["ttlMs"].is_u64() && created["pollIntervalMs"].is_u64() && created.get("result").is_none());
    (zen, created["taskId"].as_str().unwrap().to_owned())
}

/// Asks until the task has ended. Each question is a round trip, so it does not spin.
async fn ended(zen: &mut Zen, task: &str) -> Value {
    let asking = async {
        loop {
            let state = zen.request("tasks/get", about(task)).await["result"].clone();
            if state["status"] != "working" {
                return state;
            }
        }
    };
    soon("the task to end", asking).await
}

#[tokio::test]
async fn a_long_call_goes_on_as_a_task_and_its_result_is_fetched() {
    let rehearsal = Rehearsal::start([Scene::reply("At last.").hold()]).unwrap();
    let (mut zen, task) = begun(&rehearsal).await;
    let working = zen.request("tasks/get", about(&task)).await["result"].clone();
    assert_eq!((&working["status"], &working["resultType"]), (&json!("working"), &json!("complete")));
    rehearsal.release_one();
    let done = ended(&mut zen, &task).await;
    assert_eq!(done["status"], "completed", "{done}");
    let reply = ToolReply::of(&done);
    assert!(reply.content().starts_with("At last.") && reply.remaining_turns() == 19);
    // It can be fetched again, and giving up what has ended changes nothing.
    assert_eq!(zen.request("tasks/cancel", about(&task)).await["result"]["resultType"], "complete");
    assert_eq!(ended(&mut zen, &task).await["result"], done["result"]);
}

#[tokio::test]
async fn a_task_that_is_given_up_is_closed_upstream() {
    let rehearsal = Rehearsal::start([Scene::reply("Never.").hold()]).unwrap();
    let (mut zen, task) = begun(&rehearsal).await;
    let acknowledged = zen.request("tasks/cancel", about(&task)).await["result"].clone();
    assert!(acknowledged.get("taskId").is_none() && acknowledged["resultType"] == "complete", "{acknowledged}");
    soon("the connection to be closed", rehearsal.next_disconnect()).await;
    let state = ended(&mut zen, &task).await;
    assert_eq!((&state["status"], state.get("result")), (&json!("cancelled"), None));
}

#[tokio::test]
async fn who_does_not_follow_tasks_waits_for_the_call_and_cannot_ask_for_one() {
    let rehearsal = Rehearsal::start([Scene::reply("Here.").hold()]).unwrap();
    let place = Place::with(&rehearsal).set("tools.progress_interval", "20ms");
    let mut zen = place.stdio();
    let mut params = stateless(calling(chat("Take your time")), json!({}));
    params["_meta"]["progressToken"] = json!("p");
    let call = zen.send("tools/call", params).await;
    super::heard(&mut zen, "progress", super::has_method("notifications/progress")).await;
    rehearsal.release_one();
    assert_eq!(zen.reply(call).await["result"]["resultType"], "complete");

    for method in ["tasks/get", "tasks/update", "tasks/cancel"] {
        let params = stateless(json!({ "taskId": "some" }), json!({}));
        let refused = zen.request(method, params).await["error"].clone();
        assert_eq!(refused["code"], -32021, "{refused}");
        assert_eq!(refused["data"]["requiredCapabilities"], tasks());
        let unknown = zen.request(method, about("0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001")).await;
        assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    }
    let discovered = zen.request("server/discover", stateless(json!({}), json!({}))).await;
    assert!(discovered["result"]["capabilities"]["extensions"].get("io.modelcontextprotocol/tasks").is_some());
    let initialized = zen.initialize("2025-11-25").await;
    assert!(initialized["result"]["capabilities"].get("extensions").is_none());
    let older = zen.request("tasks/get", json!({ "taskId": "some" })).await;
    assert_eq!(older["error"]["code"], -32601);
}
