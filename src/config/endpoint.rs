//! The providers that can be asked: those with a key in the environment, or with a URL of their own. The one place in
//! which a provider's key is read.

use super::draft::{Draft, ProviderDraft};
use super::environment::Environment;
use super::error::{Error, Place, Problem};
use super::section::Endpoint;
use super::shipped::{PROVIDERS, Shipped};
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
    // Further endpoints of a kind stand behind the first one, by name.
    let mut drafts: Vec<&ProviderDraft> = draft.providers.iter().collect();
    drafts.sort_by_key(|draft| (draft.kind, draft.name.as_deref()));
    for configured in drafts {
        let Some(provider) = PROVIDERS.get(configured.kind) else { continue };
        let key = built.read_key(configured, settings, environment);
        if let Some(key) = &key {
            built.look_at(key, provider, configured);
        }
        if !built.is_whole(key.is_some(), provider, configured) {
            continue;
        }
        built.endpoints.push(Endpoint {
            provider: configured.id().to_owned(),
            like: configured.name.is_some().then(|| provider.id.clone()),
            base_url: configured.base_url.clone(),
            key,
            models: configured.models.clone(),
            allowed: configured.allowed.clone(),
            models_file: configured.models_file.clone(),
            api_version: Some(configured.api_version.clone()).filter(|version| !version.is_empty()),
        });
    }
    built
}

impl Endpoints {
    /// Whether it can be asked with what is set. A part alone may be there for another program, so it stops nothing.
    fn is_whole(&mut self, has_key: bool, provider: &Shipped, configured: &ProviderDraft) -> bool {
        let has_url = configured.base_url.is_some();
        if configured.name.is_some() && !has_url {
            let section = configured.section();
            self.warnings.push(format!("[{section}] has no base_url, so it is not asked: set it"));
            return false;
        }
        if has_key && !has_url && provider.base_url.is_none() {
            let (title, url) = (&provider.title, provider.base_url_variable.as_deref().unwrap_or("base_url"));
            let key = &configured.key_env;
            self.warnings.push(format!("${key} is set and ${url} is not, so {title} is not asked: set both"));
            return false;
        }
        has_key || (has_url && !provider.needs_key)
    }

    /// A key that looks like another one is likely a slip, and may be right all the same.
    fn look_at(&mut self, key: &Secret, provider: &Shipped, configured: &ProviderDraft) {
        let fits = |begin: &String| key.expose().starts_with(begin.as_str());
        if configured.base_url.is_some() || provider.key_begins.is_empty() || provider.key_begins.iter().any(fits) {
            return;
        }
        let (name, title, begins) = (&configured.key_env, &provider.title, provider.key_begins.join(" or "));
        self.warnings.push(format!(
            "${name} does not begin with {begins}, as keys of {title} do: should it be refused, see whether it is another's"
        ));
    }

    fn read_key(
        &mut self,
        configured: &ProviderDraft,
        settings: &[Setting],
        environment: &Environment,
    ) -> Option<Secret> {
        let name = &configured.key_env;
        if name.is_empty() {
            return None;
        }
        let (provider, setting) = (configured.id(), format!("{}.key_env", configured.section()));
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
                let set = |s: &Setting| s.key.name == setting && s.origin != Origin::Default;
                if configured.name.is_some() || settings.iter().any(set) {
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
