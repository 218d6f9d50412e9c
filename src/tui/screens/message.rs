//! One message of the log in full: what it is, then its text, before and after the interceptors where they changed it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::control::types::{Direction, MessageOutcome};
use crate::text::cut;
use crate::tui::figure;
use crate::tui::layout::{Areas, DETAIL_HEAD, GUTTER};
use crate::tui::model::Model;
use crate::tui::model::log::{Detail, Line as Content, State};
use crate::tui::pane::{Pane, put};
use crate::tui::theme::Role;

const MARGIN: &str = "  ";

pub fn draw(model: &Model, detail: &Detail, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let message = &detail.message;
    let tool = message.tool.as_ref().map(|tool| format!(" · {tool}")).unwrap_or_default();
    let pane = Pane {
        title: Line::styled(
            format!(" Message {} · {}{tool} ", message.seq, message.method),
            theme.style(Role::Heading),
        ),
        note: Line::default(),
        focused: true,
    };
    let inside = pane.draw(buffer, areas.body, areas, theme);
    let head = [(described(model, detail), Role::Muted), (by_whom(detail), Role::Warning)];
    for (row, (said, role)) in head.into_iter().enumerate() {
        let said = cut(&said, usize::from(inside.width).saturating_sub(GUTTER * 2));
        put(buffer, inside, row, &Line::styled(format!("{MARGIN}{said}"), theme.style(role)));
    }
    let body = Rect { y: inside.y + DETAIL_HEAD, height: inside.height.saturating_sub(DETAIL_HEAD), ..inside };
    match &detail.state {
        State::Waiting => put(buffer, body, 0, &Line::styled("  fetching its text", theme.style(Role::Muted))),
        State::Failed(reason) => {
            put(buffer, body, 0, &Line::styled(format!("{MARGIN}{reason}"), theme.style(Role::Bad)))
        }
        State::Here => {}
    }
    for (row, content) in detail.seen().enumerate() {
        let line = match content {
            Content::Title(title) => Line::styled(format!("{MARGIN}{title}"), theme.style(Role::Heading)),
            Content::Text(text) => Line::from(vec![Span::raw(MARGIN), Span::raw(model.veil(text))]),
            Content::Missing(count) => {
                let said = format!("{MARGIN}… {} more characters are not sent", figure::count(count));
                Line::styled(said, theme.style(Role::Muted))
            }
            Content::Blank => Line::default(),
        };
        put(buffer, body, row, &line);
    }
}

fn described(model: &Model, detail: &Detail) -> String {
    let message = &detail.message;
    let source = model.source(detail.source).map_or("a process that is gone", |source| source.name.as_str());
    let way = match message.direction {
        Direction::In => "from the client",
        Direction::Out => "to the client",
    };
    let outcome = match message.outcome {
        MessageOutcome::Passed => "",
        MessageOutcome::Modified => " · modified",
        MessageOutcome::Blocked => " · blocked",
        MessageOutcome::Mocked => " · mocked",
    };
    let id = message.id.as_ref().map(|id| format!(" · id {id}")).unwrap_or_default();
    format!(
        "{} UTC · {way} on {}/{}{id} · {}{outcome} · {source}",
        figure::time_to_the_millisecond(message.at),
        message.transport,
        message.connection,
        figure::bytes(message.bytes),
    )
}

/// Who stopped, answered or changed it last, and why; empty where nobody did.
fn by_whom(detail: &Detail) -> String {
    match (&detail.message.by, &detail.message.reason) {
        (Some(by), Some(reason)) if !reason.is_empty() => format!("{by}: {reason}"),
        (by, _) => by.clone().unwrap_or_default(),
    }
}
