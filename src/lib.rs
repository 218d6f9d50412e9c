//! zen lets a coding agent consult other models through MCP, keeps the thread of such consultations, and lets a person
//! watch and steer them. The rooms stand in the order in which a request travels; `ARCHITECTURE.md` describes them.

pub mod cli;
pub mod tui;
pub mod control;
pub mod server;
pub mod engine;
pub mod interceptor;
pub mod mcp;
pub mod tools;
pub mod insight;
pub mod thread;
pub mod file;
pub mod provider;
pub mod telemetry;
pub mod rehearsal;
pub mod http;
pub mod config;
pub mod text;

pub mod budget;
pub mod clock;
pub mod event;
pub mod id;
pub mod process;
pub mod secret;
pub mod shutdown;
pub mod token;
pub mod unit;
