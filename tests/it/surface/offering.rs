//! Tools that come and go while clients are connected: the lists, the word of it in both eras, the calls.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{calling, has_method, heard, stateless};
use crate::support::chat;
use crate::support::place::Place;
use crate::support::process::Zen;

const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
const PROMPTS_CHANGED: &str = "notifications/prompts/list_changed";
const NOT_FOUND: Option<i32> = Some(4);

fn names(list: &Value, of: &str) -> Vec<String> {
    let entries = list["result"][of].as_array().unwrap_or_else(|| panic!("no {of} in {list}"));
    entries.iter().map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
}

async fn listed(zen: &mut Zen, of: &str) -> Vec<String> {
    names(&zen.request(&format!("{of}/list"), json!({})).await, of)
}

#[tokio::test]
async fn a_tool_goes_and_comes_back_while_a_client_of_the_older_era_is_connected() {
    let rehearsal = Rehearsal::start([Scene::reply("One.").hold(), Scene::reply("Two.")]).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.stdio();
    let hello = zen.initialize("2025-11-25").await;
    let capabilities = &hello["result"]["capabilities"];
    assert_eq!(
        (&capabilities["tools"], &capabilities["prompts"]),
        (&json!({ "listChanged": true }), &json!({ "listChanged": true }))
    );
    let (tools, prompts) = (listed(&mut zen, "tools").await, listed(&mut zen, "prompts").await);

    let running = zen.send_call("chat", chat("First")).await;
    rehearsal.next_request().await;
    let after = place.json(&["tools", "disable", "chat", "--json"]).await;
    let chat_now = after[0]["tools"].as_array().unwrap().iter().find(|tool| tool["name"] == "chat").unwrap();
    assert_eq!(chat_now["enabled"], json!(false));
    heard(&mut zen, "other tools", has_method(TOOLS_CHANGED)).await;
    heard(&mut zen, "other prompts", has_method(PROMPTS_CHANGED)).await;
    let without = |all: &[String], gone: &[&str]| -> Vec<String> {
        all.iter().filter(|name| !gone.contains(&name.as_str())).cloned().collect()
    };
    assert_eq!(listed(&mut zen, "tools").await, without(&tools, &["chat"]));
    assert_eq!(listed(&mut zen, "prompts").await, without(&prompts, &["chat", "continue"]));
    let refused = zen.request("tools/call", calling(chat("Second"))).await;
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
    // The call in flight goes on to its end.
    rehearsal.release_all();
    assert!(zen.called(running).await.content().contains("One."));

    // Turning off what is off is no change; what nobody has, or everybody needs, stays as it is.
    place.json(&["tools", "disable", "chat", "--json"]).await;
    assert_eq!(place.run(&["tools", "disable", "chatt"]).await.status.code(), NOT_FOUND);
    let needed = place.run(&["tools", "disable", "version"]).await;
    assert!(!needed.status.success() && String::from_utf8_lossy(&needed.stderr).contains("is always offered"));
    zen.notifications.clear();
    place.json(&["tools", "enable", "chat", "--json"]).await;
    heard(&mut zen, "other tools", has_method(TOOLS_CHANGED)).await;
    assert_eq!(listed(&mut zen, "tools").await, tools);
    assert_eq!(zen.notifications.iter().filter(|said| has_method(TOOLS_CHANGED)(said)).count(), 0, "each change once");
    assert!(!zen.chat("Third").await.is_error);
    let table = String::from_utf8(place.run(&["tools"]).await.stdout).unwrap();
    assert!(table.lines().any(|line| line.split_whitespace().collect::<Vec<_>>() == ["chat", "on", "Chat"]), "{table}");
}

#[tokio::test]
async fn a_client_of_the_newer_era_listens_for_other_tools_and_prompts() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.stdio();
    let wanted = json!({ "toolsListChanged": true, "promptsListChanged": true });
    let listening = zen.send("subscriptions/listen", stateless(json!({ "notifications": wanted }), json!({}))).await;
    let acknowledged = heard(&mut zen, "the acknowledgement", |_| true).await;
    assert_eq!(acknowledged["params"]["notifications"], wanted);
    place.json(&["tools", "disable", "docgen", "--json"]).await;
    for method in [TOOLS_CHANGED, PROMPTS_CHANGED] {
        let told = heard(&mut zen, method, has_method(method)).await;
        assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], listening);
    }
    let now = zen.request("tools/list", stateless(json!({}), json!({}))).await;
    assert!(!names(&now, "tools").contains(&"docgen".to_owned()));
}
