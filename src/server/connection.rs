//! One client's connection, whatever brings its bytes: every message in and out passes the chain here, calls run beside
//! each other, and what is in flight can be withdrawn by its request's id.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::Server;
use super::asked::Asked;
use super::dispatch::{self, Answer, Facts};
use super::link::{Gone, Outlet, Sending};
use super::running::Ran;
use crate::id::ConnectionId;
use crate::interceptor::chain::blocked;
use crate::interceptor::{Approved, Direction, Header, Kind, Message, Verdict};
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::envelope::{Envelope, Malformed, RequestId};
use crate::mcp::error::{BUSY, INTERNAL_ERROR, INVALID_REQUEST, RpcError, SHUTTING_DOWN, excerpt};
use crate::mcp::schema::ClientCapabilities;
use crate::mcp::version::Version;
use crate::shutdown::Guard;
use crate::thread::Principal;

/// What is known of one client, and what it has in flight. It holds no queue: who brings a message says where the answer
/// goes.
pub struct Connection {
    pub id: ConnectionId,
    pub server: Server,
    pub principal: Principal,
    transport: &'static str,
    session: Mutex<Settled>,
    outlet: OnceLock<Weak<dyn Outlet>>,
    /// What zen asks its client.
    asked: Asked,
    in_flight: Mutex<HashMap<RequestId, InFlight>>,
    slots: Arc<Semaphore>,
}

/// What the client's last `initialize` settled.
#[derive(Clone, Copy)]
struct Settled {
    version: Version,
    client: ClientCapabilities,
}

struct InFlight {
    cancel: CancellationToken,
    /// The client does not want the answer any more.
    withdrawn: bool,
}

/// How a finished request is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Yes,
    Withdrawn,
}

/// What came of a message.
pub enum Taken {
    /// There is nothing to answer.
    Noted,
    Answered(Answered),
    /// A call, which is in flight from now on and has to be spawned.
    Call(PendingCall),
}

/// An answer that stands at once.
pub struct Answered {
    pub message: Approved,
    /// The error's code, where it is one.
    pub code: Option<i32>,
}

/// A call that holds its place among those in flight and does not run yet.
pub struct PendingCall {
    connection: Arc<Connection>,
    facts: Facts,
    work: Box<dispatch::Work>,
    cancel: CancellationToken,
    place: OwnedSemaphorePermit,
    guard: Guard,
}

impl Connection {
    pub fn open(server: &Server, transport: &'static str, principal: Principal) -> Arc<Self> {
        Arc::new(Self {
            id: server.engine.connections.open(transport),
            slots: Arc::new(Semaphore::new(server.engine.config.server.max_calls)),
            server: server.clone(),
            principal,
            transport,
            session: Mutex::new(Settled { version: Version::LATEST_HANDSHAKE, client: ClientCapabilities::default() }),
            outlet: OnceLock::new(),
            asked: Asked::default(),
            in_flight: Mutex::default(),
        })
    }

    /// Whether an interceptor may be asked about this message or about its answer: then it may have to wait.
    pub fn may_hold(&self, bytes: &Bytes, parsed: &Result<Envelope<'_>, Malformed>) -> bool {
        self.server.engine.chain.concerns(|| self.incoming(bytes, parsed).header)
    }

    fn incoming(&self, bytes: &Bytes, parsed: &Result<Envelope<'_>, Malformed>) -> Message {
        Message::incoming(self.id, self.transport, bytes.clone(), parsed).of(&self.principal, self.session())
    }

    /// Takes one message from the client: `parsed` is what stands in `bytes`. Cheap methods are answered at once. Where
    /// the transport has an `objection`, the message is logged as any other and answered with that.
    pub async fn take(
        self: &Arc<Self>,
        bytes: Bytes,
        parsed: Result<Envelope<'_>, Malformed>,
        objection: Option<RpcError>,
    ) -> Taken {
        let message = self.incoming(&bytes, &parsed);
        let header = message.header.clone();
        match self.server.engine.chain.pass(message).await {
            Verdict::Passed(approved) => {
                if let Some(objection) = objection {
                    return self.object(&header, &objection).await;
                }
                let message = approved.into_message();
                // A large message takes longer to read than all else that is done with it here: once is enough, unless
                // an interceptor has changed it.
                let parsed = if message.bytes == bytes { parsed } else { Envelope::parse(&message.bytes) };
                self.answer(&message.header, parsed).await
            }
            Verdict::Mocked(body) => {
                let Ok(Envelope::Request { id, method, params }) = &parsed else { return Taken::Noted };
                let facts = Facts::of(self, id, method, *params, header.tool);
                self.reply(&facts, Ok(body)).await
            }
            Verdict::Blocked { reason } => self.object(&header, &blocked(&reason)).await,
        }
    }

    /// A message was longer than is taken; this is its beginning. It is logged as it is, and refused.
    pub async fn take_oversized(self: &Arc<Self>, beginning: Bytes, limit: usize) -> Option<Approved> {
        let what = format!("a message is at most {limit} bytes long; this one was skipped");
        let malformed = Malformed { id: None, error: RpcError::new(INVALID_REQUEST, what) };
        let message = self.incoming(&beginning, &Err(malformed.clone()));
        let header = message.header.clone();
        let taken = match self.server.engine.chain.pass(message).await {
            Verdict::Passed(approved) => self.refuse(&approved.message().header, &malformed).await,
            Verdict::Blocked { reason } => self.object(&header, &blocked(&reason)).await,
            // The table lets nobody answer what is no message.
            Verdict::Mocked(_) => Taken::Noted,
        };
        match taken {
            Taken::Answered(answered) => Some(answered.message),
            Taken::Noted | Taken::Call(_) => None,
        }
    }

    /// Answers with `error` whoever waits for an answer: a notification and a response wait for none.
    async fn object(&self, header: &Header, error: &RpcError) -> Taken {
        let waits = matches!(header.kind, Kind::Request | Kind::Malformed);
        if !waits {
            return Taken::Noted;
        }
        self.answered(Kind::Error, header, codec::error(header.id.as_ref(), error), Some(error.code)).await
    }

    async fn answer(self: &Arc<Self>, header: &Header, parsed: Result<Envelope<'_>, Malformed>) -> Taken {
        match parsed {
            Ok(Envelope::Request { id, method, params }) => {
                let facts = Facts::of(self, &id, &method, params, header.tool.clone());
                match dispatch::request(self, &facts, params) {
                    Answer::Now(result) => self.reply(&facts, result).await,
                    Answer::Later(work) => self.prepare(facts, work).await,
                }
            }
            Ok(Envelope::Notification { method, params }) => {
                dispatch::notification(self, &method, params);
                Taken::Noted
            }
            Ok(Envelope::Response { id, is_error, body }) => {
                self.asked.answer(&id, is_error, body);
                Taken::Noted
            }
            Err(malformed) => self.refuse(header, &malformed).await,
        }
    }

    /// Gives a call its permit and its place in the list of what is in flight.
    async fn prepare(self: &Arc<Self>, facts: Facts, work: Box<dispatch::Work>) -> Taken {
        if self.server.engine.shutdown.has_begun() {
            return self.reply(&facts, Err(RpcError::new(SHUTTING_DOWN, "zen is ending; call its next start"))).await;
        }
        let Ok(place) = Arc::clone(&self.slots).try_acquire_owned() else {
            let limit = self.server.engine.config.server.max_calls;
            let what = format!("{limit} calls of this connection are in flight already; wait for one to end");
            return self.reply(&facts, Err(RpcError::new(BUSY, what))).await;
        };
        let cancel = CancellationToken::new();
        if !self.register(&facts.id, &cancel) {
            let what = "a request with this id is in flight already";
            return self.reply(&facts, Err(RpcError::new(INVALID_REQUEST, what))).await;
        }
        let guard = self.server.engine.shutdown.guard();
        Taken::Call(PendingCall { connection: Arc::clone(self), facts, work, cancel, place, guard })
    }

    async fn reply(&self, facts: &Facts, result: Result<ResultBody, RpcError>) -> Taken {
        let code = result.as_ref().err().map(|error| error.code);
        let (kind, bytes) = answer_to(facts, result);
        self.answered(kind, &self.header_of(facts), bytes, code).await
    }

    async fn refuse(&self, header: &Header, malformed: &Malformed) -> Taken {
        let bytes = codec::error(malformed.id.as_ref(), &malformed.error);
        self.answered(Kind::Error, header, bytes, Some(malformed.error.code)).await
    }

    async fn answered(&self, kind: Kind, about: &Header, bytes: Bytes, code: Option<i32>) -> Taken {
        match self.approve(kind, about, bytes).await {
            Some(message) => Taken::Answered(Answered { message, code }),
            None => Taken::Noted,
        }
    }

    /// Sends a notification that belongs to a request.
    pub async fn notify<S: Sending>(&self, sending: &S, facts: &Facts, method: &'static str, bytes: Bytes) {
        let header = Header { method: method.into(), id: None, ..self.header_of(facts) };
        if let Some(approved) = self.approve(Kind::Notification, &header, bytes).await {
            let _ = sending.send(approved, None).await;
        }
    }

    /// Asks the client something on behalf of a request of its own, and waits for the answer.
    pub async fn ask<S: Sending>(
        &self,
        sending: &S,
        facts: &Facts,
        method: &'static str,
        params: &Value,
    ) -> Result<Value, RpcError> {
        let failed = |why: &str| RpcError::new(INTERNAL_ERROR, format!("{method}: {why}"));
        let (id, answered) = self.asked.begin().ok_or_else(|| failed("there is no id for it"))?;
        let bytes = codec::request(&id, method, params);
        let header = Header { method: method.into(), id: Some(id), ..self.header_of(facts) };
        let approved = self.approve(Kind::Request, &header, bytes).await.ok_or_else(|| failed("it was blocked"))?;
        sending.send(approved, None).await.map_err(|Gone| failed("the client is gone"))?;
        match answered.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(error["message"].as_str().map_or("the client refused", excerpt))),
            Err(_) => Err(failed("the client is gone")),
        }
    }

    /// Sends a notification that belongs to no request, where the client has a way open for those.
    pub async fn tell(&self, method: &'static str, params: &Value) {
        let Some(outlet) = self.outlet.get().and_then(Weak::upgrade) else { return };
        let header = Header {
            connection: self.id,
            transport: self.transport,
            direction: Direction::Out,
            kind: Kind::Notification,
            method: method.into(),
            tool: None,
            id: None,
            principal: Some(self.principal.clone()),
            version: self.session(),
        };
        if let Some(approved) = self.approve(Kind::Notification, &header, codec::notification(method, params)).await {
            outlet.put(approved);
        }
    }

    /// What belongs to no request goes to the client through `outlet`, as long as that is there.
    pub fn speak_through(&self, outlet: Weak<dyn Outlet>) {
        let _ = self.outlet.set(outlet);
    }

    /// The one way out: through the chain. What comes of it may be written.
    async fn approve(&self, kind: Kind, about: &Header, bytes: Bytes) -> Option<Approved> {
        let header = Header { direction: Direction::Out, kind, ..about.clone() };
        self.server.engine.chain.pass_out(Message { header, bytes }).await
    }

    fn header_of(&self, facts: &Facts) -> Header {
        Header {
            connection: self.id,
            transport: self.transport,
            direction: Direction::Out,
            kind: Kind::Result,
            method: Arc::clone(&facts.method),
            tool: facts.tool.clone(),
            id: Some(facts.id.clone()),
            principal: Some(self.principal.clone()),
            version: facts.version,
        }
    }

    /// The version that the client's last `initialize` settled on.
    pub fn session(&self) -> Version {
        self.settled().version
    }

    /// What the client said in it that it can do.
    pub fn client(&self) -> ClientCapabilities {
        self.settled().client
    }

    pub fn settle_on(&self, version: Version, client: ClientCapabilities) {
        *self.settled() = Settled { version, client };
    }

    fn settled(&self) -> MutexGuard<'_, Settled> {
        self.session.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// The client takes its request back: it is stopped and not answered.
    pub fn withdraw(&self, id: &RequestId) {
        self.server.engine.chain.pauses().withdraw(self.id, id);
        if let Some(request) = self.in_flight().get_mut(id) {
            request.withdrawn = true;
            request.cancel.cancel();
        }
    }

    /// The client is gone: what it asked for is stopped.
    pub fn close(&self) {
        for request in self.in_flight().values_mut() {
            request.withdrawn = true;
            request.cancel.cancel();
        }
        self.asked.close();
        self.server.subscriptions().forget(self.id);
        self.server.engine.connections.close(self.id);
    }

    /// Whether a call of this client is in flight.
    pub fn is_busy(&self) -> bool {
        !self.in_flight().is_empty()
    }

    fn register(&self, id: &RequestId, cancel: &CancellationToken) -> bool {
        let mut in_flight = self.in_flight();
        if in_flight.contains_key(id) {
            return false;
        }
        in_flight.insert(id.clone(), InFlight { cancel: cancel.clone(), withdrawn: false });
        true
    }

    fn finish(&self, id: &RequestId) -> Wanted {
        match self.in_flight().remove(id) {
            Some(InFlight { withdrawn: true, .. }) => Wanted::Withdrawn,
            _ => Wanted::Yes,
        }
    }

    fn in_flight(&self) -> MutexGuard<'_, HashMap<RequestId, InFlight>> {
        self.in_flight.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl PendingCall {
    /// The request that it answers.
    pub fn id(&self) -> &RequestId {
        &self.facts.id
    }

    /// Runs the call beside the others; what it has to say goes to `sending`.
    pub fn spawn<S: Sending>(self, sending: Arc<S>) {
        tokio::spawn(self.run(sending));
    }

    async fn run<S: Sending>(self, sending: Arc<S>) {
        let Self { connection, facts, work, cancel, place, guard } = self;
        let Ran { result, rest } = dispatch::run(&connection, &facts, *work, cancel, &*sending).await;
        if connection.finish(&facts.id) == Wanted::Yes {
            let (kind, bytes) = answer_to(&facts, result);
            // The place is free again before the client can have read the answer, and kept until there is room for it:
            // answers which nobody reads must not pile up.
            if let Some(approved) = connection.approve(kind, &connection.header_of(&facts), bytes).await {
                let _ = sending.send(approved, Some(place)).await;
            }
        }
        // With that the way of the answer ends, whatever goes on behind it.
        drop(sending);
        if let Some(rest) = rest {
            rest.await;
        }
        drop(guard);
    }
}

fn answer_to(facts: &Facts, result: Result<ResultBody, RpcError>) -> (Kind, Bytes) {
    match result {
        Ok(body) => (Kind::Result, codec::result(&facts.id, facts.version, &body)),
        Err(error) => (Kind::Error, codec::error(Some(&facts.id), &error)),
    }
}
