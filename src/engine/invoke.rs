//! One call from its arguments to its reply: find the thread, run the tool, record the turn, offer the continuation.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::Engine;
use super::calls::{LiveCall, Stage};
use super::watching::Watched;
use super::withholding::Given;
use crate::event::{Concern, Event};
use crate::file::root::Roots;
use crate::id::ThreadId;
use crate::thread::Principal;
use crate::thread::ledger::Page;
use crate::thread::room::Occupied;
use crate::thread::threads::{CannotContinue, Target};
use crate::thread::turn::Turn;
use crate::tools::error::ToolError;
use crate::tools::reply::step::Failed;
use crate::tools::reply::{Body, Reply};
use crate::tools::schema::Field;
use crate::tools::{Call, Tool, judge};

const NOT_REMEMBERED: &str = "The thread was expired while this call was in flight: this reply is not remembered, \
    unless a person restores the thread now.";

/// What the caller gets: a text, and whether it tells of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    pub is_error: bool,
}

impl Engine {
    /// Runs `tool` for `principal`. Ends early when the call is cancelled. A failure costs nothing: no turn is recorded
    /// and the thread stays as it was. Its files are read from `roots`, where those are given, or else from the engine's.
    pub async fn invoke(
        &self,
        live: &Arc<LiveCall>,
        tool: &dyn Tool,
        arguments: Option<Box<RawValue>>,
        principal: &Principal,
        roots: Option<Roots>,
    ) -> Outcome {
        let started = self.clock.now();
        let replied = tokio::select! {
            biased;
            () = live.cancel.cancelled() => Err(ToolError::Cancelled),
            replied = self.run(live, tool, arguments, principal, roots) => replied,
        };
        let (outcome, stage) = match replied {
            Ok(Body::Step(mut step)) => {
                let failed = step.failed.take();
                let is_error = failed.is_some();
                let stage = failed.map_or(Stage::Done, |Failed { class, message }| Stage::Failed { class, message });
                (Outcome { text: step.into_text(), is_error }, stage)
            }
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
        roots: Option<Roots>,
    ) -> Result<Body, ToolError> {
        let started = self.clock.now();
        let Given { arguments, withheld } = Given::clean(arguments, tool.spec(), &self.redactor).await?;
        let asked = Asked::of(tool, arguments.as_deref());
        // Held until the reply has its place, so that the thread cannot go meanwhile.
        let (target, _occupied) = self.target(&asked, principal)?;
        if let Some(thread) = target.thread() {
            live.belongs_to(thread.id);
        }
        let thread = target.thread().map(|thread| thread.id);
        let ledger = Page::new(&self.ledger, principal, tool.spec().name, thread, self.clock);
        let call = Call {
            arguments,
            target,
            ledger,
            threads: Arc::clone(&self.threads),
            principal: principal.clone(),
            models: self.models.clone(),
            children: self.children.clone(),
            redactor: self.redactor.clone(),
            learned: self.learned.clone(),
            roots: roots.unwrap_or_else(|| self.roots.clone()),
            settings: Arc::clone(&self.settings),
            progress: Arc::clone(live) as _,
            cancel: live.cancel.clone(),
            clock: self.clock,
        };
        // A defect in a tool is this call's failure, never the connection's.
        let reply = AssertUnwindSafe(tool.run(&call)).catch_unwind().await;
        let mut reply = reply.map_err(|_| ToolError::Internal(format!("{} panicked", tool.spec().name)))??;
        withheld.tell(&mut reply);
        let watched = match &mut reply.turn {
            Some(turn) => {
                self.count_turn(turn, self.clock.elapsed(started));
                self.ledger.add(principal, call.target.id(), turn);
                self.watch(&asked, &call, turn).await
            }
            None => None,
        };
        let workspace = asked.workspace(&self.settings.workspace);
        Ok(self.conclude(live, &call.target, principal, &workspace, reply, watched))
    }

    /// Has the monitor look at the turn, and a judge where that leaves a doubt; what is asked stands in the turn then.
    async fn watch(&self, asked: &Asked, call: &Call, turn: &mut Turn) -> Option<Watched> {
        let thought = turn.thought.as_mut()?;
        if !asked.insight {
            thought.quiet = Concern::ALL.to_vec();
        }
        let mut watched = self.watching.watch(call.target.thread(), turn).await?;
        if let Some(verdict) = watched.seen.verdict.as_ref().filter(|verdict| verdict.doubt.is_some()) {
            let judged = judge::judge(call, turn, verdict).await;
            watched.judged(judged);
        }
        turn.thought.as_mut()?.verdict.clone_from(&watched.seen.verdict);
        Some(watched)
    }

    /// The thread that the arguments name, or a new id where they name none. A call that could not be remembered is
    /// refused before it costs anything.
    fn target(&self, asked: &Asked, principal: &Principal) -> Result<(Target, Option<Occupied>), ToolError> {
        if !asked.continues {
            return Ok((Target::New(ThreadId::random()), None));
        }
        self.threads.expect_room().map_err(CannotContinue::from)?;
        match &asked.thread {
            None => Ok((Target::New(ThreadId::random()), None)),
            Some(id) => {
                let occupied = id.trim().parse().ok().map(|id| self.threads.occupy(id));
                Ok((self.threads.resume(id, principal)?, occupied))
            }
        }
    }

    /// Records the turn and says how the thread can go on.
    fn conclude(
        &self,
        live: &LiveCall,
        target: &Target,
        principal: &Principal,
        workspace: &Arc<str>,
        reply: Reply,
        watched: Option<Watched>,
    ) -> Body {
        let Reply { mut body, turn } = reply;
        let Some(turn) = turn else { return body };
        let answered = turn.is_answered();
        let recorded = self.threads.record_in(workspace, target, principal, turn);
        if recorded.is_ok() {
            live.belongs_to(target.id());
        }
        let (cap, id) = (self.settings.reply_tokens, target.id());
        match (&mut body, recorded) {
            (Body::Output(output), Ok(recorded)) => {
                output.hold_under(cap, id, recorded.turn);
                output.offer(id, recorded.remaining);
            }
            (Body::Output(output), Err(_)) => {
                output.metadata.insert("notice".to_owned(), NOT_REMEMBERED.into());
            }
            (Body::Step(step), Ok(recorded)) => {
                step.hold_under(cap, id, recorded.turn);
                step.recorded(id, recorded, answered);
            }
            (Body::Step(step), Err(_)) => step.note("notice", NOT_REMEMBERED),
            (Body::Document(_), _) => {}
        }
        body.observe(watched.as_ref().map(|watched| &watched.seen));
        if let (Some(watched), Ok(recorded)) = (watched, recorded) {
            self.remember(target, recorded.turn, watched);
        }
        body
    }

    /// The turn stands in its thread as this number: says what was asked of it, and keeps what the monitor knows.
    fn remember(&self, target: &Target, turn: usize, watched: Watched) {
        let (thread, before) = (target.id(), target.thread().map_or(0, |thread| thread.turns.len()));
        if let Some(verdict) = watched.seen.asked() {
            let turn = u32::try_from(turn).unwrap_or(u32::MAX);
            self.metrics.questions.add([verdict.kind.as_str()], 1);
            self.bus.say(Event::ThreadQuestioned { thread, turn, concern: verdict.kind });
        }
        // Where another call left a turn meanwhile, the monitor has not seen it.
        let recorded = self.threads.live(thread).filter(|_| turn == before + 1);
        if let Some(turn) = recorded.as_ref().and_then(|thread| thread.turns.get(before)) {
            self.watching.keep(turn, watched);
        }
    }
}

/// What a call says of its thread.
#[derive(Default)]
struct Asked {
    /// Its tool leaves turns.
    continues: bool,
    thread: Option<String>,
    working_directory: Option<String>,
    /// The monitor may ask something of this call.
    insight: bool,
}

impl Asked {
    fn of(tool: &dyn Tool, arguments: Option<&RawValue>) -> Self {
        #[derive(Deserialize)]
        struct Arguments {
            continuation_id: Option<String>,
            session_id: Option<String>,
            working_directory_absolute_path: Option<String>,
            insight: Option<bool>,
        }
        let takes = |name: &str| tool.spec().field(name).is_some();
        let named = |id: Option<String>| id.filter(|id| !id.trim().is_empty());
        if !takes(Field::CONTINUATION_ID.name) {
            return Self::default();
        }
        // Arguments of another shape are the tool's to refuse.
        let arguments = arguments.and_then(|arguments| serde_json::from_str::<Arguments>(arguments.get()).ok());
        let Some(arguments) = arguments else { return Self { continues: true, ..Self::default() } };
        Self {
            continues: true,
            thread: named(arguments.continuation_id).or(named(arguments.session_id).filter(|_| takes("session_id"))),
            working_directory: arguments.working_directory_absolute_path,
            insight: arguments.insight.unwrap_or(true),
        }
    }

    /// The folder that the caller names; where it names none, `own`: the one that zen was started in.
    fn workspace(&self, own: &Arc<str>) -> Arc<str> {
        const MAX_CHARS: usize = 512;
        let named = self.working_directory.as_deref().map(str::trim).filter(|path| path.starts_with('/'));
        let named = named.map(|path| path.trim_end_matches('/')).filter(|path| !path.is_empty() && **path != **own);
        named.map_or_else(|| Arc::clone(own), |path| path.chars().take(MAX_CHARS).collect::<String>().into())
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
