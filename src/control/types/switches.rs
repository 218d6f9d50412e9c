//! Switches as they travel: what a person turns off and on, and that it was turned.

use serde::{Deserialize, Serialize};

pub use crate::engine::switching::{Switchable, Switching};
use crate::id::{ModelId, ProviderId};

/// Has a model asked or not, or without one all of the provider, until zen ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSwitch {
    pub provider: ProviderId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelId>,
    pub enabled: bool,
}

impl From<ModelSwitch> for Switchable {
    fn from(ModelSwitch { provider, model, .. }: ModelSwitch) -> Self {
        match model {
            Some(model) => Self::Model { provider, model },
            None => Self::Provider(provider),
        }
    }
}
