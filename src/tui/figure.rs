//! Figures as a person reads them at a glance: tokens, ages, durations, sizes, times of day. What is unknown is never
//! shown as zero.

use std::time::Duration;

use crate::unit::{MicroUsd, Tokens, UnixMillis};

/// `812`, `48.2k`, `1.24M`.
pub fn tokens(Tokens(count): Tokens) -> String {
    match count {
        0..=999 => count.to_string(),
        1_000..=99_949 => tenths(count, 1_000, "k"),
        99_950..=999_499 => format!("{}k", (count + 500) / 1_000),
        _ => format!("{}.{:02}M", count / 1_000_000, count % 1_000_000 / 10_000),
    }
}

/// A count that the provider may not have reported.
pub fn reported(count: Option<Tokens>) -> String {
    count.map_or_else(|| "?".to_owned(), tokens)
}

/// How long ago: `12s`, `4m`, `1h58`, `3d`.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h{:02}", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// After how long [`age`] of this age reads differently.
pub fn age_changes_in(age: Duration) -> Duration {
    let step = if age < Duration::from_secs(60) { 1_000 } else { 60_000 };
    let past = u64::try_from(age.as_millis() % step).unwrap_or_default();
    Duration::from_millis(u64::try_from(step).unwrap_or(60_000) - past)
}

/// After how long a time that is left reads differently as an [`age`]; None once nothing is left.
pub fn left_changes_in(left: Duration) -> Option<Duration> {
    let step = if left < Duration::from_secs(60) { 1_000 } else { 60_000 };
    let past = u64::try_from(left.as_millis() % step).unwrap_or_default();
    (!left.is_zero()).then(|| Duration::from_millis(past + 1))
}

/// A running count: `4 s`, `1 m 04 s`.
pub fn elapsed(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

/// After how long [`elapsed`] of this time reads differently: at the next full second.
pub fn elapsed_changes_in(elapsed: Duration) -> Duration {
    Duration::from_secs(1) - Duration::from_nanos(elapsed.subsec_nanos().into())
}

/// A measured time: `812 ms`, `9.8 s`, `1 m 04 s`.
pub fn latency(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => tenths(millis, 1_000, " s"),
        _ => elapsed(Duration::from_millis(millis)),
    }
}

/// `312 B`, `14.2 kB`, `1.2 MB`.
pub fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => tenths(count, 1_000, " kB"),
        _ => tenths(count, 1_000_000, " MB"),
    }
}

/// `$4.18`; more places where the amount is small.
pub fn cost(MicroUsd(micro): MicroUsd) -> String {
    match micro {
        0..100 => "<$0.0001".to_owned(),
        100..1_000_000 => format!("$0.{:04}", micro / 100),
        _ => format!("${}.{:02}", micro / 1_000_000, micro % 1_000_000 / 10_000),
    }
}

/// With a comma between thousands.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `one thread`, `3 threads`.
pub fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// The time of day, in UTC: `12:04:28`.
pub fn time_of_day(UnixMillis(at): UnixMillis) -> String {
    let seconds = at / 1_000 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds % 3_600 / 60, seconds % 60)
}

/// The day, in UTC: `2026-11-21`.
pub fn date(millis: u64) -> String {
    let (year, month, day) = UnixMillis(millis).date();
    format!("{year:04}-{month:02}-{day:02}")
}

/// The same to the millisecond.
pub fn time_to_the_millisecond(at: UnixMillis) -> String {
    format!("{}.{:03}", time_of_day(at), at.0 % 1_000)
}

fn tenths(count: u64, unit: u64, name: &str) -> String {
    let tenths = count.saturating_mul(10).saturating_add(unit / 2) / unit;
    format!("{}.{}{name}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_at_a_glance() {
        assert_eq!(
            [812, 48_213, 131_000, 1_240_000].map(|count| tokens(Tokens(count))),
            ["812", "48.2k", "131k", "1.24M"]
        );
        assert_eq!([99_949, 99_950, 999_499].map(|count| tokens(Tokens(count))), ["99.9k", "100k", "999k"]);
        assert_eq!([812, 9_800, 64_000].map(latency), ["812 ms", "9.8 s", "1 m 04 s"]);
        assert_eq!([312, 14_200, 1_200_000].map(bytes), ["312 B", "14.2 kB", "1.2 MB"]);
        assert_eq!([40, 12_300, 4_180_000].map(|micro| cost(MicroUsd(micro))), ["<$0.0001", "$0.0123", "$4.18"]);
        assert_eq!([7, 1_000, 1_234_567].map(count), ["7", "1,000", "1,234,567"]);
        assert_eq!(time_to_the_millisecond(UnixMillis(43_468_101)), "12:04:28.101");
        assert_eq!([0, 951_782_400_000, 1_795_262_671_000].map(date), ["1970-01-01", "2000-02-29", "2026-11-21"]);
    }

    #[test]
    fn an_age_says_when_it_will_read_differently() {
        let ages = [12_300, 240_000, 7_080_000].map(Duration::from_millis);
        assert_eq!(ages.map(age), ["12s", "4m", "1h58"]);
        assert_eq!(ages.map(age_changes_in), [700, 60_000, 60_000].map(Duration::from_millis));
        assert_eq!(
            [4_000, 64_250].map(Duration::from_millis).map(elapsed_changes_in),
            [1_000, 750].map(Duration::from_millis)
        );
    }

    #[test]
    fn what_was_not_reported_is_not_zero() {
        assert_eq!(reported(None), "?");
        assert_eq!(reported(Some(Tokens::ZERO)), "0");
    }
}
