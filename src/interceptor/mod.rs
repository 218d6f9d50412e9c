//! The one choke point. Every message in and out, on every transport and our own rejections too, passes the [`Chain`];
//! a transport can write only what the chain has approved.

pub mod builtin;
pub mod chain;
pub mod decider;
pub mod filter;
pub mod legality;
pub mod message;
pub mod passage;
pub mod pause;

pub use chain::{Approved, Chain, Verdict};
pub use decider::{Action, Decider, OnFailure, Registration};
pub use filter::Filter;
pub use message::{Direction, Header, Kind, Message, Outcome};
pub use passage::{Did, Observer, Passage, Step};

use bytes::Bytes;

/// Takes out of a message what nobody may read. None where there is nothing of that kind in it.
pub type Scrub = std::sync::Arc<dyn Fn(&Bytes) -> Option<Bytes> + Send + Sync>;
