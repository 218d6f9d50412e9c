//! A message of the log as a row of a list.

use ratatui::text::{Line, Span};

use crate::control::types::{Direction, MessageKind, MessageOutcome};
use crate::text::{pad, pad_start};
use crate::tui::figure;
use crate::tui::model::Model;
use crate::tui::model::log::Entry;
use crate::tui::pane::column;
use crate::tui::theme::Role;

/// The widths of the columns. In a narrow log the less telling ones go first: 0 is none.
#[derive(Clone, Copy)]
pub struct Columns {
    time: usize,
    source: usize,
    from: usize,
    kind: usize,
    method: usize,
    tool: usize,
    size: usize,
    outcome: usize,
}

impl Columns {
    pub fn of(inside: usize, many_sources: bool) -> Self {
        let width = inside.saturating_sub(1);
        let mut columns = Self { time: 14, source: 0, from: 12, kind: 9, method: 0, tool: 13, size: 9, outcome: 10 };
        if many_sources {
            columns.source = 18;
        }
        // the method needs this much to be told from others
        let least = 14;
        let drops: [fn(&mut Self); 6] = [
            |columns| columns.source = columns.source.min(13),
            |columns| columns.from = 4,
            |columns| columns.outcome = 2,
            |columns| columns.source = 0,
            |columns| columns.time = 10,
            |columns| (columns.kind, columns.size) = (0, 0),
        ];
        let mut drops = drops.into_iter();
        while columns.fixed() + least > width
            && let Some(drop) = drops.next()
        {
            drop(&mut columns);
        }
        columns.tool = columns.tool.min(width.saturating_sub(columns.fixed() - columns.tool + least));
        columns.method = width.saturating_sub(columns.fixed()).min(30);
        columns
    }

    fn fixed(&self) -> usize {
        2 + self.time + self.source + self.from + self.kind + self.tool + self.size + self.outcome
    }

    pub fn heads(&self, model: &Model) -> Line<'static> {
        let heads = [
            pad("", 2),
            pad("TIME UTC", self.time),
            pad("PROCESS", self.source),
            pad(if self.from > 4 { "CLIENT" } else { "" }, self.from),
            pad("KIND", self.kind),
            pad("METHOD", self.method),
            pad("TOOL", self.tool),
            pad_start("SIZE", self.size.saturating_sub(1)),
        ];
        Line::styled(heads.concat(), model.theme.style(Role::Muted))
    }

    pub fn line<'a>(&self, model: &'a Model, entry: &'a Entry, selected: bool) -> Line<'a> {
        let theme = model.theme;
        let message = &entry.message;
        let time =
            if self.time > 12 { figure::time_to_the_millisecond(message.at) } else { figure::time_of_day(message.at) };
        let source = model.source(entry.source).map_or("", |source| source.name.as_str());
        let (arrow, arrow_role) = match message.direction {
            Direction::In => ("▸", Role::Accent),
            Direction::Out => ("◂", Role::Good),
        };
        let client =
            if self.from > 4 { format!(" {}/{}", message.transport, message.connection) } else { String::new() };
        let (kind, kind_role) = kind(message.kind);
        let (outcome, outcome_role) = outcome(message.outcome);
        let text = theme.style(if selected { Role::Selected } else { Role::Text });
        let muted = theme.style(Role::Muted);
        Line::from(vec![
            Span::styled(if selected { "▌ " } else { "  " }, theme.style(Role::Selected)),
            Span::styled(pad(&time, self.time), muted),
            Span::styled(column(source, self.source), muted),
            Span::styled(arrow, theme.style(arrow_role)),
            Span::styled(column(&client, self.from - 1), muted),
            Span::styled(column(kind, self.kind), theme.style(kind_role)),
            Span::styled(column(&message.method, self.method), text),
            Span::styled(column(message.tool.as_deref().unwrap_or(""), self.tool), text),
            Span::styled(
                pad_start(
                    if self.size > 0 { figure::bytes(message.bytes) } else { String::new() }.as_str(),
                    self.size.saturating_sub(1),
                ),
                muted,
            ),
            Span::styled(
                if self.outcome > 2 { format!("  {outcome}") } else { initial(outcome) },
                theme.style(outcome_role),
            ),
        ])
    }
}

fn initial(outcome: &str) -> String {
    outcome.chars().next().map(|first| format!(" {first}")).unwrap_or_default()
}

fn kind(kind: MessageKind) -> (&'static str, Role) {
    match kind {
        MessageKind::Request => ("request", Role::Text),
        MessageKind::Notification => ("notice", Role::Muted),
        MessageKind::Result => ("result", Role::Text),
        MessageKind::Error => ("error", Role::Bad),
        MessageKind::Malformed => ("broken", Role::Bad),
    }
}

/// What the interceptors did; nothing where they let it pass as it was.
fn outcome(outcome: MessageOutcome) -> (&'static str, Role) {
    match outcome {
        MessageOutcome::Passed => ("", Role::Muted),
        MessageOutcome::Modified => ("modified", Role::Warning),
        MessageOutcome::Blocked => ("blocked", Role::Bad),
        MessageOutcome::Mocked => ("mocked", Role::Warning),
    }
}
