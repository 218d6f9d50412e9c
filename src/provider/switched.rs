//! What of a provider a person has switched off by hand: one of its models, or all of it. It holds until zen ends and is
//! written nowhere; what is for good stands in the configuration.

use std::collections::BTreeSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use serde::{Deserialize, Serialize};

use crate::id::{ModelId, ProviderId};
use crate::provider::choice::Choice;
use crate::provider::registry::Registry;

/// Why a model is not asked by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    Model,
    /// With all of its provider.
    Provider,
}

/// Why a switch stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSwitch {
    #[error("{0} is not configured here")]
    Provider(ProviderId),
    #[error("{provider} offers no model '{model}' here")]
    Model { provider: ProviderId, model: ModelId },
    #[error("{provider} is switched off as a whole: switch it on before one of its models")]
    Whole { provider: ProviderId },
}

/// The switches of one provider.
#[derive(Debug, Default)]
pub(super) struct Switched(RwLock<Switches>);

#[derive(Debug, Default)]
struct Switches {
    whole: bool,
    models: BTreeSet<ModelId>,
}

impl Switched {
    /// Whether the model may not be asked; None: it may.
    pub fn off(&self, model: &ModelId) -> Option<Off> {
        let switches = self.read();
        match (switches.whole, switches.models.contains(model)) {
            (true, _) => Some(Off::Provider),
            (false, true) => Some(Off::Model),
            (false, false) => None,
        }
    }

    /// Whether all of the provider is off.
    pub fn is_whole(&self) -> bool {
        self.read().whole
    }

    /// Switches one model, or without one the provider; says whether that is a change.
    fn switch(&self, model: Option<&ModelId>, on: bool) -> bool {
        let mut switches = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match model {
            None => std::mem::replace(&mut switches.whole, !on) == on,
            Some(model) if on => switches.models.remove(model),
            Some(model) => switches.models.insert(model.clone()),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Switches> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry {
    /// The models that can be asked by name, by the priority of their providers, then the highest score first.
    pub fn offered(&self) -> Vec<Choice> {
        self.switchable().into_iter().filter_map(|(choice, off)| off.is_none().then_some(choice)).collect()
    }

    /// The same with those that a person has switched off.
    pub fn switchable(&self) -> Vec<(Choice, Option<Off>)> {
        let offers = self.served().iter().flat_map(|served| {
            let mut models = served.models.clone();
            models.sort_by_key(|model| std::cmp::Reverse(model.score));
            models.into_iter().map(|model| {
                let (asked_as, off) = (model.id.to_string(), served.switched.off(&model.id));
                (Choice { provider: served.provider.id.clone(), model, asked_as, pinned: false }, off)
            })
        });
        offers.collect()
    }

    /// From now on, until zen ends, this model is asked or not; without one, nothing of the provider is. Calls in flight
    /// go on. Says whether that is a change.
    ///
    /// # Errors
    /// Nothing here is called so, or a model is to be switched on whose provider is off.
    pub fn switch(&self, provider: &ProviderId, model: Option<&ModelId>, on: bool) -> Result<bool, CannotSwitch> {
        let served = self.served().iter().find(|served| served.provider.id == *provider);
        let served = served.ok_or_else(|| CannotSwitch::Provider(provider.clone()))?;
        if let Some(model) = model {
            if !served.models.iter().any(|known| known.id == *model) {
                return Err(CannotSwitch::Model { provider: provider.clone(), model: model.clone() });
            }
            if on && served.switched.is_whole() {
                return Err(CannotSwitch::Whole { provider: provider.clone() });
            }
        }
        Ok(served.switched.switch(model, on))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config;
    use crate::event::Bus;
    use crate::provider::{Category, NoModel};
    use crate::secret::{Redactor, Secret};

    /// OpenAI, OpenRouter and a custom endpoint that takes any name.
    fn registry() -> Registry {
        let endpoint = |provider: &str| config::Endpoint {
            provider: provider.to_owned(),
            base_url: (provider == "custom").then(|| "http://localhost:11434/v1".to_owned()),
            key: (provider != "custom").then(|| Secret::new(format!("key-of-{provider}"))),
            ..config::Endpoint::default()
        };
        let endpoints = ["openai", "openrouter", "custom"].map(endpoint).into();
        let providers = config::Providers { endpoints, ..config::Providers::default() };
        Registry::new(&providers, &config::Models::default(), Clock::system(), Redactor::default(), Bus::new()).unwrap()
    }

    fn chosen(registry: &Registry, asked: Option<&str>) -> Result<String, NoModel> {
        let choice = registry.choose(asked, Category::Balanced)?;
        Ok(format!("{} {}", choice.provider, choice.model.id))
    }

    #[test]
    fn a_model_that_is_off_is_not_chosen_nor_offered_nor_suggested_until_it_is_on_again() {
        let (registry, openai, model) = (registry(), "openai".into(), ModelId::from("gpt-5.1-codex"));
        let offers = |registry: &Registry| registry.offered().iter().any(|choice| choice.model.id == model);
        assert_eq!(chosen(&registry, Some("gpt-5.1-codex")).unwrap(), "openai gpt-5.1-codex");
        assert_eq!(registry.switch(&openai, Some(&model), false), Ok(true));
        assert_eq!(registry.switch(&openai, Some(&model), false), Ok(false));
        assert!(!offers(&registry));
        let off = registry.switchable().into_iter().filter(|(_, off)| off.is_some()).count();
        assert_eq!((off, registry.switchable().len()), (1, registry.offered().len() + 1));
        // Nor does its name go on to the endpoint that takes any name.
        let best = registry.choose(None, Category::Balanced).unwrap().model.id.to_string();
        match chosen(&registry, Some("gpt-5.1-codex")) {
            Err(refused @ NoModel::SwitchedOff { .. }) => {
                assert_eq!(refused.suggested(), Some(best.as_str()));
                assert!(refused.to_string().contains("a person switched it off here"), "{refused}");
            }
            // Unless another provider knows the name as well.
            other => assert!(other.as_ref().is_ok_and(|name| name.starts_with("openrouter ")), "{other:?}"),
        }
        let reasoning = registry.choose(None, Category::ExtendedReasoning).unwrap();
        assert_ne!(reasoning.model.id, model);
        assert_eq!(registry.switch(&openai, Some(&model), true), Ok(true));
        assert!(offers(&registry));
        assert_eq!(chosen(&registry, Some("gpt-5.1-codex")).unwrap(), "openai gpt-5.1-codex");
    }

    #[test]
    fn a_provider_that_is_off_takes_all_of_its_names_along() {
        let (registry, custom) = (registry(), ProviderId::from("custom"));
        assert_eq!(chosen(&registry, Some("llama3.2:3b")).unwrap(), "custom llama3.2:3b");
        assert_eq!(registry.switch(&custom, None, false), Ok(true));
        let refused = chosen(&registry, Some("llama3.2:3b"));
        assert!(matches!(&refused, Err(NoModel::SwitchedOff { provider, .. }) if *provider == custom), "{refused:?}");
        for provider in ["openai", "openrouter"] {
            assert_eq!(registry.switch(&provider.into(), None, false), Ok(true));
        }
        let nothing = registry.choose(None, Category::Balanced).unwrap_err().to_string();
        assert!(nothing.contains("OpenAI's models are switched off by hand"), "{nothing}");
        let model = ModelId::from("gpt-5.2");
        let refused = registry.switch(&"openai".into(), Some(&model), true);
        assert!(matches!(refused, Err(CannotSwitch::Whole { .. })));
        assert!(matches!(
            registry.switch(&"openai".into(), Some(&"gpt-0".into()), false),
            Err(CannotSwitch::Model { .. })
        ));
        assert!(matches!(registry.switch(&"google".into(), None, false), Err(CannotSwitch::Provider(_))));
        assert_eq!(registry.switch(&"openai".into(), None, true), Ok(true));
        assert!(chosen(&registry, Some("gpt-5.2")).is_ok());
    }
}
