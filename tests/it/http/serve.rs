//! `zen serve` as a process: its token, what it may bind, and its end.

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStderr};
use zen::rehearsal::{Rehearsal, Scene, Script};

use crate::support::place::Place;
use crate::support::screen::Screen;
use crate::support::web::{BOTH, JSON, MODERN, Web, initialize, modern};
use crate::support::{canary, chat, soon};

struct Serving {
    child: Child,
    address: SocketAddr,
    complaints: BufReader<ChildStderr>,
}

impl Serving {
    async fn start(place: &Place, arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--port", "0"], arguments].concat();
        let mut child = place.command(&arguments).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut complaints = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        soon("the address", complaints.read_line(&mut line)).await.unwrap();
        let address = line.trim().strip_prefix("zen: serving MCP at http://").unwrap_or_else(|| panic!("{line}"));
        let address = address.strip_suffix("/mcp").unwrap().parse().unwrap();
        Self { child, address, complaints }
    }

    async fn says(&mut self) -> String {
        let mut line = String::new();
        soon("a line", self.complaints.read_line(&mut line)).await.unwrap();
        canary::sweep("stderr", &line);
        line
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id().unwrap()).unwrap()).unwrap(), signal).unwrap();
    }

    async fn ended(&mut self) -> Option<i32> {
        soon("the end", self.child.wait()).await.unwrap().code()
    }
}

#[tokio::test]
async fn the_token_is_made_at_the_first_start_and_shown_by_its_command_alone() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let place = Place::with(&rehearsal);
    let early = place.run(&["token", "show"]).await;
    assert_eq!(early.status.code(), Some(4));
    let mut serving = Serving::start(&place, &[]).await;
    let said = serving.says().await;
    let shown = place.run(&["token", "show"]).await;
    let token = String::from_utf8(shown.stdout).unwrap().trim().to_owned();
    assert!(token.len() >= 32 && !said.contains(&token), "{said}");
    let file = place.path("home/.local/state/zen/token");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o600);

    let mut web = Web::connect(serving.address).await;
    let (request, _) = modern("tools/list", json!({}));
    let usual = [MODERN, ("mcp-method", "tools/list")];
    assert_eq!(web.post(&usual, &request).await.status, 401);
    let bearer = format!("Bearer {token}");
    let with_token = [&usual[..], &[("authorization", &*bearer)]].concat();
    assert_eq!(web.post(&with_token, &request).await.status, 200);
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended().await, Some(0));

    let again = Serving::start(&place, &[]).await;
    let mut web = Web::connect(again.address).await;
    assert_eq!(web.post(&with_token, &request).await.status, 200);
}

#[tokio::test]
async fn less_safety_has_to_be_asked_for() {
    let place = Place::new();
    for (code, arguments) in [
        (3, vec!["serve", "--addr", "0.0.0.0:0"]),
        (3, vec!["serve", "--addr", "0.0.0.0:0", "--no-auth"]),
        (3, vec!["--set", "serve.behind_tls_proxy=true", "serve", "--addr", "0.0.0.0:0", "--no-auth"]),
        (2, vec!["serve", "--addr", "0.0.0.0:0", "--port", "1"]),
    ] {
        let output = place.run(&arguments).await;
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut open = Serving::start(&place, &["--no-auth"]).await;
    assert!(open.says().await.contains("--no-auth"));
    let mut web = Web::connect(open.address).await;
    assert_eq!(web.ask("tools/list", json!({})).await.status, 200);
    assert!(!place.path("home/.local/state/zen/token").exists());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let rehearsal = Rehearsal::start(Scene::reply("never").hold()).unwrap();
    let place = Place::with(&rehearsal).set("server.drain_grace", "600s");
    let mut serving = Serving::start(&place, &["--no-auth"]).await;
    let mut web = Web::connect(serving.address).await;
    let (request, _) = modern("tools/call", json!({ "name": "chat", "arguments": chat("think") }));
    let headers = [BOTH, JSON, MODERN, ("mcp-method", "tools/call"), ("mcp-name", "chat")];
    let asking = web.open("POST", "/mcp", &headers, request.to_string().into());
    tokio::pin!(asking);
    tokio::select! {
        _ = asking.as_mut() => panic!("the provider holds its reply"),
        _ = rehearsal.next_request() => {}
    }
    serving.signal(Signal::TERM);
    // It hears the first one: nobody new is let in.
    soon("the listener to close", async {
        while tokio::net::TcpStream::connect(serving.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended().await, Some(1));
}

#[tokio::test]
async fn the_counters_are_shown_on_loopback_to_those_who_get_in_anyway() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["--metrics-addr", "127.0.0.1:0"]).await;
    let mut said = serving.says().await;
    while !said.contains("counters at") {
        said = serving.says().await;
    }
    let address = said.trim().strip_prefix("zen: counters at http://").unwrap().strip_suffix("/metrics").unwrap();
    let address = address.parse().unwrap();
    let token = String::from_utf8(place.run(&["token", "show"]).await.stdout).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let right = ("authorization", &*bearer);
    let mut web = Web::connect(address).await;
    for (status, method, path, headers) in [
        (401, "GET", "/metrics", vec![]),
        (403, "GET", "/metrics", vec![right, ("host", "evil.example")]),
        (403, "GET", "/metrics", vec![right, ("origin", "http://evil.example")]),
        (404, "GET", "/mcp", vec![right]),
        (405, "POST", "/metrics", vec![right]),
        (200, "GET", "/metrics", vec![right]),
    ] {
        let reply = web.send(method, path, &headers, "").await;
        assert_eq!(reply.status, status, "{method} {path} {headers:?}");
        assert_eq!(reply.text().contains("# TYPE zen_threads gauge"), status == 200);
    }
    for arguments in
        [&["serve", "--port", "0", "--metrics-addr", "0.0.0.0:0"][..], &["stdio", "--metrics-addr", "[::]:0"]]
    {
        let output = place.run(arguments).await;
        assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    }
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended().await, Some(0));
}

#[tokio::test]
async fn a_face_serves_agents_too_where_it_is_asked_to() {
    let place = Place::new();
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let command = place.command(&["tui", "--listen", &address.to_string()]);
    let mut screen = Screen::open(command.as_std(), (100, 30));
    screen.shows(&["this process", "q quit"]);
    let token = String::from_utf8(place.run(&["token", "show"]).await.stdout).unwrap();
    let bearer = format!("Bearer {}", token.trim());
    let mut web = Web::connect(address).await;
    assert_eq!(web.post(&[], &initialize("2025-11-25")).await.status, 401);
    let greeted = web.post(&[("authorization", &bearer)], &initialize("2025-11-25")).await;
    assert_eq!(greeted.status, 200);
    // The person sees who has come, and is asked before they send them away.
    screen.shows(&["test-client"]);
    screen.press("q");
    screen.shows(&["Quit zen?", "1 connected client"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}
