//! The matrix: on every transport, in both directions, each kind of message passes the chain. What went over the wire is
//! held against what the chain's observer saw; and where the chain lets nothing through, nothing comes through.

use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use zen::config::Config;
use zen::interceptor::builtin::message_log::Entry;
use zen::interceptor::{Direction, Kind};
use zen::rehearsal::{Rehearsal, Scene};
use zen::server::Server;
use zen::server::connection::Connection;
use zen::server::link;
use zen::server::stdio::Stdio;

use crate::support::web::{Events, MODERN, Session, Site, call, initialize, modern, ping};
use crate::support::{chat, engine, soon};

/// All that a client sent and got, message by message, as it stood on the wire.
#[derive(Debug, Default)]
struct Wire {
    sent: Vec<String>,
    heard: Vec<String>,
}

impl Wire {
    fn sends(&mut self, message: impl ToString) -> String {
        self.sent.push(message.to_string());
        self.sent.last().unwrap().clone()
    }

    fn hears(&mut self, body: &[u8]) {
        if !body.is_empty() {
            self.heard.push(String::from_utf8(body.to_vec()).unwrap());
        }
    }
}

fn often(config: &mut Config) {
    config.tools.progress_interval = Duration::from_millis(10);
}

/// Each line in the older era's form: every kind that a client can send, and what is none.
fn of_every_kind() -> Vec<String> {
    vec![
        ping(2).to_string(),
        json!({ "jsonrpc": "2.0", "method": "notifications/unknown" }).to_string(),
        json!({ "jsonrpc": "2.0", "id": 3, "result": {} }).to_string(),
        json!({ "jsonrpc": "2.0", "id": 4, "error": { "code": 1, "message": "no" } }).to_string(),
        json!({ "jsonrpc": "2.0", "id": 5, "method": "no/such" }).to_string(),
        json!({ "jsonrpc": "2.0", "id": 6, "method": "tools/call", "params": { "name": "no_such" } }).to_string(),
        r#"{"jsonrpc":"2.0","id":7}"#.to_owned(),
        "{".to_owned(),
        r#"[{"jsonrpc":"2.0","id":8,"method":"ping"}]"#.to_owned(),
    ]
}

/// A call that tells of its progress.
fn telling(id: u64) -> Value {
    call(id, "chat", &chat("think"), Some("token"))
}

const SESSION: [Kind; 5] = [Kind::Request, Kind::Notification, Kind::Result, Kind::Error, Kind::Malformed];

/// What was seen of one transport, text by text: in, then out.
fn seen(entries: &[Entry], transport: &str, direction: Direction) -> Vec<String> {
    let of = entries.iter().filter(|one| one.header.transport == transport && one.header.direction == direction);
    of.map(|one| String::from_utf8_lossy(one.after.as_ref().unwrap_or(&one.before)).into_owned()).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// Panics unless the chain saw exactly what went over the wire, with these kinds in and out.
fn assert_all_passed(server: &Server, transport: &str, wire: &Wire, kinds: &[Kind]) {
    let entries = server.engine.messages.newest(10_000);
    assert_eq!(sorted(wire.sent.clone()), sorted(seen(&entries, transport, Direction::In)), "{transport}, in");
    assert_eq!(sorted(wire.heard.clone()), sorted(seen(&entries, transport, Direction::Out)), "{transport}, out");
    let of = |direction, kind| {
        entries.iter().any(|one| {
            one.header.transport == transport && one.header.direction == direction && one.header.kind == kind
        })
    };
    for kind in kinds {
        assert!(of(Direction::In, *kind), "{transport}: no {kind:?} in");
    }
    for kind in [Kind::Result, Kind::Error, Kind::Notification] {
        assert!(of(Direction::Out, kind), "{transport}: no {kind:?} out");
    }
}

#[tokio::test]
async fn over_stdio() {
    let rehearsal = Rehearsal::start(Scene::reply("late").hold()).unwrap();
    let server = engine::server(&rehearsal, Path::new("/"), often);
    let ((ours_in, theirs_in), (ours_out, theirs_out)) = (pair(), pair());
    let stdio = Stdio::from_fds(theirs_in, theirs_out);
    let serving = {
        let server = server.clone();
        tokio::spawn(async move { stdio.serve(&server, engine::principal()).await })
    };
    let (mut input, output) = (stream(ours_in), stream(ours_out));
    let mut lines = BufReader::new(output).lines();
    let mut wire = Wire::default();
    let first = [initialize("2025-11-25").to_string()];
    for line in first.into_iter().chain(of_every_kind()).chain([telling(9).to_string()]) {
        let line = wire.sends(line) + "\n";
        input.write_all(line.as_bytes()).await.unwrap();
    }
    while !wire.heard.iter().any(|line| line.contains("notifications/progress")) {
        wire.hears(soon("a line", lines.next_line()).await.unwrap().unwrap().as_bytes());
    }
    rehearsal.release_all();
    input.shutdown().await.unwrap();
    while let Some(line) = soon("a line", lines.next_line()).await.unwrap() {
        wire.hears(line.as_bytes());
    }
    soon("the end", serving).await.unwrap().unwrap();
    assert_all_passed(&server, "stdio", &wire, &SESSION);
}

fn pair() -> (std::os::unix::net::UnixStream, OwnedFd) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    (ours, theirs.into())
}

fn stream(socket: std::os::unix::net::UnixStream) -> UnixStream {
    socket.set_nonblocking(true).unwrap();
    UnixStream::from_std(socket).unwrap()
}

#[tokio::test]
async fn over_the_pair_within_the_process() {
    let rehearsal = Rehearsal::start(Scene::reply("late").hold()).unwrap();
    let server = engine::server(&rehearsal, Path::new("/"), often);
    let connection = Connection::open(&server, "pair", engine::principal());
    let (mut inside, receiving, sending) = link::pair();
    let serving = tokio::spawn(async move { link::converse(&connection, receiving, &Arc::new(sending)).await });
    let mut wire = Wire::default();
    let first = [initialize("2025-11-25").to_string()];
    for line in first.into_iter().chain(of_every_kind()).chain([telling(9).to_string()]) {
        inside.to_server.send(Bytes::from(wire.sends(line))).await.unwrap();
    }
    while !wire.heard.iter().any(|line| line.contains("notifications/progress")) {
        wire.hears(&soon("a message", inside.from_server.recv()).await.unwrap().message().bytes);
    }
    rehearsal.release_all();
    drop(inside.to_server);
    while let Some(message) = soon("a message", inside.from_server.recv()).await {
        wire.hears(&message.message().bytes);
    }
    soon("the end", serving).await.unwrap();
    assert_all_passed(&server, "pair", &wire, &SESSION);
}

#[tokio::test]
async fn a_persons_call() {
    let rehearsal = Rehearsal::start(Scene::reply("for a person")).unwrap();
    let server = engine::server(&rehearsal, Path::new("/"), |_| {});
    let mut client = engine::client(&server, "a person");
    let answered = engine::call(&mut client, "chat", &chat("hello")).await;
    assert!(client.call("no_such", &serde_json::value::to_raw_value(&json!({})).unwrap()).await.is_err());
    let entries = server.engine.messages.newest(100);
    let kinds: Vec<_> = entries.iter().map(|one| (one.header.direction, one.header.kind)).collect();
    let (into, out) = (Direction::In, Direction::Out);
    let expected = [(into, Kind::Request), (out, Kind::Result), (into, Kind::Request), (out, Kind::Error)];
    assert_eq!(kinds, expected);
    let reply: Value = serde_json::from_slice(&entries[1].before).unwrap();
    assert_eq!(reply["result"]["content"][0]["text"], answered.text);
}

#[tokio::test]
async fn over_http_in_sessions() {
    let rehearsal = Rehearsal::start(Scene::reply("late").hold()).unwrap();
    let site = Site::open(&rehearsal, often).await;
    let mut wire = Wire::default();
    let mut web = site.client().await;
    let reply = web.post(&[], &initialize("2025-11-25")).await;
    wire.sends(initialize("2025-11-25"));
    wire.hears(&reply.body);
    let id = reply.header("mcp-session-id").unwrap().to_owned();
    let mut session = Session { web, id };
    for line in of_every_kind() {
        let line = wire.sends(line);
        wire.hears(&session.post_text(&line).await.body);
    }
    // Without a session, of a session that is not known, of an unknown version: turned away, and seen.
    let mut other = site.client().await;
    for headers in [&[][..], &[("mcp-session-id", "0")], &[("mcp-protocol-version", "1999-01-01")]] {
        wire.sends(ping(10));
        wire.hears(&other.post(headers, &ping(10)).await.body);
    }

    // A stream that breaks and is taken up again: what is repeated was seen when it went out first.
    wire.sends(telling(9));
    let mut events = Events::of(session.open(&telling(9)).await);
    events.until("\"progress\":2").await;
    let ids = events.ids();
    let mut all = events.texts();
    drop(events);
    let mut again = session.listen(&mut other, Some(&ids[1])).await;
    again.until("\"progress\":2").await;
    rehearsal.release_all();
    again.read_out().await;
    all.extend(again.texts());
    all.sort();
    all.dedup();
    wire.heard.extend(all);
    assert_all_passed(&site.server, "http", &wire, &SESSION);
}

#[tokio::test]
async fn over_http_without_sessions() {
    let rehearsal = Rehearsal::start(Scene::reply("late").hold()).unwrap();
    let site = Site::open(&rehearsal, often).await;
    let (mut wire, mut web) = (Wire::default(), site.client().await);
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("tools/call", json!({ "name": "version", "arguments": {} })),
        ("no/such", json!({})),
    ] {
        wire.sends(modern(method, params.clone()).0);
        wire.hears(&web.ask(method, params).await.body);
    }
    let newer = MODERN;
    let notification = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 4 } });
    for (headers, text) in [
        (vec![newer], notification.to_string()),
        (vec![newer], r#"{"jsonrpc":"2.0","id":3,"result":{}}"#.to_owned()),
        (vec![newer], r#"{"jsonrpc":"2.0","id":3,"error":{}}"#.to_owned()),
        // Its head is wrong, or what it says of itself.
        (vec![newer], modern("tools/list", json!({})).0.to_string()),
        (vec![newer, ("mcp-method", "tools/list")], r#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#.to_owned()),
        (vec![newer], "{".to_owned()),
        (vec![newer], "[]".to_owned()),
    ] {
        let text = wire.sends(text);
        wire.hears(&web.post_text(&headers, &text).await.body);
    }
    let params = json!({ "name": "chat", "arguments": chat("think"), "_meta": { "progressToken": "p" } });
    let (request, _) = modern("tools/call", params);
    wire.sends(&request);
    let headers = [newer, ("mcp-method", "tools/call"), ("mcp-name", "chat")];
    let mut events = Events::of(web.open_post(&headers, &request).await);
    events.until("notifications/progress").await;
    rehearsal.release_all();
    events.read_out().await;
    wire.heard.extend(events.texts());
    assert_all_passed(&site.server, "http", &wire, &SESSION);
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn over_a_websocket() {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;

    let rehearsal = Rehearsal::start(Scene::reply("late").hold()).unwrap();
    let site = Site::open(&rehearsal, often).await;
    let mut socket = crate::http::websocket::connect(&site, &[]).await.unwrap();
    let mut wire = Wire::default();
    let first = [initialize("2025-11-25").to_string()];
    for line in first.into_iter().chain(of_every_kind()).chain([telling(9).to_string()]) {
        socket.send(Message::text(wire.sends(line))).await.unwrap();
    }
    loop {
        let frame = soon("a frame", socket.next()).await.unwrap().unwrap();
        wire.hears(&frame.into_data());
        let heard = wire.heard.last().unwrap();
        if heard.contains("notifications/progress") {
            rehearsal.release_all();
        } else if heard.contains("\"id\":9") {
            break;
        }
    }
    assert_all_passed(&site.server, "websocket", &wire, &SESSION);
}

/// A file of rules.
fn ruled(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[tokio::test]
async fn what_the_chain_lets_nothing_in_or_out_of_lets_nothing_through() {
    const BLOCKED: i64 = -31001;
    for direction in ["in", "out"] {
        let rehearsal = Rehearsal::start(Scene::reply("never seen")).unwrap();
        let rules = ruled(&format!("[[rule]]\nname = \"closed\"\ndirection = \"{direction}\"\naction = \"block\"\n"));
        let path = rules.path().to_owned();
        let site = Site::open(&rehearsal, |config| config.interceptors.rules = Some(path)).await;
        let mut answers = Vec::new();

        let (mut inside, receiving, sending) = link::pair();
        let connection = Connection::open(&site.server, "pair", engine::principal());
        let serving = tokio::spawn(async move { link::converse(&connection, receiving, &Arc::new(sending)).await });
        let mut lines = of_every_kind();
        lines.push(telling(9).to_string());
        for line in lines {
            inside.to_server.send(Bytes::from(line)).await.unwrap();
        }
        drop(inside.to_server);
        while let Some(message) = soon("a message", inside.from_server.recv()).await {
            answers.push(serde_json::from_slice::<Value>(&message.message().bytes).unwrap());
        }
        soon("the end", serving).await.unwrap();

        let mut web = site.client().await;
        answers.push(web.post(&[], &initialize("2025-11-25")).await.json());
        for (method, params) in
            [("tools/list", json!({})), ("tools/call", json!({ "name": "chat", "arguments": chat("x") }))]
        {
            answers.push(web.ask(method, params).await.json());
        }
        answers.push(web.post_text(&[], "{").await.json());
        assert!(answers.len() >= 9, "{answers:?}");
        for answer in &answers {
            assert_eq!(answer["error"]["code"], BLOCKED, "{direction}: {answer}");
        }
        // What is not let in has no effect; what is not let out may have had one.
        assert_eq!(rehearsal.requests().is_empty(), direction == "in");
    }
}
