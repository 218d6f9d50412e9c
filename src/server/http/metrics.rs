//! The counters as a page for Prometheus, on an address of their own and behind the same gate as the endpoint.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};

use super::gate::Gate;
use super::reply::Rejection;
use crate::engine::Engine;
use crate::http::body::ReplyBody;
use crate::http::serve::{Handler, Host, serve};

/// The one path.
pub const PATH: &str = "/metrics";
/// Those who ask are few: a scraper, and a person with a browser.
const MAX_CONNECTIONS: usize = 16;

const NO_SUCH_PATH: Rejection = Rejection::new(StatusCode::NOT_FOUND, "the counters are at /metrics");
const ONLY_GET: Rejection = Rejection {
    allow: Some("GET"),
    ..Rejection::new(StatusCode::METHOD_NOT_ALLOWED, "the counters can be read, and nothing else")
};

pub struct Page {
    engine: Arc<Engine>,
    gate: Gate,
}

impl Page {
    pub fn new(engine: Arc<Engine>, gate: Gate) -> Arc<Self> {
        Arc::new(Self { engine, gate })
    }

    /// Serves until shutdown begins.
    pub async fn run(self: Arc<Self>, listener: TcpListener) {
        let engine = Arc::clone(&self.engine);
        serve(listener, Arc::new(self), MAX_CONNECTIONS, &engine.shutdown).await;
    }

    fn page(&self, head: &Parts) -> Result<Response<ReplyBody>, Rejection> {
        self.gate.check_address(head)?;
        if head.uri.path() != PATH {
            return Err(NO_SUCH_PATH);
        }
        self.gate.authenticate(head)?;
        if head.method != Method::GET {
            return Err(ONLY_GET);
        }
        let mut response = Response::new(ReplyBody::whole(self.engine.measured_text()));
        let form = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, form);
        Ok(response)
    }
}

impl Host<TcpStream> for Arc<Page> {
    type Handler = Self;

    fn admit(&self, _: &TcpStream) -> Option<Self> {
        Some(Self::clone(self))
    }
}

impl Handler for Arc<Page> {
    async fn handle(&self, request: Request<Incoming>) -> Response<ReplyBody> {
        let (head, _) = request.into_parts();
        self.page(&head).unwrap_or_else(Rejection::response)
    }
}
