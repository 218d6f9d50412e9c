//! One line that an act still needs, over the screen.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::text::Line;

use crate::text::cut;
use crate::tui::layout::dialog_width;
use crate::tui::model::Model;
use crate::tui::model::prompt::{Prompt, Wanted};
use crate::tui::pane::{dialog, written};
use crate::tui::theme::Role;

pub fn draw(model: &Model, prompt: &Prompt, buffer: &mut Buffer) {
    let theme = model.theme;
    let wide = dialog_width((buffer.area.width, buffer.area.height));
    let between = if prompt.says.is_empty() { "" } else { "   " };
    let below = format!("{}{between}↵ do it   esc leave it", prompt.says);
    let draft = match prompt.about {
        Wanted::Title(_) => model.veil_draft(&prompt.draft),
        Wanted::Tags(_) | Wanted::Place(_) => Cow::Borrowed(&prompt.draft),
    };
    let lines = [
        Line::from(written(&draft, true, wide, theme)),
        Line::raw(" ".repeat(wide)),
        Line::styled(cut(&below, wide).into_owned(), theme.style(Role::Muted)),
    ];
    dialog(buffer, &prompt.title, &lines, theme);
}
