//! The control API: how a face sees and steers an engine, in its own process or behind a Unix socket of the same user.
//! It is not MCP, and it has no form over TCP.

pub mod acts;
pub mod client;
pub mod discovery;
pub mod endpoint;
mod route;
pub mod save;
pub mod service;
pub mod socket;
mod steering;
mod summary;
pub mod types;
mod watch;

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::engine::Family;
use crate::id::{CallId, MessageSeq, PauseId, ProviderId, ThreadId};
use types::models::ModelSummary;
use types::spending::Spending;
use types::{
    Act, Acted, Exported, Form, Hello, Interceptors, MessageDetail, MessageText, ModelSwitch, PauseDecision,
    PausedSummary, ProbeSummary, Refusal, Switch, TextSlice, ThreadDetail, ThreadSummary, ToolCall, ToolResult,
    ToolSummary, ToolSwitch, TurnText, Update,
};

/// What a face can ask of an engine. One implementation is in this process, the other is behind a socket.
pub trait Control: Send + Sync {
    fn hello(&self) -> Reply<'_, Hello>;

    /// A snapshot, then deltas. A watcher that does not keep up is told so and gets a new snapshot. The channel closes
    /// when the engine is gone; dropping the receiver ends the watch.
    fn watch(&self) -> Reply<'_, mpsc::Receiver<Update>>;

    /// The thread with its turns, each text cut to its beginning.
    fn thread(&self, thread: ThreadId) -> Reply<'_, ThreadDetail>;

    /// One of a turn's texts from character `from` on, cut to a bounded length.
    fn turn_text(&self, thread: ThreadId, turn: u32, which: TurnText, from: u64) -> Reply<'_, TextSlice>;

    /// Ends the thread now. Its id is unknown from then on.
    fn expire(&self, thread: ThreadId) -> Reply<'_, ThreadSummary>;

    /// Does something to threads. Each thread that it was done to is told in an event of its own.
    fn act(&self, act: Act) -> Reply<'_, Acted>;

    /// The threads that a query finds, the most recently used first. Its forms are those of [`crate::thread::search`].
    fn search(&self, query: String) -> Reply<'_, Vec<ThreadSummary>>;

    /// The thread as a document, every known secret taken out.
    fn export(&self, thread: ThreadId, form: Form) -> Reply<'_, Exported>;

    /// Makes an exported JSON document a thread of this user; it has a new id where its own is taken.
    fn import(&self, document: String) -> Reply<'_, ThreadSummary>;

    /// Calls a tool as an agent would, and waits for its reply.
    fn call(&self, call: ToolCall) -> Reply<'_, ToolResult>;

    /// Paths inside the open roots that begin so, absolute, folders with a slash at their end.
    fn paths(&self, so_far: String) -> Reply<'_, Vec<String>>;

    /// Gives a call in flight up; the request to the provider is closed.
    fn cancel(&self, call: CallId) -> Reply<'_, ()>;

    /// What has arrived of a call's reply, from character `from` on.
    fn live_text(&self, call: CallId, from: u64) -> Reply<'_, TextSlice>;

    /// A message of the log with its text, cut to its beginning.
    fn message(&self, seq: MessageSeq) -> Reply<'_, MessageDetail>;

    /// One of a message's texts from character `from` on, cut to a bounded length.
    fn message_text(&self, seq: MessageSeq, which: MessageText, from: u64) -> Reply<'_, TextSlice>;

    /// The models that can be asked, the best first, and those that are switched off.
    fn models(&self) -> Reply<'_, Vec<ModelSummary>>;

    /// Has a model asked, or all of a provider, or no more.
    fn switch_model(&self, switch: ModelSwitch) -> Reply<'_, Vec<ModelSummary>>;

    /// The tools that are offered.
    fn tools(&self) -> Reply<'_, Vec<ToolSummary>>;

    /// All tools, and whether each is offered.
    fn toolbox(&self) -> Reply<'_, Vec<ToolSwitch>>;

    /// Offers a tool to agents, or no more; clients are told that their lists have changed.
    fn switch_tool(&self, switch: Switch) -> Reply<'_, Vec<ToolSwitch>>;

    /// What was spent, and what is taken of the limits.
    fn spending(&self) -> Reply<'_, Spending>;

    /// Asks a provider whether it takes its key.
    fn probe(&self, provider: ProviderId) -> Reply<'_, ProbeSummary>;

    /// The messages that wait for a person's decision, oldest first.
    fn paused(&self) -> Reply<'_, Vec<PausedSummary>>;

    /// The text of a paused message from character `from` on, cut to a bounded length.
    fn paused_text(&self, pause: PauseId, from: u64) -> Reply<'_, TextSlice>;

    /// Decides on a paused message: once.
    fn resolve(&self, pause: PauseId, decision: PauseDecision) -> Reply<'_, ()>;

    /// The deciders of messages in their order, and the state of the file of rules.
    fn interceptors(&self) -> Reply<'_, Interceptors>;

    /// Turns a decider on or off.
    fn switch(&self, switch: Switch) -> Reply<'_, Interceptors>;

    /// The process's counters.
    fn metrics(&self) -> Reply<'_, Vec<Family>>;
}

/// The future of a [`Control`] reply.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = Result<T, ControlError>> + Send + 'a>>;

/// Why a face did not get what it asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ControlError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The process behind the socket is gone, or does not answer as zen would.
    #[error("the zen process cannot be reached: {0}")]
    Unreachable(String),
}
