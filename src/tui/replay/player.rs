//! Where a replay stands: the model as it was at that moment, and how the person moves in it. Knows no terminal and asks
//! no clock; it is told how much time has passed.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::LONGEST_REST;
use crate::tui::event::{Effect, Event, TerminalAct};
use crate::tui::model::Model;
use crate::tui::recording::read::{Tape, Unreadable};
use crate::tui::recording::{Entry, Line};
use crate::tui::theme::{Depth, Preset};
use crate::tui::update::update;
use crate::unit::UnixMillis;

/// How fast it goes, as a fraction.
const PACES: [(u32, u32); 8] = [(1, 4), (1, 2), (1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (64, 1)];
const AS_IT_WAS: usize = 2;
/// How far a key jumps.
const JUMP: Duration = Duration::from_secs(5);
/// Lines that are taken in before keys are looked at again.
const BATCH: usize = 512;

/// What the person who looks on wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Leave,
    Pause,
    Faster,
    Slower,
    Ahead,
    Back,
    /// The next thing that was done by a person, or the one before.
    NextAct,
    PreviousAct,
    Step,
    Start,
    End,
    Act(TerminalAct),
}

pub(super) struct Player {
    tape: Tape,
    depth: Depth,
    pub(super) model: Model,
    next: Option<Line>,
    position: Duration,
    /// The wall clock of the session, and where the tape stood then.
    told: (Duration, UnixMillis),
    /// Events that are missing before this moment.
    missing: u64,
    pace: usize,
    paused: bool,
    effects: Vec<Effect>,
}

/// The keys of a replay: its own, and not those of the session.
pub(super) fn wish(key: KeyEvent) -> Option<Wish> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return match key.code {
            KeyCode::Char('c') => Some(Wish::Leave),
            KeyCode::Char('l') => Some(Wish::Act(TerminalAct::Repaint)),
            KeyCode::Char('z') => Some(Wish::Act(TerminalAct::Suspend)),
            _ => None,
        };
    }
    Some(match key.code {
        KeyCode::Char('q') => Wish::Leave,
        KeyCode::Char(' ') => Wish::Pause,
        KeyCode::Char('+' | '=') => Wish::Faster,
        KeyCode::Char('-') => Wish::Slower,
        KeyCode::Right | KeyCode::Char('l') => Wish::Ahead,
        KeyCode::Left | KeyCode::Char('h') => Wish::Back,
        KeyCode::Char('n') => Wish::NextAct,
        KeyCode::Char('N') => Wish::PreviousAct,
        KeyCode::Char('.') => Wish::Step,
        KeyCode::Home | KeyCode::Char('g') => Wish::Start,
        KeyCode::End | KeyCode::Char('G') => Wish::End,
        _ => return None,
    })
}

impl Player {
    pub(super) fn new(mut tape: Tape, depth: Depth, preset: Option<Preset>) -> Result<Self, Unreadable> {
        if let Some(preset) = preset {
            tape.header.theme = preset.name().to_owned();
        }
        let model = tape.model(depth)?;
        let told = (Duration::ZERO, tape.header.began);
        let next = tape.next_line()?;
        let (pace, effects) = (AS_IT_WAS, Vec::new());
        Ok(Self { tape, depth, model, next, position: Duration::ZERO, told, missing: 0, pace, paused: false, effects })
    }

    /// So much time has passed before the screen.
    pub(super) fn pass(&mut self, time: Duration) -> Result<(), Unreadable> {
        if !self.paused {
            let (times, of) = PACES[self.pace];
            self.position = self.position.saturating_add(time.saturating_mul(times) / of).min(self.length());
        }
        for _ in 0..BATCH {
            if !self.is_behind() {
                break;
            }
            self.turn()?;
        }
        if !self.is_behind() {
            let now = self.now();
            self.update(Event::Drained { now });
        }
        Ok(())
    }

    /// After how long there is something to do at this pace; None: not before a key is pressed.
    pub(super) fn rests(&self) -> Option<Duration> {
        if self.is_behind() {
            return Some(Duration::ZERO);
        }
        if self.paused || self.has_ended() {
            return None;
        }
        let to_next = self.due().unwrap_or(self.length()).saturating_sub(self.position);
        let millis = u64::from(self.position.subsec_millis());
        // The bar counts seconds.
        let second = Duration::from_millis(1_000 - millis);
        let rest = [Some(to_next), Some(second), self.model.changes_in()].into_iter().flatten().min()?;
        let (times, of) = PACES[self.pace];
        Some((rest.saturating_mul(of) / times).clamp(Duration::from_millis(1), LONGEST_REST))
    }

    /// What was asked for since the last look.
    pub(super) fn asked(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// An event that is not of the session.
    pub(super) fn take(&mut self, event: Event) {
        self.update(event);
    }

    pub(super) fn heed(&mut self, wish: Wish) -> Result<(), Unreadable> {
        let acts = &self.tape.found.acts;
        match wish {
            Wish::Pause if self.has_ended() => {
                self.paused = false;
                return self.go_to(Duration::ZERO);
            }
            Wish::Pause => self.paused = !self.paused,
            Wish::Faster => self.pace = (self.pace + 1).min(PACES.len() - 1),
            Wish::Slower => self.pace = self.pace.saturating_sub(1),
            Wish::Ahead => return self.go_to(self.position.saturating_add(JUMP)),
            Wish::Back => return self.go_to(self.position.saturating_sub(JUMP)),
            Wish::NextAct => {
                self.paused = true;
                let next = acts.iter().map(|at| Duration::from_millis(*at)).find(|at| *at > self.position);
                return self.go_to(next.unwrap_or(self.length()));
            }
            Wish::PreviousAct => {
                self.paused = true;
                let before = acts.iter().rev().map(|at| Duration::from_millis(*at)).find(|at| *at < self.position);
                return self.go_to(before.unwrap_or_default());
            }
            Wish::Step => return self.step(),
            Wish::Start => return self.go_to(Duration::ZERO),
            Wish::End => return self.go_to(self.length()),
            // They are not for the player.
            Wish::Leave | Wish::Act(_) => {}
        }
        Ok(())
    }

    /// What the bar says of where it stands.
    pub(super) fn says(&self) -> String {
        let state = match (self.has_ended(), self.paused) {
            (true, _) => "■",
            (false, true) => "‖",
            (false, false) => "▶",
        };
        let pace = match PACES[self.pace] {
            (1, 1) => String::new(),
            (times, 1) => format!(" ×{times}"),
            (times, of) => format!(" ×{times}/{of}"),
        };
        let end = if self.has_ended() { " the end" } else { "" };
        format!("{state} replay {} / {}{pace}{end}", minutes(self.position), minutes(self.length()))
    }

    /// What the picture does not show; empty where it shows everything.
    pub(super) fn warns(&self) -> String {
        let mut said = Vec::new();
        if self.missing > 0 {
            said.push(format!("{} events are missing", self.missing));
        }
        if self.has_ended() && !self.tape.found.whole {
            said.push("cut off: its last lines are missing".to_owned());
        }
        said.join(", ")
    }

    /// One event and what belongs to it; time stands still from then on.
    fn step(&mut self) -> Result<(), Unreadable> {
        self.paused = true;
        self.position = self.due().unwrap_or(self.length());
        self.turn()
    }

    fn go_to(&mut self, position: Duration) -> Result<(), Unreadable> {
        if position < self.position {
            self.tape.rewind()?;
            self.model = self.tape.model(self.depth)?;
            self.next = self.tape.next_line()?;
            (self.told, self.missing) = ((Duration::ZERO, self.tape.header.began), 0);
            self.effects.clear();
        }
        self.position = position.min(self.length());
        Ok(())
    }

    /// Takes in what the face took in before it looked at itself: up to the next [`Event::Drained`].
    fn turn(&mut self) -> Result<(), Unreadable> {
        for _ in 0..BATCH {
            let Some(Line { at, what }) = self.next.take() else { return Ok(()) };
            self.next = self.tape.next_line()?;
            match what {
                Entry::Took(event) => {
                    let drained = if let Event::Drained { now } = event { Some(now) } else { None };
                    self.update(event);
                    if let Some(now) = drained {
                        self.told = (Duration::from_millis(at), now);
                        return Ok(());
                    }
                }
                Entry::Lost(events) => self.missing = self.missing.saturating_add(events),
                Entry::Ended(_) => {}
            }
        }
        Ok(())
    }

    fn update(&mut self, event: Event) {
        let asked = update(&mut self.model, event);
        self.effects.extend(asked.into_iter().filter(|effect| matches!(effect, Effect::Colour { .. })));
    }

    /// The time on the wall when it was recorded.
    fn now(&self) -> UnixMillis {
        self.told.1.plus(self.position.saturating_sub(self.told.0))
    }

    fn due(&self) -> Option<Duration> {
        self.next.as_ref().map(|line| Duration::from_millis(line.at))
    }

    fn is_behind(&self) -> bool {
        self.due().is_some_and(|due| due <= self.position)
    }

    fn has_ended(&self) -> bool {
        self.next.is_none() && self.position >= self.length()
    }

    fn length(&self) -> Duration {
        Duration::from_millis(self.tape.found.length)
    }
}

/// `1:03`.
fn minutes(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
