//! Switches that people turn by hand while zen runs: tools, models, providers, interceptors. Each turn is said on the bus
//! and in the log with who did it, and the last ones are kept to be looked up.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Engine, toolbox};
use crate::event::Event;
use crate::id::{Counter, ModelId, ProviderId, SwitchSeq};
use crate::provider::switched;
use crate::unit::UnixMillis;

/// Turns that are kept. A watcher looks one up as soon as it hears of it.
const KEPT: usize = 256;

/// What a switch is of.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Switchable {
    /// By name: it is offered to agents or not.
    Tool(String),
    Model {
        provider: ProviderId,
        model: ModelId,
    },
    /// All of its models.
    Provider(ProviderId),
    /// A rule or another decider of messages, by name.
    Interceptor(String),
}

/// A switch that was turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switching {
    pub seq: SwitchSeq,
    pub at: UnixMillis,
    pub what: Switchable,
    /// How it stands since.
    pub on: bool,
    /// The user, as the system numbers them.
    pub uid: u32,
}

/// Why a switch stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSwitch {
    #[error(transparent)]
    Tool(#[from] toolbox::CannotSwitch),
    #[error(transparent)]
    Model(#[from] switched::CannotSwitch),
    #[error("no interceptor is named '{0}'")]
    Interceptor(String),
}

/// The turns so far, the last ones in full.
#[derive(Debug, Default)]
pub struct Switchings {
    turned: Counter,
    kept: Mutex<VecDeque<Switching>>,
}

impl Switchings {
    /// The turn of this number, while it is kept.
    pub fn get(&self, seq: SwitchSeq) -> Option<Switching> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().find(|turned| turned.seq == seq).cloned()
    }

    fn keep(&self, what: Switchable, on: bool, uid: u32, at: UnixMillis) -> SwitchSeq {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = SwitchSeq(self.turned.next());
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(Switching { seq, at, what, on, uid });
        seq
    }
}

impl Engine {
    /// Turns a switch in the name of a user, until zen ends or it is turned again; calls in flight go on. Says
    /// [`Event::Switched`] where that makes a difference.
    ///
    /// # Errors
    /// There is no such switch, or it may not be turned so: then nothing has changed.
    pub fn switch(&self, what: Switchable, on: bool, uid: u32) -> Result<(), CannotSwitch> {
        let changed = match &what {
            Switchable::Tool(name) => {
                let changed = self.toolbox.switch(name, on)?;
                self.tell_of_tools(changed);
                changed
            }
            Switchable::Model { provider, model } => self.models.switch(provider, Some(model), on)?,
            Switchable::Provider(provider) => self.models.switch(provider, None, on)?,
            Switchable::Interceptor(name) => self.switch_interceptor(name, on)?,
        };
        if changed {
            tracing::info!(%what, on, uid, "switched by hand");
            let seq = self.switchings.keep(what, on, uid, self.clock.wall());
            self.bus.say(Event::Switched(seq));
        }
        Ok(())
    }

    /// All of that name.
    fn switch_interceptor(&self, name: &str, on: bool) -> Result<bool, CannotSwitch> {
        let mut meant = self.chain.registered();
        meant.retain(|one| *one.name == *name);
        if meant.is_empty() {
            return Err(CannotSwitch::Interceptor(name.to_owned()));
        }
        let changed = meant.iter().any(|one| one.tally.is_on() != on);
        meant.iter().for_each(|one| one.tally.switch(on));
        Ok(changed)
    }
}

impl fmt::Display for Switchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool(name) | Self::Interceptor(name) => f.write_str(name),
            Self::Model { provider, model } => write!(f, "{provider}/{model}"),
            Self::Provider(provider) => write!(f, "all of {provider}"),
        }
    }
}
