//! A request that takes its time, from its work to its answer: what it says on the way goes to its client in the form of
//! the client's era, and what becomes a task is answered now and goes on behind the answer.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::asking::{Asking, Form, SAYINGS, Say, Stop};
use super::connection::Connection;
use super::dispatch::Facts;
use super::link::Sending;
use super::surface::{Answering, Patience};
use super::tasks::Task;
use crate::mcp::codec::{self, ResultBody, ResultKind};
use crate::mcp::error::{BUSY, INTERNAL_ERROR, RpcError};
use crate::mcp::schema::ProgressParams;
use crate::mcp::state::{Answers, Request};
use crate::mcp::version::Era;

/// Answers of a client that calls again, with the request that it was asked about.
pub struct Round {
    request: Request,
    answers: Answers,
}

/// The answer to a request, and what is still to be done behind it.
pub struct Ran {
    pub result: Result<ResultBody, RpcError>,
    pub rest: Option<Rest>,
}

impl Ran {
    pub fn done(result: Result<ResultBody, RpcError>) -> Self {
        Self { result, rest: None }
    }
}

pub type Rest = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Round {
    /// Reads what the client answered in this round and in those before. `about` says which request it is.
    pub fn of(
        connection: &Connection,
        about: &[&str],
        responses: Option<Map<String, Value>>,
        state: Option<&str>,
    ) -> Result<Self, RpcError> {
        let principal = format!("{:?}", connection.principal);
        let request = Request::of(&[&[principal.as_str()], about].concat());
        let server = &connection.server;
        let mut answers = match state {
            Some(state) => server.seal()?.open(request, state, server.age())?,
            None => Answers::new(),
        };
        for (name, answer) in responses.unwrap_or_default() {
            if !answer.is_object() {
                return Err(RpcError::invalid_params("each of inputResponses must be an object"));
            }
            answers.insert(name, answer);
        }
        Ok(Self { request, answers })
    }

    fn settle(&self, connection: &Connection, outcome: Result<ResultBody, Stop>) -> Ran {
        Ran::done(outcome.or_else(|stop| match stop {
            Stop::Refused(error) => Err(error),
            Stop::Needs(forms) => self.needs(connection, &forms),
        }))
    }

    fn needs(&self, connection: &Connection, forms: &[(String, Form)]) -> Result<ResultBody, RpcError> {
        let server = &connection.server;
        let state = server.seal()?.seal(self.request, &self.answers, server.age());
        let asked = json!({ "inputRequests": input_requests(forms), "requestState": state });
        Ok(ResultBody::of(&asked)?.of_kind(ResultKind::InputRequired))
    }
}

/// What a client is asked, by name.
pub fn input_requests(forms: &[(String, Form)]) -> Map<String, Value> {
    let request = |form: &Form| json!({ "method": "elicitation/create", "params": form.params() });
    forms.iter().map(|(name, form)| (name.clone(), request(form))).collect()
}

/// Runs what `start` makes of the one who asks.
pub async fn run<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    round: Round,
    patience: Patience,
    cancel: CancellationToken,
    sending: &S,
    start: impl FnOnce(Asking) -> Answering,
) -> Ran {
    let (says, mut heard) = mpsc::channel(SAYINGS);
    let is_task = Arc::new(AtomicBool::new(false));
    let mut running = start(asking(connection, facts, &round, &cancel, &is_task, says));
    let mut long = pin!(too_long(facts, patience));
    let mut may_be_long = true;
    loop {
        let became = tokio::select! {
            // What was said before the end comes before the end.
            biased;
            Some(say) = heard.recv() => tokio::select! {
                biased;
                became = on_the_way(connection, facts, sending, &cancel, say) => match became {
                    Some(became) => Some(became),
                    None => continue,
                },
                // A client that does not read holds up no call.
                outcome = &mut running => return round.settle(connection, outcome),
            },
            outcome = &mut running => return round.settle(connection, outcome),
            () = &mut long, if may_be_long => None,
        };
        may_be_long = false;
        match (connection.server.tasks().begin(&connection.principal, cancel.clone()), became) {
            (Some(task), became) => {
                is_task.store(true, Ordering::Release);
                let result = task.created();
                if let Some(became) = became {
                    let _ = became.send(true);
                }
                return Ran { result, rest: Some(Box::pin(go_on(task, running, heard))) };
            }
            // There is no place for another task: then the client waits for it as for any call.
            (None, None) => {}
            (None, Some(_)) => return Ran::done(Err(RpcError::new(BUSY, "there are too many tasks already"))),
        }
    }
}

fn asking(
    connection: &Connection,
    facts: &Facts,
    round: &Round,
    cancel: &CancellationToken,
    is_task: &Arc<AtomicBool>,
    says: mpsc::Sender<Say>,
) -> Asking {
    Asking {
        principal: connection.principal.clone(),
        connection: connection.id,
        client: facts.client,
        cancel: cancel.clone(),
        follows: facts.progress_token.is_some(),
        era: facts.version.era(),
        answers: round.answers.clone(),
        is_task: Arc::clone(is_task),
        says,
    }
}

fn takes_tasks(facts: &Facts) -> bool {
    facts.client.tasks && facts.version.era() == Era::Stateless
}

/// Ends once a call has taken so long that it becomes a task, where it may.
async fn too_long(facts: &Facts, patience: Patience) {
    match patience {
        Patience::Until(long) if takes_tasks(facts) => tokio::time::sleep(long).await,
        Patience::Until(_) | Patience::Endless => std::future::pending().await,
    }
}

/// Does what a running call wants of its client. Where it wants to become a task and can, who waits for that comes back.
async fn on_the_way<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    sending: &S,
    cancel: &CancellationToken,
    say: Say,
) -> Option<oneshot::Sender<bool>> {
    match say {
        Say::Progress { progress, total, message } => {
            tell(connection, facts, sending, progress, total, &message).await;
        }
        Say::Ask { forms, to } => tokio::select! {
            () = cancel.cancelled() => {}
            () = ask(connection, facts, sending, forms, to) => {}
        },
        Say::BecomeTask(to) if takes_tasks(facts) => return Some(to),
        Say::BecomeTask(to) => {
            let _ = to.send(false);
        }
    }
    None
}

/// Brings a task to its end.
async fn go_on(task: Arc<Task>, mut running: Answering, mut heard: mpsc::Receiver<Say>) {
    loop {
        tokio::select! {
            biased;
            Some(say) = heard.recv() => match say {
                Say::Progress { message, .. } => task.note(message),
                Say::Ask { forms, to } => task.park(forms, to),
                Say::BecomeTask(to) => {
                    let _ = to.send(true);
                }
            },
            outcome = &mut running => {
                let outcome = outcome.map_err(|stop| match stop {
                    Stop::Refused(error) => error,
                    Stop::Needs(_) => RpcError::new(INTERNAL_ERROR, "a task asked outside of itself"),
                });
                return task.end(outcome);
            }
        }
    }
}

async fn tell<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    sending: &S,
    progress: u64,
    total: Option<u64>,
    message: &str,
) {
    let Some(token) = &facts.progress_token else { return };
    let token: &RawValue = token;
    let params = ProgressParams { progress_token: token, progress, total, message };
    let bytes = codec::notification("notifications/progress", &params);
    connection.notify(sending, facts, "notifications/progress", bytes).await;
}

/// Asks a client of the older era, one form after the other: a person fills in one at a time.
async fn ask<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    sending: &S,
    forms: Vec<(String, Form)>,
    to: oneshot::Sender<Result<Answers, RpcError>>,
) {
    let mut answers = Answers::new();
    for (name, form) in forms {
        match connection.ask(sending, facts, "elicitation/create", &form.params()).await {
            Ok(answer) => {
                answers.insert(name, answer);
            }
            Err(error) => {
                let _ = to.send(Err(error));
                return;
            }
        }
    }
    let _ = to.send(Ok(answers));
}
