//! What an attacker on the network, or in a browser, may try.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zen::rehearsal::{Rehearsal, Scene, Script};

use crate::support::web::{BOTH, JSON, MODERN, Site, TOKEN, modern, ping};
use crate::support::{chat, soon};

#[tokio::test]
async fn a_page_a_foreign_name_and_a_stranger_run_no_tool() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::guarded(&rehearsal).await;
    let mut web = site.client().await;
    let right = format!("Bearer {TOKEN}");
    let (request, _) = modern("tools/call", json!({ "name": "chat", "arguments": chat("Hello") }));
    let usual = [BOTH, JSON, MODERN, ("mcp-method", "tools/call"), ("mcp-name", "chat")];
    for (status, headers) in [
        (403, vec![("host", "evil.example"), ("authorization", &*right)]),
        (403, vec![("origin", "http://evil.example"), ("authorization", &right)]),
        (403, vec![("origin", "null"), ("authorization", &right)]),
        (401, vec![]),
        (401, vec![("authorization", "Bearer 0123456789abcdef0123456789abcdee")]),
        (401, vec![("authorization", TOKEN)]),
        (401, vec![("authorization", &right), ("authorization", &right)]),
    ] {
        let reply = web.send("POST", "/mcp", &[&usual, &*headers].concat(), request.to_string()).await;
        assert_eq!(reply.status, status, "{headers:?}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
    }
    assert_eq!(site.server.engine.messages.newest(10).len(), 0);
    assert_eq!(rehearsal.connections(), 0);
    let headers = [&usual[..], &[("authorization", &*right), ("origin", "http://localhost:3000")]].concat();
    assert_eq!(web.send("POST", "/mcp", &headers, request.to_string()).await.status, 200);

    // What the client presented to zen is zen's affair.
    let requests = rehearsal.requests();
    assert_eq!(requests.len(), 1);
    assert!(!format!("{requests:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_body_too_large_is_refused_before_it_is_read() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {}\r\naccept: */*\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        site.address,
        100 << 20
    );
    // The body never comes, and is not waited for.
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = [0; 12];
    soon("the refusal", stream.read_exact(&mut reply)).await.unwrap();
    assert_eq!(&reply, b"HTTP/1.1 413");

    // One that does not say how long it is, is cut off.
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = head.replace(&format!("content-length: {}", 100 << 20), "transfer-encoding: chunked");
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let chunk = [b"10000\r\n", &vec![b' '; 0x1_0000][..], b"\r\n"].concat();
    let pouring = tokio::spawn(async move { while writing.write_all(&chunk).await.is_ok() {} });
    soon("the refusal", reading.read_exact(&mut reply)).await.unwrap();
    assert_eq!(&reply, b"HTTP/1.1 413");
    soon("the connection to close", pouring).await.unwrap();
}

#[tokio::test]
async fn deep_nesting_costs_nothing_and_the_server_lives_on() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut web = site.client().await;
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    for body in [
        deep.clone(),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{deep}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"chat","arguments":{deep}}}}}"#),
    ] {
        let reply = web.send("POST", "/mcp", &[BOTH, JSON], body).await;
        assert_eq!(reply.status, 400);
    }
    assert_eq!(web.post(&[], &ping(1)).await.status, 400);
    assert_eq!(web.ask("tools/list", json!({})).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_let_go_and_others_are_served() {
    let rehearsal = Rehearsal::start(Scene::reply("Here.")).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let (request, _) = modern("tools/list", json!({}));
    let body = request.to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {}\r\naccept: */*\r\ncontent-type: application/json\r\nmcp-method: tools/list\r\n\
         mcp-protocol-version: 2026-07-28\r\ncontent-length: {}\r\n\r\n{body}",
        site.address,
        body.len()
    );
    // Asks on and on and never reads; once both directions are full, time passes until it is let go.
    let asking = async { while stream.write_all(head.as_bytes()).await.is_ok() {} };
    soon("the connection to close", asking).await;
    let mut web = site.client().await;
    assert_eq!(web.ask("tools/list", json!({})).await.status, 200);
}
