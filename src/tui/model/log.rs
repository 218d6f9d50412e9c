//! The message log over all sources: a bounded ring of summaries with a cursor that follows the newest message until a
//! person moves it, and one message opened in full.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::body::Body;
use super::intake;
use super::json;
use super::list::{List, Step};
use super::sieve::Sieve;
use super::source::SourceView;
use crate::control::types::{Direction, MessageDetail, MessageKind, MessageOutcome, MessageSummary, TextSlice};
use crate::id::MessageSeq;
use crate::text;
use crate::tui::SourceId;

/// Messages that are held, over all sources; the oldest go first.
pub const MAX_MESSAGES: usize = 10_000;

/// The messages, oldest first.
#[derive(Clone, Debug)]
pub struct Log {
    entries: VecDeque<Entry>,
    /// Messages that have gone at the front: the number of the first one that is held.
    first: u64,
    sieve: Sieve,
    /// Where a filter is in force: the numbers of those that pass it, and up to which number it was held against them.
    passing: VecDeque<u64>,
    sifted: u64,
    /// What was selected before the rows were made anew.
    kept: Option<(SourceId, MessageSeq)>,
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
        Self {
            entries: VecDeque::new(),
            first: 0,
            sieve: Sieve::new(FIELDS),
            passing: VecDeque::new(),
            sifted: 0,
            kept: None,
            list: List::default(),
            follow: true,
            detail: None,
        }
    }
}

impl Log {
    /// Messages that are listed.
    pub fn len(&self) -> usize {
        if self.sieve.is_open() { self.entries.len() } else { self.passing.len() }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Messages that are held, listed or not.
    pub fn held(&self) -> usize {
        self.entries.len()
    }

    pub fn sieve(&self) -> &Sieve {
        &self.sieve
    }

    pub fn entry(&self, at: usize) -> Option<&Entry> {
        if self.sieve.is_open() {
            return self.entries.get(at);
        }
        let number = self.passing.get(at)?.checked_sub(self.first)?;
        self.entries.get(usize::try_from(number).ok()?)
    }

    pub fn selected(&self) -> Option<&Entry> {
        self.entry(self.list.cursor)
    }

    /// Lists only what this query lets pass.
    pub fn narrow(&mut self, text: &str, sources: &[SourceView]) {
        self.remember();
        self.sieve.write(text);
        self.sift(sources);
    }

    /// Takes new messages of a source. To be followed by [`Log::sift`].
    pub fn append(&mut self, source: SourceId, messages: Vec<MessageSummary>) {
        for message in messages {
            if self.entries.len() >= MAX_MESSAGES {
                self.lose_first();
            }
            self.entries.push_back(Entry { source, message });
        }
    }

    /// Takes all messages of a source in place of those it sent before, and puts them among those of the others. To be
    /// followed by [`Log::sift`].
    pub fn replace(&mut self, source: SourceId, messages: Vec<MessageSummary>) {
        self.remember();
        self.entries.retain(|entry| entry.source != source);
        self.entries.extend(messages.into_iter().map(|message| Entry { source, message }));
        self.entries.make_contiguous().sort_by_key(|entry| (entry.message.at, entry.source, entry.message.seq));
        let surplus = self.entries.len().saturating_sub(MAX_MESSAGES);
        self.entries.drain(..surplus);
    }

    /// Holds the filter against what it was not held against yet, and brings the cursor back to its message.
    pub fn sift(&mut self, sources: &[SourceView]) {
        let end = self.first + self.entries.len() as u64;
        if !self.sieve.is_open() {
            let from = usize::try_from(self.sifted.saturating_sub(self.first)).unwrap_or(usize::MAX);
            let numbered = self.entries.iter().zip(self.first..).skip(from);
            let passing = numbered.filter(|(entry, _)| self.sieve.passes(|field| entry.value(field, sources)));
            self.passing.extend(passing.map(|(_, number)| number));
        }
        self.sifted = end;
        let len = self.len();
        if let Some(kept) = self.kept.take() {
            let found = (0..len).find(|at| self.entry(*at).is_some_and(|entry| entry.id() == kept));
            self.list.cursor = found.unwrap_or(self.list.cursor);
        }
        self.list.cursor = self.list.cursor.min(len.saturating_sub(1));
        if self.follow {
            self.list.cursor = len.saturating_sub(1);
        }
    }

    /// The rows are about to be made anew.
    fn remember(&mut self) {
        self.kept = self.selected().map(Entry::id).or(self.kept);
        self.passing.clear();
        self.sifted = 0;
    }

    fn lose_first(&mut self) {
        self.entries.pop_front();
        let listed = self.sieve.is_open() || self.passing.front() == Some(&self.first);
        if listed {
            self.passing.pop_front();
            self.list.lose_first();
        }
        self.first += 1;
    }

    pub fn step(&mut self, step: Step) {
        self.list.step(step, self.len());
        self.follow = step == Step::Bottom || self.list.cursor + 1 >= self.len();
    }

    /// Opens the selected message, and says which it is.
    pub fn open(&mut self) -> Option<(SourceId, MessageSeq)> {
        let Entry { source, message } = self.selected()?.clone();
        let asked = (source, message.seq);
        self.detail = Some(Detail::new(source, message));
        Some(asked)
    }
}

/// What a filter of messages can ask for by name.
const FIELDS: &[&str] = &["dir", "tool", "method", "kind", "verdict", "by", "client", "process"];

impl Entry {
    fn id(&self) -> (SourceId, MessageSeq) {
        (self.source, self.message.seq)
    }

    fn value<'a>(&'a self, field: &str, sources: &'a [SourceView]) -> Cow<'a, str> {
        let message = &self.message;
        match field {
            "dir" => match message.direction {
                Direction::In => "in".into(),
                Direction::Out => "out".into(),
            },
            "tool" => message.tool.as_deref().unwrap_or("").into(),
            "method" => message.method.as_str().into(),
            "kind" => match message.kind {
                MessageKind::Request => "request".into(),
                MessageKind::Notification => "notification".into(),
                MessageKind::Result => "result".into(),
                MessageKind::Error => "error".into(),
                MessageKind::Malformed => "malformed".into(),
            },
            "verdict" => match message.outcome {
                MessageOutcome::Passed => "passed".into(),
                MessageOutcome::Modified => "modified".into(),
                MessageOutcome::Blocked => "blocked".into(),
                MessageOutcome::Mocked => "mocked".into(),
            },
            "by" => message.by.as_deref().unwrap_or("").into(),
            "client" => format!("{}/{}", message.transport, message.connection).into(),
            _ => {
                sources.iter().find(|source| source.id == self.source).map_or("", |source| source.name.as_str()).into()
            }
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

    /// What is shown of it, whole.
    pub fn text(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|part| part.body.text()).collect();
        parts.join("\n\n")
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
