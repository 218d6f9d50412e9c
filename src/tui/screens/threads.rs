//! The list of threads over all processes, calls without a thread first. Builds only the rows that are seen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::figure;
use crate::tui::layout::Areas;
use crate::tui::model::{Focus, Model};
use crate::tui::pane::{Pane, narrowed, put};
use crate::tui::rows::thread::{Columns, Shown};
use crate::tui::theme::Role;

/// ```text
///    ID       TOOL          TURNS  TOKENS   AGE
/// ▌▸ 3f9a1c02 codereview     6/20   48.2k   12s
/// ▌  gpt-5.1 · Please review the TTL  stdio 4242
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let rows = model.threads.rows();
    let place = if rows.is_empty() {
        String::new()
    } else {
        format!(" {} of {} ", figure::count(model.threads.list.cursor as u64 + 1), figure::count(rows.len() as u64))
    };
    let pane = Pane {
        title: Line::styled(
            format!(" Threads {}", narrowed(model.threads.filter.written())),
            theme.style(Role::Heading),
        ),
        note: Line::styled(place, theme.style(Role::Muted)),
        focused: model.focus == Focus::List,
    };
    let inside = pane.draw(buffer, areas.list, areas, theme);
    if rows.is_empty() && !model.threads.filter.is_open() {
        let said = " No thread fits. Escape shows all.";
        return put(buffer, inside, 1, &Line::styled(said, theme.style(Role::Muted)));
    }
    if rows.is_empty() {
        return empty(model, buffer, inside);
    }
    let columns = Columns::of(usize::from(inside.width));
    put(buffer, inside, 0, &columns.heads(model));
    for (at, row) in rows[model.threads.list.window(rows.len(), areas.thread_rows())].iter().enumerate() {
        let top = 1 + at * usize::from(areas.row_height());
        let shown = Shown { model, row: *row, selected: model.threads.selected() == Some(*row), columns };
        put(buffer, inside, top, &shown.first());
        if areas.row_height() > 1 {
            put(buffer, inside, top + 1, &shown.second());
        }
    }
}

/// Nothing to list: what to do for something to come, which is nothing where an agent is connected already.
fn empty(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let indented = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
    let is_connected = model.sources.iter().any(|source| !source.is_gone() && !source.clients.is_empty());
    let mut lines = vec![Line::raw("No threads."), Line::default()];
    if is_connected {
        lines.push(Line::styled("One appears here as soon as a connected", theme.style(Role::Muted)));
        lines.push(Line::styled("agent asks a model.", theme.style(Role::Muted)));
    } else {
        lines.extend([
            Line::styled("Connect an agent:", theme.style(Role::Muted)),
            Line::styled("  claude mcp add zen -- zen stdio", theme.style(Role::Accent)),
            Line::default(),
            Line::styled("Its threads appear here as soon as it", theme.style(Role::Muted)),
            Line::styled("asks a model.", theme.style(Role::Muted)),
        ]);
    }
    for (row, line) in lines.iter().enumerate() {
        put(buffer, indented, row + 1, line);
    }
}
