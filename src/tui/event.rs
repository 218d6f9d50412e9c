//! What can happen to the face, and what it may ask for in return: two closed enums, so that the update and the
//! executor are each one exhaustive match.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use serde::{Deserialize, Serialize};

use super::SourceId;
use super::markdown::{CodeKey, Run};
use crate::control::ControlError;
use crate::control::types::models::ModelSummary;
use crate::control::types::spending::Spending;
use crate::control::types::{
    Act, Acted, Form, Interceptors, MessageDetail, PauseDecision, ProbeSummary, Switchable, TextSlice, ThreadDetail,
    ToolResult, ToolSummary, ToolSwitch, TurnText, Update,
};
use crate::event::ThreadAct;
use crate::id::{CallId, MessageSeq, PauseId, ProviderId, ThreadId};
use crate::unit::UnixMillis;

/// Something that happened. Its JSON is what recordings hold: [`super::recording::FORMAT`] is raised where an older zen
/// would misread it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    Key(KeyEvent),
    /// A text that was pasted: never taken for keys.
    Pasted(String),
    Resized {
        width: u16,
        height: u16,
    },
    /// The queue is empty and a frame may follow: the time to fit texts to the screen and to fetch what it lacks.
    Drained {
        now: UnixMillis,
    },
    Appeared {
        source: SourceId,
        name: String,
        own: bool,
    },
    Disappeared(SourceId),
    Watched {
        source: SourceId,
        watch: Watch,
    },
    Replied {
        source: SourceId,
        reply: Reply,
    },
    Pointed {
        pointer: Pointer,
        column: u16,
        row: u16,
    },
    /// The person's editor has ended; the text as it left it, or why there is none.
    Edited {
        source: SourceId,
        pause: PauseId,
        outcome: Result<String, String>,
    },
    /// A block of code has its colours. Whoever replays a recording finds them anew.
    #[serde(skip)]
    Coloured {
        key: CodeKey,
        colours: Arc<[Run]>,
    },
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pointer {
    Click,
    WheelUp,
    WheelDown,
}

/// What came of watching a source.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    Update(Update),
    /// Nothing more will come; why.
    Ended(String),
}

/// The outcome of an [`Effect`], with what it was asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    Thread {
        thread: ThreadId,
        outcome: Result<Box<ThreadDetail>, ControlError>,
    },
    TurnText {
        thread: ThreadId,
        turn: u32,
        which: TurnText,
        outcome: Result<TextSlice, ControlError>,
    },
    LiveText {
        call: CallId,
        outcome: Result<TextSlice, ControlError>,
    },
    Message {
        seq: MessageSeq,
        outcome: Result<Box<MessageDetail>, ControlError>,
    },
    Models {
        outcome: Result<Vec<ModelSummary>, ControlError>,
    },
    Called {
        number: u64,
        outcome: Result<ToolResult, ControlError>,
    },
    Paths {
        outcome: Result<Vec<String>, ControlError>,
    },
    Acted {
        what: ThreadAct,
        outcome: Result<Acted, ControlError>,
    },
    /// Where the document was written, or why it was not.
    Saved {
        thread: ThreadId,
        outcome: Result<String, String>,
    },
    Probed {
        outcome: Result<ProbeSummary, ControlError>,
    },
    /// The whole text of a paused message.
    PausedText {
        pause: PauseId,
        outcome: Result<String, ControlError>,
    },
    Resolved {
        outcome: Result<(), ControlError>,
    },
    Spending {
        outcome: Result<Spending, ControlError>,
    },
    Tools {
        outcome: Result<Vec<ToolSummary>, ControlError>,
    },
    Toolbox {
        outcome: Result<Vec<ToolSwitch>, ControlError>,
    },
    Interceptors {
        outcome: Result<Interceptors, ControlError>,
    },
    Switched {
        what: Switchable,
        on: bool,
        outcome: Result<Switched, ControlError>,
    },
    Found {
        outcome: Result<Vec<ThreadId>, ControlError>,
    },
    Expired {
        thread: ThreadId,
        outcome: Result<(), ControlError>,
    },
    Cancelled {
        call: CallId,
        outcome: Result<(), ControlError>,
    },
}

/// How all switches of a kind stand once one was turned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switched {
    Tools(Vec<ToolSwitch>),
    Models(Vec<ModelSummary>),
    Interceptors(Interceptors),
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Watch(SourceId),
    Models(SourceId),
    Tools(SourceId),
    Spending(SourceId),
    /// All tools with their switches.
    Toolbox(SourceId),
    Interceptors(SourceId),
    Switch {
        source: SourceId,
        what: Switchable,
        on: bool,
    },
    /// Calls a tool, as an agent would.
    Call {
        source: SourceId,
        number: u64,
        tool: String,
        /// As JSON.
        arguments: String,
    },
    /// Does something to threads of one process.
    Act {
        source: SourceId,
        what: ThreadAct,
        act: Act,
    },
    /// Writes a thread into a file that is not there yet.
    Export {
        source: SourceId,
        thread: ThreadId,
        form: Form,
        path: String,
    },
    Probe {
        source: SourceId,
        provider: ProviderId,
    },
    /// All of a paused message, to be edited.
    PausedText {
        source: SourceId,
        pause: PauseId,
    },
    /// Decides on a paused message.
    Resolve {
        source: SourceId,
        pause: PauseId,
        decision: PauseDecision,
    },
    /// What completes the beginning of a path.
    Paths {
        source: SourceId,
        so_far: String,
    },
    /// Which threads a query finds.
    Search {
        source: SourceId,
        query: String,
    },
    /// Ends the watch and lets go of the source.
    Release(SourceId),
    Thread {
        source: SourceId,
        thread: ThreadId,
    },
    TurnText {
        source: SourceId,
        thread: ThreadId,
        turn: u32,
        which: TurnText,
        from: u64,
    },
    LiveText {
        source: SourceId,
        call: CallId,
        from: u64,
    },
    Message {
        source: SourceId,
        seq: MessageSeq,
    },
    Expire {
        source: SourceId,
        thread: ThreadId,
    },
    Cancel {
        source: SourceId,
        call: CallId,
    },
    /// Finds the colours of a block of code.
    Colour {
        key: CodeKey,
        language: String,
        text: String,
    },
    Terminal(TerminalAct),
    Quit,
}

/// What only the owner of the terminal can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalAct {
    /// Puts a text on the clipboard of the machine on which the terminal is.
    Copy(String),
    /// Gives the terminal back, stops, and takes it again when the shell lets the process go on.
    Suspend,
    /// Lends the terminal to the person's editor, with this text, until that ends.
    Edit { source: SourceId, pause: PauseId, text: String },
    /// Gives the terminal back, for another program to take.
    Lend,
    /// Takes it again, as it was before the other program.
    TakeBack,
    /// Draws every cell anew.
    Repaint,
    /// Takes the mouse, or leaves it to the terminal.
    Mouse(bool),
}
