//! The files that change the catalogue: what providers have said of their models, the older server's lists in JSON, and
//! the user's own `models.toml`, in this order, the last one uppermost. Reads them; their entries are `entry`'s.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Table;

use crate::config;
use crate::config::shipped::PROVIDERS;
use crate::id::ProviderId;
use crate::provider::catalogue::BadCatalogue;
use crate::provider::{entry, manifest};
use crate::text::nearest::nearest;

/// A larger list of models is refused.
const MAX_BYTES: u64 = 8 << 20;

/// Everything that lies over the catalogue.
#[derive(Debug, Default)]
pub(super) struct Overlays {
    /// Lowest first.
    layers: Vec<Layer>,
    /// What a person should know and what stops nothing.
    pub warnings: Vec<String>,
}

/// What one file says of one provider's models.
#[derive(Debug)]
pub(super) struct Layer {
    pub file: String,
    provider: ProviderId,
    pub trust: Trust,
    pub entries: Vec<Table>,
}

/// How far a file is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// What a provider said of its models: never a reason not to start.
    Hint,
    /// The older server's words for what zen has words of its own for.
    Older,
    Whole,
}

impl Layer {
    pub fn new(file: &str, provider: &str, trust: Trust, entries: Vec<Table>) -> Self {
        Self { file: file.to_owned(), provider: provider.into(), trust, entries }
    }
}

impl Overlays {
    /// Reads all that is configured.
    ///
    /// # Errors
    /// Every file that was named and cannot be believed, with the entry.
    pub fn read(models: &config::Models, endpoints: &[config::Endpoint]) -> Result<Self, Vec<BadCatalogue>> {
        let (mut overlays, mut errors) = (Self::default(), Vec::new());
        if let Some(path) = &models.cache {
            // What was fetched can be fetched again: a broken cache is left out.
            match read_toml(path, endpoints, Trust::Hint) {
                Ok(layers) => overlays.layers.extend(layers),
                Err(bad) => {
                    overlays.warnings.push(format!("{bad}; it is left out: `zen models refresh` writes it anew"))
                }
            }
        }
        for endpoint in endpoints {
            if let Some(text) = endpoint.brought {
                let file = format!("what is brought along for {}", endpoint.provider);
                match entry::tables(&file, text) {
                    Ok(entries) => {
                        overlays.layers.push(Layer::new(&file, &endpoint.provider, Trust::Whole, entries));
                    }
                    Err(bad) => errors.push(bad),
                }
            }
            let Some(path) = &endpoint.models_file else { continue };
            match read_json(path, endpoint, &mut overlays.warnings) {
                Ok(layer) => overlays.layers.push(layer),
                Err(bad) => errors.push(bad),
            }
        }
        if let Some(path) = &models.file {
            match read_toml(path, endpoints, Trust::Whole) {
                Ok(layers) => overlays.layers.extend(layers),
                Err(bad) => errors.push(bad),
            }
        }
        if errors.is_empty() { Ok(overlays) } else { Err(errors) }
    }

    /// What lies over this provider's part of the catalogue, lowest first.
    pub fn of(&self, provider: &ProviderId) -> impl Iterator<Item = &Layer> {
        self.layers.iter().filter(move |layer| layer.provider == *provider)
    }
}

/// One layer for each entry: the file may speak of any provider at any place.
fn read_toml(path: &Path, endpoints: &[config::Endpoint], trust: Trust) -> Result<Vec<Layer>, BadCatalogue> {
    let file = path.display().to_string();
    let tables = entry::tables(&file, &read_text(path)?)?;
    let layer = |table: Table| {
        entry::check_fields(&file, &table)?;
        let id = entry::id_of(&table).map(str::to_owned);
        let provider = table.get("provider").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let known =
            || PROVIDERS.iter().map(|known| known.id.as_str()).chain(endpoints.iter().map(|e| e.provider.as_str()));
        // A hint may be about an endpoint that is no longer there.
        if trust == Trust::Hint || known().any(|known| known == provider) {
            return Ok(Layer::new(&file, &provider, trust, vec![table]));
        }
        let near = nearest(&provider, known()).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let problem = match provider.as_str() {
            "" => "it does not say whose model it is: add `provider`, such as provider = \"openai\"".to_owned(),
            _ => format!("no such provider: `{provider}`{near}"),
        };
        Err(BadCatalogue::new(&file, id, &problem))
    };
    tables.into_iter().map(layer).collect()
}

fn read_json(path: &Path, endpoint: &config::Endpoint, warnings: &mut Vec<String>) -> Result<Layer, BadCatalogue> {
    let file = path.display().to_string();
    let text = read_text(path)?;
    let kind = endpoint.like.as_deref().unwrap_or(&endpoint.provider);
    let entries = manifest::entries(&file, &text, kind == "google", warnings)?;
    Ok(Layer::new(&file, &endpoint.provider, Trust::Older, entries))
}

fn read_text(path: &Path) -> Result<String, BadCatalogue> {
    let bad = |problem: &str| BadCatalogue::new(&path.display().to_string(), None, problem);
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_string(&mut text));
    let length = read.map_err(|error| bad(&format!("it cannot be read ({error}): see whether its path is right")))?;
    if u64::try_from(length).is_ok_and(|length| length > MAX_BYTES) {
        return Err(bad("it is larger than 8 MiB: is it a list of models?"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn read(name: &str, text: &str, set: impl Fn(&mut config::Models, PathBuf)) -> Result<Overlays, String> {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut models = config::Models::default();
        set(&mut models, path);
        let place = format!("{}/", folder.path().display());
        Overlays::read(&models, &[]).map_err(|errors| errors[0].to_string().replace(&place, ""))
    }

    #[test]
    fn a_users_entry_says_whose_it_is() {
        let user = |text: &str| read("m.toml", text, |models, path| models.file = Some(path));
        let overlays = user("[[model]]\nid = \"x\"\nprovider = \"dial\"\n").unwrap();
        assert_eq!(overlays.of(&"dial".into()).count(), 1);
        assert!(user("[[model]]\nid = \"x\"\n").unwrap_err().starts_with("m.toml, 'x': it does not say whose"));
        let near = user("[[model]]\nid = \"x\"\nprovider = \"gogle\"\n").unwrap_err();
        assert_eq!(near, "m.toml, 'x': no such provider: `gogle`; did you mean `google`?");
    }

    #[test]
    fn what_the_program_brings_along_is_read_as_a_users_file_is() {
        let read = |text: &'static str| {
            let brought =
                config::Endpoint { provider: "lab".to_owned(), brought: Some(text), ..config::Endpoint::default() };
            Overlays::read(&config::Models::default(), &[brought])
        };
        assert_eq!(read("[[model]]\nid = \"x\"\n").unwrap().of(&"lab".into()).count(), 1);
        assert!(read("[[model").unwrap_err()[0].to_string().starts_with("what is brought along for lab: line 1"));
    }

    #[test]
    fn a_missing_file_is_refused_and_a_broken_cache_left_out() {
        let missing = read("m.toml", "", |models, path| models.file = Some(path.with_extension("none"))).unwrap_err();
        assert!(missing.contains("cannot be read"), "{missing}");
        let overlays = read("c.toml", "[[model", |models, path| models.cache = Some(path)).unwrap();
        assert!(
            overlays.layers.is_empty() && overlays.warnings[0].contains("models refresh"),
            "{:?}",
            overlays.warnings
        );
    }
}
