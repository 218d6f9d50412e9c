//! The loop: waits for something to happen, takes in all that has queued up, and draws at most one frame. Owns no
//! terminal and reads no keyboard; both are handed in.

use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event as Input, MouseButton, MouseEvent, MouseEventKind};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::editor::Editor;
use super::effect::Executor;
use super::event::{Effect, Event, Pointer, TerminalAct};
use super::model::Model;
use super::recording::write::Recorder;
use super::theme::Role;
use super::update::update;
use super::{Exit, Options, Source, SourceChange, SourceId, TuiError};
use crate::clock::Clock;
use crate::id::PauseId;
use crate::shutdown::Shutdown;

/// The least time between two frames: 60 a second.
pub(super) const FRAME: Duration = Duration::from_micros(16_700);
/// Events that are taken in before a frame is considered.
const DRAIN: usize = 1_024;

/// What the loop draws on, and what can be done to it beside.
pub(super) trait Glass {
    fn draw(&mut self, model: &Model) -> io::Result<()>;

    /// Does it; the size of the terminal where every cell of it has to be drawn anew.
    fn act(&mut self, act: TerminalAct) -> io::Result<Option<(u16, u16)>>;
}

/// Where keys come from. It is let go of while another program has the terminal: who waits for keys would take its.
pub(super) trait Keyboard: Stream<Item = io::Result<Input>> + Unpin {
    fn let_go(&mut self);

    fn take_again(&mut self);
}

/// Runs until a person quits or the process ends.
pub(super) async fn run(
    model: Model,
    options: Options,
    input: impl Keyboard,
    glass: impl Glass,
) -> Result<Exit, TuiError> {
    let Options { own, sources, clock, shutdown, editor, recorder, .. } = options;
    let (executor, outcomes) = Executor::new(clock);
    let mut running = Running {
        model,
        executor,
        clock,
        input,
        sources: Some(sources),
        outcomes,
        glass,
        next_frame: clock.now(),
        editor,
        edit: None,
        failed: None,
        recorder,
    };
    let mut exit = own.and_then(|own| running.attach(own));
    loop {
        if let Some(exit) = exit {
            return Ok(exit);
        }
        exit = running.settle().await?;
        if let Some(edit) = running.edit.take() {
            running.edit(edit, &shutdown).await;
            continue;
        }
        if exit.is_none() {
            exit = tokio::select! {
                biased;
                () = shutdown.begun() => Some(Exit::Shutdown),
                happened = running.happened() => running.take(happened?),
            };
        }
    }
}

struct Running<I, G> {
    model: Model,
    executor: Executor,
    clock: Clock,
    input: I,
    /// None once nobody looks for other processes any more.
    sources: Option<mpsc::Receiver<SourceChange>>,
    outcomes: mpsc::Receiver<Event>,
    glass: G,
    next_frame: Instant,
    editor: Editor,
    /// What the person's editor is to have.
    edit: Option<Edit>,
    /// What the terminal could not do.
    failed: Option<io::Error>,
    /// Notes what happens, as long as it can.
    recorder: Option<Recorder>,
}

/// A paused message for the person's editor.
struct Edit {
    source: SourceId,
    pause: PauseId,
    text: String,
}

/// What woke the loop.
enum Happened {
    Input(Input),
    Change(SourceChange),
    Nobody,
    Event(Event),
    /// It is time for a frame, or a figure on screen has gone out of date.
    Time,
}

impl<I, G> Running<I, G>
where
    I: Keyboard,
    G: Glass,
{
    /// Fits the model to what was taken in, and draws it if that is due.
    async fn settle(&mut self) -> Result<Option<Exit>, TuiError> {
        let exit = self.drain().await?;
        if exit.is_some() {
            return Ok(exit);
        }
        if let Some(trouble) = self.recorder.as_mut().and_then(Recorder::trouble) {
            self.model.say(Role::Warning, trouble);
            self.recorder = None;
        }
        let exit = self.update(Event::Drained { now: self.clock.wall() });
        if let Some(error) = self.failed.take() {
            return Err(TuiError::Draw(error));
        }
        if exit.is_none() && self.model.redraw && self.clock.now() >= self.next_frame {
            self.glass.draw(&self.model).map_err(TuiError::Draw)?;
            self.model.redraw = false;
            self.next_frame = self.clock.now() + FRAME;
        }
        Ok(exit)
    }

    /// Takes in what has queued up already.
    async fn drain(&mut self) -> Result<Option<Exit>, TuiError> {
        for _ in 0..DRAIN {
            let happened = if let Poll::Ready(input) = self.queued_input().await {
                Happened::Input(
                    input.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into())).map_err(TuiError::Input)?,
                )
            } else if let Some(change) = self.sources.as_mut().and_then(|sources| sources.try_recv().ok()) {
                Happened::Change(change)
            } else if let Ok(event) = self.outcomes.try_recv() {
                Happened::Event(event)
            } else {
                return Ok(None);
            };
            let exit = self.take(happened);
            if exit.is_some() {
                return Ok(exit);
            }
        }
        Ok(None)
    }

    /// Input that is here already. Polled in the name of this task: a stream remembers the waker of the poll that found
    /// nothing, and one that wakes nobody would leave the keyboard dead.
    async fn queued_input(&mut self) -> Poll<Option<io::Result<Input>>> {
        poll_fn(|context| Poll::Ready(self.input.poll_next_unpin(context))).await
    }

    /// Waits for the next thing to happen.
    async fn happened(&mut self) -> Result<Happened, TuiError> {
        let wake = self.wake();
        let sources = &mut self.sources;
        tokio::select! {
            biased;
            input = self.input.next() => match input {
                Some(Ok(input)) => Ok(Happened::Input(input)),
                Some(Err(error)) => Err(TuiError::Input(error)),
                None => Err(TuiError::Input(io::ErrorKind::UnexpectedEof.into())),
            },
            change = next_change(sources) => Ok(change.map_or(Happened::Nobody, Happened::Change)),
            Some(event) = self.outcomes.recv() => Ok(Happened::Event(event)),
            () = sleep_until(wake) => Ok(Happened::Time),
        }
    }

    /// When to wake without anything happening: for the frame that is due, or for a figure on screen that changes.
    fn wake(&self) -> Option<Instant> {
        if self.model.redraw {
            return Some(self.next_frame);
        }
        self.model.changes_in().map(|after| self.clock.now() + after)
    }

    fn take(&mut self, happened: Happened) -> Option<Exit> {
        match happened {
            Happened::Input(Input::Key(key)) => self.update(Event::Key(key)),
            Happened::Input(Input::Resize(width, height)) => self.update(Event::Resized { width, height }),
            Happened::Input(Input::Paste(text)) => self.update(Event::Pasted(text)),
            Happened::Input(Input::Mouse(mouse)) => self.point(mouse),
            Happened::Input(Input::FocusGained | Input::FocusLost) => None,
            Happened::Change(SourceChange::Appeared(source)) => self.attach(source),
            Happened::Change(SourceChange::Gone(source)) => self.update(Event::Disappeared(source)),
            Happened::Nobody => {
                self.sources = None;
                None
            }
            Happened::Event(event) => self.update(event),
            Happened::Time => {
                self.model.redraw = true;
                None
            }
        }
    }

    fn attach(&mut self, source: Source) -> Option<Exit> {
        let event = Event::Appeared { source: source.id, name: source.name.clone(), own: source.own };
        self.executor.attach(source);
        self.update(event)
    }

    fn point(&mut self, mouse: MouseEvent) -> Option<Exit> {
        let pointer = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => Pointer::Click,
            MouseEventKind::ScrollUp => Pointer::WheelUp,
            MouseEventKind::ScrollDown => Pointer::WheelDown,
            _ => return None,
        };
        self.update(Event::Pointed { pointer, column: mouse.column, row: mouse.row })
    }

    fn update(&mut self, event: Event) -> Option<Exit> {
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&event);
        }
        let mut exit = None;
        for effect in update(&mut self.model, event) {
            match effect {
                Effect::Quit => exit = Some(Exit::Quit),
                Effect::Terminal(act) => self.act(act),
                effect => self.executor.run(effect),
            }
        }
        exit
    }

    /// Lends the terminal to the person's editor until that ends. What happens meanwhile waits for its turn.
    async fn edit(&mut self, Edit { source, pause, text }: Edit, shutdown: &Shutdown) {
        self.input.let_go();
        self.act(TerminalAct::Lend);
        let outcome = self.editor.edit(&text, shutdown.begun()).await.map_err(|error| error.to_string());
        self.act(TerminalAct::TakeBack);
        self.input.take_again();
        self.update(Event::Edited { source, pause, outcome });
    }

    fn act(&mut self, act: TerminalAct) {
        let act = match act {
            TerminalAct::Edit { source, pause, text } => {
                self.edit = Some(Edit { source, pause, text });
                return;
            }
            act => act,
        };
        match self.glass.act(act) {
            Ok(None) => {}
            Ok(Some((width, height))) => {
                self.update(Event::Resized { width, height });
            }
            Err(error) => self.failed = Some(error),
        }
    }
}

async fn next_change(sources: &mut Option<mpsc::Receiver<SourceChange>>) -> Option<SourceChange> {
    match sources {
        Some(sources) => sources.recv().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
