//! The flags that every command takes to be configured, and their way into the loader.

use std::path::PathBuf;

use crate::cli::output::{Exit, Streams};
use crate::config::error::{Error, Errors, Place, Problem};
use crate::config::{Environment, Input, Loaded, load};

/// Flattened into every command that reads the configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigFlags {
    /// Read this config file instead of the user's own
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// Set a key for this run; may be repeated (`zen config explain` lists them)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Let models see the files below this folder; may be repeated
    #[arg(long = "root", value_name = "FOLDER")]
    pub roots: Vec<PathBuf>,
}

impl ConfigFlags {
    /// These flags, which stand before a command, and those that stand behind it. The later ones win.
    pub fn followed_by(mut self, later: Self) -> Self {
        self.config = later.config.or(self.config);
        self.set.extend(later.set);
        self.roots.extend(later.roots);
        self
    }

    /// Loads the configuration with these flags as the topmost layer.
    ///
    /// # Errors
    ///
    /// Everything that is wrong in any layer.
    pub fn load(&self, environment: &Environment) -> Result<Loaded, Errors> {
        let mut flags = Vec::new();
        let mut errors = Vec::new();
        for typed in &self.set {
            match typed.split_once('=') {
                Some((key, value)) => flags.push((key.trim().to_owned(), value.to_owned())),
                None => errors.push(refused("--set", typed, "KEY=VALUE, such as threads.ttl=1h")),
            }
        }
        for root in &self.roots {
            // A person typed it, so it may be relative to where they stand.
            match std::path::absolute(root).ok().and_then(|root| root.to_str().map(str::to_owned)) {
                Some(root) => flags.push(("files.roots".to_owned(), root)),
                None => errors.push(refused("--root", &root.to_string_lossy(), "a path in UTF-8")),
            }
        }
        match load(Input { file: self.config.clone(), environment, flags: &flags }) {
            Ok(loaded) if errors.is_empty() => Ok(loaded),
            Ok(_) => Err(Errors(errors)),
            Err(mut found) => {
                found.0.extend(errors);
                Err(found)
            }
        }
    }

    /// Loads for a command that cannot go on without: mistakes and warnings are on stderr when this returns.
    ///
    /// # Errors
    ///
    /// The exit code to end with.
    pub fn load_or_exit(&self, environment: &Environment, streams: &mut Streams) -> Result<Loaded, Exit> {
        match self.load(environment) {
            Ok(loaded) => {
                loaded.warnings.iter().for_each(|warning| streams.complain(warning));
                Ok(loaded)
            }
            Err(errors) => {
                errors.0.iter().for_each(|error| streams.complain(error));
                Err(Exit::Config)
            }
        }
    }
}

fn refused(flag: &str, typed: &str, expected: &str) -> Error {
    let problem = Problem::Invalid { given: format!("{typed:?}"), expected: expected.to_owned() };
    Error { place: Place::Flag(flag.to_owned()), key: None, problem }
}
