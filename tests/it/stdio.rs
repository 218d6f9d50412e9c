//! `zen stdio` line by line: what it answers in each era, what it refuses, and that its output holds nothing but messages.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene, Script};

use crate::support::chat;
use crate::support::place::Place;
use crate::support::process::ToolReply;

const META: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"newer","version":"2"}"#;

/// A request of the newer era.
fn stateless(id: u64, method: &str, more: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{more}"_meta":{{{META}}}}}}}"#)
}

fn code(reply: &Value) -> i64 {
    reply["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error in {reply}"))
}

#[tokio::test]
async fn each_version_of_the_older_era_is_echoed_and_an_unknown_one_answered_with_the_latest() {
    for (asked, settled) in [
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-06-18", "2025-06-18"),
        ("2025-11-25", "2025-11-25"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ] {
        let mut zen = Place::new().stdio();
        let reply = zen.initialize(asked).await;
        assert_eq!(reply["result"]["protocolVersion"], settled, "{reply}");
        assert_eq!(reply["result"]["serverInfo"]["name"], "zen");
        assert!(reply["result"]["capabilities"]["tools"].is_object());
        assert!(reply["result"].get("resultType").is_none(), "that is of the newer era");
        zen.ping().await;
    }
}

#[tokio::test]
async fn the_list_of_tools_is_the_same_to_the_byte_each_time_and_in_each_process() {
    let mut listed = Vec::new();
    for _ in 0..2 {
        let mut zen = Place::new().connected().await;
        zen.heard.clear();
        for _ in 0..2 {
            zen.answer_to(r#"{"jsonrpc":"2.0","id":"list","method":"tools/list"}"#).await;
        }
        listed.extend(zen.heard);
    }
    assert!(listed.iter().all(|line| *line == listed[0]));
    let list: Value = serde_json::from_str(&listed[0]).unwrap();
    let tools = list["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"chat") && names.contains(&"version"), "{names:?}");
    for tool in tools {
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "{tool}");
        for forbidden in ["oneOf", "anyOf", "allOf", "$ref"] {
            assert!(schema.get(forbidden).is_none(), "{tool}");
        }
        let name = tool["name"].as_str().unwrap();
        assert!(name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{name}");
    }
}

#[tokio::test]
async fn a_stateless_request_is_answered_without_a_handshake_and_says_who_answers() {
    let mut zen = Place::new().stdio();
    let discovered = zen.answer_to(&stateless(1, "server/discover", "")).await;
    let result = &discovered["result"];
    assert_eq!(result["supportedVersions"][0], "2026-07-28", "{discovered}");
    assert_eq!(result["supportedVersions"].as_array().unwrap().len(), 5);
    let listed = zen.answer_to(&stateless(2, "tools/list", "")).await;
    for reply in [&discovered, &listed] {
        let result = &reply["result"];
        assert_eq!(result["resultType"], "complete", "{reply}");
        assert_eq!(result["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "zen");
        assert!(result["ttlMs"].as_u64().is_some() && result["cacheScope"].is_string(), "{reply}");
    }
    let called = zen.answer_to(&stateless(3, "tools/call", r#""name":"version","arguments":{},"#)).await;
    assert_eq!(called["result"]["resultType"], "complete", "{called}");
    assert_eq!(called["result"]["isError"], false, "{called}");
    assert!(called["result"].get("ttlMs").is_none(), "a call's result is not cached");
}

#[tokio::test]
async fn a_stateless_request_that_lacks_or_misstates_its_facts_is_refused() {
    let mut zen = Place::new().stdio();
    let lacking = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
    assert_eq!(code(&zen.answer_to(lacking).await), -32602);
    let unknown = stateless(2, "tools/list", "").replace("2026-07-28", "2031-01-01");
    let refused = zen.answer_to(&unknown).await;
    assert_eq!(code(&refused), -32022);
    assert_eq!(refused["error"]["data"]["requested"], "2031-01-01");
    assert!(refused["error"]["data"]["supported"].as_array().unwrap().contains(&json!("2026-07-28")), "{refused}");
    for (is, other) in [(r#""name":"newer","#, ""), (r#""2026-07-28""#, "20260728"), (r#"{"name""#, r#"["name""#)] {
        let misshapen = stateless(5, "tools/list", "").replacen(is, other, 1);
        let refused = zen.answer_to(&misshapen).await;
        assert!(refused["error"]["code"].is_i64(), "not answered in the form of another era: {misshapen} -> {refused}");
    }
    for method in ["ping", "initialize", "logging/setLevel"] {
        assert_eq!(code(&zen.answer_to(&stateless(3, method, "")).await), -32601, "{method} is not of this era");
    }
    let bare = r#"{"jsonrpc":"2.0","id":4,"method":"server/discover"}"#;
    assert_eq!(code(&zen.answer_to(bare).await), -32602);
}

#[tokio::test]
async fn a_client_may_discover_first_and_initialize_after_all_and_mix_both() {
    let mut zen = Place::new().stdio();
    let discovered = zen.answer_to(&stateless(100, "server/discover", "")).await;
    assert!(discovered["result"].is_object());
    let reply = zen.initialize("2025-06-18").await;
    assert_eq!(reply["result"]["protocolVersion"], "2025-06-18");
    zen.ping().await;
    let newer = zen.answer_to(&stateless(101, "tools/list", "")).await;
    assert_eq!(newer["result"]["resultType"], "complete");
    let older = zen.request("tools/list", json!({})).await;
    assert!(older["result"].get("resultType").is_none(), "{older}");
    assert_eq!(older["result"]["tools"], newer["result"]["tools"]);
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_by_its_code_and_the_connection_lives_on() {
    let mut zen = Place::new().connected().await;
    for (line, expected, id) in [
        (r#"{"jsonrpc":"2.0","id":"#, -32700, Value::Null),
        ("nonsense", -32700, Value::Null),
        (r#"{"jsonrpc":"2.0","id":3}"#, -32600, json!(3)),
        (r#"{"jsonrpc":"1.0","id":"four","method":"ping"}"#, -32600, json!("four")),
        (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, Value::Null),
        (r#"[{"jsonrpc":"2.0","id":5,"method":"ping"}]"#, -32600, Value::Null),
        ("42", -32600, Value::Null),
        (r#"{"jsonrpc":"2.0","id":6,"method":"no/such"}"#, -32601, json!(6)),
        (r#"{"jsonrpc":"2.0","id":7,"method":"roots/list"}"#, -32601, json!(7)),
        (r#"{"jsonrpc":"2.0","id":8,"method":"tools/call"}"#, -32602, json!(8)),
        (r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"no_such"}}"#, -32602, json!(9)),
        (r#"{"jsonrpc":"2.0","id":10,"method":"initialize","params":{}}"#, -32602, json!(10)),
    ] {
        let reply = zen.answer_to(line).await;
        assert_eq!(code(&reply), expected, "{line} -> {reply}");
        assert_eq!(reply["id"], id, "{line} -> {reply}");
        assert!(!reply["error"]["message"].as_str().unwrap().is_empty());
        zen.ping().await;
    }
    zen.write(b"\xff\xfe\n").await;
    assert_eq!(code(&zen.next_message().await.unwrap()), -32700);
    zen.ping().await;
}

#[tokio::test]
async fn notifications_and_responses_are_never_answered() {
    let mut zen = Place::new().connected().await;
    zen.notify("notifications/unknown", json!({})).await;
    zen.notify("notifications/cancelled", json!({ "requestId": 999 })).await;
    zen.notify("notifications/cancelled", json!({ "requestId": {} })).await;
    zen.notify("tools/call", json!({ "name": "version" })).await;
    zen.write_line(r#"{"jsonrpc":"2.0","id":77,"result":{}}"#).await;
    zen.write_line(r#"{"jsonrpc":"2.0","id":78,"error":{"code":1,"message":"no"}}"#).await;
    zen.ping().await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert!(!zen.has_reply(77) && !zen.has_reply(78));
    assert!(zen.notifications.is_empty(), "{:?}", zen.notifications);
}

#[tokio::test]
async fn ids_come_back_as_they_were_sent() {
    let mut zen = Place::new().connected().await;
    zen.heard.clear();
    for id in [r#""a b""#, r#""\u0041""#, r#""""#, "-5", "9007199254740993", "1.0", "0"] {
        zen.answer_to(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)).await;
        let answer = zen.heard.pop().unwrap();
        assert!(answer.contains(&format!(r#""id":{id},"#)), "{id} -> {answer}");
    }
}

#[tokio::test]
async fn lines_may_end_in_crlf_or_be_blank_and_the_last_one_needs_no_end() {
    let mut zen = Place::new().connected().await;
    zen.write(b"\r\n\n   \n{\"jsonrpc\":\"2.0\",\"id\":51,\"method\":\"ping\"}\r\n").await;
    assert_eq!(zen.next_message().await.unwrap()["id"], 51);
    zen.write(br#"{"jsonrpc":"2.0","id":52,"method":"ping"}"#).await;
    zen.close_input();
    assert_eq!(zen.next_message().await.unwrap()["id"], 52);
    assert_eq!(zen.ended().await, Some(0));
}

/// A ping of exactly `length` bytes.
fn padded(length: usize) -> String {
    let (head, tail) = (r#"{"jsonrpc":"2.0","id":60,"method":"ping","params":{"x":""#, r#""}}"#);
    format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()))
}

#[tokio::test]
async fn a_line_over_the_limit_is_refused_and_skipped_and_the_next_one_answered() {
    let mut zen = Place::new().set("server.max_line", "64KiB").connected().await;
    let at_the_limit = zen.answer_to(&padded(64 << 10)).await;
    assert_eq!(at_the_limit["result"], json!({}), "{at_the_limit}");
    for length in [(64 << 10) + 1, 1 << 20] {
        let refused = zen.answer_to(&padded(length)).await;
        assert_eq!((code(&refused), &refused["id"]), (-32600, &Value::Null), "{refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains("65536"), "{refused}");
        zen.ping().await;
    }
}

#[tokio::test]
async fn a_line_may_have_sixteen_mebibytes_unless_told_otherwise() {
    let mut zen = Place::new().connected().await;
    assert_eq!(zen.answer_to(&padded(16 << 20)).await["id"], 60);
    assert_eq!(code(&zen.answer_to(&padded((16 << 20) + 1)).await), -32600);
    zen.ping().await;
}

#[tokio::test]
async fn the_output_of_a_whole_run_holds_messages_and_nothing_else() {
    let rehearsal = Rehearsal::start(Script::new().then(Scene::reply("fine")).then(Scene::status(500))).unwrap();
    let place = Place::with(&rehearsal).logged();
    let mut zen = place.connected().await;
    assert!(!zen.chat("first").await.is_error);
    assert!(zen.chat("second").await.is_error);
    assert!(zen.call("chat", json!({ "prompt": 1 })).await.is_error);
    zen.answer_to("nonsense").await;
    let late = zen.send_call("chat", chat("third")).await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert!(zen.has_reply(late));
    // `Zen` has read each line as a message; the log is where the rest went.
    assert!(std::fs::metadata(place.path("log")).unwrap().len() > 0);
    assert_eq!(zen.complaints().await, "");
}

#[tokio::test]
async fn a_batch_is_answered_in_one_line_where_its_version_has_batches_and_refused_elsewhere() {
    let rehearsal = Rehearsal::start(Script::from(Scene::reply("from a batch"))).unwrap();
    let mut zen = Place::with(&rehearsal).stdio();
    zen.initialize("2025-03-26").await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": "p", "method": "ping" },
        { "jsonrpc": "2.0", "method": "notifications/unknown" },
        { "jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": { "name": "chat", "arguments": chat("hello") } },
        { "jsonrpc": "2.0", "id": "i", "method": "initialize", "params": {} },
        7,
        { "jsonrpc": "2.0", "id": 9, "result": {} },
        { "jsonrpc": "2.0", "id": "n", "method": "no/such" },
    ]);
    let answers = zen.answer_to(&batch.to_string()).await;
    let answers = answers.as_array().unwrap_or_else(|| panic!("{answers}"));
    let of = |id: Value| answers.iter().find(|one| one.get("id").cloned().unwrap_or_default() == id).unwrap();
    assert_eq!(answers.len(), 5, "{answers:?}");
    assert_eq!(of(json!("p"))["result"], json!({}));
    assert!(ToolReply::of(of(json!("c"))).content().contains("from a batch"));
    assert_eq!((code(of(json!("i"))), code(of(Value::Null)), code(of(json!("n")))), (-32600, -32600, -32601));

    // Nothing in it waits for an answer, so none comes; what is no batch gets a single one.
    zen.write_line(r#"[{"jsonrpc":"2.0","method":"notifications/unknown"},{"jsonrpc":"2.0","id":1,"result":{}}]"#)
        .await;
    zen.ping().await;
    let pings = json!(vec![json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }); 65]).to_string();
    for (line, expected) in [("[]", -32600), (&*pings, -32600), ("[{", -32700)] {
        assert_eq!(code(&zen.answer_to(line).await), expected, "{line}");
    }
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        zen.initialize(version).await;
        let refused = zen.answer_to(r#"[{"jsonrpc":"2.0","id":5,"method":"ping"}]"#).await;
        assert_eq!(code(&refused), -32600, "{version}");
    }
}
