//! What the face costs, each figure beside its goal: `cargo bench --bench tui`. Frames are drawn without a terminal; the rest
//! is the program itself in a pseudo-terminal, counted from `/proc`.

/// What is drawn, and what runs.
mod face {
    pub mod frames;
    pub mod program;
}

/// Shared with the other table.
mod figures {
    #[allow(dead_code, reason = "the other bench uses the rest")]
    pub mod samples;
    #[allow(dead_code, reason = "the other bench uses the rest")]
    pub mod table;
}

use std::io::Write as _;

use figures::table::Figure;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", Figure::heading())?;
    for figure in face::frames::figures()? {
        writeln!(out, "{figure}")?;
    }
    for figure in face::program::figures()? {
        writeln!(out, "{figure}")?;
    }
    Ok(())
}
