//! Finding a thread again, and reading what a cut reply left out.

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::chat;
use crate::support::place::Place;

#[tokio::test]
async fn a_reply_over_the_clients_cap_is_cut_and_the_rest_is_one_call_away() {
    let long: String = (1..=4_000).map(|number| format!("line {number} of a long reply\n")).collect();
    let rehearsal = Rehearsal::start(Scene::reply(long.clone())).unwrap();
    let place = Place::with(&rehearsal).env("MAX_MCP_OUTPUT_TOKENS", 5_000);
    let mut zen = place.connected().await;
    let reply = zen.chat("Tell me all").await;
    let thread = reply.continuation_id();
    let mut from = usize::try_from(reply.metadata("cut_at_character").as_u64().unwrap()).unwrap();
    assert!(
        reply.content().ends_with(&format!("thread_id: \"{thread}\", turn: 1, from: {from}]")),
        "it names the call"
    );
    let mut read: String = long.chars().take(from).collect();
    assert!(reply.content().starts_with(&read));

    while from < long.len() {
        let next = zen.call("listthreads", json!({ "thread_id": thread, "turn": 1, "from": from })).await.content();
        let piece = next.split("\n\n[Characters ").next().unwrap();
        assert!(!piece.is_empty());
        read.push_str(piece);
        from += piece.chars().count();
    }
    assert_eq!(read, long);
}

#[tokio::test]
async fn a_thread_is_found_again_by_what_was_said_and_shown_in_it() {
    let rehearsal = Rehearsal::start([Scene::reply("Use a ratchet."), Scene::reply("Try the other end.")]).unwrap();
    let place = Place::with(&rehearsal);
    let file = place.file("src/gear.rs", "fn turn() {}");
    let mut zen = place.connected().await;
    let first = zen.call("chat", crate::support::chat_with("How do I stop it from turning back?", &[&file])).await;
    let second = zen.call("chat", chat("Where is the leak?")).await;
    let (first, second) = (first.continuation_id(), second.continuation_id());

    for (arguments, expected) in [
        (json!({}), vec![&second, &first]),
        (json!({ "query": "RATCHET" }), vec![&first]),
        (json!({ "query": "the leak" }), vec![&second]),
        (json!({ "file": "gear.rs" }), vec![&first]),
        (json!({ "model": "scripted", "tool": "chat", "max_age_minutes": 5 }), vec![&second, &first]),
        (json!({ "model": "gemini" }), vec![]),
    ] {
        let listed = zen.call("listthreads", arguments.clone()).await.content();
        let ids: Vec<_> = listed.lines().filter_map(|line| line.split("  ").next()).collect();
        let expected: Vec<_> = expected.into_iter().map(String::as_str).collect();
        let ids: Vec<_> = ids.into_iter().filter(|id| id.len() == 36).collect();
        assert_eq!(ids, expected, "{arguments}");
    }
    let turns = zen.call("listthreads", json!({ "thread_id": first })).await.content();
    assert!(turns.contains("turn 1  chat  scripted") && turns.contains("Use a ratchet.") && turns.contains(&file));
}

#[tokio::test]
async fn what_cannot_be_found_is_said_and_costs_nothing() {
    let rehearsal = Rehearsal::start(Scene::reply("ok")).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let thread = zen.chat("hello").await.continuation_id();
    for (arguments, said) in [
        (json!({ "thread_id": "11111111-1111-4111-8111-111111111111" }), "no thread"),
        (json!({ "thread_id": thread, "turn": 2 }), "from 1 to 1"),
        (json!({ "thread_id": thread, "turn": 1, "from": 99 }), "behind the end"),
        (json!({ "turn": 1 }), "needs `thread_id`"),
        (json!({ "turn": 1.5 }), "a whole number"),
    ] {
        let reply = zen.call("listthreads", arguments.clone()).await;
        assert!(reply.is_error && reply.content().contains(said), "{arguments}: {}", reply.content());
    }
    assert!(!zen.chat_on(&thread, "and on").await.is_error);
}
