//! The scripted provider, in this process and on a runtime of its own: what it costs is in the floor of every figure.

use tokio::runtime::{Builder, Runtime};
use zen::rehearsal::{Recorded, Rehearsal, Script};

use crate::Outcome;

/// The model that is asked.
pub const MODEL: &str = "gemini-2.5-flash";

pub struct Provider {
    pub rehearsal: Rehearsal,
    runtime: Runtime,
}

impl Provider {
    pub fn start(script: impl Into<Script>) -> Outcome<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let rehearsal = {
            let _entered = runtime.enter();
            Rehearsal::start(script)?
        };
        Ok(Self { rehearsal, runtime })
    }

    /// Waits for one more request.
    pub fn next_request(&self) -> Recorded {
        self.runtime.block_on(self.rehearsal.next_request())
    }
}
