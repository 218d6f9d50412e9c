//! How a process comes to listen for HTTP clients: what it may bind, whom it lets in, and what it says about that.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::cli::output::{Exit, Streams};
use crate::config::{Environment, Places};
use crate::secret::Redactor;
use crate::server::Server;
use crate::server::http::gate::Gate;
use crate::server::http::metrics::{self, Page};
use crate::server::http::token::{self, Expected, NoToken};
use crate::server::http::{Front, PATH, is_loopback};
use crate::shutdown::Drained;

/// Listens at `address` and serves until shutdown begins.
pub struct Listening {
    pub address: SocketAddr,
    pub served: JoinHandle<Drained>,
}

/// Why a process does not listen.
#[derive(Debug, thiserror::Error)]
pub enum NotListening {
    #[error(
        "{0} can be reached from other machines, and zen speaks no TLS: bind a loopback address, or put a proxy with TLS \
         in front and set serve.behind_tls_proxy"
    )]
    Wide(SocketAddr),
    #[error("without a token zen listens on a loopback address only, and {0} is none")]
    WideOpen(SocketAddr),
    #[error("metrics are shown on a loopback address only, and {0} is none")]
    WideMetrics(SocketAddr),
    #[error("no token to ask for: {0}")]
    NoToken(#[from] NoToken),
    #[error("{address} cannot be listened on: {error}")]
    Bind { address: SocketAddr, error: io::Error },
}

impl NotListening {
    pub fn exit(&self) -> Exit {
        match self {
            Self::Wide(_) | Self::WideOpen(_) | Self::WideMetrics(_) => Exit::Config,
            Self::NoToken(_) | Self::Bind { .. } => Exit::Failed,
        }
    }
}

/// Starts to listen. Without `auth` nobody is asked for a token.
pub async fn listen(
    server: &Server,
    address: SocketAddr,
    auth: bool,
    redactor: &Redactor,
    environment: &Environment,
) -> Result<Listening, NotListening> {
    let auth = allowed(address, auth, server.engine.config.serve.behind_tls_proxy)?;
    let gate = gate(server, auth, redactor, environment)?;
    let (listener, address) = bind(address).await?;
    take_all_descriptors();
    tracing::info!(%address, auth, "listening");
    let served = tokio::spawn(Front::new(server.clone(), gate).run(listener));
    Ok(Listening { address, served })
}

/// Starts to show the counters at `address`, to those who get in at the endpoint too. Returns where they are.
pub async fn measure(
    server: &Server,
    address: SocketAddr,
    auth: bool,
    redactor: &Redactor,
    environment: &Environment,
) -> Result<SocketAddr, NotListening> {
    if !is_loopback(address) {
        return Err(NotListening::WideMetrics(address));
    }
    let gate = gate(server, auth, redactor, environment)?;
    let (listener, address) = bind(address).await?;
    tracing::info!(%address, auth, "metrics");
    tokio::spawn(Page::new(Arc::clone(&server.engine), gate).run(listener));
    Ok(address)
}

fn gate(server: &Server, auth: bool, redactor: &Redactor, environment: &Environment) -> Result<Gate, NotListening> {
    let config = &server.engine.config.serve;
    Ok(Gate {
        token: auth.then(|| expected(redactor, environment)).transpose()?,
        hosts: config.allowed_hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        origins: config.allowed_origins.clone(),
    })
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), NotListening> {
    let failed = |error| NotListening::Bind { address, error };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// Says where agents find the endpoint, and whom it asks for what.
pub fn announce(listening: &Listening, auth: bool, streams: &mut Streams) {
    streams.complain(format_args!("serving MCP at http://{}{PATH}", listening.address));
    if auth {
        streams.complain("clients present a bearer token: `zen token show` prints it");
    } else {
        streams.complain("--no-auth: every program on this machine may consult models at your expense");
    }
}

/// Says where the counters are, where they are shown.
pub fn announce_metrics(address: Option<SocketAddr>, streams: &mut Streams) {
    if let Some(address) = address {
        streams.complain(format_args!("counters at http://{address}{}", metrics::PATH));
    }
}

/// Whether a token is asked for at this address, where it may be bound at all.
fn allowed(address: SocketAddr, auth: bool, behind_tls_proxy: bool) -> Result<bool, NotListening> {
    match (is_loopback(address), auth) {
        (true, auth) => Ok(auth),
        (false, false) => Err(NotListening::WideOpen(address)),
        (false, true) if behind_tls_proxy => Ok(true),
        (false, true) => Err(NotListening::Wide(address)),
    }
}

fn expected(redactor: &Redactor, environment: &Environment) -> Result<Expected, NoToken> {
    let path = Places::of(environment).token_file().ok_or(NoToken::NoFolder)?;
    let token = token::load_or_make(&path)?;
    redactor.learn(&token);
    Ok(Expected::of(&token))
}

/// Each connection takes a file descriptor, and the usual limit is far below what the system grants who asks.
fn take_all_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // As many as there were, then.
    let _ = setrlimit(Resource::Nofile, limit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_for_less_safety_is_explicit() {
        let (inside, wide) = ("127.0.0.1:1".parse().unwrap(), "0.0.0.0:1".parse().unwrap());
        assert!(matches!(allowed(inside, true, false), Ok(true)));
        assert!(matches!(allowed("[::1]:1".parse().unwrap(), false, false), Ok(false)));
        assert!(matches!(allowed(wide, true, false), Err(NotListening::Wide(_))));
        assert!(matches!(allowed(wide, true, true), Ok(true)));
        for behind_tls_proxy in [false, true] {
            assert!(matches!(allowed(wide, false, behind_tls_proxy), Err(NotListening::WideOpen(_))));
        }
    }
}
