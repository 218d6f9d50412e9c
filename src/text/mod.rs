//! Text as such: made harmless to a terminal, measured, cut and wrapped in terminal cells, the known word that a
//! mistyped one was meant to be, and the forms of a search. Knows nothing of what the text is about.

mod cut;
pub mod nearest;
mod sanitise;
pub mod terms;

pub use cut::{cut, pad, pad_start, width, wrap, wrap_from};
pub use sanitise::{is_harmless, sanitise, sanitise_line};
