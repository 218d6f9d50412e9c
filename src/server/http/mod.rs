//! MCP over Streamable HTTP: one endpoint for both eras. A request of the newer one stands for itself; one of the older
//! belongs to a session. Replies are JSON, and become an event stream where something precedes the result.

pub mod gate;
mod head;
pub mod metrics;
pub mod params;
mod post;
mod reply;
pub mod token;
#[cfg(feature = "websocket")]
mod websocket;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};

use self::head::{Claimed, LAST_EVENT_ID};
use self::reply::{Events, Rejection, Rest, SESSION_ID};
use super::Server;
use super::connection::Connection;
use super::sessions::outflow::Resumed;
use super::sessions::{Closing, InUse, Limits, SessionManager, TooManyStreams};
use super::tracker::EventId;
use crate::http::body::ReplyBody;
use crate::http::serve::{Handler, Host, serve};
use crate::mcp::version::Version;
use crate::shutdown::Drained;
use crate::thread::Principal;
use gate::{Gate, single};

/// The one path.
pub const PATH: &str = "/mcp";

const NO_SUCH_PATH: Rejection = Rejection::new(StatusCode::NOT_FOUND, "zen serves MCP at /mcp and nothing else");
const NO_SUCH_METHOD: Rejection = Rejection {
    allow: Some("POST, GET, DELETE"),
    ..Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "this HTTP method means nothing here")
};
const ONLY_POST: Rejection = Rejection {
    allow: Some("POST"),
    ..Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "this protocol version has no sessions: POST is all there is")
};
const UNKNOWN_VERSION: Rejection =
    Rejection::new(StatusCode::BAD_REQUEST, "MCP-Protocol-Version names a version that zen does not speak");
const NO_SESSION: Rejection = Rejection::new(StatusCode::BAD_REQUEST, "Mcp-Session-Id is missing: initialize first");
const UNKNOWN_SESSION: Rejection =
    Rejection::new(StatusCode::NOT_FOUND, "this session is not known or has ended: initialize again");
const TOO_MANY_STREAMS: Rejection =
    Rejection::new(StatusCode::TOO_MANY_REQUESTS, "this session has as many streams open as one may have");
#[cfg(feature = "websocket")]
const TOO_MANY_SOCKETS: Rejection =
    Rejection::new(StatusCode::SERVICE_UNAVAILABLE, "as many WebSockets are open as may be (serve.max_connections)");

/// What all HTTP connections of a process share.
pub struct Front {
    server: Server,
    gate: Gate,
    sessions: Arc<SessionManager>,
    /// WebSockets have left the count of HTTP connections behind.
    #[cfg(feature = "websocket")]
    sockets: Arc<tokio::sync::Semaphore>,
}

impl Front {
    pub fn new(server: Server, gate: Gate) -> Arc<Self> {
        let serve = &server.engine.config.serve;
        let limits = Limits {
            max_sessions: serve.max_sessions,
            idle: serve.session_idle,
            age: serve.session_age,
            replay_events: serve.replay_events,
        };
        let sessions = SessionManager::new(limits, server.engine.clock);
        Arc::new(Self {
            #[cfg(feature = "websocket")]
            sockets: Arc::new(tokio::sync::Semaphore::new(serve.max_connections)),
            server,
            gate,
            sessions,
        })
    }

    /// Serves until shutdown begins; then what was begun may end within the configured grace, and no stream that only
    /// waits holds it up.
    pub async fn run(self: Arc<Self>, listener: TcpListener) -> Drained {
        let engine = Arc::clone(&self.server.engine);
        let (shutdown, config) = (&engine.shutdown, &engine.config);
        let serving = serve(listener, Arc::new(Arc::clone(&self)), config.serve.max_connections, shutdown);
        let grace = config.server.drain_grace;
        let standing = async {
            shutdown.begun().await;
            self.sessions.end_standing_streams();
        };
        let ending = async {
            tokio::join!(serving, standing);
            // Replies are out; calls whose client had left may still want to put their turn into a thread.
            shutdown.drained(grace).await
        };
        // One grace for both.
        let too_long = async {
            shutdown.begun().await;
            tokio::time::sleep(grace).await;
        };
        let drained = tokio::select! {
            biased;
            drained = ending => drained,
            () = too_long => shutdown.drained(Duration::ZERO).await,
            never = self.sessions.look_after() => match never {},
        };
        self.sessions.close_all();
        drained
    }

    pub fn sessions(&self) -> &Arc<SessionManager> {
        &self.sessions
    }
}

/// Whether an address can be reached from this machine alone.
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// One TCP connection.
pub struct Conversation {
    front: Arc<Front>,
    /// Stands in the list of clients for what belongs to no session; opened when something does.
    outside: OnceLock<Arc<Connection>>,
}

impl Host<TcpStream> for Arc<Front> {
    type Handler = Conversation;

    fn admit(&self, _: &TcpStream) -> Option<Conversation> {
        Some(Conversation { front: Arc::clone(self), outside: OnceLock::new() })
    }
}

impl Handler for Conversation {
    async fn handle(&self, request: Request<Incoming>) -> Response<ReplyBody> {
        self.respond(request).await.unwrap_or_else(Rejection::response)
    }
}

impl Conversation {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<ReplyBody>, Rejection> {
        let (head, body) = request.into_parts();
        self.front.gate.check_address(&head)?;
        if head.uri.path() != PATH {
            return Err(NO_SUCH_PATH);
        }
        let principal = self.front.gate.authenticate(&head)?;
        #[cfg(feature = "websocket")]
        if head.method == Method::GET && websocket::is_wanted(&head) {
            let place = Arc::clone(&self.front.sockets).try_acquire_owned().map_err(|_| TOO_MANY_SOCKETS)?;
            return websocket::accept(&self.front.server, head, principal, place);
        }
        match head.method {
            Method::POST => self.post(&head, body, principal).await,
            Method::GET => self.get(&head, &principal),
            Method::DELETE => self.delete(&head, &principal),
            _ => Err(NO_SUCH_METHOD),
        }
    }

    /// Opens a stream for what belongs to no request, or goes on with one that broke.
    fn get(&self, head: &Parts, principal: &Principal) -> Result<Response<ReplyBody>, Rejection> {
        let held = self.session_of(head, principal)?;
        head::check_get_types(head)?;
        let last = single(head, &LAST_EVENT_ID).ok().flatten().and_then(|last| last.parse::<EventId>().ok());
        if let Some(Resumed { missed, rest }) = last.and_then(|last| held.session().resume(last)) {
            let events = Events::of(rest.map_or(Rest::Nothing, Rest::Kept), held);
            let events = missed.iter().fold(events, |events, (id, message)| events.then(Some(*id), message));
            return Ok(reply::events(events));
        }
        let (stream, receiver) =
            held.session().open_stream(held.tracker()).map_err(|TooManyStreams| TOO_MANY_STREAMS)?;
        let beginning = primes(held.session().connection.session()).then(|| stream.beginning());
        Ok(reply::events(Events::of(Rest::Kept(receiver), held).primed(beginning)))
    }

    fn delete(&self, head: &Parts, principal: &Principal) -> Result<Response<ReplyBody>, Rejection> {
        let held = self.session_of(head, principal)?;
        self.front.sessions.close(held.session(), Closing::ByClient);
        Ok(reply::status(StatusCode::NO_CONTENT))
    }

    /// The session that a request without a message belongs to.
    fn session_of(&self, head: &Parts, principal: &Principal) -> Result<InUse, Rejection> {
        match head::version(head)? {
            claimed if claimed.is_stateless() => return Err(ONLY_POST),
            Claimed::Unknown(_) => return Err(UNKNOWN_VERSION),
            Claimed::Known(_) | Claimed::Absent => {}
        }
        let id = single(head, &SESSION_ID).map_err(|_| UNKNOWN_SESSION)?.ok_or(NO_SESSION)?;
        self.front.sessions.find(id, principal).ok_or(UNKNOWN_SESSION)
    }

    fn outside(&self, principal: &Principal) -> &Arc<Connection> {
        self.outside.get_or_init(|| Connection::open(&self.front.server, "http", principal.clone()))
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        if let Some(outside) = self.outside.get() {
            outside.close();
        }
    }
}

/// Whether clients of this version understand an event without data, from which they can come back.
fn primes(version: Version) -> bool {
    version >= Version::V2025_11_25
}

fn session_header(held: &InUse) -> Option<HeaderValue> {
    HeaderValue::from_str(&held.session().id()).ok()
}
