//! The keys of the terminal, read on a thread of their own. Of a terminal that is gone crossterm reads nothing, over and
//! over, and never comes back from it: the loop, which has to hear the signal that says so, must not be the one to wait.

use std::io;
use std::pin::Pin;
use std::sync::mpsc as blocking;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use crossterm::event::{Event as Input, EventStream};
use futures_util::{Stream, StreamExt};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::run_loop::Keyboard;

/// Keys on their way to the loop; the reader waits when it is full.
const QUEUE: usize = 256;
/// How long the reader may take to let go of the terminal. One that is caught in a terminal that is gone never does, and
/// ends with the process.
const LET_GO: Duration = Duration::from_millis(200);

/// The keys, while they are ours.
pub(super) struct Keys(Option<Reader>);

struct Reader {
    keys: mpsc::Receiver<io::Result<Input>>,
    /// Closes once the reader has let go.
    reading: blocking::Receiver<()>,
}

impl Keys {
    /// Must be called within a runtime.
    pub(super) fn new() -> Self {
        Self(Some(Reader::start()))
    }
}

impl Stream for Keys {
    type Item = io::Result<Input>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Some(reader) => reader.keys.poll_recv(context),
            None => Poll::Pending,
        }
    }
}

impl Keyboard for Keys {
    fn let_go(&mut self) {
        if let Some(Reader { keys, reading }) = self.0.take() {
            drop(keys);
            // Nothing is ever sent: this is how long it takes until it has closed.
            let _ = reading.recv_timeout(LET_GO);
        }
    }

    fn take_again(&mut self) {
        self.0 = Some(Reader::start());
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Reader {
    fn start() -> Self {
        let (sender, keys) = mpsc::channel(QUEUE);
        let (held, reading) = blocking::sync_channel(0);
        let (runtime, to_loop) = (Handle::current(), sender.clone());
        let started = thread::Builder::new().name("zen-keys".to_owned()).spawn(move || {
            let _held: blocking::SyncSender<()> = held;
            runtime.block_on(read(to_loop));
        });
        if let Err(error) = started {
            // The queue is empty: it has room.
            let _ = sender.try_send(Err(error));
        }
        Self { keys, reading }
    }
}

/// Hands keys on until nobody wants them.
async fn read(keys: mpsc::Sender<io::Result<Input>>) {
    let mut events = EventStream::new();
    loop {
        let event = tokio::select! {
            biased;
            () = keys.closed() => return,
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        if keys.send(event).await.is_err() {
            return;
        }
    }
}
