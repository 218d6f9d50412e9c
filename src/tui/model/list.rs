//! A cursor over rows of which only a window is seen. Knows numbers and no rows.

use std::ops::Range;

/// Where the cursor is, and which row is the first on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    pub cursor: usize,
    offset: usize,
}

/// A step of the cursor or of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    By(isize),
    Top,
    Bottom,
}

impl Step {
    /// Where the step leads from `at`, with `last` the furthest place.
    pub fn from(self, at: usize, last: usize) -> usize {
        match self {
            Self::By(rows) => at.saturating_add_signed(rows).min(last),
            Self::Top => 0,
            Self::Bottom => last,
        }
    }
}

impl List {
    pub fn step(&mut self, step: Step, len: usize) {
        self.cursor = step.from(self.cursor, len.saturating_sub(1));
    }

    /// Brings the cursor within `len` rows, and the window to the cursor.
    pub fn fit(&mut self, len: usize, height: usize) {
        self.cursor = self.cursor.min(len.saturating_sub(1));
        let height = height.max(1);
        self.offset = self.offset.min(len.saturating_sub(height));
        self.offset = self.offset.clamp(self.cursor.saturating_sub(height - 1), self.cursor);
    }

    /// A row went away at the front; the cursor stays on its row.
    pub fn lose_first(&mut self) {
        self.cursor = self.cursor.saturating_sub(1);
        self.offset = self.offset.saturating_sub(1);
    }

    /// Rows for a place of another height than the list is fitted to: from the first on, as far as the cursor needs.
    pub fn around(&self, len: usize, height: usize) -> Range<usize> {
        let first = (self.cursor + 1).saturating_sub(height).min(len);
        first..len.min(first.saturating_add(height))
    }

    /// The rows on screen.
    pub fn window(&self, len: usize, height: usize) -> Range<usize> {
        let first = self.offset.min(len);
        first..len.min(first.saturating_add(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_cursor_and_never_shows_less_than_it_could() {
        let mut list = List::default();
        list.step(Step::By(12), 20);
        list.fit(20, 5);
        assert_eq!(list.window(20, 5), 8..13);
        list.fit(10, 5);
        assert_eq!((list.cursor, list.window(10, 5)), (9, 5..10));
        list.step(Step::Top, 10);
        list.fit(10, 50);
        assert_eq!(list.window(10, 50), 0..10);
    }
}
