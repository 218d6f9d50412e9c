//! The messages that wait for a person, over the screen: which they are, and the text of the one that is looked at.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::control::types::{Direction, PausedSummary};
use crate::text::{cut, sanitise, wrap};
use crate::tui::layout::{compose_rows, dialog_width, rewritten_rows};
use crate::tui::model::Model;
use crate::tui::model::diff::Line as Changed;
use crate::tui::model::rewritten::Rewritten;
use crate::tui::model::waiting::{Waiting, all};
use crate::tui::pane::{dialog, written_lines};
use crate::tui::theme::Role;

/// Messages that are seen at one time.
const LISTED: usize = 5;
/// Characters of a message that are wrapped for the screen.
const SHOWN: usize = 4_000;

pub fn draw(model: &Model, waiting: &Waiting, buffer: &mut Buffer) {
    let theme = model.theme;
    let size = (buffer.area.width, buffer.area.height);
    let (wide, rows) = (dialog_width(size), compose_rows(size));
    let muted = theme.style(Role::Muted);
    let Some((source, paused)) = waiting.current(&model.sources) else {
        let said = "No message waits for a person.   esc close";
        return dialog(buffer, "Waiting", &[Line::styled(cut(said, wide).into_owned(), muted)], theme);
    };
    if let Some(rewritten) = &waiting.rewritten {
        return changed(model, rewritten, buffer);
    }
    if let Some(draft) = &waiting.draft {
        let mut lines = written_lines(&model.veil_draft(draft), wide, rows + 2, theme);
        lines.push(Line::raw(" ".repeat(wide)));
        let said = "↵ let it go on so   ctrl-j new line   esc back";
        lines.push(Line::styled(cut(said, wide).into_owned(), muted));
        return dialog(buffer, "In its place", &lines, theme);
    }
    let at = all(&model.sources).position(|(of, one)| (of, one.id) == (source, paused.id)).unwrap_or_default();
    let listed = LISTED.min(rows / 2).max(1);
    let shown = all(&model.sources).enumerate().skip((at + 1).saturating_sub(listed)).take(listed);
    let mut lines: Vec<Line<'_>> = shown
        .map(|(row, (_, paused))| {
            let (mark, role) = if row == at { ("▌ ", Role::Selected) } else { ("  ", Role::Text) };
            let said = cut(&described(model, paused), wide.saturating_sub(2)).into_owned();
            Line::from(vec![Span::styled(mark, theme.style(role)), Span::styled(said, theme.style(role))])
        })
        .collect();
    lines.push(Line::raw(" ".repeat(wide)));
    let text: String = paused.text.text.chars().take(SHOWN).collect();
    let text = model.veil(&sanitise(&text)).into_owned();
    let room = rows.saturating_sub(listed).max(1);
    lines.extend(wrap(&text, wide).into_iter().take(room).map(|range| Line::raw(text[range].to_owned())));
    lines.push(Line::styled(
        cut("c let it go on   e edit   r rewrite here   b block   ↑↓ choose   esc close", wide).into_owned(),
        muted,
    ));
    dialog(buffer, "Waiting", &lines, theme);
}

/// What the editor changed, before it goes on.
fn changed(model: &Model, rewritten: &Rewritten, buffer: &mut Buffer) {
    let theme = model.theme;
    let size = (buffer.area.width, buffer.area.height);
    let wide = dialog_width(size);
    let seen = rewritten.lines.iter().skip(rewritten.scroll).take(rewritten_rows(size));
    let mut lines: Vec<Line<'_>> = seen
        .map(|line| {
            let (mark, said, role) = match line {
                Changed::Same(text) => ("  ", model.veil(text), Role::Muted),
                Changed::Out(text) => ("- ", model.veil(text), Role::Bad),
                Changed::In(text) => ("+ ", model.veil(text), Role::Good),
                Changed::Skipped(count) => ("  ", format!("… {count} as they were").into(), Role::Muted),
            };
            let said = cut(&said, wide.saturating_sub(2)).into_owned();
            Line::from(vec![Span::styled(mark, theme.style(role)), Span::styled(said, theme.style(role))])
        })
        .collect();
    lines.push(Line::raw(" ".repeat(wide)));
    let last = (rewritten.scroll + rewritten_rows(size)).min(rewritten.lines.len());
    let place = match rewritten.lines.len() {
        all if all > rewritten_rows(size) => format!("{}–{last} of {all}   ", rewritten.scroll + 1),
        _ => String::new(),
    };
    let said = format!("{place}c let it go on so   e edit again   esc leave it as it was");
    lines.push(Line::styled(cut(&said, wide).into_owned(), theme.style(Role::Muted)));
    dialog(buffer, "Changed", &lines, theme);
}

fn described(model: &Model, paused: &PausedSummary) -> String {
    let way = if paused.direction == Direction::In { "▸" } else { "◂" };
    let what = paused.tool.as_deref().unwrap_or(&paused.method);
    let left = paused.until.since(model.now).as_secs();
    let then = if paused.continues { "goes on" } else { "is blocked" };
    format!("{way} {what} · {then} in {left} s · {}: {}", paused.by, paused.reason)
}
