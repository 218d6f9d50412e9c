//! Prompts and completions.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::stateless;
use crate::support::engine;
use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::web::Site;
use crate::support::{chat, soon};

/// Names of prompts that are not those of their tools.
const RENAMED: [(&str, &str); 2] = [("thinkdeep", "thinkdeeper"), ("codereview", "review")];

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

async fn text(zen: &mut Zen, name: &str, arguments: Value) -> String {
    let got = zen.request("prompts/get", json!({ "name": name, "arguments": arguments })).await;
    let text = got["result"]["messages"][0]["content"]["text"].as_str();
    text.unwrap_or_else(|| panic!("no prompt: {got}")).to_owned()
}

#[tokio::test]
async fn every_enabled_tool_has_its_prompt_in_both_eras() {
    let rehearsal = Rehearsal::start([]).unwrap();
    let place = Place::with(&rehearsal).set("tools.disabled", "challenge");
    let mut zen = place.connected().await;
    let tools = names(&zen.request("tools/list", json!({})).await["result"]["tools"]);
    let listed = zen.request("prompts/list", json!({})).await["result"]["prompts"].clone();
    let prompts = names(&listed);
    for tool in &tools {
        let renamed = RENAMED.iter().find(|(name, _)| name == tool).map_or(tool.as_str(), |(_, name)| name);
        assert!(prompts.iter().any(|prompt| prompt == renamed), "no prompt for {tool}: {prompts:?}");
    }
    assert_eq!(prompts.len(), tools.len() + 1, "{prompts:?}");
    assert!(prompts.contains(&"continue".to_owned()) && !prompts.contains(&"challenge".to_owned()));
    let chat = listed.as_array().unwrap().iter().find(|prompt| prompt["name"] == "chat").unwrap();
    assert_eq!(names(&chat["arguments"]), ["prompt", "model", "thinking_mode", "continuation_id"]);
    let version = listed.as_array().unwrap().iter().find(|prompt| prompt["name"] == "version").unwrap();
    assert_eq!(version["arguments"], json!([]));

    let newer = zen.request("prompts/list", stateless(json!({}), json!({}))).await["result"].clone();
    assert_eq!((&newer["prompts"], &newer["cacheScope"]), (&listed, &json!("public")));
    assert!(newer["ttlMs"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_prompt_says_which_tool_model_and_thread_and_repeats_the_task() {
    let rehearsal = Rehearsal::start([]).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let arguments = json!({ "prompt": "Compare both.", "model": "scripted", "thinking_mode": "high" });
    let asked = text(&mut zen, "chat", arguments).await;
    assert!(asked.contains("`chat`") && asked.contains("`scripted`") && asked.contains("high"), "{asked}");
    assert!(asked.ends_with("\n\nCompare both."), "{asked}");
    let chosen = text(&mut zen, "chat", json!({ "model": "auto" })).await;
    assert!(chosen.contains("Leave `model` out") && !chosen.contains("`auto`"), "{chosen}");
    let id = "0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001";
    let continued = text(&mut zen, "continue", json!({ "continuation_id": id })).await;
    assert!(continued.contains(id) && continued.contains("same one"), "{continued}");

    for (name, arguments, says) in [
        ("chatt", json!({}), "unknown prompt 'chatt'"),
        ("chat", json!({ "modle": "scripted" }), "did you mean `model`"),
        ("chat", json!({ "thinking_mode": "deep" }), "one of minimal"),
        ("continue", json!({}), "`continuation_id` is missing"),
        ("version", json!({ "model": "scripted" }), "no argument `model`"),
    ] {
        let refused = zen.request("prompts/get", json!({ "name": name, "arguments": arguments })).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(says), "{refused}");
    }
    let cursor = zen.request("prompts/list", json!({ "cursor": "2" })).await;
    assert_eq!(cursor["error"]["code"], -32602);
}

#[tokio::test]
async fn models_and_the_principals_own_threads_are_completed() {
    let rehearsal = Rehearsal::start([Scene::reply("Mine."), Scene::reply("Theirs.")]).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut web = site.client().await;
    let mine = soon("a chat", web.ask("tools/call", json!({ "name": "chat", "arguments": chat("A walk") }))).await;
    let mine: Value = serde_json::from_str(mine.json()["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
    let mine = mine["continuation_offer"]["continuation_id"].as_str().unwrap();
    let mut other = engine::client(&site.server, "somebody else");
    engine::call(&mut other, "chat", &chat("A walk elsewhere")).await;

    let mut complete = async |reference: Value, argument: &str, value: &str| {
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": value } });
        web.ask("completion/complete", params).await.json()
    };
    let prompt = json!({ "type": "ref/prompt", "name": "chat" });
    let values = |completed: &Value| completed["result"]["completion"]["values"].clone();
    assert_eq!(values(&complete(prompt.clone(), "model", "scri").await), json!(["scripted"]));
    assert_eq!(values(&complete(prompt.clone(), "thinking_mode", "m").await), json!(["minimal", "medium", "max"]));
    for written in ["", "walk", &mine[..6]] {
        assert_eq!(values(&complete(prompt.clone(), "continuation_id", written).await), json!([mine]), "{written}");
    }
    let template = json!({ "type": "ref/resource", "uri": "zen://threads/{id}" });
    assert_eq!(values(&complete(template, "id", "").await), json!([mine]));
    let nothing = complete(prompt.clone(), "prompt", "").await;
    assert_eq!(nothing["result"]["completion"], json!({ "values": [], "total": 0, "hasMore": false }));
    for (reference, argument) in [
        (prompt, "modle"),
        (json!({ "type": "ref/prompt", "name": "chatt" }), "model"),
        (json!({ "type": "ref/resource", "uri": "zen://models" }), "id"),
    ] {
        assert_eq!(complete(reference, argument, "").await["error"]["code"], -32602);
    }
}
