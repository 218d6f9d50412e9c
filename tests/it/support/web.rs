//! An HTTP client of the tests, over connections of its own, and a server to talk to within the test's process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use zen::config::Config;
use zen::http::sse::Decoder;
use zen::rehearsal::Rehearsal;
use zen::secret::Secret;
use zen::server::Server;
use zen::server::http::Front;
use zen::server::http::gate::Gate;
use zen::server::http::token::Expected;
use zen::shutdown::Drained;

use super::{canary, engine, soon};

pub const BOTH: (&str, &str) = ("accept", "application/json, text/event-stream");
pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const MODERN: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A server that listens on a free port.
pub struct Site {
    pub server: Server,
    pub front: Arc<Front>,
    pub address: SocketAddr,
    pub served: JoinHandle<Drained>,
}

impl Site {
    /// Asks for no token.
    pub async fn open(rehearsal: &Rehearsal, change: impl FnOnce(&mut Config)) -> Self {
        Self::start(rehearsal, None, change).await
    }

    /// Asks for [`TOKEN`].
    pub async fn guarded(rehearsal: &Rehearsal) -> Self {
        Self::start(rehearsal, Some(Expected::of(&Secret::new(TOKEN))), |_| {}).await
    }

    async fn start(rehearsal: &Rehearsal, token: Option<Expected>, change: impl FnOnce(&mut Config)) -> Self {
        let server = engine::server(rehearsal, Path::new("/"), change);
        let gate = Gate { token, hosts: Vec::new(), origins: Vec::new() };
        let front = Front::new(server.clone(), gate);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(Arc::clone(&front).run(listener));
        Self { server, front, address, served }
    }

    pub async fn client(&self) -> Web {
        Web::connect(self.address).await
    }

    /// A session of the older era, that is ready.
    pub async fn session(&self, version: &str) -> Session {
        let mut web = self.client().await;
        let reply = web.post(&[], &initialize(version)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let session = Session { web, id: reply.header("mcp-session-id").unwrap().to_owned() };
        let mut session = session;
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(session.post(&ready).await.status, 202);
        session
    }
}

/// One TCP connection. Dropping it is a client that goes away.
pub struct Web {
    sender: http1::SendRequest<Full<Bytes>>,
    host: String,
    driving: JoinHandle<()>,
}

impl Drop for Web {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

/// A reply that was read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {} {}", self.status, self.text()))
    }

    /// The status, and the code of the JSON-RPC error in the body.
    pub fn refusal(&self) -> (u16, i64) {
        (self.status, self.json()["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {}", self.text())))
    }
}

impl Web {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driving = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { sender, host: address.to_string(), driving }
    }

    /// Sends a request and waits for the head of its reply.
    pub async fn open(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", &self.host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sending = self.sender.send_request(request.body(Full::new(body)).unwrap());
        soon("a reply's head", sending).await.unwrap()
    }

    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let response = self.open(method, path, headers, body.into()).await;
        let (head, body) = response.into_parts();
        let body = soon("a reply's body", body.collect()).await.unwrap().to_bytes();
        canary::sweep_value("a reply's head", &head.headers);
        canary::sweep("a reply's body", &body);
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Posts a message with the usual headers and these.
    pub async fn post(&mut self, headers: &[(&str, &str)], message: &Value) -> Reply {
        self.send("POST", "/mcp", &[&[BOTH, JSON], headers].concat(), message.to_string()).await
    }

    /// Posts what need be no message, with the usual headers and these.
    pub async fn post_text(&mut self, headers: &[(&str, &str)], text: &str) -> Reply {
        self.send("POST", "/mcp", &[&[BOTH, JSON], headers].concat(), text.to_owned()).await
    }

    /// Posts a message and does not read the body of the reply.
    pub async fn open_post(&mut self, headers: &[(&str, &str)], message: &Value) -> Response<Incoming> {
        self.open("POST", "/mcp", &[&[BOTH, JSON], headers].concat(), message.to_string().into()).await
    }

    /// Posts a request of the newer era as it should be.
    pub async fn ask(&mut self, method: &str, params: Value) -> Reply {
        let (request, name) = modern(method, params);
        let mut headers = vec![MODERN, ("mcp-method", method)];
        headers.extend(name.as_deref().map(|name| ("mcp-name", name)));
        self.post(&headers, &request).await
    }
}

/// A client of the older era.
pub struct Session {
    pub web: Web,
    pub id: String,
}

impl Session {
    pub async fn post(&mut self, message: &Value) -> Reply {
        let id = self.id.clone();
        self.web.post(&[("mcp-session-id", &id)], message).await
    }

    pub async fn post_text(&mut self, text: &str) -> Reply {
        let id = self.id.clone();
        self.web.post_text(&[("mcp-session-id", &id)], text).await
    }

    /// Posts a message and does not read the body of the reply.
    pub async fn open(&mut self, message: &Value) -> Response<Incoming> {
        let id = self.id.clone();
        let headers = [BOTH, JSON, ("mcp-session-id", &*id)];
        self.web.open("POST", "/mcp", &headers, message.to_string().into()).await
    }

    /// Opens an event stream, over a connection of its own where one is given.
    pub async fn listen(&self, web: &mut Web, last: Option<&str>) -> Events {
        let mut headers = vec![("accept", "text/event-stream"), ("mcp-session-id", &*self.id)];
        headers.extend(last.map(|last| ("last-event-id", last)));
        let response = web.open("GET", "/mcp", &headers, Bytes::new()).await;
        assert_eq!(response.status(), 200);
        Events::of(response)
    }
}

/// An event stream that is read bit by bit.
pub struct Events {
    body: Incoming,
    pub text: String,
}

impl Events {
    pub fn of(response: Response<Incoming>) -> Self {
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { body: response.into_body(), text: String::new() }
    }

    /// Reads until `part` has come.
    pub async fn until(&mut self, part: &str) {
        while !self.text.contains(part) {
            assert!(self.more().await, "the stream ended without {part:?}: {}", self.text);
        }
    }

    /// Reads to the end; the messages that came in all.
    pub async fn messages(mut self) -> Vec<Value> {
        self.read_out().await;
        self.texts().iter().map(|event| serde_json::from_str(event).unwrap()).collect()
    }

    pub async fn read_out(&mut self) {
        while self.more().await {}
    }

    /// The messages so far, as they stood on the wire.
    pub fn texts(&self) -> Vec<String> {
        let (mut decoder, mut events) = (Decoder::new(1 << 20), Vec::new());
        decoder.push(self.text.as_bytes(), &mut events).unwrap();
        events
    }

    /// The ids of the events so far.
    pub fn ids(&self) -> Vec<String> {
        self.text.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::to_owned).collect()
    }

    async fn more(&mut self) -> bool {
        match soon("an event", self.body.frame()).await {
            Some(frame) => {
                self.text.push_str(std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap());
                canary::sweep("a stream", &self.text);
                true
            }
            None => false,
        }
    }
}

pub fn initialize(version: &str) -> Value {
    let client = json!({ "name": "test-client", "version": "1" });
    let params = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": client });
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params })
}

pub fn ping(id: u64) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

/// A tool call; with a token, its client wants to hear of progress.
pub fn call(id: u64, tool: &str, arguments: &Value, progress: Option<&str>) -> Value {
    let mut params = json!({ "name": tool, "arguments": arguments });
    if let Some(token) = progress {
        params["_meta"] = json!({ "progressToken": token });
    }
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

/// A request of the newer era, and the name that its head must repeat.
pub fn modern(method: &str, mut params: Value) -> (Value, Option<String>) {
    let about = match method {
        "resources/read" => &params["uri"],
        _ => &params["name"],
    };
    let name = about.as_str().map(str::to_owned);
    params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2026-07-28");
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
    (json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }), name)
}
