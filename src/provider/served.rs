//! One configured provider: where it is reached, what it serves, and how it has done so far.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::config;
use crate::id::ProviderId;
use crate::provider::allowed::Allowed;
use crate::provider::catalogue::{BadCatalogue, Provider};
use crate::provider::endpoint::{BadEndpoint, Endpoint};
use crate::provider::failure::Class;
use crate::provider::model::Model;
use crate::provider::overlay::Overlays;

/// A provider that can be asked.
#[derive(Debug)]
pub(super) struct Served {
    pub provider: Provider,
    pub endpoint: Endpoint,
    /// In the order of the catalogue, the user's own first.
    pub models: Vec<Arc<Model>>,
    /// Known by name, and asked only by it: in no list, and never chosen for the caller.
    pub unlisted: Vec<Arc<Model>>,
    /// Known by name, but not allowed here.
    pub forbidden: Vec<Arc<Model>>,
    pub allowed: Allowed,
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
    #[error(transparent)]
    Catalogue(#[from] BadCatalogue),
    #[error("'{0}' is no provider that zen knows")]
    Unknown(String),
}

impl Served {
    pub fn new(provider: &Provider, configured: &config::Endpoint, overlays: &Overlays) -> Result<Self, BadProvider> {
        let endpoint = Endpoint::new(provider, configured)?;
        let known = provider.models(overlays)?;
        let mut own = provider.configured(&configured.models)?;
        own.retain(|model| model.deployment.is_some() || !known.iter().any(|known| known.is_named(model.id.as_str())));
        // One that is named is wanted, whatever the catalogue thinks of it.
        let wanted = |model: &Model| configured.models.iter().any(|name| model.is_named(name));
        let known = known.into_iter().filter(|known| !own.iter().any(|own| own.id == known.id));
        let known = known.map(|model| Model { offered: model.offered || wanted(&model), ..model }).collect::<Vec<_>>();
        let allowed = Allowed::new(&configured.allowed);
        let all = own.into_iter().chain(known).map(Arc::new);
        let (permitted, forbidden): (Vec<_>, _) = all.partition(|model| allowed.permits(model));
        let (models, unlisted) = permitted.into_iter().partition(|model| model.offered);
        Ok(Self { provider: provider.clone(), endpoint, models, unlisted, forbidden, allowed, tally: Mutex::default() })
    }

    /// What a person should know of how it is set up.
    pub fn warnings(&self) -> Vec<String> {
        let known: Vec<&Model> =
            [&self.models, &self.unlisted, &self.forbidden].into_iter().flatten().map(|model| &**model).collect();
        let mut warnings = self.allowed.warnings(&self.provider, &known);
        if self.models.is_empty() && self.provider.undeclared.is_none() && self.allowed.is_empty() {
            let (title, id) = (&self.provider.title, &self.provider.id);
            warnings.push(format!("{title} has no models to ask: name its deployments in providers.{id}.models"));
        }
        warnings
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
