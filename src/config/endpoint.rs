//! The providers that can be asked: those with a key in the environment, or with a URL of their own. The one place in
//! which a provider's key is read.

use super::draft::{Draft, PROVIDERS, ProviderDraft};
use super::environment::Environment;
use super::error::{Error, Place, Problem};
use super::section::Endpoint;
use super::{Origin, Setting};
use crate::secret::Secret;

/// What came of all providers.
#[derive(Default)]
pub struct Endpoints {
    /// In the order in which they are asked for a model.
    pub endpoints: Vec<Endpoint>,
    pub keys: Vec<KeySource>,
    pub errors: Vec<Error>,
    pub warnings: Vec<String>,
}

/// Where a provider's key was looked for.
pub struct KeySource {
    /// The dotted name of the provider's `key_env`.
    pub setting: String,
    pub variable: String,
    pub is_set: bool,
}

pub fn build(draft: &Draft, settings: &[Setting], environment: &Environment) -> Endpoints {
    let mut built = Endpoints::default();
    for (provider, configured) in PROVIDERS.iter().zip(&draft.providers) {
        let key = built.read_key(provider.name, configured, settings, environment);
        if key.is_some() || configured.base_url.is_some() {
            built.endpoints.push(Endpoint {
                provider: provider.name.to_owned(),
                base_url: configured.base_url.clone(),
                key,
                models: configured.models.clone(),
            });
        }
    }
    built
}

impl Endpoints {
    fn read_key(
        &mut self,
        provider: &str,
        configured: &ProviderDraft,
        settings: &[Setting],
        environment: &Environment,
    ) -> Option<Secret> {
        let name = &configured.key_env;
        let setting = format!("providers.{provider}.key_env");
        let refused = |problem| Error { place: Place::Variable(name.clone()), key: None, problem };
        let key = match environment.text(name) {
            Err(_) => {
                self.errors.push(refused(Problem::NotUnicode));
                None
            }
            Ok(Some(key)) if is_placeholder(key) => {
                self.warnings.push(format!("${name} holds a placeholder and counts as unset: put your key there"));
                None
            }
            Ok(Some(key)) if !key.bytes().all(is_of_a_key) => {
                self.errors.push(refused(Problem::KeyCharacters));
                None
            }
            Ok(Some(key)) => Some(Secret::new(key)),
            Ok(None) => {
                if settings.iter().any(|s| s.key.name == setting && s.origin != Origin::Default) {
                    self.warnings.push(format!("{setting} names ${name}, which is not set: {provider} has no key"));
                }
                None
            }
        };
        self.keys.push(KeySource { setting, variable: name.clone(), is_set: key.is_some() });
        key
    }
}

/// Quotes and backslashes come from a slip in a shell; a log line, which is JSON, would also hide such a key from the
/// redactor.
fn is_of_a_key(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')
}

/// `your_gemini_api_key_here` and its like, as examples have them.
fn is_placeholder(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with("your_") && key.ends_with("_here")
}
