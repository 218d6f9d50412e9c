//! The help: every row of the keymap by group, or those that fit a search. Scrolls where the terminal is too low for it.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::keymap::action::Action;
use crate::tui::layout::help_rows;
use crate::tui::model::Model;
use crate::tui::model::help::{Help, Line as Content};
use crate::tui::pane::{dialog, written};
use crate::tui::theme::Role;

/// Cells of the column of keys.
const KEYS: usize = 14;

pub fn draw(model: &Model, help: &Help, buffer: &mut Buffer) {
    let theme = model.theme;
    let all = help.lines(&model.keymap);
    let room = help_rows((buffer.area.width, buffer.area.height)).saturating_sub(1).max(1);
    let wide = usize::from(buffer.area.width).saturating_sub(6);
    let first = help.scroll().min(all.len().saturating_sub(room));
    // As wide as its widest line, seen or not: it does not change its shape as it scrolls.
    let said = |row: &str| text::width(row) + KEYS;
    let widest = all.iter().filter_map(|line| if let Content::Row(row) = line { Some(said(row.says)) } else { None });
    let widest = widest.max().unwrap_or_default().min(wide);
    let mut lines: Vec<Line<'_>> = all
        .iter()
        .skip(first)
        .take(room)
        .map(|line| match line {
            Content::Blank => Line::raw(" ".repeat(widest)),
            Content::Title(group) => Line::styled(group.title(), theme.style(Role::Heading)),
            Content::Row(row) => Line::from(vec![
                Span::styled(text::pad(&model.keymap.shown(row.action), KEYS), theme.style(Role::Accent)),
                Span::raw(text::cut(row.says, wide.saturating_sub(KEYS))),
            ]),
        })
        .collect();
    if all.is_empty() {
        lines.push(Line::styled("Nothing here is called so.", theme.style(Role::Muted)));
    }
    lines.push(below(model, help, (first, lines.len(), all.len()), wide));
    dialog(buffer, "Keys", &lines, theme);
}

/// The search, or which lines are on screen and how to search.
fn below(model: &Model, help: &Help, (first, seen, all): (usize, usize, usize), wide: usize) -> Line<'static> {
    let theme = model.theme;
    if help.searching || !help.search.is_empty() {
        let mut spans = vec![Span::styled("/ ", theme.style(Role::Accent))];
        spans.extend(written(&help.search, help.searching, wide.saturating_sub(2), theme));
        return Line::from(spans);
    }
    let key = model.keymap.first(Action::Filter).map(|key| format!("{key} search")).unwrap_or_default();
    let place = if seen < all { format!("{}–{} of {all}   ", first + 1, first + seen) } else { String::new() };
    Line::styled(format!("{place}{key}   esc close"), theme.style(Role::Muted))
}
