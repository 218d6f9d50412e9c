//! A headless `zen stdio` seen and steered from another process: `zen threads`, and the control API behind its socket.

use std::os::unix::fs::PermissionsExt as _;

use rustix::process::Signal;
use serde_json::json;
use serde_json::value::to_raw_value;
use zen::control::types::{Face, Stage, ToolCall, TurnText};
use zen::control::{Control as _, ControlError, discovery};
use zen::event::Removal;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::watch::Watch;
use crate::support::{chat, chat_with, on, soon};

const UNREACHABLE: Option<i32> = Some(5);
const NOT_FOUND: Option<i32> = Some(4);

fn answering() -> Rehearsal {
    Rehearsal::start(Scene::reply("the answer")).unwrap()
}

#[tokio::test]
async fn threads_of_a_headless_process_are_listed_read_and_expired_from_another() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let file = place.file("a.rs", "fn a() {}");
    let mut zen = place.connected().await;
    let id = zen.call("chat", chat_with("What is a?\nSay it.", &[&file, "/etc/hostname"])).await.continuation_id();
    zen.chat_on(&id, "And b?").await;
    let other = zen.chat("Something else").await.continuation_id();

    let listed = place.json(&["threads", "list", "--json"]).await;
    let ids: Vec<_> = listed.as_array().unwrap().iter().map(|thread| thread["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [other.as_str(), id.as_str()], "the most recently used first");
    let thread = &listed[1];
    assert_eq!(
        (&thread["title"], &thread["turns"], &thread["model"]),
        (&json!("What is a?"), &json!(2), &json!("scripted"))
    );
    assert!(thread["process"].as_str().unwrap().contains(&zen.pid().to_string()), "{thread}");
    let table = place.run(&["threads", "list"]).await;
    assert!(String::from_utf8(table.stdout).unwrap().contains("What is a?"));

    // The first characters name it; one more where both begin alike.
    let prefix = &id[..id.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count() + 1];
    let shown = place.json(&["threads", "show", prefix, "--json"]).await;
    assert_eq!(shown["summary"]["id"], id);
    assert_eq!(shown["turns"][0]["prompt"]["text"], "What is a?\nSay it.");
    assert_eq!(shown["turns"][0]["files"], json!([file]));
    assert_eq!(shown["turns"][0]["refused"][0]["path"], "/etc/hostname");
    assert_eq!(shown["turns"][1]["answer"]["text"], "the answer");
    assert_eq!(shown["turns"][1]["consultations"][0]["provider"], "custom");
    let said = String::from_utf8(place.run(&["threads", "show", &id]).await.stdout).unwrap();
    assert!(said.contains("And b?") && said.contains("the answer"), "{said}");

    place.json(&["threads", "expire", prefix, "--json"]).await;
    let left = place.json(&["threads", "list", "--json"]).await;
    assert_eq!(left.as_array().unwrap().len(), 1);
    let reply = zen.chat_on(&id, "Go on").await;
    assert!(reply.is_error && reply.content().contains("when a person expires them"), "{reply:?}");
    assert_eq!(zen.chat_on(&other, "Go on").await.remaining_turns(), 18);

    assert_eq!(place.run(&["threads", "show", &id]).await.status.code(), NOT_FOUND);
    assert_eq!(place.run(&["threads", "expire", "nonsense"]).await.status.code(), NOT_FOUND);
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert_eq!(place.run(&["threads", "list"]).await.status.code(), UNREACHABLE);
}

#[tokio::test]
async fn what_begins_several_ids_names_none() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    zen.chat("one").await;
    zen.chat("two").await;
    let output = place.run(&["threads", "expire", ""]).await;
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(place.json(&["threads", "list", "--json"]).await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_process_answers_however_often_it_has_been_looked_at() {
    let place = Place::new().set("control.max_watchers", 2);
    let _zen = place.connected().await;
    let client = place.control().await;
    for _ in 0..20 {
        // Nothing happens in the process meanwhile: what a watcher held is free because the watcher is gone.
        let watched = async {
            loop {
                match client.watch().await {
                    Ok(updates) => break updates,
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let mut updates = soon("a place to watch from", watched).await;
        assert!(soon("a snapshot", updates.recv()).await.is_some());
    }
}

#[tokio::test]
async fn a_watcher_too_many_is_told_so() {
    let place = Place::new().set("control.max_watchers", 1);
    let _zen = place.connected().await;
    let client = place.control().await;
    let _watch = Watch::begin(&client).await;
    let refused = client.watch().await.unwrap_err();
    assert!(matches!(&refused, ControlError::Refused(_)) && refused.to_string().contains("max_watchers"), "{refused}");
    // Nor is its list given out as an empty one.
    let listed = place.run(&["threads", "list", "--json"]).await;
    assert_eq!(listed.status.code(), Some(1), "{listed:?}");
    assert!(String::from_utf8_lossy(&listed.stderr).contains("max_watchers"), "{listed:?}");
}

#[tokio::test]
async fn a_watcher_sees_what_is_there_and_then_what_changes() {
    let rehearsal =
        Rehearsal::start([Scene::reply("before"), Scene::reply("one two three four").hold_after(2)]).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let former = zen.chat("A former thread").await.continuation_id();
    let client = place.control().await;
    let mut watch = Watch::begin(&client).await;

    let hello = &watch.snapshot.hello;
    assert_eq!((hello.pid, hello.face, hello.demo), (zen.pid(), Face::Stdio, false));
    assert_eq!(hello.working_directory, place.project().canonicalize().unwrap().to_str().unwrap());
    assert_eq!((hello.clients[0].name.as_str(), hello.clients[0].transport.as_str()), ("test-client", "stdio"));
    assert_eq!(watch.snapshot.threads.iter().map(|thread| thread.id.to_string()).collect::<Vec<_>>(), [former]);
    assert_eq!(watch.snapshot.limits.max_turns, 20);
    assert!(watch.snapshot.messages.iter().any(|message| message.method == "initialize"));
    assert!(watch.snapshot.providers.iter().any(|provider| provider.configured && provider.answered == 1));

    let call = zen.send_call("chat", chat("A new thread")).await;
    let live = watch.call_at("chat", &Stage::Streaming).await;
    assert_eq!(live.model.as_ref().unwrap().as_str(), "scripted");
    let text = async {
        loop {
            let slice = client.live_text(live.id, 0).await.unwrap();
            if slice.total >= 8 {
                break slice.text;
            }
            tokio::task::yield_now().await;
        }
    };
    let text = soon("the text so far", text).await;
    assert!("one two three four".starts_with(&text) && text.len() < 18, "{text:?}");
    assert_eq!(client.live_text(live.id, 4).await.unwrap().text, text[4..]);

    rehearsal.release_all();
    let id = zen.called(call).await.continuation_id();
    let done = watch.call_at("chat", &Stage::Done).await;
    assert_eq!((done.id, done.thread.unwrap().to_string()), (live.id, id.clone()));
    let thread =
        watch.until("the thread", |delta| delta.threads.iter().find(|one| one.id.to_string() == id).cloned()).await;
    assert_eq!((thread.title.as_str(), thread.turns), ("A new thread", 1));
    let heard = |delta: &zen::control::types::Delta| {
        delta
            .messages
            .iter()
            .find(|message| message.tool.as_deref() == Some("chat") && message.id.as_deref() == Some("3"))
            .cloned()
    };
    let message = watch.until("the message", heard).await;
    let detail = client.message(message.seq).await.unwrap();
    assert!(detail.before.text.contains("A new thread") && detail.after.is_none(), "{detail:?}");

    let answer = client.turn_text(thread.id, 1, TurnText::Answer, 4).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.total), ("two three four", 18));
    client.expire(thread.id).await.unwrap();
    let removed = watch.until("its end", |delta| delta.removed.first().copied()).await;
    assert_eq!((removed.id, removed.reason), (thread.id, Removal::ByHand));
    assert!(client.thread(thread.id).await.is_err());

    zen.close_input();
    watch.closed().await;
}

#[tokio::test]
async fn a_call_cancelled_by_hand_is_given_up_upstream_and_its_agent_told() {
    let rehearsal = Rehearsal::start(Scene::reply("never").hold()).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let client = place.control().await;
    let mut watch = Watch::begin(&client).await;
    let id = zen.send_call("chat", chat("think")).await;
    soon("the request", rehearsal.next_request()).await;
    let call = watch.call_at("chat", &Stage::Waiting).await;
    client.cancel(call.id).await.unwrap();
    soon("the disconnect", rehearsal.next_disconnect()).await;
    let reply = zen.called(id).await;
    assert!(reply.is_error && reply.content().contains("cancelled"), "{reply:?}");
    assert_eq!(reply.metadata("error_code"), "cancelled");
    watch.call_at("chat", &Stage::Cancelled).await;
    assert!(client.cancel(call.id).await.is_err(), "it is not in flight any more");
}

#[tokio::test]
async fn a_thread_expired_during_a_call_stays_gone_and_the_reply_says_so() {
    let rehearsal = Rehearsal::start([Scene::reply("one"), Scene::reply("two").hold()]).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let id = zen.chat("first").await.continuation_id();
    let call = zen.send_call("chat", on(&id, chat("second"))).await;
    for _ in 0..2 {
        soon("the requests", rehearsal.next_request()).await;
    }
    place.json(&["threads", "expire", &id, "--json"]).await;
    rehearsal.release_all();
    let reply = zen.called(call).await;
    assert!(!reply.is_error && reply.content().contains("two"), "{reply:?}");
    assert!(reply.json()["continuation_offer"].is_null());
    assert!(reply.metadata("notice").as_str().unwrap().contains("not remembered"), "{reply:?}");
    assert!(zen.chat_on(&id, "third").await.is_error);
    assert_eq!(place.json(&["threads", "list", "--json"]).await, json!([]));
}

#[tokio::test]
async fn a_person_continues_an_agents_thread_through_the_socket_and_the_agent_goes_on() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let id = zen.chat("From the agent").await.continuation_id();
    let client = place.control().await;
    let tools: Vec<_> = client.tools().await.unwrap().into_iter().map(|tool| tool.name).collect();
    assert!(tools.contains(&"chat".to_owned()));
    let call = |arguments: serde_json::Value| ToolCall {
        tool: "chat".to_owned(),
        arguments: to_raw_value(&arguments).unwrap(),
    };
    let result = client.call(call(on(&id, chat("From a person")))).await.unwrap();
    assert!(!result.is_error && result.text.contains("the answer"), "{result:?}");
    assert!(client.call(call(json!({}))).await.unwrap().is_error);
    let unknown = ToolCall { tool: "no_such".to_owned(), arguments: to_raw_value(&json!({})).unwrap() };
    assert!(matches!(client.call(unknown).await, Err(ControlError::Refused(_))));
    assert_eq!(zen.chat_on(&id, "From the agent again").await.remaining_turns(), 17);
    let prompt = crate::support::shown(rehearsal.requests().last().unwrap());
    crate::support::assert_in_order(&prompt, &["From the agent", "From a person", "From the agent again"]);
}

#[tokio::test]
async fn a_face_that_goes_away_gives_its_call_up() {
    let rehearsal = Rehearsal::start(Scene::reply("never").hold()).unwrap();
    let place = Place::with(&rehearsal);
    let _zen = place.connected().await;
    let client = place.control().await;
    let calling = tokio::spawn(async move {
        client.call(ToolCall { tool: "chat".to_owned(), arguments: to_raw_value(&chat("think")).unwrap() }).await
    });
    soon("the request", rehearsal.next_request()).await;
    calling.abort();
    soon("the disconnect", rehearsal.next_disconnect()).await;
}

#[tokio::test]
async fn a_persons_call_is_answered_though_the_process_is_told_to_end() {
    let rehearsal = Rehearsal::start(Scene::reply("the last words").hold()).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let client = place.control().await;
    let call = ToolCall { tool: "chat".to_owned(), arguments: to_raw_value(&chat("Any last words?")).unwrap() };
    let asking = tokio::spawn(async move { client.call(call).await });
    soon("the request", rehearsal.next_request()).await;
    zen.signal(Signal::TERM);
    rehearsal.release_all();
    let result = soon("the answer", asking).await.unwrap().unwrap();
    assert!(!result.is_error && result.text.contains("the last words"), "{result:?}");
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn the_socket_is_its_owners_alone_and_goes_with_the_process() {
    let place = Place::new();
    let mut zen = place.connected().await;
    let client = place.control().await;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&place.sockets()), mode(client.path())), (0o700, 0o600));
    let name = client.path().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with(&format!("{}-", zen.pid())) && name.ends_with(".sock"), "{name}");
    zen.signal(rustix::process::Signal::TERM);
    assert_eq!(zen.ended().await, Some(0));
    assert!(std::fs::read_dir(place.sockets()).unwrap().next().is_none());
}

#[tokio::test]
async fn the_socket_of_a_killed_process_is_removed_by_whoever_looks() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut killed = place.connected().await;
    let dead = place.control().await.path().to_owned();
    killed.signal(rustix::process::Signal::KILL);
    assert_eq!(killed.ended().await, None);
    assert!(dead.exists());
    assert_eq!(place.run(&["threads", "list"]).await.status.code(), UNREACHABLE);
    assert!(!dead.exists());

    let mut living = place.connected().await;
    let id = living.chat("Hello").await.continuation_id();
    assert_eq!(place.json(&["threads", "list", "--json"]).await[0]["id"], id);
}

#[tokio::test]
async fn threads_of_several_processes_are_told_apart() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let (mut one, mut other) = (place.connected().await, place.connected().await);
    let (first, second) =
        (one.chat("in one").await.continuation_id(), other.chat("in the other").await.continuation_id());
    assert_eq!(soon("both", discovery::find(&place.sockets())).await.len(), 2);
    let listed = place.json(&["threads", "list", "--json"]).await;
    for (id, pid) in [(&first, one.pid()), (&second, other.pid())] {
        let thread = listed.as_array().unwrap().iter().find(|thread| thread["id"] == **id).unwrap();
        assert!(thread["process"].as_str().unwrap().contains(&pid.to_string()), "{thread}");
    }
    let attached =
        discovery::find(&place.sockets()).await.into_iter().find(|found| found.hello.pid == one.pid()).unwrap();
    let socket = attached.client.path().to_str().unwrap().to_owned();
    let listed = place.json(&["threads", "list", "--json", "--attach", &socket]).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert!(other.chat_on(&first, "not mine").await.is_error, "threads live in their process");
}

#[tokio::test]
async fn without_a_socket_it_serves_all_the_same() {
    let place = Place::new().set("control.enabled", false);
    let mut zen = place.connected().await;
    zen.ping().await;
    assert!(!place.sockets().exists());
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert_eq!(zen.complaints().await, "");
}
