//! The one source of time. Rules (TTL, deadlines, limits) are decided on tokio's monotonic `Instant`, which a test can
//! pause and advance; wall-clock time is read here too, but only as data to show.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::unit::{UnixMillis, whole_millis};

/// Cheap to clone; every room that needs the time is given one.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Wall,
}

#[derive(Clone, Copy, Debug)]
enum Wall {
    System,
    /// Wall time that moves with the monotonic clock from a chosen start: the same figures in every run of a test.
    Anchored {
        at: Instant,
        wall: UnixMillis,
    },
}

impl Clock {
    pub fn system() -> Self {
        Self { wall: Wall::System }
    }

    /// A clock whose wall time starts at `wall` now and then moves with the monotonic clock.
    pub fn anchored(wall: UnixMillis) -> Self {
        Self { wall: Wall::Anchored { at: monotonic(), wall } }
    }

    pub fn now(&self) -> Instant {
        monotonic()
    }

    pub fn wall(&self) -> UnixMillis {
        match self.wall {
            Wall::System => system_wall(),
            Wall::Anchored { at, wall } => wall.plus(monotonic().saturating_duration_since(at)),
        }
    }

    pub fn elapsed(&self, since: Instant) -> Duration {
        monotonic().saturating_duration_since(since)
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
fn monotonic() -> Instant {
    Instant::now()
}

#[allow(clippy::disallowed_methods, reason = "this is the clock that all others ask")]
fn system_wall() -> UnixMillis {
    UnixMillis(SystemTime::now().duration_since(UNIX_EPOCH).map(whole_millis).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_anchored_clock_moves_with_paused_time() {
        let clock = Clock::anchored(UnixMillis(1_000));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.wall(), UnixMillis(3_000));
    }
}
