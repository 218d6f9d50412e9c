//! Replays a recorded session: the events of its file go into the same update and view, at the pace that the person
//! chooses. Nothing is carried out: no process is asked, nothing is copied, nothing is written.

mod bar;
mod player;

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use crossterm::event::{Event as Input, KeyEvent, KeyEventKind};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::player::{Player, Wish};
use super::effect::Executor;
use super::event::{Effect, Event, TerminalAct};
use super::keyboard::Keys;
use super::look::Look;
use super::recording::read::{Tape, Unreadable};
use super::run_loop::FRAME;
use super::terminal::Terminal;
use super::theme::Preset;
use super::{Exit, TuiError};
use crate::clock::Clock;
use crate::shutdown::Shutdown;

/// What is replayed, and where.
pub struct Options {
    pub tape: Tape,
    pub clock: Clock,
    /// Looks of its own instead of the recorded ones.
    pub preset: Option<Preset>,
    pub look: Look,
    /// Leaves the screen when it begins.
    pub shutdown: Shutdown,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Terminal(#[from] TuiError),
    /// It was whole when it was opened.
    #[error(transparent)]
    Recording(#[from] Unreadable),
}

/// Shows the session until the person leaves or the process ends.
pub async fn run(options: Options) -> Result<Exit, ReplayError> {
    let Options { tape, clock, preset, look, shutdown } = options;
    let player = Player::new(tape, look.depth, preset)?;
    let terminal = Terminal::enter(Look { mouse: false, ..look }).map_err(TuiError::Enter)?;
    play(player, clock, shutdown, Keys::new(), terminal).await
}

/// What a replay is shown on.
trait Stage {
    fn draw(&mut self, player: &Player) -> io::Result<()>;

    fn act(&mut self, act: TerminalAct) -> io::Result<()>;
}

impl Stage for Terminal {
    fn draw(&mut self, player: &Player) -> io::Result<()> {
        self.show(|frame| bar::draw(player, frame))
    }

    fn act(&mut self, act: TerminalAct) -> io::Result<()> {
        super::run_loop::Glass::act(self, act).map(drop)
    }
}

async fn play(
    player: Player,
    clock: Clock,
    shutdown: Shutdown,
    mut input: impl Stream<Item = io::Result<Input>> + Unpin,
    stage: impl Stage,
) -> Result<Exit, ReplayError> {
    let (executor, mut coloured) = Executor::new(clock);
    let now = clock.now();
    let mut playing = Playing { player, executor, clock, stage, last: now, next_frame: now, shown: String::new() };
    loop {
        playing.settle()?;
        let wake = playing.wake();
        tokio::select! {
            biased;
            () = shutdown.begun() => return Ok(Exit::Shutdown),
            happened = input.next() => {
                let happened = happened.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()));
                if playing.take(happened.map_err(TuiError::Input)?)? {
                    return Ok(Exit::Quit);
                }
            }
            Some(event) = coloured.recv() => playing.player.take(event),
            () = until(wake) => {}
        }
        playing.drain(&mut coloured);
    }
}

struct Playing<S> {
    player: Player,
    executor: Executor,
    clock: Clock,
    stage: S,
    /// When the player was last told of the time.
    last: Instant,
    next_frame: Instant,
    /// What the bar said in the last frame.
    shown: String,
}

impl<S: Stage> Playing<S> {
    /// Brings the player to where it should be by now, and draws it where that shows.
    fn settle(&mut self) -> Result<(), ReplayError> {
        let now = self.clock.now();
        let passed = now.saturating_duration_since(self.last);
        self.last = now;
        self.player.pass(passed)?;
        for effect in self.player.asked() {
            // Colours alone: they are found in the text that is on screen, and nowhere else.
            if matches!(effect, Effect::Colour { .. }) {
                self.executor.run(effect);
            }
        }
        let said = self.player.says();
        if (self.player.model.redraw || said != self.shown) && now >= self.next_frame {
            self.stage.draw(&self.player).map_err(TuiError::Draw)?;
            self.player.model.redraw = false;
            self.shown = said;
            self.next_frame = now + FRAME;
        }
        Ok(())
    }

    /// When there is something to do with no key pressed; None: only a key changes anything.
    fn wake(&self) -> Option<Instant> {
        if self.player.model.redraw || self.player.says() != self.shown {
            return Some(self.next_frame);
        }
        Some(self.clock.now() + self.player.rests()?)
    }

    /// A key of the person who looks on; true: they leave.
    fn take(&mut self, input: Input) -> Result<bool, ReplayError> {
        match input {
            Input::Key(key) if key.kind != KeyEventKind::Release => self.press(key),
            Input::Resize(..) => {
                self.player.model.redraw = true;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    fn press(&mut self, key: KeyEvent) -> Result<bool, ReplayError> {
        match player::wish(key) {
            None => return Ok(false),
            Some(Wish::Leave) => return Ok(true),
            Some(Wish::Act(act)) => self.stage.act(act).map_err(TuiError::Draw)?,
            Some(wish) => self.player.heed(wish)?,
        }
        self.player.model.redraw = true;
        // What passed while the terminal was away is not played.
        self.last = self.clock.now();
        Ok(false)
    }

    fn drain(&mut self, coloured: &mut mpsc::Receiver<Event>) {
        while let Ok(event) = coloured.try_recv() {
            self.player.take(event);
        }
    }
}

/// No wait at all is too short to be heard by the others: a player that is behind lets keys in between.
async fn until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending::<()>().await,
    }
}

/// The longest that the loop sleeps, whatever a recording says of its times.
const LONGEST_REST: Duration = Duration::from_secs(3_600);
