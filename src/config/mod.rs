//! What a process is told, and where each value came from: defaults, then the user's `config.toml`, then the
//! environment, then flags. Parses and checks; does no I/O beyond reading, and nothing is read from a working directory.

pub mod edited;
pub mod environment;
pub mod error;
pub mod key;
pub mod paths;

mod draft;
mod endpoint;
mod field;
mod file;
mod keyfile;
mod keyring;
mod insight;
mod layer;
mod provider;
mod resilience;
mod section;
pub mod shipped;
mod url;
mod value;

use std::fmt;
use std::path::PathBuf;

pub use environment::Environment;
pub use error::Errors;
pub use field::{ALWAYS_OFFERED, level_name};
pub use insight::Insight;
pub use paths::Places;
pub use resilience::{Breaker, Bulkhead, Cache, Resilience, Retry, Spend};
pub use section::{
    Clink, Config, Control, Endpoint, Files, HttpLimits, Interceptors, KeyFrom, LoadedFrom, Log, LogLevel, Models,
    Providers, Serve, Server, Threads, Tools,
};
pub use value::{parse_duration, parse_size};

use draft::{Draft, ProviderDraft};
use endpoint::KeySource;
use error::{Error, Place};
use file::Source;
use key::{KEYS, Key};
use keyfile::KeyFile;
use layer::Layers;

/// What there is to load from.
#[derive(Debug)]
pub struct Input<'a> {
    /// The file named on the command line; it must exist.
    pub file: Option<PathBuf>,
    pub environment: &'a Environment,
    /// `(dotted key, value)`, as typed.
    pub flags: &'a [(String, String)],
}

/// A checked configuration, with the origin of each value.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// One for each key, in the order of the table.
    pub settings: Vec<Setting>,
    /// The file that was read, or would have been; none where there is no home.
    pub file: Option<ConfigFile>,
    /// What a person should know and what stops nothing.
    pub warnings: Vec<String>,
}

/// Which file counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFile {
    pub path: PathBuf,
    pub exists: bool,
}

/// A key with the value in force.
#[derive(Clone, Debug)]
pub struct Setting {
    pub key: &'static Key,
    /// As a person would write it. Never a secret.
    pub value: String,
    pub origin: Origin,
    /// Places that set the same key and lost, strongest first.
    pub overridden: Vec<Origin>,
}

/// Who set a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Env { name: String },
    Flag,
}

/// Puts the layers together and checks every value of every layer.
///
/// # Errors
///
/// All mistakes at once, those of a value that a higher layer overrides too.
pub fn load(input: Input<'_>) -> Result<Loaded, Errors> {
    let places = Places::of(input.environment);
    let mut errors = Vec::new();
    let source = file::read(input.file.clone(), input.environment, &places, &mut errors);
    let mut layers = Layers { entries: Vec::new(), errors };
    if let Some(Source { path, text: Some(text), .. }) = &source {
        file::parse(path, text, &mut layers);
    }
    layers.read_environment(input.environment);
    layers.read_flags(input.flags);

    let mut merged = merge(layers, &places);
    let names: Vec<&str> = merged.draft.providers.iter().map(ProviderDraft::id).collect();
    let key_file = KeyFile::read(places.keys_file(), &names, &mut merged.errors);
    let endpoints = endpoint::build(&merged.draft, &merged.settings, input.environment, &key_file);
    merged.errors.extend(endpoints.errors);
    if !merged.errors.is_empty() {
        merged.errors.sort_by(|one, other| one.place.cmp(&other.place));
        return Err(Errors(merged.errors));
    }

    let mut config = merged.draft.config.clone();
    config.environment = input.environment.clone();
    config.loaded_from = LoadedFrom {
        named: input.file,
        flags: input.flags.to_vec(),
        file: source.as_ref().map(|source| (source.path.clone(), source.stamp)),
    };
    config.providers.endpoints = endpoints.endpoints;
    config.log.file = config.log.file.or_else(|| places.log_file());
    // These two need not be there, unless the first one was named.
    config.models.file = config.models.file.or_else(|| places.models_file().filter(|file| file.exists()));
    config.clink.manifests = config.clink.manifests.or_else(|| places.clis_folder().filter(|folder| folder.exists()));
    config.models.cache = places.models_cache().filter(|file| file.exists());
    show_values(&mut merged, &config, &endpoints.keys);
    let mut warnings = endpoints.warnings;
    let file = source.map(|source| {
        warnings.extend(source.warning);
        ConfigFile { path: source.path, exists: source.text.is_some() }
    });
    Ok(Loaded { config, settings: merged.settings, file, warnings })
}

/// The file that counts, whether it is right or not. None where there is no home to look in.
///
/// # Errors
///
/// Where `$ZEN_CONFIG` is no path.
pub fn locate(named: Option<PathBuf>, environment: &Environment) -> Result<Option<ConfigFile>, Errors> {
    let path = file::choose(named, environment, &Places::of(environment)).map_err(|error| Errors(vec![*error]))?;
    Ok(path.map(|choice| ConfigFile { exists: choice.path.exists(), path: choice.path }))
}

struct Merged {
    draft: Draft,
    settings: Vec<Setting>,
    errors: Vec<Error>,
}

/// Sets every entry in turn: the last one that is valid stays.
fn merge(layers: Layers<'_>, places: &Places) -> Merged {
    let settings = KEYS
        .iter()
        .map(|key| Setting { key, value: String::new(), origin: Origin::Default, overridden: Vec::new() })
        .collect();
    let mut merged = Merged { draft: Draft::default(), settings, errors: layers.errors };
    for entry in layers.entries {
        match entry.set(&mut merged.draft, places.home.as_deref()) {
            Ok(()) => {
                let of_key = |setting: &&mut Setting| std::ptr::eq(setting.key, entry.key) && entry.endpoint.is_none();
                if let Some(setting) = merged.settings.iter_mut().find(of_key) {
                    let former = std::mem::replace(&mut setting.origin, entry.place.into());
                    if former != Origin::Default {
                        setting.overridden.insert(0, former);
                    }
                }
            }
            Err(problem) => {
                let key = (!matches!(entry.place, Place::Flag(_))).then(|| entry.key.name.to_owned());
                merged.errors.push(Error { place: entry.place, key, problem });
            }
        }
    }
    merged
}

/// Fills in the values as they are in force, derived ones too; of a key, whether it is set.
fn show_values(merged: &mut Merged, config: &Config, keys: &[KeySource]) {
    merged.draft.config.log.file.clone_from(&config.log.file);
    merged.draft.config.models.file.clone_from(&config.models.file);
    merged.draft.config.clink.manifests.clone_from(&config.clink.manifests);
    for setting in &mut merged.settings {
        setting.value = match keys.iter().find(|source| source.setting == setting.key.name) {
            Some(KeySource { found: Some(from), .. }) => format!("set ({from})"),
            Some(source) => format!("unset ({})", source.variable),
            None => setting.key.show(&mut merged.draft),
        };
    }
}

impl Config {
    /// Puts the layers together once more, with the file as it is now.
    ///
    /// # Errors
    ///
    /// All mistakes, as [`load`] tells them.
    pub fn load_again(&self) -> Result<Loaded, Errors> {
        let LoadedFrom { named, flags, .. } = &self.loaded_from;
        load(Input { file: named.clone(), environment: &self.environment, flags })
    }
}

impl Loaded {
    /// The setting of this dotted name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key.name == name)
    }
}

impl From<Place> for Origin {
    fn from(place: Place) -> Self {
        match place {
            Place::File(path) => Self::File { path, line: 1 },
            Place::Line { path, line, .. } => Self::File { path, line },
            Place::Variable(name) => Self::Env { name },
            Place::Flag(_) => Self::Flag,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env { name } => write!(f, "${name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

#[cfg(test)]
mod tests;
