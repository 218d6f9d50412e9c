//! A thread, or a call that has none yet, as a row of a list.

use std::borrow::Cow;

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::control::types::{CallSummary, Limits, Stage, ThreadSummary};
use crate::text::{cut, pad, pad_start, width};
use crate::tui::figure;
use crate::tui::model::Model;
use crate::tui::model::threads::Row;
use crate::tui::pane::{column, spread};
use crate::tui::theme::Role;
use crate::unit::Tokens;

const MARK: usize = 3;
const ID: usize = 9;
const TURNS: usize = 6;
const TOKENS: usize = 7;
const AGE: usize = 6;
/// The model has a column of its own from this width on; below, it stands in the second line.
const WITH_MODEL: usize = 66;
const MODEL: usize = 22;
/// Tokens are shown from this width on.
const WITH_TOKENS: usize = 43;

/// The widths of the columns at a width of the list.
#[derive(Clone, Copy)]
pub struct Columns {
    width: usize,
    tool: usize,
    model: usize,
    tokens: usize,
}

impl Columns {
    pub fn of(inside: usize) -> Self {
        let width = inside.saturating_sub(1);
        let tokens = if width < WITH_TOKENS { 0 } else { TOKENS };
        let model = if width >= WITH_MODEL { MODEL } else { 0 };
        let tool = width.saturating_sub(MARK + ID + model + TURNS + tokens + AGE);
        Self { width, tool, model, tokens }
    }

    pub fn heads(&self, model: &Model) -> Line<'static> {
        let mut heads = format!("{}{}", pad("", MARK), pad("ID", ID));
        heads.push_str(&pad("TOOL", self.tool));
        heads.push_str(&pad("MODEL", self.model));
        heads.push_str(&pad_start("TURNS", TURNS));
        heads.push_str(&pad_start("TOKENS", self.tokens));
        heads.push_str(&pad_start("AGE", AGE));
        Line::styled(heads, model.theme.style(Role::Muted))
    }
}

/// A row on its way to the screen.
pub struct Shown<'a> {
    pub model: &'a Model,
    pub row: Row,
    pub selected: bool,
    pub columns: Columns,
}

impl<'a> Shown<'a> {
    pub fn first(&self) -> Line<'a> {
        match self.row {
            Row::Thread(source, id) => match self.model.thread(source, id) {
                Some(thread) => self.thread(thread),
                None => Line::default(),
            },
            Row::Call(source, id) => match self.model.call(source, id) {
                Some(call) => self.call(call),
                None => Line::default(),
            },
        }
    }

    fn thread(&self, thread: &'a ThreadSummary) -> Line<'a> {
        let limits = self.model.source(self.row.source()).and_then(|source| source.limits);
        let (turns, role) = turns(thread, limits);
        let running = self.model.call_in_flight(self.row);
        let age = match running {
            Some(call) => figure::age(self.model.now.since(call.started)),
            None => figure::age(self.model.now.since(thread.updated)),
        };
        let mut spans = self.beginning(
            running.is_some(),
            &thread.id.short(),
            &thread.tool,
            thread.model.as_ref().map(|model| model.as_str()),
        );
        spans.push(Span::styled(pad_start(&turns, TURNS), self.style(role)));
        spans.push(Span::styled(pad_start(&spent(thread), self.columns.tokens), self.style(Role::Text)));
        let role = if running.is_some() { Role::Good } else { Role::Muted };
        spans.push(Span::styled(pad_start(&age, AGE), self.model.theme.style(role)));
        Line::from(spans)
    }

    fn call(&self, call: &'a CallSummary) -> Line<'a> {
        let id = format!("call {}", call.id);
        let mut spans = self.beginning(true, &id, &call.tool, call.model.as_ref().map(|model| model.as_str()));
        spans.push(Span::raw(pad("", TURNS + self.columns.tokens)));
        let age = figure::age(self.model.now.since(call.started));
        spans.push(Span::styled(pad_start(&age, AGE), self.model.theme.style(Role::Good)));
        Line::from(spans)
    }

    fn veiled(&self, text: Cow<'a, str>) -> Cow<'a, str> {
        if self.model.hidden { self.model.veil(&text).into_owned().into() } else { text }
    }

    fn beginning(&self, running: bool, id: &str, tool: &str, model: Option<&str>) -> Vec<Span<'a>> {
        let theme = self.model.theme;
        let mark = if self.selected { "▌" } else { " " };
        let (is_marked, questioned) = match self.row {
            Row::Thread(source, id) => {
                let concern = self.model.thread(source, id).and_then(|thread| thread.concern);
                (self.model.threads.marked.contains(&(source, id)), concern.is_some())
            }
            Row::Call(..) => (false, false),
        };
        // A thread that the monitor has asked about: the alerts and its turns say what.
        let (run, role) = match (is_marked, running) {
            (true, _) => ("✓ ", Role::Good),
            (false, true) => ("▸ ", Role::Good),
            (false, false) if questioned => ("? ", Role::Warning),
            (false, false) => ("  ", Role::Good),
        };
        vec![
            Span::styled(mark, theme.style(Role::Selected)),
            Span::styled(run, theme.style(role)),
            Span::styled(pad(id, ID), self.style(Role::Accent)),
            Span::styled(column(tool, self.columns.tool), self.style(Role::Text)),
            Span::styled(column(model.unwrap_or(""), self.columns.model), self.style(Role::Text)),
        ]
    }

    pub fn second(&self) -> Line<'a> {
        let theme = self.model.theme;
        let (lead, said) = match self.row {
            Row::Thread(source, id) => match self.model.thread(source, id) {
                Some(thread) => (thread.model.as_ref().map(|model| model.as_str()), self.veiled(titled(thread))),
                None => return Line::default(),
            },
            Row::Call(source, id) => match self.model.call(source, id) {
                Some(call) => (call.model.as_ref().map(|model| model.as_str()), Cow::Borrowed(stage(&call.stage))),
                None => return Line::default(),
            },
        };
        let source = self.model.source(self.row.source()).filter(|_| self.model.has_many_sources());
        let name = source.map(|source| cut(&source.name, self.columns.width * 2 / 5)).unwrap_or_default();
        let mark = if self.selected { "▌  " } else { "   " };
        let mut left = vec![Span::styled(mark, theme.style(Role::Selected))];
        let mut room = self.columns.width.saturating_sub(MARK + width(&name) + 2);
        if let Some(lead) = lead.filter(|_| self.columns.model == 0) {
            let lead = cut(lead, room);
            room = room.saturating_sub(width(&lead) + 3);
            left.push(Span::styled(lead.into_owned(), theme.style(Role::Text)));
            left.push(Span::styled(if room > 3 && !said.is_empty() { " · " } else { "" }, theme.style(Role::Muted)));
        }
        if room > 3 {
            left.push(Span::styled(cut(&said, room).into_owned(), theme.style(Role::Muted)));
        }
        spread(left, vec![Span::styled(name, theme.style(Role::Muted))], self.columns.width)
    }

    fn style(&self, role: Role) -> Style {
        self.model.theme.style(if self.selected && role != Role::Bad && role != Role::Warning {
            Role::Selected
        } else {
            role
        })
    }
}

/// The title, behind what a person put on the thread.
fn titled(thread: &ThreadSummary) -> Cow<'_, str> {
    if !thread.pinned && thread.tags.is_empty() {
        return thread.title.as_str().into();
    }
    let pinned = if thread.pinned { "pinned " } else { "" };
    let tags: String = thread.tags.iter().map(|tag| format!("#{tag} ")).collect();
    format!("{pinned}{tags}{}", thread.title).into()
}

fn turns(thread: &ThreadSummary, limits: Option<Limits>) -> (String, Role) {
    let Some(max) = limits.map(|limits| limits.max_turns) else { return (thread.answered.to_string(), Role::Text) };
    let role = match max.saturating_sub(thread.answered) {
        0 => Role::Bad,
        1 => Role::Warning,
        _ => Role::Text,
    };
    (format!("{}/{max}", thread.answered), role)
}

/// Tokens in and out. Where a provider left some unreported, the sum is a lower bound.
fn spent(thread: &ThreadSummary) -> String {
    match thread.input + thread.output {
        Tokens::ZERO if thread.partly_unknown => "?".to_owned(),
        sum if thread.partly_unknown => format!("≥{}", figure::tokens(sum)),
        sum => figure::tokens(sum),
    }
}

fn stage(stage: &Stage) -> &'static str {
    match stage {
        Stage::Preparing => "gathering files and history",
        Stage::Waiting => "waiting for the model",
        Stage::Streaming => "text arrives",
        Stage::Done => "done",
        Stage::Failed { .. } => "failed",
        Stage::Cancelled => "cancelled",
    }
}
