//! The switches over the screen: each tool or decider, whether it is on, and how it has done.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text::{cut, pad, pad_start};
use crate::tui::figure;
use crate::tui::keymap::action::Action;
use crate::tui::layout::{dialog_width, switch_rows};
use crate::tui::model::Model;
use crate::tui::model::switches::{Board, Row, Switchboard};
use crate::tui::pane::{column, dialog};
use crate::tui::theme::Role;

const MARK: usize = 2;
const STATE: usize = 6;
const FIGURE: usize = 8;
/// Cells of a name, where the terminal has them.
const NAME: usize = 26;
/// The process stands last from this width on.
const WITH_SOURCE: usize = 66;
/// The median stands from this width on.
const WITH_MEDIAN: usize = 58;

/// ```text
///   TOOL                      STATE    CALLS  FAILED     P50  PROCESS
/// ▌ codereview                ● on        12       1   9.4 s  stdio 4242
///   debug                     ○ off        0       0       –  stdio 4242
/// ```
pub fn draw(model: &Model, open: &Switchboard, buffer: &mut Buffer) {
    let theme = model.theme;
    let size = (buffer.area.width, buffer.area.height);
    let wide = dialog_width(size);
    let muted = theme.style(Role::Muted);
    let (title, name, count) = match open.board {
        Board::Tools => ("Tools", "TOOL", "CALLS"),
        Board::Rules => ("Rules", "INTERCEPTOR", "HITS"),
    };
    let mut heads = format!("{}{}{}", pad("", MARK), column(name, cells(wide)), pad("STATE", STATE));
    heads.push_str(&format!("{}{}", pad_start(count, FIGURE), pad_start("FAILED", FIGURE)));
    if wide >= WITH_MEDIAN && open.board == Board::Tools {
        heads.push_str(&pad_start("P50", FIGURE));
    }
    if wide >= WITH_SOURCE {
        heads.push_str("  PROCESS");
    }
    let mut lines = vec![Line::styled(cut(&heads, wide).into_owned(), muted)];
    let seen = open.list.window(open.rows().len(), switch_rows(size));
    lines.extend(open.rows()[seen.clone()].iter().zip(seen).map(|(row, at)| line(model, open, row, at, wide)));
    if open.rows().is_empty() {
        lines.push(Line::styled("  None is known yet.", muted));
    }
    if open.board == Board::Rules {
        lines.extend(file(model, wide));
    }
    lines.push(Line::raw(" ".repeat(wide)));
    let key = model.keymap.first(Action::Switch).unwrap_or_default();
    let said = format!("{key} off or on, until zen ends   esc close");
    lines.push(Line::styled(cut(&said, wide).into_owned(), muted));
    dialog(buffer, title, &lines, theme);
}

fn cells(wide: usize) -> usize {
    NAME.min(wide.saturating_sub(MARK + STATE + FIGURE * 2))
}

fn line<'a>(model: &'a Model, open: &Switchboard, row: &'a Row, at: usize, wide: usize) -> Line<'a> {
    let theme = model.theme;
    let chosen = at == open.list.cursor;
    let text = theme.style(if chosen { Role::Selected } else { Role::Text });
    let (state, role) = if row.on { ("● on", Role::Good) } else { ("○ off", Role::Warning) };
    let mut spans = vec![
        Span::styled(if chosen { "▌ " } else { "  " }, theme.style(Role::Selected)),
        Span::styled(column(&row.name, cells(wide)), text),
        Span::styled(pad(state, STATE), theme.style(role)),
        Span::styled(pad_start(&figure::count(row.count), FIGURE), text),
        Span::styled(
            pad_start(&figure::count(row.failed), FIGURE),
            theme.style(if row.failed > 0 { Role::Bad } else { Role::Muted }),
        ),
    ];
    if wide >= WITH_MEDIAN && open.board == Board::Tools {
        let median = row.median_ms.map_or_else(|| "–".to_owned(), figure::latency);
        spans.push(Span::styled(pad_start(&median, FIGURE), text));
    }
    if wide >= WITH_SOURCE {
        let process = model.source(row.source).map_or("", |source| source.name.as_str());
        let taken: usize = spans.iter().map(Span::width).sum();
        let process = cut(process, wide.saturating_sub(taken + 2)).into_owned();
        spans.extend([Span::raw("  "), Span::styled(process, theme.style(Role::Muted))]);
    }
    Line::from(spans)
}

/// What is wrong with the files of rules; rules that are not there cannot be switched.
fn file(model: &Model, wide: usize) -> Vec<Line<'static>> {
    let live = model.sources.iter().filter(|source| !source.is_gone());
    let errors = live.filter_map(|source| source.interceptors.as_ref()?.rules.as_ref()).flat_map(|rules| {
        rules.errors.iter().map(|error| format!("not in force as it is now: {}: {error}", rules.path))
    });
    errors.take(2).map(|said| Line::styled(cut(&said, wide).into_owned(), model.theme.style(Role::Warning))).collect()
}
