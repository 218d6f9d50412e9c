//! How a provider has done of late: a bounded window of requests, of which rates and percentiles are told, and the last
//! error. Counted where the request ends; a cancelled one is not counted.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::provider::failure::Class;
use crate::unit::{Tokens, UnixMillis};

/// Requests that the window holds.
const WINDOW: usize = 100;
/// An older request says nothing of how a provider is now.
const MAX_AGE: Duration = Duration::from_secs(10 * 60);
/// With fewer requests a rate is chance.
const LEAST_FOR_A_RATE: usize = 5;
/// Points of score that a provider loses when all of its requests fail.
const MAX_PENALTY: u32 = 6;

/// The last requests to one provider, oldest first.
#[derive(Debug, Default)]
pub(super) struct Health {
    window: VecDeque<Request>,
    last_error: Option<LastError>,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    at: Instant,
    /// None where it failed.
    answered: Option<Measured>,
}

/// What an answered request took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub first_text: Option<Duration>,
    pub total: Duration,
    pub output: Option<Tokens>,
}

/// The figures of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Requests that the other figures are of.
    pub requests: u32,
    /// Thousandths of them that failed; None where there are too few to tell.
    pub failing: Option<u32>,
    /// Points that a model's score is lowered by while its provider fails.
    pub penalty: u8,
    pub first_text: Option<Spread>,
    pub total: Option<Spread>,
    /// Tokens written in a second, from the first text on: the median.
    pub tokens_per_second: Option<u64>,
    pub last_error: Option<LastError>,
}

/// Half of the values are no greater than `p50`, and 95 of a hundred no greater than `p95`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    pub p50: Duration,
    pub p95: Duration,
}

/// The last failure; its words are the provider's own, redacted and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    pub class: Class,
    pub message: String,
    pub at: UnixMillis,
}

impl Health {
    pub fn answered(&mut self, at: Instant, measured: Measured) {
        self.push(Request { at, answered: Some(measured) });
    }

    pub fn failed(&mut self, at: Instant, error: LastError) {
        self.push(Request { at, answered: None });
        self.last_error = Some(error);
    }

    fn push(&mut self, request: Request) {
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(request);
    }

    pub fn figures(&self, now: Instant) -> Figures {
        let answered: Vec<Measured> = self.recent(now).filter_map(|request| request.answered).collect();
        let speeds = answered.iter().filter_map(Measured::tokens_per_second).collect();
        Figures {
            requests: u32::try_from(self.recent(now).count()).unwrap_or(u32::MAX),
            failing: self.failing(now),
            penalty: self.penalty(now),
            first_text: Spread::of(answered.iter().filter_map(|measured| measured.first_text).collect()),
            total: Spread::of(answered.iter().map(|measured| measured.total).collect()),
            tokens_per_second: percentile(speeds, 50),
            last_error: self.last_error.clone(),
        }
    }

    /// Points that a model's score is lowered by while its provider fails.
    pub fn penalty(&self, now: Instant) -> u8 {
        let points = self.failing(now).unwrap_or(0) * MAX_PENALTY / 1_000;
        u8::try_from(points).unwrap_or(u8::MAX)
    }

    fn failing(&self, now: Instant) -> Option<u32> {
        let all = self.recent(now).count();
        let failed = self.recent(now).filter(|request| request.answered.is_none()).count();
        (all >= LEAST_FOR_A_RATE).then(|| u32::try_from(failed * 1_000 / all).unwrap_or(1_000))
    }

    fn recent(&self, now: Instant) -> impl Iterator<Item = &Request> {
        self.window.iter().filter(move |request| now.saturating_duration_since(request.at) <= MAX_AGE)
    }
}

impl Measured {
    fn tokens_per_second(&self) -> Option<u64> {
        let writing = self.total.checked_sub(self.first_text?)?.as_millis();
        let tokens = u128::from(self.output?.0) * 1_000;
        u64::try_from(tokens.checked_div(writing)?).ok()
    }
}

impl Spread {
    fn of(values: Vec<Duration>) -> Option<Self> {
        Some(Self { p50: percentile(values.clone(), 50)?, p95: percentile(values, 95)? })
    }
}

/// The least value that so many hundredths of all are no greater than.
fn percentile<T: Ord + Copy>(mut values: Vec<T>, hundredths: usize) -> Option<T> {
    values.sort_unstable();
    let rank = (values.len() * hundredths).div_ceil(100);
    values.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn error() -> LastError {
        LastError { class: Class::Overloaded, message: "boom".to_owned(), at: UnixMillis(1) }
    }

    #[tokio::test(start_paused = true)]
    async fn rates_and_percentiles_are_of_the_window() {
        let (clock, mut health) = (Clock::system(), Health::default());
        assert_eq!(health.figures(clock.now()), Figures::default());
        for number in 1..=100 {
            let total = Duration::from_millis(number * 10 + 1_000);
            let measured =
                Measured { first_text: Some(Duration::from_millis(number * 10)), total, output: Some(Tokens(50)) };
            health.answered(clock.now(), measured);
        }
        let spread = health.figures(clock.now()).first_text;
        assert_eq!(spread, Some(Spread { p50: Duration::from_millis(500), p95: Duration::from_millis(950) }));
        assert_eq!(health.figures(clock.now()).tokens_per_second, Some(50));
        (0..50).for_each(|_| health.failed(clock.now(), error()));
        let figures = health.figures(clock.now());
        assert_eq!((figures.requests, figures.failing, figures.last_error), (100, Some(500), Some(error())));
        assert_eq!((figures.penalty, health.penalty(clock.now())), (3, 3));
        tokio::time::advance(MAX_AGE + Duration::from_secs(1)).await;
        assert_eq!((health.figures(clock.now()).requests, health.penalty(clock.now())), (0, 0));
    }

    #[test]
    fn a_rate_of_few_is_not_told() {
        let (clock, mut health) = (Clock::system(), Health::default());
        (1..LEAST_FOR_A_RATE).for_each(|_| health.failed(clock.now(), error()));
        assert_eq!((health.figures(clock.now()).failing, health.penalty(clock.now())), (None, 0));
    }
}
