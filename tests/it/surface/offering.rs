//! Tools that come and go while clients are connected: the lists, the word of it in both eras, the calls.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{calling, has_method, heard, stateless};
use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::{chat, soon};

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

#[tokio::test]
async fn an_edit_of_the_config_file_changes_what_is_offered_in_both_eras_and_a_broken_one_nothing() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let place = Place::with(&rehearsal).logged();
    let folder = place.path("home/.config/zen");
    std::fs::create_dir_all(&folder).unwrap();
    let write = |text: &str| std::fs::write(folder.join("config.toml"), text).unwrap();
    let gone = |tools: &[&str]| tools.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    write("[tools]\ndisabled = [\"docgen\"]\n");
    let mut older = place.connected().await;
    let mut newer = place.stdio();
    let listening = json!({ "notifications": { "toolsListChanged": true } });
    newer.send("subscriptions/listen", stateless(listening, json!({}))).await;
    heard(&mut newer, "the acknowledgement", |_| true).await;
    let listed_by_newer =
        async |zen: &mut Zen| names(&zen.request("tools/list", stateless(json!({}), json!({}))).await, "tools");
    let all: Vec<String> = zen::tools::all().iter().map(|tool| tool.spec().name.to_owned()).collect();
    let without = |off: &[&str]| all.iter().filter(|name| !gone(off).contains(name)).cloned().collect::<Vec<_>>();
    assert_eq!(listed(&mut older, "tools").await, without(&["docgen"]));

    write("[tools]\ndisabled = [\"tracer\", \"chat\"]\n");
    for zen in [&mut older, &mut newer] {
        heard(zen, "other tools", has_method(TOOLS_CHANGED)).await;
    }
    assert_eq!(listed(&mut older, "tools").await, without(&["tracer", "chat"]));
    assert_eq!(listed_by_newer(&mut newer).await, without(&["tracer", "chat"]));

    // With a mistake in the file, of whatever kind, all stays as it was; it is said, and the process looks on.
    for (broken, said) in
        [("[tools\n", "config.toml:1:"), ("[tools]\ndisabled = [\"chatt\"]\n", "did you mean 'chat'?")]
    {
        write(broken);
        soon(said, async {
            while !std::fs::read_to_string(place.path("log")).unwrap_or_default().contains(said) {
                older.ping().await;
            }
        })
        .await;
        assert_eq!(listed(&mut older, "tools").await, without(&["tracer", "chat"]), "{broken}");
    }

    // What was switched by hand stays so until the file says something else of it.
    write("[tools]\ndisabled = [\"tracer\", \"chat\"]\n");
    place.json(&["tools", "enable", "chat", "--json"]).await;
    place.json(&["tools", "disable", "debug", "--json"]).await;
    older.notifications.clear();
    write("[tools]\ndisabled = [\"chat\"]\n");
    while listed(&mut older, "tools").await != without(&["debug"]) {
        heard(&mut older, "other tools", has_method(TOOLS_CHANGED)).await;
    }
    std::fs::remove_file(folder.join("config.toml")).unwrap();
    write("[tools]\ndisabled = [\"debug\", \"chat\", \"docgen\"]\n");
    while listed(&mut older, "tools").await != without(&["debug", "docgen"]) {
        heard(&mut older, "other tools", has_method(TOOLS_CHANGED)).await;
    }
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn an_edit_of_the_config_file_below_a_variable_changes_nothing_and_is_told_as_such() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let place = Place::with(&rehearsal).logged().env("DISABLED_TOOLS", "docgen");
    let file = place.path("own.toml");
    std::fs::write(&file, "").unwrap();
    let mut zen = Zen::start(&mut place.command(&["--config", file.to_str().unwrap(), "stdio"]));
    zen.initialize("2025-11-25").await;
    let before = listed(&mut zen, "tools").await;
    std::fs::write(&file, "[tools]\ndisabled = [\"chat\"]\n").unwrap();
    soon("the file to be read", async {
        while !std::fs::read_to_string(place.path("log")).unwrap_or_default().contains("$DISABLED_TOOLS") {
            zen.ping().await;
        }
    })
    .await;
    assert_eq!(listed(&mut zen, "tools").await, before);
    assert!(!zen.chat("Hello").await.is_error);
}
