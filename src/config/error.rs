//! What is wrong with a configuration, and where: a place, a key, a problem. A value that may be a secret is never part
//! of it.

use std::fmt;
use std::path::PathBuf;

/// Everything that is wrong, in the order of the places. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(pub Vec<Error>);

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    pub place: Place,
    /// The dotted name, where the place does not tell it.
    pub key: Option<String>,
    pub problem: Problem,
}

/// Where a value was given. In the order in which layers are read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The whole of a file.
    File(PathBuf),
    /// Counted from 1; the column in characters.
    Line { path: PathBuf, line: usize, column: usize },
    /// An environment variable, by name.
    Variable(String),
    /// A flag with its key, without its value.
    Flag(String),
}

/// What failed, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("{given} is not {expected}")]
    Invalid { given: String, expected: String },
    #[error("{given} is out of bounds: it must be from {min} to {max}")]
    Bound { given: String, min: String, max: String },
    #[error("no such {what}{}", did_you_mean(.nearest))]
    Unknown { what: &'static str, nearest: Option<String> },
    #[error(
        "a key does not belong here: put it into keys.toml beside this file, or into an environment variable named by \
         `key_env`"
    )]
    KeyInPlainText,
    #[error("keys that others can read are not used (mode {0:o}): chmod 600 the file")]
    OpenKeyFile(u32),
    #[error("it belongs to another user, who could send your words elsewhere: write a file of your own")]
    ForeignKeyFile,
    #[error("it is a link, a pipe or a folder: keys are read from a plain file alone")]
    NoPlainKeyFile,
    #[error("keys are written as `openai = \"...\"`, a line for each provider")]
    KeyFileSyntax,
    #[error(
        "a limit by day needs a store that outlives the process, and this zen has none: set spend.total, which counts \
         this process"
    )]
    NeedsStore,
    #[error("{0} cannot be disabled: a client finds its way by it")]
    NotDisabled(String),
    #[error("the base URL {0}")]
    Url(&'static str),
    #[error("the key holds characters that no key has: set it anew, without quotes, blanks or line ends")]
    KeyCharacters,
    #[error("the value is not UTF-8 text")]
    NotUnicode,
    #[error("`~` cannot be resolved as HOME is not set to an absolute path: write the path out")]
    NoHome,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("it does not exist: create it, or leave the path to it out")]
    Missing,
    #[error("the path must be absolute: zen takes no configuration from its working directory")]
    RelativeFile,
    #[error("it is larger than {0}: is it a config file?")]
    TooLarge(String),
    #[error("{0}")]
    Syntax(String),
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Errors {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {}: {}", self.place, key.escape_debug(), self.problem),
            None => write!(f, "{}: {}", self.place, self.problem),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Line { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "${}", name.escape_debug()),
            Self::Flag(flag) => flag.escape_debug().fmt(f),
        }
    }
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}
