//! One call from its arguments to its reply: find the thread, run the tool, record the turn, offer the continuation.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Engine;
use super::calls::{LiveCall, Stage};
use crate::id::ThreadId;
use crate::thread::Principal;
use crate::thread::threads::Target;
use crate::tools::error::ToolError;
use crate::tools::reply::{Body, Reply};
use crate::tools::schema::Field;
use crate::tools::{Call, Tool};

/// What the caller gets: a text, and whether it tells of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    pub is_error: bool,
}

impl Engine {
    /// Runs `tool` for `principal`. Ends early when the call is cancelled. A failure costs nothing: no turn is recorded
    /// and the thread stays as it was.
    pub async fn invoke(
        &self,
        live: &Arc<LiveCall>,
        tool: &dyn Tool,
        arguments: Option<Box<RawValue>>,
        principal: &Principal,
    ) -> Outcome {
        let started = self.clock.now();
        let replied = tokio::select! {
            biased;
            () = live.cancel.cancelled() => Err(ToolError::Cancelled),
            replied = self.run(live, tool, arguments, principal) => replied,
        };
        let (outcome, stage) = match replied {
            Ok(body) => (Outcome { text: body.into_text(), is_error: false }, Stage::Done),
            Err(error) => {
                let text = Body::Output(error.output(tool.spec().name)).into_text();
                (Outcome { text, is_error: true }, ended_by(&error))
            }
        };
        note(live, &stage);
        self.count_call(tool.spec().name, &stage, live.snapshot().provider.as_ref(), self.clock.elapsed(started));
        self.calls.end(live, stage);
        outcome
    }

    async fn run(
        &self,
        live: &Arc<LiveCall>,
        tool: &dyn Tool,
        arguments: Option<Box<RawValue>>,
        principal: &Principal,
    ) -> Result<Body, ToolError> {
        let started = self.clock.now();
        let target = self.target(tool, arguments.as_deref(), principal)?;
        if let Some(thread) = target.thread() {
            live.belongs_to(thread.id);
        }
        let call = Call {
            arguments,
            target,
            threads: Arc::clone(&self.threads),
            principal: principal.clone(),
            models: self.models.clone(),
            roots: self.roots.clone(),
            children: self.children.clone(),
            settings: Arc::clone(&self.settings),
            progress: Arc::clone(live) as _,
            cancel: live.cancel.clone(),
            clock: self.clock,
        };
        // A defect in a tool is this call's failure, never the connection's.
        let reply = AssertUnwindSafe(tool.run(&call)).catch_unwind().await;
        let reply = reply.map_err(|_| ToolError::Internal(format!("{} panicked", tool.spec().name)))??;
        if let Some(turn) = &reply.turn {
            self.count_turn(turn, self.clock.elapsed(started));
        }
        Ok(self.conclude(live, &call.target, principal, reply))
    }

    /// The thread that the arguments name, or a new id where they name none.
    fn target(
        &self,
        tool: &dyn Tool,
        arguments: Option<&RawValue>,
        principal: &Principal,
    ) -> Result<Target, ToolError> {
        #[derive(Deserialize)]
        struct Continuing {
            continuation_id: Option<String>,
        }
        let continues = tool.spec().fields.iter().any(|field| field.name == Field::CONTINUATION_ID.name);
        // Arguments of another shape are the tool's to refuse.
        let continuing = arguments
            .filter(|_| continues)
            .and_then(|arguments| serde_json::from_str::<Continuing>(arguments.get()).ok())
            .and_then(|continuing| continuing.continuation_id)
            .filter(|id| !id.trim().is_empty());
        match continuing {
            None => Ok(Target::New(ThreadId::random())),
            Some(id) => Ok(self.threads.resume(&id, principal)?),
        }
    }

    /// Records the turn and says how the thread can go on.
    fn conclude(&self, live: &LiveCall, target: &Target, principal: &Principal, reply: Reply) -> Body {
        let Reply { mut body, turn } = reply;
        let Some(turn) = turn else { return body };
        let recorded = self.threads.record(target, principal, turn);
        if recorded.is_ok() {
            live.belongs_to(target.id());
        }
        if let Body::Output(output) = &mut body {
            match recorded {
                Ok(recorded) => {
                    output.hold_under(self.settings.reply_tokens, target.id(), recorded.turn);
                    output.offer(target.id(), recorded.remaining);
                }
                Err(_) => {
                    let notice = "The thread was expired while this call was in flight: this reply is not remembered.";
                    output.metadata.insert("notice".to_owned(), notice.into());
                }
            }
        }
        body
    }
}

/// The log says that a call was made and how it ended, never what was asked and answered.
fn note(live: &LiveCall, stage: &Stage) {
    let state = live.snapshot();
    let (call, tool) = (live.id.0, live.tool);
    let thread = state.thread.map(|thread| thread.short());
    let (thread, model) = (thread.as_deref(), state.model.as_ref().map(|model| model.as_str()));
    match stage {
        Stage::Failed { class, message } => {
            let class = class.map(|class| class.says());
            tracing::warn!(call, tool, thread, model, class, failure = message.as_str(), "call failed");
        }
        Stage::Cancelled => tracing::info!(call, tool, thread, model, "call cancelled"),
        Stage::Preparing | Stage::Waiting | Stage::Streaming | Stage::Done => {
            tracing::info!(call, tool, thread, model, "call answered");
        }
    }
}

fn ended_by(error: &ToolError) -> Stage {
    if error.is_cancelled() {
        Stage::Cancelled
    } else {
        Stage::Failed { class: error.class(), message: error.to_string() }
    }
}
