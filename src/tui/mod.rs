//! The face for a person: threads, turns and messages of this process and of the user's other ones, live. Knows engines
//! only through `Control`, draws only when something changed, and writes to the terminal from one place.

pub mod editor;
mod effect;
mod event;
mod figure;
mod keyboard;
pub mod keymap;
mod layout;
pub mod look;
mod markdown;
pub mod measured;
mod model;
mod pane;
pub mod plain;
pub mod recording;
pub mod replay;
mod rows;
mod run_loop;
mod screens;
mod syntax;
mod tabs;
mod terminal;
pub mod theme;
mod update;
mod view;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::control::Control;
use crate::shutdown::Shutdown;
use editor::Editor;
use keymap::Keymap;
use look::Look;
use recording::Header;
use recording::write::Recorder;

/// What the face is given. The caller has made sure that the output is a terminal.
pub struct Options {
    /// The engine of this process, if it has one.
    pub own: Option<Source>,
    /// Other processes of the user, as they come and go.
    pub sources: mpsc::Receiver<SourceChange>,
    pub clock: Clock,
    /// Nothing can be expired or cancelled.
    pub read_only: bool,
    /// What the keys do.
    pub keymap: Keymap,
    pub look: Look,
    /// Notes all that happens, for a replay.
    pub recorder: Option<Recorder>,
    /// What a person edits messages with.
    pub editor: Editor,
    /// Leaves the screen when it begins (SIGTERM and the like arrive through it).
    pub shutdown: Shutdown,
}

/// A zen process to be watched and steered.
pub struct Source {
    pub id: SourceId,
    /// What a person knows it by, such as `stdio 4242 myproject`.
    pub name: String,
    pub control: Arc<dyn Control>,
    /// It is this process: leaving ends it.
    pub own: bool,
}

/// Tells sources apart. Whoever finds them hands the numbers out; none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceId(pub u64);

/// A process came or went.
pub enum SourceChange {
    Appeared(Source),
    Gone(SourceId),
}

/// Why the face was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// A person quit.
    Quit,
    /// The process is ending.
    Shutdown,
}

/// The terminal failed. It has been restored as far as it could be.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("the terminal cannot be set up: {0}")]
    Enter(io::Error),
    #[error("the terminal cannot be drawn to: {0}")]
    Draw(io::Error),
    #[error("the keyboard cannot be read: {0}")]
    Input(io::Error),
}

/// Shows the face until a person quits or the process ends.
pub async fn run(mut options: Options) -> Result<Exit, TuiError> {
    let terminal = terminal::Terminal::enter(options.look).map_err(TuiError::Enter)?;
    let size = terminal.size().map_err(TuiError::Enter)?;
    let (theme, now) = (options.look.theme(options.clock), options.clock.wall());
    if let Some(recorder) = &mut options.recorder {
        let header = Header::new(size, now, theme, options.read_only, &options.keymap);
        recorder.begin(Header { mouse: options.look.mouse, ..header });
    }
    let mut model = model::Model::new(size, now, theme, options.read_only);
    model.keymap = Arc::new(options.keymap.clone());
    model.mouse = options.look.mouse;
    run_loop::run(model, options, keyboard::Keys::new(), terminal).await
}
