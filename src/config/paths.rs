//! Where zen keeps its own files: the XDG places of the user, derived from the environment alone. Nothing here looks at
//! the disk, and nothing is ever looked for in a working directory.

use std::path::PathBuf;

use super::environment::Environment;

/// The user's places. None where neither the XDG variable nor `HOME` is an absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME/zen`, else `~/.config/zen`.
    pub config: Option<PathBuf>,
    /// `$XDG_STATE_HOME/zen`, else `~/.local/state/zen`.
    pub state: Option<PathBuf>,
    /// `$XDG_CACHE_HOME/zen`, else `~/.cache/zen`.
    pub cache: Option<PathBuf>,
}

impl Places {
    pub fn of(environment: &Environment) -> Self {
        let home = environment.absolute_path("HOME").map(PathBuf::from);
        let place = |variable: &str, below_home: &str| {
            environment
                .absolute_path(variable)
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|home| home.join(below_home)))
                .map(|place| place.join("zen"))
        };
        Self {
            config: place("XDG_CONFIG_HOME", ".config"),
            state: place("XDG_STATE_HOME", ".local/state"),
            cache: place("XDG_CACHE_HOME", ".cache"),
            home,
        }
    }

    /// The user's `config.toml`, which need not exist.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|place| place.join("config.toml"))
    }

    /// The user's keys, which nobody else can read.
    pub fn keys_file(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|place| place.join("keys.toml"))
    }

    /// The user's additions to the catalogue of models, where `models.file` is not set.
    pub fn models_file(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|place| place.join("models.toml"))
    }

    /// The user's own manifests of CLIs, where `clink.manifests` is not set.
    pub fn clis_folder(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|place| place.join("clis"))
    }

    /// What providers have said of their models, as `zen models refresh` leaves it.
    pub fn models_cache(&self) -> Option<PathBuf> {
        self.cache.as_ref().map(|place| place.join("models.toml"))
    }

    /// The bearer token of `zen serve`.
    pub fn token_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|place| place.join("token"))
    }

    /// The log file where `log.file` is not set.
    pub fn log_file(&self) -> Option<PathBuf> {
        self.state.as_ref().map(|place| place.join("zen.log"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_wins_over_home_and_a_relative_place_is_ignored() {
        let variables = [("HOME", "/home/me"), ("XDG_STATE_HOME", "/var/state"), ("XDG_CONFIG_HOME", "here")];
        let places = Places::of(&variables.into_iter().collect());
        assert_eq!(places.config_file(), Some(PathBuf::from("/home/me/.config/zen/config.toml")));
        assert_eq!(places.log_file(), Some(PathBuf::from("/var/state/zen/zen.log")));
        assert_eq!(places.cache, Some(PathBuf::from("/home/me/.cache/zen")));
    }

    #[test]
    fn without_a_home_there_is_no_place() {
        assert_eq!(Places::of(&Environment::default()), Places::default());
    }
}
