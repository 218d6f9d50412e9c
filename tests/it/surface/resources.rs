//! Threads and models as resources.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::stateless;
use crate::support::engine;
use crate::support::place::Place;
use crate::support::web::Site;
use crate::support::{chat, on};

const FOREIGN: &str = "zen://threads/0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001";

fn read(uri: &str) -> Value {
    json!({ "uri": uri })
}

fn uris(listed: &Value) -> Vec<String> {
    let resources = listed["result"]["resources"].as_array().unwrap_or_else(|| panic!("no list: {listed}"));
    resources.iter().map(|resource| resource["uri"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_thread_is_read_as_a_resource_in_both_eras() {
    let rehearsal = Rehearsal::start([Scene::reply("Because."), Scene::reply("Still.")]).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    assert_eq!(uris(&zen.request("resources/list", json!({})).await), ["zen://models", "zen://threads"]);
    let id = zen.chat("Why is it so?").await.continuation_id();
    zen.chat_on(&id, "And now?").await;
    let uri = format!("zen://threads/{id}");
    assert_eq!(uris(&zen.request("resources/list", json!({})).await), ["zen://models", "zen://threads", &uri]);

    let older = zen.request("resources/read", read(&uri)).await["result"].clone();
    let newer = zen.request("resources/read", stateless(read(&uri), json!({}))).await["result"].clone();
    assert_eq!(older["contents"], newer["contents"]);
    assert_eq!((&newer["ttlMs"], &newer["cacheScope"]), (&json!(0), &json!("private")));
    assert!(older.get("ttlMs").is_none());
    let text = older["contents"][0]["text"].as_str().unwrap();
    crate::support::assert_in_order(text, &["Why is it so?", "Because.", "And now?", "Still."]);

    let threads = zen.request("resources/read", read("zen://threads")).await;
    let threads: Value = serde_json::from_str(threads["result"]["contents"][0]["text"].as_str().unwrap()).unwrap();
    let (turns, model) = (&threads["threads"][0]["turns"], &threads["threads"][0]["model"]);
    assert_eq!((turns, model), (&json!(2), &json!("scripted")));
    let models = zen.request("resources/read", read("zen://models")).await;
    assert!(models["result"]["contents"][0]["text"].as_str().unwrap().contains("`scripted`"), "{models}");
    let templates = zen.request("resources/templates/list", json!({})).await;
    assert_eq!(templates["result"]["resourceTemplates"][0]["uriTemplate"], "zen://threads/{id}");

    for uri in [FOREIGN, "zen://threads/nonsense", "zen://nothing", "file:///etc/passwd"] {
        let older = zen.request("resources/read", read(uri)).await["error"].clone();
        assert_eq!((&older["code"], &older["data"]["uri"]), (&json!(-32002), &json!(uri)));
        let newer = zen.request("resources/read", stateless(read(uri), json!({}))).await["error"].clone();
        assert_eq!((&newer["code"], &newer["data"]["uri"]), (&json!(-32602), &json!(uri)));
    }
}

#[tokio::test]
async fn another_principals_thread_reads_as_one_that_never_was() {
    let rehearsal = Rehearsal::start([Scene::reply("Theirs.")]).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut other = engine::client(&site.server, "somebody else");
    let theirs = engine::call(&mut other, "chat", &chat("A secret")).await;
    let theirs: Value = serde_json::from_str(&theirs.text).unwrap();
    let uri = format!("zen://threads/{}", theirs["continuation_offer"]["continuation_id"].as_str().unwrap());

    let mut web = site.client().await;
    let listed = web.ask("resources/list", json!({})).await;
    assert_eq!(uris(&listed.json()), ["zen://models", "zen://threads"]);
    let overview = web.ask("resources/read", read("zen://threads")).await;
    assert!(!overview.text().contains("secret"), "{}", overview.text());
    let (foreign, unknown) =
        (web.ask("resources/read", read(&uri)).await, web.ask("resources/read", read(FOREIGN)).await);
    assert_eq!(foreign.refusal(), unknown.refusal());
    assert_eq!(foreign.text().replace(&uri, ""), unknown.text().replace(FOREIGN, ""));
}

#[tokio::test]
async fn a_thread_over_the_cap_is_cut_and_the_rest_is_one_call_away() {
    let long: String = (0..2_000).map(|number| format!("line {number} of a long reply\n")).collect();
    let rehearsal = Rehearsal::start([Scene::reply("Short."), Scene::reply(long.clone())]).unwrap();
    let place = Place::with(&rehearsal).set("tools.max_output_tokens", 2_000);
    let mut zen = place.connected().await;
    let id = zen.chat("First").await.continuation_id();
    zen.call("chat", on(&id, chat("Then"))).await;

    let got = zen.request("resources/read", read(&format!("zen://threads/{id}"))).await;
    let text = got["result"]["contents"][0]["text"].as_str().unwrap();
    assert!(text.len() < 16_000, "{} bytes", text.len());
    let (shown, notice) = text.split_once("\n\n[Cut").unwrap();
    let from: usize = notice.split_once("from: ").unwrap().1.trim_end_matches("]\n").parse().unwrap();
    assert!(notice.contains("turn: 2,") && notice.contains(&id) && from > 0, "{notice}");
    let mut whole = shown.split_once("line 0 ").map(|(_, rest)| format!("line 0 {rest}")).unwrap();
    assert_eq!(whole.chars().count(), from);
    while whole.chars().count() < long.trim_end().chars().count() {
        let from = whole.chars().count();
        let arguments = json!({ "thread_id": id, "turn": 2, "from": from });
        let piece = zen.call("listthreads", arguments).await.content();
        whole.push_str(piece.split_once("\n\n[Characters").map_or(piece.as_str(), |(piece, _)| piece));
    }
    assert_eq!(whole.trim_end(), long.trim_end());
}
