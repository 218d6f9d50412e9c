//! MCP over a WebSocket: who gets in, what is answered, and how it ends.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use zen::rehearsal::{Rehearsal, Scene, Script};
use zen::shutdown::Drained;

use crate::support::process::ToolReply;
use crate::support::web::{Site, TOKEN, call, initialize, ping};
use crate::support::{chat, soon};

pub type Socket = WebSocketStream<TcpStream>;

/// Opens one with these headers; the status of the refusal where there is one.
pub async fn connect(site: &Site, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/mcp", site.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(site.address).await.unwrap();
    match soon("the handshake", client_async(request, stream)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

pub async fn send(socket: &mut Socket, message: &Value) {
    socket.send(Message::text(message.to_string())).await.unwrap();
}

/// The next message; None at the end.
pub async fn hear(socket: &mut Socket) -> Option<Value> {
    match soon("a message", socket.next()).await? {
        Ok(Message::Text(text)) => Some(serde_json::from_str(&text).unwrap()),
        Ok(Message::Close(_)) | Err(_) => None,
        Ok(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_those_get_in_who_would_over_http() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::guarded(&rehearsal).await;
    let bearer = format!("Bearer {TOKEN}");
    let right = ("authorization", &*bearer);
    for (status, headers) in [
        (401, vec![]),
        (401, vec![("authorization", "Bearer wrong")]),
        (403, vec![right, ("origin", "http://evil.example")]),
        (403, vec![right, ("host", "evil.example")]),
        (426, vec![right, ("sec-websocket-version", "8")]),
    ] {
        assert_eq!(connect(&site, &headers).await.err(), Some(status), "{headers:?}");
    }
    let mut socket = connect(&site, &[right, ("sec-websocket-protocol", "mcp")]).await.unwrap();
    send(&mut socket, &initialize("2025-11-25")).await;
    let greeted = hear(&mut socket).await.unwrap();
    assert_eq!(greeted["result"]["serverInfo"]["name"], "zen");
    socket.send(Message::text("nonsense")).await.unwrap();
    assert_eq!(hear(&mut socket).await.unwrap()["error"]["code"], -32700);
    send(&mut socket, &ping(3)).await;
    assert_eq!(hear(&mut socket).await.unwrap()["result"], json!({}));
    // Bytes are no message: it ends.
    socket.send(Message::binary(b"x".to_vec())).await.unwrap();
    assert_eq!(hear(&mut socket).await, None);
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_call_up_and_an_end_lets_one_out() {
    let rehearsal = Rehearsal::start(Scene::reply("late but here").hold()).unwrap();
    let site = Site::open(&rehearsal, |config| config.tools.progress_interval = Duration::from_millis(20)).await;
    let mut socket = connect(&site, &[]).await.unwrap();
    send(&mut socket, &call(2, "chat", &chat("think"), Some("p"))).await;
    assert_eq!(hear(&mut socket).await.unwrap()["method"], "notifications/progress");
    rehearsal.next_request().await;
    drop(socket);
    soon("the provider to see it", rehearsal.next_disconnect()).await;

    let mut idle = connect(&site, &[]).await.unwrap();
    let mut socket = connect(&site, &[]).await.unwrap();
    send(&mut socket, &call(2, "chat", &chat("think"), None)).await;
    rehearsal.next_request().await;
    site.server.engine.shutdown.begin();
    assert_eq!(hear(&mut idle).await, None);
    rehearsal.release_all();
    assert!(ToolReply::of(&hear(&mut socket).await.unwrap()).content().contains("late but here"));
    assert_eq!(hear(&mut socket).await, None);
    assert_eq!(soon("the end", site.served).await.unwrap(), Drained::Clean);
}
