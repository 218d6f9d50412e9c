//! A call as a row of a list: its stage while it runs, its outcome after.

use ratatui::text::{Line, Span};

use crate::control::types::{CallSummary, Stage};
use crate::text::{pad, pad_start};
use crate::tui::figure;
use crate::tui::model::Model;
use crate::tui::pane::column;
use crate::tui::theme::Role;

const MARK: usize = 2;
const ID: usize = 7;
const TOOL: usize = 14;
const THREAD: usize = 10;
const ELAPSED: usize = 8;
/// The model and the thread have columns of their own from these widths on.
const WITH_MODEL: usize = 74;
const WITH_THREAD: usize = 84;
const MODEL: usize = 22;
/// The process has one where there are several, from this width on.
const WITH_SOURCE: usize = 110;
const SOURCE: usize = 20;

/// The widths of the columns; 0: there is no room for it.
pub struct Columns {
    thread: usize,
    stage: usize,
    model: usize,
    source: usize,
}

impl Columns {
    pub fn of(width: usize, many_sources: bool) -> Self {
        let room = |from: usize, cells: usize| if width >= from { cells } else { 0 };
        let (thread, model) = (room(WITH_THREAD, THREAD), room(WITH_MODEL, MODEL));
        let source = if many_sources { room(WITH_SOURCE, SOURCE) } else { 0 };
        let stage = width.saturating_sub(MARK + ID + TOOL + thread + model + source + ELAPSED + 1);
        Self { thread, stage, model, source }
    }

    pub fn heads(&self) -> String {
        let mut heads = pad("", MARK);
        let columns = [("CALL", ID), ("TOOL", TOOL), ("THREAD", self.thread), ("STAGE", self.stage)];
        for (head, cells) in columns.into_iter().chain([("MODEL", self.model), ("PROCESS", self.source)]) {
            heads.push_str(&column(head, cells));
        }
        heads.push_str(&pad_start("TIME", ELAPSED));
        heads
    }

    pub fn line<'a>(&self, model: &Model, call: &CallSummary, source: &str, selected: bool) -> Line<'a> {
        let theme = model.theme;
        let style = |role: Role| theme.style(if selected && role == Role::Text { Role::Selected } else { role });
        let thread = call.thread.map(|thread| thread.short()).unwrap_or_default();
        let asked = call.model.as_ref().map_or("", |model| model.as_str());
        let time = match call.ended {
            Some(ended) => figure::latency(u64::try_from(ended.since(call.started).as_millis()).unwrap_or(u64::MAX)),
            None => figure::elapsed(model.now.since(call.started)),
        };
        let (stage, role) = stage(call);
        let timed = if call.ended.is_some() { Role::Muted } else { Role::Good };
        Line::from(vec![
            Span::styled(if selected { "▌ " } else { "  " }, theme.style(Role::Selected)),
            Span::styled(column(&call.id.to_string(), ID), style(Role::Accent)),
            Span::styled(column(&call.tool, TOOL), style(Role::Text)),
            Span::styled(column(&thread, self.thread), style(Role::Muted)),
            Span::styled(column(&stage, self.stage), style(role)),
            Span::styled(column(asked, self.model), style(Role::Text)),
            Span::styled(column(source, self.source), style(Role::Muted)),
            Span::styled(pad_start(&time, ELAPSED), style(timed)),
        ])
    }
}

fn stage(call: &CallSummary) -> (String, Role) {
    match &call.stage {
        Stage::Preparing => ("gathering files and history".to_owned(), Role::Text),
        Stage::Waiting => ("waiting for the first text".to_owned(), Role::Text),
        Stage::Streaming => (format!("text arrives: {} characters", figure::count(call.text_chars)), Role::Good),
        Stage::Done => ("done".to_owned(), Role::Muted),
        Stage::Failed { class, message } => {
            (class.map_or_else(|| message.clone(), |class| class.says().to_owned()), Role::Bad)
        }
        Stage::Cancelled => ("cancelled".to_owned(), Role::Warning),
    }
}
