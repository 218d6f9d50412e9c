//! The help: every row of the keymap, by group. In a low terminal the groups lose their titles.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::keymap::{BINDINGS, Group};
use crate::tui::pane::dialog;
use crate::tui::theme::{Role, Theme};

/// Cells of the column of keys.
const KEYS: usize = 7;

pub fn draw(buffer: &mut Buffer, theme: Theme) {
    let room = usize::from(buffer.area.height).saturating_sub(4);
    let titled = BINDINGS.len() + Group::ALL.len() * 2 <= room;
    let mut lines = Vec::new();
    for group in Group::ALL {
        if titled {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::styled(group.title(), theme.style(Role::Heading)));
        }
        for binding in BINDINGS.iter().filter(|binding| binding.group == group) {
            lines.push(Line::from(vec![
                Span::styled(text::pad(binding.shown, KEYS), theme.style(Role::Accent)),
                Span::raw(binding.says),
            ]));
        }
    }
    dialog(buffer, "Keys", &lines, theme);
}
