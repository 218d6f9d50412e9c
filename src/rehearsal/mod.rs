//! The scripted provider: a real listener on a loopback port that speaks the wire formats of real providers and answers
//! from a script. The demo and the tests use it. It asks no model, and knows nothing of the code that asks it.

mod demo;
mod perform;
mod request;
mod scene;
mod stage;
mod wire;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use demo::Fault;
pub use request::{Recorded, Wire};
pub use scene::{Scene, Script};
use stage::Stage;

/// A running scripted provider. Dropping it closes its listener and every connection.
#[derive(Debug)]
pub struct Rehearsal {
    address: SocketAddr,
    stage: Arc<Stage>,
    _running: DropGuard,
}

impl Rehearsal {
    /// Listens on a free port of 127.0.0.1 and plays `script`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// No port can be bound, or there is no runtime.
    pub fn start(script: impl Into<Script>) -> io::Result<Self> {
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let address = listener.local_addr()?;
        let stage = Arc::new(Stage::new(script.into()));
        let stop = CancellationToken::new();
        runtime.spawn(perform::accept(listener, stage.clone(), stop.clone()));
        Ok(Self { address, stage, _running: stop.drop_guard() })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// For providers of the Chat Completions format.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For providers of the Gemini format.
    pub fn gemini_base_url(&self) -> String {
        format!("http://{}/v1beta", self.address)
    }

    /// Every request read in full so far, oldest first. Only the latest are kept: 4,096 or 64 MiB of them.
    pub fn requests(&self) -> Vec<Recorded> {
        self.stage.requests()
    }

    /// Connections accepted so far, whether or not a request came over them.
    pub fn connections(&self) -> u64 {
        self.stage.connections()
    }

    /// Waits until one more request has been read in full; each request is handed out once.
    pub async fn next_request(&self) -> Recorded {
        self.stage.next_request().await
    }

    /// Waits until one more client has gone before its reply was complete; tells which request it had made.
    pub async fn next_disconnect(&self) -> Recorded {
        self.stage.next_disconnect().await
    }

    /// Lets one held reply go on: the one held longest, or the next to be held where none is yet.
    pub fn release_one(&self) {
        self.stage.release_one();
    }

    /// Lets every reply go on that is held now or comes to be held later.
    pub fn release_all(&self) {
        self.stage.release_all();
    }
}

/// How the scripted provider counts tokens: the words between white space. Deliberately not zen's own estimate.
pub fn count_tokens(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

#[cfg(test)]
mod tests;
