//! One configured provider: where it is reached, what it serves, and how it has done so far.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::config;
use crate::id::ProviderId;
use crate::provider::breaker::{Breakers, Pass, Resting};
use crate::provider::bulkhead::Bulkhead;
use crate::provider::catalogue::{BadCatalogue, Provider};
use crate::provider::endpoint::{BadEndpoint, Endpoint};
use crate::provider::failure::{Class, Fault};
use crate::provider::model::Model;
use crate::provider::retry::RetryBudget;

/// A provider that can be asked.
#[derive(Debug)]
pub(super) struct Served {
    pub provider: Provider,
    pub endpoint: Endpoint,
    /// In the order of the catalogue, the user's own first.
    pub models: Vec<Arc<Model>>,
    /// Known by name, but not served through a format that zen speaks.
    pub unserved: Vec<Arc<Model>>,
    pub bulkhead: Bulkhead,
    pub breakers: Breakers,
    pub retries: RetryBudget,
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
    /// Requests that were answered and that failed since the process started; a cancelled one is neither.
    pub answered: u64,
    pub failed: u64,
    /// Of the last answer.
    pub last_latency: Option<Duration>,
    pub last_failure: Option<Class>,
    /// What of it is left alone for now.
    pub resting: Vec<Resting>,
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
    pub fn new(
        provider: &Provider,
        configured: &config::Endpoint,
        care: &config::Resilience,
        clock: Clock,
    ) -> Result<Self, BadProvider> {
        let endpoint = Endpoint::new(provider, configured)?;
        let known = provider.models()?;
        let own = configured.models.iter().filter(|name| !known.iter().any(|model| model.is_named(name)));
        let own: Vec<Model> = own.map(|name| provider.configured(name)).collect();
        let all = own.into_iter().chain(known).map(Arc::new);
        let (unserved, models) = all.partition(|model| model.responses_only);
        Ok(Self {
            provider: provider.clone(),
            endpoint,
            models,
            unserved,
            bulkhead: Bulkhead::new(&care.bulkhead),
            breakers: Breakers::new(&care.breaker, clock),
            retries: RetryBudget::new(&care.retry),
            tally: Mutex::default(),
        })
    }

    /// A request has ended: with this fault, or with an answer.
    pub fn settle(&self, pass: Pass<'_>, fault: Option<&Fault>, latency: Duration) {
        let mut tally = self.tally_mut();
        match fault {
            None => {
                pass.answered();
                tally.answered += 1;
                tally.last_latency = Some(latency);
            }
            Some(fault) => {
                pass.failed(fault);
                tally.failed += 1;
                tally.last_failure = Some(fault.class);
            }
        }
    }

    pub fn tally(&self) -> Tally {
        *self.tally_mut()
    }

    fn tally_mut(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
