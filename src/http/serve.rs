//! The accept loop: one task a connection, at most so many, all ended in an orderly way when shutdown begins. The same
//! loop serves Unix and TCP sockets.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::body::ReplyBody;
use super::patient::Patient;
use crate::shutdown::Shutdown;

/// How long a client may take to send a request's head, and how long a connection may be idle between two requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a client may leave what is written to it unread.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// A request's head is at most this long, and no more than this of a reply is gathered before it is written.
pub const MAX_BUFFER: usize = 16 << 10;
/// After a failed accept (too many open files), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes connections on, or not.
pub trait Host<S>: Send + Sync + 'static {
    type Handler: Handler;

    /// Who answers on this connection; None where nobody talks to this peer.
    fn admit(&self, peer: &S) -> Option<Self::Handler>;
}

/// Answers the requests of one connection. Dropped with it.
pub trait Handler: Send + Sync + 'static {
    /// Dropping the future says that the client has gone.
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Response<ReplyBody>> + Send;
}

/// A socket on which connections come in.
pub trait Listener: Send {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        // An event would else wait until the client has acknowledged the one before.
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// Serves until shutdown begins; returns once each connection has written what it had begun to. Dropping the future
/// ends all connections at once.
pub async fn serve<L, H>(listener: L, host: Arc<H>, max_connections: usize, shutdown: &Shutdown)
where
    L: Listener,
    H: Host<L::Stream>,
{
    let slots = Arc::new(Semaphore::new(max_connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.begun() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.next() => accepted,
        };
        let Ok(stream) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without a free slot the stream is dropped: the peer sees it closed at once and may try again.
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        let Some(handler) = host.admit(&stream) else { continue };
        let shutdown = shutdown.clone();
        connections.spawn(async move {
            converse(stream, handler, &shutdown).await;
            drop(slot);
        });
    }
    // From here on a client that tries is refused, and does not wait for an answer that never comes.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn converse<S, H>(stream: S, handler: H, shutdown: &Shutdown)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    H: Handler,
{
    let handler = Arc::new(handler);
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.handle(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(Patient::new(stream, WRITE_TIMEOUT)), service)
        .with_upgrades();
    tokio::pin!(connection);
    tokio::select! {
        // A broken connection is the peer's affair.
        _ = connection.as_mut() => {}
        () = shutdown.begun() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
