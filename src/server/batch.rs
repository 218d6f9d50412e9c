//! Batches, which 2025-03-26 alone has: several messages in one array, answered in one array. Each of them passes the chain
//! by itself, on the way in and on the way out.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::connection::{Connection, Taken};
use super::link::{Gone, Sending};
use crate::interceptor::{Approved, Kind};
use crate::mcp::envelope::{Envelope, Malformed, is_array};
use crate::mcp::error::{INVALID_REQUEST, RpcError};
use crate::mcp::schema::meta_of;
use crate::mcp::version::Version;

/// Messages in one batch. A longer one is refused as a whole.
const MAX_BATCH: usize = 64;

/// The messages of one batch, none of which was taken yet.
pub struct Batch(Vec<Bytes>);

impl Batch {
    /// The batch in `bytes`, where there is one and sessions of `version` have such.
    pub fn of(bytes: &Bytes, version: Version) -> Option<Self> {
        if version != Version::V2025_03_26 || !is_array(bytes) {
            return None;
        }
        let messages: Vec<&RawValue> = serde_json::from_slice(bytes).ok()?;
        let fits = (1..=MAX_BATCH).contains(&messages.len());
        fits.then(|| Self(messages.into_iter().map(|message| bytes.slice_ref(message.get().as_bytes())).collect()))
    }

    /// Whether anything in it waits for an answer.
    pub fn is_answered(&self) -> bool {
        let is_silent = |message: &Bytes| {
            matches!(Envelope::parse(message), Ok(Envelope::Notification { .. } | Envelope::Response { .. }))
        };
        !self.0.iter().all(is_silent)
    }

    /// Takes every message through `connection` and gives the answer to all once the last call among them has ended; None
    /// where none of them is answered. What else the calls have to say goes to `sending` at once.
    pub async fn answer<S: Sending>(self, connection: &Arc<Connection>, sending: &Arc<S>) -> Option<Approved> {
        let taken = join_all(self.0.into_iter().map(|message| take(connection, message))).await;
        let (answers, mut gathered) = mpsc::channel(taken.len());
        let gathering = Arc::new(Gathering { notices: Arc::clone(sending), answers });
        let mut all = Vec::with_capacity(taken.len());
        for taken in taken {
            match taken {
                Taken::Noted => {}
                Taken::Answered(answered) => all.push(answered.message),
                Taken::Call(call) => call.spawn(Arc::clone(&gathering)),
            }
        }
        // It closes with the last call.
        drop(gathering);
        while let Some(answer) = gathered.recv().await {
            all.push(answer);
        }
        Approved::batch(&all)
    }
}

async fn take(connection: &Arc<Connection>, message: Bytes) -> Taken {
    let parsed = Envelope::parse(&message);
    let objection = objection(&parsed);
    connection.take(message.clone(), parsed, objection).await
}

/// What may not stand in a batch: the handshake, and messages of the era that has none.
fn objection(parsed: &Result<Envelope<'_>, Malformed>) -> Option<RpcError> {
    let (method, params) = match parsed {
        Ok(Envelope::Request { method, params, .. } | Envelope::Notification { method, params }) => (method, *params),
        Ok(Envelope::Response { .. }) | Err(_) => return None,
    };
    let is_stateless = meta_of(params).is_ok_and(|meta| meta.protocol_version.is_some());
    let wrong = match &**method {
        "initialize" => "initialize must not be part of a batch",
        _ if is_stateless => "a message that names its own version must not be part of a batch",
        _ => return None,
    };
    Some(RpcError::new(INVALID_REQUEST, wrong))
}

/// Keeps the answers of a batch together and lets what is no answer out at once.
struct Gathering<S> {
    notices: Arc<S>,
    answers: mpsc::Sender<Approved>,
}

impl<S: Sending> Sending for Gathering<S> {
    async fn send(&self, message: Approved, place: Option<OwnedSemaphorePermit>) -> Result<(), Gone> {
        if message.message().header.kind == Kind::Notification {
            return self.notices.send(message, place).await;
        }
        drop(place);
        self.answers.send(message).await.map_err(|_| Gone)
    }

    fn offer(&self, message: Approved) {
        self.notices.offer(message);
    }
}
