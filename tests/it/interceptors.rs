//! Interceptors in a real `zen stdio`: rules from a file, what they do to messages, and pauses that a person resolves
//! through the control socket.

use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use zen::control::Control as _;
use zen::control::ControlError;
use zen::control::client::Client;
use zen::control::types::{Did, MessageOutcome, PauseDecision, PausedSummary, RefusalCode, Switch};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::watch::Watch;
use crate::support::{chat, shown, soon};

const CONFIG: Option<i32> = Some(3);

fn answering() -> Rehearsal {
    Rehearsal::start(Scene::reply("the answer")).unwrap()
}

/// A place with this file of rules.
fn ruled(rehearsal: &Rehearsal, rules: &str) -> Place {
    let place = Place::with(rehearsal);
    let path = place.path("rules.toml");
    std::fs::write(&path, rules).unwrap();
    place.set("interceptors.rules", path.display())
}

#[tokio::test]
async fn rules_block_a_tool_modify_an_argument_and_answer_a_ping() {
    let rehearsal = answering();
    let place = ruled(
        &rehearsal,
        r#"
        [[rule]]
        name = "no challenge"
        tool = "challenge"
        direction = "in"
        action = "block"
        reason = "think for yourself"

        [[rule]]
        name = "another question"
        tool = "chat"
        direction = "in"
        when = [{ pointer = "/params/arguments/prompt", contains = "this" }]
        action = "modify"
        set = [{ pointer = "/params/arguments/prompt", value = "say that instead" }]

        [[rule]]
        name = "its own pong"
        method = "ping"
        action = "mock"
        result = { pong = true }
        "#,
    );
    let mut zen = place.connected().await;
    let control = place.control().await;

    let blocked = zen.request("tools/call", json!({ "name": "challenge", "arguments": { "prompt": "x" } })).await;
    assert_eq!(blocked["error"]["code"], -31001);
    assert!(blocked["error"]["message"].as_str().unwrap().contains("think for yourself"), "{blocked}");
    assert!(zen.chat("say this").await.content().starts_with("the answer"));
    let asked = shown(&rehearsal.requests()[0]);
    assert!(asked.contains("say that instead") && !asked.contains("say this"), "{asked}");
    assert_eq!(zen.request("ping", json!({})).await["result"], json!({ "pong": true }));

    // Who did it, and what it was before and after, stands in the message log.
    let messages = Watch::begin(&control).await.snapshot.messages;
    let of = |outcome| messages.iter().find(|message| message.outcome == outcome).unwrap();
    let blocked = of(MessageOutcome::Blocked);
    assert_eq!((blocked.by.as_deref(), blocked.reason.as_deref()), (Some("no challenge"), Some("think for yourself")));
    assert_eq!(of(MessageOutcome::Mocked).by.as_deref(), Some("its own pong"));
    let modified = control.message(of(MessageOutcome::Modified).seq).await.unwrap();
    assert!(modified.before.text.contains("say this") && modified.after.unwrap().text.contains("say that instead"));
    assert_eq!((modified.steps[0].by.as_str(), modified.steps[0].did), ("another question", Did::Modified));

    // A rule can be switched off, and its hits are counted.
    let rule = |name: &str, enabled| Switch { name: name.to_owned(), enabled };
    let state = control.switch(rule("no challenge", false)).await.unwrap();
    assert_eq!((state.deciders[0].hits, state.deciders[0].enabled), (1, false));
    assert!(!zen.call("challenge", json!({ "prompt": "x" })).await.is_error);
    let unknown = control.switch(rule("nobody", false)).await;
    assert!(matches!(unknown, Err(ControlError::Refused(refusal)) if refusal.code == RefusalCode::NotFound));
}

const PAUSES: &str = r#"
    [[rule]]
    name = "ask me"
    tool = "chat"
    kind = "request"
    action = "pause"
    reason = "is this meant to be asked?"
    timeout = "1h"
"#;

/// Waits until a message is paused, and says which.
async fn paused(control: &Client) -> PausedSummary {
    let mut watch = Watch::begin(control).await;
    match watch.snapshot.paused.pop() {
        Some(paused) => paused,
        None => watch.until("a pause", |delta| delta.paused.as_ref()?.last().cloned()).await,
    }
}

#[tokio::test]
async fn a_paused_call_waits_for_a_person_and_holds_up_nobody_else() {
    let rehearsal = answering();
    let place = ruled(&rehearsal, PAUSES);
    let mut zen = place.connected().await;
    let control = place.control().await;
    let call = zen.send_call("chat", chat("hello")).await;
    let held = paused(&control).await;
    assert_eq!((held.by.as_str(), held.reason.as_str()), ("ask me", "is this meant to be asked?"));
    zen.ping().await;
    assert!(!zen.has_reply(call) && rehearsal.requests().is_empty());

    let other = PauseDecision::Edit { text: r#"{"jsonrpc":"2.0","id":99,"method":"ping"}"#.to_owned() };
    let refused = control.resolve(held.id, other).await;
    assert!(matches!(refused, Err(ControlError::Refused(refusal)) if refusal.code == RefusalCode::BadRequest));
    let edited = held.text.text.replace("hello", "good evening");
    control.resolve(held.id, PauseDecision::Edit { text: edited }).await.unwrap();
    assert!(zen.called(call).await.content().starts_with("the answer"));
    assert!(shown(&rehearsal.requests()[0]).contains("good evening"));
    let again = control.resolve(held.id, PauseDecision::Continue).await;
    assert!(matches!(again, Err(ControlError::Refused(refusal)) if refusal.code == RefusalCode::NotFound));

    let call = zen.send_call("chat", chat("hello")).await;
    let held = paused(&control).await;
    control.resolve(held.id, PauseDecision::Block { reason: "no".to_owned() }).await.unwrap();
    assert_eq!(zen.reply(call).await["error"]["code"], -31001);
    assert!(control.paused().await.unwrap().is_empty());
}

/// What a command that succeeded has said.
async fn said(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_person_decides_on_paused_messages_from_the_shell() {
    let rehearsal = answering();
    let place = ruled(&rehearsal, PAUSES);
    let mut zen = place.connected().await;
    let control = place.control().await;
    let call = zen.send_call("chat", chat("hello")).await;
    let id = paused(&control).await.id.0.to_string();
    let listed = said(&place, &["paused"]).await;
    for part in ["tools/call", "chat", "ask me", "is this meant to be asked?", "blocked"] {
        assert!(listed.contains(part), "{part} in {listed}");
    }
    let text = said(&place, &["paused", "show", &id]).await;
    assert!(text.contains("hello"), "{text}");
    let mut edit = place.command(&["paused", "edit", &id]);
    let mut child = edit.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(text.replace("hello", "good evening").as_bytes()).await.unwrap();
    drop(input);
    assert!(soon("the command", child.wait_with_output()).await.unwrap().status.success());
    assert!(zen.called(call).await.content().starts_with("the answer"));
    assert!(shown(&rehearsal.requests()[0]).contains("good evening"));

    for (decision, code) in [(&["continue"][..], None), (&["block", "--reason", "not now"], Some(-31001))] {
        let call = zen.send_call("chat", chat("hello")).await;
        let id = paused(&control).await.id.0.to_string();
        said(&place, &[&["paused", decision[0], &id], &decision[1..]].concat()).await;
        let reply = zen.reply(call).await;
        assert_eq!(reply["error"]["code"].as_i64(), code, "{reply}");
    }
    assert_eq!(place.run(&["paused", "continue", &id]).await.status.code(), Some(4));
    assert_eq!(place.json(&["paused", "--json"]).await, json!([]));
}

#[tokio::test]
async fn the_rules_are_listed_and_switched_from_the_shell_and_mistakes_in_a_later_edit_are_told() {
    let rehearsal = answering();
    let place = ruled(&rehearsal, PAUSES);
    let mut zen = place.connected().await;
    let listed = said(&place, &["rules"]).await;
    assert!(listed.contains("rules.toml") && listed.contains("ask me") && listed.contains("on"), "{listed}");
    let off = place.json(&["rules", "disable", "ask me", "--json"]).await;
    assert_eq!(off[0]["deciders"][0]["enabled"], false, "{off}");
    assert!(zen.chat("hello").await.content().starts_with("the answer"));
    said(&place, &["rules", "enable", "ask me"]).await;
    assert_eq!(place.run(&["rules", "disable", "nobody"]).await.status.code(), Some(4));

    std::fs::write(place.path("rules.toml"), "[[rule]]\nname = \"ask me\"\naction = \"paws\"\n").unwrap();
    let told = soon("the mistake", async {
        loop {
            let listed = said(&place, &["rules"]).await;
            if listed.contains("paws") {
                return listed;
            }
        }
    })
    .await;
    assert!(told.contains("not in force") && told.contains("ask me"), "{told}");
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert_eq!(place.run(&["rules"]).await.status.code(), Some(5));
}

#[tokio::test]
async fn a_paused_call_does_not_outlive_its_client() {
    let rehearsal = answering();
    let place = ruled(&rehearsal, PAUSES);
    let mut zen = place.connected().await;
    let call = zen.send_call("chat", chat("hello")).await;
    paused(&place.control().await).await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert_eq!(zen.reply(call).await["error"]["code"], -31001);
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn mistakes_in_the_rules_are_told_all_at_once_before_anything_starts() {
    let rehearsal = answering();
    let place = ruled(&rehearsal, "[[rule]]\nname = \"a\"\naction = \"blok\"\n[[rule]]\naction = \"delay\"\n")
        .set("interceptors.max_bytes", "much");
    let output = place.run(&["stdio"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), CONFIG, "{said}");
    for part in ["rules.toml:3:", "blok", "rules.toml:4:", "needs a name", "interceptors.max_bytes"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn keys_are_not_kept_and_leave_only_where_that_was_left_alone() {
    const KEY: &str = "ghp_0123456789abcdefABCDEF0123456789abcdef";
    let rehearsal = Rehearsal::start(Scene::reply(format!("take {KEY} and go"))).unwrap();
    for (redacts, leaves) in [(true, false), (false, true)] {
        let place = Place::with(&rehearsal).set("interceptors.redact_messages", redacts);
        let mut zen = place.connected().await;
        assert_eq!(zen.chat("which key?").await.text.contains(KEY), leaves);
        let control = place.control().await;
        for message in Watch::begin(&control).await.snapshot.messages {
            let detail = control.message(message.seq).await.unwrap();
            assert!(!format!("{detail:?}").contains(KEY), "{detail:?}");
        }
    }
}

#[tokio::test]
async fn a_process_tells_what_it_counts() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal).set("interceptors.rate_tool", 1).set("interceptors.rate_burst", 2);
    let mut zen = place.connected().await;
    zen.chat("one").await;
    zen.chat("two").await;
    let limited = zen.chat("three").await;
    assert!(limited.is_error && limited.text.contains("ask again in"), "{limited:?}");

    let output = place.run(&["metrics"]).await;
    let page = String::from_utf8(output.stdout).unwrap();
    let pid = zen.pid();
    for line in [
        format!(r#"zen_calls_total{{pid="{pid}",gen_ai_tool_name="chat",outcome="answered"}} 2"#),
        format!(r#"zen_provider_calls_total{{pid="{pid}",provider="custom",class="ok"}} 2"#),
        format!(r#"mcp_server_requests_total{{pid="{pid}",mcp_method_name="tools/call"}} 3"#),
        format!(r#"zen_messages_total{{pid="{pid}",direction="in",kind="request",outcome="mocked"}} 1"#),
        format!(r#"mcp_server_connections_active{{pid="{pid}",transport="stdio"}} 1"#),
        format!(r#"zen_threads{{pid="{pid}"}} 2"#),
    ] {
        assert!(page.lines().any(|one| one == line), "{line}\n{page}");
    }
    let counted = place.json(&["metrics", "--json"]).await;
    assert_eq!(counted[0]["pid"], pid);
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert_eq!(place.run(&["metrics"]).await.status.code(), Some(5));
}
