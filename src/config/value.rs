//! How durations and sizes are written, and what a layer may give for a key. No keys and no layers.

use std::borrow::Cow;
use std::time::Duration;

use crate::unit::{MicroUsd, whole_millis};

/// A value as a layer gave it.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<'a> {
    /// From a variable or a flag: text whatever the key's kind.
    Typed(Cow<'a, str>),
    /// From the file: these have types of their own.
    Text(Cow<'a, str>),
    Integer(i128),
    Bool(bool),
    List(Vec<Given<'a>>),
    /// What no key takes, in words.
    Other(&'static str),
}

impl Given<'_> {
    /// As an error quotes it: cut, and without a character that could play with a terminal.
    pub fn quoted(&self) -> String {
        const MAX_QUOTED_CHARS: usize = 60;
        match self {
            Self::Typed(text) | Self::Text(text) => {
                let cut: String = text.chars().take(MAX_QUOTED_CHARS).collect();
                if cut.len() < text.len() { format!("{cut:?}...") } else { format!("{cut:?}") }
            }
            Self::Integer(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(what) => (*what).to_owned(),
        }
    }
}

const DURATION_UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

/// Reads `2s`, `1.5h`, `500ms`; to the millisecond. None where it is no duration or more than `u64` milliseconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let (_, millis) = DURATION_UNITS.iter().find(|(name, _)| *name == unit)?;
    scale(number, *millis).map(Duration::from_millis)
}

/// The duration in the largest unit in which it is whole; what is below a millisecond is lost.
pub fn show_duration(duration: Duration) -> String {
    show(whole_millis(duration), &DURATION_UNITS, "0s")
}

/// Reads `8MiB`, `1.5GB` and plain bytes. `M` alone is refused, as nobody knows which it is.
pub fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    if unit.is_empty() {
        return number.parse().ok();
    }
    let (_, bytes) = SIZE_UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    scale(number, *bytes)
}

/// The size in the largest unit in which it is whole.
pub fn show_size(bytes: u64) -> String {
    show(bytes, &SIZE_UNITS, "0B")
}

/// Reads `2`, `2.50`, `0.000001`: dollars, to the micro-dollar.
pub fn parse_dollars(text: &str) -> Option<MicroUsd> {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    Some(text).filter(|_| is_number).and_then(|text| scale(text, 1_000_000)).map(MicroUsd)
}

/// The amount as a text that reads back.
pub fn show_dollars(MicroUsd(micro): MicroUsd) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    format!("\"{}\"", text.trim_end_matches('0').trim_end_matches('.'))
}

fn split_unit(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], text[end..].trim_start()))
}

/// `number` units as a whole number of the smallest one. What the smallest cannot hold is refused, not rounded.
fn scale(number: &str, unit: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    // The first digits decide; a tenth of a nanosecond is nobody's meaning.
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| (1..=9).contains(digits))?;
    let scaled = u128::from(fraction.parse::<u64>().ok()?) * u128::from(unit);
    let divisor = 10_u128.pow(digits);
    if scaled % divisor != 0 {
        return None;
    }
    whole.checked_add(u64::try_from(scaled / divisor).ok()?)
}

fn show(value: u64, units: &[(&str, u64)], zero: &str) -> String {
    match units.iter().find(|(_, unit)| value != 0 && value.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", value / unit),
        None => zero.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("3h"), Some(Duration::from_secs(10_800)));
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(parse_duration("500 ms"), Some(Duration::from_millis(500)));
        for wrong in ["3", "h", "", "-3h", "3hours", "1.2.3s", "1.s", ".5s", "0.5ms", "1e3s", "99999999999999999999d"] {
            assert_eq!(parse_duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_are_binary_or_decimal_and_never_guessed() {
        assert_eq!(parse_size("8MiB"), Some(8 << 20));
        assert_eq!(parse_size("8mib"), Some(8 << 20));
        assert_eq!(parse_size("1MB"), Some(1_000_000));
        assert_eq!(parse_size("4096"), Some(4096));
        for wrong in ["8M", "8 megs", "", "MiB", "-1", "1.5", "99999999999GiB"] {
            assert_eq!(parse_size(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn dollars_are_exact_to_the_micro_dollar() {
        assert_eq!(parse_dollars("2.50"), Some(MicroUsd(2_500_000)));
        assert_eq!(parse_dollars("0.000001").map(show_dollars), Some("\"0.000001\"".to_owned()));
        assert_eq!(parse_dollars("10").map(show_dollars), Some("\"10\"".to_owned()));
        for wrong in ["", "-1", "$2", "+2", "0.0000001", "2,50", "1e3", "99999999999999999999"] {
            assert_eq!(parse_dollars(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_long_or_hostile_value_is_quoted_cut_and_escaped() {
        assert_eq!(Given::Typed("a\u{1b}[31m\u{202e}".into()).quoted(), r#""a\u{1b}[31m\u{202e}""#);
        assert!(Given::Typed("x".repeat(1_000).into()).quoted().len() < 80);
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(value in any::<u64>()) {
            let duration = Duration::from_millis(value);
            prop_assert_eq!(parse_duration(&show_duration(duration)), Some(duration));
            prop_assert_eq!(parse_size(&show_size(value)), Some(value));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = (parse_duration(&text), parse_size(&text));
        }
    }
}
