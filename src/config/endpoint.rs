//! The providers that can be asked: those with a key, or with a URL of their own. The one place in which a provider's
//! key is looked for: in the environment first, then in the user's key file, then in the keyring of the system.

use super::draft::{Draft, ProviderDraft};
use super::environment::Environment;
use super::error::{Error, Problem};
use super::keyfile::KeyFile;
use super::keyring;
use super::section::{Endpoint, KeyFrom};
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
    /// None where there is no key.
    pub found: Option<KeyFrom>,
}

/// A key and where it was found.
type Found = (Secret, KeyFrom);

/// A variable holds what cannot be a key. Other programs read it too, so it stops this provider and nothing else.
struct Unusable;

/// Where keys are looked for.
struct Places<'a> {
    settings: &'a [Setting],
    environment: &'a Environment,
    file: &'a KeyFile,
}

pub fn build(draft: &Draft, settings: &[Setting], environment: &Environment, file: &KeyFile) -> Endpoints {
    let places = Places { settings, environment, file };
    let mut built = Endpoints::default();
    // Further endpoints of a kind stand behind the first one, by name.
    let mut drafts: Vec<&ProviderDraft> = draft.providers.iter().collect();
    drafts.sort_by_key(|draft| (draft.kind, draft.name.as_deref()));
    for configured in drafts {
        let Some(provider) = PROVIDERS.get(configured.kind) else { continue };
        let Ok(found) = built.read_key(configured, &places) else { continue };
        if let Some(found) = &found {
            built.look_at(found, provider, configured);
        }
        if !built.is_whole(found.as_ref().map(|(_, from)| from), provider, configured) {
            continue;
        }
        let (key, key_from) = found.unzip();
        built.endpoints.push(Endpoint {
            provider: configured.id().to_owned(),
            like: configured.name.is_some().then(|| provider.id.clone()),
            base_url: configured.base_url.clone(),
            key,
            key_from,
            models: configured.models.clone(),
            allowed: configured.allowed.clone(),
            models_file: configured.models_file.clone(),
            brought: None,
            api_version: set(&configured.api_version),
            referer: set(&configured.referer),
            title: set(&configured.title),
        });
    }
    built
}

impl Endpoints {
    /// Whether it can be asked with what is set. A part alone may be there for another program, so it stops nothing.
    fn is_whole(&mut self, key: Option<&KeyFrom>, provider: &Shipped, configured: &ProviderDraft) -> bool {
        let has_url = configured.base_url.is_some();
        if configured.name.is_some() && !has_url {
            let section = configured.section();
            self.warnings.push(format!("[{section}] has no base_url, so it is not asked: set it"));
            return false;
        }
        if let Some(from) = key.filter(|_| !has_url && provider.base_url.is_none()) {
            let (title, url) = (&provider.title, provider.base_url_variable.as_deref().unwrap_or("base_url"));
            let key = told(from);
            self.warnings.push(format!("{key} is set and ${url} is not, so {title} is not asked: set both"));
            return false;
        }
        key.is_some() || (has_url && !provider.needs_key)
    }

    /// A key that looks like another one is likely a slip, and may be right all the same.
    fn look_at(&mut self, (key, from): &Found, provider: &Shipped, configured: &ProviderDraft) {
        let fits = |begin: &String| key.expose().starts_with(begin.as_str());
        if configured.base_url.is_some() || provider.key_begins.is_empty() || provider.key_begins.iter().any(fits) {
            return;
        }
        let (name, title, begins) = (told(from), &provider.title, provider.key_begins.join(" or "));
        self.warnings.push(format!(
            "{name} does not begin with {begins}, as keys of {title} do: should it be refused, see whether it is another's"
        ));
    }

    fn read_key(&mut self, configured: &ProviderDraft, places: &Places<'_>) -> Result<Option<Found>, Unusable> {
        let (provider, variable) = (configured.id(), configured.key_env.clone());
        let in_environment = self.in_environment(configured, places.environment);
        let usable = in_environment.is_ok();
        // What stands in the next place may be another account's: it does not stand in for what is broken here.
        let found = in_environment.unwrap_or_default().or_else(|| {
            let elsewhere = || self.in_file(configured, places.file).or_else(|| self.in_keyring(configured));
            usable.then(elsewhere).flatten()
        });
        if variable.is_empty() {
            return Ok(found);
        }
        let setting = format!("{}.key_env", configured.section());
        let set = |s: &Setting| s.key.name == setting && s.origin != Origin::Default;
        let wanted = configured.name.is_some() || places.settings.iter().any(set);
        if wanted && found.is_none() && places.environment.text(&variable) == Ok(None) {
            self.warnings.push(format!("{setting} names ${variable}, which is not set: {provider} has no key"));
        }
        self.keys.push(KeySource { setting, variable, found: found.as_ref().map(|(_, from)| from.clone()) });
        usable.then_some(found).ok_or(Unusable)
    }

    fn in_environment(
        &mut self,
        configured: &ProviderDraft,
        environment: &Environment,
    ) -> Result<Option<Found>, Unusable> {
        let (name, id) = (&configured.key_env, configured.id());
        let mut refuse = |problem: Problem| {
            self.warnings.push(format!("${name}: {problem}; {id} is not asked"));
            Err(Unusable)
        };
        match environment.text(name) {
            Err(_) => return refuse(Problem::NotUnicode),
            Ok(Some(key)) if is_placeholder(key) => {
                self.warnings.push(format!("${name} holds a placeholder and counts as unset: put your key there"));
            }
            Ok(Some(key)) if !key.bytes().all(is_of_a_key) => return refuse(Problem::KeyCharacters),
            Ok(Some(key)) => return Ok(Some((Secret::new(key), KeyFrom::Variable(name.clone())))),
            Ok(None) => {}
        }
        Ok(None)
    }

    fn in_file(&mut self, configured: &ProviderDraft, file: &KeyFile) -> Option<Found> {
        let written = file.find(configured.id())?;
        let (key, path) = (written.key.expose(), file.path());
        if key.is_empty() || is_placeholder(key) {
            let (id, path) = (configured.id(), path.display());
            self.warnings
                .push(format!("{path} holds a placeholder for {id}, which counts as unset: put your key there"));
            return None;
        }
        if !key.bytes().all(is_of_a_key) {
            let place = written.place.clone();
            self.errors.push(Error { place, key: None, problem: Problem::KeyCharacters });
            return None;
        }
        Some((written.key.clone(), KeyFrom::File(path.to_owned())))
    }

    fn in_keyring(&mut self, configured: &ProviderDraft) -> Option<Found> {
        let (id, key) = (configured.id(), keyring::find(configured.id())?);
        if key.expose().is_empty() || !key.expose().bytes().all(is_of_a_key) {
            self.warnings.push(format!("zen:{id} in the keyring is no key and counts as unset: put your key there"));
            return None;
        }
        Some((key, KeyFrom::Keyring))
    }
}

fn set(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A place as a sentence speaks of it.
fn told(from: &KeyFrom) -> String {
    match from {
        KeyFrom::Variable(name) => format!("${name}"),
        KeyFrom::File(path) => format!("the key in {}", path.display()),
        KeyFrom::Keyring => "the key in the keyring".to_owned(),
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
