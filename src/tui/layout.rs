//! Where things stand at a terminal size: one pure function that both the update (pages, wrapping) and the view ask.

use ratatui::layout::Rect;

/// How much a terminal has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Too small for anything but a sentence.
    Notice,
    /// From 40x10: one pane without borders.
    Minimal,
    /// From 60x16: one pane at a time.
    Single,
    /// From 90 columns: list and reader side by side.
    Wide,
}

/// The screen's regions. In all but the wide layout `list` and `reader` are the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    pub breadth: Breadth,
    pub header: Rect,
    pub body: Rect,
    pub list: Rect,
    pub reader: Rect,
    pub footer: Rect,
}

/// The regions of the screen of budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetAreas {
    pub window: Rect,
    pub decided: Rect,
    pub spent: Rect,
}

/// The regions of a terminal of this size.
pub fn areas((width, height): (u16, u16)) -> Areas {
    let breadth = match (width, height) {
        (..40, _) | (_, ..10) => Breadth::Notice,
        (..60, _) | (_, ..16) => Breadth::Minimal,
        (..90, _) => Breadth::Single,
        _ => Breadth::Wide,
    };
    let head = if breadth == Breadth::Minimal { 1 } else { 2 }.min(height);
    let foot = 1.min(height - head);
    let body = Rect::new(0, head, width, height - head - foot);
    let (list, reader) = if breadth == Breadth::Wide {
        let list = (width * 2 / 5).clamp(46, 80);
        (Rect { width: list, ..body }, Rect { x: list, width: width - list, ..body })
    } else {
        (body, body)
    };
    Areas {
        breadth,
        header: Rect::new(0, 0, width, head),
        body,
        list,
        reader,
        footer: Rect::new(0, height - foot, width, foot),
    }
}

impl Areas {
    /// What a pane in `area` has inside its border, and beside its margin of one cell.
    pub fn inside(&self, area: Rect) -> Rect {
        match self.breadth {
            Breadth::Notice | Breadth::Minimal => area,
            Breadth::Single | Breadth::Wide => Rect {
                x: area.x + 1,
                y: area.y + 1,
                width: area.width.saturating_sub(2),
                height: area.height.saturating_sub(2),
            },
        }
    }

    /// Lines that one row of the list of threads takes.
    pub fn row_height(&self) -> u16 {
        if self.breadth == Breadth::Minimal { 1 } else { 2 }
    }

    /// Threads that are seen at one time, under the column heads.
    pub fn thread_rows(&self) -> usize {
        usize::from(self.inside(self.list).height.saturating_sub(1) / self.row_height())
    }

    /// Messages that are seen at one time, under the column heads.
    pub fn message_rows(&self) -> usize {
        usize::from(self.inside(self.body).height.saturating_sub(1))
    }

    /// The list of models: the body, or its upper part where what is known of one stands below.
    pub fn models(&self) -> Rect {
        match self.model_detail() {
            Some(detail) => Rect { height: self.body.height - detail.height, ..self.body },
            None => self.body,
        }
    }

    /// Where what is known of the selected model stands; None where the terminal is too small for both.
    pub fn model_detail(&self) -> Option<Rect> {
        let wide = self.breadth == Breadth::Wide && self.body.height >= DETAIL_FROM;
        wide.then(|| Rect { y: self.body.y + self.body.height - MODEL_DETAIL, height: MODEL_DETAIL, ..self.body })
    }

    /// Models that are seen at one time, under the column heads.
    pub fn model_rows(&self) -> usize {
        usize::from(self.inside(self.models()).height.saturating_sub(1))
    }

    /// The regions of the screen of budgets. Where there is no room for what was spent, that one is empty.
    pub fn budget(&self) -> BudgetAreas {
        let Rect { x, y, width, height } = self.body;
        let window = match self.breadth {
            Breadth::Notice | Breadth::Minimal => 3,
            Breadth::Single | Breadth::Wide => 5,
        }
        .min(height);
        let rest = Rect { y: y + window, height: height - window, ..self.body };
        let window = Rect { height: window, ..self.body };
        match self.breadth {
            Breadth::Notice | Breadth::Minimal => {
                BudgetAreas { window, decided: rest, spent: Rect { height: 0, ..rest } }
            }
            Breadth::Single => {
                let spent = SPENT.min(rest.height / 2);
                let decided = Rect { height: rest.height - spent, ..rest };
                BudgetAreas { window, decided, spent: Rect { y: decided.y + decided.height, height: spent, ..rest } }
            }
            Breadth::Wide => {
                let left = width * 11 / 20;
                let (decided, spent) =
                    (Rect { width: left, ..rest }, Rect { x: x + left, width: width - left, ..rest });
                BudgetAreas { window, decided, spent }
            }
        }
    }

    /// Lines and columns of what was decided.
    pub fn decided_text(&self) -> (usize, usize) {
        let inside = self.inside(self.budget().decided);
        (usize::from(inside.height), usize::from(inside.width).saturating_sub(2))
    }

    /// Lines and columns of a turn's text, beside its gutter.
    pub fn reader_text(&self) -> (usize, usize) {
        let inside = self.inside(self.reader);
        (usize::from(inside.height), usize::from(inside.width).saturating_sub(GUTTER * 2))
    }

    /// Lines and columns of a message's text.
    pub fn detail_text(&self) -> (usize, usize) {
        let inside = self.inside(self.body);
        (usize::from(inside.height.saturating_sub(DETAIL_HEAD)), usize::from(inside.width).saturating_sub(GUTTER * 2))
    }
}

/// Lines of the help that are seen at one time, within its frame.
pub fn help_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(HELP_FRAME))
}

/// Lines that a dialog over the whole height gives to its frame and margins.
const HELP_FRAME: u16 = 4;
/// Cells of a line in a dialog that is written in, at most.
const DIALOG: usize = 84;

/// Cells of a line in a dialog that is written in or read.
pub fn dialog_width((width, _): (u16, u16)) -> usize {
    DIALOG.min(usize::from(width.saturating_sub(6)))
}

/// Rows for what is written in a dialog: what its frame, three lines above and one below leave.
pub fn compose_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(HELP_FRAME + 4)).clamp(1, COMPOSE)
}

/// Rows for a text that is read in a dialog.
pub fn sheet_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(HELP_FRAME + 2)).max(1)
}

/// Lines of a changed message that are seen at one time.
pub fn rewritten_rows(size: (u16, u16)) -> usize {
    sheet_rows(size).saturating_sub(1).max(1)
}

/// Switches that are seen at one time: what the frame, the heads and three lines below leave.
pub fn switch_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(HELP_FRAME + 5)).max(1)
}

/// Rows of a message that are seen at one time, at most.
const COMPOSE: usize = 14;
/// Entries of the palette that are seen at most.
const PALETTE: usize = 12;

/// Entries of the palette that are seen at one time, under the line that is written.
pub fn palette_rows((_, height): (u16, u16)) -> usize {
    usize::from(height.saturating_sub(HELP_FRAME + 2)).min(PALETTE)
}

/// Lines of what was spent where it stands below the rest, its border included.
const SPENT: u16 = 8;
/// Lines of what is known of a model, its border included, and the body's height from which it is shown.
const MODEL_DETAIL: u16 = 11;
const DETAIL_FROM: u16 = 20;
/// Free cells on either side of a text.
pub const GUTTER: usize = 2;
/// Lines above an opened message that say what it is.
pub const DETAIL_HEAD: u16 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_regions_within_the_screen() {
        for width in 0..220 {
            for height in 0..70 {
                let areas = areas((width, height));
                let screen = Rect::new(0, 0, width, height);
                for area in
                    [areas.header, areas.list, areas.reader, areas.budget().spent, areas.budget().decided, areas.footer]
                {
                    assert_eq!(area.intersection(screen), area, "{width}x{height}");
                }
            }
        }
    }

    #[test]
    fn the_layout_changes_at_its_named_sizes() {
        let breadth = |width, height| areas((width, height)).breadth;
        assert_eq!(breadth(39, 9), Breadth::Notice);
        assert_eq!(breadth(40, 10), Breadth::Minimal);
        assert_eq!(breadth(60, 20), Breadth::Single);
        assert_eq!(breadth(90, 24), Breadth::Wide);
    }
}
