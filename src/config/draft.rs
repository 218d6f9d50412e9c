//! A configuration that is being put together: the sections, and what the layers say of providers before their keys are
//! looked up.

use super::section::Config;
use super::shipped::PROVIDERS;

/// Filled layer by layer through the fields of the key table.
#[derive(Clone)]
pub struct Draft {
    pub config: Config,
    /// Those of [`PROVIDERS`] in their order, then the named ones.
    pub providers: Vec<ProviderDraft>,
    /// The provider that the keys of a provider are about at this moment.
    current: usize,
}

#[derive(Clone, Default)]
pub struct ProviderDraft {
    /// The position in [`PROVIDERS`] of the provider it is, or is another one of.
    pub kind: usize,
    /// None of a provider that zen ships with.
    pub name: Option<String>,
    pub base_url: Option<String>,
    pub models: Vec<String>,
    pub allowed: Vec<String>,
    pub models_file: Option<std::path::PathBuf>,
    pub api_version: String,
    pub referer: String,
    pub title: String,
    /// Empty where a named one has no key.
    pub key_env: String,
}

impl Draft {
    /// Lets the keys of a provider speak of the one at `position`, or of the one of its kind that is named so.
    pub fn turn_to(&mut self, position: usize, name: Option<&str>) {
        let Some(name) = name else {
            self.current = position;
            return;
        };
        let known = self.providers.iter().position(|draft| draft.name.as_deref() == Some(name));
        self.current = known.unwrap_or(self.providers.len());
        if known.is_none() {
            let named = ProviderDraft { kind: position, name: Some(name.to_owned()), ..ProviderDraft::default() };
            self.providers.push(named);
        }
    }

    pub fn provider(&mut self) -> &mut ProviderDraft {
        &mut self.providers[self.current]
    }
}

impl Default for Draft {
    fn default() -> Self {
        let shipped = PROVIDERS.iter().enumerate().map(|(kind, provider)| ProviderDraft {
            kind,
            key_env: provider.key_variable().to_owned(),
            ..ProviderDraft::default()
        });
        Self { config: Config::default(), providers: shipped.collect(), current: 0 }
    }
}
