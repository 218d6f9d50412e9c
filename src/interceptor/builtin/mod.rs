//! The interceptors that come with zen. They do not know each other.

pub mod message_log;
pub mod rate_limit;
pub mod redaction;
pub mod rules;
pub mod size_guard;
