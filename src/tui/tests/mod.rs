//! The face as a whole: what it shows for given updates, what keys do, and that nothing foreign reaches the terminal.

mod any;
mod asking;
mod budgets;
mod finding;
mod frames;
mod gallery;
mod glance;
mod hands;
mod hostile;
mod looped;
mod manners;
mod pictures;
mod questioned;
pub(super) mod sample;
mod steering;
mod switches;
mod talking;
mod totals;
