//! Text as it is shown: made harmless to a terminal, and measured, cut and wrapped in terminal cells. Knows nothing of
//! what the text is about.

mod cut;
mod sanitise;

pub use cut::{cut, pad, pad_start, width, wrap, wrap_from};
pub use sanitise::{sanitise, sanitise_line};
