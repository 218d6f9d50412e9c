//! MCP over a WebSocket, for clients that hold one connection open: behind the same gate, through the same chain, one
//! message a text frame. The specification has no such transport, so it is there only where it was built in.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL};
use hyper::header::{SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use super::gate::single;
use super::reply::{self, Rejection};
use crate::http::body::ReplyBody;
use crate::interceptor::Approved;
use crate::server::Server;
use crate::server::connection::Connection;
use crate::server::link::{self, Incoming, OUTGOING_CAPACITY, Receiving};
use crate::thread::Principal;

/// What clients may ask for by name.
const PROTOCOL: &str = "mcp";

const NO_KEY: Rejection = Rejection::new(StatusCode::BAD_REQUEST, "Sec-WebSocket-Key must stand once");
const OTHER_VERSION: Rejection =
    Rejection::new(StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version 13 is spoken here, and no other");

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// Whether the client asks for a WebSocket.
pub fn is_wanted(head: &Parts) -> bool {
    let lists = |name, wanted: &str| {
        let values = head.headers.get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(wanted))
    };
    lists(UPGRADE, "websocket") && lists(CONNECTION, "upgrade")
}

/// Answers the handshake; from then on the connection is a client's like any other, until it or zen ends. `place` is given
/// back with its end.
pub fn accept(
    server: &Server,
    head: Parts,
    principal: Principal,
    place: impl Send + 'static,
) -> Result<Response<ReplyBody>, Rejection> {
    if single(&head, &SEC_WEBSOCKET_VERSION) != Ok(Some("13")) {
        return Err(OTHER_VERSION);
    }
    let key = single(&head, &SEC_WEBSOCKET_KEY).ok().flatten().ok_or(NO_KEY)?;
    let accepted = HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| NO_KEY)?;
    let protocols = single(&head, &SEC_WEBSOCKET_PROTOCOL).ok().flatten().unwrap_or_default();
    let speaks = protocols.split(',').any(|protocol| protocol.trim() == PROTOCOL);
    let upgrade = hyper::upgrade::on(Request::from_parts(head, ()));
    let server = server.clone();
    tokio::spawn(async move {
        serve(&server, upgrade, principal).await;
        drop(place);
    });

    let mut response = reply::status(StatusCode::SWITCHING_PROTOCOLS);
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
    if speaks {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL));
    }
    Ok(response)
}

/// Both halves on one task. When shutdown begins nothing more is heard, and what is in flight is still answered.
async fn serve(server: &Server, upgrade: OnUpgrade, principal: Principal) {
    let Ok(upgraded) = upgrade.await else { return };
    let shutdown = server.engine.shutdown.clone();
    let _guard = shutdown.guard();
    let limit = server.engine.config.server.max_line;
    let config = WebSocketConfig::default().max_message_size(Some(limit)).max_frame_size(Some(limit));
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
    let (sink, stream) = socket.split();
    let connection = Connection::open(server, "websocket", principal);
    let (queue, messages) = mpsc::channel(OUTGOING_CAPACITY);
    let hearing = async {
        let queue = Arc::new(queue);
        tokio::select! {
            biased;
            () = shutdown.begun() => {}
            // The client is gone: nobody waits for what it asked for.
            () = link::converse(&connection, Frames(stream), &queue) => connection.close(),
        }
    };
    tokio::join!(hearing, write(sink, messages));
    connection.close();
}

/// Writes until the last sender is gone, or the client.
async fn write(mut sink: SplitSink<Socket, Message>, mut messages: mpsc::Receiver<Approved>) {
    while let Some(message) = messages.recv().await {
        // What the chain has approved is JSON, and so it is text.
        let Ok(text) = message.into_message().bytes.try_into() else { continue };
        if sink.send(Message::Text(text)).await.is_err() {
            return;
        }
    }
    let _ = sink.close().await;
}

/// The receiving half. A frame is put together in the stream, so giving up waiting loses no part of one.
struct Frames(SplitStream<Socket>);

impl Receiving for Frames {
    async fn receive(&mut self) -> Option<Incoming> {
        loop {
            return match self.0.next().await? {
                Ok(Message::Text(text)) => Some(Incoming::Message(Bytes::from(text))),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => continue,
                // Bytes are no message here; a frame that is too long or broken leaves nothing to go on from.
                Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => None,
            };
        }
    }
}
