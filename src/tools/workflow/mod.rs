//! Tools that lead an agent through an investigation step by step. Each is a declaration of fields, phases and rules; the
//! one engine runs them all. They do not know each other.

pub mod analyze;
pub mod codereview;
pub mod debug;
pub mod docgen;
pub mod engine;
pub mod planner;
pub mod precommit;
pub mod refactor;
pub mod secaudit;
pub mod testgen;
pub mod thinkdeep;
pub mod tracer;

#[cfg(test)]
mod tests;
