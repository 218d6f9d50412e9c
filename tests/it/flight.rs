//! Calls in flight over `zen stdio`: they overlap, tell of their progress, can be taken back, and are bounded.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene, Script};

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{chat, soon};

/// A provider that holds every reply until it is released.
fn holding(answer: &str) -> Rehearsal {
    Rehearsal::start(Scene::reply(answer).hold()).unwrap()
}

#[tokio::test]
async fn progress_carries_the_clients_token_rises_and_ends_with_the_result() {
    let rehearsal = holding("done");
    let mut zen = Place::with(&rehearsal).set("tools.progress_interval", "20ms").connected().await;
    for token in [json!("my token"), json!(7)] {
        let params = json!({ "name": "chat", "arguments": chat("think"), "_meta": { "progressToken": token } });
        let id = zen.send("tools/call", params).await;
        let mut last = 0.0;
        for _ in 0..3 {
            let message = zen.next_message().await.unwrap();
            assert_eq!(message["method"], "notifications/progress", "{message}");
            assert_eq!(message["params"]["progressToken"], token);
            let progress = message["params"]["progress"].as_f64().unwrap();
            assert!(progress > last, "{message}");
            last = progress;
        }
        soon("the request", rehearsal.next_request()).await;
        rehearsal.release_one();
        assert!(!zen.called(id).await.is_error);
        zen.notifications.clear();
        // Another call, without a token, lasts until progress would have come again.
        let watched = json!({ "name": "chat", "arguments": chat("more"), "_meta": { "progressToken": "other" } });
        let other = zen.send("tools/call", watched).await;
        assert_eq!(zen.next_message().await.unwrap()["params"]["progressToken"], "other");
        assert_eq!(zen.next_message().await.unwrap()["params"]["progressToken"], "other");
        soon("the request", rehearsal.next_request()).await;
        rehearsal.release_one();
        zen.called(other).await;
        assert!(zen.notifications.iter().all(|one| one["params"]["progressToken"] == "other"));
    }
}

#[tokio::test]
async fn no_progress_is_told_to_a_client_that_did_not_ask() {
    let rehearsal = holding("done");
    let mut zen = Place::with(&rehearsal).set("tools.progress_interval", "10ms").connected().await;
    let silent = zen.send_call("chat", chat("one")).await;
    let params = json!({ "name": "chat", "arguments": chat("two"), "_meta": { "progressToken": "t" } });
    let told = zen.send("tools/call", params).await;
    for _ in 0..3 {
        assert_eq!(zen.next_message().await.unwrap()["params"]["progressToken"], "t");
    }
    rehearsal.release_all();
    zen.called(silent).await;
    zen.called(told).await;
}

#[tokio::test]
async fn a_cancelled_call_is_given_up_upstream_and_never_answered() {
    let rehearsal = holding("never");
    let mut zen = Place::with(&rehearsal).connected().await;
    let id = zen.send_call("chat", chat("think")).await;
    let asked = soon("the request", rehearsal.next_request()).await;
    zen.cancel(id).await;
    assert_eq!(soon("the disconnect", rehearsal.next_disconnect()).await.number, asked.number);
    zen.ping().await;
    // A second one for the same id finds nothing to do.
    zen.cancel(id).await;
    zen.ping().await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert!(!zen.has_reply(id));
}

#[tokio::test]
async fn a_call_is_cancelled_while_its_answer_streams() {
    let rehearsal = Rehearsal::start(Scene::reply("a b c d").hold_after(2)).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let id = zen.send_call("chat", chat("talk")).await;
    soon("the request", rehearsal.next_request()).await;
    zen.cancel(id).await;
    soon("the disconnect", rehearsal.next_disconnect()).await;
    zen.ping().await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert!(!zen.has_reply(id));
}

#[tokio::test]
async fn an_id_that_is_in_flight_is_refused_and_free_again_afterwards() {
    let rehearsal = holding("done");
    let mut zen = Place::with(&rehearsal).connected().await;
    let call = json!({ "jsonrpc": "2.0", "id": "x", "method": "tools/call", "params": { "name": "chat", "arguments": chat("one") } });
    zen.write_line(&call.to_string()).await;
    soon("the request", rehearsal.next_request()).await;
    let refused = zen.answer_to(&call.to_string()).await;
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!("x"), &json!(-32600)), "{refused}");
    rehearsal.release_all();
    let first = zen.next_message().await.unwrap();
    assert_eq!(first["id"], "x");
    assert!(!ToolReply::of(&first).is_error);
    let again = zen.answer_to(&call.to_string()).await;
    assert!(!ToolReply::of(&again).is_error, "{again}");
    assert_eq!(rehearsal.requests().len(), 2);
}

#[tokio::test]
async fn a_call_too_many_is_refused_and_one_that_ends_makes_room() {
    let rehearsal = holding("done");
    let mut zen = Place::with(&rehearsal).set("server.max_calls", 1).connected().await;
    let first = zen.send_call("chat", chat("one")).await;
    soon("the request", rehearsal.next_request()).await;
    let refused = zen.request("tools/call", json!({ "name": "version" })).await;
    assert_eq!(refused["error"]["code"], -31002, "{refused}");
    zen.ping().await;
    rehearsal.release_all();
    assert!(!zen.called(first).await.is_error);
    for _ in 0..200 {
        assert!(!zen.call("version", json!({})).await.is_error, "whoever has its reply has its place back");
    }
}

#[tokio::test]
async fn calls_end_in_the_order_of_their_answers() {
    let by_prompt = |request: &zen::rehearsal::Recorded| {
        let scene = Scene::reply(format!("answer to {}", request.last_user()));
        if request.last_user().contains("slow") { scene.hold() } else { scene }
    };
    let rehearsal = Rehearsal::start(Script::from(Scene::by(by_prompt))).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let slow = zen.send_call("chat", chat("slow")).await;
    soon("the request", rehearsal.next_request()).await;
    let quick = zen.chat("quick").await;
    assert!(quick.content().contains("answer to quick"), "{quick:?}");
    assert!(!zen.has_reply(slow));
    rehearsal.release_all();
    assert!(zen.called(slow).await.content().contains("answer to slow"));
}

#[tokio::test]
async fn two_chats_overlap_a_ping_passes_them_one_is_cancelled_and_the_other_answered() {
    let rehearsal = holding("the answer");
    let mut zen = Place::with(&rehearsal).connected().await;
    let given_up = zen.send_call("chat", chat("first")).await;
    let first = soon("the first request", rehearsal.next_request()).await;
    let wanted = zen.send_call("chat", chat("second")).await;
    let second = soon("the second request", rehearsal.next_request()).await;
    assert!(first.last_user().contains("first") && second.last_user().contains("second"));

    zen.ping().await;
    assert!(!zen.has_reply(given_up) && !zen.has_reply(wanted), "both are held");

    zen.cancel(given_up).await;
    assert_eq!(soon("the disconnect", rehearsal.next_disconnect()).await.number, first.number);
    rehearsal.release_all();
    assert!(zen.called(wanted).await.content().contains("the answer"));
    let threads: Value = zen.call("listmodels", json!({})).await.json();
    assert_eq!(threads["status"], "success");
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert!(!zen.has_reply(given_up));
}

/// The most memory that a process has had so far, where the system says so.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}

#[tokio::test]
async fn a_flood_costs_bounded_memory_and_everything_in_it_is_answered() {
    const CALLS: u64 = 10_000;
    let rehearsal = holding("done");
    let mut zen = Place::with(&rehearsal).connected().await;
    // A line of 100 MiB, of which no more is kept than a line may have.
    let piece = vec![b'x'; 1 << 20];
    zen.write(b"{\"jsonrpc\":\"2.0\",\"id\":\"long\",\"method\":\"").await;
    for _ in 0..100 {
        zen.write_unseen(&piece).await;
    }
    zen.write(b"\"}\n").await;
    assert_eq!(zen.next_message().await.unwrap()["error"]["code"], -32600);
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    zen.answer_to(&format!(r#"{{"jsonrpc":"2.0","id":"deep","method":"ping","params":{{"x":{deep}}}}}"#)).await;

    let mut waiting = Vec::new();
    let mut refused = 0;
    for _ in 0..CALLS / 100 {
        for _ in 0..100 {
            waiting.push(zen.send_call("chat", chat("think")).await);
        }
        // What is refused is refused at once, so that it can be read before more is asked.
        zen.ping().await;
        waiting.retain(|id| match zen.take_reply(*id) {
            None => true,
            Some(reply) => {
                assert_eq!(reply["error"]["code"], -31002, "{reply}");
                refused += 1;
                false
            }
        });
    }
    assert_eq!((waiting.len(), refused), (64, CALLS - 64));
    rehearsal.release_all();
    for id in waiting {
        assert!(!zen.called(id).await.is_error);
    }
    if let Some(peak) = peak_memory(zen.pid()) {
        assert!(peak < 300 << 20, "{} MiB", peak >> 20);
    }
}
