//! The control API over the engine in this process.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::summary::{self, TEXT_CHARS};
use super::types::models::ModelSummary;
use super::types::spending::{LimitSummary, SpendLine, Spending};
use super::types::{
    Act, Acted, Exported, Face, Form, Hello, Interceptors, Limits, MessageDetail, MessageText, ModelSwitch, PROTOCOL,
    PauseDecision, PausedSummary, ProbeSummary, Refusal, RefusalCode, Snapshot, Switch, Switchable, TextSlice,
    ThreadDetail, ThreadSummary, ToolCall, ToolResult, ToolSummary, ToolSwitch, TurnText, Update,
};
use super::{Control, Reply, watch};
use crate::engine::{Engine, Family};
use crate::file::complete::complete;
use crate::id::{CallId, MessageSeq, PauseId, ProviderId, ThreadId};
use crate::interceptor::builtin::message_log::Entry;
use crate::interceptor::pause::{NotResolved, Resolution};
use crate::provider::listing::Verdict;
use crate::server::Server;
use crate::server::local::Local;
use crate::thread::Principal;
use crate::thread::ledger::Statement;
use crate::unit::{UnixMillis, whole_millis};

/// Paths that complete a beginning; more letters find the others.
const MAX_PATHS: usize = 50;
/// Messages of the log that a snapshot brings.
const SNAPSHOT_MESSAGES: usize = 500;

/// Cheap to clone.
#[derive(Clone)]
pub struct Service {
    server: Server,
    pub(super) principal: Principal,
    identity: Arc<Identity>,
}

/// What a process says about itself.
#[derive(Clone, Debug)]
pub struct Identity {
    pub face: Face,
    pub started: UnixMillis,
    pub working_directory: String,
    /// The scripted provider answers instead of a real one.
    pub demo: bool,
}

impl Service {
    pub fn new(server: Server, principal: Principal, identity: Identity) -> Self {
        Self { server, principal, identity: Arc::new(identity) }
    }

    pub fn engine(&self) -> &Arc<Engine> {
        &self.server.engine
    }

    /// All that a face shows at first.
    pub fn snapshot(&self) -> Snapshot {
        let engine = self.engine();
        let limits = engine.threads.limits();
        Snapshot {
            hello: self.greet(),
            limits: Limits { ttl_ms: whole_millis(limits.ttl), max_turns: limits.max_turns },
            threads: self.summaries(&engine.threads.list()),
            restorable: self.summaries(&engine.threads.restorable()),
            calls: engine.calls.list().iter().map(|call| summary::call(call)).collect(),
            messages: engine.messages.newest(SNAPSHOT_MESSAGES).iter().map(summary::message).collect(),
            providers: engine.models.providers().into_iter().map(summary::provider).collect(),
            paused: self.list_paused(),
        }
    }

    fn greet(&self) -> Hello {
        Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            face: self.identity.face,
            started: self.identity.started,
            working_directory: self.identity.working_directory.clone(),
            clients: self.engine().connections.list().into_iter().map(summary::client).collect(),
            demo: self.identity.demo,
        }
    }

    fn list_paused(&self) -> Vec<PausedSummary> {
        self.engine().chain.pauses().list().into_iter().map(summary::paused).collect()
    }

    pub(super) fn find_thread(&self, id: ThreadId) -> Result<Arc<crate::thread::Thread>, Refusal> {
        self.engine().threads.live(id).ok_or_else(|| not_found(format!("no thread {id} here")))
    }

    fn find_message(&self, seq: MessageSeq) -> Result<Entry, Refusal> {
        self.engine().messages.get(seq).ok_or_else(|| not_found(format!("message {seq} is not in the log (any more)")))
    }

    fn find_turn_text(&self, id: ThreadId, turn: u32, which: TurnText, from: u64) -> Result<TextSlice, Refusal> {
        let thread = self.find_thread(id)?;
        let index = usize::try_from(turn).unwrap_or(usize::MAX).checked_sub(1);
        let found = index.and_then(|index| thread.turns.get(index));
        let found = found.ok_or_else(|| not_found(format!("thread {id} has no turn {turn}")))?;
        let text = match which {
            TurnText::Prompt => &found.prompt,
            TurnText::Answer => found.answer.as_ref().ok_or_else(|| not_found(format!("turn {turn} has no answer")))?,
        };
        Ok(TextSlice::of(text, from, TEXT_CHARS))
    }
}

impl Control for Service {
    fn hello(&self) -> Reply<'_, Hello> {
        Box::pin(async { Ok(self.greet()) })
    }

    fn watch(&self) -> Reply<'_, mpsc::Receiver<Update>> {
        Box::pin(async { Ok(watch::start(self.clone())) })
    }

    fn thread(&self, thread: ThreadId) -> Reply<'_, ThreadDetail> {
        Box::pin(async move {
            let found = self.find_thread(thread)?;
            Ok(summary::thread_detail(&found, &self.engine().threads, self.engine().clock))
        })
    }

    fn turn_text(&self, thread: ThreadId, turn: u32, which: TurnText, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(async move { Ok(self.find_turn_text(thread, turn, which, from)?) })
    }

    fn expire(&self, thread: ThreadId) -> Reply<'_, ThreadSummary> {
        Box::pin(async move { Ok(self.expire_one(thread).await?) })
    }

    fn act(&self, act: Act) -> Reply<'_, Acted> {
        Box::pin(async move { Ok(self.do_act(act).await?) })
    }

    fn search(&self, query: String) -> Reply<'_, Vec<ThreadSummary>> {
        Box::pin(async move { Ok(self.summaries(&self.found(&query).await?)) })
    }

    fn export(&self, thread: ThreadId, form: Form) -> Reply<'_, Exported> {
        Box::pin(async move { Ok(self.do_export(thread, form)?) })
    }

    fn import(&self, document: String) -> Reply<'_, ThreadSummary> {
        Box::pin(async move { Ok(self.do_import(&document)?) })
    }

    fn call(&self, call: ToolCall) -> Reply<'_, ToolResult> {
        Box::pin(async move {
            let mut client = Local::open(&self.server, "control", "a person", self.principal.clone());
            let called = client.call(&call.tool, &call.arguments).await;
            let result =
                called.map_err(|error| Refusal { code: RefusalCode::BadRequest, message: error.to_string() })?;
            Ok(ToolResult { text: result.text, is_error: result.is_error })
        })
    }

    fn paths(&self, so_far: String) -> Reply<'_, Vec<String>> {
        Box::pin(async move {
            let roots = self.engine().roots().clone();
            let completing = tokio::task::spawn_blocking(move || complete(&roots, &so_far, MAX_PATHS));
            // It fails only where the process is ending.
            Ok(completing.await.unwrap_or_default())
        })
    }

    fn cancel(&self, call: CallId) -> Reply<'_, ()> {
        Box::pin(async move {
            if self.engine().calls.cancel(call) {
                tracing::info!(call = call.0, "call cancelled by hand");
                Ok(())
            } else {
                Err(not_found(format!("call {call} is not in flight")).into())
            }
        })
    }

    fn live_text(&self, call: CallId, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(async move {
            let found = self.engine().calls.get(call);
            let found = found.ok_or_else(|| not_found(format!("call {call} is not known (any more)")))?;
            // A finished answer has its keys taken out where it is made; this is the text before that.
            let text = found.live_text();
            Ok(TextSlice::of(&self.engine().redactor.redact(&text), from, TEXT_CHARS))
        })
    }

    fn message(&self, seq: MessageSeq) -> Reply<'_, MessageDetail> {
        Box::pin(async move {
            let entry = self.find_message(seq)?;
            let slice = |bytes: &[u8]| TextSlice::of(&String::from_utf8_lossy(bytes), 0, TEXT_CHARS);
            Ok(MessageDetail {
                before: slice(&entry.before),
                after: entry.after.as_deref().map(slice),
                steps: summary::steps(&entry),
                summary: summary::message(&entry),
            })
        })
    }

    fn message_text(&self, seq: MessageSeq, which: MessageText, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(async move {
            let entry = self.find_message(seq)?;
            let bytes = match which {
                MessageText::Before => Some(entry.before),
                MessageText::After => entry.after,
            };
            let bytes = bytes.ok_or_else(|| not_found(format!("message {seq} was not changed")))?;
            Ok(TextSlice::of(&String::from_utf8_lossy(&bytes), from, TEXT_CHARS))
        })
    }

    fn paused(&self) -> Reply<'_, Vec<PausedSummary>> {
        Box::pin(async { Ok(self.list_paused()) })
    }

    fn paused_text(&self, pause: PauseId, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(async move {
            let held = self.engine().chain.pauses().list().into_iter().find(|paused| paused.id == pause);
            let held = held.ok_or_else(|| not_found(NotResolved::Unknown(pause).to_string()))?;
            Ok(TextSlice::of(&String::from_utf8_lossy(&held.message.bytes), from, TEXT_CHARS))
        })
    }

    fn resolve(&self, pause: PauseId, decision: PauseDecision) -> Reply<'_, ()> {
        Box::pin(async move {
            let resolution = match decision {
                PauseDecision::Continue => Resolution::Continue,
                PauseDecision::Edit { text } => Resolution::Edited(text.into()),
                PauseDecision::Block { reason } => Resolution::Block(reason),
            };
            self.engine().chain.pauses().resolve(pause, resolution).map_err(|error| {
                let code = match error {
                    NotResolved::Unknown(_) => RefusalCode::NotFound,
                    NotResolved::AnotherMessage(_) => RefusalCode::BadRequest,
                };
                Refusal { code, message: error.to_string() }
            })?;
            tracing::info!(pause = pause.0, "paused message resolved by hand");
            Ok(())
        })
    }

    fn interceptors(&self) -> Reply<'_, Interceptors> {
        Box::pin(async { Ok(summary::interceptors(self.engine())) })
    }

    fn switch(&self, Switch { name, enabled }: Switch) -> Reply<'_, Interceptors> {
        Box::pin(async move {
            self.do_switch(Switchable::Interceptor(name), enabled)?;
            Ok(summary::interceptors(self.engine()))
        })
    }

    fn metrics(&self) -> Reply<'_, Vec<Family>> {
        Box::pin(async { Ok(self.engine().measured()) })
    }

    fn models(&self) -> Reply<'_, Vec<ModelSummary>> {
        Box::pin(async { Ok(summary::models(self.engine())) })
    }

    fn switch_model(&self, switch: ModelSwitch) -> Reply<'_, Vec<ModelSummary>> {
        Box::pin(async move {
            let enabled = switch.enabled;
            self.do_switch(switch.into(), enabled)?;
            Ok(summary::models(self.engine()))
        })
    }

    fn tools(&self) -> Reply<'_, Vec<ToolSummary>> {
        Box::pin(async move { Ok(self.engine().tools().map(|tool| ToolSummary::of(tool.spec())).collect()) })
    }

    fn probe(&self, provider: ProviderId) -> Reply<'_, ProbeSummary> {
        Box::pin(async move {
            let clock = self.engine().clock;
            let began = clock.now();
            let checked = self.engine().models.probe(&provider).await;
            let checked = checked.ok_or_else(|| not_found(format!("{provider} is not configured here")))?;
            let (well, took_ms) = (checked.verdict == Verdict::Ok, whole_millis(clock.elapsed(began)));
            Ok(ProbeSummary { provider: checked.provider, well, message: checked.message, took_ms })
        })
    }

    fn toolbox(&self) -> Reply<'_, Vec<ToolSwitch>> {
        Box::pin(async { Ok(summary::toolbox(self.engine())) })
    }

    fn switch_tool(&self, Switch { name, enabled }: Switch) -> Reply<'_, Vec<ToolSwitch>> {
        Box::pin(async move {
            self.do_switch(Switchable::Tool(name), enabled)?;
            Ok(summary::toolbox(self.engine()))
        })
    }

    fn spending(&self) -> Reply<'_, Spending> {
        Box::pin(async {
            let limits = self.engine().models.taken().into_iter().map(LimitSummary::from).collect();
            let Statement { since, entries } = self.engine().ledger.statement(None);
            Ok(Spending { limits, since, lines: entries.into_iter().map(SpendLine::from).collect() })
        })
    }
}

pub(super) fn not_found(message: String) -> Refusal {
    Refusal { code: RefusalCode::NotFound, message }
}
