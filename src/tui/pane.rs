//! What screens draw with: a bordered pane, a line at a place, a line whose right part stands at the edge, a text
//! that is being written. Knows no screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};
use unicode_segmentation::UnicodeSegmentation;

use super::layout::{Areas, Breadth};
use super::model::draft::Draft;
use super::theme::{Role, Theme};
use crate::text;

/// A pane's frame.
pub struct Pane<'a> {
    pub title: Line<'a>,
    /// Stands at the right end of the top border.
    pub note: Line<'a>,
    pub focused: bool,
}

impl Pane<'_> {
    /// Draws the frame where the layout has one, and gives the room inside.
    pub fn draw(self, buffer: &mut Buffer, area: Rect, areas: &Areas, theme: Theme) -> Rect {
        if !matches!(areas.breadth, Breadth::Notice | Breadth::Minimal) {
            let role = if self.focused { Role::Focus } else { Role::Border };
            let mut block = bordered(self.title, theme.style(role));
            if self.note.width() > 0 {
                block = block.title_top(self.note.right_aligned());
            }
            block.render(area.intersection(buffer.area), buffer);
        }
        areas.inside(area)
    }
}

/// What narrows a list, behind the list's name.
pub fn narrowed(written: &str) -> String {
    if written.trim().is_empty() { String::new() } else { format!("/ {} ", text::cut(written.trim(), FILTER)) }
}

/// Cells of a filter in a list's title.
const FILTER: usize = 24;

/// A box over the screen, of the size that its lines need, with the screen around it left as it is.
pub fn dialog(buffer: &mut Buffer, title: &str, lines: &[Line<'_>], theme: Theme) {
    let screen = buffer.area;
    let widest = lines.iter().map(Line::width).max().unwrap_or_default().max(text::width(title) + 2);
    let width = u16::try_from(widest + 6).unwrap_or(u16::MAX).min(screen.width);
    let height = u16::try_from(lines.len() + 4).unwrap_or(u16::MAX).min(screen.height);
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    Clear.render(area, buffer);
    let title = Line::styled(format!(" {title} "), theme.style(Role::Heading));
    bordered(title, theme.style(Role::Focus)).render(area, buffer);
    let margin = if usize::from(area.height) < lines.len() + 4 { 1 } else { 2 };
    let inside = Rect {
        x: area.x + 3.min(area.width),
        y: area.y + margin.min(area.height),
        width: area.width.saturating_sub(6),
        height: area.height.saturating_sub(margin + 1),
    };
    for (row, line) in lines.iter().enumerate() {
        put(buffer, inside, row, line);
    }
}

/// A line that is being written, around its cursor: as much of it as `cells` have room for. The cursor is shown by
/// reversing its cell, and only where the keys are for it.
pub fn written(draft: &Draft, focused: bool, cells: usize, theme: Theme) -> Vec<Span<'static>> {
    let style = theme.style(Role::Text);
    let (before, after) = (draft.before_cursor(), draft.after_cursor());
    let at = after.graphemes(true).next().unwrap_or(" ");
    let room = cells.saturating_sub(text::width(at));
    let skipped = before.graphemes(true).rev().scan(0, |taken, grapheme| {
        *taken += text::width(grapheme);
        (*taken <= room).then_some(grapheme.len())
    });
    let begin = before.len() - skipped.sum::<usize>();
    let on_a_line = |text: &str| text.replace('\n', "⏎");
    let shown = on_a_line(&before[begin..]);
    let behind = after.get(at.len()..).unwrap_or_default();
    let behind = on_a_line(&text::cut(&on_a_line(behind), room.saturating_sub(text::width(&shown))));
    let cursor = if focused { style.add_modifier(Modifier::REVERSED) } else { style };
    vec![Span::styled(shown, style), Span::styled(on_a_line(at), cursor), Span::styled(behind, style)]
}

/// A text that is being written, wrapped: as many rows around its cursor as there is room for, never none.
pub fn written_lines(draft: &Draft, cells: usize, rows: usize, theme: Theme) -> Vec<Line<'static>> {
    let style = theme.style(Role::Text);
    // Room is left for a cursor behind the last character.
    let lines = text::wrap(draft.text(), cells.saturating_sub(1).max(1));
    let cursor = draft.before_cursor().len();
    let at = lines.partition_point(|line| line.start <= cursor).saturating_sub(1);
    let first = (at + 1).saturating_sub(rows.max(1));
    let seen = lines.into_iter().enumerate().skip(first).take(rows.max(1));
    let shown = seen.map(|(row, range)| {
        let line = &draft.text()[range.clone()];
        if row != at {
            return Line::styled(line.to_owned(), style);
        }
        let (before, after) = line.split_at(cursor.saturating_sub(range.start).min(line.len()));
        let under = after.graphemes(true).next().unwrap_or(" ");
        Line::from(vec![
            Span::styled(before.to_owned(), style),
            Span::styled(under.to_owned(), style.add_modifier(Modifier::REVERSED)),
            Span::styled(after.get(under.len()..).unwrap_or_default().to_owned(), style),
        ])
    });
    shown.collect()
}

/// Draws a line in a row of the area, cut at its edge. A row that the area does not have is not drawn.
pub fn put(buffer: &mut Buffer, area: Rect, row: usize, line: &Line<'_>) {
    let area = area.intersection(buffer.area);
    let Some(row) = u16::try_from(row).ok().filter(|row| *row < area.height) else { return };
    buffer.set_line(area.x, area.y + row, line, area.width);
}

/// The left spans, and the right ones at the right edge of `width` cells. The right ones go where both do not fit with a
/// gap between them.
pub fn spread<'a>(mut left: Vec<Span<'a>>, right: Vec<Span<'a>>, width: usize) -> Line<'a> {
    let taken: usize = left.iter().map(Span::width).sum();
    let wanted: usize = right.iter().map(Span::width).sum();
    if let Some(gap) = width.checked_sub(taken + wanted).filter(|gap| wanted > 0 && *gap > 0) {
        left.push(Span::raw(" ".repeat(gap)));
        left.extend(right);
    }
    Line::from(left)
}

/// A cell with a gap behind it, so that a cut text does not touch the next column.
pub fn column(said: &str, cells: usize) -> String {
    text::pad(&text::cut(said, cells.saturating_sub(1)), cells)
}

fn bordered<'a>(title: Line<'a>, style: ratatui::style::Style) -> Block<'a> {
    Block::bordered().border_type(BorderType::Rounded).border_style(style).title_top(title)
}
