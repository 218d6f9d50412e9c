//! One request and its reply, read while it arrives: as a stream of events, or as one JSON body from an endpoint that
//! ignores that a stream was asked for.

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::http::sse::Decoder;
use crate::provider::Listener;
use crate::provider::endpoint::Endpoint;
use crate::provider::failure::{Class, Fault};
use crate::provider::http::{Incoming, Outgoing, Transport};
use crate::provider::reply::Reply;
use crate::provider::wire::Wire;

/// What the Chat Completions format ends a stream with.
const DONE: &str = "[DONE]";

/// Reads one reply into `reply`, which keeps what has arrived even where reading fails or is given up.
pub(super) struct Exchange<'a> {
    pub wire: Wire,
    pub listener: &'a dyn Listener,
    pub clock: Clock,
    pub reply: &'a mut Reply,
    pub first_text: &'a mut Option<Instant>,
}

/// The shape of a body, told by its first character.
enum Body {
    Unknown,
    Events(Decoder),
    Json(Vec<u8>),
}

impl Exchange<'_> {
    pub async fn run(
        mut self,
        transport: &Transport,
        endpoint: &Endpoint,
        outgoing: &Outgoing,
        body: Bytes,
    ) -> Result<(), Fault> {
        let incoming = transport.send(endpoint, outgoing, body).await?;
        if !(200..300).contains(&incoming.status()) {
            return Err(incoming.refused().await);
        }
        let read = self.read(incoming, transport.limits().max_event).await;
        read.map_err(|fault| self.reply.broken_by(fault))
    }

    async fn read(&mut self, mut incoming: Incoming, max_event: usize) -> Result<(), Fault> {
        let (mut body, mut events) = (Body::Unknown, Vec::new());
        while let Some(chunk) = incoming.chunk().await? {
            if let Body::Unknown = body {
                body = Body::begun_by(&chunk, max_event)?;
            }
            match &mut body {
                Body::Unknown => {}
                Body::Json(json) => json.extend_from_slice(&chunk),
                Body::Events(decoder) => {
                    let pushed = decoder.push(&chunk, &mut events);
                    for event in events.drain(..) {
                        self.event(&event)?;
                    }
                    let too_long = || format!("an event of its reply is longer than {max_event} bytes");
                    pushed.map_err(|_| Fault::new(Class::Protocol, too_long()))?;
                }
            }
            if self.reply.ended {
                incoming.finish().await;
                return Ok(());
            }
        }
        match body {
            Body::Unknown => Ok(()),
            Body::Json(json) => self.json(&json),
            Body::Events(mut decoder) => decoder.finish().map_or(Ok(()), |event| self.event(&event)),
        }
    }

    fn json(&mut self, body: &[u8]) -> Result<(), Fault> {
        let unreadable = |error: serde_json::Error| Fault::new(Class::Protocol, format!("no JSON: {error}"));
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if !text.starts_with('[') {
            return self.event(text);
        }
        let items: Vec<&RawValue> = serde_json::from_str(text).map_err(unreadable)?;
        items.into_iter().try_for_each(|item| self.event(item.get()))
    }

    fn event(&mut self, data: &str) -> Result<(), Fault> {
        if data.trim() == DONE {
            self.reply.ended = true;
            return Ok(());
        }
        if self.reply.ended {
            return Ok(());
        }
        let known = self.reply.text.len();
        self.wire.read(data, self.reply)?;
        self.reply.begun = true;
        let piece = &self.reply.text[known..];
        if !piece.is_empty() {
            self.first_text.get_or_insert_with(|| self.clock.now());
            self.listener.text(piece);
        }
        Ok(())
    }
}

impl Body {
    fn begun_by(chunk: &[u8], max_event: usize) -> Result<Self, Fault> {
        let chunk = chunk.strip_prefix("\u{feff}".as_bytes()).unwrap_or(chunk);
        match chunk.trim_ascii_start().first() {
            None => Ok(Self::Unknown),
            Some(b'{' | b'[') => Ok(Self::Json(Vec::new())),
            Some(b'<') => Err(Fault::new(
                Class::Protocol,
                "it answered with a page of HTML; the provider's base URL may lead to a web site and not to its API",
            )),
            Some(_) => Ok(Self::Events(Decoder::new(max_event))),
        }
    }
}
