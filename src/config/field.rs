//! The kinds of value a key can have: where each stands in the draft, how it is read from what a layer gave, what
//! bounds it, and how it is shown. Knows no names.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::draft::Draft;
use super::error::Problem;
use super::section::LogLevel;
use super::url::checked_base_url;
use super::value::{Given, parse_dollars, parse_duration, parse_size, show_dollars, show_duration, show_size};
use crate::unit::{MicroUsd, Tokens};

/// The place of a value in the draft.
pub type At<T> = fn(&mut Draft) -> &mut T;

/// A value's kind with its place and its bounds, both ends included.
pub enum Field {
    Duration {
        at: At<Duration>,
        min: Duration,
        max: Duration,
    },
    Size {
        at: Whole,
        min: u64,
        max: u64,
    },
    Integer {
        at: Whole,
        min: u64,
        max: u64,
    },
    Bool(At<bool>),
    Text(At<String>),
    /// A text that cannot be empty.
    Name(At<String>),
    Texts(At<Vec<String>>),
    /// Names of tools, in lower case.
    Tools(At<Vec<String>>),
    Path(At<Option<PathBuf>>),
    Paths(At<Vec<PathBuf>>),
    Level(At<LogLevel>),
    BaseUrl(At<Option<String>>),
    /// Dollars.
    Money(At<Option<MicroUsd>>),
    /// An IP address with a port.
    Address(At<SocketAddr>),
    /// The name of an environment variable that holds a key.
    KeyVariable(At<String>),
}

/// A whole number by its width in the section.
pub enum Whole {
    U32(At<u32>),
    Usize(At<usize>),
    U64(At<u64>),
    Tokens(At<Tokens>),
}

/// Tools by which a client finds out what there is.
pub const ALWAYS_OFFERED: [&str; 2] = ["version", "listmodels"];

const ABSOLUTE_PATH: &str = "an absolute path, such as /srv/code or ~/code";

impl Field {
    /// Puts what a layer gave into the draft, or leaves the draft as it is.
    pub fn set(&self, draft: &mut Draft, given: &Given<'_>, home: Option<&Path>) -> Result<(), Problem> {
        match self {
            Self::Duration { at, min, max } => {
                let value = read_duration(given).ok_or_else(|| self.invalid(given))?;
                if !(*min..=*max).contains(&value) {
                    return Err(self.out_of_bounds(given));
                }
                *at(draft) = value;
            }
            Self::Size { at, min, max } | Self::Integer { at, min, max } => {
                let value = self.read_number(given).ok_or_else(|| self.invalid(given))?;
                if !(*min..=*max).contains(&value) || !at.set(draft, value) {
                    return Err(self.out_of_bounds(given));
                }
            }
            Self::Bool(at) => *at(draft) = read_bool(given).ok_or_else(|| self.invalid(given))?,
            Self::Text(at) => *at(draft) = self.text(given)?.to_owned(),
            Self::Name(at) => *at(draft) = self.non_empty(given)?.to_owned(),
            Self::Texts(at) => *at(draft) = self.texts(given)?,
            Self::Tools(at) => *at(draft) = self.tools(given)?,
            Self::Path(at) => *at(draft) = Some(self.path(given, home)?),
            Self::Paths(at) => {
                let paths = self.items(given)?.iter().map(|item| self.path(item, home)).collect::<Result<_, _>>()?;
                *at(draft) = paths;
            }
            Self::Level(at) => {
                *at(draft) = read_level(self.text(given)?).ok_or_else(|| self.invalid(given))?;
            }
            Self::BaseUrl(at) => {
                *at(draft) = Some(checked_base_url(self.text(given)?).map_err(Problem::Url)?);
            }
            Self::Money(at) => *at(draft) = Some(read_dollars(given).ok_or_else(|| self.invalid(given))?),
            Self::Address(at) => {
                *at(draft) = self.text(given)?.parse().map_err(|_| self.invalid(given))?;
            }
            Self::KeyVariable(at) => {
                let name = self.text(given)?;
                if !is_variable_name(name) {
                    return Err(self.invalid(given));
                }
                *at(draft) = name.to_owned();
            }
        }
        Ok(())
    }

    /// The value as a person would write it, texts in quotes.
    pub fn show(&self, draft: &mut Draft) -> String {
        match self {
            Self::Duration { at, .. } => show_duration(*at(draft)),
            Self::Size { at, .. } => show_size(at.get(draft)),
            Self::Integer { at, .. } => at.get(draft).to_string(),
            Self::Bool(at) => at(draft).to_string(),
            Self::Text(at) | Self::Name(at) | Self::KeyVariable(at) => format!("{:?}", at(draft)),
            Self::Texts(at) | Self::Tools(at) => format!("{:?}", at(draft)),
            Self::Paths(at) => format!("{:?}", at(draft)),
            Self::Path(at) => at(draft).as_ref().map_or_else(|| "unset".to_owned(), |path| format!("{path:?}")),
            Self::BaseUrl(at) => at(draft).as_ref().map_or_else(|| "unset".to_owned(), |url| format!("{url:?}")),
            Self::Money(at) => at(draft).map_or_else(|| "unset".to_owned(), show_dollars),
            Self::Level(at) => level_name(*at(draft)).to_owned(),
            Self::Address(at) => format!("\"{}\"", at(draft)),
        }
    }

    /// The kind in a word or two.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Duration { .. } => "duration",
            Self::Size { .. } => "size",
            Self::Integer { .. } => "integer",
            Self::Bool(_) => "true or false",
            Self::Text(_) | Self::Name(_) => "text",
            Self::Texts(_) | Self::Tools(_) => "list of texts",
            Self::Path(_) => "path",
            Self::Paths(_) => "list of paths",
            Self::Level(_) => "log level",
            Self::BaseUrl(_) => "http or https URL",
            Self::Money(_) => "dollars",
            Self::KeyVariable(_) => "name of a variable",
            Self::Address(_) => "address and port",
        }
    }

    /// The least and the greatest value, as they are written.
    pub fn bounds(&self) -> Option<(String, String)> {
        match self {
            Self::Duration { min, max, .. } => Some((show_duration(*min), show_duration(*max))),
            Self::Size { min, max, .. } => Some((show_size(*min), show_size(*max))),
            Self::Integer { min, max, .. } => Some((min.to_string(), max.to_string())),
            _ => None,
        }
    }

    /// Whether a repeated flag adds to the list.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::Texts(_) | Self::Tools(_) | Self::Paths(_))
    }

    /// The single values in what a layer gave: a list's items, or the parts of a typed text.
    pub fn items<'a>(&self, given: &'a Given<'_>) -> Result<Vec<Given<'a>>, Problem> {
        match given {
            Given::List(items) => Ok(items.clone()),
            Given::Typed(text) if matches!(self, Self::Paths(_)) => Ok(split_paths(text)),
            Given::Typed(text) => Ok(text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Given::Typed(item.into()))
                .collect()),
            _ => Err(self.invalid(given)),
        }
    }

    fn expected(&self) -> String {
        let (what, example) = match self {
            Self::Duration { .. } => ("a duration with its unit", "500ms, 90s, 30m or 3h"),
            Self::Size { .. } => ("a size", "8MiB, 500kB or 4096"),
            Self::Integer { min, max, .. } => return format!("a whole number from {min} to {max}"),
            Self::Bool(_) => return "true or false".to_owned(),
            Self::Text(_) => return "a text".to_owned(),
            Self::Name(_) => return "a text of at least one character".to_owned(),
            Self::Texts(_) | Self::Tools(_) => ("a list of texts", "[\"one\", \"two\"], or one,two in a variable"),
            Self::Path(_) => return ABSOLUTE_PATH.to_owned(),
            Self::Paths(_) => {
                ("a list of absolute paths", "[\"/srv/code\", \"~/code\"], or /srv/code:~/code in a variable")
            }
            Self::Level(_) => return "one of off, error, warn, info, debug, trace".to_owned(),
            Self::BaseUrl(_) => ("a URL", "http://localhost:11434/v1"),
            Self::Money(_) => ("an amount in dollars", "\"2.50\", in quotes"),
            Self::Address(_) => ("an IP address with a port", "127.0.0.1:7777 or [::1]:7777"),
            Self::KeyVariable(_) => ("the name of an environment variable", "GEMINI_API_KEY"),
        };
        format!("{what}, such as {example}")
    }

    fn invalid(&self, given: &Given<'_>) -> Problem {
        // What stands here by mistake may be a key, or a URL with a password in it.
        let given = match self {
            Self::KeyVariable(_) | Self::BaseUrl(_) => "the value".to_owned(),
            _ => given.quoted(),
        };
        Problem::Invalid { given, expected: self.expected() }
    }

    fn out_of_bounds(&self, given: &Given<'_>) -> Problem {
        let (min, max) = self.bounds().unwrap_or_default();
        Problem::Bound { given: given.quoted(), min, max }
    }

    fn read_number(&self, given: &Given<'_>) -> Option<u64> {
        match (self, given) {
            (_, Given::Integer(number)) => u64::try_from(*number).ok(),
            (Self::Size { .. }, Given::Typed(text) | Given::Text(text)) => parse_size(text),
            (_, Given::Typed(text)) => text.parse().ok(),
            _ => None,
        }
    }

    fn text<'a>(&self, given: &'a Given<'_>) -> Result<&'a str, Problem> {
        match given {
            Given::Typed(text) | Given::Text(text) => Ok(text.trim()),
            _ => Err(self.invalid(given)),
        }
    }

    fn non_empty<'a>(&self, given: &'a Given<'_>) -> Result<&'a str, Problem> {
        Some(self.text(given)?).filter(|text| !text.is_empty()).ok_or_else(|| self.invalid(given))
    }

    fn texts(&self, given: &Given<'_>) -> Result<Vec<String>, Problem> {
        self.items(given)?.iter().map(|item| self.non_empty(item).map(str::to_owned)).collect()
    }

    fn tools(&self, given: &Given<'_>) -> Result<Vec<String>, Problem> {
        let tools: Vec<String> = self.texts(given)?.iter().map(|tool| tool.to_lowercase()).collect();
        match tools.iter().find(|tool| ALWAYS_OFFERED.contains(&tool.as_str())) {
            Some(tool) => Err(Problem::NotDisabled(tool.clone())),
            None => Ok(tools),
        }
    }

    fn path(&self, given: &Given<'_>, home: Option<&Path>) -> Result<PathBuf, Problem> {
        let text = self.text(given)?;
        if text == "~" || text.starts_with("~/") {
            let home = home.ok_or(Problem::NoHome)?;
            return Ok(text.strip_prefix("~/").map_or_else(|| home.to_owned(), |below| home.join(below)));
        }
        Some(PathBuf::from(text))
            .filter(|path| path.is_absolute() && !text.contains('\0'))
            .ok_or_else(|| Problem::Invalid { given: given.quoted(), expected: ABSOLUTE_PATH.to_owned() })
    }
}

impl Whole {
    fn get(&self, draft: &mut Draft) -> u64 {
        match self {
            Self::U32(at) => u64::from(*at(draft)),
            Self::Usize(at) => u64::try_from(*at(draft)).unwrap_or(u64::MAX),
            Self::U64(at) => *at(draft),
            Self::Tokens(at) => at(draft).0,
        }
    }

    /// False where the number does not fit this machine.
    fn set(&self, draft: &mut Draft, value: u64) -> bool {
        match self {
            Self::U32(at) => u32::try_from(value).map(|value| *at(draft) = value).is_ok(),
            Self::Usize(at) => usize::try_from(value).map(|value| *at(draft) = value).is_ok(),
            Self::U64(at) => {
                *at(draft) = value;
                true
            }
            Self::Tokens(at) => {
                *at(draft) = Tokens(value);
                true
            }
        }
    }
}

/// The level's name in a config file.
pub fn level_name(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Off => "off",
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}

fn read_duration(given: &Given<'_>) -> Option<Duration> {
    match given {
        Given::Typed(text) | Given::Text(text) => parse_duration(text),
        _ => None,
    }
}

fn read_dollars(given: &Given<'_>) -> Option<MicroUsd> {
    match given {
        Given::Typed(text) | Given::Text(text) => parse_dollars(text.trim()),
        Given::Integer(dollars) => parse_dollars(&dollars.to_string()),
        _ => None,
    }
}

fn read_bool(given: &Given<'_>) -> Option<bool> {
    match given {
        Given::Bool(value) => Some(*value),
        Given::Typed(text) if text.eq_ignore_ascii_case("true") || text == "1" => Some(true),
        Given::Typed(text) if text.eq_ignore_ascii_case("false") || text == "0" => Some(false),
        _ => None,
    }
}

fn read_level(text: &str) -> Option<LogLevel> {
    Some(match text.to_ascii_lowercase().as_str() {
        "off" => LogLevel::Off,
        "error" => LogLevel::Error,
        "warn" | "warning" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        "trace" => LogLevel::Trace,
        _ => return None,
    })
}

/// Splits at a colon before the beginning of another absolute path, so that a path may hold a colon.
fn split_paths<'a>(text: &'a str) -> Vec<Given<'a>> {
    let mut paths = Vec::new();
    let mut begin = 0;
    for (at, _) in text.match_indices(':') {
        if text[at + 1..].starts_with(['/', '~']) {
            paths.push(&text[begin..at]);
            begin = at + 1;
        }
    }
    paths.push(&text[begin..]);
    paths.into_iter().filter(|path| !path.is_empty()).map(|path| Given::Typed(Cow::Borrowed(path))).collect()
}

/// Upper-case names only: a key pasted here by mistake has small letters or a dash, and must not be taken for a name.
fn is_variable_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && text.len() <= 128
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
