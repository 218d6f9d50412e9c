//! The accept loop: one task a connection, at most so many, all ended in an orderly way when shutdown begins.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::body::ReplyBody;
use crate::shutdown::Shutdown;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// After a failed accept (too many open files), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests; one value serves all connections.
pub trait Handler: Send + Sync + 'static {
    fn handle(&self, request: Request<Incoming>) -> impl Future<Output = Response<ReplyBody>> + Send;

    /// Whether to talk to this peer at all.
    fn admits(&self, peer: &UnixStream) -> bool;
}

/// Serves until shutdown begins; returns once each connection has written what it had begun to.
pub async fn serve<H: Handler>(listener: UnixListener, handler: Arc<H>, max_connections: usize, shutdown: &Shutdown) {
    let slots = Arc::new(Semaphore::new(max_connections));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.begun() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without a free slot the stream is dropped: the peer sees it closed at once and may try again.
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else { continue };
        if !handler.admits(&stream) {
            continue;
        }
        let (handler, shutdown) = (Arc::clone(&handler), shutdown.clone());
        connections.spawn(async move {
            converse(stream, handler, &shutdown).await;
            drop(slot);
        });
    }
    while connections.join_next().await.is_some() {}
}

async fn converse<H: Handler>(stream: UnixStream, handler: Arc<H>, shutdown: &Shutdown) {
    let service = service_fn(move |request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.handle(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
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
