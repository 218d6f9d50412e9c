//! The one choke point. Every message in and out, on every transport and our own rejections too, passes the [`Chain`];
//! a transport can write only what the chain has approved.

pub mod builtin;
pub mod chain;
pub mod message;

pub use chain::{Action, Approved, Chain, Decider, Observer, Passage, Verdict};
pub use message::{Direction, Header, Kind, Message, Outcome};
