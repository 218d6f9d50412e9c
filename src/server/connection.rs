//! One client's connection, whatever brings its bytes: every message in and out passes the chain here, calls run beside
//! each other, and what is in flight can be withdrawn by its request's id.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::Server;
use super::dispatch::{self, Answer, Facts};
use crate::id::ConnectionId;
use crate::interceptor::chain::blocked;
use crate::interceptor::{Approved, Direction, Header, Kind, Message, Verdict};
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::envelope::{Envelope, Malformed, RequestId};
use crate::mcp::error::{BUSY, INVALID_REQUEST, RpcError, SHUTTING_DOWN};
use crate::mcp::version::Version;
use crate::thread::Principal;

/// Approved messages that may wait for the transport to write them.
pub const OUTGOING_CAPACITY: usize = 256;

pub struct Connection {
    pub id: ConnectionId,
    pub server: Server,
    pub principal: Principal,
    transport: &'static str,
    outgoing: mpsc::Sender<Approved>,
    session: Mutex<Version>,
    in_flight: Mutex<HashMap<RequestId, InFlight>>,
    slots: Arc<Semaphore>,
}

struct InFlight {
    cancel: CancellationToken,
    /// The client does not want the answer any more.
    withdrawn: bool,
}

/// How a finished request is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Yes,
    Withdrawn,
}

impl Connection {
    /// A new connection, and the messages that its transport has to write.
    pub fn open(
        server: &Server,
        transport: &'static str,
        principal: Principal,
    ) -> (Arc<Self>, mpsc::Receiver<Approved>) {
        let (outgoing, to_write) = mpsc::channel(OUTGOING_CAPACITY);
        let connection = Self {
            id: server.engine.connections.open(transport),
            slots: Arc::new(Semaphore::new(server.engine.config.server.max_calls)),
            server: server.clone(),
            principal,
            transport,
            outgoing,
            session: Mutex::new(Version::LATEST_HANDSHAKE),
            in_flight: Mutex::default(),
        };
        (Arc::new(connection), to_write)
    }

    /// Takes one message from the client. Cheap methods are answered before this returns; calls go on by themselves.
    ///
    /// Where an interceptor takes its time over a message, the message waits beside the reader: those behind it go on.
    pub async fn receive(self: &Arc<Self>, bytes: Bytes) {
        let parsed = Envelope::parse(&bytes);
        let message = self.incoming(&bytes, &parsed);
        if !self.server.engine.chain.concerns(&message.header) {
            return self.take(message, parsed, &bytes).await;
        }
        let connection = Arc::clone(self);
        let whole = bytes.clone();
        let mut taking = Box::pin(async move {
            let parsed = Envelope::parse(&whole);
            connection.take(connection.incoming(&whole, &parsed), parsed, &whole).await;
        });
        if poll_fn(|context| Poll::Ready(taking.as_mut().poll(context).is_ready())).await {
            return;
        }
        let Some(place) = self.server.engine.chain.pauses().place() else { return taking.await };
        let guard = self.server.engine.shutdown.guard();
        tokio::spawn(async move {
            taking.await;
            drop((place, guard));
        });
    }

    fn incoming(&self, bytes: &Bytes, parsed: &Result<Envelope<'_>, Malformed>) -> Message {
        Message::incoming(self.id, self.transport, bytes.clone(), parsed).of(&self.principal, self.session())
    }

    async fn take(self: &Arc<Self>, message: Message, parsed: Result<Envelope<'_>, Malformed>, bytes: &Bytes) {
        let header = message.header.clone();
        match self.server.engine.chain.pass(message).await {
            Verdict::Passed(approved) => {
                let message = approved.into_message();
                // A large message takes longer to read than all else that is done with it here: once is enough, unless
                // an interceptor has changed it.
                let parsed = if message.bytes == *bytes { parsed } else { Envelope::parse(&message.bytes) };
                self.answer(&message.header, parsed).await;
            }
            Verdict::Mocked(body) => {
                let Ok(Envelope::Request { id, method, params }) = &parsed else { return };
                let facts = Facts::of(self, id, method, *params, header.tool);
                self.reply(&facts, Ok(body)).await;
            }
            Verdict::Blocked { reason } => {
                // Whoever waits for an answer gets one; a notification and a response wait for none.
                let waits = matches!(header.kind, Kind::Request | Kind::Malformed);
                let Some(id) = header.id.clone().filter(|_| waits) else { return };
                self.send(Kind::Error, &header, codec::error(Some(&id), &blocked(&reason))).await;
            }
        }
    }

    /// A line was longer than is taken; this is its beginning. It is logged as it is, and refused.
    pub async fn receive_oversized(self: &Arc<Self>, beginning: Bytes, limit: usize) {
        let what = format!("a message is at most {limit} bytes long; this one was skipped");
        let malformed = Malformed { id: None, error: RpcError::new(INVALID_REQUEST, what) };
        let message = self.incoming(&beginning, &Err(malformed.clone()));
        if let Verdict::Passed(approved) = self.server.engine.chain.pass(message).await {
            self.refuse(&approved.message().header, &malformed).await;
        }
    }

    async fn answer(self: &Arc<Self>, header: &Header, parsed: Result<Envelope<'_>, Malformed>) {
        match parsed {
            Ok(Envelope::Request { id, method, params }) => {
                let facts = Facts::of(self, &id, &method, params, header.tool.clone());
                match dispatch::request(self, &facts, params) {
                    Answer::Now(result) => self.reply(&facts, result).await,
                    Answer::Later(work) => self.spawn(facts, work).await,
                }
            }
            Ok(Envelope::Notification { method, params }) => dispatch::notification(self, &method, params),
            // zen asks its clients nothing, so there is nothing that a response could answer.
            Ok(Envelope::Response { .. }) => {}
            Err(malformed) => self.refuse(header, &malformed).await,
        }
    }

    /// Runs a call beside the others, under a permit and a place in the list of what is in flight.
    async fn spawn(self: &Arc<Self>, facts: Facts, work: dispatch::Work) {
        if self.server.engine.shutdown.has_begun() {
            return self.reply(&facts, Err(RpcError::new(SHUTTING_DOWN, "zen is ending; call its next start"))).await;
        }
        let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() else {
            let limit = self.server.engine.config.server.max_calls;
            let what = format!("{limit} calls of this connection are in flight already; wait for one to end");
            return self.reply(&facts, Err(RpcError::new(BUSY, what))).await;
        };
        let cancel = CancellationToken::new();
        if !self.register(&facts.id, &cancel) {
            let what = "a request with this id is in flight already";
            return self.reply(&facts, Err(RpcError::new(INVALID_REQUEST, what))).await;
        }
        let connection = Arc::clone(self);
        let guard = self.server.engine.shutdown.guard();
        tokio::spawn(async move {
            let result = dispatch::call(&connection, &facts, work, cancel).await;
            if connection.finish(&facts.id) == Wanted::Yes {
                connection.conclude(&facts, result, permit).await;
            }
            drop(guard);
        });
    }

    /// Writes the answer of a request.
    pub async fn reply(&self, facts: &Facts, result: Result<ResultBody, RpcError>) {
        let (kind, bytes) = answer_to(facts, result);
        self.send(kind, &self.header_of(facts), bytes).await;
    }

    /// Writes the answer of a call, whose place is free again before the client can have read it.
    async fn conclude(&self, facts: &Facts, result: Result<ResultBody, RpcError>, place: OwnedSemaphorePermit) {
        let (kind, bytes) = answer_to(facts, result);
        self.send_and_free(kind, &self.header_of(facts), bytes, Some(place)).await;
    }

    /// Writes a notification that belongs to a request.
    pub async fn notify(&self, facts: &Facts, method: &'static str, bytes: Bytes) {
        let header = Header { method: method.into(), id: None, ..self.header_of(facts) };
        self.send(Kind::Notification, &header, bytes).await;
    }

    async fn refuse(&self, header: &Header, malformed: &Malformed) {
        self.send(Kind::Error, header, codec::error(malformed.id.as_ref(), &malformed.error)).await;
    }

    async fn send(&self, kind: Kind, about: &Header, bytes: Bytes) {
        self.send_and_free(kind, about, bytes, None).await;
    }

    /// The one way out: through the chain, then to the transport. `place` is kept until the transport has room, so that
    /// answers which nobody reads do not pile up.
    async fn send_and_free(&self, kind: Kind, about: &Header, bytes: Bytes, place: Option<OwnedSemaphorePermit>) {
        let header = Header { direction: Direction::Out, kind, ..about.clone() };
        let Some(approved) = self.server.engine.chain.pass_out(Message { header, bytes }).await else { return };
        // A transport that is gone has nobody left to tell.
        if let Ok(room) = self.outgoing.reserve().await {
            drop(place);
            room.send(approved);
        }
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
        *self.session.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub fn settle_on(&self, version: Version) {
        *self.session.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = version;
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
        self.server.engine.connections.close(self.id);
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

fn answer_to(facts: &Facts, result: Result<ResultBody, RpcError>) -> (Kind, Bytes) {
    match result {
        Ok(body) => (Kind::Result, codec::result(&facts.id, facts.version, &body)),
        Err(error) => (Kind::Error, codec::error(Some(&facts.id), &error)),
    }
}
