//! The providers and models that zen knows, read from the data in `assets/`. Checks all of it, so that what follows can
//! believe it; decides nothing about which model is asked.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::id::{ModelId, ProviderId};
use crate::provider::effort::Effort;
use crate::provider::model::{EffortWire, Efforts, Model, Temperature};
use crate::provider::wire::Wire;
use crate::unit::Tokens;

/// The providers in the order in which they are asked, each with the file of its models.
const SHIPPED: [Shipped; 5] = [
    Shipped {
        provider: ("assets/providers/google.toml", include_str!("../../assets/providers/google.toml")),
        models: Some(("assets/models/google.toml", include_str!("../../assets/models/google.toml"))),
    },
    Shipped {
        provider: ("assets/providers/openai.toml", include_str!("../../assets/providers/openai.toml")),
        models: Some(("assets/models/openai.toml", include_str!("../../assets/models/openai.toml"))),
    },
    Shipped {
        provider: ("assets/providers/xai.toml", include_str!("../../assets/providers/xai.toml")),
        models: Some(("assets/models/xai.toml", include_str!("../../assets/models/xai.toml"))),
    },
    Shipped {
        provider: ("assets/providers/custom.toml", include_str!("../../assets/providers/custom.toml")),
        models: None,
    },
    Shipped {
        provider: ("assets/providers/openrouter.toml", include_str!("../../assets/providers/openrouter.toml")),
        models: Some(("assets/models/openrouter.toml", include_str!("../../assets/models/openrouter.toml"))),
    },
];

/// A file's name and text.
type File = (&'static str, &'static str);

struct Shipped {
    provider: File,
    models: Option<File>,
}

/// A provider as its file describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub id: ProviderId,
    /// For people.
    pub title: String,
    /// None where the user has to say it.
    pub base_url: Option<String>,
    pub wire: Wire,
    /// The environment variable that sets the provider up.
    pub variable: String,
    /// The variable of the key, where it is another one.
    key_variable: Option<String>,
    pub base_url_variable: Option<String>,
    /// The header that carries the key.
    pub key_header: String,
    /// What stands before the key in it, such as `Bearer`.
    pub key_scheme: Option<String>,
    /// Sent with every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What is assumed of a model that the catalogue does not know. None: such a name is not sent.
    pub undeclared: Option<Undeclared>,
    #[serde(skip)]
    models: Option<File>,
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

/// Every provider zen knows, in the order in which they are asked.
///
/// # Errors
/// A file that cannot be read as a provider.
pub fn providers() -> Result<Vec<Provider>, BadCatalogue> {
    let read = |shipped: &Shipped| {
        let (file, text) = shipped.provider;
        let provider = toml::from_str::<Provider>(text).map_err(|error| bad(file, None, error.message()))?;
        Ok(Provider { models: shipped.models, ..provider })
    };
    SHIPPED.iter().map(read).collect()
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

    /// The models that the catalogue has of it, in the order of the file.
    ///
    /// # Errors
    /// Names the file and the entry that is not as it should be.
    pub fn models(&self) -> Result<Vec<Model>, BadCatalogue> {
        self.models.map_or_else(|| Ok(Vec::new()), |(file, text)| read_models(file, text, self.wire))
    }

    /// A model that the catalogue does not know, as it is assumed to be; None where such names are not sent here.
    pub fn undeclared(&self, name: &str) -> Option<Model> {
        let assumed = self.undeclared.as_ref()?;
        let (vendor, model) = name.split_once('/').unwrap_or_default();
        let fits = assumed.names == Names::Any || (!vendor.is_empty() && !model.is_empty());
        fits.then(|| Model::undeclared(name, assumed.score, assumed.context_window, assumed.max_output))
    }

    /// A model that the user has configured beside the catalogue's.
    pub fn configured(&self, name: &str) -> Model {
        const MODEST: (u8, Tokens) = (6, Tokens(32_768));
        self.undeclared(name).unwrap_or_else(|| Model::undeclared(name, MODEST.0, MODEST.1, None))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Models {
    model: Vec<Entry>,
}

/// A model as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: ModelId,
    title: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    description: String,
    context_window: Tokens,
    max_output: Option<Tokens>,
    score: u8,
    #[serde(default)]
    fast: bool,
    #[serde(default)]
    images: bool,
    #[serde(default)]
    max_image_mb: u64,
    #[serde(default)]
    thinking: bool,
    #[serde(default)]
    code_generation: bool,
    temperature: Option<TemperatureEntry>,
    efforts: Option<EffortsEntry>,
    #[serde(default)]
    responses_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum TemperatureEntry {
    Range([f64; 2]),
    Fixed(f64),
    Unsupported,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EffortsEntry {
    wire: EffortWireEntry,
    steps: Vec<Effort>,
    max_thinking: Option<Tokens>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EffortWireEntry {
    ReasoningEffort,
    ThinkingBudget,
    ThinkingLevel,
}

fn read_models(file: &str, text: &str, wire: Wire) -> Result<Vec<Model>, BadCatalogue> {
    let entries = toml::from_str::<Models>(text).map_err(|error| bad(file, culprit(text), error.message()))?;
    let mut owners: HashMap<String, ModelId> = HashMap::new();
    let mut models = Vec::with_capacity(entries.model.len());
    for entry in entries.model {
        let id = entry.id.to_string();
        let model = entry.checked(wire).map_err(|problem| bad(file, Some(id.clone()), &problem))?;
        for name in model.names() {
            if let Some(other) = owners.insert(name.to_ascii_lowercase(), model.id.clone()) {
                return Err(bad(file, Some(id), &format!("the name '{name}' belongs to '{other}' already")));
            }
        }
        models.push(model);
    }
    Ok(models)
}

impl Entry {
    fn checked(self, wire: Wire) -> Result<Model, String> {
        if !(1..=20).contains(&self.score) {
            return Err(format!("score = {} is outside 1 to 20", self.score));
        }
        if self.context_window == Tokens::ZERO {
            return Err("context_window is 0".to_owned());
        }
        if self.images != (self.max_image_mb > 0) {
            return Err("images and max_image_mb go together".to_owned());
        }
        let temperature = match self.temperature {
            None => Temperature::default(),
            Some(TemperatureEntry::Range([min, max])) if min <= max => Temperature::Range { min, max },
            Some(TemperatureEntry::Range(_)) => return Err("the range of temperature is empty".to_owned()),
            Some(TemperatureEntry::Fixed(value)) => Temperature::Fixed(value),
            Some(TemperatureEntry::Unsupported) => Temperature::Unsupported,
        };
        Ok(Model {
            id: self.id,
            title: self.title,
            aliases: self.aliases,
            description: self.description,
            context_window: self.context_window,
            max_output: self.max_output,
            score: self.score,
            fast: self.fast,
            images: self.images,
            max_image_bytes: self.max_image_mb << 20,
            thinking: self.thinking,
            code_generation: self.code_generation,
            temperature,
            efforts: self.efforts.map(|efforts| efforts.checked(wire)).transpose()?,
            responses_only: self.responses_only,
            prices: None,
        })
    }
}

impl EffortsEntry {
    fn checked(self, format: Wire) -> Result<Efforts, String> {
        if self.steps.is_empty() || !self.steps.is_sorted_by(|lower, higher| lower < higher) {
            return Err("the steps of efforts are to ascend, and there is to be at least one".to_owned());
        }
        let wire = match (self.wire, self.max_thinking, format) {
            (EffortWireEntry::ReasoningEffort, None, Wire::ChatCompletions) => EffortWire::ReasoningEffort,
            (EffortWireEntry::ThinkingLevel, None, Wire::Gemini) => EffortWire::ThinkingLevel,
            (EffortWireEntry::ThinkingBudget, Some(max_thinking), Wire::Gemini) => {
                EffortWire::ThinkingBudget { max_thinking }
            }
            (EffortWireEntry::ThinkingBudget, None, _) => return Err("a thinking_budget needs max_thinking".to_owned()),
            _ => return Err("its efforts do not go on its provider's wire format".to_owned()),
        };
        Ok(Efforts { steps: self.steps, wire })
    }
}

/// The first entry that cannot be read, once it is known that one cannot.
fn culprit(text: &str) -> Option<String> {
    let file: toml::Table = toml::from_str(text).ok()?;
    let mut entries = file.get("model")?.as_array()?.iter();
    let entry = entries.find(|entry| (*entry).clone().try_into::<Entry>().is_err())?;
    Some(entry.get("id")?.as_str()?.to_owned())
}

fn bad(file: &str, entry: Option<String>, problem: &str) -> BadCatalogue {
    BadCatalogue { file: file.to_owned(), entry, problem: problem.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[[model]]\nid = \"m-1\"\ntitle = \"M\"\naliases = [\"em\"]\ncontext_window = 10\nscore = 5\n";

    fn refusal(text: &str) -> String {
        read_models("f.toml", text, Wire::ChatCompletions).unwrap_err().to_string()
    }

    #[test]
    fn everything_that_is_shipped_loads() {
        let providers = providers().unwrap();
        let ids: Vec<_> = providers.iter().map(|provider| provider.id.as_str()).collect();
        assert_eq!(ids, ["google", "openai", "xai", "custom", "openrouter"]);
        let models: Vec<usize> = providers.iter().map(|provider| provider.models().unwrap().len()).collect();
        assert_eq!(models, [5, 13, 2, 0, 27]);
    }

    #[test]
    fn a_bad_entry_is_refused_by_file_and_name() {
        assert_eq!(refusal(&GOOD.replace("= 5", "= 21")), "f.toml, 'm-1': score = 21 is outside 1 to 20");
        assert!(refusal(&format!("{GOOD}colour = 1\n")).starts_with("f.toml, 'm-1': unknown field `colour`"));
        let twice = format!("{GOOD}{}", GOOD.replace("m-1", "m-2").replace("\"em\"", "\"EM\""));
        assert_eq!(refusal(&twice), "f.toml, 'm-2': the name 'EM' belongs to 'm-1' already");
        let level = format!("{GOOD}efforts = {{ wire = \"thinking_level\", steps = [\"low\"] }}\n");
        assert_eq!(refusal(&level), "f.toml, 'm-1': its efforts do not go on its provider's wire format");
        let order = format!("{GOOD}efforts = {{ wire = \"reasoning_effort\", steps = [\"low\", \"low\"] }}\n");
        assert!(refusal(&order).contains("ascend"));
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
}
