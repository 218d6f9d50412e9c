//! MCP over HTTP, spoken to by a raw client over real TCP connections.

mod codes;
mod connections;
mod leaving;
mod sdk;
mod serve;
mod siege;
#[cfg(feature = "websocket")]
pub mod websocket;
