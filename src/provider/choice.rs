//! Which model a name means, and which one is asked where nobody named one. Decides from what is configured; asks
//! nobody.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::id::ProviderId;
use crate::provider::Estimate;
use crate::provider::breaker::Breaker;
use crate::provider::catalogue::Names;
use crate::provider::cost::Classes;
use crate::provider::model::Model;
use crate::provider::served::Served;

/// The name by which the choice is left to zen.
pub const AUTO: &str = "auto";

/// A longer name is no model's.
const MAX_NAME: usize = 200;
const MAX_NEAREST: usize = 3;

/// What kind of work a model is wanted for, where none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    FastResponse,
    Balanced,
    ExtendedReasoning,
}

/// A model and who serves it.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub provider: ProviderId,
    pub model: Arc<Model>,
    /// The name it was asked for by: an alias, its id, or `auto`.
    pub asked_as: String,
    /// The caller named it for this call: no other is asked in its place.
    pub pinned: bool,
}

/// Why no model can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoModel {
    #[error("no provider is configured, so no model can be asked. Set one of {} and start zen again", .variables.join(", "))]
    NothingConfigured { variables: Vec<String> },
    /// A default that is not served is told apart, as the user and not the caller has to change it.
    #[error("{}'{asked}' is no model that is served here.{}{}",
        if *.is_default { "the default model (DEFAULT_MODEL) " } else { "" },
        list(" Nearest names: ", .nearest), suggest(.suggested))]
    Unknown { asked: String, is_default: bool, nearest: Vec<String>, suggested: Option<String> },
    #[error("'{asked}' may not be asked at {provider}: {variable} does not allow it.{}", suggest(.suggested))]
    Forbidden { asked: String, provider: ProviderId, variable: String, suggested: Option<String> },
    /// By a person at a face, of this process alone.
    #[error("'{asked}' is not asked at {provider} now: a person switched it off here.{}", suggest(.suggested))]
    SwitchedOff { asked: String, provider: ProviderId, suggested: Option<String> },
    #[error(
        "{provider} names no models, so none can be chosen for you: name one in `model`, or set CUSTOM_MODEL_NAME or DEFAULT_MODEL"
    )]
    NothingDeclared { provider: ProviderId },
    /// By the user's own restrictions; each says its variable, what it allows, and where.
    #[error("no model is left to choose: {}. Change the list, name a model in `model`, or set DEFAULT_MODEL", .restrictions.join("; "))]
    NothingAllowed { restrictions: Vec<String> },
}

impl NoModel {
    /// The model to name instead, where there is one.
    pub fn suggested(&self) -> Option<&str> {
        match self {
            Self::Unknown { suggested, .. }
            | Self::Forbidden { suggested, .. }
            | Self::SwitchedOff { suggested, .. } => suggested.as_deref(),
            Self::NothingConfigured { .. } | Self::NothingDeclared { .. } | Self::NothingAllowed { .. } => None,
        }
    }
}

/// Chooses among `served`, which is in the order of priority and not empty.
pub(super) fn choose(
    served: &[Arc<Served>],
    default: &str,
    asked: Option<&str>,
    category: Category,
) -> Result<Choice, NoModel> {
    let named = |name: &&str| !name.is_empty() && !name.eq_ignore_ascii_case(AUTO);
    let asked = asked.map(str::trim).filter(named);
    let Some(name) = asked.or(Some(default.trim()).filter(named)) else {
        return best(served, category).ok_or_else(|| nothing_left(served));
    };
    if let Some(choice) = declared(served, name).or_else(|| undeclared(served, name)) {
        return Ok(Choice { pinned: asked.is_some(), ..choice });
    }
    let suggested = best(served, category).map(|choice| choice.model.id.to_string());
    let shown: String = name.chars().filter(|character| !character.is_control()).take(MAX_NAME).collect();
    if let Some(off) = served.iter().find(|served| served.has_off(name)) {
        return Err(NoModel::SwitchedOff { asked: shown, provider: off.provider.id.clone(), suggested });
    }
    Err(match forbidding(served, name) {
        Some(served) => {
            let (provider, variable) = (served.provider.id.clone(), served.provider.allowed_variable());
            NoModel::Forbidden { asked: shown, provider, variable, suggested }
        }
        None => {
            NoModel::Unknown { nearest: nearest(served, name), asked: shown, is_default: asked.is_none(), suggested }
        }
    })
}

/// Why nothing can be chosen: because of what the user allows, or because nothing is known to begin with.
fn nothing_left(served: &[Arc<Served>]) -> NoModel {
    let restrictions: Vec<String> = served.iter().filter_map(|served| served.restriction()).collect();
    match restrictions.is_empty() {
        true => NoModel::NothingDeclared { provider: first(served) },
        false => NoModel::NothingAllowed { restrictions },
    }
}

fn declared(served: &[Arc<Served>], name: &str) -> Option<Choice> {
    served.iter().find_map(|served| {
        let all = || served.models.iter().chain(&served.unlisted).filter(|model| served.is_on(model));
        // An id goes before an alias of another model.
        let by_id = all().find(|model| model.id.as_str().eq_ignore_ascii_case(name));
        let model = by_id.or_else(|| all().find(|model| model.is_named(name)))?;
        Some(choice(served, model.clone(), name))
    })
}

/// A name that no catalogue has goes to a provider that takes such names: first to one that wants `vendor/model`, last
/// to one that takes any name.
fn undeclared(served: &[Arc<Served>], name: &str) -> Option<Choice> {
    if name.len() > MAX_NAME || name.chars().any(|character| character.is_control() || character.is_whitespace()) {
        return None;
    }
    // A name that is forbidden or switched off at one provider is not passed on to another that takes any.
    let kept_back = |served: &Arc<Served>| served.provider.undeclared.is_none() && served.has_off(name);
    if forbidding(served, name).is_some_and(|served| served.provider.undeclared.is_none())
        || served.iter().any(kept_back)
    {
        return None;
    }
    let takes = |names| {
        served.iter().find_map(|served| {
            served.provider.undeclared.as_ref().filter(|undeclared| undeclared.names == names)?;
            let model = served.provider.undeclared(name).filter(|_| served.allowed.permits_name(name))?;
            let known_and_forbidden = served.forbidden.iter().any(|model| model.is_named(name));
            (!known_and_forbidden && !served.has_off(name)).then(|| choice(served, Arc::new(model), name))
        })
    };
    takes(Names::WithSlash).or_else(|| takes(Names::Any))
}

/// The provider that knows the name, or would take it unknown, and may not be asked for it.
fn forbidding<'a>(served: &'a [Arc<Served>], name: &str) -> Option<&'a Arc<Served>> {
    let knows = |served: &&Arc<Served>| served.forbidden.iter().any(|model| model.is_named(name));
    let would =
        |served: &&Arc<Served>| served.provider.undeclared(name).is_some() && !served.allowed.permits_name(name);
    served.iter().find(knows).or_else(|| served.iter().find(would))
}

/// The model for `category`: one for any question before a specialist, unless long reasoning is wanted; a quick one where
/// a quick answer is wanted; then the highest score, lowered while its provider fails; then the provider of the highest
/// priority. A model that is left alone for now comes after all others.
pub(super) fn best(served: &[Arc<Served>], category: Category) -> Option<Choice> {
    best_where(served, category, |_| true).or_else(|| ranked(served, category, |_| true).map(|(_, choice)| choice))
}

/// The best one that can be asked now and fits.
pub(super) fn best_where(served: &[Arc<Served>], category: Category, fits: impl Fn(&Choice) -> bool) -> Option<Choice> {
    let asked = |served: &Served, choice: &Choice| served.breakers.state(&choice.model.id) == Breaker::Closed;
    ranked(served, category, |(served, choice)| asked(served, choice) && fits(choice)).map(|(_, choice)| choice)
}

/// The cheapest one that can be asked now and has room for so much; one whose price is not known comes after all others.
pub(super) fn cheapest(served: &[Arc<Served>], estimate: Estimate) -> Option<Choice> {
    let price = |model: &Model| {
        let classes = Classes { input: estimate.input, output: estimate.reply, ..Classes::default() };
        classes.at(model.prices.as_ref()?)
    };
    let healthy = served.iter().flat_map(|served| {
        let closed = |model: &&Arc<Model>| served.breakers.state(&model.id) == Breaker::Closed;
        served.models.iter().filter(closed).map(|model| choice(served, model.clone(), AUTO))
    });
    let fits = |choice: &Choice| choice.model.context_window >= estimate.input + estimate.reply;
    healthy.filter(fits).min_by_key(|choice| {
        let price = price(&choice.model);
        (price.is_none(), price)
    })
}

fn ranked(
    served: &[Arc<Served>],
    category: Category,
    fits: impl Fn(&(&Arc<Served>, Choice)) -> bool,
) -> Option<(&Arc<Served>, Choice)> {
    let all = served.iter().flat_map(|served| {
        let models = served.choosable().cloned();
        models.map(move |model| (served, choice(served, model, AUTO)))
    });
    all.filter(fits).min_by_key(|(served, Choice { model, .. })| {
        let score = model.score.saturating_sub(served.penalty());
        let unfit = model.specialist && category != Category::ExtendedReasoning;
        (unfit, Reverse(category == Category::FastResponse && model.fast), Reverse(score))
    })
}

fn choice(served: &Served, model: Arc<Model>, asked_as: &str) -> Choice {
    Choice { provider: served.provider.id.clone(), model, asked_as: asked_as.to_owned(), pinned: false }
}

fn first(served: &[Arc<Served>]) -> ProviderId {
    served.first().map_or_else(|| "custom".into(), |served| served.provider.id.clone())
}

/// The known names that differ least from `name`, nearest first.
fn nearest(served: &[Arc<Served>], name: &str) -> Vec<String> {
    let name: String = name.chars().take(MAX_NAME).flat_map(char::to_lowercase).collect();
    let names = served.iter().flat_map(|served| served.choosable()).flat_map(|model| model.names());
    let mut near: Vec<(usize, &str)> = names
        .map(|known| (edits(&name, &known.to_lowercase()), known))
        .filter(|(edits, known)| *edits <= known.chars().count().max(6) / 3)
        .collect();
    near.sort();
    near.dedup_by_key(|(_, known)| *known);
    near.into_iter().take(MAX_NEAREST).map(|(_, known)| known.to_owned()).collect()
}

/// How many characters have to be changed, added or left out to turn one into the other.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, character) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, other) in to.iter().enumerate() {
            let changed = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

fn list(label: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("{label}{}.", names.join(", ")) }
}

fn suggest(model: &Option<String>) -> String {
    model.as_ref().map(|model| format!(" Suggested here: {model}.")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config;
    use crate::event::Bus;
    use crate::provider::Registry;
    use crate::secret::{Redactor, Secret};
    use crate::unit::Tokens;

    /// A registry of these providers, each with a key; `custom` with a URL of this machine instead.
    fn registry(providers: &[&str], default: &str) -> Registry {
        let endpoint = |provider: &&str| config::Endpoint {
            provider: provider.to_string(),
            base_url: (*provider == "custom").then(|| "http://localhost:11434/v1".to_owned()),
            key: (*provider != "custom").then(|| Secret::new(format!("key-of-{provider}"))),
            ..config::Endpoint::default()
        };
        let providers =
            config::Providers { endpoints: providers.iter().map(endpoint).collect(), ..config::Providers::default() };
        let models = config::Models { default: default.to_owned(), ..config::Models::default() };
        Registry::new(&providers, &models, Clock::system(), Redactor::default(), Bus::new()).unwrap()
    }

    fn check(providers: &[&str], asked: &str, expected: &str) {
        let choice = registry(providers, AUTO).choose(Some(asked), Category::Balanced).unwrap();
        assert_eq!(format!("{} {}", choice.provider, choice.model.id), expected);
        assert_eq!(choice.asked_as, asked);
    }

    fn auto(providers: &[&str], category: Category) -> String {
        registry(providers, AUTO).choose(None, category).unwrap().model.id.to_string()
    }

    fn refusal(providers: &[&str], asked: &str) -> NoModel {
        registry(providers, AUTO).choose(Some(asked), Category::Balanced).unwrap_err()
    }

    #[test]
    fn a_name_goes_to_the_first_provider_that_serves_it() {
        check(&["openrouter", "google"], "PRO", "google gemini-3-pro-preview");
        check(&["openrouter"], "pro", "openrouter google/gemini-3-pro-preview");
        check(&["openai", "google"], "o3", "openai o3");
    }

    #[test]
    fn the_cheapest_is_chosen_by_what_so_much_would_cost_and_has_room_for_it() {
        let cheapest = |providers: &[&str], input| {
            let estimate = Estimate { input: Tokens(input), reply: Tokens(1_000) };
            registry(providers, AUTO).cheapest(estimate).unwrap()
        };
        let small = cheapest(&["openai", "google"], 1_000);
        assert!(small.pinned, "none is asked in its place");
        let price = |choice: &Choice| {
            let classes = Classes { input: Tokens(1_000), output: Tokens(1_000), ..Classes::default() };
            classes.at(choice.model.prices.as_ref().unwrap()).unwrap()
        };
        let offered = registry(&["openai", "google"], AUTO).offered();
        let priced: Vec<_> = offered.iter().filter(|choice| choice.model.prices.is_some()).map(price).collect();
        assert_eq!(Some(&price(&small)), priced.iter().min());
        assert!(cheapest(&["openai", "google"], 900_000).model.context_window >= Tokens(901_000));
        assert!(registry(&["custom"], AUTO).cheapest(Estimate::default()).is_err(), "nothing is declared");
        assert_eq!(
            registry(&["custom"], "llama3.2").cheapest(Estimate::default()).unwrap().model.id.as_str(),
            "llama3.2"
        );
    }

    #[test]
    fn names_with_colons_and_slashes_stay_whole() {
        check(&["custom"], "llama3.2:3b", "custom llama3.2:3b");
        check(&["google", "custom"], "hf.co/org/model:Q4_K_M", "custom hf.co/org/model:Q4_K_M");
        check(&["custom", "openrouter"], "anthropic/claude-x", "openrouter anthropic/claude-x");
        check(&["openrouter"], "vendor/model:free", "openrouter vendor/model:free");
    }

    #[test]
    fn auto_picks_by_category() {
        assert_eq!(auto(&["google"], Category::ExtendedReasoning), "gemini-3-pro-preview");
        assert_eq!(auto(&["google"], Category::FastResponse), "gemini-3.8-flash");
        assert_eq!(auto(&["openai", "google"], Category::Balanced), "gemini-3-pro-preview");
        assert_eq!(auto(&["openai"], Category::Balanced), "gpt-5.2");
        assert_eq!(auto(&["openai"], Category::ExtendedReasoning), "gpt-5.1-codex");
        assert_eq!(auto(&["openai"], Category::FastResponse), "gpt-5-mini");
        assert_eq!(auto(&["openai", "xai"], Category::FastResponse), "grok-4-fast-reasoning");
    }

    #[test]
    fn a_default_model_goes_before_auto() {
        let registry = registry(&["google", "openai"], "flash");
        for asked in [None, Some("auto"), Some(" ")] {
            let choice = registry.choose(asked, Category::ExtendedReasoning).unwrap();
            assert_eq!(choice.model.id.as_str(), "gemini-2.5-flash");
        }
        let wrong = self::registry(&["google"], "flahs").choose(None, Category::Balanced).unwrap_err().to_string();
        assert!(wrong.starts_with("the default model (DEFAULT_MODEL) 'flahs' is no model"), "{wrong}");
    }

    #[test]
    fn an_unknown_name_is_told_its_neighbours() {
        let refusal = refusal(&["google", "openai"], "gpt5-minni").to_string();
        assert_eq!(
            refusal,
            "'gpt5-minni' is no model that is served here. Nearest names: gpt5-mini, gpt-5-mini, gpt5mini. \
             Suggested here: gemini-3-pro-preview."
        );
    }

    #[test]
    fn without_a_provider_the_variables_are_named() {
        assert_eq!(
            refusal(&[], "pro").to_string(),
            "no provider is configured, so no model can be asked. Set one of GEMINI_API_KEY, OPENAI_API_KEY, \
             AZURE_OPENAI_API_KEY, XAI_API_KEY, DIAL_API_KEY, CUSTOM_API_URL, OPENROUTER_API_KEY and start zen again"
        );
    }

    #[test]
    fn a_model_of_the_responses_format_is_served_like_any_other() {
        check(&["openrouter", "openai"], "o3pro", "openai o3-pro");
        check(&["openai", "custom"], "codex", "openai gpt-5-codex");
    }

    #[test]
    fn what_is_known_but_not_offered_is_asked_where_it_is_named() {
        check(&["xai"], "grok-heavy", "xai grok-4-heavy");
        check(&["custom"], "local-llama", "custom llama3.2");
        assert!(registry(&["xai"], AUTO).offered().iter().all(|choice| choice.model.id.as_str() != "grok-4-heavy"));
    }

    /// A registry of OpenAI and a custom endpoint, each restricted to these names.
    fn restricted(openai: &[&str], custom: &[&str]) -> Registry {
        let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let openai = config::Endpoint {
            provider: "openai".to_owned(),
            key: Some(Secret::new("key-of-openai")),
            allowed: names(openai),
            ..config::Endpoint::default()
        };
        let custom = config::Endpoint {
            provider: "custom".to_owned(),
            base_url: Some("http://localhost:11434/v1".to_owned()),
            allowed: names(custom),
            ..config::Endpoint::default()
        };
        let providers = config::Providers { endpoints: vec![openai, custom], ..config::Providers::default() };
        Registry::new(&providers, &config::Models::default(), Clock::system(), Redactor::default(), Bus::new()).unwrap()
    }

    #[test]
    fn a_restriction_holds_for_every_name_of_a_model_and_for_none_of_another() {
        let registry = restricted(&["MINI", "o3"], &[]);
        let chosen = |name| registry.choose(Some(name), Category::Balanced);
        assert_eq!(chosen("gpt-5-mini").unwrap().model.id.as_str(), "gpt-5-mini");
        assert_eq!(chosen(AUTO).unwrap().model.id.as_str(), "gpt-5-mini");
        let offered: Vec<_> = registry.offered().iter().map(|choice| choice.model.id.to_string()).collect();
        assert_eq!(offered, ["gpt-5-mini", "o3"]);
        let refused = chosen("gpt5").unwrap_err();
        assert_eq!(refused.suggested(), Some("gpt-5-mini"));
        assert!(refused.to_string().contains("OPENAI_ALLOWED_MODELS does not allow it"), "{refused}");
        assert_eq!(chosen("llama3.2:3b").unwrap().provider.as_str(), "custom");
        assert!(registry.warnings().is_empty());
    }

    #[test]
    fn a_restriction_holds_for_names_that_no_catalogue_has() {
        let registry = restricted(&[], &["llama3.2:3b"]);
        let chosen = |name| registry.choose(Some(name), Category::Balanced);
        assert_eq!(chosen("Llama3.2:3B").unwrap().provider.as_str(), "custom");
        assert!(matches!(chosen("qwen:7b"), Err(NoModel::Forbidden { .. })));
        let slip = restricted(&["gpt-5-minni"], &[]);
        assert_eq!(slip.warnings().len(), 1);
        assert!(slip.warnings()[0].ends_with("did you mean 'gpt-5-mini'?"), "{:?}", slip.warnings());
        let nothing = slip.choose(None, Category::Balanced).unwrap_err().to_string();
        assert!(
            nothing.contains("OPENAI_ALLOWED_MODELS allows gpt-5-minni, and of OpenAI's")
                && nothing.contains("leaves none"),
            "{nothing}"
        );
    }

    #[test]
    fn an_endpoint_without_models_cannot_be_left_the_choice() {
        assert!(matches!(refusal(&["custom"], AUTO), NoModel::NothingDeclared { .. }));
    }

    #[test]
    fn a_name_that_is_none_is_refused_and_cut() {
        let long = "x".repeat(10_000);
        for asked in ["a b", "a\u{1b}[2Jb", &long] {
            let refusal = refusal(&["custom", "openrouter"], asked).to_string();
            assert!(refusal.len() < 400 && !refusal.contains('\u{1b}'), "{refusal}");
        }
    }
}
