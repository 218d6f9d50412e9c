//! Models over all sources in a chosen order, and the one that is selected, known by its names.

use std::borrow::Cow;

use super::list::{List, Step};
use super::sieve::Sieve;
use super::source::SourceView;
use crate::control::types::ProviderSummary;
use crate::control::types::models::ModelSummary;
use crate::id::{ModelId, ProviderId};
use crate::provider::Breaker;
use crate::tui::SourceId;

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Score,
    Provider,
    Name,
    Latency,
}

/// One row, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub source: SourceId,
    pub provider: ProviderId,
    pub model: ModelId,
}

/// How a model stands, from its breaker and its provider's last requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known against it.
    Up,
    /// A tenth of its provider's requests fail, or more.
    Failing,
    /// It is left alone until it takes more.
    CoolingDown,
    /// It failed and is left alone.
    Down,
    /// A person switched it off.
    Off,
}

/// Thousandths of failed requests from which a provider is said to fail.
const FAILING: u32 = 100;

/// What a filter of models can ask for by name.
const FIELDS: &[&str] = &["model", "provider", "alias", "process", "is"];

#[derive(Clone, Debug)]
pub struct Models {
    rows: Vec<Row>,
    selected: Option<Row>,
    pub order: Order,
    pub sieve: Sieve,
    pub list: List,
}

impl Default for Models {
    fn default() -> Self {
        let (order, sieve, list) = (Order::default(), Sieve::new(FIELDS), List::default());
        Self { rows: Vec::new(), selected: None, order, sieve, list }
    }
}

impl Order {
    pub fn next(self) -> Self {
        match self {
            Self::Score => Self::Provider,
            Self::Provider => Self::Name,
            Self::Name => Self::Latency,
            Self::Latency => Self::Score,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Score => "score",
            Self::Provider => "provider",
            Self::Name => "name",
            Self::Latency => "latency",
        }
    }
}

impl Models {
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn selected(&self) -> Option<&Row> {
        self.selected.as_ref()
    }

    pub fn step(&mut self, step: Step) {
        self.list.step(step, self.rows.len());
        self.selected = self.rows.get(self.list.cursor).cloned();
    }

    /// Selects this row, if it is there.
    pub fn go_to(&mut self, row: &Row) -> bool {
        let Some(at) = self.rows.iter().position(|known| known == row) else { return false };
        self.list.cursor = at;
        self.selected = Some(row.clone());
        true
    }

    /// Orders the models anew; the selected one stays selected.
    pub fn refresh(&mut self, sources: &[SourceView]) {
        let mut models: Vec<(&SourceView, &ModelSummary)> =
            sources.iter().flat_map(|source| source.models.iter().map(move |model| (source, model))).collect();
        models.retain(|(source, model)| self.sieve.passes(|field| value(source, model, field)));
        let name = |(source, model): &(&SourceView, &ModelSummary)| (model.id.to_string(), source.id);
        let score = |(_, model): &(&SourceView, &ModelSummary)| std::cmp::Reverse(model.score);
        match self.order {
            Order::Score => models.sort_by_cached_key(|row| (score(row), name(row))),
            Order::Provider => models.sort_by_cached_key(|row| (row.1.provider.to_string(), score(row), name(row))),
            Order::Name => models.sort_by_cached_key(name),
            Order::Latency => models.sort_by_cached_key(|row| {
                let p50 = row.0.provider(&row.1.provider).and_then(|provider| provider.health.total_p50_ms);
                (p50.unwrap_or(u64::MAX), score(row), name(row))
            }),
        }
        let row = |(source, model): (&SourceView, &ModelSummary)| Row {
            source: source.id,
            provider: model.provider.clone(),
            model: model.id.clone(),
        };
        self.rows = models.into_iter().map(row).collect();
        match self.selected.as_ref().and_then(|selected| self.rows.iter().position(|row| row == selected)) {
            Some(at) => self.list.cursor = at,
            None => self.step(Step::By(0)),
        }
    }
}

fn value<'a>(source: &'a SourceView, model: &'a ModelSummary, field: &str) -> Cow<'a, str> {
    match field {
        "model" => model.id.as_str().into(),
        "provider" => model.provider.as_str().into(),
        "alias" => model.aliases.join(" ").into(),
        "process" => source.name.as_str().into(),
        _ => Standing::of(model, source.provider(&model.provider)).says().into(),
    }
}

impl Standing {
    /// What a filter and a screen call it.
    pub fn says(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Failing => "failing",
            Self::CoolingDown => "cooling",
            Self::Down => "down",
            Self::Off => "off",
        }
    }

    /// The better, the lower.
    pub fn rank(self) -> u8 {
        match self {
            Self::Up => 0,
            Self::Failing => 1,
            Self::CoolingDown => 2,
            Self::Down => 3,
            Self::Off => 4,
        }
    }

    pub fn of(model: &ModelSummary, provider: Option<&ProviderSummary>) -> Self {
        if model.off.is_some() {
            return Self::Off;
        }
        // What the provider sends as it changes is newer than the list of models.
        let resting = provider.into_iter().flat_map(|provider| &provider.resting);
        let mut resting = resting.filter(|resting| resting.model.as_ref().is_none_or(|of| *of == model.id));
        match resting.next().map(|resting| resting.breaker) {
            Some(Breaker::Open | Breaker::HalfOpen) => return Self::Down,
            Some(Breaker::CoolingDown) => return Self::CoolingDown,
            Some(Breaker::Closed) | None => {}
        }
        if provider.is_some_and(Self::fails) { Self::Failing } else { Self::Up }
    }

    /// Whether so many of the provider's last requests failed that a person should know.
    pub fn fails(provider: &ProviderSummary) -> bool {
        provider.health.failing_per_mille.is_some_and(|failing| failing >= FAILING)
    }
}
