//! Word of what has changed: unasked on a stream of its own in the older era, on `subscriptions/listen` in the newer one.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{has_method, heard, stateless};
use crate::support::place::Place;
use crate::support::web::{BOTH, Events, JSON, MODERN, Site, modern};
use crate::support::{chat, engine, on};

const LIST_CHANGED: &str = "notifications/resources/list_changed";
const UPDATED: &str = "notifications/resources/updated";
const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";
const SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";

fn script() -> Rehearsal {
    Rehearsal::start([Scene::reply("One."), Scene::reply("Two."), Scene::reply("Three.")]).unwrap()
}

#[tokio::test]
async fn a_client_of_the_older_era_hears_of_what_it_has_read_and_subscribed_to() {
    let rehearsal = script();
    let mut zen = Place::with(&rehearsal).connected().await;
    zen.request("resources/list", json!({})).await;
    let id = zen.chat("First").await.continuation_id();
    heard(&mut zen, "a changed list", has_method(LIST_CHANGED)).await;

    let uri = format!("zen://threads/{id}");
    assert_eq!(zen.request("resources/subscribe", json!({ "uri": uri })).await["result"], json!({}));
    zen.chat_on(&id, "Second").await;
    let updated = heard(&mut zen, "an updated thread", has_method(UPDATED)).await;
    assert_eq!(updated["params"], json!({ "uri": uri }));

    // What it subscribes to instead shows that nothing came of what it gave up.
    assert_eq!(zen.request("resources/unsubscribe", json!({ "uri": uri })).await["result"], json!({}));
    zen.request("resources/subscribe", json!({ "uri": "zen://threads" })).await;
    zen.chat_on(&id, "Third").await;
    let updated = heard(&mut zen, "the updated threads", has_method(UPDATED)).await;
    assert_eq!(updated["params"], json!({ "uri": "zen://threads" }));
    // Going on in a thread changes no list.
    assert!(!zen.notifications.iter().any(has_method(LIST_CHANGED)), "{:?}", zen.notifications);
}

#[tokio::test]
async fn a_client_of_the_newer_era_listens_to_what_it_asked_for_and_is_told_of_the_end() {
    let rehearsal = script();
    let mut zen = Place::with(&rehearsal).stdio();
    let first = zen.request("tools/call", stateless(super::calling(chat("First")), json!({}))).await;
    let id: Value = serde_json::from_str(first["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    let id = id["continuation_offer"]["continuation_id"].as_str().unwrap().to_owned();
    let uri = format!("zen://threads/{id}");

    let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": [uri] });
    let listening = zen.send("subscriptions/listen", stateless(json!({ "notifications": wanted }), json!({}))).await;
    let acknowledged = heard(&mut zen, "the acknowledgement", |_| true).await;
    assert_eq!(acknowledged["method"], ACKNOWLEDGED, "it comes first");
    assert_eq!(acknowledged["params"]["notifications"], wanted);
    assert_eq!(acknowledged["params"]["_meta"][SUBSCRIPTION], listening);

    zen.send("tools/call", stateless(super::calling(on(&id, chat("Second"))), json!({}))).await;
    zen.send("tools/call", stateless(super::calling(chat("Another")), json!({}))).await;
    let updated = heard(&mut zen, "an updated thread", |_| true).await;
    assert_eq!((&updated["method"], &updated["params"]["uri"]), (&json!(UPDATED), &json!(uri)));
    assert_eq!(updated["params"]["_meta"][SUBSCRIPTION], listening);

    assert!(!zen.has_reply(listening));
    zen.close_input();
    let ended = zen.reply(listening).await["result"].clone();
    assert_eq!((&ended["resultType"], &ended["_meta"][SUBSCRIPTION]), (&json!("complete"), &json!(listening)));
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn over_http_word_comes_on_the_standing_stream_of_a_session() {
    let rehearsal = script();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut session = site.session("2025-11-25").await;
    let mut reader = site.client().await;
    let mut events = session.listen(&mut reader, None).await;
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "resources/list" });
    assert_eq!(session.post(&list).await.status, 200);
    session.post(&crate::support::web::call(3, "chat", &chat("First"), None)).await;
    events.until(LIST_CHANGED).await;
}

#[tokio::test]
async fn nobody_hears_of_another_principals_threads() {
    let rehearsal = script();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut other = engine::client(&site.server, "somebody else");
    let theirs: Value = serde_json::from_str(&engine::call(&mut other, "chat", &chat("First")).await.text).unwrap();
    let theirs = theirs["continuation_offer"]["continuation_id"].as_str().unwrap();

    let mut reader = site.client().await;
    let wanted = json!({ "resourcesListChanged": true, "resourceSubscriptions": [format!("zen://threads/{theirs}")] });
    let (request, _) = modern("subscriptions/listen", json!({ "notifications": wanted }));
    let headers = [BOTH, JSON, MODERN, ("mcp-method", "subscriptions/listen")];
    let response = reader.open("POST", "/mcp", &headers, request.to_string().into()).await;
    let mut events = Events::of(response);
    events.until(ACKNOWLEDGED).await;
    engine::call(&mut other, "chat", &on(theirs, chat("Second"))).await;

    // Its own thread is what it hears of, and that alone.
    site.client().await.ask("tools/call", super::calling(chat("Mine"))).await;
    events.until(LIST_CHANGED).await;
    assert!(!events.text.contains(UPDATED), "{}", events.text);
    assert_eq!(events.text.matches(LIST_CHANGED).count(), 1, "{}", events.text);
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_is_kept_alive() {
    let rehearsal = script();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut reader = site.client().await;
    let (request, _) = modern("subscriptions/listen", json!({ "notifications": { "resourcesListChanged": true } }));
    let headers = [BOTH, JSON, MODERN, ("mcp-method", "subscriptions/listen")];
    let mut events = Events::of(reader.open("POST", "/mcp", &headers, request.to_string().into()).await);
    events.until(ACKNOWLEDGED).await;
    // Time goes by at once where everybody waits for it.
    tokio::time::pause();
    events.until("\n:").await;
}
