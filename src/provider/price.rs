//! What a model's tokens cost, by class, and who says so. A price without its page and date is unknown.

use serde::Deserialize;

use crate::unit::{MicroUsd, Tokens};

/// What a model's tokens cost, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    pub rates: Rates,
    /// Where the provider asks another price for a long input: for more tokens than these, cached ones included.
    pub long: Option<(Tokens, Rates)>,
    pub source: PriceSource,
}

/// Micro-dollars for a million tokens of each class. A class that is None is unknown, and so is the cost of a call that
/// used it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    pub input: Option<MicroUsd>,
    /// Input that the provider had in its cache.
    pub cached_input: Option<MicroUsd>,
    /// Input that the provider put into its cache.
    pub cache_write: Option<MicroUsd>,
    /// Reasoning included.
    pub output: Option<MicroUsd>,
}

impl Prices {
    /// The rates of a call with so much input, cached tokens included.
    pub fn rates(&self, input: Tokens) -> &Rates {
        self.long.as_ref().filter(|(over, _)| input > *over).map_or(&self.rates, |(_, rates)| rates)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceSource {
    /// The public page that names the price.
    pub page: String,
    /// The day on which it was read there, as `2026-11-21`.
    pub date: String,
}

/// Prices as they stand in a file: dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceEntry {
    input: Option<Dollars>,
    cached_input: Option<Dollars>,
    cache_write: Option<Dollars>,
    output: Option<Dollars>,
    long: Option<LongEntry>,
    page: String,
    date: String,
}

/// The prices of a long input.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongEntry {
    over: Tokens,
    input: Option<Dollars>,
    cached_input: Option<Dollars>,
    cache_write: Option<Dollars>,
    output: Option<Dollars>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dollars {
    Whole(u64),
    Number(f64),
    Text(String),
}

impl TryFrom<PriceEntry> for Prices {
    type Error = String;

    fn try_from(entry: PriceEntry) -> Result<Self, String> {
        if entry.page.trim().is_empty() {
            return Err("a price without the page that names it is not believed: name it in `page`".to_owned());
        }
        if !is_date(&entry.date) {
            return Err("the `date` of a price is written as 2026-11-21".to_owned());
        }
        let rates = |[input, cached_input, cache_write, output]: [Option<Dollars>; 4]| {
            let read = |dollars: Option<Dollars>| dollars.map(Dollars::micro).transpose();
            Ok::<_, String>(Rates {
                input: read(input)?,
                cached_input: read(cached_input)?,
                cache_write: read(cache_write)?,
                output: read(output)?,
            })
        };
        let long = entry.long.map(|long| {
            Ok::<_, String>((long.over, rates([long.input, long.cached_input, long.cache_write, long.output])?))
        });
        Ok(Self {
            rates: rates([entry.input, entry.cached_input, entry.cache_write, entry.output])?,
            long: long.transpose()?,
            source: PriceSource { page: entry.page, date: entry.date },
        })
    }
}

impl Dollars {
    fn micro(self) -> Result<MicroUsd, String> {
        let text = match self {
            Self::Whole(dollars) => dollars.to_string(),
            // The shortest text that reads back as the same number: what was written.
            Self::Number(dollars) => dollars.to_string(),
            Self::Text(text) => text,
        };
        scaled(&text, MICRO).map(MicroUsd).ok_or_else(|| format!("'{text}' is no price in dollars"))
    }
}

/// Digits from a dollar to a millionth of it.
const MICRO: usize = 6;

/// A price for one token, as OpenRouter states it, for a million of them.
pub(super) fn per_million(dollars_per_token: &str) -> Option<MicroUsd> {
    scaled(dollars_per_token, MICRO + 6).map(MicroUsd)
}

/// Money as decimal dollars, without zeros at its end.
pub fn dollars(MicroUsd(micro): MicroUsd) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The decimal number with its point moved, exactly; digits beyond that are cut. None where it is none or negative.
fn scaled(text: &str, digits: usize) -> Option<u64> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    // Small numbers are written with an exponent by some.
    let text = if plain { text.to_owned() } else { text.parse::<f64>().ok()?.to_string() };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if whole.len() + fraction.len() == 0 || !(whole.bytes().chain(fraction.bytes())).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{whole}{fraction:0<digits$.digits$}").parse().ok()
}

fn is_date(text: &str) -> bool {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts.as_slice(), [year, month, day] if digits(year, 4) && digits(month, 2) && digits(day, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact() {
        for (text, micro) in [("1.25", 1_250_000), ("0.075", 75_000), ("10", 10_000_000), (".5", 500_000), ("0", 0)] {
            assert_eq!(scaled(text, MICRO), Some(micro), "{text}");
        }
        assert_eq!(per_million("0.00000125"), Some(MicroUsd(1_250_000)));
        assert_eq!(per_million("1e-7"), Some(MicroUsd(100_000)));
        for wrong in ["-1", "", ".", "free", "NaN", "inf", "1.2.3", "99999999999999999999"] {
            assert_eq!(scaled(wrong, MICRO), None, "{wrong}");
        }
        assert_eq!(
            [1_250_000, 75_000, 10_000_000, 0].map(|micro| dollars(MicroUsd(micro))),
            ["1.25", "0.075", "10", "0"]
        );
    }

    #[test]
    fn a_price_needs_its_page_and_its_date() {
        let read = |text: &str| {
            let entry: PriceEntry = toml::from_str(text).map_err(|error| error.message().to_owned())?;
            Prices::try_from(entry)
        };
        let good = "input = 1.25\noutput = \"10\"\npage = \"p\"\ndate = \"2026-11-21\"\n";
        let (input, output) = (Some(MicroUsd(1_250_000)), Some(MicroUsd(10_000_000)));
        let rates = Rates { input, output, ..Rates::default() };
        assert_eq!(read(good).unwrap().rates(Tokens(1_000_000)), &rates);
        let tiered = read(&format!("{good}[long]\nover = 200_000\ninput = 2.5\n")).unwrap();
        let long = Rates { input: Some(MicroUsd(2_500_000)), ..Rates::default() };
        assert_eq!((tiered.rates(Tokens(200_000)), tiered.rates(Tokens(200_001))), (&rates, &long));
        for bad in [
            "page = \"p\"",
            "date = \"2026-11-21\"",
            "page = \"\"\ndate = \"2026-11-21\"",
            "page = \"p\"\ndate = \"today\"",
        ] {
            assert!(read(&format!("input = 1\n{bad}")).is_err(), "{bad}");
        }
    }
}
