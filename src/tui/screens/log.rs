//! The message log: every message in and out of every process, newest at the bottom. Builds only the rows that are seen.

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use crate::tui::figure;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::pane::{Pane, narrowed, put};
use crate::tui::rows::message::Columns;
use crate::tui::theme::Role;

/// ```text
///   TIME UTC      FROM       KIND     METHOD        TOOL           SIZE
/// ▌ 12:04:28.101  ▸ stdio/1  request  tools/call    chat        14.2 kB  modified
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let log = &model.log;
    let note = if log.follow {
        " following ".to_owned()
    } else {
        format!(" {} of {} ", figure::count(log.list.cursor as u64 + 1), figure::count(log.len() as u64))
    };
    let title = if log.sieve().is_open() {
        format!(" Messages · {} ", figure::count(log.len() as u64))
    } else {
        let (listed, held) = (figure::count(log.len() as u64), figure::count(log.held() as u64));
        format!(" Messages · {listed} of {held} {}", narrowed(log.sieve().written()))
    };
    let pane = Pane {
        title: Line::styled(title, theme.style(Role::Heading)),
        note: Line::styled(if log.is_empty() { String::new() } else { note }, theme.style(Role::Muted)),
        focused: true,
    };
    let inside = pane.draw(buffer, areas.body, areas, theme);
    if log.is_empty() && log.held() > 0 {
        let said = " No message fits. Escape shows all.";
        return put(buffer, inside, 1, &Line::styled(said, theme.style(Role::Muted)));
    }
    if log.is_empty() {
        put(buffer, inside, 1, &Line::raw("  No message yet."));
        let hint = "  What agents and zen say to each other appears here.";
        return put(buffer, inside, 2, &Line::styled(hint, theme.style(Role::Muted)));
    }
    let columns = Columns::of(usize::from(inside.width), model.has_many_sources());
    put(buffer, inside, 0, &columns.heads(model));
    for (row, at) in log.list.window(log.len(), areas.message_rows()).enumerate() {
        if let Some(entry) = log.entry(at) {
            put(buffer, inside, row + 1, &columns.line(model, entry, at == log.list.cursor));
        }
    }
}
