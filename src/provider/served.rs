//! One configured provider: where it is reached, what it serves, and how it has done so far.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::config;
use crate::id::ProviderId;
use crate::provider::allowed::Allowed;
use crate::provider::breaker::{Breakers, Pass, Resting};
use crate::provider::bulkhead::Bulkhead;
use crate::provider::catalogue::{BadCatalogue, Provider};
use crate::provider::endpoint::{BadEndpoint, Endpoint};
use crate::provider::failure::{Class, Fault};
use crate::provider::health::{Figures, Health, LastError, Measured};
use crate::provider::lesson::Lessons;
use crate::provider::model::Model;
use crate::provider::overlay::Overlays;
use crate::provider::retry::RetryBudget;
use crate::provider::switched::Switched;
use crate::unit::MicroUsd;

/// A provider that can be asked.
#[derive(Debug)]
pub(super) struct Served {
    pub provider: Provider,
    pub endpoint: Endpoint,
    pub key_from: Option<config::KeyFrom>,
    /// In the order of the catalogue, the user's own first.
    pub models: Vec<Arc<Model>>,
    /// Known by name, and asked only by it: in no list, and never chosen for the caller.
    pub unlisted: Vec<Arc<Model>>,
    /// Known by name, but not allowed here.
    pub forbidden: Vec<Arc<Model>>,
    pub allowed: Allowed,
    pub switched: Switched,
    pub bulkhead: Bulkhead,
    pub breakers: Breakers,
    pub retries: RetryBudget,
    pub lessons: Lessons,
    clock: Clock,
    tally: Mutex<Tally>,
}

/// What a provider has done since the process started.
#[derive(Debug, Default)]
struct Tally {
    answered: u64,
    failed: u64,
    last_latency: Option<Duration>,
    /// Of the answers whose cost is known.
    spent: MicroUsd,
    cost_unknown: u64,
    health: Health,
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
    /// Of its last requests.
    pub figures: Figures,
    /// What the answers cost at least: those of unknown cost are not in it.
    pub spent: MicroUsd,
    /// Answers of unknown cost.
    pub cost_unknown: u64,
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

/// Everything that is wrong with the providers as they are configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadProviders(pub Vec<BadProvider>);

impl fmt::Display for BadProviders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problems: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&problems.join("\n"))
    }
}

impl std::error::Error for BadProviders {}

impl Status {
    /// A provider that is known and not configured.
    pub(super) fn unconfigured(provider: &Provider) -> Self {
        Self {
            provider: provider.id.clone(),
            title: provider.title.clone(),
            configured: false,
            variable: provider.variable.clone(),
            models: 0,
            answered: 0,
            failed: 0,
            last_latency: None,
            last_failure: None,
            resting: Vec::new(),
            figures: Figures::default(),
            spent: MicroUsd(0),
            cost_unknown: 0,
        }
    }
}

impl Served {
    pub fn new(
        provider: &Provider,
        configured: &config::Endpoint,
        overlays: &Overlays,
        care: &config::Resilience,
        clock: Clock,
    ) -> Result<Self, BadProvider> {
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
        Ok(Self {
            provider: provider.clone(),
            endpoint,
            key_from: configured.key_from.clone(),
            models,
            unlisted,
            forbidden,
            allowed,
            switched: Switched::default(),
            bulkhead: Bulkhead::new(&care.bulkhead),
            breakers: Breakers::new(&care.breaker, clock),
            retries: RetryBudget::new(&care.retry),
            lessons: Lessons::default(),
            clock,
            tally: Mutex::default(),
        })
    }

    /// Those of its models that can be chosen now: all that are offered and not switched off.
    pub fn choosable(&self) -> impl Iterator<Item = &Arc<Model>> {
        self.models.iter().filter(|model| self.is_on(model))
    }

    /// Whether the model is not switched off by hand.
    pub fn is_on(&self, model: &Model) -> bool {
        self.switched.off(&model.id).is_none()
    }

    /// Whether a model of this name would be asked here, were it not switched off by hand.
    pub fn has_off(&self, name: &str) -> bool {
        let known = || self.models.iter().chain(&self.unlisted);
        let would = || self.provider.undeclared(name).is_some() && self.allowed.permits_name(name);
        known().any(|model| model.is_named(name) && !self.is_on(model)) || self.switched.is_whole() && would()
    }

    /// What its restriction or a person's hand leaves, where that is no model that could be chosen.
    pub fn restriction(&self) -> Option<String> {
        if !self.models.is_empty() && self.choosable().next().is_none() {
            return Some(format!("{}'s models are switched off by hand until zen ends", self.provider.title));
        }
        if self.allowed.is_empty() || !self.models.is_empty() {
            return None;
        }
        let (variable, names, title) = (self.provider.allowed_variable(), self.allowed.names(), &self.provider.title);
        let known = self.forbidden.iter().filter(|model| model.offered).count();
        Some(format!("{variable} allows {names}, and of {title}'s {known} models that leaves none"))
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

    /// A request has been answered, at this cost where it is known.
    pub fn answered(&self, pass: Pass<'_>, measured: Measured, cost: Option<MicroUsd>) {
        pass.answered();
        let mut tally = self.tally_mut();
        tally.answered += 1;
        tally.last_latency = Some(measured.total);
        tally.health.answered(self.clock.now(), measured);
        match cost {
            Some(MicroUsd(cost)) => tally.spent = MicroUsd(tally.spent.0.saturating_add(cost)),
            None => tally.cost_unknown += 1,
        }
    }

    /// A request that failed was paid for all the same.
    pub fn charged(&self, MicroUsd(cost): MicroUsd) {
        let mut tally = self.tally_mut();
        tally.spent = MicroUsd(tally.spent.0.saturating_add(cost));
    }

    /// A request has failed. `words` are the fault's own, fit to be shown.
    pub fn failed(&self, pass: Pass<'_>, fault: &Fault, words: String) {
        pass.failed(fault);
        let mut tally = self.tally_mut();
        tally.failed += 1;
        let error = LastError { class: fault.class, message: words, at: self.clock.wall() };
        tally.health.failed(self.clock.now(), error);
    }

    /// Points that its models' scores are lowered by while it fails.
    pub fn penalty(&self) -> u8 {
        self.tally_mut().health.penalty(self.clock.now())
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        let tally = self.tally_mut();
        let figures = tally.health.figures(self.clock.now());
        Status {
            configured: true,
            models: self.models.len(),
            answered: tally.answered,
            failed: tally.failed,
            last_latency: tally.last_latency,
            last_failure: figures.last_error.as_ref().map(|error| error.class),
            resting: self.breakers.resting(),
            figures,
            spent: tally.spent,
            cost_unknown: tally.cost_unknown,
            ..Status::unconfigured(&self.provider)
        }
    }

    fn tally_mut(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
