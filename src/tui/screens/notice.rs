//! What is shown where a terminal is too small for anything else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::tui::pane::put;
use crate::tui::theme::{Role, Theme};

pub fn draw(buffer: &mut Buffer, theme: Theme) {
    let area = buffer.area;
    let lines = [
        Line::styled("zen needs at least 40x10", theme.style(Role::Heading)),
        Line::raw(format!("this terminal is {}x{}", area.width, area.height)),
        Line::styled("enlarge it, or press q", theme.style(Role::Muted)),
    ];
    let top = usize::from(area.height).saturating_sub(lines.len()) / 2;
    for (row, line) in lines.into_iter().enumerate() {
        let left = usize::from(area.width).saturating_sub(line.width()) / 2;
        let indent = u16::try_from(left).unwrap_or_default();
        put(buffer, Rect { x: area.x + indent, width: area.width - indent, ..area }, top + row, &line);
    }
}
