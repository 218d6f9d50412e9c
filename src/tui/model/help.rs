//! The help as it is read: the rows of the keymap that fit what is searched for, and the first of them on screen.

use super::draft::Draft;
use super::list::Step;
use crate::text::terms::contains;
use crate::tui::keymap::Keymap;
use crate::tui::keymap::action::{ACTIONS, Described, Group};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    pub search: Draft,
    /// The keys go to the search.
    pub searching: bool,
    scroll: usize,
    height: usize,
    lines: usize,
}

/// One line of the help.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    Title(Group),
    Row(&'static Described),
    Blank,
}

impl Help {
    /// All lines that fit the search.
    pub fn lines(&self, keymap: &Keymap) -> Vec<Line> {
        let wanted = self.search.text().trim().to_lowercase();
        let fits = |row: &Described| {
            contains(row.says, &wanted) || contains(row.name, &wanted) || keymap.shown(row.action) == wanted
        };
        let mut lines = Vec::new();
        for group in Group::ALL {
            let rows: Vec<_> = ACTIONS.iter().filter(|row| row.group == group && fits(row)).collect();
            if rows.is_empty() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(Line::Blank);
            }
            lines.push(Line::Title(group));
            lines.extend(rows.into_iter().map(Line::Row));
        }
        lines
    }

    /// Brings the place within what there is, for a screen with room for so many lines.
    pub fn fit(&mut self, lines: usize, height: usize) {
        (self.lines, self.height) = (lines, height);
        self.scroll = self.scroll.min(self.last());
    }

    pub fn step(&mut self, step: Step) {
        self.scroll = step.from(self.scroll, self.last());
    }

    /// A page, less a line to keep the place by.
    pub fn page(&self) -> isize {
        isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    pub fn scroll(&self) -> usize {
        self.scroll
    }

    fn last(&self) -> usize {
        self.lines.saturating_sub(self.height)
    }
}
