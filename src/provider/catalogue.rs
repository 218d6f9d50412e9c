//! The providers that zen knows, read from the data in `assets/`, with the models of each: those of the catalogue, and on
//! top of them what the user's files say. Decides nothing about which model is asked.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config;
use crate::config::shipped::{FILES, Files};
use crate::id::ProviderId;
use crate::provider::entry;
use crate::provider::model::Model;
use crate::provider::overlay::Overlays;
use crate::provider::wire::Wire;
use crate::unit::Tokens;

/// A provider as its file describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub id: ProviderId,
    /// For people.
    pub title: String,
    /// None where the user has to say it.
    pub base_url: Option<String>,
    /// The path of a base URL that has none.
    pub default_path: Option<String>,
    /// Ends of a base URL that are its routes' and not its own.
    #[serde(default)]
    pub trims: Vec<String>,
    /// The format of its models, unless a model names another.
    pub wire: Wire,
    /// Where things stand beneath the base URL.
    #[serde(default)]
    pub routes: Routes,
    /// The same where there is a dated version; what is not named here is as in `routes`.
    #[serde(default)]
    pub dated_routes: Routes,
    /// The dated version of its interface, unless the user names one.
    pub api_version: Option<String>,
    /// The environment variable that sets the provider up.
    pub variable: String,
    /// The variable of the key, where it is another one.
    key_variable: Option<String>,
    pub base_url_variable: Option<String>,
    #[serde(default)]
    allowed_variables: Vec<String>,
    /// The header that carries the key.
    pub key_header: String,
    /// What stands before the key in it, such as `Bearer`.
    pub key_scheme: Option<String>,
    #[serde(default)]
    pub needs_key: bool,
    /// Sent with every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What is assumed of a model that the catalogue does not know. None: such a name is not sent.
    pub undeclared: Option<Undeclared>,
    /// The provider whose models a configured name is taken to mean.
    lends: Option<String>,
    /// Whether its list of models is what it serves, and not all that its owner has.
    #[serde(default)]
    pub lists_what_it_serves: bool,
    #[serde(rename = "many", default)]
    _many: bool,
    #[serde(rename = "key_begins", default)]
    _key_begins: Vec<String>,
    #[serde(rename = "models_variable")]
    _models_variable: Option<String>,
    #[serde(rename = "models_file_variable")]
    _models_file_variable: Option<String>,
    #[serde(rename = "api_version_variable")]
    _api_version_variable: Option<String>,
    pub referer_variable: Option<String>,
    pub title_variable: Option<String>,
    #[serde(skip)]
    models: Option<(&'static str, &'static str)>,
}

/// Paths, with `{deployment}` and `{version}` where these go. None: as the format has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Routes {
    pub chat_completions: Option<String>,
    pub responses: Option<String>,
    pub gemini: Option<String>,
    /// The list of its models.
    pub models: Option<String>,
    /// What tells whether a key works, where the list of models does not.
    pub check: Option<String>,
}

/// Which undeclared names a provider takes, and what is assumed of them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undeclared {
    pub names: Names,
    score: u8,
    context_window: Tokens,
    max_output: Option<Tokens>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    Any,
    /// `vendor/model`.
    WithSlash,
}

/// An entry of the data that cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", entry.as_ref().map(|entry| format!(", '{entry}'")).unwrap_or_default())]
pub struct BadCatalogue {
    pub file: String,
    pub entry: Option<String>,
    pub problem: String,
}

impl BadCatalogue {
    pub fn new(file: &str, entry: Option<String>, problem: &str) -> Self {
        Self { file: file.to_owned(), entry, problem: problem.trim().to_owned() }
    }
}

/// Every provider zen knows, in the order in which they are asked.
///
/// # Errors
/// A file that cannot be read as a provider.
pub fn providers() -> Result<Vec<Provider>, BadCatalogue> {
    FILES.iter().map(read).collect()
}

/// These and, behind the one they are like, the endpoints that the user has given a name of their own.
///
/// # Errors
/// As [`providers`].
pub fn providers_with(endpoints: &[config::Endpoint]) -> Result<Vec<Provider>, BadCatalogue> {
    let mut known = providers()?;
    for endpoint in endpoints.iter().rev() {
        let Some(like) = &endpoint.like else { continue };
        if let Some(place) = known.iter().position(|provider| provider.id.as_str() == like) {
            let named = known[place].named(&endpoint.provider);
            known.insert(place + 1, named);
        }
    }
    Ok(known)
}

fn read(files: &Files) -> Result<Provider, BadCatalogue> {
    let (file, text) = files.provider;
    let provider: Provider = toml::from_str(text).map_err(|error| BadCatalogue::new(file, None, error.message()))?;
    Ok(Provider { models: Some(files.models), ..provider })
}

impl Provider {
    /// The variable that its key is read from.
    pub fn key_variable(&self) -> &str {
        self.key_variable.as_deref().unwrap_or(&self.variable)
    }

    /// The variable that its base URL is read from; its own name where it has a URL of its own and none overrides it.
    pub fn base_url_variable(&self) -> &str {
        self.base_url_variable.as_deref().unwrap_or(self.id.as_str())
    }

    /// Where its list of allowed models is set.
    pub fn allowed_variable(&self) -> String {
        self.allowed_variables.first().cloned().unwrap_or_else(|| format!("providers.{}.allowed", self.id))
    }

    /// Whether its list of models has other names than those it is asked by.
    pub(super) fn lists_others(&self) -> bool {
        self.lends.is_some()
    }

    /// Another endpoint of this kind. Its values stand in the config file.
    fn named(&self, name: &str) -> Self {
        let section = format!("providers.{}.{name}", self.id);
        Self {
            id: name.into(),
            title: format!("{name} ({})", self.title),
            variable: format!("{section}.base_url"),
            key_variable: Some(format!("{section}.key_env")),
            base_url_variable: Some(format!("{section}.base_url")),
            allowed_variables: vec![format!("{section}.allowed")],
            ..self.clone()
        }
    }

    /// Its models: those of the catalogue in the order of the file, changed by the user's files, whose own come first.
    ///
    /// # Errors
    /// Names the file and the entry that is not as it should be.
    pub(super) fn models(&self, overlays: &Overlays) -> Result<Vec<Model>, BadCatalogue> {
        let (file, text) = self.models.unwrap_or(("", "model = []"));
        if overlays.of(&self.id).next().is_none() {
            return entry::alone(file, text, self.wire);
        }
        let mut draft = entry::Draft::shipped(file, text)?;
        overlays.of(&self.id).try_for_each(|layer| draft.add(layer))?;
        draft.finish(self.wire)
    }

    /// A model that the catalogue does not know, as it is assumed to be; None where such names are not sent here.
    pub fn undeclared(&self, name: &str) -> Option<Model> {
        let assumed = self.undeclared.as_ref()?;
        let (vendor, model) = name.split_once('/').unwrap_or_default();
        let fits = assumed.names == Names::Any || (!vendor.is_empty() && !model.is_empty());
        fits.then(|| self.assumed(name))
    }

    /// A model of which no more than its name is known.
    pub(super) fn assumed(&self, name: &str) -> Model {
        const MODEST: (u8, Tokens) = (6, Tokens(32_768));
        let ((score, window), max_output) = match &self.undeclared {
            Some(assumed) => ((assumed.score, assumed.context_window), assumed.max_output),
            None => (MODEST, None),
        };
        Model { wire: self.wire, ..Model::undeclared(name, score, window, max_output) }
    }

    /// The models that the user has configured beside the catalogue's, each as `name` or `name=deployment`.
    ///
    /// # Errors
    /// The data of the provider that lends its models is damaged.
    pub(super) fn configured(&self, names: &[String]) -> Result<Vec<Model>, BadCatalogue> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let lender = FILES
            .iter()
            .map(read)
            .find(|read| read.as_ref().is_ok_and(|provider| self.lends.as_deref() == Some(provider.id.as_str())));
        let lent = match lender {
            Some(lender) => lender?.models(&Overlays::default())?,
            None => Vec::new(),
        };
        let one = |given: &String| {
            let (name, deployment) = match given.split_once('=') {
                Some((name, deployment)) => (name.trim(), Some(deployment.trim())),
                None => (given.trim(), None),
            };
            match lent.iter().find(|model| model.is_named(name)) {
                // Its own name there is the deployment's, also where that is spelled like an alias.
                Some(model) => Model { deployment: Some(deployment.unwrap_or(name).to_owned()), ..model.clone() },
                None => Model { deployment: deployment.map(str::to_owned), ..self.assumed(name) },
            }
        };
        Ok(names.iter().map(one).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_shipped_loads() {
        let providers = providers().unwrap();
        let ids: Vec<_> = providers.iter().map(|provider| provider.id.as_str()).collect();
        assert_eq!(ids, ["google", "openai", "azure", "xai", "dial", "custom", "openrouter"]);
        let none = Overlays::default();
        let models: Vec<usize> = providers.iter().map(|provider| provider.models(&none).unwrap().len()).collect();
        assert_eq!(models, [14, 18, 0, 9, 9, 2, 32]);
    }

    #[test]
    fn undeclared_names_go_where_they_are_taken() {
        let providers = providers().unwrap();
        let takers = |name: &str| -> Vec<String> {
            providers.iter().filter(|provider| provider.undeclared(name).is_some()).map(|p| p.id.to_string()).collect()
        };
        assert_eq!(takers("vendor/model"), ["custom", "openrouter"]);
        assert_eq!(takers("llama3.2:3b"), ["custom"]);
        assert_eq!(takers("/model"), ["custom"]);
    }

    #[test]
    fn a_deployment_is_the_model_that_it_is_named_after() {
        let azure = providers().unwrap().into_iter().find(|provider| provider.id.as_str() == "azure").unwrap();
        let names = ["gpt5.2=prod-52", "gpt-5.1-codex", "ours = x"].map(str::to_owned);
        let models = azure.configured(&names).unwrap();
        let seen: Vec<_> = models.iter().map(|model| (model.id.as_str(), model.sent_as(), model.wire)).collect();
        assert_eq!(
            seen,
            [
                ("gpt-5.2", "prod-52", Wire::ChatCompletions),
                ("gpt-5.1-codex", "gpt-5.1-codex", Wire::Responses),
                ("ours", "x", Wire::ChatCompletions),
            ]
        );
        assert_eq!(models[0].context_window, Tokens(400_000));
    }

    #[test]
    fn a_named_endpoint_stands_behind_the_one_it_is_like() {
        let endpoint = config::Endpoint {
            provider: "lab".to_owned(),
            like: Some("custom".to_owned()),
            ..config::Endpoint::default()
        };
        let known = providers_with(&[endpoint]).unwrap();
        let ids: Vec<_> = known.iter().map(|provider| provider.id.as_str()).collect();
        assert_eq!(ids[5..], ["custom", "lab", "openrouter"]);
        assert_eq!(known[6].base_url_variable(), "providers.custom.lab.base_url");
    }
}
