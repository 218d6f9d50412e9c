//! What is known of a model: its window, what it accepts, and how zen's ladder of effort and its temperature are said to
//! it. Plain facts; which models exist is in `catalogue`, which one is asked in `choice`.

use crate::id::ModelId;
use crate::provider::effort::Effort;
use crate::provider::failure::{Class, Fault};
use crate::provider::price::Prices;
use crate::provider::wire::Wire;
use crate::provider::{Part, Request};
use crate::unit::Tokens;

/// Whole-name parts that tell a model which takes no temperature, where nothing else is known of it.
const REASONERS: [&str; 7] = ["o1", "o3", "o4", "r1", "deepseek-r1", "deepseek-reasoner", "reasoner"];

/// One model of one provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub id: ModelId,
    /// For people.
    pub title: String,
    /// Other names it is asked for by, whatever their case. Unique within its provider.
    pub aliases: Vec<String>,
    pub description: String,
    pub context_window: Tokens,
    /// Unknown where none is stated.
    pub max_output: Option<Tokens>,
    /// How capable it is held to be: 1 to 20.
    pub score: u8,
    /// Whether it is preferred where a quick answer is wanted.
    pub fast: bool,
    pub images: bool,
    /// All images of one request together; 0 where it takes none.
    pub max_image_bytes: u64,
    /// Whether it reasons before it answers.
    pub thinking: bool,
    /// Whether it is fit to write whole files of code.
    pub code_generation: bool,
    pub temperature: Temperature,
    /// None where it takes no effort.
    pub efforts: Option<Efforts>,
    /// The format in which it is asked.
    pub wire: Wire,
    /// What it is called on the wire, where that is not its id.
    pub deployment: Option<String>,
    /// Fit for a kind of work rather than for any question: chosen by itself only where long reasoning is wanted.
    pub specialist: bool,
    /// Whether it stands in lists and may be chosen for the caller. Others are known, and asked where they are named.
    pub offered: bool,
    /// None: unknown.
    pub prices: Option<Prices>,
}

/// What a model accepts as temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Temperature {
    Range { min: f64, max: f64 },
    Fixed(f64),
    Unsupported,
}

/// The steps of effort that a model takes, and how they are said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Efforts {
    /// Ascending, never empty.
    pub steps: Vec<Effort>,
    pub wire: EffortWire,
}

/// How an effort goes on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffortWire {
    /// By name: `reasoning_effort`, or `reasoning.effort` in the Responses format.
    ReasoningEffort,
    /// Gemini's `thinkingBudget`: a share of `max` tokens, but never fewer than `min` unless it is off.
    ThinkingBudget { min: Tokens, max: Tokens },
    /// Gemini's `thinkingLevel` by name.
    ThinkingLevel,
}

impl Model {
    /// A model that no catalogue knows, with modest capabilities.
    pub fn undeclared(id: &str, score: u8, context_window: Tokens, max_output: Option<Tokens>) -> Self {
        let name = id.rsplit('/').next().unwrap_or(id).to_ascii_lowercase();
        let reasoner = REASONERS.iter().any(|known| {
            name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', ':', '.']))
        });
        Self {
            id: id.into(),
            title: id.to_owned(),
            aliases: Vec::new(),
            description: String::new(),
            context_window,
            max_output,
            score,
            fast: false,
            images: false,
            max_image_bytes: 0,
            thinking: reasoner,
            code_generation: false,
            temperature: if reasoner { Temperature::Unsupported } else { Temperature::default() },
            efforts: None,
            wire: Wire::ChatCompletions,
            deployment: None,
            specialist: false,
            offered: true,
            prices: None,
        }
    }

    /// Its name on the wire.
    pub fn sent_as(&self) -> &str {
        self.deployment.as_deref().unwrap_or(self.id.as_str())
    }

    /// Whether `name` is its id or one of its aliases, whatever the case.
    pub fn is_named(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Its id, then its aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.id.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// Refuses what the model is known not to take, before anything is sent.
    pub(super) fn takes(&self, request: &Request) -> Result<(), Fault> {
        let parts = request.messages.iter().flat_map(|message| &message.parts);
        let bytes = parts.filter_map(|part| match part {
            Part::Image(image) => Some(image.base64.len() as u64 / 4 * 3),
            Part::Text(_) => None,
        });
        let Some(bytes) = bytes.reduce(u64::saturating_add) else { return Ok(()) };
        let refused = |message: String| Err(Fault::new(Class::BadRequest, message));
        if !self.images {
            return refused(format!("{} takes no images: leave them out, or name a model that does", self.id));
        }
        if bytes > self.max_image_bytes {
            let (megabytes, most) = (bytes.div_ceil(1 << 20), self.max_image_bytes >> 20);
            return refused(format!("the images are {megabytes} MiB together, and {} takes {most}", self.id));
        }
        Ok(())
    }

    /// The step that is sent when `asked` is wanted; None where it takes none or nothing was asked.
    pub fn effort(&self, asked: Option<Effort>) -> Option<Effort> {
        asked?.nearest(&self.efforts.as_ref()?.steps)
    }

    /// The temperature that is sent along with `effort`. None leaves it out.
    pub fn temperature(&self, asked: Option<f64>, effort: Option<Effort>) -> Option<f64> {
        let asked = asked.filter(|value| value.is_finite())?;
        let reasons = effort.is_some_and(|effort| effort != Effort::None);
        match self.temperature {
            Temperature::Range { min, max } => Some(asked.max(min).min(max)),
            // A fixed value is the model's own default; while it reasons, some refuse to hear even that.
            Temperature::Fixed(value) => (!reasons).then_some(value),
            Temperature::Unsupported => None,
        }
    }
}

impl Default for Temperature {
    fn default() -> Self {
        Self::Range { min: 0.0, max: 2.0 }
    }
}

/// The tokens of a thinking budget that stand for `effort`: the shares that agents are used to.
pub fn thinking_budget(effort: Effort, min: Tokens, max: Tokens) -> Tokens {
    let thousandths = match effort {
        Effort::None => return Tokens::ZERO,
        Effort::Minimal => 5,
        Effort::Low => 80,
        Effort::Medium => 330,
        Effort::High => 670,
        Effort::Xhigh => 835,
        Effort::Max => 1000,
    };
    Tokens(max.0.saturating_mul(thousandths) / 1000).max(min)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(temperature: Temperature) -> Model {
        Model { temperature, ..Model::undeclared("m", 9, Tokens(1), None) }
    }

    #[test]
    fn a_temperature_is_corrected_to_what_the_model_takes() {
        assert_eq!(model(Temperature::default()).temperature(Some(3.0), None), Some(2.0));
        assert_eq!(model(Temperature::Fixed(1.0)).temperature(Some(0.2), None), Some(1.0));
        assert_eq!(model(Temperature::Fixed(1.0)).temperature(Some(0.2), Some(Effort::High)), None);
        assert_eq!(model(Temperature::Unsupported).temperature(Some(0.2), None), None);
        assert_eq!(model(Temperature::default()).temperature(Some(f64::NAN), None), None);
    }

    #[test]
    fn an_unknown_reasoner_is_told_by_its_name() {
        let takes = |id| Model::undeclared(id, 9, Tokens(1), None).temperature(Some(0.5), None).is_some();
        assert!(!takes("deepseek-r1:14b") && !takes("vendor/o3-large") && !takes("O1"));
        assert!(takes("llama3.2:3b") && takes("vendor/o11y"));
    }

    #[test]
    fn thinking_budgets_are_the_known_shares() {
        let budgets = [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Max]
            .map(|effort| thinking_budget(effort, Tokens(128), Tokens(32_768)).0);
        assert_eq!(budgets, [163, 2_621, 10_813, 21_954, 32_768]);
    }

    #[test]
    fn a_thinking_budget_has_a_floor_unless_it_is_off() {
        let budget = |effort| thinking_budget(effort, Tokens(512), Tokens(24_576));
        assert_eq!([Effort::None, Effort::Minimal, Effort::Low].map(budget), [0, 512, 1_966].map(Tokens));
    }
}
