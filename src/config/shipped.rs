//! The providers that zen ships with, as the data in `assets/` describes them: which there are, in which order they are
//! asked, and what the configuration has to know of each. What they mean is the provider room's to say.

use std::sync::LazyLock;

use serde::Deserialize;

/// The files of one provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Files {
    /// A file's name and its text.
    pub provider: (&'static str, &'static str),
    pub models: (&'static str, &'static str),
}

macro_rules! shipped {
    ($($id:literal),+) => {
        [$(Files {
            provider: (
                concat!("assets/providers/", $id, ".toml"),
                include_str!(concat!("../../assets/providers/", $id, ".toml")),
            ),
            models: (
                concat!("assets/models/", $id, ".toml"),
                include_str!(concat!("../../assets/models/", $id, ".toml")),
            ),
        }),+]
    };
}

/// In the order in which they are asked for a name that several serve. This is the one list of providers.
pub const FILES: [Files; 7] = shipped!["google", "openai", "azure", "xai", "dial", "custom", "openrouter"];

/// What the configuration knows of a provider; the rest of its file is skipped here.
#[derive(Debug, Deserialize)]
pub struct Shipped {
    pub id: String,
    pub title: String,
    /// Where it is reached; None where the user has to say it.
    pub base_url: Option<String>,
    /// What sets it up: the variable of its key, or of its address where it needs no key.
    pub variable: String,
    key_variable: Option<String>,
    pub base_url_variable: Option<String>,
    pub models_variable: Option<String>,
    pub api_version_variable: Option<String>,
    #[serde(default)]
    pub allowed_variables: Vec<String>,
    pub models_file_variable: Option<String>,
    /// Where its users say what page and what name their requests go by.
    pub referer_variable: Option<String>,
    pub title_variable: Option<String>,
    /// How its keys begin, where they all begin alike.
    #[serde(default)]
    pub key_begins: Vec<String>,
    /// Without a key it counts as not set up, whatever else is set.
    #[serde(default)]
    pub needs_key: bool,
    /// Whether there may be more endpoints of its kind, each with a name.
    #[serde(default)]
    pub many: bool,
}

impl Shipped {
    /// The variable of its key.
    pub fn key_variable(&self) -> &str {
        self.key_variable.as_deref().unwrap_or(&self.variable)
    }
}

/// In the order of [`FILES`]. A file that cannot be read is left out here; the provider room refuses it by name.
pub static PROVIDERS: LazyLock<Vec<Shipped>> =
    LazyLock::new(|| FILES.iter().filter_map(|files| toml::from_str(files.provider.1).ok()).collect());

/// The position in [`PROVIDERS`].
pub fn position(id: &str) -> Option<usize> {
    PROVIDERS.iter().position(|provider| provider.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read_and_named_after_its_provider() {
        assert_eq!(PROVIDERS.len(), FILES.len());
        for (files, provider) in FILES.iter().zip(PROVIDERS.iter()) {
            assert_eq!(files.provider.0, format!("assets/providers/{}.toml", provider.id));
        }
    }
}
