//! What travels between an engine and a face, in this process or over a control socket: the only form in which a face
//! knows anything. Summaries are pushed; texts are fetched by id and offset. Unknown fields are ignored by readers, so
//! that an older face can watch a newer process of the same [`PROTOCOL`].

mod face;
pub mod models;
pub mod spending;
pub mod switches;
pub mod tools;

use serde::{Deserialize, Serialize};

use crate::budget::Decision;
pub use crate::engine::calls::Stage;
pub use crate::event::Concern;
use crate::event::Removal;
use crate::id::{CallId, ConnectionId, MessageSeq, ModelId, PauseId, ProviderId, ThreadId};
pub use crate::insight::verdict::Verdict;
pub use crate::interceptor::{Did, Direction, Kind as MessageKind, Outcome as MessageOutcome};
pub use crate::provider::Breaker;
use crate::provider::{Class, Effort, Finish, Usage};
pub use crate::thread::turn::FailedWith;
use crate::unit::{MicroUsd, Tokens, UnixMillis};

pub use self::models::ProbeSummary;
pub use self::switches::{ModelSwitch, Switchable, Switching};
pub use self::tools::{ToolCall, ToolResult, ToolSummary, ToolSwitch};
pub use super::acts::{Act, ActSummary, Acted, Exported, Form, ParentSummary, Which};
pub use face::Face;

/// Raised when a reader of the former number would misunderstand what is sent.
pub const PROTOCOL: u32 = 1;

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    pub protocol: u32,
    /// zen's version.
    pub version: String,
    pub pid: u32,
    pub face: Face,
    pub started: UnixMillis,
    /// The working directory, by which a person recognises a headless process.
    pub working_directory: String,
    /// The clients that are connected now.
    pub clients: Vec<ClientSummary>,
    /// The scripted provider answers instead of a real one.
    pub demo: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientSummary {
    pub connection: ConnectionId,
    /// `stdio`, `control`.
    pub transport: String,
    /// What the client calls itself; empty until it has said so.
    pub name: String,
    pub version: String,
    /// The protocol version of its last message, such as `2025-11-25`.
    pub protocol: Option<String>,
}

/// All that a face shows at first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    pub hello: Hello,
    pub limits: Limits,
    /// The most recently used first.
    pub threads: Vec<ThreadSummary>,
    /// In flight and recently ended, oldest first.
    pub calls: Vec<CallSummary>,
    /// The newest messages of the log, oldest first.
    pub messages: Vec<MessageSummary>,
    pub providers: Vec<ProviderSummary>,
    /// Messages that wait for a person's decision, oldest first.
    #[serde(default)]
    pub paused: Vec<PausedSummary>,
    /// Threads whose expiry by hand can be taken back, the last one first.
    #[serde(default)]
    pub restorable: Vec<ThreadSummary>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub ttl_ms: u64,
    pub max_turns: u32,
}

/// What changed since the last update. Summaries replace the ones of the same id.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<ThreadSummary>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<RemovedThread>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallSummary>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageSummary>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<ProviderSummary>,
    /// Clients came, went, or said who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<ClientSummary>>,
    /// All that are paused now, where that has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Vec<PausedSummary>>,
    /// All tools, where others are offered now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<ToolSwitch>>,
    /// What people have switched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switched: Vec<Switching>,
    /// What people did to threads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<ActSummary>,
}

/// What a watcher receives, in order: first a snapshot, then deltas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "update", rename_all = "snake_case")]
pub enum Update {
    Snapshot(Box<Snapshot>),
    Delta(Box<Delta>),
    /// The watcher fell behind: this many events were dropped, and a new snapshot follows.
    Resync {
        dropped: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadSummary {
    pub id: ThreadId,
    /// The first words of the first prompt.
    pub title: String,
    /// The tool that opened the thread.
    pub tool: String,
    /// The last model that answered.
    pub model: Option<ModelId>,
    /// All turns.
    pub turns: u32,
    /// Turns in which a model answered: what the limit counts.
    pub answered: u32,
    /// Sums over the turns whose provider reported them.
    pub input: Tokens,
    pub output: Tokens,
    /// Whether a provider left a count unreported, so that the sums are too low.
    pub partly_unknown: bool,
    /// The sum over what is known; None where nothing is.
    pub cost: Option<MicroUsd>,
    /// Whether some of the cost is unknown, so that the thread cost at least `cost`.
    #[serde(default)]
    pub cost_partly_unknown: bool,
    /// Bytes of text held.
    pub bytes: u64,
    pub created: UnixMillis,
    pub updated: UnixMillis,
    /// Of a pinned thread: when it would be gone if its pin were taken back now.
    pub expires: UnixMillis,
    #[serde(default)]
    pub pinned: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The folder in which it was opened.
    #[serde(default)]
    pub workspace: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentSummary>,
    /// What the monitor says of its last steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concern: Option<Concern>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedThread {
    pub id: ThreadId,
    pub reason: Removal,
}

/// A thread with its turns; long texts are cut to their beginning, and the rest is fetched by offset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThreadDetail {
    pub summary: ThreadSummary,
    /// Oldest first.
    pub turns: Vec<TurnDetail>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnDetail {
    /// From 1.
    pub number: u32,
    pub tool: String,
    pub prompt: TextSlice,
    /// None where no model was asked.
    pub answer: Option<TextSlice>,
    pub files: Vec<String>,
    /// Files that were asked for and not sent, each with the reason.
    pub refused: Vec<RefusedFile>,
    /// Where secrets were taken out of what the model was shown, each in a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// What the monitor asked of it, with its evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    pub consultations: Vec<ConsultationDetail>,
    pub started: UnixMillis,
    pub ended: UnixMillis,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    pub path: String,
    pub reason: String,
}

/// One model's part in a turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConsultationDetail {
    pub provider: ProviderId,
    pub model: ModelId,
    /// The name by which the caller asked for the model.
    pub asked_as: String,
    pub effort_asked: Option<Effort>,
    pub effort_sent: Option<Effort>,
    pub usage: Usage,
    /// What the prompt was estimated at before it was sent.
    pub estimated_input: Tokens,
    pub cost: Option<MicroUsd>,
    /// The page that names the prices, with the day it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_source: Option<String>,
    pub finish: Finish,
    /// Why it did not answer, so that the next one was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailedWith>,
    /// A kept reply to the same request.
    #[serde(default)]
    pub cached: bool,
    /// Requests that were made of it, repetitions included.
    #[serde(default)]
    pub attempts: u16,
    pub first_token_ms: Option<u64>,
    pub latency_ms: u64,
    /// The model's window, of which `decisions` gave the shares.
    pub window: Tokens,
    pub reply_reserve: Tokens,
    pub decisions: Vec<Decision>,
}

/// Part of a text: `text` starts at character `from` of `total` characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextSlice {
    pub text: String,
    pub from: u64,
    pub total: u64,
}

impl TextSlice {
    /// At most `len` characters of `text` from character `from` on.
    pub fn of(text: &str, from: u64, len: usize) -> Self {
        let skip = usize::try_from(from).unwrap_or(usize::MAX);
        Self { text: text.chars().skip(skip).take(len).collect(), from, total: text.chars().count() as u64 }
    }

    /// Whether there is more text behind this slice.
    pub fn is_cut(&self) -> bool {
        self.from.saturating_add(self.text.chars().count() as u64) < self.total
    }
}

/// One tool call, in flight or ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallSummary {
    pub id: CallId,
    pub tool: String,
    pub connection: ConnectionId,
    /// The thread that it continues or opened; None where it has none (yet).
    pub thread: Option<ThreadId>,
    pub model: Option<ModelId>,
    pub provider: Option<ProviderId>,
    pub stage: Stage,
    /// Characters of the reply that have arrived so far: the live text.
    pub text_chars: u64,
    pub started: UnixMillis,
    pub ended: Option<UnixMillis>,
}

/// One message as it passed the interceptor chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageSummary {
    pub seq: MessageSeq,
    pub at: UnixMillis,
    pub direction: Direction,
    pub connection: ConnectionId,
    pub transport: String,
    pub kind: MessageKind,
    /// A reply has the method of its request.
    pub method: String,
    /// The tool of a `tools/call` and its reply.
    pub tool: Option<String>,
    /// The request's id, as JSON.
    pub id: Option<String>,
    pub bytes: u64,
    pub outcome: MessageOutcome,
    /// Who blocked, answered or changed it: the last one that did something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What one interceptor did with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSummary {
    pub by: String,
    pub did: Did,
    /// Empty where there is nothing to say.
    pub reason: String,
}

/// A message that waits for a person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedSummary {
    pub id: PauseId,
    pub connection: ConnectionId,
    pub direction: Direction,
    pub kind: MessageKind,
    pub method: String,
    pub tool: Option<String>,
    /// Who paused it, and why.
    pub by: String,
    pub reason: String,
    pub since: UnixMillis,
    /// When it is decided without a person: blocked, unless `continues`.
    pub until: UnixMillis,
    pub continues: bool,
    /// The message, cut to its beginning.
    pub text: TextSlice,
}

/// A person's decision on a paused message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum PauseDecision {
    Continue,
    /// Go on with this text in the message's place: the same kind of message with the same id.
    Edit {
        text: String,
    },
    Block {
        reason: String,
    },
}

/// The deciders in their order, and the file that rules come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interceptors {
    pub deciders: Vec<DeciderSummary>,
    pub rules: Option<RulesSummary>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeciderSummary {
    pub name: String,
    pub enabled: bool,
    /// How often it did something.
    pub hits: u64,
    pub failures: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesSummary {
    pub path: String,
    /// When the rules in force were read.
    pub loaded: UnixMillis,
    /// Why the file as it is now is not in force.
    pub errors: Vec<String>,
}

/// Turns a decider or a tool on or off until zen ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    pub name: String,
    pub enabled: bool,
}

/// A message with its text before the interceptors and, where they changed it, after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageDetail {
    pub summary: MessageSummary,
    pub before: TextSlice,
    pub after: Option<TextSlice>,
    /// Who did what with it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepSummary>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProviderSummary {
    pub id: ProviderId,
    pub title: String,
    pub configured: bool,
    /// Answers and failures since the process started.
    pub answered: u64,
    pub failed: u64,
    pub last_latency_ms: Option<u64>,
    pub last_failure: Option<Class>,
    /// Its last requests.
    #[serde(default)]
    pub health: HealthSummary,
    /// What of it is left alone for now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resting: Vec<RestingSummary>,
    /// What its answers cost at least; `cost_unknown` of them are not in it.
    #[serde(default)]
    pub spent: MicroUsd,
    #[serde(default)]
    pub cost_unknown: u64,
}

/// How a provider has done of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthSummary {
    /// Requests that the other figures are of.
    pub requests: u32,
    /// Thousandths of them that failed; None where there are too few to tell.
    pub failing_per_mille: Option<u32>,
    /// Points that the scores of its models are lowered by for that, where zen chooses.
    #[serde(default)]
    pub penalty: u8,
    pub first_text_p50_ms: Option<u64>,
    pub first_text_p95_ms: Option<u64>,
    pub total_p50_ms: Option<u64>,
    pub total_p95_ms: Option<u64>,
    pub tokens_per_second: Option<u64>,
    pub last_error: Option<FailedWith>,
    pub last_error_at: Option<UnixMillis>,
}

/// A model that is not simply asked; without one, every model of a provider that refuses the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestingSummary {
    pub model: Option<ModelId>,
    pub breaker: Breaker,
    pub rest_ms: u64,
}

/// Which of a message's texts is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageText {
    /// As it came.
    Before,
    /// As the interceptors left it.
    After,
}

/// Which of a turn's texts is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnText {
    Prompt,
    Answer,
}

/// A refusal by the control API. `code` is stable; `message` says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// No such thread, turn, call, message or path.
    NotFound,
    /// The request cannot be read.
    BadRequest,
    /// Too many watchers, or the body is too large.
    TooMuch,
    /// The process is ending.
    ShuttingDown,
}
