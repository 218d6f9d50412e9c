//! Requests of ours to a client of the older era, until it has answered them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::mcp::envelope::RequestId;

/// What a client answered: a result, or an error.
pub type Response = Result<Value, Value>;

/// The open ones of one connection.
#[derive(Default)]
pub struct Asked {
    open: Mutex<HashMap<RequestId, oneshot::Sender<Response>>>,
    last: AtomicU64,
}

impl Asked {
    /// The id of a new request, and where its answer comes. Who does not wait any more is forgotten.
    pub fn begin(&self) -> Option<(RequestId, oneshot::Receiver<Response>)> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let id: RequestId = serde_json::from_str(&format!("\"zen-{number}\"")).ok()?;
        let (to, answered) = oneshot::channel();
        let mut open = self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        open.retain(|_, to| !to.is_closed());
        open.insert(id.clone(), to);
        Some((id, answered))
    }

    /// Takes an answer. One to a request that is not open says nothing.
    pub fn answer(&self, id: &RequestId, is_error: bool, body: Option<&RawValue>) {
        let to = self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(id);
        let Some(to) = to else { return };
        let body = body.and_then(|body| serde_json::from_str(body.get()).ok()).unwrap_or(Value::Null);
        let _ = to.send(if is_error { Err(body) } else { Ok(body) });
    }

    /// Whoever waits for an answer waits in vain.
    pub fn close(&self) {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clear();
    }
}
