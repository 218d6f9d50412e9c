//! The interceptors that come with zen. They do not know each other.

pub mod message_log;
