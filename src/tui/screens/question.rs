//! A question over the screen. It names what it is about; the keys that answer it stand below.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::keymap::Keymap;
use crate::tui::model::Question;
use crate::tui::pane::dialog;
use crate::tui::theme::{Role, Theme};

/// Cells that a line of the question may take.
const WIDTH: usize = 64;

pub fn draw(question: &Question, keymap: &Keymap, buffer: &mut Buffer, theme: Theme) {
    let width = WIDTH.min(usize::from(buffer.area.width).saturating_sub(6));
    let mut lines: Vec<Line<'_>> = question.lines.iter().map(|line| Line::raw(text::cut(line, width))).collect();
    lines.push(Line::default());
    let accept = keymap.first(question.accept).unwrap_or_default();
    lines.push(Line::from(vec![
        Span::styled(accept, theme.style(Role::Accent)),
        Span::raw(format!(" {}    ", question.yes)),
        Span::styled("↵ n", theme.style(Role::Accent)),
        Span::raw(" leave it"),
    ]));
    dialog(buffer, question.title, &lines, theme);
}
