//! The one table of keys. The parser of every layer, `zen config explain`, the documentation and the tests are drawn
//! from it. Defaults are not here: they are those of the sections. The keys of providers are in `provider`.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use super::draft::Draft;
use super::error::Problem;
use super::field::{At, Field, Whole};
use super::insight;
use super::provider;
use super::resilience;
use super::value::Given;

/// One thing that can be set.
pub struct Key {
    /// Dotted: the section, then the name within it.
    pub name: &'static str,
    pub(super) upstream: [Option<Upstream>; 2],
    /// What it decides, in one sentence.
    pub sentence: &'static str,
    /// Whether it caps a queue, a store, a body or a wait.
    pub cap: bool,
    /// The position of the provider it is a key of.
    pub(super) provider: Option<usize>,
    pub(super) field: Field,
}

/// A variable of the older server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upstream {
    pub variable: &'static str,
    pub unit: Unit,
}

/// What a bare number or word in a variable of the older server means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// What it would mean in the key's own variable.
    Same,
    Hours,
    Seconds,
    /// The level names of Python and of other programs that read the same variable.
    LevelName,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The key of this dotted name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Key {
    /// Variables of the older server that are honoured too; the last one goes before the first.
    pub fn upstreams(&self) -> impl Iterator<Item = Upstream> {
        self.upstream.into_iter().flatten()
    }

    /// `ZEN_<SECTION>_<KEY>`.
    pub fn variable(&self) -> String {
        format!("ZEN_{}", self.name.to_uppercase().replace('.', "_"))
    }

    /// What stands before the last dot: `threads`, `providers.google`.
    pub fn section(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// What stands after the last dot.
    pub fn leaf(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// The kind of its value in a word or two.
    pub fn kind(&self) -> &'static str {
        self.field.kind()
    }

    /// The least and the greatest value, as they are written.
    pub fn bounds(&self) -> Option<(String, String)> {
        self.field.bounds()
    }

    /// The value with nothing set, as it is written.
    pub fn default_shown(&self) -> String {
        self.show(&mut Draft::default())
    }

    /// The value in the draft, as it is written.
    pub(super) fn show(&self, draft: &mut Draft) -> String {
        self.turn(draft, None);
        self.field.show(draft)
    }

    /// Puts the value into the draft; with a name into that endpoint of the provider's kind.
    pub(super) fn set(
        &self,
        draft: &mut Draft,
        name: Option<&str>,
        given: &Given<'_>,
        home: Option<&Path>,
    ) -> Result<(), Problem> {
        self.turn(draft, name);
        self.field.set(draft, given, home)
    }

    fn turn(&self, draft: &mut Draft, name: Option<&str>) {
        if let Some(provider) = self.provider {
            draft.turn_to(provider, name);
        }
    }

    pub(super) const fn new(name: &'static str, field: Field, sentence: &'static str) -> Self {
        Self { name, upstream: [None; 2], sentence, cap: false, provider: None, field }
    }

    pub(super) const fn cap(name: &'static str, field: Field, sentence: &'static str) -> Self {
        Self { name, upstream: [None; 2], sentence, cap: true, provider: None, field }
    }

    pub(super) const fn or(mut self, variable: &'static str, unit: Unit) -> Self {
        let place = if self.upstream[0].is_none() { 0 } else { 1 };
        self.upstream[place] = Some(Upstream { variable, unit });
        self
    }
}

impl Unit {
    /// The value in the words of the key's own variable.
    pub(super) fn translate(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::Same => text.into(),
            Self::Hours => format!("{text}h").into(),
            Self::Seconds => format!("{text}s").into(),
            Self::LevelName => match text.to_ascii_lowercase().as_str() {
                "critical" | "fatal" => "error".into(),
                "notice" => "info".into(),
                "verbose" => "debug".into(),
                "notset" | "all" => "trace".into(),
                "none" | "silent" => "off".into(),
                _ => text.into(),
            },
        }
    }

    /// The unit in words, where it is not the key's own.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Same | Self::LevelName => None,
            Self::Hours => Some("hours"),
            Self::Seconds => Some("seconds"),
        }
    }
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Every key, by section; those of the providers last.
pub static KEYS: LazyLock<Vec<Key>> =
    LazyLock::new(|| FIXED.into_iter().chain(insight::KEYS).chain(provider::keys()).collect());

/// The keys that are the same whatever providers there are.
const FIXED: [Key; 74] = [
    Key::cap(
        "threads.ttl",
        duration(|d| &mut d.config.threads.ttl, seconds(1), days(365)),
        "A thread without a call for this long is gone.",
    )
    .or("CONVERSATION_TIMEOUT_HOURS", Unit::Hours),
    Key::cap(
        "threads.max_turns",
        Field::Integer { at: Whole::U32(|d| &mut d.config.threads.max_turns), min: 1, max: 10_000 },
        "Turns of a thread in which a model answered.",
    )
    .or("MAX_CONVERSATION_TURNS", Unit::Same),
    Key::cap(
        "threads.max_threads",
        count(|d| &mut d.config.threads.max_threads, 1_000_000),
        "Threads held at one time; the longest unused makes room.",
    ),
    Key::cap(
        "threads.max_bytes",
        size(|d| &mut d.config.threads.max_bytes, MIB, 64 * GIB),
        "Text held in all threads together; the longest unused thread makes room.",
    ),
    Key::new(
        "models.default",
        Field::Name(|d| &mut d.config.models.default),
        "The model asked where a call names none: a name, an alias, or auto.",
    )
    .or("DEFAULT_MODEL", Unit::Same),
    Key::new(
        "models.file",
        Field::Path(|d| &mut d.config.models.file),
        "Models to add to the catalogue or to change in it; unset means models.toml beside the config file.",
    ),
    Key::new(
        "models.locale",
        Field::Text(|d| &mut d.config.models.locale),
        "The language models are asked to answer in; empty leaves it to them.",
    )
    .or("LOCALE", Unit::Same),
    Key::new(
        "tools.disabled",
        Field::Tools(|d| &mut d.config.tools.disabled),
        "Tools that are not offered; version and listmodels always are. An edit of the file counts at once.",
    )
    .or("DISABLED_TOOLS", Unit::Same),
    Key::cap(
        "tools.max_output_tokens",
        Field::Integer { at: Whole::Tokens(|d| &mut d.config.tools.max_output), min: 1_000, max: 10_000_000 },
        "The client's cap on a tool's result; a prompt may have 60 % of it.",
    )
    .or("MAX_MCP_OUTPUT_TOKENS", Unit::Same),
    Key::new(
        "tools.prompts",
        Field::Path(|d| &mut d.config.tools.prompts),
        "A folder with system prompts in place of the shipped ones, such as chat.md; read when zen starts.",
    ),
    Key::new(
        "tools.progress_interval",
        duration(|d| &mut d.config.tools.progress_interval, millis(10), seconds(600)),
        "How often a caller hears that a model still thinks.",
    ),
    Key::new(
        "tools.write_generated_code",
        Field::Bool(|d| &mut d.config.tools.write_generated_code),
        "Whether chat writes code that a model generated to pal_generated.code in the caller's folder.",
    ),
    Key::new(
        "clink.manifests",
        Field::Path(|d| &mut d.config.clink.manifests),
        "CLIs to add or to change: a folder of manifests or one; unset means clis beside the config file.",
    )
    .or("CLI_CLIENTS_CONFIG_PATH", Unit::Same),
    Key::new(
        "clink.over_http",
        Field::Bool(|d| &mut d.config.clink.over_http),
        "Whether clients that come over HTTP may start CLIs on this machine.",
    ),
    Key::cap(
        "clink.timeout",
        duration(|d| &mut d.config.clink.timeout, millis(10), days(1)),
        "How long a CLI may take where its manifest does not say; then it is ended with all that it started.",
    ),
    Key::cap(
        "clink.max_output",
        size(|d| &mut d.config.clink.max_output, KIB, GIB),
        "What a CLI may write; one that writes more is ended.",
    ),
    Key::new(
        "files.roots",
        Field::Paths(|d| &mut d.config.files.roots),
        "Folders whose files may be read; none means the working directory, where that is a fit root.",
    ),
    Key::cap("files.max_file", size64(|d| &mut d.config.files.max_file, KIB, GIB), "A larger file is refused."),
    Key::cap(
        "files.max_files",
        count(|d| &mut d.config.files.max_files, 100_000),
        "Files that one call may name, or that a named folder may bring.",
    ),
    Key::cap("files.max_image", size64(|d| &mut d.config.files.max_image, KIB, GIB), "A larger image is refused."),
    Key::cap(
        "files.cache",
        size64(|d| &mut d.config.files.cache, 0, GIB),
        "Texts of files that are kept so that an unchanged file is not read again.",
    ),
    Key::cap(
        "http.connect_timeout",
        duration(|d| &mut d.config.providers.limits.connect_timeout, millis(10), seconds(600)),
        "How long reaching a provider may take.",
    )
    .or("CUSTOM_CONNECT_TIMEOUT", Unit::Seconds),
    Key::cap(
        "http.idle_timeout",
        duration(|d| &mut d.config.providers.limits.idle_timeout, millis(10), days(1)),
        "The longest silence before a reply's first byte and within it.",
    )
    .or("CUSTOM_READ_TIMEOUT", Unit::Seconds),
    Key::cap(
        "http.deadline",
        duration(|d| &mut d.config.providers.limits.deadline, millis(10), days(7)),
        "How long the whole of one consultation may take.",
    ),
    Key::cap(
        "http.max_event",
        size(|d| &mut d.config.providers.limits.max_event, KIB, 256 * MIB),
        "One event of a streamed reply; a larger one ends the reply.",
    ),
    Key::cap(
        "http.max_reply",
        size(|d| &mut d.config.providers.limits.max_reply, KIB, 4 * GIB),
        "The whole of a provider's reply; a larger one is given up.",
    ),
    resilience::RETRY_ATTEMPTS,
    resilience::RETRY_BASE,
    resilience::RETRY_MAX_WAIT,
    resilience::RETRY_BUDGET,
    resilience::RETRY_BURST,
    resilience::BREAKER_FAILURES,
    resilience::BREAKER_OPEN,
    resilience::BREAKER_MAX_OPEN,
    resilience::BREAKER_SUCCESSES,
    resilience::BREAKER_COOL_DOWN,
    resilience::BULKHEAD_RUNNING,
    resilience::BULKHEAD_WAITING,
    resilience::SPEND_TOTAL,
    resilience::SPEND_PER_PROVIDER,
    resilience::SPEND_ALLOW_UNKNOWN,
    resilience::CACHE_TTL,
    resilience::CACHE_ENTRIES,
    resilience::CACHE_BYTES,
    Key::cap(
        "server.max_line",
        size(|d| &mut d.config.server.max_line, KIB, GIB),
        "One message from a client; a longer one is refused and skipped.",
    ),
    Key::cap(
        "server.max_calls",
        count(|d| &mut d.config.server.max_calls, 65_536),
        "Calls of one connection that may be in flight.",
    ),
    Key::cap(
        "server.drain_grace",
        duration(|d| &mut d.config.server.drain_grace, Duration::ZERO, seconds(600)),
        "How long calls in flight may go on once the client has gone.",
    ),
    Key::cap(
        "server.message_log",
        size(|d| &mut d.config.server.message_log, 64 * KIB, 4 * GIB),
        "Messages kept to be looked at; the oldest make room.",
    ),
    Key::new("serve.address", Field::Address(|d| &mut d.config.serve.address), "Where `zen serve` listens."),
    Key::new(
        "serve.behind_tls_proxy",
        Field::Bool(|d| &mut d.config.serve.behind_tls_proxy),
        "Whether a proxy with TLS is all that reaches zen, so that it may listen beyond this machine.",
    ),
    Key::new(
        "serve.allowed_hosts",
        Field::Texts(|d| &mut d.config.serve.allowed_hosts),
        "Names by which HTTP clients may address zen, beside those of this machine to itself.",
    ),
    Key::new(
        "serve.allowed_origins",
        Field::Texts(|d| &mut d.config.serve.allowed_origins),
        "Web pages that may call zen, such as https://example.org, beside those of this machine.",
    ),
    Key::cap(
        "serve.max_connections",
        count(|d| &mut d.config.serve.max_connections, 1_000_000),
        "HTTP connections at one time; a further one is closed at once.",
    ),
    Key::cap(
        "serve.max_sessions",
        count(|d| &mut d.config.serve.max_sessions, 1_000_000),
        "HTTP sessions at one time; the longest unused makes room.",
    ),
    Key::cap(
        "serve.session_idle",
        duration(|d| &mut d.config.serve.session_idle, seconds(1), days(365)),
        "An HTTP session without a request or an open stream for this long is closed.",
    ),
    Key::cap(
        "serve.session_age",
        duration(|d| &mut d.config.serve.session_age, seconds(1), days(365)),
        "An older HTTP session is closed once no call is in flight.",
    ),
    Key::cap(
        "serve.replay_events",
        count(|d| &mut d.config.serve.replay_events, 4_096),
        "Events of one HTTP stream that a client can ask for again.",
    ),
    Key::new(
        "log.level",
        Field::Level(|d| &mut d.config.log.level),
        "What is written to the log file; off opens none.",
    )
    .or("LOG_LEVEL", Unit::LevelName),
    Key::new(
        "log.file",
        Field::Path(|d| &mut d.config.log.file),
        "The log file; unset means zen.log in the user's state folder.",
    ),
    Key::cap(
        "log.max_file",
        size64(|d| &mut d.config.log.max_file, 64 * KIB, 4 * GIB),
        "A larger log file is set aside as <file>.1, in place of the former one.",
    ),
    Key::new(
        "control.enabled",
        Field::Bool(|d| &mut d.config.control.enabled),
        "Whether the user's other zen processes can see and steer this one.",
    ),
    Key::new(
        "control.dir",
        Field::Path(|d| &mut d.config.control.dir),
        "The folder of the control sockets; unset means the platform's runtime folder.",
    ),
    Key::cap(
        "control.max_watchers",
        count(|d| &mut d.config.control.max_watchers, 10_000),
        "Watchers of this process at one time.",
    ),
    Key::cap(
        "interceptors.deadline",
        duration(|d| &mut d.config.interceptors.deadline, millis(1), seconds(600)),
        "How long an interceptor may take to decide; then it has failed, and the message is blocked.",
    ),
    Key::new(
        "interceptors.rules",
        Field::Path(|d| &mut d.config.interceptors.rules),
        "A file of rules for messages, read again when it changes; unset means none.",
    ),
    Key::cap(
        "interceptors.max_paused",
        count(|d| &mut d.config.interceptors.max_paused, 65_536),
        "Messages that may wait for a person's decision; a further one is blocked.",
    ),
    Key::cap(
        "interceptors.pause_timeout",
        duration(|d| &mut d.config.interceptors.pause_timeout, millis(10), days(1)),
        "How long a paused message waits where its rule does not say; then it is blocked.",
    ),
    Key::new(
        "interceptors.redact_messages",
        Field::Bool(|d| &mut d.config.interceptors.redact_messages),
        "Whether what looks like a key is taken out of what goes to the client.",
    ),
    Key::new(
        "interceptors.redact_log",
        Field::Bool(|d| &mut d.config.interceptors.redact_log),
        "Whether what looks like a key is taken out of the messages that are kept to be looked at.",
    ),
    rate("interceptors.rate_connection", |d| &mut d.config.interceptors.rate_connection),
    rate("interceptors.rate_tool", |d| &mut d.config.interceptors.rate_tool),
    rate("interceptors.rate_principal", |d| &mut d.config.interceptors.rate_principal),
    Key::cap(
        "interceptors.rate_burst",
        Field::Integer { at: Whole::U32(|d| &mut d.config.interceptors.rate_burst), min: 1, max: 1_000_000 },
        "Requests that may come at once where a rate is set.",
    ),
    Key::new(
        "interceptors.max_bytes",
        Field::Texts(|d| &mut d.config.interceptors.max_bytes),
        "Sizes beyond which messages are refused: a direction, a method and a size each, as in tools/call 1MiB.",
    ),
];

const fn rate(name: &'static str, at: At<u32>) -> Key {
    let field = Field::Integer { at: Whole::U32(at), min: 0, max: 1_000_000 };
    Key::cap(name, field, "Requests a minute that are answered to each one of this kind; 0 sets no limit.")
}

pub(super) const fn duration(at: At<Duration>, min: Duration, max: Duration) -> Field {
    Field::Duration { at, min, max }
}

pub(super) const fn size(at: At<usize>, min: u64, max: u64) -> Field {
    Field::Size { at: Whole::Usize(at), min, max }
}

const fn size64(at: At<u64>, min: u64, max: u64) -> Field {
    Field::Size { at: Whole::U64(at), min, max }
}

const fn count(at: At<usize>, max: u64) -> Field {
    Field::Integer { at: Whole::Usize(at), min: 1, max }
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

#[cfg(test)]
mod tests;
