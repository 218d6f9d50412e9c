//! Times of the same thing done again and again, and what they come to.

use std::time::Duration;

use zen::clock::Clock;

/// In milliseconds.
#[derive(Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    /// Does `work` and keeps the time that it took.
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (done, took) = timed(work);
        self.0.push(took.as_secs_f64() * 1e3);
        done
    }

    pub fn median(&mut self) -> f64 {
        self.percentile(50)
    }

    /// The smallest sample that `percent` of them do not exceed; 100 is the largest.
    pub fn percentile(&mut self, percent: usize) -> f64 {
        self.0.sort_by(f64::total_cmp);
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// What `work` gives, and how long it took.
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let clock = Clock::system();
    let before = clock.now();
    let done = work();
    (done, clock.elapsed(before))
}
