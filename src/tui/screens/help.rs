//! The help: every row of the keymap, by group. In a low terminal the groups lose their titles.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::keymap::Keymap;
use crate::tui::keymap::action::{ACTIONS, Group};
use crate::tui::pane::dialog;
use crate::tui::theme::{Role, Theme};

/// Cells of the column of keys.
const KEYS: usize = 14;

pub fn draw(keymap: &Keymap, buffer: &mut Buffer, theme: Theme) {
    let room = usize::from(buffer.area.height).saturating_sub(4);
    let titled = ACTIONS.len() + Group::ALL.len() * 2 <= room;
    let mut lines = Vec::new();
    for group in Group::ALL {
        if titled {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            lines.push(Line::styled(group.title(), theme.style(Role::Heading)));
        }
        for row in ACTIONS.iter().filter(|row| row.group == group) {
            lines.push(Line::from(vec![
                Span::styled(text::pad(&keymap.shown(row.action), KEYS), theme.style(Role::Accent)),
                Span::raw(row.says),
            ]));
        }
    }
    dialog(buffer, "Keys", &lines, theme);
}
