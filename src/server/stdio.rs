//! MCP over standard input and output: one message a line, and nothing else on the output, ever. Both ends are threads
//! that block, whatever kind of file they are given (pipe, socket pair, terminal, file); a process that ends does not
//! wait for them.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::Server;
use super::connection::Connection;
use super::lines::{Line, Lines};
use super::link::{self, Incoming, OUTGOING_CAPACITY, Receiving};
use crate::interceptor::Approved;
use crate::shutdown::{Drained, Shutdown};
use crate::thread::Principal;

/// Lines that may wait to be dispatched.
const INCOMING_CAPACITY: usize = 16;
/// Replies are gathered up to this many bytes before they are written.
const WRITE_BATCH: usize = 64 << 10;
/// How long the last replies may take to be written once all calls have ended.
const FLUSH_GRACE: Duration = Duration::from_millis(400);

/// The two ends, taken from the process.
pub struct Stdio {
    input: File,
    output: File,
}

impl Stdio {
    /// Takes standard input and output for the protocol. From then on whatever else is printed to the output, by a
    /// library or by mistake, goes to standard error.
    pub fn take() -> io::Result<Self> {
        let input = rustix::io::dup(rustix::stdio::stdin())?;
        let output = rustix::io::dup(rustix::stdio::stdout())?;
        rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
        Ok(Self::from_fds(input, output))
    }

    pub fn from_fds(input: OwnedFd, output: OwnedFd) -> Self {
        Self { input: input.into(), output: output.into() }
    }

    /// Serves one client until it closes its end or shutdown begins, then lets calls in flight finish within the
    /// configured grace.
    pub async fn serve(self, server: &Server, principal: Principal) -> io::Result<Drained> {
        let shutdown = server.engine.shutdown.clone();
        let limits = server.engine.config.server.clone();
        let connection = Connection::open(server, "stdio", principal);
        let (queue, to_write) = mpsc::channel(OUTGOING_CAPACITY);
        let queue = Arc::new(queue);
        let lines = ReadLines { lines: read_on_a_thread(self.input, limits.max_line)?, limit: limits.max_line };
        let (writer, written) = write_on_a_thread(self.output, to_write, shutdown.clone())?;

        // An answer waits where the client does not read: that must not keep the end from being heard.
        tokio::select! {
            biased;
            () = shutdown.begun() => {}
            () = link::converse(&connection, lines, &queue) => {}
        }
        shutdown.begin();
        let drained = shutdown.drained(limits.drain_grace).await;
        connection.close();
        // With the last sender the writer ends, when it has written all.
        drop(queue);
        let _ = tokio::time::timeout(FLUSH_GRACE, written).await;
        drop(writer);
        Ok(drained)
    }
}

/// The receiving half. A line is cut on the thread that reads it, so giving up waiting loses no part of one.
struct ReadLines {
    lines: mpsc::Receiver<Line>,
    limit: usize,
}

impl Receiving for ReadLines {
    async fn receive(&mut self) -> Option<Incoming> {
        Some(match self.lines.recv().await? {
            Line::Whole(bytes) => Incoming::Message(bytes),
            Line::TooLong { beginning } => Incoming::Oversized { beginning, limit: self.limit },
        })
    }
}

fn read_on_a_thread(input: File, max_line: usize) -> io::Result<mpsc::Receiver<Line>> {
    let (sender, receiver) = mpsc::channel(INCOMING_CAPACITY);
    std::thread::Builder::new().name("zen-stdin".to_owned()).spawn(move || {
        let mut lines = Lines::new(input, max_line);
        // A read error is an end as good as any: the client cannot be heard any more.
        while let Ok(Some(line)) = lines.next_line() {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// The thread ends, and says so, when the channel closes or nobody reads any more; in the latter case it begins shutdown.
fn write_on_a_thread(
    mut output: File,
    mut messages: mpsc::Receiver<Approved>,
    shutdown: Shutdown,
) -> io::Result<(JoinHandle<()>, oneshot::Receiver<()>)> {
    let (done, written) = oneshot::channel();
    let thread = std::thread::Builder::new().name("zen-stdout".to_owned()).spawn(move || {
        let mut batch = Vec::with_capacity(WRITE_BATCH);
        while let Some(message) = messages.blocking_recv() {
            put(&mut batch, &message.message().bytes);
            while batch.len() < WRITE_BATCH {
                match messages.try_recv() {
                    Ok(message) => put(&mut batch, &message.message().bytes),
                    Err(_) => break,
                }
            }
            if output.write_all(&batch).is_err() {
                shutdown.begin();
                break;
            }
            batch.clear();
            batch.shrink_to(WRITE_BATCH);
        }
        let _ = done.send(());
    })?;
    Ok((thread, written))
}

fn put(batch: &mut Vec<u8>, message: &Bytes) {
    batch.extend_from_slice(message);
    batch.push(b'\n');
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::pin::pin;
    use std::task::Poll;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn whoever_gives_up_waiting_loses_no_part_of_a_message() {
        let (mut client, server) = UnixStream::pair().unwrap();
        let input = File::from(OwnedFd::from(server));
        let mut receiving = ReadLines { lines: read_on_a_thread(input, 100).unwrap(), limit: 100 };
        let sent: Vec<String> = (0..200).map(|number| format!("{{\"number\":{number}}}")).collect();
        let text = sent.join("\n");
        std::thread::spawn(move || text.as_bytes().chunks(7).for_each(|piece| client.write_all(piece).unwrap()));
        let mut got = Vec::new();
        loop {
            // A wait that is begun and given up again and again, at every stage of a line.
            let polled = poll!(pin!(receiving.receive()));
            match polled {
                Poll::Ready(Some(Incoming::Message(bytes))) => got.push(bytes),
                Poll::Ready(Some(oversized)) => panic!("{oversized:?}"),
                Poll::Ready(None) => break,
                Poll::Pending => tokio::task::yield_now().await,
            }
        }
        assert_eq!(got, sent);
    }
}
