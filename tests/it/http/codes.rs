//! Each status code, in both eras.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Script};

use crate::support::web::{BOTH, JSON, MODERN, Site, call, initialize, modern, ping};

async fn site() -> (Rehearsal, Site) {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::open(&rehearsal, |config| config.server.max_line = 4_096).await;
    (rehearsal, site)
}

#[tokio::test]
async fn a_request_that_is_no_message_is_turned_away_by_its_head() {
    let (_rehearsal, site) = site().await;
    let mut web = site.client().await;
    let text = ping(1).to_string();
    for (status, method, path, headers) in [
        (404, "POST", "/", vec![BOTH, JSON]),
        (404, "GET", "/.well-known/oauth-authorization-server", vec![]),
        (405, "PUT", "/mcp", vec![BOTH, JSON]),
        (405, "OPTIONS", "/mcp", vec![]),
        (406, "POST", "/mcp", vec![("accept", "application/json"), JSON]),
        (406, "POST", "/mcp", vec![("accept", "text/event-stream"), JSON]),
        (406, "POST", "/mcp", vec![JSON]),
        (415, "POST", "/mcp", vec![BOTH]),
        (415, "POST", "/mcp", vec![BOTH, ("content-type", "text/plain")]),
        (400, "POST", "/mcp", vec![BOTH, JSON, MODERN, MODERN]),
        (400, "GET", "/mcp", vec![BOTH]),
        (405, "GET", "/mcp", vec![BOTH, MODERN]),
        (405, "DELETE", "/mcp", vec![BOTH, MODERN]),
        (400, "GET", "/mcp", vec![BOTH, ("mcp-protocol-version", "1999-01-01")]),
        (404, "DELETE", "/mcp", vec![("mcp-session-id", "0123456789abcdef0123456789abcdef")]),
    ] {
        let reply = web.send(method, path, &headers, text.clone()).await;
        assert_eq!(reply.status, status, "{method} {path} {headers:?}: {}", reply.text());
    }
    let modern_get = web.send("GET", "/mcp", &[BOTH, MODERN], "").await;
    assert_eq!(modern_get.header("allow"), Some("POST"));
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_answered_with_why() {
    let (_rehearsal, site) = site().await;
    let mut web = site.client().await;
    for (body, code) in [("{", -32700), ("nonsense", -32700), ("[]", -32600), (r#"{"jsonrpc":"2.0","id":{}}"#, -32600)]
    {
        for headers in [vec![BOTH, JSON], vec![BOTH, JSON, MODERN]] {
            let reply = web.send("POST", "/mcp", &headers, body).await;
            assert_eq!(reply.refusal(), (400, code), "{body}");
            assert_eq!(reply.json()["id"], Value::Null);
        }
    }
    let large = ping(1).to_string() + &" ".repeat(4_096);
    assert_eq!(web.send("POST", "/mcp", &[BOTH, JSON], large).await.status, 413);
}

#[tokio::test]
async fn a_session_lives_from_its_initialize_to_its_delete() {
    let (_rehearsal, site) = site().await;
    let mut session = site.session("2025-11-25").await;
    assert!(session.id.len() >= 32 && session.id.bytes().all(|byte| byte.is_ascii_graphic()));
    assert_eq!(session.post(&ping(7)).await.json(), json!({ "jsonrpc": "2.0", "id": 7, "result": {} }));
    let response = json!({ "jsonrpc": "2.0", "id": 9, "result": {} });
    assert_eq!(session.post(&response).await.status, 202);
    let unknown = session.post(&json!({ "jsonrpc": "2.0", "id": 2, "method": "no/such" })).await;
    assert_eq!(unknown.refusal(), (200, -32601));
    assert_eq!(session.post(&initialize("2025-11-25")).await.refusal(), (400, -32600));

    let id = session.id.clone();
    let with_session = ("mcp-session-id", &*id);
    // Some clients send another version than they have agreed on.
    for version in ["2025-06-18", "2025-03-26"] {
        let reply = session.web.post(&[with_session, ("mcp-protocol-version", version)], &ping(3)).await;
        assert_eq!(reply.status, 200, "{version}");
    }
    let reply = session.web.post(&[with_session, ("mcp-protocol-version", "1999-01-01")], &ping(3)).await;
    assert_eq!(reply.refusal(), (400, -32022));

    assert_eq!(session.web.send("DELETE", "/mcp", &[with_session], "").await.status, 204);
    assert_eq!(session.post(&ping(8)).await.status, 404);
    assert_eq!(session.web.send("DELETE", "/mcp", &[with_session], "").await.status, 404);
    assert_eq!(session.web.send("GET", "/mcp", &[BOTH, with_session], "").await.status, 404);
    assert_eq!(site.front.sessions().count(), 0);
}

#[tokio::test]
async fn without_a_session_only_initialize_is_served() {
    let (_rehearsal, site) = site().await;
    let mut web = site.client().await;
    assert_eq!(web.post(&[], &ping(1)).await.refusal(), (400, -32600));
    let unknown = [("mcp-session-id", "ffffffffffffffffffffffffffffffff")];
    assert_eq!(web.post(&unknown, &ping(1)).await.status, 404);
    let answered = web.post(&[], &initialize("1999-01-01")).await;
    assert_eq!(answered.json()["result"]["protocolVersion"], "2025-11-25");
    let refused = web.post(&[], &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize" })).await;
    assert_eq!((refused.json()["error"]["code"].as_i64(), refused.header("mcp-session-id")), (Some(-32602), None));
    assert_eq!(site.front.sessions().count(), 1);
}

#[tokio::test]
async fn a_stateless_request_carries_all_it_needs() {
    let (_rehearsal, site) = site().await;
    let mut web = site.client().await;
    let found = web.ask("server/discover", json!({})).await;
    assert_eq!((found.status, found.header("mcp-session-id")), (200, None));
    assert_eq!(found.json()["result"]["resultType"], "complete");
    for method in ["ping", "initialize", "logging/setLevel", "resources/subscribe", "no/such"] {
        assert_eq!(web.ask(method, json!({})).await.refusal(), (404, -32601), "{method}");
    }
    let called = web.ask("tools/call", json!({ "name": "version", "arguments": {} })).await;
    assert_eq!((called.status, called.json()["result"]["isError"].as_bool()), (200, Some(false)));
    let failed = web.ask("tools/call", json!({ "name": "chat", "arguments": {} })).await;
    assert_eq!((failed.status, failed.json()["result"]["isError"].as_bool()), (200, Some(true)));
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 4 } });
    assert_eq!(web.post(&[MODERN], &notification).await.status, 202);
    // What means nothing in this era, or to this server, is passed over.
    for (name, value) in [("mcp-session-id", "nobody"), ("last-event-id", "1-1"), ("mcp-param-region", "us-west1")] {
        let (request, _) = modern("tools/list", json!({}));
        let reply = web.post(&[MODERN, ("mcp-method", "tools/list"), (name, value)], &request).await;
        assert_eq!((reply.status, reply.header("mcp-session-id")), (200, None), "{name}");
    }
}

#[tokio::test]
async fn a_stateless_request_whose_head_or_meta_is_wrong_is_refused() {
    let (_rehearsal, site) = site().await;
    let mut web = site.client().await;
    let (request, _) = modern("tools/list", json!({}));
    let method = ("mcp-method", "tools/list");
    assert_eq!(web.post(&[method], &request).await.refusal(), (400, -32020));
    assert_eq!(web.post(&[MODERN], &request).await.refusal(), (400, -32020));
    assert_eq!(web.post(&[MODERN, ("mcp-method", "prompts/list")], &request).await.refusal(), (400, -32020));
    assert_eq!(web.post(&[("mcp-protocol-version", "2025-11-25"), method], &request).await.refusal(), (400, -32020));

    let (chat, _) = modern("tools/call", json!({ "name": "version", "arguments": {} }));
    let calls = ("mcp-method", "tools/call");
    assert_eq!(web.post(&[MODERN, calls], &chat).await.refusal(), (400, -32020));
    assert_eq!(web.post(&[MODERN, calls, ("mcp-name", "chat")], &chat).await.refusal(), (400, -32020));
    let in_base64 = ("mcp-name", "=?base64?dmVyc2lvbg==?=");
    assert_eq!(web.post(&[MODERN, calls, in_base64], &chat).await.status, 200);

    let mut unknown = request.clone();
    unknown["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let reply = web.post(&[("mcp-protocol-version", "2099-01-01"), method], &unknown).await;
    assert_eq!(reply.refusal(), (400, -32022));
    assert_eq!(reply.json()["error"]["data"]["requested"], "2099-01-01");

    let bare = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    assert_eq!(web.post(&[MODERN, method], &bare).await.refusal(), (400, -32602));
    let mut incapable = request.clone();
    incapable["params"]["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientCapabilities");
    assert_eq!(web.post(&[MODERN, method], &incapable).await.refusal(), (400, -32602));
}

#[tokio::test]
async fn every_message_passes_the_chain_rejections_too() {
    let (_rehearsal, site) = site().await;
    let mut session = site.session("2025-06-18").await;
    session.post(&call(5, "version", &json!({}), None)).await;
    let mut web = site.client().await;
    web.ask("tools/list", json!({})).await;
    web.post(&[], &ping(1)).await;
    web.post(&[MODERN], &modern("tools/list", json!({})).0).await;
    web.send("POST", "/mcp", &[BOTH, JSON], "{").await;
    // initialize, initialized, the call, the list, and three that are refused; all but the notification are answered.
    assert_eq!(site.server.engine.messages.newest(100).len(), 7 + 6);
}

#[tokio::test]
async fn a_batch_is_answered_in_one_array_in_its_version_alone() {
    let (_rehearsal, site) = site().await;
    let batch = json!([
        { "jsonrpc": "2.0", "id": 1, "method": "ping" },
        { "jsonrpc": "2.0", "method": "notifications/unknown" },
        call(2, "version", &json!({}), None),
        7,
    ]);
    let mut session = site.session("2025-03-26").await;
    let reply = session.post(&batch).await;
    let answers = reply.json();
    let answers = answers.as_array().unwrap();
    assert_eq!((reply.status, answers.len()), (200, 3), "{answers:?}");
    assert_eq!(answers[0]["result"], json!({}));
    assert_eq!(answers[1]["error"]["code"], -32600);
    assert_eq!(answers[2]["result"]["isError"], false);
    let silent =
        json!([{ "jsonrpc": "2.0", "method": "notifications/unknown" }, { "jsonrpc": "2.0", "id": 1, "result": {} }]);
    let reply = session.post(&silent).await;
    assert_eq!((reply.status, reply.text().as_str()), (202, ""));
    assert_eq!(session.post(&json!([])).await.refusal(), (400, -32600));
    for version in ["2024-11-05", "2025-06-18", "2025-11-25"] {
        assert_eq!(site.session(version).await.post(&batch).await.refusal(), (400, -32600), "{version}");
    }
    let mut web = site.client().await;
    assert_eq!(web.post(&[], &batch).await.refusal(), (400, -32600));
    assert_eq!(web.post(&[MODERN], &batch).await.refusal(), (400, -32600));
}
