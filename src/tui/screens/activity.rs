//! Calls over all processes: what is in flight with its stage, and what ended lately with its outcome.

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::pane::{Pane, narrowed, put};
use crate::tui::rows::call::Columns;
use crate::tui::theme::Role;

/// ```text
///   CALL   TOOL          THREAD    STAGE                         MODEL               TIME
/// ▌ 118    codereview    3f9a1c02  text arrives: 1 240 …         gemini-2.5-pro     00:12
///   117    consensus               done                          gpt-5.1            4.1 s
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let rows = model.activity.rows();
    let (running, ended) = (model.activity.running, rows.len() - model.activity.running);
    let narrowed = narrowed(model.activity.sieve.written());
    let title = format!(" Calls · {running} in flight · {ended} ended {narrowed}");
    let pane = Pane { title: Line::styled(title, theme.style(Role::Heading)), note: Line::default(), focused: true };
    let inside = pane.draw(buffer, areas.body, areas, theme);
    if rows.is_empty() && !model.activity.sieve.is_open() {
        let said = " No call fits. Escape shows all.";
        return put(buffer, inside, 1, &Line::styled(said, theme.style(Role::Muted)));
    }
    if rows.is_empty() {
        put(buffer, inside, 1, &Line::raw(" No call has been made yet."));
        return put(buffer, inside, 2, &Line::styled(" An agent's next call appears here.", theme.style(Role::Muted)));
    }
    let columns = Columns::of(usize::from(inside.width), model.has_many_sources());
    put(buffer, inside, 0, &Line::styled(columns.heads(), theme.style(Role::Muted)));
    for (at, (source, id)) in rows[model.activity.list.window(rows.len(), areas.message_rows())].iter().enumerate() {
        let Some(call) = model.call(*source, *id) else { continue };
        let name = model.source(*source).map_or("", |source| source.name.as_str());
        let selected = model.activity.selected() == Some((*source, *id));
        put(buffer, inside, at + 1, &columns.line(model, call, name, selected));
    }
}
