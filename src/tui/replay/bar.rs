//! The picture of the session, cell for cell as large as it was, and below it the line that says that this is a replay.
//! Where the terminal has no row to spare, the line stands in the last one.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::player::Player;
use crate::text;
use crate::tui::pane::put;
use crate::tui::theme::Role;
use crate::tui::view;

/// The keys of a replay, the most wanted first.
const KEYS: [(&str, &str); 8] = [
    ("space", "pause"),
    ("q", "leave"),
    ("+ -", "pace"),
    ("← →", "5 s"),
    ("n N", "what was done"),
    (".", "step"),
    ("g", "start"),
    ("G", "end"),
];

pub(super) fn draw(player: &Player, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let (width, height) = player.model.size;
    let mut picture = Buffer::empty(Rect::new(0, 0, width, height));
    view::paint(&player.model, &mut picture);
    let buffer = frame.buffer_mut();
    for y in 0..height.min(area.height) {
        for x in 0..width.min(area.width) {
            let cell = &picture[(x, y)];
            let fits = x + 1 < area.width || text::width(cell.symbol()) <= 1;
            buffer[(x, y)] = cell.clone();
            if !fits {
                buffer[(x, y)].set_symbol(" ");
            }
        }
    }
    let row = Rect { y: height.min(area.height - 1), height: 1, ..area };
    for x in 0..area.width {
        buffer[(x, row.y)].reset();
    }
    put(buffer, row, 0, &line(player, area));
}

fn line(player: &Player, area: Rect) -> Line<'static> {
    let theme = player.model.theme;
    let room = usize::from(area.width);
    let (width, height) = player.model.size;
    let mut warns = player.warns();
    if width > area.width || height > area.height {
        let gap = if warns.is_empty() { "" } else { ", " };
        warns = format!("{warns}{gap}cut: {width}x{height} in {}x{}", area.width, area.height);
    }
    let mut spans = vec![Span::styled(format!(" {}  ", player.says()), theme.style(Role::Heading))];
    if !warns.is_empty() {
        spans.push(Span::styled(format!("{warns}  "), theme.style(Role::Warning)));
    }
    let mut left = room.saturating_sub(spans.iter().map(Span::width).sum());
    for (key, says) in KEYS {
        let label = format!(" {says}  ");
        let Some(rest) = left.checked_sub(text::width(key) + text::width(&label)) else { break };
        left = rest;
        spans.push(Span::styled(key, theme.style(Role::Accent)));
        spans.push(Span::styled(label, theme.style(Role::Muted)));
    }
    Line::from(spans)
}
