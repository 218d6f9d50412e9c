//! One configured provider: where it is reached, what it serves, and how it has done so far.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config;
use crate::id::ProviderId;
use crate::provider::catalogue::{BadCatalogue, Provider};
use crate::provider::endpoint::{BadEndpoint, Endpoint};
use crate::provider::failure::Class;
use crate::provider::model::Model;

/// A provider that can be asked.
#[derive(Debug)]
pub(super) struct Served {
    pub provider: Provider,
    pub endpoint: Endpoint,
    /// In the order of the catalogue, the user's own first.
    pub models: Vec<Arc<Model>>,
    /// Known by name, but not served through a format that zen speaks.
    pub unserved: Vec<Arc<Model>>,
    tally: Mutex<Tally>,
}

/// What a provider has done since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub answered: u64,
    pub failed: u64,
    pub last_latency: Option<Duration>,
    pub last_failure: Option<Class>,
}

/// How a provider stands, whether it is configured or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    pub provider: ProviderId,
    /// For people.
    pub title: String,
    pub configured: bool,
    /// The environment variable that sets it up.
    pub variable: String,
    /// How many models it offers; 0 where it is not configured.
    pub models: usize,
    /// Answers and failures since the process started; a cancelled call is neither.
    pub answered: u64,
    pub failed: u64,
    /// Of the last answer.
    pub last_latency: Option<Duration>,
    pub last_failure: Option<Class>,
}

/// Why a provider cannot be served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadProvider {
    #[error(transparent)]
    Endpoint(#[from] BadEndpoint),
    #[error("zen's own data is damaged: {0}")]
    Catalogue(#[from] BadCatalogue),
    #[error("'{0}' is no provider that zen knows")]
    Unknown(String),
}

impl Served {
    pub fn new(provider: &Provider, configured: &config::Endpoint) -> Result<Self, BadProvider> {
        let endpoint = Endpoint::new(provider, configured)?;
        let known = provider.models()?;
        let own = configured.models.iter().filter(|name| !known.iter().any(|model| model.is_named(name)));
        let own: Vec<Model> = own.map(|name| provider.configured(name)).collect();
        let all = own.into_iter().chain(known).map(Arc::new);
        let (unserved, models) = all.partition(|model| model.responses_only);
        Ok(Self { provider: provider.clone(), endpoint, models, unserved, tally: Mutex::default() })
    }

    pub fn answered(&self, latency: Duration) {
        let mut tally = self.tally_mut();
        tally.answered += 1;
        tally.last_latency = Some(latency);
    }

    pub fn failed(&self, class: Class) {
        if class != Class::Cancelled {
            let mut tally = self.tally_mut();
            tally.failed += 1;
            tally.last_failure = Some(class);
        }
    }

    pub fn tally(&self) -> Tally {
        *self.tally_mut()
    }

    fn tally_mut(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
