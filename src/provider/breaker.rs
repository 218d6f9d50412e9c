//! Leaves alone what keeps failing: a model after failures in a row, all models of a provider that refuses the key, a
//! model that limits our rate for as long as it says. Asks nobody; time comes from the clock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config;
use crate::id::ModelId;
use crate::provider::failure::{Class, Fault, Weight};

/// Models of one provider that are watched at one time. Names that no catalogue knows come from callers; the one longest
/// without trouble makes room.
const MAX_MODELS: usize = 256;

/// How a model, or the key of a provider, stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breaker {
    /// It is asked.
    #[default]
    Closed,
    /// It failed and is left alone.
    Open,
    /// It was left alone long enough: one call at a time tries it.
    HalfOpen,
    /// It limits our rate and is left alone until it takes more.
    CoolingDown,
}

/// A model that is not simply asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resting {
    /// None: every model, as the provider refuses the key.
    pub model: Option<ModelId>,
    pub breaker: Breaker,
    /// What is left of the rest.
    pub rest: Duration,
}

/// The breakers of one provider.
#[derive(Debug)]
pub(super) struct Breakers {
    limits: config::Breaker,
    clock: Clock,
    circuits: Mutex<Circuits>,
}

#[derive(Debug, Default)]
struct Circuits {
    key: Circuit,
    models: BTreeMap<ModelId, Circuit>,
}

/// One request that was let through. Dropped without an outcome it proves nothing, and another may probe.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    breakers: &'a Breakers,
    model: &'a ModelId,
    /// Whether it probes the key, and the model.
    probes: [bool; 2],
}

/// Why a request is not made.
#[derive(Debug)]
pub(super) enum Denied {
    /// The provider will take more in so long.
    CoolingDown(Duration),
    Resting(Fault),
}

impl Breakers {
    pub fn new(limits: &config::Breaker, clock: Clock) -> Self {
        Self { limits: limits.clone(), clock, circuits: Mutex::default() }
    }

    /// Lets a request to `model` through, or says why not.
    pub fn admit<'a>(&'a self, model: &'a ModelId) -> Result<Pass<'a>, Denied> {
        let now = self.clock.now();
        let mut circuits = self.circuits();
        let Circuits { key, models } = &mut *circuits;
        let circuit = models.get_mut(model);
        if let Some(rest) = circuit.as_deref().and_then(|circuit| circuit.cooling(now)) {
            return Err(Denied::CoolingDown(rest));
        }
        let whole = key.admits(now, "its key was refused").map_err(Denied::Resting)?;
        let one = circuit.as_deref().map_or(Ok(false), |circuit| circuit.admits(now, "it failed again and again"));
        let one = one.map_err(Denied::Resting)?;
        key.probing |= whole;
        if let Some(circuit) = circuit {
            circuit.probing |= one;
        }
        Ok(Pass { breakers: self, model, probes: [whole, one] })
    }

    /// How `model` stands now; changes nothing.
    pub fn state(&self, model: &ModelId) -> Breaker {
        let now = self.clock.now();
        let circuits = self.circuits();
        let one = circuits.models.get(model).map(|circuit| circuit.state(now)).unwrap_or_default();
        if one == Breaker::Closed { circuits.key.state(now) } else { one }
    }

    /// Everything that is not simply asked.
    pub fn resting(&self) -> Vec<Resting> {
        let now = self.clock.now();
        let circuits = self.circuits();
        let models = circuits.models.iter().map(|(model, circuit)| (Some(model), circuit));
        let all = std::iter::once((None, &circuits.key)).chain(models);
        let resting = all.map(|(model, circuit)| (model, circuit, circuit.state(now)));
        resting
            .filter(|(_, _, breaker)| *breaker != Breaker::Closed)
            .map(|(model, circuit, breaker)| Resting { model: model.cloned(), breaker, rest: circuit.rest(now) })
            .collect()
    }

    fn circuits(&self) -> MutexGuard<'_, Circuits> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Denied {
    /// How long to wait for a model that will take more soon, with the fault that stands if that is too long; or at once
    /// the fault.
    pub fn wait(self, at_most: Duration) -> Result<(Duration, Fault), Fault> {
        match self {
            Self::Resting(fault) => Err(fault),
            Self::CoolingDown(rest) => {
                let message = format!("it takes no more for another {} s", rest.as_secs_f64().ceil());
                let fault = Fault { retry_after: Some(rest), ..Fault::new(Class::Throttled, message) };
                if rest > at_most { Err(fault) } else { Ok((rest, fault)) }
            }
        }
    }
}

impl Pass<'_> {
    pub fn answered(mut self) {
        let probes = std::mem::take(&mut self.probes);
        self.settle(probes, |circuits, model, probes, limits, _| {
            circuits.key.succeeded(probes[0], limits);
            if let Some(circuit) = circuits.models.get_mut(model) {
                circuit.succeeded(probes[1], limits);
                if circuit.is_idle() {
                    circuits.models.remove(model);
                }
            }
        });
    }

    pub fn failed(mut self, fault: &Fault) {
        let probes = std::mem::take(&mut self.probes);
        self.settle(probes, |circuits, model, probes, limits, now| match fault.class.weight() {
            Weight::None => circuits.release(model, probes),
            Weight::Key => {
                circuits.release(model, probes);
                circuits.key.open(probes[0], limits, now);
            }
            Weight::CoolDown => {
                circuits.release(model, probes);
                let rest = fault.retry_after.unwrap_or(limits.cool_down).min(limits.max_open);
                circuits.of(model).cool_until = now.checked_add(rest);
            }
            Weight::Failure => {
                circuits.release(model, [probes[0], false]);
                circuits.of(model).failed(probes[1], limits, now);
            }
        });
    }

    fn settle(
        &self,
        probes: [bool; 2],
        how: impl FnOnce(&mut Circuits, &ModelId, [bool; 2], &config::Breaker, Instant),
    ) {
        let now = self.breakers.clock.now();
        how(&mut self.breakers.circuits(), self.model, probes, &self.breakers.limits, now);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probes != [false; 2] {
            self.breakers.circuits().release(self.model, self.probes);
        }
    }
}

impl Circuits {
    fn of(&mut self, model: &ModelId) -> &mut Circuit {
        if self.models.len() >= MAX_MODELS && !self.models.contains_key(model) {
            let oldest = self.models.iter().min_by_key(|(_, circuit)| circuit.open_until.max(circuit.cool_until));
            if let Some(oldest) = oldest.map(|(model, _)| model.clone()) {
                self.models.remove(&oldest);
            }
        }
        self.models.entry(model.clone()).or_default()
    }

    fn release(&mut self, model: &ModelId, [key, one]: [bool; 2]) {
        self.key.probing &= !key;
        if let Some(circuit) = self.models.get_mut(model) {
            circuit.probing &= !one;
        }
    }
}

#[derive(Debug, Default)]
struct Circuit {
    /// In a row, while it is closed.
    failures: u32,
    /// None while it is closed; once past, it is half-open.
    open_until: Option<Instant>,
    /// How often it opened since it was closed.
    opened: u32,
    /// Of probes, since it was last open.
    successes: u32,
    /// A probe is under way.
    probing: bool,
    cool_until: Option<Instant>,
}

impl Circuit {
    fn state(&self, now: Instant) -> Breaker {
        match self.open_until {
            Some(until) if until > now => Breaker::Open,
            _ if self.cooling(now).is_some() => Breaker::CoolingDown,
            Some(_) => Breaker::HalfOpen,
            None => Breaker::Closed,
        }
    }

    fn cooling(&self, now: Instant) -> Option<Duration> {
        let rest = self.cool_until?.saturating_duration_since(now);
        (!rest.is_zero()).then_some(rest)
    }

    fn rest(&self, now: Instant) -> Duration {
        self.open_until.max(self.cool_until).map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Whether a request that is let through now would be a probe.
    fn admits(&self, now: Instant, why: &str) -> Result<bool, Fault> {
        let Some(until) = self.open_until else { return Ok(false) };
        let rest = until.saturating_duration_since(now);
        if !rest.is_zero() {
            let message = format!("{why}; it is left alone for another {} s", rest.as_secs_f64().ceil());
            return Err(Fault { retry_after: Some(rest), ..Fault::new(Class::Resting, message) });
        }
        if self.probing {
            return Err(Fault::new(Class::Resting, format!("{why}; another call is trying it again just now")));
        }
        Ok(true)
    }

    fn succeeded(&mut self, probe: bool, limits: &config::Breaker) {
        if !probe {
            // An answer to a request from before it opened says nothing of how it is now.
            self.failures = 0;
            return;
        }
        self.probing = false;
        self.successes += 1;
        if self.successes >= limits.successes {
            *self = Self { cool_until: self.cool_until, ..Self::default() };
        }
    }

    fn failed(&mut self, probe: bool, limits: &config::Breaker, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if probe || (self.open_until.is_none() && self.failures >= limits.failures) {
            self.open(probe, limits, now);
        }
    }

    fn open(&mut self, probe: bool, limits: &config::Breaker, now: Instant) {
        if !probe && self.open_until.is_some() {
            return;
        }
        let rest = limits.open.saturating_mul(1 << self.opened.min(16)).min(limits.max_open);
        self.open_until = now.checked_add(rest);
        self.opened = self.opened.saturating_add(1);
        (self.failures, self.successes) = (0, 0);
        self.probing &= !probe;
    }

    fn is_idle(&self) -> bool {
        self.open_until.is_none() && self.cool_until.is_none() && self.failures == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breakers() -> (Breakers, ModelId) {
        (Breakers::new(&config::Breaker::default(), Clock::system()), "m".into())
    }

    fn fail(breakers: &Breakers, model: &ModelId, class: Class) {
        breakers.admit(model).unwrap().failed(&Fault::new(class, ""));
    }

    async fn pass_seconds(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_five_in_a_row_and_probes_one_at_a_time() {
        let (breakers, model) = breakers();
        for _ in 0..4 {
            fail(&breakers, &model, Class::Overloaded);
        }
        breakers.admit(&model).unwrap().answered();
        for _ in 0..5 {
            assert_eq!(breakers.state(&model), Breaker::Closed);
            fail(&breakers, &model, Class::Timeout);
        }
        assert_eq!(breakers.state(&model), Breaker::Open);
        assert!(matches!(breakers.admit(&model), Err(Denied::Resting(fault)) if fault.message.contains("30 s")));
        assert!(breakers.admit(&"another".into()).is_ok());
        pass_seconds(30).await;
        assert_eq!(breakers.state(&model), Breaker::HalfOpen);
        let probe = breakers.admit(&model).unwrap();
        assert!(breakers.admit(&model).is_err());
        drop(probe);
        breakers.admit(&model).unwrap().answered();
        assert_eq!(breakers.state(&model), Breaker::HalfOpen);
        breakers.admit(&model).unwrap().answered();
        assert_eq!((breakers.state(&model), breakers.resting()), (Breaker::Closed, Vec::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn each_failed_probe_doubles_the_rest_up_to_five_minutes() {
        let (breakers, model) = breakers();
        for _ in 0..5 {
            fail(&breakers, &model, Class::Transport);
        }
        for seconds in [30, 60, 120, 240, 300, 300] {
            assert_eq!(breakers.resting()[0].rest, Duration::from_secs(seconds));
            pass_seconds(seconds).await;
            fail(&breakers, &model, Class::Transport);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_key_opens_at_once_and_for_every_model() {
        let (breakers, model) = breakers();
        let late = breakers.admit(&model).unwrap();
        fail(&breakers, &model, Class::Auth);
        assert_eq!(breakers.state(&"another".into()), Breaker::Open);
        assert!(matches!(breakers.admit(&"another".into()), Err(Denied::Resting(_))));
        late.answered();
        assert_eq!(breakers.resting()[0].model, None);
        assert_eq!(breakers.state(&model), Breaker::Open);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limited_rate_cools_down_and_counts_as_no_failure() {
        let (breakers, model) = breakers();
        for _ in 0..20 {
            let seven = Some(Duration::from_secs(7));
            let throttled = Fault { retry_after: seven, ..Fault::new(Class::Throttled, "") };
            breakers.admit(&model).unwrap().failed(&throttled);
            assert_eq!(breakers.state(&model), Breaker::CoolingDown);
            assert!(matches!(breakers.admit(&model), Err(Denied::CoolingDown(rest)) if Some(rest) == seven));
            pass_seconds(7).await;
            assert_eq!(breakers.state(&model), Breaker::Closed);
        }
    }

    #[test]
    fn what_is_the_callers_fault_counts_against_nobody() {
        let (breakers, model) = breakers();
        for class in [Class::BadRequest, Class::Filtered, Class::ContextOverflow, Class::Quota, Class::Empty] {
            (0..10).for_each(|_| fail(&breakers, &model, class));
        }
        assert_eq!(breakers.state(&model), Breaker::Closed);
    }

    #[test]
    fn names_without_end_are_not_remembered_without_end() {
        let (breakers, _) = breakers();
        for number in 0..MAX_MODELS * 2 {
            fail(&breakers, &ModelId::new(format!("m{number}")), Class::Overloaded);
        }
        assert_eq!(breakers.circuits().models.len(), MAX_MODELS);
    }
}
