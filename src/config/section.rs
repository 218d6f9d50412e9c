//! The checked values that the rooms are given, by section. Plain data: no parsing, no I/O, no layers.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::edited::Stamp;
use super::environment::Environment;
use super::insight::Insight;
use super::resilience::Resilience;
use crate::secret::Secret;
use crate::unit::Tokens;

/// Everything a process is told. Built by [`super::load`]; `Config::default()` is what zen does with nothing set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    pub threads: Threads,
    pub models: Models,
    pub tools: Tools,
    pub clink: Clink,
    pub files: Files,
    pub providers: Providers,
    pub server: Server,
    pub serve: Serve,
    pub log: Log,
    pub control: Control,
    pub interceptors: Interceptors,
    /// What the process was started with, for children to be given the named parts of.
    pub environment: Environment,
    pub insight: Insight,
    /// For whoever loads it again.
    pub loaded_from: LoadedFrom,
}

/// What a configuration was loaded from, beside the environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadedFrom {
    /// The file that was named on the command line.
    pub named: Option<PathBuf>,
    /// `(dotted key, value)`, as typed.
    pub flags: Vec<(String, String)>,
    /// The file that counts, in the state in which it was read; it need not be there.
    pub file: Option<(PathBuf, Stamp)>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Threads {
    /// A thread without a call for this long is gone.
    pub ttl: Duration,
    /// Turns in which a model answered.
    pub max_turns: u32,
    pub max_threads: usize,
    /// Bytes of text in all threads together.
    pub max_bytes: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Models {
    /// A model's name or alias, or `auto`.
    pub default: String,
    /// The language models are asked to answer in; empty for their own choice.
    pub locale: String,
    /// The user's additions to the catalogue, where there are any.
    pub file: Option<PathBuf>,
    /// What providers have said of their models; below the user's file. None where they were not asked yet.
    pub cache: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Tools {
    /// Not offered. `version` and `listmodels` cannot be named.
    pub disabled: Vec<String>,
    /// The client's cap on a result (`MAX_MCP_OUTPUT_TOKENS`).
    pub max_output: Tokens,
    /// How often a caller hears that a model still thinks.
    pub progress_interval: Duration,
    /// Prompts of the user's own; None: the shipped ones alone.
    pub prompts: Option<PathBuf>,
    /// Whether `chat` may write the code that a model generated to a file in the caller's folder.
    pub write_generated_code: bool,
}

impl Tools {
    /// Tokens of reply that one result carries: the client's cap, less a part for the envelope and for what an estimate
    /// can be off.
    pub fn reply_tokens(&self) -> Tokens {
        self.max_output.percent(80)
    }

    /// Characters of prompt that one call may carry: 60 % of the client's cap at four characters a token.
    pub fn prompt_chars(&self) -> usize {
        usize::try_from(self.max_output.percent(60).0.saturating_mul(4)).unwrap_or(usize::MAX)
    }
}

/// CLI agents on this machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Clink {
    /// The user's own manifests: a folder of them, or one file.
    pub manifests: Option<PathBuf>,
    /// Whether clients that come over HTTP may start CLIs.
    pub over_http: bool,
    /// How long a CLI may take, where its manifest does not say.
    pub timeout: Duration,
    /// Bytes that a CLI may write; one that writes more is ended.
    pub max_output: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// Folders whose files may be read. Empty: the server's working directory, where that is a fit root.
    pub roots: Vec<PathBuf>,
    /// A larger file is refused.
    pub max_file: u64,
    /// Files that one call may name or that a named folder may bring.
    pub max_files: usize,
    /// A larger image is refused.
    pub max_image: u64,
    /// Bytes of texts that are kept so that an unchanged file is not read again.
    pub cache: u64,
}

/// The endpoints that have a key or a URL set. A provider whose variables are unset is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Providers {
    pub endpoints: Vec<Endpoint>,
    pub limits: HttpLimits,
    pub resilience: Resilience,
}

/// Where a key was found. In the order in which the places are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFrom {
    Variable(String),
    File(PathBuf),
    Keyring,
}

impl fmt::Display for KeyFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
            Self::Keyring => f.write_str("the keyring"),
        }
    }
}

/// One configured provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Endpoint {
    /// The provider's name in `assets/providers/`, such as `google`; or the one that the user gave it.
    pub provider: String,
    /// The provider in `assets/providers/` that it is another one of; None where it is that one.
    pub like: Option<String>,
    /// Overrides the provider's own base URL.
    pub base_url: Option<String>,
    pub key: Option<Secret>,
    /// None where it has no key, or was not read from the user's places.
    pub key_from: Option<KeyFrom>,
    /// Models to offer beside the catalogue's (`CUSTOM_MODEL_NAME`), as `name` or `name=deployment`.
    pub models: Vec<String>,
    /// The only models that may be asked, by name or alias. Empty: all.
    pub allowed: Vec<String>,
    /// A list of models in the older server's JSON.
    pub models_file: Option<PathBuf>,
    /// What is known of its models, in the words of `models.toml`, where the program brings that along itself: the demo.
    pub brought: Option<&'static str>,
    /// The dated version of its interface, where it has such and one is set.
    pub api_version: Option<String>,
    /// The page and the name that requests go by, instead of the provider's own.
    pub referer: Option<String>,
    pub title: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HttpLimits {
    pub connect_timeout: Duration,
    /// The longest silence within a reply, and before its first byte.
    pub idle_timeout: Duration,
    /// The whole of one consultation.
    pub deadline: Duration,
    /// One server-sent event.
    pub max_event: usize,
    /// A whole reply.
    pub max_reply: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// A longer line is refused and skipped.
    pub max_line: usize,
    /// Calls of one connection that may be in flight.
    pub max_calls: usize,
    /// How long calls in flight are let finish once the client has gone.
    pub drain_grace: Duration,
    /// Bytes of messages kept for the log.
    pub message_log: usize,
}

/// MCP over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Serve {
    /// Where it listens.
    pub address: SocketAddr,
    /// A proxy in front of it speaks TLS and is all that reaches it, so that an address beyond loopback may be bound.
    pub behind_tls_proxy: bool,
    /// Names by which clients may address it, beside those of this machine to itself.
    pub allowed_hosts: Vec<String>,
    /// Web pages that may call it, beside those of this machine.
    pub allowed_origins: Vec<String>,
    pub max_connections: usize,
    pub max_sessions: usize,
    /// A session without a request or an open stream for this long is closed.
    pub session_idle: Duration,
    /// An older session is closed once no call is in flight.
    pub session_age: Duration,
    /// Events of one stream that can be replayed.
    pub replay_events: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    pub level: LogLevel,
    /// None: no log file.
    pub file: Option<PathBuf>,
    /// Bytes; a larger file is set aside, in place of the one set aside before.
    pub max_file: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Whether this process can be seen and steered by the user's other zen processes.
    pub enabled: bool,
    /// The folder of the control sockets; None: the platform's runtime folder.
    pub dir: Option<PathBuf>,
    /// Watchers at one time.
    pub max_watchers: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Interceptors {
    /// How long one may take to decide.
    pub deadline: Duration,
    /// A file of rules.
    pub rules: Option<PathBuf>,
    /// Rules in the words of such a file, where the program brings them along itself: the demo.
    pub brought_rules: Option<&'static str>,
    /// Messages that may wait for a person's decision.
    pub max_paused: usize,
    /// How long one waits, where its rule does not say.
    pub pause_timeout: Duration,
    /// Whether keys are taken out of what goes to the client.
    pub redact_messages: bool,
    /// Whether keys are taken out of what the message log keeps.
    pub redact_log: bool,
    /// Requests a minute; zero is no limit.
    pub rate_connection: u32,
    pub rate_tool: u32,
    pub rate_principal: u32,
    /// Requests that may come at once.
    pub rate_burst: u32,
    /// A direction, a method and a size each: `in tools/call 1MiB`.
    pub max_bytes: Vec<String>,
}

impl Default for Threads {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(3 * 60 * 60), max_turns: 20, max_threads: 10_000, max_bytes: 256 << 20 }
    }
}

impl Default for Models {
    fn default() -> Self {
        Self { default: "auto".to_owned(), locale: String::new(), file: None, cache: None }
    }
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            disabled: Vec::new(),
            max_output: Tokens(25_000),
            progress_interval: Duration::from_secs(10),
            prompts: None,
            write_generated_code: false,
        }
    }
}

impl Default for Clink {
    fn default() -> Self {
        Self { manifests: None, over_http: false, timeout: Duration::from_secs(1_800), max_output: 10 << 20 }
    }
}

impl Default for Files {
    fn default() -> Self {
        Self { roots: Vec::new(), max_file: 1_000_000, max_files: 200, max_image: 20 << 20, cache: 64 << 20 }
    }
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(300),
            deadline: Duration::from_secs(1_800),
            max_event: 1 << 20,
            max_reply: 64 << 20,
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self { max_line: 16 << 20, max_calls: 64, drain_grace: Duration::from_secs(4), message_log: 8 << 20 }
    }
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 7777)),
            behind_tls_proxy: false,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            max_connections: 24_000,
            max_sessions: 10_000,
            session_idle: Duration::from_secs(60 * 60),
            session_age: Duration::from_secs(24 * 60 * 60),
            replay_events: 16,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: LogLevel::Info, file: None, max_file: 8 << 20 }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self { enabled: true, dir: None, max_watchers: 16 }
    }
}

impl Default for Interceptors {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            rules: None,
            brought_rules: None,
            max_paused: 64,
            pause_timeout: Duration::from_secs(60),
            redact_messages: false,
            redact_log: true,
            rate_connection: 0,
            rate_tool: 0,
            rate_principal: 0,
            rate_burst: 10,
            max_bytes: Vec::new(),
        }
    }
}
