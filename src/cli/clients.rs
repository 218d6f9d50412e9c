//! What `setup` and `doctor` share: the MCP clients that keep a config file in the user's home, where it lies, whether zen
//! is in it, and how it reads with zen in it. A file is edited in place: comments, order and all else stay.

mod jsonc;
mod toml_file;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::config::{Environment, Places};

/// Under this name clients list zen.
const NAME: &str = "zen";
/// A larger file is none that a client reads at each start.
const MAX_FILE: u64 = 32 << 20;
/// How long Codex waits for a tool, which is a minute otherwise; a model may think for longer.
const CODEX_TOOL_SECONDS: i64 = 1_800;

/// A program that starts MCP servers, and its config file.
#[derive(Debug)]
pub struct Client {
    pub title: &'static str,
    /// Where its servers stand; it need not exist.
    pub file: PathBuf,
    shape: Shape,
}

/// How a file names its servers.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// JSON with comments: the member that holds the servers, and whether a server says how it is spoken to.
    Json { servers: &'static str, typed: bool },
    /// Codex's TOML.
    Toml,
}

/// Whether zen is in a client's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It starts this command.
    Starts(String),
    /// It speaks to a running `zen serve` at this address.
    Asks(String),
    Absent,
}

/// Why a file is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("line {line}: {what}")]
    Syntax { line: usize, what: String },
    #[error("'{0}' is not what it should be there: a table of servers by name")]
    Shape(String),
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

impl Client {
    /// The clients that are there: those with a config file, or with the folder that it belongs in.
    pub fn found(environment: &Environment) -> Vec<Self> {
        let all = Self::all(environment);
        all.into_iter().filter_map(|(client, sign)| (client.file.exists() || sign.exists()).then_some(client)).collect()
    }

    /// All that are known, each with what else shows that it is there.
    pub fn all(environment: &Environment) -> Vec<(Self, PathBuf)> {
        let Some(home) = Places::of(environment).home else { return Vec::new() };
        let place = |variable: &str, below_home: &str| {
            environment.absolute_path(variable).map_or_else(|| home.join(below_home), Path::to_owned)
        };
        let config = place("XDG_CONFIG_HOME", ".config");
        let code =
            if cfg!(target_os = "macos") { home.join("Library/Application Support/Code") } else { config.join("Code") };
        let claude = environment.absolute_path("CLAUDE_CONFIG_DIR");
        let claude_file = claude.map_or_else(|| home.join(".claude.json"), |folder| folder.join(".claude.json"));
        let (codex, cursor, gemini) = (place("CODEX_HOME", ".codex"), home.join(".cursor"), home.join(".gemini"));
        let zed = if cfg!(target_os = "macos") { home.join(".config/zed") } else { config.join("zed") };
        let json = |servers, typed| Shape::Json { servers, typed };
        [
            ("Claude Code", claude_file, place("CLAUDE_CONFIG_DIR", ".claude"), json("mcpServers", true)),
            ("Codex", codex.join("config.toml"), codex, Shape::Toml),
            ("Cursor", cursor.join("mcp.json"), cursor, json("mcpServers", false)),
            ("Gemini CLI", gemini.join("settings.json"), gemini, json("mcpServers", false)),
            ("VS Code", code.join("User/mcp.json"), code.join("User"), json("servers", true)),
            ("Zed", zed.join("settings.json"), zed, json("context_servers", false)),
        ]
        .into_iter()
        .map(|(title, file, sign, shape)| (Self { title, file, shape }, sign))
        .collect()
    }

    /// The file's text; empty where there is none.
    pub fn read(&self) -> Result<String, Broken> {
        let unreadable = |error: std::io::Error| Broken::Unreadable(error.to_string());
        let file = match File::open(&self.file) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
            Err(error) => return Err(unreadable(error)),
        };
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(Broken::Unreadable("it is no plain file".to_owned()));
        }
        let mut text = String::new();
        file.take(MAX_FILE + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_FILE {
            return Err(Broken::Unreadable("it is too large for a file of settings".to_owned()));
        }
        Ok(text)
    }

    /// Whether zen is in this text of the file.
    pub fn state(&self, text: &str) -> Result<State, Broken> {
        let entry = match self.shape {
            Shape::Json { servers, .. } => jsonc::get(text, &[servers, NAME])?,
            Shape::Toml => toml_file::get(text, NAME)?,
        };
        let Some(entry) = entry else { return Ok(State::Absent) };
        let text_of = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(url) = text_of("url").or_else(|| text_of("httpUrl")) {
            return Ok(State::Asks(url));
        }
        let arguments = entry.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let command = text_of("command").unwrap_or_default();
        Ok(State::Starts(std::iter::once(command.as_str()).chain(arguments).collect::<Vec<_>>().join(" ")))
    }

    /// The text with zen in it, started by `command`; None where it is in it already. What else an entry of this name
    /// holds, such as variables, stays.
    pub fn with_zen(&self, text: &str, command: &str) -> Result<Option<String>, Broken> {
        if matches!(self.state(text)?, State::Asks(_)) {
            return Ok(None);
        }
        let edited = match self.shape {
            Shape::Json { servers, .. } => {
                let mut edited = text.to_owned();
                if jsonc::get(text, &[servers, NAME])?.is_some() {
                    for (key, value) in self.entry(command) {
                        edited = jsonc::set(&edited, &[servers, NAME, &key], &value)?;
                    }
                } else {
                    edited = jsonc::set(text, &[servers, NAME], &Value::Object(self.entry(command)))?;
                }
                edited
            }
            Shape::Toml => toml_file::set(text, NAME, &self.entry(command))?,
        };
        Ok((edited != text).then_some(edited))
    }

    fn entry(&self, command: &str) -> Map<String, Value> {
        let mut entry = Map::new();
        if let Shape::Json { typed: true, .. } = self.shape {
            entry.insert("type".to_owned(), json!("stdio"));
        }
        entry.insert("command".to_owned(), json!(command));
        entry.insert("args".to_owned(), json!(["stdio"]));
        if let Shape::Toml = self.shape {
            entry.insert("tool_timeout_sec".to_owned(), json!(CODEX_TOOL_SECONDS));
        }
        entry
    }
}
