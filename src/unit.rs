//! Quantities that must not be mixed up: tokens, money, points in wall-clock time.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A number of tokens, as counted by a provider or estimated by [`crate::token`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tokens(pub u64);

impl Tokens {
    pub const ZERO: Self = Self(0);

    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `percent` hundredths of this, rounded down.
    pub fn percent(self, percent: u64) -> Self {
        Self(self.0.saturating_mul(percent) / 100)
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Self>>(tokens: I) -> Self {
        tokens.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Money in millionths of a US dollar. An unknown cost is `Option::None`, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

const MILLIS_IN_DAY: u64 = 86_400_000;

/// A point in wall-clock time, in milliseconds since 1970. Data to show and store; no rule is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(duration)))
    }

    /// The time from `earlier` to this; zero where `earlier` is the later one (the clock was set back).
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Year, month and day in UTC, in the Gregorian calendar. Years begin in March here, so that the leap day is the last
    /// of its year.
    pub fn date(self) -> (u64, u64, u64) {
        const DAYS_TO_1970: u64 = 719_468;
        const DAYS_IN_ERA: u64 = 146_097;
        let days = self.day() + DAYS_TO_1970;
        let (era, day_of_era) = (days / DAYS_IN_ERA, days % DAYS_IN_ERA);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        (era * 400 + year_of_era + u64::from(month <= 2), month, day)
    }

    /// Days since 1970, in UTC.
    pub fn day(self) -> u64 {
        self.0 / MILLIS_IN_DAY
    }

    /// When this day began, counted as in [`UnixMillis::day`].
    pub fn of_day(day: u64) -> Self {
        Self(day.saturating_mul(MILLIS_IN_DAY))
    }

    /// Writes it as RFC 3339 has it, in UTC.
    pub fn write_rfc3339(self, writer: &mut impl fmt::Write) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1_000, self.0 % 1_000);
        let (year, month, day) = self.date();
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        write!(writer, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }

    pub fn rfc3339(self) -> String {
        let mut text = String::new();
        // A string takes whatever is written to it.
        let _ = self.write_rfc3339(&mut text);
        text
    }
}

/// The duration in whole milliseconds, at most `u64::MAX`.
pub fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
/// A time as a person reads it: `12s`, `4m`, `2h59m`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}
