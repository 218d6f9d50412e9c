//! A table as lines of aligned columns. One that is wider than its place is wrapped there like any text.

use crate::text;

/// Cells of a column; what is longer pushes its row out of line, and nothing is cut.
const MAX_COLUMN: usize = 40;
/// Columns that are kept.
const MAX_COLUMNS: usize = 32;
const BETWEEN: &str = " │ ";

/// A table that is being read: its first row is its head.
#[derive(Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    row: Vec<String>,
    cell: String,
}

impl Table {
    pub fn push(&mut self, said: &str) {
        self.cell.push_str(said);
    }

    pub fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if self.row.len() < MAX_COLUMNS {
            self.row.push(cell);
        }
    }

    pub fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// The head, a rule, and the rows.
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| text::width(cell)).max().unwrap_or_default().min(MAX_COLUMN)
            })
            .collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| line(row, &widths)).collect();
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        if !lines.is_empty() {
            lines.insert(1, rule.join("─┼─"));
        }
        lines
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let last = row.len().saturating_sub(1);
    let mut line = String::new();
    for (at, (cell, width)) in row.iter().zip(widths).enumerate() {
        line.push_str(cell);
        if at < last {
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(text::width(cell))));
            line.push_str(BETWEEN);
        }
    }
    line
}
