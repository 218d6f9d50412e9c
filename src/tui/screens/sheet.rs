//! A text over the screen, to be read and closed.

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use crate::tui::layout::dialog_width;
use crate::tui::model::Model;
use crate::tui::model::sheet::Sheet;
use crate::tui::pane::dialog;
use crate::tui::theme::Role;

pub fn draw(model: &Model, sheet: &Sheet, buffer: &mut Buffer) {
    let theme = model.theme;
    let wide = dialog_width((buffer.area.width, buffer.area.height));
    let mut lines: Vec<Line<'_>> = sheet.seen().map(|line| Line::raw(model.veil(line))).collect();
    let (first, last, all) = sheet.place();
    let place = if last < all || first > 1 { format!("{first}–{last} of {all}   ") } else { String::new() };
    lines.push(Line::raw(" ".repeat(wide)));
    lines.push(Line::styled(format!("{place}esc close"), theme.style(Role::Muted)));
    dialog(buffer, &sheet.title, &lines, theme);
}
