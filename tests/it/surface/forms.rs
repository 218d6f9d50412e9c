//! A person is asked where a call cannot go on: by a request in the older era, by an answer that asks in the newer one.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{calling, connected_with, has_method, heard, stateless};
use crate::support::place::Place;
use crate::support::process::{ToolReply, Zen};
use crate::support::web::{BOTH, JSON, MODERN, Site};
use crate::support::{chat, chat_with, shown};

const FORMS: &str = "elicitation/create";

fn forms() -> Value {
    json!({ "elicitation": {} })
}

/// A chat with a model whose name has a typing error.
fn mistyped() -> Value {
    let mut arguments = chat("Which one is meant?");
    arguments["model"] = json!("scripted one");
    arguments
}

fn accept(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

async fn answer(zen: &mut Zen, asked: &Value, result: Value) {
    zen.write_line(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }).to_string()).await;
}

#[tokio::test]
async fn a_client_of_the_older_era_is_asked_which_model_is_meant() {
    let rehearsal = Rehearsal::start([Scene::reply("Me.")]).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = connected_with(&place, forms()).await;
    let call = zen.send("tools/call", calling(mistyped())).await;
    let asked = heard(&mut zen, "a question", has_method(FORMS)).await;
    assert!(asked["params"]["message"].as_str().unwrap().contains("scripted one"), "{asked}");
    let model = &asked["params"]["requestedSchema"]["properties"]["model"];
    assert_eq!(model["enum"], json!(["scripted"]));
    // Nothing waits for the person but this call.
    zen.ping().await;
    answer(&mut zen, &asked, accept(json!({ "model": "scripted" }))).await;
    let reply = zen.called(call).await;
    assert!(!reply.is_error && reply.content().starts_with("Me."), "{reply:?}");
    assert_eq!(reply.metadata("model_used"), "scripted");
}

#[tokio::test]
async fn who_is_not_asked_and_who_does_not_answer_gets_the_same_error() {
    let rehearsal = Rehearsal::start([]).unwrap();
    let place = Place::with(&rehearsal);
    let plain = place.connected().await.call("chat", mistyped()).await;
    assert!(plain.is_error && plain.content().contains("scripted one"), "{plain:?}");
    let url_alone =
        connected_with(&place, json!({ "elicitation": { "url": {} } })).await.call("chat", mistyped()).await;
    assert_eq!(url_alone.text, plain.text);

    let mut zen = connected_with(&place, forms()).await;
    let refusals = [json!({ "action": "decline" }), json!({ "action": "cancel" }), accept(json!({ "model": "other" }))];
    for refusal in refusals.into_iter().chain([json!({ "action": "what" }), json!(7)]) {
        let call = zen.send("tools/call", calling(mistyped())).await;
        let asked = heard(&mut zen, "a question", has_method(FORMS)).await;
        answer(&mut zen, &asked, refusal).await;
        assert_eq!(zen.called(call).await.text, plain.text);
    }
    let call = zen.send("tools/call", calling(mistyped())).await;
    let asked = heard(&mut zen, "a question", has_method(FORMS)).await;
    let error = json!({ "code": -32603, "message": "no screen" });
    zen.write_line(&json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }).to_string()).await;
    assert_eq!(zen.called(call).await.text, plain.text);

    // A call that is taken back while the person is asked is not answered, and its late answer does no harm.
    let call = zen.send("tools/call", calling(mistyped())).await;
    let asked = heard(&mut zen, "a question", has_method(FORMS)).await;
    zen.cancel(call).await;
    answer(&mut zen, &asked, accept(json!({ "model": "scripted" }))).await;
    zen.ping().await;
    assert!(!zen.has_reply(call) && rehearsal.requests().is_empty());
}

#[tokio::test]
async fn over_http_a_session_is_asked_on_the_stream_of_its_call() {
    let rehearsal = Rehearsal::start([Scene::reply("Me.")]).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut web = site.client().await;
    let mut initialize = crate::support::web::initialize("2025-11-25");
    initialize["params"]["capabilities"] = forms();
    let id = web.post(&[], &initialize).await.header("mcp-session-id").unwrap().to_owned();
    let mut session = crate::support::web::Session { web, id };
    let mut caller = crate::support::web::Session { web: site.client().await, id: session.id.clone() };
    let response = caller.open(&crate::support::web::call(2, "chat", &mistyped(), None)).await;
    let mut events = crate::support::web::Events::of(response);
    events.until(FORMS).await;
    let asked = events.text.lines().filter_map(|line| line.strip_prefix("data: ")).find(|data| data.contains(FORMS));
    let asked: Value = serde_json::from_str(asked.unwrap()).unwrap();
    let answer = json!({ "jsonrpc": "2.0", "id": asked["id"], "result": accept(json!({ "model": "scripted" })) });
    assert_eq!(session.post(&answer).await.status, 202);
    events.until("continuation_offer").await;
}

#[tokio::test]
async fn a_client_of_the_newer_era_calls_again_with_its_answer() {
    let rehearsal = Rehearsal::start([Scene::reply("Me.")]).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.stdio();
    let first = zen.request("tools/call", stateless(calling(mistyped()), forms())).await["result"].clone();
    assert_eq!(first["resultType"], "input_required");
    let asked = &first["inputRequests"]["model"];
    assert_eq!((&asked["method"], &asked["params"]["requestedSchema"]["required"]), (&json!(FORMS), &json!(["model"])));

    let again = |arguments: Value, state: &Value, answer: Value| {
        let mut params = calling(arguments);
        params["inputResponses"] = json!({ "model": answer, "unasked": { "action": "accept" } });
        params["requestState"] = state.clone();
        stateless(params, forms())
    };
    let state = &first["requestState"];
    let mut elsewhere = mistyped();
    elsewhere["prompt"] = json!("Something else");
    let forged = json!(format!("{}x", state.as_str().unwrap()));
    let chosen = accept(json!({ "model": "scripted" }));
    for (arguments, state, answer) in
        [(mistyped(), &forged, chosen.clone()), (elsewhere, state, chosen.clone()), (mistyped(), state, json!(7))]
    {
        let refused = zen.request("tools/call", again(arguments, state, answer)).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    let declined = zen.request("tools/call", again(mistyped(), state, json!({ "action": "decline" }))).await;
    assert!(ToolReply::of(&declined).content().contains("scripted one"), "{declined}");
    assert!(rehearsal.requests().is_empty());
    let done = zen.request("tools/call", again(mistyped(), state, chosen)).await;
    assert_eq!((&done["result"]["resultType"], ToolReply::of(&done).is_error), (&json!("complete"), false));
    assert_eq!(rehearsal.requests().len(), 1);
}

#[tokio::test]
async fn a_folder_is_opened_for_one_call_by_its_person_alone() {
    let rehearsal = Rehearsal::start([Scene::reply("Read."), Scene::reply("Not read.")]).unwrap();
    let place = Place::with(&rehearsal);
    let home = place.project();
    // Its working directory is a home folder, so no root is open.
    let place = place.env("HOME", home.display());
    let file = place.file("work/notes.txt", "remember the milk");
    let mut arguments = chat_with("What is to be done?", &[&file]);
    arguments["working_directory_absolute_path"] = json!(home.join("work"));
    let mut zen = place.stdio();
    let first = zen.request("tools/call", stateless(calling(arguments.clone()), forms())).await["result"].clone();
    let message = first["inputRequests"]["open"]["params"]["message"].as_str().unwrap();
    assert!(message.contains(home.join("work").to_str().unwrap()), "{message}");
    let mut params = calling(arguments.clone());
    params["inputResponses"] = json!({ "open": accept(json!({ "open": true })) });
    params["requestState"] = first["requestState"].clone();
    zen.request("tools/call", stateless(params, forms())).await;
    assert!(shown(&rehearsal.requests()[0]).contains("remember the milk"));

    // The next call is asked again, and what is no fit root is not even asked for.
    let next = zen.request("tools/call", stateless(calling(arguments.clone()), forms())).await;
    assert_eq!(next["result"]["resultType"], "input_required");
    arguments["working_directory_absolute_path"] = json!(home);
    let refused = zen.request("tools/call", stateless(calling(arguments), forms())).await;
    assert!(ToolReply::of(&refused).json()["metadata"]["files_not_sent"][0]["reason"].is_string(), "{refused}");
    assert!(!shown(&rehearsal.requests()[1]).contains("remember the milk"));
}

#[tokio::test]
async fn where_nobody_says_who_he_is_nobody_opens_a_folder() {
    let rehearsal = Rehearsal::start([Scene::reply("Not read.")]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "remember the milk").unwrap();
    // The server of a site stands in `/`, where no root is open.
    let site = Site::open(&rehearsal, |_| {}).await;
    let params = stateless(calling(chat_with("What is to be done?", &[file.to_str().unwrap()])), forms());
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let headers = [BOTH, JSON, MODERN, ("mcp-method", "tools/call"), ("mcp-name", "chat")];
    let reply = site.client().await.send("POST", "/mcp", &headers, request.to_string()).await.json();
    assert_eq!(reply["result"]["resultType"], "complete", "{reply}");
    assert!(!shown(&rehearsal.requests()[0]).contains("remember the milk"));
}
