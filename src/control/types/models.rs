//! A model that this process can ask, as it travels: what it is, what it costs, and whether it is asked right now.

use serde::{Deserialize, Serialize};

use crate::id::{ModelId, ProviderId};
use crate::provider::switched::Off;
use crate::provider::{Breaker, Choice, Effort, Status};
use crate::unit::{MicroUsd, Tokens};

/// What a provider said when it was asked whether it takes its key. No model was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeSummary {
    pub provider: ProviderId,
    pub well: bool,
    /// What is not well.
    pub message: String,
    pub took_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSummary {
    pub provider: ProviderId,
    pub id: ModelId,
    pub title: String,
    pub aliases: Vec<String>,
    pub description: String,
    /// From 1 to 20, before what its provider's health takes off.
    pub score: u8,
    pub context_window: Tokens,
    pub max_output: Option<Tokens>,
    /// The efforts it takes, the least first; empty where it takes none.
    pub efforts: Vec<Effort>,
    pub images: bool,
    pub thinking: bool,
    /// For a million tokens; None: unknown.
    pub input_price: Option<MicroUsd>,
    pub output_price: Option<MicroUsd>,
    /// The page that names the prices, with the day it was read.
    pub price_source: Option<String>,
    /// None: it is simply asked.
    pub breaker: Option<Breaker>,
    /// A person switched it off, alone or with its provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Off>,
}

impl ModelSummary {
    /// The summary of what a registry offers; `statuses` are its providers'.
    pub fn of(choice: &Choice, off: Option<Off>, statuses: &[Status]) -> Self {
        let model = &choice.model;
        let status = statuses.iter().find(|status| status.provider == choice.provider);
        let resting = status.into_iter().flat_map(|status| &status.resting);
        let prices = model.prices.as_ref();
        Self {
            provider: choice.provider.clone(),
            id: model.id.clone(),
            title: model.title.clone(),
            aliases: model.aliases.clone(),
            description: model.description.clone(),
            score: model.score,
            context_window: model.context_window,
            max_output: model.max_output,
            efforts: model.efforts.iter().flat_map(|efforts| efforts.steps.iter().copied()).collect(),
            images: model.images,
            thinking: model.thinking,
            input_price: prices.and_then(|prices| prices.rates.input),
            output_price: prices.and_then(|prices| prices.rates.output),
            price_source: prices.map(|prices| format!("{} ({})", prices.source.page, prices.source.date)),
            breaker: resting
                .filter(|resting| resting.model.as_ref().is_none_or(|of| *of == model.id))
                .map(|resting| resting.breaker)
                .next(),
            off,
        }
    }
}
