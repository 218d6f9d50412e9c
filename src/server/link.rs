//! A connection's two halves, whatever carries its bytes: one receives messages, the other sends approved ones. They are
//! apart, so that a reply can go out while the next message is waited for.

use std::future::Future;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use futures_util::poll;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::batch::Batch;
use super::connection::{Connection, Taken};
use crate::interceptor::Approved;
use crate::mcp::envelope::Envelope;

/// Approved messages that may wait for a transport to write them.
pub const OUTGOING_CAPACITY: usize = 256;
/// Messages of one connection that an interceptor may hold back at one time; behind that nothing more is read from it.
const MAX_HELD: usize = 64;

/// The half that sends.
pub trait Sending: Send + Sync + 'static {
    /// Takes a message towards the client, and waits while there is no room. `place` is given back as soon as there is
    /// room, before the message can have been read, and so is it where the client has gone.
    fn send(
        &self,
        message: Approved,
        place: Option<OwnedSemaphorePermit>,
    ) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Takes a message that belongs to no request, where there is room for it; never waits.
    fn offer(&self, message: Approved);
}

/// Where a client hears what belongs to no request of its own.
pub trait Outlet: Send + Sync {
    fn put(&self, message: Approved);
}

impl<S: Sending> Outlet for S {
    fn put(&self, message: Approved) {
        self.offer(message);
    }
}

/// The half that receives.
pub trait Receiving: Send {
    /// The next message; None once the client has closed its end. Dropping the future loses nothing: what had arrived
    /// of a message is still there for the next one.
    fn receive(&mut self) -> impl Future<Output = Option<Incoming>> + Send;
}

/// What came from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    Message(Bytes),
    /// A message of more bytes than are taken: its beginning, and how many are taken.
    Oversized {
        beginning: Bytes,
        limit: usize,
    },
}

/// The client has gone, and nobody is left to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Messages that go to a transport through a bounded queue.
pub type Queue = mpsc::Sender<Approved>;

impl Sending for Queue {
    async fn send(&self, message: Approved, place: Option<OwnedSemaphorePermit>) -> Result<(), Gone> {
        let room = self.reserve().await.map_err(|_| Gone)?;
        drop(place);
        room.send(message);
        Ok(())
    }

    fn offer(&self, message: Approved) {
        // Who reads so slowly that there is no room will find out by reading.
        let _ = self.try_send(message);
    }
}

/// The receiving half of a connection within the process.
pub struct Handed(mpsc::Receiver<Bytes>);

impl Receiving for Handed {
    async fn receive(&mut self) -> Option<Incoming> {
        self.0.recv().await.map(Incoming::Message)
    }
}

/// The client's end of a connection within the process.
pub struct Inside {
    pub to_server: mpsc::Sender<Bytes>,
    pub from_server: mpsc::Receiver<Approved>,
}

/// A connection within the process: the client's end, and the server's two halves.
pub fn pair() -> (Inside, Handed, Queue) {
    let (to_server, handed) = mpsc::channel(1);
    let (queue, from_server) = mpsc::channel(OUTGOING_CAPACITY);
    (Inside { to_server, from_server }, Handed(handed), queue)
}

/// Takes every message of a client through `connection`, until the client closes its end. Calls go on by themselves; so
/// does a message that an interceptor holds back, and those behind it do not wait for it.
pub async fn converse<R, S>(connection: &Arc<Connection>, mut receiving: R, sending: &Arc<S>)
where
    R: Receiving,
    S: Sending,
{
    let held = Arc::new(Semaphore::new(MAX_HELD));
    let outlet: Weak<S> = Arc::downgrade(sending);
    connection.speak_through(outlet);
    while let Some(incoming) = receiving.receive().await {
        let mut answering = Box::pin(answer(Arc::clone(connection), incoming, Arc::clone(sending)));
        if poll!(answering.as_mut()).is_ready() {
            continue;
        }
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&held).acquire_owned().await else { return };
        let guard = connection.server.engine.shutdown.guard();
        tokio::spawn(async move {
            answering.await;
            drop((place, guard));
        });
    }
}

/// Takes one message of a client through `connection`, and sends what is to be answered at once; a call goes on by itself.
pub async fn answer<S: Sending>(connection: Arc<Connection>, incoming: Incoming, sending: Arc<S>) {
    let answered = match incoming {
        Incoming::Message(bytes) => {
            if let Some(batch) = Batch::of(&bytes, connection.session()) {
                if let Some(answers) = batch.answer(&connection, &sending).await {
                    let _ = sending.send(answers, None).await;
                }
                return;
            }
            let parsed = Envelope::parse(&bytes);
            match connection.take(bytes.clone(), parsed, None).await {
                Taken::Noted => return,
                Taken::Answered(answered) => answered.message,
                Taken::Call(call) => return call.spawn(sending),
            }
        }
        Incoming::Oversized { beginning, limit } => match connection.take_oversized(beginning, limit).await {
            Some(message) => message,
            None => return,
        },
    };
    // A transport that is gone has nobody left to tell.
    let _ = sending.send(answered, None).await;
}
