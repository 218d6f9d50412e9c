//! What zen says about itself. The log; it goes to a file, as stdout belongs to the protocol. What a person watches
//! comes from the event bus, not from here.

pub mod log;
pub mod metrics;

mod file;
mod timestamp;
