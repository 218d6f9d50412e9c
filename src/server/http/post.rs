//! A POST: one message, and what comes of it. The era decides whose message it is, what its head must say, and what it
//! means that the client goes away: in the newer one its call is given up, in the older one it goes on.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use super::gate::single;
use super::head::{self, Claimed};
use super::params::Params;
use super::reply::{self, Events, Rejection, Rest, SESSION_ID};
use super::{Conversation, primes, session_header};
use crate::http::body::{self, ReplyBody, Unreadable};
use crate::interceptor::Kind;
use crate::mcp::envelope::{Envelope, Malformed, RequestId};
use crate::mcp::error::{
    HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, MISSING_CAPABILITY, PARSE_ERROR, RpcError, UNSUPPORTED_VERSION,
};
use crate::mcp::schema::{META_CAPABILITIES, META_VERSION, meta_of};
use crate::mcp::version::{Era, Version};
use crate::server::batch::Batch;
use crate::server::connection::{Answered, Connection, PendingCall, Taken};
use crate::server::sessions::outflow::{Feed, Outflow, Sent};
use crate::server::sessions::state::State;
use crate::server::sessions::{Full, InUse};
use crate::server::{dispatch, link};
use crate::thread::Principal;

/// Notifications of a stateless call that may wait for its client.
const STATELESS_QUEUE: usize = 8;

const TOO_LARGE: Rejection =
    Rejection::new(StatusCode::PAYLOAD_TOO_LARGE, "the message is longer than server.max_line allows");
const BROKEN: Rejection = Rejection::new(StatusCode::BAD_REQUEST, "the body broke off");
const NO_ROOM: Rejection =
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "every session is busy (serve.max_sessions): try again later");

/// A message with all that is to be known of it before anybody acts on it.
struct Posted<'a> {
    head: &'a Parts,
    bytes: Bytes,
    parsed: Result<Envelope<'a>, Malformed>,
    claimed: Claimed<'a>,
    principal: Principal,
}

impl Conversation {
    pub(super) async fn post(
        &self,
        head: &Parts,
        body: Incoming,
        principal: Principal,
    ) -> Result<Response<ReplyBody>, Rejection> {
        head::check_post_types(head)?;
        let claimed = head::version(head)?;
        let limit = self.front.server.engine.config.server.max_line;
        let bytes = body::read(body, limit).await.map_err(|error| match error {
            Unreadable::TooLarge { .. } => TOO_LARGE,
            Unreadable::Broken => BROKEN,
        })?;
        let parsed = Envelope::parse(&bytes);
        let posted = Posted { head, bytes: bytes.clone(), parsed, claimed, principal };
        match posted.stateless_version() {
            Some(version) => Ok(self.stateless(posted, version.as_deref()).await),
            None => self.of_a_session(posted).await,
        }
    }

    /// A message of the newer era.
    async fn stateless(&self, posted: Posted<'_>, version: Option<&str>) -> Response<ReplyBody> {
        let objection = posted.stateless_objection(version, &self.front.server.offers().params);
        let objected = objection.is_some();
        let connection = self.outside(&posted.principal);
        match connection.take(posted.bytes, posted.parsed, objection).await {
            Taken::Noted => reply::status(StatusCode::ACCEPTED),
            Taken::Answered(answered) => {
                let status = if objected { StatusCode::BAD_REQUEST } else { stateless_status(answered.code) };
                reply::json(status, answered.message)
            }
            Taken::Call(call) => run_stateless(connection, call).await,
        }
    }

    /// A message of the older era.
    async fn of_a_session(&self, posted: Posted<'_>) -> Result<Response<ReplyBody>, Rejection> {
        let named = single(posted.head, &SESSION_ID).unwrap_or(Some(""));
        if let Claimed::Unknown(version) = posted.claimed {
            return Ok(self.refuse(posted, StatusCode::BAD_REQUEST, dispatch::unsupported(version)).await);
        }
        let initializes = matches!(&posted.parsed, Ok(Envelope::Request { method, .. }) if method == "initialize");
        match named {
            None if initializes => self.initialize(posted).await,
            None if posted.parsed.is_err() => {
                let outside = self.outside(&posted.principal);
                let taken = outside.take(posted.bytes, posted.parsed, None).await;
                Ok(answered_at_once(taken, StatusCode::BAD_REQUEST))
            }
            None => {
                let error = RpcError::new(INVALID_REQUEST, "Mcp-Session-Id is missing: initialize first");
                Ok(self.refuse(posted, StatusCode::BAD_REQUEST, error).await)
            }
            Some(id) => match self.front.sessions.find(id, &posted.principal) {
                None => {
                    let what = "this session is not known or has ended: initialize again";
                    Ok(self.refuse(posted, StatusCode::NOT_FOUND, RpcError::new(INVALID_REQUEST, what)).await)
                }
                Some(_) if initializes => {
                    let error = RpcError::new(INVALID_REQUEST, "this session is initialized already");
                    Ok(self.refuse(posted, StatusCode::BAD_REQUEST, error).await)
                }
                Some(held) => Ok(go_on(held, posted).await),
            },
        }
    }

    async fn initialize(&self, posted: Posted<'_>) -> Result<Response<ReplyBody>, Rejection> {
        let sessions = &self.front.sessions;
        let held = sessions.open(&self.front.server, posted.principal).map_err(|Full| NO_ROOM)?;
        let session = held.session();
        // A client that goes away meanwhile leaves a session that nobody knows, which its idle time ends.
        let taken = session.connection.take(posted.bytes, posted.parsed, None).await;
        let came_up = matches!(&taken, Taken::Answered(Answered { code: None, .. }));
        let mut response = answered_at_once(taken, StatusCode::OK);
        if came_up && session.step(State::Initializing).is_ok() {
            response.headers_mut().extend(session_header(&held).map(|id| (SESSION_ID, id)));
        } else {
            sessions.fail(session, "initialize was refused");
        }
        Ok(response)
    }

    /// Logs a message that is not acted on, and answers it.
    async fn refuse(&self, posted: Posted<'_>, status: StatusCode, error: RpcError) -> Response<ReplyBody> {
        let outside = self.outside(&posted.principal);
        match outside.take(posted.bytes, posted.parsed, Some(error)).await {
            Taken::Answered(answered) => reply::json(status, answered.message),
            Taken::Noted | Taken::Call(_) => reply::status(status),
        }
    }
}

impl Posted<'_> {
    /// The version that the body claims, where the message is of the newer era.
    fn stateless_version(&self) -> Option<Option<String>> {
        let params = match &self.parsed {
            Ok(Envelope::Request { params, .. } | Envelope::Notification { params, .. }) => *params,
            Ok(Envelope::Response { .. }) | Err(_) => None,
        };
        let in_body = meta_of(params).ok().and_then(|meta| meta.protocol_version);
        let is_stateless = match &in_body {
            Some(version) => Version::parse(version).is_none_or(|version| version.era() == Era::Stateless),
            None => self.claimed.is_stateless(),
        };
        is_stateless.then_some(in_body)
    }

    /// What is wrong with a message of the newer era, apart from what it asks.
    fn stateless_objection(&self, version: Option<&str>, marked: &Params) -> Option<RpcError> {
        let (is_request, method, params) = match &self.parsed {
            Ok(Envelope::Request { method, params, .. }) => (true, method, *params),
            Ok(Envelope::Notification { method, params }) => (false, method, *params),
            Ok(Envelope::Response { .. }) | Err(_) => return None,
        };
        let lacks = |key: &str| RpcError::invalid_params(format!("_meta lacks {key}"));
        if is_request && version.is_none() {
            return Some(lacks(META_VERSION));
        }
        let mirrored = head::check_mirrored(self.head, is_request, method, params, version);
        if let Err(mismatch) = mirrored.and_then(|()| marked.check(self.head, method, params)) {
            return Some(mismatch);
        }
        let is_known = version.is_some_and(|version| Version::parse(version).is_some());
        let lacks_capabilities = meta_of(params).is_ok_and(|meta| meta.client_capabilities.is_none());
        (is_request && is_known && lacks_capabilities).then(|| lacks(META_CAPABILITIES))
    }
}

/// A message within a session.
async fn go_on(held: InUse, posted: Posted<'_>) -> Response<ReplyBody> {
    let session = Arc::clone(held.session());
    if session.state() == State::Initializing {
        // It says that it is ready, or shows it.
        let _ = session.step(State::Active);
    }
    let (is_malformed, is_request) = (posted.parsed.is_err(), matches!(posted.parsed, Ok(Envelope::Request { .. })));
    let status = if is_malformed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    if let Some(batch) = Batch::of(&posted.bytes, session.connection.session()) {
        return go_on_alone(held, posted.bytes, batch.is_answered(), StatusCode::OK).await;
    }
    if session.connection.may_hold(&posted.bytes, &posted.parsed) {
        return go_on_alone(held, posted.bytes, is_request || is_malformed, status).await;
    }
    match session.connection.take(posted.bytes, posted.parsed, None).await {
        Taken::Call(call) => {
            let (outflow, receiver) = session.stream_of_a_call(held.tracker());
            call.spawn(Arc::new(Feed(Arc::clone(&outflow))));
            follow(held, outflow, receiver, status).await
        }
        taken => answered_at_once(taken, status),
    }
}

/// Takes a message that may have to wait on the way on a task of its own: where its client leaves, it goes on.
async fn go_on_alone(held: InUse, bytes: Bytes, is_answered: bool, status: StatusCode) -> Response<ReplyBody> {
    let session = Arc::clone(held.session());
    let (outflow, receiver) = session.stream_of_a_call(held.tracker());
    let feed = Arc::new(Feed(Arc::clone(&outflow)));
    let guard = session.connection.server.engine.shutdown.guard();
    let kept = held.again();
    let going_on = tokio::spawn(async move {
        link::answer(Arc::clone(&session.connection), link::Incoming::Message(bytes), feed).await;
        drop((kept, guard));
    });
    if is_answered {
        return follow(held, outflow, receiver, status).await;
    }
    let _ = going_on.await;
    reply::status(StatusCode::ACCEPTED)
}

/// Waits for what is said on the way of a call. The call goes on where its client has left.
async fn follow(
    held: InUse,
    outflow: Arc<Outflow>,
    mut receiver: mpsc::Receiver<Sent>,
    status: StatusCode,
) -> Response<ReplyBody> {
    let session = Arc::clone(held.session());
    loop {
        match receiver.recv().await {
            Some(Sent::Message(None, message)) => return reply::json(status, message),
            Some(Sent::Message(Some(id), message)) => {
                let beginning = primes(session.connection.session()).then(|| outflow.beginning());
                session.keep(outflow);
                let events = Events::of(Rest::Kept(receiver), held).primed(beginning).then(Some(id), &message);
                return reply::events(events);
            }
            Some(Sent::KeepAlive) => {}
            // Taken back by the client: there is no answer, and that takes the form of a stream without one.
            None => return reply::events(Events::of(Rest::Nothing, held)),
        }
    }
}

/// Runs a call of the newer era. It is given up where its client leaves.
async fn run_stateless(connection: &Arc<Connection>, call: PendingCall) -> Response<ReplyBody> {
    let (queue, mut receiver) = mpsc::channel(STATELESS_QUEUE);
    let given_up = GivenUp { connection: Arc::clone(connection), id: call.id().clone() };
    call.spawn(Arc::new(queue));
    match receiver.recv().await {
        Some(message) if message.message().header.kind != Kind::Notification => reply::json(StatusCode::OK, message),
        Some(message) => reply::events(Events::of(Rest::once(receiver), given_up).then(None, &message)),
        None => reply::events(Events::of(Rest::Nothing, ())),
    }
}

/// Withdraws a call when it is dropped; where the call has ended, nothing is left to withdraw.
struct GivenUp {
    connection: Arc<Connection>,
    id: RequestId,
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.connection.withdraw(&self.id);
    }
}

fn answered_at_once(taken: Taken, status: StatusCode) -> Response<ReplyBody> {
    match taken {
        Taken::Answered(answered) => reply::json(status, answered.message),
        Taken::Noted | Taken::Call(_) if status == StatusCode::OK => reply::status(StatusCode::ACCEPTED),
        Taken::Noted | Taken::Call(_) => reply::status(status),
    }
}

/// Errors about the request itself have a status of their own in the newer era; what a method says has not.
fn stateless_status(code: Option<i32>) -> StatusCode {
    match code {
        Some(METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(PARSE_ERROR | INVALID_REQUEST | UNSUPPORTED_VERSION | HEADER_MISMATCH | MISSING_CAPABILITY) => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::OK,
    }
}
