//! A configuration that is being put together: the sections, and what the file says of providers before their keys are
//! looked up.

use super::section::Config;

/// The providers that can be configured, in the order in which they are asked for a model.
pub const PROVIDERS: [Provider; 5] = [
    Provider { name: "google", key_env: "GEMINI_API_KEY" },
    Provider { name: "openai", key_env: "OPENAI_API_KEY" },
    Provider { name: "xai", key_env: "XAI_API_KEY" },
    Provider { name: "custom", key_env: "CUSTOM_API_KEY" },
    Provider { name: "openrouter", key_env: "OPENROUTER_API_KEY" },
];

/// What is known of a provider before anything is configured.
pub struct Provider {
    pub name: &'static str,
    /// The variable its key is taken from.
    pub key_env: &'static str,
}

/// Filled layer by layer through the fields of the key table.
#[derive(Clone)]
pub struct Draft {
    pub config: Config,
    /// In the order of [`PROVIDERS`].
    pub providers: [ProviderDraft; PROVIDERS.len()],
}

#[derive(Clone)]
pub struct ProviderDraft {
    pub base_url: Option<String>,
    pub models: Vec<String>,
    pub key_env: String,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            config: Config::default(),
            providers: PROVIDERS.map(|provider| ProviderDraft {
                base_url: None,
                models: Vec::new(),
                key_env: provider.key_env.to_owned(),
            }),
        }
    }
}
