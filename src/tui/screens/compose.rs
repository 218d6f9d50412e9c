//! A message that is being written, over the screen: whom it is for, its text, and what completes a path or a model.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text::{cut, pad};
use crate::tui::layout::{compose_rows, dialog_width};
use crate::tui::model::Model;
use crate::tui::model::compose::{AUTO, Compose};
use crate::tui::model::models::Standing;
use crate::tui::pane::{dialog, written, written_lines};
use crate::tui::theme::Role;

/// Cells of the names of what stands above the text.
const NAME: usize = 7;
/// Paths that are offered at one time.
const OFFERS: usize = 5;

/// ```text
/// ╭ A message ──────────────────────────────────────────────╮
/// │ to     3f9a1c02 · codereview in stdio 4242 myproject    │
/// │ model  the thread's                                     │
/// │                                                         │
/// │ What of the `Moved` errors in @src/stor█                │
/// │   ▌ src/storage/                                        │
/// │ ↵ send  \↵ new line  @ file  tab model  esc leave       │
/// ```
pub fn draw(model: &Model, compose: &Compose, buffer: &mut Buffer) {
    let theme = model.theme;
    let size = (buffer.area.width, buffer.area.height);
    let (wide, rows) = (dialog_width(size), compose_rows(size));
    let named = |name: &str, said: String| {
        Line::from(vec![
            Span::styled(pad(name, NAME), theme.style(Role::Muted)),
            Span::styled(cut(&said, wide.saturating_sub(NAME)).into_owned(), theme.style(Role::Text)),
        ])
    };
    let chosen = match (&compose.picker.chosen, compose.thread) {
        (Some(chosen), _) => chosen.clone(),
        (None, Some(_)) => "the thread's".to_owned(),
        (None, None) => AUTO.to_owned(),
    };
    let mut lines = vec![named("to", addressee(model, compose)), named("model", chosen), Line::raw(" ".repeat(wide))];
    if compose.choosing {
        lines.extend(models(model, compose, wide, rows));
        lines.push(keys("↵ take it   type to narrow   esc back", wide, model));
        return dialog(buffer, "A message", &lines, theme);
    }
    let offers = &compose.paths.offered;
    let offered = offers.len().min(OFFERS).min(rows / 2);
    lines.extend(written_lines(&model.veil_draft(&compose.text), wide, rows - offered, theme));
    let first = (compose.paths.at + 1).saturating_sub(offered);
    for (at, path) in offers.iter().enumerate().skip(first).take(offered) {
        let (mark, role) = if at == compose.paths.at { ("  ▌ ", Role::Selected) } else { ("    ", Role::Text) };
        let path = cut(path, wide.saturating_sub(4));
        lines.push(Line::from(vec![Span::styled(mark, theme.style(role)), Span::styled(path, theme.style(role))]));
    }
    let said = if offered > 0 {
        "↵ complete   ↑↓ choose   esc leave"
    } else {
        "↵ send   \\↵ new line   @ file   tab model   esc leave"
    };
    lines.push(keys(said, wide, model));
    dialog(buffer, "A message", &lines, theme);
}

fn keys(said: &str, wide: usize, model: &Model) -> Line<'static> {
    Line::styled(cut(said, wide).into_owned(), model.theme.style(Role::Muted))
}

fn addressee(model: &Model, compose: &Compose) -> String {
    let process = model.source(compose.source).map_or("a process that is gone", |source| source.name.as_str());
    match compose.thread {
        None => format!("a new thread in {process}"),
        Some(id) => {
            let tool = model.thread(compose.source, id).map_or("expired meanwhile", |thread| thread.tool.as_str());
            format!("{} · {tool} in {process}", id.short())
        }
    }
}

/// The models that fit what is written, those that answer first.
fn models(model: &Model, compose: &Compose, wide: usize, rows: usize) -> Vec<Line<'static>> {
    let theme = model.theme;
    let mut line = vec![Span::styled("/ ", theme.style(Role::Accent))];
    line.extend(written(&compose.picker.wanted, true, wide.saturating_sub(2), theme));
    let mut lines = vec![Line::from(line)];
    let found = compose.picker.found();
    let name = wide.saturating_sub(4) / 2;
    for at in compose.picker.list.around(found.len(), rows.saturating_sub(1)) {
        let pick = found[at];
        let chosen = at == compose.picker.list.cursor;
        let role = match pick.standing {
            Standing::Up => Role::Good,
            Standing::Failing | Standing::CoolingDown => Role::Warning,
            Standing::Down | Standing::Off => Role::Bad,
        };
        let said =
            if pick.name == AUTO { pick.says.clone() } else { format!("{} · {}", pick.says, pick.standing.says()) };
        let text = theme.style(if chosen { Role::Selected } else { Role::Text });
        lines.push(Line::from(vec![
            Span::styled(if chosen { "▌ " } else { "  " }, theme.style(Role::Selected)),
            Span::styled("● ", theme.style(role)),
            Span::styled(pad(&cut(&pick.name, name.saturating_sub(1)), name), text),
            Span::styled(cut(&said, wide.saturating_sub(name + 4)).into_owned(), theme.style(Role::Muted)),
        ]));
    }
    lines
}
