//! The Model Context Protocol as text: what a message is, which versions there are, and how results are written in each
//! era. Pure: no I/O, no state, no tools.

pub mod codec;
pub mod envelope;
pub mod error;
pub mod schema;
pub mod state;
pub mod version;
