//! What goes back over HTTP: plain rejections, one JSON message, or a stream of events. A message is only ever written
//! from what the chain approved.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;
use tokio::time::Sleep;

use crate::http::body::ReplyBody;
use crate::http::sse;
use crate::interceptor::Approved;
use crate::server::sessions::TICK;
use crate::server::sessions::outflow::Sent;
use crate::server::tracker::EventId;

pub const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// How long a client should wait before it comes back to a stream that broke.
const RETRY: Duration = Duration::from_secs(1);

/// A request that is turned away before a message was read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    pub status: StatusCode,
    pub why: &'static str,
    pub allow: Option<&'static str>,
}

impl Rejection {
    pub const fn new(status: StatusCode, why: &'static str) -> Self {
        Self { status, why, allow: None }
    }

    pub fn response(self) -> Response<ReplyBody> {
        let mut response = Response::new(ReplyBody::whole(format!("{}\n", self.why)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"zen\""));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

/// Without a body.
pub fn status(status: StatusCode) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::empty());
    *response.status_mut() = status;
    response
}

pub fn json(status: StatusCode, message: Approved) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(message.into_message().bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

pub fn events(events: Events) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::Events(Box::pin(events)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // A proxy that gathers events until it has enough of them would hold them back.
    headers.insert(ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

/// The body of an event stream. What it holds is dropped when the stream has ended or the client has gone.
pub struct Events {
    first: VecDeque<Bytes>,
    rest: Rest,
    _held: Box<dyn Send>,
}

/// Where the events come from.
pub enum Rest {
    /// A stream of the older era, which can be taken up again.
    Kept(mpsc::Receiver<Sent>),
    /// The messages of one stateless request. While none comes, the connection is seen to be alive by the pulse.
    Once(mpsc::Receiver<Approved>, Pin<Box<Sleep>>),
    Nothing,
}

impl Rest {
    pub fn once(messages: mpsc::Receiver<Approved>) -> Self {
        Self::Once(messages, Box::pin(tokio::time::sleep(TICK)))
    }
}

impl Events {
    /// The events of `rest`; `held` is dropped with the stream.
    pub fn of(rest: Rest, held: impl Send + 'static) -> Self {
        Self { first: VecDeque::new(), rest, _held: Box::new(held) }
    }

    /// Begins with an event that says nothing but where to come back to.
    pub fn primed(mut self, id: Option<EventId>) -> Self {
        self.first.extend(id.map(|id| sse::event_with_id(&id.to_string(), Some(RETRY), b"")));
        self
    }

    /// Goes on with this message, before those that are still to come.
    pub fn then(mut self, id: Option<EventId>, message: &Approved) -> Self {
        self.first.push_back(event(id, message));
        self
    }
}

impl Stream for Events {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if !self.first.is_empty() {
            // In one piece: two would be two packets.
            let mut gathered = BytesMut::new();
            self.first.drain(..).for_each(|piece| gathered.extend_from_slice(&piece));
            return Poll::Ready(Some(gathered.freeze()));
        }
        match &mut self.rest {
            Rest::Kept(receiver) => receiver.poll_recv(context).map(|sent| {
                sent.map(|sent| match sent {
                    Sent::Message(id, message) => event(id, &message),
                    Sent::KeepAlive => sse::KEEP_ALIVE,
                })
            }),
            Rest::Once(receiver, pulse) => {
                if let Poll::Ready(message) = receiver.poll_recv(context) {
                    return Poll::Ready(message.map(|message| event(None, &message)));
                }
                if pulse.as_mut().poll(context).is_pending() {
                    return Poll::Pending;
                }
                let next = pulse.deadline() + TICK;
                pulse.as_mut().reset(next);
                Poll::Ready(Some(sse::KEEP_ALIVE))
            }
            Rest::Nothing => Poll::Ready(None),
        }
    }
}

fn event(id: Option<EventId>, message: &Approved) -> Bytes {
    let data = &message.message().bytes;
    match id {
        Some(id) => sse::event_with_id(&id.to_string(), None, data),
        None => sse::event(data),
    }
}
