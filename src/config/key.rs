//! The one table of keys. The parser of every layer, `zen config explain`, the documentation and the tests are drawn
//! from it. Defaults are not here: they are those of the sections.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::draft::Draft;
use super::field::{At, Field, Whole};

/// One thing that can be set.
pub struct Key {
    /// Dotted: the section, then the name within it.
    pub name: &'static str,
    /// A variable of the older server that is honoured too.
    pub upstream: Option<Upstream>,
    /// What it decides, in one sentence.
    pub sentence: &'static str,
    /// Whether it caps a queue, a store, a body or a wait.
    pub cap: bool,
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
        self.field.show(&mut Draft::default())
    }

    const fn new(name: &'static str, field: Field, sentence: &'static str) -> Self {
        Self { name, upstream: None, sentence, cap: false, field }
    }

    const fn cap(name: &'static str, field: Field, sentence: &'static str) -> Self {
        Self { name, upstream: None, sentence, cap: true, field }
    }

    const fn or(mut self, variable: &'static str, unit: Unit) -> Self {
        self.upstream = Some(Upstream { variable, unit });
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

/// Every key, by section.
pub static KEYS: [Key; 52] = [
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
        "models.locale",
        Field::Text(|d| &mut d.config.models.locale),
        "The language models are asked to answer in; empty leaves it to them.",
    )
    .or("LOCALE", Unit::Same),
    Key::new(
        "tools.disabled",
        Field::Tools(|d| &mut d.config.tools.disabled),
        "Tools that are not offered; version and listmodels always are.",
    )
    .or("DISABLED_TOOLS", Unit::Same),
    Key::cap(
        "tools.max_output_tokens",
        Field::Integer { at: Whole::Tokens(|d| &mut d.config.tools.max_output), min: 1_000, max: 10_000_000 },
        "The client's cap on a tool's result; a prompt may have 60 % of it.",
    )
    .or("MAX_MCP_OUTPUT_TOKENS", Unit::Same),
    Key::new(
        "tools.progress_interval",
        duration(|d| &mut d.config.tools.progress_interval, millis(10), seconds(600)),
        "How often a caller hears that a model still thinks.",
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
    base_url("providers.google.base_url", base_url_at::<0>).or("GEMINI_BASE_URL", Unit::Same),
    models("providers.google.models", models_at::<0>),
    key_env("providers.google.key_env", key_env_at::<0>),
    base_url("providers.openai.base_url", base_url_at::<1>),
    models("providers.openai.models", models_at::<1>),
    key_env("providers.openai.key_env", key_env_at::<1>),
    base_url("providers.xai.base_url", base_url_at::<2>),
    models("providers.xai.models", models_at::<2>),
    key_env("providers.xai.key_env", key_env_at::<2>),
    base_url("providers.custom.base_url", base_url_at::<3>).or("CUSTOM_API_URL", Unit::Same),
    models("providers.custom.models", models_at::<3>).or("CUSTOM_MODEL_NAME", Unit::Same),
    key_env("providers.custom.key_env", key_env_at::<3>),
    base_url("providers.openrouter.base_url", base_url_at::<4>),
    models("providers.openrouter.models", models_at::<4>),
    key_env("providers.openrouter.key_env", key_env_at::<4>),
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
];

const fn duration(at: At<Duration>, min: Duration, max: Duration) -> Field {
    Field::Duration { at, min, max }
}

const fn size(at: At<usize>, min: u64, max: u64) -> Field {
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

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

const fn base_url(name: &'static str, at: At<Option<String>>) -> Key {
    Key::new(name, Field::BaseUrl(at), "Where the provider is asked, instead of at its own address.")
}

const fn models(name: &'static str, at: At<Vec<String>>) -> Key {
    Key::new(name, Field::Texts(at), "Models to offer beside those of the catalogue.")
}

const fn key_env(name: &'static str, at: At<String>) -> Key {
    Key::new(name, Field::KeyVariable(at), "The environment variable that holds the provider's key.")
}

// The number is the provider's position in `PROVIDERS`; a test holds the names to it.
fn base_url_at<const N: usize>(draft: &mut Draft) -> &mut Option<String> {
    &mut draft.providers[N].base_url
}

fn models_at<const N: usize>(draft: &mut Draft) -> &mut Vec<String> {
    &mut draft.providers[N].models
}

fn key_env_at<const N: usize>(draft: &mut Draft) -> &mut String {
    &mut draft.providers[N].key_env
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::draft::PROVIDERS;
    use super::super::value::Given;
    use super::*;

    #[test]
    fn every_name_and_every_variable_stands_once() {
        let names: BTreeSet<_> = KEYS.iter().map(|key| key.name).collect();
        assert_eq!(names.len(), KEYS.len());
        let mut variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
        variables.extend(KEYS.iter().filter_map(|key| key.upstream).map(|upstream| upstream.variable.to_owned()));
        variables.extend(PROVIDERS.iter().map(|provider| provider.key_env.to_owned()));
        assert_eq!(variables.iter().collect::<BTreeSet<_>>().len(), variables.len());
    }

    #[test]
    fn every_key_says_in_a_sentence_what_it_decides() {
        for key in &KEYS {
            assert!(key.sentence.ends_with('.') && key.sentence.len() > 20, "{}", key.name);
            assert!(!key.section().is_empty() && !key.leaf().is_empty(), "{}", key.name);
        }
    }

    #[test]
    fn every_default_stands_within_its_bounds_and_reads_back() {
        for key in KEYS.iter().filter(|key| key.bounds().is_some()) {
            let mut draft = Draft::default();
            let given = Given::Typed(key.default_shown().into());
            assert_eq!(key.field.set(&mut draft, &given, None), Ok(()), "{}", key.name);
            assert_eq!(key.field.show(&mut draft), key.default_shown(), "{}", key.name);
        }
    }

    #[test]
    fn every_cap_has_bounds_of_its_own() {
        for key in KEYS.iter().filter(|key| key.cap) {
            assert!(key.bounds().is_some(), "{}", key.name);
        }
    }

    #[test]
    fn no_two_keys_share_a_place() {
        for key in &KEYS {
            let mut draft = Draft::default();
            let text = match key.field {
                Field::Duration { max, .. } => super::super::value::show_duration(max),
                Field::Size { max, .. } | Field::Integer { max, .. } => max.to_string(),
                Field::Bool(_) => (key.default_shown() != "true").to_string(),
                Field::Path(_) | Field::Paths(_) => "/somewhere".to_owned(),
                Field::Level(_) => "trace".to_owned(),
                Field::BaseUrl(_) => "http://localhost:1".to_owned(),
                Field::Address(_) => "127.0.0.1:1".to_owned(),
                _ => "SOMETHING".to_owned(),
            };
            key.field.set(&mut draft, &Given::Typed(text.into()), None).expect(key.name);
            let changed: Vec<_> =
                KEYS.iter().filter(|other| other.field.show(&mut draft) != other.default_shown()).collect();
            assert_eq!(changed.iter().map(|key| key.name).collect::<Vec<_>>(), [key.name]);
        }
    }

    #[test]
    fn the_keys_of_a_provider_stand_at_its_place() {
        for (position, provider) in PROVIDERS.iter().enumerate() {
            let mut draft = Draft::default();
            let key = find(&format!("providers.{}.key_env", provider.name)).expect("listed");
            key.field.set(&mut draft, &Given::Typed("MY_KEY".into()), None).expect("a name");
            assert_eq!(draft.providers[position].key_env, "MY_KEY");
        }
    }
}
