//! Tools that answer in one call. They do not know each other.

pub mod apilookup;
pub mod challenge;
pub mod chat;
pub mod listmodels;
pub mod listthreads;
pub mod usage;
pub mod version;
