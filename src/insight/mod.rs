//! Watches the steps of one line of thought: whether it goes round in circles, leaves its question, thins out, or has
//! its answer already. Pure over text and numbers: no I/O, no clock, no model. It advises and never decides.

pub mod doubt;
pub mod monitor;
pub mod thresholds;
pub mod verdict;

mod answer;
mod drift;
mod repeat;
mod sketch;
mod stop;
mod trend;
mod words;

#[cfg(test)]
mod tests;
