//! The life of a thread: how many turns it takes, when it is gone, and that a failed call costs it nothing.

use std::time::Duration;

use serde_json::json;
use zen::rehearsal::{Recorded, Rehearsal, Scene};

use crate::support::engine;
use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{assert_in_order, chat, on, shown, times};

#[tokio::test]
async fn an_unknown_id_is_an_error_that_names_the_configured_time_to_live() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let mut zen = Place::with(&rehearsal).set("threads.ttl", "2h").connected().await;
    for id in ["0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001", "not an id"] {
        let reply = zen.chat_on(id, "Go on").await;
        assert!(reply.is_error);
        assert_eq!(reply.metadata("error_code"), "thread_unknown");
        for said in [id, "2 hours", "without continuation_id"] {
            assert!(reply.content().contains(said), "{said} in {}", reply.content());
        }
    }
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn a_blank_id_opens_a_new_thread() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    assert_eq!(zen.chat_on("", "Hello").await.remaining_turns(), 19);
}

#[tokio::test]
async fn a_thread_is_gone_when_its_time_has_run_out() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let hour = Duration::from_secs(3_600);
    let server = engine::server(&rehearsal, home.path(), |config| config.threads.ttl = 2 * hour);
    let mut client = engine::client(&server, "agent");
    let reply = |called: zen::server::local::ToolText| ToolReply { text: called.text, is_error: called.is_error };
    let first = reply(engine::call(&mut client, "chat", &chat("one")).await);
    let id = first.continuation_id();

    // Real sockets do not live in paused time: it is stopped between the calls only.
    tokio::time::pause();
    tokio::time::advance(hour + hour / 2).await;
    tokio::time::resume();
    let second = reply(engine::call(&mut client, "chat", &on(&id, chat("two"))).await);
    assert_eq!(second.remaining_turns(), 18, "the turn came in time");

    tokio::time::pause();
    tokio::time::advance(hour + hour / 2).await;
    assert_eq!(server.engine.threads.list().len(), 1, "each turn starts the time anew");
    tokio::time::advance(hour).await;
    let late = reply(engine::call(&mut client, "chat", &on(&id, chat("three"))).await);
    assert!(late.is_error && late.content().contains("2 hours"), "{late:?}");
    assert!(server.engine.threads.list().is_empty());
    assert_eq!(rehearsal.requests().len(), 2);
}

#[tokio::test]
async fn a_thread_that_has_used_its_turns_says_so_before_and_after() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let mut zen = Place::with(&rehearsal).set("threads.max_turns", 2).connected().await;
    let first = zen.chat("one").await;
    assert_eq!(first.remaining_turns(), 1);
    assert!(first.json()["continuation_offer"]["note"].as_str().unwrap().contains("Only 1 more turn"), "{first:?}");
    let id = first.continuation_id();
    let last = zen.chat_on(&id, "two").await;
    assert_eq!(last.status(), "success");
    assert!(last.json()["continuation_offer"].is_null());
    assert!(last.metadata("notice").as_str().unwrap().contains("last turn"), "{last:?}");
    let over = zen.chat_on(&id, "three").await;
    assert!(over.is_error && over.content().contains("has used its 2 turns"), "{over:?}");
    assert_eq!(over.metadata("error_code"), "thread_full");
    assert_eq!(rehearsal.requests().len(), 2);
}

/// Fails as the prompt asks for.
fn failing(request: &Recorded) -> Scene {
    let key = request.header("authorization").unwrap_or_default().to_owned();
    let blamed = |code: &str| json!({ "error": { "message": format!("no: {key}"), "code": code, "type": code } });
    let last = request.last_user().rsplit('\n').next().unwrap_or_default().to_owned();
    match last.as_str() {
        "fail: 401" => Scene::status(401).body(blamed("invalid_api_key").to_string()),
        "fail: 429" => Scene::status(429).header("retry-after", "2"),
        "fail: quota" => Scene::status(429).body(blamed("insufficient_quota").to_string()),
        "fail: 500" => Scene::status(500),
        "fail: overflow" => Scene::status(400).body(blamed("context_length_exceeded").to_string()),
        "fail: 404" => Scene::status(404),
        "fail: reset" => Scene::reply("half of the answer").in_pieces(2).reset_after(1),
        "fail: in stream" => Scene::json_error_in_stream(blamed("server_error")),
        "fail: late in stream" => Scene::reply("half of the answer").then_error(blamed("server_error")),
        "fail: no text" => Scene::reply(""),
        "fail: html" => Scene::status(200).body("<html>a web site</html>"),
        "fail: redirect" => Scene::redirect(302, "http://127.0.0.1:9/elsewhere"),
        other => Scene::reply(format!("answer to {other}")),
    }
}

#[tokio::test]
async fn a_models_failure_is_told_by_its_kind_with_a_hint_and_no_key_and_costs_the_thread_nothing() {
    for (failure, class, hint) in [
        ("401", "auth", "Check the provider's key"),
        ("429", "throttled", "Wait and call again"),
        ("quota", "quota", "Add credit"),
        ("500", "overloaded", "Call again in a minute"),
        ("overflow", "context_overflow", "fewer or smaller files"),
        ("404", "bad_request", "Name another model"),
        ("reset", "broken", "Call again"),
        ("in stream", "overloaded", "Call again in a minute"),
        ("late in stream", "broken", "Call again"),
        ("no text", "empty", "put differently"),
        ("html", "protocol", "another model"),
        ("redirect", "protocol", ""),
    ] {
        // A process each: a provider that has failed is left alone for a while.
        let rehearsal = Rehearsal::start(Scene::by(failing)).unwrap();
        let place = Place::with(&rehearsal).env("CUSTOM_API_KEY", "canary-key").set("retry.attempts", 1);
        let mut zen = place.connected().await;
        let id = zen.chat("first").await.continuation_id();
        let reply = zen.chat_on(&id, &format!("fail: {failure}")).await;
        assert!(reply.is_error, "{failure}: {reply:?}");
        assert_eq!(reply.metadata("error_class"), class, "{failure}: {reply:?}");
        assert!(reply.content().contains(hint), "{failure}: {reply:?}");
        assert_eq!((reply.metadata("provider"), reply.metadata("model")), (json!("custom"), json!("scripted")));
        assert!(!reply.text.contains("canary"), "{failure}: {reply:?}");
        if failure == "429" {
            assert_eq!(reply.metadata("retry_after_seconds"), 2.0);
        }
        if failure == "reset" || failure == "late in stream" {
            assert!(reply.content().contains("half of"), "what had arrived is not lost: {reply:?}");
        }
        let turns = zen.call("listthreads", json!({ "thread_id": id })).await.content();
        assert!(turns.contains("turn 1") && !turns.contains("turn 2"), "{failure}: {turns}");
    }
}

#[tokio::test]
async fn a_thread_goes_on_after_a_failure_as_if_it_had_not_been() {
    let rehearsal = Rehearsal::start(Scene::by(failing)).unwrap();
    let mut zen = Place::with(&rehearsal).set("retry.attempts", 1).connected().await;
    let id = zen.chat("first").await.continuation_id();
    for failure in ["fail: 500", "fail: reset", "fail: no text"] {
        assert!(zen.chat_on(&id, failure).await.is_error);
    }
    let second = zen.chat_on(&id, "second").await;
    assert_eq!(second.remaining_turns(), 18, "only answers count");
    let prompt = shown(rehearsal.requests().last().unwrap());
    assert_in_order(&prompt, &["first", "<assistant> answer to first", "second"]);
    assert_eq!(times(&prompt, "fail:"), 0, "{prompt}");
    assert_eq!(times(&prompt, "<assistant>"), 1, "{prompt}");
}

#[tokio::test]
async fn a_first_call_that_fails_opens_no_thread() {
    let rehearsal = Rehearsal::start(Scene::by(failing)).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let reply = zen.chat("fail: 500").await;
    assert!(reply.is_error && reply.json()["continuation_offer"].is_null());
    assert_eq!(place.json(&["threads", "list", "--json"]).await, json!([]));
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_told_as_such() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let place = Place::new().env("CUSTOM_API_URL", format!("http://{address}/v1")).env("CUSTOM_MODEL_NAME", "scripted");
    let reply = place.connected().await.chat("Hello").await;
    assert!(reply.is_error);
    assert_eq!(reply.metadata("error_class"), "transport", "{reply:?}");
}

#[tokio::test]
async fn two_calls_in_one_thread_at_the_same_time_are_both_remembered() {
    let rehearsal = Rehearsal::start(Scene::by(|request| {
        let scene = failing(request);
        if request.last_user().contains("at once") { scene.hold() } else { scene }
    }))
    .unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let id = zen.chat("first").await.continuation_id();
    let calls = [
        zen.send_call("chat", on(&id, chat("at once a"))).await,
        zen.send_call("chat", on(&id, chat("at once b"))).await,
    ];
    for _ in 0..3 {
        crate::support::soon("the requests", rehearsal.next_request()).await;
    }
    rehearsal.release_all();
    for call in calls {
        assert!(!zen.called(call).await.is_error);
    }
    let last = zen.chat_on(&id, "last").await;
    assert_eq!(last.remaining_turns(), 16);
    let prompt = shown(rehearsal.requests().last().unwrap());
    assert!(prompt.contains("answer to at once a") && prompt.contains("answer to at once b"), "{prompt}");
}
