//! The MCP server: transports bring messages, connections take them through the interceptor chain, dispatch answers them
//! from the engine. A transport knows bytes and approved messages, nothing else.

mod batch;
pub mod connection;
mod dispatch;
pub mod http;
mod lines;
pub mod link;
pub mod local;
pub mod sessions;
pub mod stdio;
mod surface;
pub mod tracker;

use std::sync::Arc;

use crate::engine::Engine;
use surface::Surface;

/// What all connections of a process share. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    pub engine: Arc<Engine>,
    surface: Arc<Surface>,
}

impl Server {
    pub fn new(engine: Arc<Engine>) -> Self {
        let surface = Arc::new(Surface::of(&engine));
        Self { engine, surface }
    }

    /// The `tools` member of `tools/list`, as JSON text.
    pub fn tool_listing(&self) -> &str {
        &self.surface.tools
    }
}
