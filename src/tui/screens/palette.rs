//! The palette over the screen: what is written, and what fits it, the best first.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text::{cut, width};
use crate::tui::layout::palette_rows;
use crate::tui::model::palette::Palette;
use crate::tui::pane::{dialog, spread, written};
use crate::tui::theme::{Role, Theme};

/// Cells that a line takes where the terminal has them.
const WIDTH: usize = 72;

pub fn draw(palette: &Palette, buffer: &mut Buffer, theme: Theme) {
    let wide = WIDTH.min(usize::from(buffer.area.width).saturating_sub(6));
    let rows = palette_rows((buffer.area.width, buffer.area.height));
    let mut line = vec![Span::styled(": ", theme.style(Role::Accent))];
    line.extend(written(&palette.draft, true, wide.saturating_sub(2), theme));
    let mut lines = vec![Line::from(line), Line::raw(" ".repeat(wide))];
    for at in palette.list.window(palette.len(), rows) {
        let Some(entry) = palette.entry(at) else { continue };
        let chosen = at == palette.list.cursor;
        let name = cut(&entry.name, wide.saturating_sub(width(&entry.note) + 4));
        let left = vec![
            Span::styled(if chosen { "▌ " } else { "  " }, theme.style(Role::Selected)),
            Span::styled(name, theme.style(if chosen { Role::Selected } else { Role::Text })),
        ];
        let note = Span::styled(entry.note.as_str(), theme.style(Role::Muted));
        lines.push(spread(left, vec![note], wide));
    }
    if palette.len() == 0 {
        lines.push(Line::styled("Nothing is called so.", theme.style(Role::Muted)));
    }
    dialog(buffer, "What is to be done", &lines, theme);
}
