//! When a failed request is made again, and after what wait: only where its class says so, a few times, within a share
//! of all calls to the provider. Decides; the waiting is in the recipe.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::config;
use crate::provider::failure::Fault;

/// A number from 0 up to 1, 1 excluded.
pub(super) type Random = fn() -> f64;

/// What one repetition takes from the budget. A consultation brings `budget_percent` of it.
const REPETITION: u64 = 100;

/// The repetitions that one provider may still be asked for, in hundredths. However much fails, the requests stay below
/// the consultations and their share, plus the burst: repeating must not be what keeps a provider down.
#[derive(Debug)]
pub(super) struct RetryBudget {
    share: u64,
    most: u64,
    left: Mutex<u64>,
}

/// The repetitions of one consultation.
pub(super) struct Retries<'a> {
    limits: &'a config::Retry,
    budget: &'a RetryBudget,
    random: Random,
    made: u32,
}

impl RetryBudget {
    pub fn new(limits: &config::Retry) -> Self {
        let most = u64::from(limits.burst) * REPETITION;
        Self { share: u64::from(limits.budget_percent), most, left: Mutex::new(most) }
    }

    /// A consultation begins.
    pub fn earn(&self) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        // Below one repetition a share of it is kept even where no burst is allowed.
        *left = (*left + self.share).min(self.most.max(REPETITION));
    }

    /// Whether one more repetition may be made.
    fn spend(&self) -> bool {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = left.checked_sub(REPETITION);
        *left = rest.unwrap_or(*left);
        rest.is_some()
    }
}

impl<'a> Retries<'a> {
    pub fn new(limits: &'a config::Retry, budget: &'a RetryBudget, random: Random) -> Self {
        Self { limits, budget, random, made: 0 }
    }

    /// How long to wait before the request is made again; None where it is not. What the provider asks for is waited,
    /// or is too long to be waited for.
    pub fn after(&mut self, fault: &Fault) -> Option<Duration> {
        if !fault.class.is_repeated() || self.made + 1 >= self.limits.attempts {
            return None;
        }
        let wait = match fault.retry_after {
            Some(wait) => Some(wait).filter(|wait| *wait <= self.limits.max_wait)?,
            None => self.backoff(),
        };
        if !self.budget.spend() {
            return None;
        }
        self.made += 1;
        Some(wait)
    }

    /// Full jitter: anything up to the base, doubled with each repetition, so that callers that failed together do not
    /// come back together.
    fn backoff(&self) -> Duration {
        let ceiling = self.limits.base.saturating_mul(1 << self.made.min(16)).min(self.limits.max_wait);
        ceiling.mul_f64((self.random)().clamp(0.0, 1.0))
    }
}

/// From the operating system's random source, by way of the crate that makes the ids.
pub(super) fn random() -> f64 {
    const BITS: u32 = 53;
    let bits = uuid::Uuid::new_v4().as_u128() as u64 & ((1 << BITS) - 1);
    bits as f64 / (1_u64 << BITS) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Class;

    fn limits() -> config::Retry {
        config::Retry { attempts: 4, ..config::Retry::default() }
    }

    fn waits(fault: &Fault, random: Random) -> Vec<Duration> {
        let (limits, budget) = (limits(), RetryBudget::new(&limits()));
        let mut retries = Retries::new(&limits, &budget, random);
        std::iter::from_fn(|| retries.after(fault)).collect()
    }

    #[test]
    fn the_wait_doubles_and_is_random_below_that() {
        let overloaded = Fault::new(Class::Overloaded, "");
        assert_eq!(waits(&overloaded, || 1.0), [1, 2, 4].map(Duration::from_secs));
        assert_eq!(waits(&overloaded, || 0.5), [500, 1_000, 2_000].map(Duration::from_millis));
        assert!((0..1_000).map(|_| random()).all(|random| (0.0..1.0).contains(&random)));
    }

    #[test]
    fn what_the_provider_asks_for_is_waited_unless_it_is_too_long() {
        let asks =
            |seconds| Fault { retry_after: Some(Duration::from_secs(seconds)), ..Fault::new(Class::Throttled, "") };
        assert_eq!(waits(&asks(30), || 0.0), [30; 3].map(Duration::from_secs));
        assert!(waits(&asks(31), || 0.0).is_empty());
    }

    #[test]
    fn only_what_is_worth_repeating_is_repeated() {
        for class in Class::ALL {
            let repeated = matches!(class, Class::Transport | Class::Throttled | Class::Overloaded);
            assert_eq!(!waits(&Fault::new(class, ""), || 0.0).is_empty(), repeated, "{class:?}");
        }
    }

    #[test]
    fn under_failure_of_everything_requests_stay_below_the_share_and_the_burst() {
        let (limits, budget) = (config::Retry::default(), RetryBudget::new(&config::Retry::default()));
        let (mut requests, overloaded) = (0, Fault::new(Class::Overloaded, ""));
        for _ in 0..1_000 {
            budget.earn();
            let mut retries = Retries::new(&limits, &budget, || 0.0);
            requests += 1 + std::iter::from_fn(|| retries.after(&overloaded)).count();
        }
        assert!((1_100..=1_110).contains(&requests), "{requests}");
    }
}
