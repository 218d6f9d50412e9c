//! The message log over all sources: a bounded ring of summaries with a cursor that follows the newest message until a
//! person moves it, and one message opened in full.

use std::collections::VecDeque;

use super::body::Body;
use super::intake;
use super::json;
use super::list::{List, Step};
use crate::control::types::{MessageDetail, MessageSummary, TextSlice};
use crate::id::MessageSeq;
use crate::text;
use crate::tui::SourceId;

/// Messages that are held, over all sources; the oldest go first.
pub const MAX_MESSAGES: usize = 10_000;

/// The messages, oldest first.
#[derive(Clone, Debug)]
pub struct Log {
    entries: VecDeque<Entry>,
    pub list: List,
    pub follow: bool,
    pub detail: Option<Detail>,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub source: SourceId,
    pub message: MessageSummary,
}

/// A message that is read in full.
#[derive(Clone, Debug)]
pub struct Detail {
    pub source: SourceId,
    pub message: MessageSummary,
    pub state: State,
    parts: Vec<Part>,
    rows: Vec<Row>,
    width: usize,
    height: usize,
    scroll: usize,
}

/// How far the message's text has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Waiting,
    Here,
    Failed(String),
}

/// One text of the message: as it came, or as the interceptors made it.
#[derive(Clone, Debug)]
struct Part {
    title: &'static str,
    body: Body,
    /// Characters that the source holds and does not send.
    missing: u64,
}

/// One line of the opened message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    Title(&'static str),
    Text(&'a str),
    Missing(u64),
    Blank,
}

#[derive(Clone, Copy, Debug)]
enum Row {
    Title(usize),
    Text(usize, usize),
    Missing(usize),
    Blank,
}

impl Default for Log {
    fn default() -> Self {
        Self { entries: VecDeque::new(), list: List::default(), follow: true, detail: None }
    }
}

impl Log {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entry(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    pub fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.list.cursor)
    }

    /// Takes new messages of a source.
    pub fn append(&mut self, source: SourceId, messages: Vec<MessageSummary>) {
        for message in messages {
            if self.entries.len() >= MAX_MESSAGES {
                self.entries.pop_front();
                self.list.lose_first();
            }
            self.entries.push_back(Entry { source, message });
        }
        self.follow_newest();
    }

    /// Takes all messages of a source in place of those it sent before, and puts them among those of the others.
    pub fn replace(&mut self, source: SourceId, messages: Vec<MessageSummary>) {
        let selected = self.selected().map(|entry| (entry.source, entry.message.seq));
        self.entries.retain(|entry| entry.source != source);
        self.entries.extend(messages.into_iter().map(|message| Entry { source, message }));
        self.entries.make_contiguous().sort_by_key(|entry| (entry.message.at, entry.source, entry.message.seq));
        let surplus = self.entries.len().saturating_sub(MAX_MESSAGES);
        self.entries.drain(..surplus);
        let found = self.entries.iter().position(|entry| Some((entry.source, entry.message.seq)) == selected);
        self.list.cursor = found.unwrap_or(self.list.cursor).min(self.entries.len().saturating_sub(1));
        self.follow_newest();
    }

    pub fn step(&mut self, step: Step) {
        self.list.step(step, self.entries.len());
        self.follow = step == Step::Bottom || self.list.cursor + 1 >= self.entries.len();
    }

    /// Opens the selected message, and says which it is.
    pub fn open(&mut self) -> Option<(SourceId, MessageSeq)> {
        let Entry { source, message } = self.selected()?.clone();
        let asked = (source, message.seq);
        self.detail = Some(Detail::new(source, message));
        Some(asked)
    }

    fn follow_newest(&mut self) {
        if self.follow {
            self.list.cursor = self.entries.len().saturating_sub(1);
        }
    }
}

impl Detail {
    fn new(source: SourceId, message: MessageSummary) -> Self {
        Self {
            source,
            message,
            state: State::Waiting,
            parts: Vec::new(),
            rows: Vec::new(),
            width: 0,
            height: 0,
            scroll: 0,
        }
    }

    pub fn take(&mut self, detail: &MessageDetail) {
        self.state = State::Here;
        let changed = detail.after.is_some();
        self.parts = vec![Part::new(if changed { "as it came" } else { "" }, &detail.before)];
        if let Some(after) = &detail.after {
            self.parts.push(Part::new("as the interceptors left it", after));
        }
        for part in &mut self.parts {
            part.body.fit(self.width);
        }
        self.arrange();
    }

    pub fn fail(&mut self, reason: &str) {
        self.state = State::Failed(intake::line(reason));
    }

    pub fn fit(&mut self, width: usize, height: usize) {
        self.height = height;
        if self.width != width {
            self.width = width;
            for part in &mut self.parts {
                part.body.fit(width);
            }
            self.arrange();
        }
        self.scroll = self.scroll.min(self.last());
    }

    pub fn step(&mut self, step: Step) {
        self.scroll = step.from(self.scroll, self.last());
    }

    /// The lines on screen.
    pub fn seen(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().skip(self.scroll).take(self.height).map(|row| match row {
            Row::Title(part) => Line::Title(self.parts[*part].title),
            Row::Text(part, line) => Line::Text(self.parts[*part].body.line(*line)),
            Row::Missing(part) => Line::Missing(self.parts[*part].missing),
            Row::Blank => Line::Blank,
        })
    }

    fn last(&self) -> usize {
        self.rows.len().saturating_sub(self.height)
    }

    fn arrange(&mut self) {
        self.rows.clear();
        for (at, part) in self.parts.iter().enumerate() {
            if !part.title.is_empty() {
                self.rows.extend([Row::Title(at), Row::Blank]);
            }
            self.rows.extend((0..part.body.lines()).map(|line| Row::Text(at, line)));
            if part.missing > 0 {
                self.rows.push(Row::Missing(at));
            }
            self.rows.push(Row::Blank);
        }
    }
}

impl Part {
    fn new(title: &'static str, slice: &TextSlice) -> Self {
        let missing = if slice.is_cut() { slice.total.saturating_sub(slice.text.chars().count() as u64) } else { 0 };
        let text = text::sanitise(&slice.text);
        let text = json::indented(&text, slice.is_cut()).unwrap_or_else(|| text.into_owned());
        Self { title, body: Body::whole(text), missing }
    }
}
