//! What a call can ask of the client that made it: to hear how far it has come, to have a form filled in by its person,
//! to wait for it as a task. How that goes over the wire is another matter in each era, and none of the call's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::id::ConnectionId;
use crate::mcp::error::{INTERNAL_ERROR, RpcError};
use crate::mcp::schema::{ClientCapabilities, TASKS_EXTENSION};
use crate::mcp::state::Answers;
use crate::mcp::version::Era;
use crate::thread::Principal;

/// What a call has to say that may wait for its turn.
pub const SAYINGS: usize = 8;

/// Who calls, and what can be asked of it.
pub struct Asking {
    pub principal: Principal,
    pub connection: ConnectionId,
    pub client: ClientCapabilities,
    pub cancel: CancellationToken,
    /// Whether it wants to hear how far its call has come.
    pub follows: bool,
    pub(super) era: Era,
    /// What it has answered so far, where it calls again with its answers.
    pub(super) answers: Answers,
    pub(super) is_task: Arc<AtomicBool>,
    pub(super) says: mpsc::Sender<Say>,
}

/// Why a call ends without a result.
#[derive(Debug)]
pub enum Stop {
    Refused(RpcError),
    /// The client has to answer these first, and then to call again.
    Needs(Vec<(String, Form)>),
}

impl From<RpcError> for Stop {
    fn from(error: RpcError) -> Self {
        Self::Refused(error)
    }
}

/// A form for a person to fill in (`elicitation/create`).
#[derive(Clone, Debug)]
pub struct Form {
    pub message: String,
    /// The schema of an object with plain members.
    pub schema: Value,
}

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    In(Map<String, Value>),
    /// The person said no.
    Declined,
    /// The person said nothing.
    Dismissed,
}

/// What a running call says on its way.
pub enum Say {
    Progress {
        progress: u64,
        total: Option<u64>,
        message: String,
    },
    Ask {
        forms: Vec<(String, Form)>,
        to: oneshot::Sender<Result<Answers, RpcError>>,
    },
    /// It will take long; whether the client takes a task instead comes back.
    BecomeTask(oneshot::Sender<bool>),
}

impl Asking {
    /// Says how far the call has come, where the client wants to hear it. `progress` grows with each time.
    pub async fn progress(&self, progress: u64, total: Option<u64>, message: String) {
        if self.follows {
            let _ = self.says.send(Say::Progress { progress, total, message }).await;
        }
    }

    /// Has one form filled in. `name` is the same whenever this call is made again.
    pub async fn fill_in(&self, name: &str, form: Form) -> Result<Filled, Stop> {
        let mut filled = self.fill_in_all(vec![(name.to_owned(), form)]).await?;
        Ok(filled.pop().unwrap_or(Filled::Dismissed))
    }

    /// Has forms filled in at one time; what came back stands in their order.
    pub async fn fill_in_all(&self, forms: Vec<(String, Form)>) -> Result<Vec<Filled>, Stop> {
        if !self.client.elicitation {
            return Err(RpcError::missing_capability(json!({ "elicitation": {} })).into());
        }
        let names: Vec<_> = forms.iter().map(|(name, _)| name.clone()).collect();
        let answers = if self.era == Era::Stateless && !self.is_task.load(Ordering::Acquire) {
            let open: Vec<_> = forms.into_iter().filter(|(name, _)| !self.answers.contains_key(name)).collect();
            if !open.is_empty() {
                return Err(Stop::Needs(open));
            }
            self.answers.clone()
        } else {
            self.ask(forms).await?
        };
        let filled = names.iter().map(|name| filled(name, answers.get(name)));
        Ok(filled.collect::<Result<_, _>>()?)
    }

    async fn ask(&self, forms: Vec<(String, Form)>) -> Result<Answers, RpcError> {
        let (to, answered) = oneshot::channel();
        let gone = || RpcError::new(INTERNAL_ERROR, "the client gave no answer");
        self.says.send(Say::Ask { forms, to }).await.map_err(|_| gone())?;
        tokio::select! {
            () = self.cancel.cancelled() => Err(gone()),
            answered = answered => answered.unwrap_or_else(|_| Err(gone())),
        }
    }

    /// Goes on as a task, where the client can follow one. From then on it is asked through the task.
    pub async fn become_task(&self) -> Result<(), Stop> {
        let (to, became) = oneshot::channel();
        let _ = self.says.send(Say::BecomeTask(to)).await;
        match became.await {
            Ok(true) => Ok(()),
            _ => Err(needs_tasks().into()),
        }
    }
}

/// The call is made as a task or not at all.
pub fn needs_tasks() -> RpcError {
    RpcError::missing_capability(json!({ "extensions": { TASKS_EXTENSION: {} } }))
}

impl Form {
    /// The params of `elicitation/create`.
    pub fn params(&self) -> Value {
        json!({ "message": self.message, "requestedSchema": self.schema })
    }
}

fn filled(name: &str, answer: Option<&Value>) -> Result<Filled, RpcError> {
    let bad = || RpcError::invalid_params(format!("the answer to '{name}' must be an object with a known action"));
    let answer = answer.and_then(Value::as_object).ok_or_else(bad)?;
    match answer.get("action").and_then(Value::as_str) {
        Some("accept") => Ok(Filled::In(answer.get("content").and_then(Value::as_object).cloned().unwrap_or_default())),
        Some("decline") => Ok(Filled::Declined),
        Some("cancel") => Ok(Filled::Dismissed),
        _ => Err(bad()),
    }
}
