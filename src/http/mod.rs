//! What every HTTP endpoint of zen shares: accepting connections, bounded bodies, event streams, and an end that lets
//! answers out. Knows no routes.

pub mod body;
mod patient;
pub mod serve;
pub mod sse;
