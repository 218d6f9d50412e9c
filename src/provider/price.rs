//! What a model's tokens cost, by class, and who says so. A price without its page and date is unknown.

use crate::unit::MicroUsd;

/// Micro-dollars for a million tokens of each class. A class that is None is unknown, and so is the cost of a call that
/// used it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    pub input: Option<MicroUsd>,
    /// Input that the provider had in its cache.
    pub cached_input: Option<MicroUsd>,
    /// Input that the provider put into its cache.
    pub cache_write: Option<MicroUsd>,
    /// Reasoning included.
    pub output: Option<MicroUsd>,
    pub source: PriceSource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceSource {
    /// The public page that names the price.
    pub page: String,
    /// The day on which it was read there, as `2026-11-21`.
    pub date: String,
}
