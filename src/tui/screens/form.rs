//! The form of a tool over the screen: a line for each field, and below what the one in focus is for.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text::{cut, pad, wrap};
use crate::tui::layout::{compose_rows, dialog_width};
use crate::tui::model::Model;
use crate::tui::model::form::{Field, Form, Kind};
use crate::tui::pane::{dialog, written};
use crate::tui::theme::Role;

/// Lines of what the tool is for.
const SAYS: usize = 2;
/// Cells of a field's name at most; a name takes no more than a third of the line.
const NAME: usize = 34;

pub fn draw(model: &Model, form: &Form, buffer: &mut Buffer) {
    let theme = model.theme;
    let size = (buffer.area.width, buffer.area.height);
    let wide = dialog_width(size);
    let rows = compose_rows(size).saturating_sub(1).max(1);
    let muted = theme.style(Role::Muted);
    let says = wrap(&form.says, wide).into_iter().take(SAYS).map(|range| form.says[range].to_owned());
    let mut lines: Vec<Line<'_>> = says.map(|line| Line::styled(line, muted)).collect();
    lines.push(Line::raw(" ".repeat(wide)));
    let first = (form.focus + 1).saturating_sub(rows);
    for (at, field) in form.fields.iter().enumerate().skip(first).take(rows) {
        lines.push(line(model, field, at == form.focus, wide));
    }
    if form.fields.is_empty() {
        lines.push(Line::styled("It takes nothing.", muted));
    }
    let below = match (&form.problem, form.fields.get(form.focus)) {
        (Some(problem), _) => Line::styled(cut(problem, wide).into_owned(), theme.style(Role::Warning)),
        (None, Some(field)) if field.says.is_empty() => Line::styled(field.expects(), muted),
        (None, Some(field)) => {
            Line::styled(cut(&format!("{} · {}", field.expects(), field.says), wide).into_owned(), muted)
        }
        (None, None) => Line::default(),
    };
    lines.extend([below, Line::styled(cut("↵ call it   tab next field   esc leave", wide).into_owned(), muted)]);
    dialog(buffer, &format!("call {}", form.tool), &lines, theme);
}

fn line(model: &Model, field: &Field, focused: bool, wide: usize) -> Line<'static> {
    let theme = model.theme;
    let name = NAME.min(wide / 2);
    let needed = if field.required { "*" } else { " " };
    let style = theme.style(if focused { Role::Selected } else { Role::Text });
    let mut spans = vec![
        Span::styled(if focused { "▌" } else { " " }, theme.style(Role::Selected)),
        Span::styled(needed, theme.style(Role::Warning)),
        Span::styled(pad(&cut(&field.name, name.saturating_sub(1)), name), style),
    ];
    // What can only be chosen tells nothing.
    let draft = match field.kind {
        Kind::Choice(_) | Kind::Number { .. } => Cow::Borrowed(&field.draft),
        Kind::Text | Kind::Texts | Kind::Json => model.veil_draft(&field.draft),
    };
    spans.extend(written(&draft, focused, wide.saturating_sub(name + 2), theme));
    Line::from(spans)
}
