//! The face without a terminal and without sources, for the bench: what the sources would say goes in, frames come out.
//! The program itself does not use it.

use std::io::Write as _;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

use super::SourceId;
use super::event::{Effect, Event, Reply, Watch};
use super::model::Model;
use super::terminal::Held;
use super::theme::Theme;
use super::update::update;
use super::view::view;
use crate::control::types::{ThreadDetail, Update};
use crate::unit::UnixMillis;

/// The only source.
const SOURCE: SourceId = SourceId(1);

/// A face of a size, with one source.
pub struct Measured {
    model: Model,
    terminal: Terminal<TestBackend>,
}

impl Measured {
    pub fn new(width: u16, height: u16, now: UnixMillis) -> Self {
        let Ok(terminal) = Terminal::new(TestBackend::new(width, height));
        let mut face = Self { model: Model::new((width, height), now, Theme::new(true), false), terminal };
        face.take(Event::Appeared { source: SOURCE, name: "stdio 4242 project".to_owned(), own: false });
        face
    }

    /// What the source says.
    pub fn send(&mut self, said: Update) {
        self.take(Event::Watched { source: SOURCE, watch: Watch::Update(said) });
    }

    pub fn press(&mut self, key: KeyEvent) {
        self.take(Event::Key(key));
    }

    /// The turns of a thread, as the source gives them.
    pub fn read(&mut self, detail: ThreadDetail) {
        let thread = detail.summary.id;
        self.take(Event::Replied { source: SOURCE, reply: Reply::Thread { thread, outcome: Ok(Box::new(detail)) } });
    }

    /// Blocks of code that wait for their colours.
    pub fn colour(&mut self) -> usize {
        let now = self.model.now;
        let wanted = update(&mut self.model, Event::Drained { now });
        let mut count = 0;
        for effect in wanted {
            if let Effect::Colour { key, language, text } = effect {
                let colours = Arc::from(super::syntax::colours(&language, &text, || false));
                update(&mut self.model, Event::Coloured { key, colours });
                count += 1;
            }
        }
        count
    }

    /// Draws a frame.
    pub fn draw(&mut self) {
        let Ok(_) = self.terminal.draw(|frame| view(&self.model, frame));
    }

    /// The bytes of a first frame, and of a second one that shows the same.
    pub fn bytes(&self) -> std::io::Result<(usize, usize)> {
        let held = Held::new();
        let (width, height) = self.model.size;
        let viewport = Viewport::Fixed(Rect::new(0, 0, width, height));
        let mut terminal = Terminal::with_options(CrosstermBackend::new(held.clone()), TerminalOptions { viewport })?;
        let mut frame = || {
            terminal.draw(|frame| view(&self.model, frame))?;
            let mut bytes = Vec::new();
            held.release(&mut bytes)?;
            bytes.flush().map(|()| bytes.len())
        };
        Ok((frame()?, frame()?))
    }

    fn take(&mut self, event: Event) {
        update(&mut self.model, event);
        let now = self.model.now;
        update(&mut self.model, Event::Drained { now });
    }
}
