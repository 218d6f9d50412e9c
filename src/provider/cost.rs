//! What a consultation cost, from the tokens that its provider reported and the prices that are known. What is not known
//! makes the cost unknown, never nothing.

use crate::provider::Usage;
use crate::provider::price::Prices;
use crate::unit::{MicroUsd, Tokens};

/// Prices are for so many tokens.
const UNIT: u128 = 1_000_000;

/// The tokens of a consultation by what they cost. No token stands in two classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    pub input: Tokens,
    pub cached_input: Tokens,
    pub cache_write: Tokens,
    /// Reasoning included.
    pub output: Tokens,
}

impl Classes {
    /// None where the provider did not report what was read and written. A provider that says nothing of a cache used
    /// none.
    pub fn of(usage: &Usage) -> Option<Self> {
        let (all, cached_input) = (usage.input?, usage.cached_input.unwrap_or(Tokens::ZERO));
        let input = all.saturating_sub(cached_input);
        Some(Self { input, cached_input, cache_write: Tokens::ZERO, output: usage.output? })
    }

    /// The sum over the classes, rounded up once to a whole micro-dollar: never less than is owed. None where a class
    /// that was used has no known price.
    pub fn at(&self, prices: &Prices) -> Option<MicroUsd> {
        let rates = prices.rates(self.input + self.cached_input + self.cache_write);
        let classes = [
            (self.input, rates.input),
            (self.cached_input, rates.cached_input),
            (self.cache_write, rates.cache_write),
            (self.output, rates.output),
        ];
        let owed = |(Tokens(tokens), price): (Tokens, Option<MicroUsd>)| match tokens {
            0 => Some(0),
            _ => Some(u128::from(tokens) * u128::from(price?.0)),
        };
        let owed: Vec<u128> = classes.into_iter().map(owed).collect::<Option<_>>()?;
        let sum = owed.into_iter().fold(0, u128::saturating_add).div_ceil(UNIT);
        Some(MicroUsd(u64::try_from(sum).unwrap_or(u64::MAX)))
    }
}

/// What this usage cost. None: unknown.
pub fn cost(usage: &Usage, prices: Option<&Prices>) -> Option<MicroUsd> {
    Classes::of(usage)?.at(prices?)
}

/// Dollars as a decimal number, to the micro-dollar: `0.001234`.
pub fn decimal(MicroUsd(micro): MicroUsd) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}

/// Dollars for a reply's metadata: a decimal number, or `unknown`.
pub fn told(cost: Option<MicroUsd>) -> String {
    cost.map_or_else(|| "unknown".to_owned(), decimal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::price::{PriceSource, Rates};

    fn prices() -> Prices {
        let rates = Rates {
            input: Some(MicroUsd(1_250_000)),
            cached_input: Some(MicroUsd(125_000)),
            cache_write: Some(MicroUsd(1_500_000)),
            output: Some(MicroUsd(10_000_000)),
        };
        let source = PriceSource { page: "https://example.com/prices".to_owned(), date: "2026-01-01".to_owned() };
        Prices { rates, long: None, source }
    }

    fn usage(input: Option<u64>, cached: Option<u64>, output: Option<u64>) -> Usage {
        let tokens = |count: Option<u64>| count.map(Tokens);
        Usage { input: tokens(input), output: tokens(output), reasoning: tokens(output), cached_input: tokens(cached) }
    }

    #[test]
    fn each_class_has_its_price_and_reasoning_is_output() {
        let all = usage(Some(1_000), Some(400), Some(100));
        // 600 x 1.25 + 400 x 0.125 + 100 x 10 micro-dollars.
        assert_eq!(cost(&all, Some(&prices())), Some(MicroUsd(1_800)));
        // A long input has prices of its own, for all of its tokens.
        let long = Rates { input: Some(MicroUsd(2_500_000)), ..prices().rates };
        let tiered = |over| Prices { long: Some((Tokens(over), long)), ..prices() };
        assert_eq!(cost(&all, Some(&tiered(1_000))), Some(MicroUsd(1_800)));
        assert_eq!(cost(&all, Some(&tiered(999))), Some(MicroUsd(2_550)));
        let written = Classes { cache_write: Tokens(2), ..Classes::of(&all).unwrap() };
        assert_eq!(written.at(&prices()), Some(MicroUsd(1_803)));
    }

    #[test]
    fn the_sum_is_rounded_up_once() {
        assert_eq!(cost(&usage(Some(1), None, Some(0)), Some(&prices())), Some(MicroUsd(2)));
        assert_eq!(cost(&usage(Some(2), Some(1), Some(0)), Some(&prices())), Some(MicroUsd(2)));
        assert_eq!(cost(&usage(Some(0), None, Some(0)), Some(&prices())), Some(MicroUsd(0)));
        let huge = usage(Some(u64::MAX), None, Some(u64::MAX));
        assert_eq!(cost(&huge, Some(&prices())), Some(MicroUsd(u64::MAX)));
    }

    #[test]
    fn what_is_not_known_is_unknown() {
        assert_eq!(cost(&usage(None, None, Some(1)), Some(&prices())), None);
        assert_eq!(cost(&usage(Some(1), None, None), Some(&prices())), None);
        assert_eq!(cost(&usage(Some(1), None, Some(1)), None), None);
        let partly = Prices { rates: Rates { cached_input: None, ..prices().rates }, ..prices() };
        assert_eq!(cost(&usage(Some(5), Some(1), Some(1)), Some(&partly)), None);
        assert!(cost(&usage(Some(5), Some(0), Some(1)), Some(&partly)).is_some());
        assert_eq!((told(None).as_str(), told(Some(MicroUsd(1_234))).as_str()), ("unknown", "0.001234"));
    }
}
