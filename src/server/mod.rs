//! The MCP server: transports bring messages, connections take them through the interceptor chain, dispatch answers them
//! from the engine. A transport knows bytes and approved messages, nothing else.

mod asked;
pub mod asking;
mod batch;
pub mod connection;
mod dispatch;
pub mod http;
mod lines;
pub mod link;
pub mod local;
mod own;
mod running;
pub mod sessions;
pub mod stdio;
mod subscriptions;
pub mod surface;
mod tasks;
pub mod tracker;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::Instant;

use crate::engine::Engine;
use crate::mcp::error::{INTERNAL_ERROR, RpcError};
use crate::mcp::state::Seal;
use own::Own;
use subscriptions::Subscriptions;
use surface::{Offers, Surface};
use tasks::Tasks;

/// What all connections of a process share. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    pub engine: Arc<Engine>,
    shared: Arc<Shared>,
}

struct Shared {
    surface: Arc<dyn Surface>,
    offers: RwLock<Arc<Offers>>,
    subscriptions: Subscriptions,
    tasks: Tasks,
    /// Made when a client is first asked something that it answers in another request.
    seal: OnceLock<Seal>,
    began: Instant,
}

impl Server {
    /// A server of zen's own tools, prompts and resources.
    pub fn new(engine: Arc<Engine>) -> Self {
        let own = Own::of(Arc::clone(&engine));
        Self::offering(engine, Arc::new(own))
    }

    /// A server of something else: the engine brings the chain, the limits and the clock.
    pub fn offering(engine: Arc<Engine>, surface: Arc<dyn Surface>) -> Self {
        let shared = Shared {
            offers: RwLock::new(Arc::new(Offers::of(&*surface))),
            surface,
            subscriptions: Subscriptions::default(),
            tasks: Tasks::new(engine.clock),
            seal: OnceLock::new(),
            began: engine.clock.now(),
        };
        Self { engine, shared: Arc::new(shared) }
    }

    fn surface(&self) -> &Arc<dyn Surface> {
        &self.shared.surface
    }

    /// What is offered now, made anew where that has changed.
    fn offers(&self) -> Arc<Offers> {
        let (surface, edition) = (&*self.shared.surface, self.shared.surface.edition());
        {
            let known = self.shared.offers.read().unwrap_or_else(PoisonError::into_inner);
            if known.edition == edition {
                return Arc::clone(&known);
            }
        }
        let made = Arc::new(Offers::of(surface));
        *self.shared.offers.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&made);
        made
    }

    fn subscriptions(&self) -> &Subscriptions {
        &self.shared.subscriptions
    }

    fn tasks(&self) -> &Tasks {
        &self.shared.tasks
    }

    fn seal(&self) -> Result<&Seal, RpcError> {
        if let Some(seal) = self.shared.seal.get() {
            return Ok(seal);
        }
        let made = Seal::new().map_err(|error| RpcError::new(INTERNAL_ERROR, error.to_string()))?;
        Ok(self.shared.seal.get_or_init(|| made))
    }

    /// How long it has been there.
    fn age(&self) -> Duration {
        self.engine.clock.elapsed(self.shared.began)
    }
}
