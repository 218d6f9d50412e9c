//! One line that an act still needs, over the screen.

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use crate::text::cut;
use crate::tui::layout::dialog_width;
use crate::tui::model::prompt::Prompt;
use crate::tui::pane::{dialog, written};
use crate::tui::theme::{Role, Theme};

pub fn draw(prompt: &Prompt, buffer: &mut Buffer, theme: Theme) {
    let wide = dialog_width((buffer.area.width, buffer.area.height));
    let between = if prompt.says.is_empty() { "" } else { "   " };
    let below = format!("{}{between}↵ do it   esc leave it", prompt.says);
    let lines = [
        Line::from(written(&prompt.draft, true, wide, theme)),
        Line::raw(" ".repeat(wide)),
        Line::styled(cut(&below, wide).into_owned(), theme.style(Role::Muted)),
    ];
    dialog(buffer, &prompt.title, &lines, theme);
}
