//! `zen config`: what is configured, where each value comes from, and whether it is right.

use std::io;
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::config::key::{KEYS, Key};
use crate::config::{Environment, Loaded, Setting, locate};
use crate::engine::Engine;
use crate::text::nearest::nearest;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Say whether the configuration is right, and everything that is wrong with it
    Check {
        /// Answer with JSON
        #[arg(long)]
        json: bool,
    },
    /// Show keys with their values in force, origins, defaults, bounds and variables
    Explain {
        /// A key or a section; all without it
        key: Option<String>,
        /// Answer with JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the path of the config file
    Path {
        /// Answer with JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: Args, shared: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let ended = match args.command {
        Command::Check { json: true } => check_for_scripts(shared, environment, streams),
        Command::Check { json: false } => {
            with_loaded(shared, environment, streams, |loaded, streams| check(loaded, environment, streams))
        }
        Command::Explain { key, json } => {
            with_loaded(shared, environment, streams, |loaded, streams| explain(loaded, key.as_deref(), json, streams))
        }
        Command::Path { json } => path(shared, json, environment, streams),
    };
    streams.settle(ended)
}

fn with_loaded(
    shared: &ConfigFlags,
    environment: &Environment,
    streams: &mut Streams,
    answer: impl FnOnce(&Loaded, &mut Streams) -> io::Result<Exit>,
) -> io::Result<Exit> {
    match shared.load_or_exit(environment, streams) {
        Ok(loaded) => answer(&loaded, streams),
        Err(exit) => Ok(exit),
    }
}

/// What a start would refuse is refused here too: roots, providers and tools are checked by the rooms they are for.
fn check(loaded: &Loaded, environment: &Environment, streams: &mut Streams) -> io::Result<Exit> {
    match Engine::new(launch::setup(loaded.config.clone(), environment)) {
        Ok(engine) => engine.models.warnings().iter().for_each(|warning| streams.complain(warning)),
        Err(error) => {
            streams.complain(error);
            return Ok(Exit::Config);
        }
    }
    match &loaded.file {
        Some(file) if file.exists => streams.line(format_args!("ok: {}", file.path.display()))?,
        Some(file) => {
            streams.line(format_args!("ok: {} does not exist, nothing is read from it", file.path.display()))?
        }
        None => streams.line("ok: there is no config file, as HOME is not set")?,
    }
    Ok(Exit::Ok)
}

/// A check in the JSON answer.
#[derive(Serialize)]
struct Checked {
    ok: bool,
    /// None where there is no home to look in, or the configuration is wrong.
    file: Option<PathBuf>,
    errors: Vec<String>,
    warnings: Vec<String>,
}

fn check_for_scripts(shared: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> io::Result<Exit> {
    let mut checked = Checked { ok: false, file: None, errors: Vec::new(), warnings: Vec::new() };
    match shared.load(environment) {
        Ok(loaded) => {
            checked.warnings = loaded.warnings;
            checked.file = loaded.file.map(|file| file.path);
            match Engine::new(launch::setup(loaded.config, environment)) {
                Ok(engine) => checked.warnings.extend(engine.models.warnings().iter().map(ToString::to_string)),
                Err(error) => checked.errors.push(error.to_string()),
            }
        }
        Err(errors) => checked.errors = errors.0.iter().map(ToString::to_string).collect(),
    }
    checked.ok = checked.errors.is_empty();
    streams.json(&checked)?;
    Ok(if checked.ok { Exit::Ok } else { Exit::Config })
}

/// A broken file must still be found, so nothing is loaded.
fn path(shared: &ConfigFlags, json: bool, environment: &Environment, streams: &mut Streams) -> io::Result<Exit> {
    match locate(shared.config.clone(), environment) {
        Ok(Some(file)) if json => {
            streams.json(&serde_json::json!({ "path": file.path, "exists": file.exists }))?;
            Ok(Exit::Ok)
        }
        Ok(Some(file)) => {
            streams.line(file.path.display())?;
            Ok(Exit::Ok)
        }
        Ok(None) => {
            streams.complain("there is no place for a config file: set HOME, or name one with --config");
            Ok(Exit::NotFound)
        }
        Err(errors) => {
            streams.complain(errors);
            Ok(Exit::Config)
        }
    }
}

fn explain(loaded: &Loaded, wanted: Option<&str>, json: bool, streams: &mut Streams) -> io::Result<Exit> {
    let is_wanted = |key: &Key| wanted.is_none_or(|wanted| key.name == wanted || is_within(key.section(), wanted));
    let settings: Vec<&Setting> = loaded.settings.iter().filter(|setting| is_wanted(setting.key)).collect();
    if settings.is_empty() {
        let wanted = wanted.unwrap_or_default();
        let known = KEYS.iter().flat_map(|key| [key.name, key.section()]);
        let hint = nearest(wanted, known)
            .map_or_else(|| "`zen config explain` lists them all".to_owned(), |name| format!("did you mean `{name}`?"));
        streams.complain(format_args!("no such key or section: {wanted:?}; {hint}"));
        return Ok(Exit::NotFound);
    }
    if json {
        let answer: Vec<Explained> = settings.into_iter().map(Explained::of).collect();
        streams.json(&answer)?;
        return Ok(Exit::Ok);
    }
    let mut section = "";
    for setting in settings {
        if setting.key.section() != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            section = setting.key.section();
            streams.line(format_args!("{gap}[{section}]"))?;
        }
        describe(setting, streams)?;
    }
    Ok(Exit::Ok)
}

fn is_within(section: &str, wanted: &str) -> bool {
    section == wanted || section.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
}

fn describe(setting: &Setting, streams: &mut Streams) -> io::Result<()> {
    let key = setting.key;
    streams.line(format_args!("{} = {}    ({})", key.leaf(), setting.value, setting.origin))?;
    streams.line(format_args!("    {}", key.sentence))?;
    let bounds = key.bounds().map(|(min, max)| format!(" from {min} to {max}")).unwrap_or_default();
    let cap = if key.cap { "cap, " } else { "" };
    let (kind, default) = (key.kind(), key.default_shown());
    streams.line(format_args!("    {cap}{kind}{bounds}; default {default}; {}", variables(key)))?;
    if !setting.overridden.is_empty() {
        let losers: Vec<String> = setting.overridden.iter().map(ToString::to_string).collect();
        streams.line(format_args!("    overrides {}", losers.join(", ")))?;
    }
    Ok(())
}

fn variables(key: &Key) -> String {
    let own = format!("${}", key.variable());
    key.upstreams().fold(own, |known, upstream| match upstream.unit.words() {
        Some(unit) => format!("{known} or ${} ({unit})", upstream.variable),
        None => format!("{known} or ${}", upstream.variable),
    })
}

/// A key in the JSON answer.
#[derive(Serialize)]
struct Explained<'a> {
    key: &'a str,
    value: &'a str,
    origin: String,
    overrides: Vec<String>,
    default: String,
    kind: &'a str,
    /// Least and greatest.
    bounds: Option<(String, String)>,
    /// Whether it caps a queue, a store, a body or a wait.
    cap: bool,
    variable: String,
    upstream_variables: Vec<&'a str>,
    upstream_unit: Option<&'a str>,
    sentence: &'a str,
}

impl<'a> Explained<'a> {
    fn of(setting: &'a Setting) -> Self {
        let key = setting.key;
        Self {
            key: key.name,
            value: &setting.value,
            origin: setting.origin.to_string(),
            overrides: setting.overridden.iter().map(ToString::to_string).collect(),
            default: key.default_shown(),
            kind: key.kind(),
            bounds: key.bounds(),
            cap: key.cap,
            variable: key.variable(),
            upstream_variables: key.upstreams().map(|upstream| upstream.variable).collect(),
            upstream_unit: key.upstreams().find_map(|upstream| upstream.unit.words()),
            sentence: key.sentence,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Answer {
        exit: Exit,
        out: String,
        err: String,
    }

    fn ask(command: Command, set: &[&str], variables: &[(&str, &str)]) -> Answer {
        let environment = variables.iter().copied().collect();
        let shared = ConfigFlags { set: set.iter().map(|set| (*set).to_owned()).collect(), ..ConfigFlags::default() };
        let (mut streams, captured) = Streams::captured();
        let exit = run(Args { command }, &shared, &environment, &mut streams);
        Answer { exit, out: captured.out(), err: captured.err() }
    }

    fn explained(key: Option<&str>, json: bool, variables: &[(&str, &str)]) -> Answer {
        ask(Command::Explain { key: key.map(str::to_owned), json }, &[], variables)
    }

    #[test]
    fn everything_is_explained_by_section() {
        insta::assert_snapshot!(explained(None, false, &[("HOME", "/home/me")]).out);
    }

    #[test]
    fn a_section_shows_origins_losers_and_never_a_key() {
        let variables = [
            ("GEMINI_API_KEY", "canary-0123456789"),
            ("GEMINI_BASE_URL", "https://one.example"),
            ("ZEN_PROVIDERS_GOOGLE_BASE_URL", "https://two.example"),
        ];
        let answer = explained(Some("providers.google"), false, &variables);
        insta::assert_snapshot!(answer.out, @r#"
        [providers.google]
        base_url = "https://two.example"    ($ZEN_PROVIDERS_GOOGLE_BASE_URL)
            Where the provider is asked, instead of at its own address.
            http or https URL; default unset; $ZEN_PROVIDERS_GOOGLE_BASE_URL or $GEMINI_BASE_URL
            overrides $GEMINI_BASE_URL
        models = []    (default)
            Models to offer beside those of the catalogue; `name=deployment` where it is called otherwise there.
            list of texts; default []; $ZEN_PROVIDERS_GOOGLE_MODELS
        allowed = []    (default)
            The only models that may be asked there, by name or alias; empty allows all.
            list of texts; default []; $ZEN_PROVIDERS_GOOGLE_ALLOWED or $GOOGLE_ALLOWED_MODELS
        models_file = unset    (default)
            A list of its models in the older server's JSON, on top of the catalogue.
            path; default unset; $ZEN_PROVIDERS_GOOGLE_MODELS_FILE or $GEMINI_MODELS_CONFIG_PATH
        key_env = set (GEMINI_API_KEY)    (default)
            The environment variable that holds the provider's key.
            name of a variable; default "GEMINI_API_KEY"; $ZEN_PROVIDERS_GOOGLE_KEY_ENV
        "#);
        let all = explained(None, true, &variables);
        assert!(!format!("{}{}{}", answer.err, all.out, all.err).contains("canary"));
    }

    #[test]
    fn json_holds_every_key() {
        let answer = explained(None, true, &[]);
        let keys: Vec<serde_json::Value> = serde_json::from_str(&answer.out).expect("JSON");
        assert_eq!(keys.len(), KEYS.len());
        assert_eq!((&keys[0]["key"], &keys[0]["upstream_unit"]), (&"threads.ttl".into(), &"hours".into()));
    }

    #[test]
    fn an_unknown_key_is_not_found_and_the_nearest_is_named() {
        let answer = explained(Some("threads.tll"), false, &[]);
        assert_eq!((answer.exit, answer.out.as_str()), (Exit::NotFound, ""));
        assert!(answer.err.contains("did you mean `threads.ttl`?"), "{}", answer.err);
    }

    #[test]
    fn check_says_ok_or_everything_that_is_wrong() {
        let answer = ask(Command::Check { json: false }, &[], &[("HOME", "/nowhere")]);
        assert_eq!(answer.exit, Exit::Ok);
        assert!(answer.out.starts_with("ok: /nowhere/.config/zen/config.toml"));
        let answer =
            ask(Command::Check { json: false }, &["threads.ttl", "log.level=loud", "a=b"], &[("LOG_LEVEL", "loud")]);
        assert_eq!((answer.exit, answer.out.as_str(), answer.err.lines().count()), (Exit::Config, "", 4));
    }

    #[test]
    fn check_refuses_what_a_start_would_refuse() {
        for (set, said) in [("tools.disabled=chatt", "did you mean 'chat'?"), ("files.roots=/no/such", "/no/such")] {
            let answer = ask(Command::Check { json: false }, &[set], &[]);
            assert_eq!((answer.exit, answer.out.as_str()), (Exit::Config, ""));
            assert!(answer.err.contains(said), "{}", answer.err);
        }
        let custom = [("CUSTOM_API_URL", "http://gpu.example/v1"), ("CUSTOM_API_KEY", "canary-0123456789")];
        let answer = ask(Command::Check { json: false }, &[], &custom);
        assert!(answer.err.contains("in the clear") && !answer.err.contains("canary"), "{}", answer.err);
    }

    #[test]
    fn a_relative_root_is_where_the_person_stands() {
        let roots = vec![PathBuf::from("src"), PathBuf::from("/srv")];
        let loaded = ConfigFlags { roots, ..ConfigFlags::default() }.load(&Environment::default()).expect("valid");
        let here = std::env::current_dir().expect("a folder");
        assert_eq!(loaded.config.files.roots, [here.join("src"), PathBuf::from("/srv")]);
    }

    #[test]
    fn scripts_read_a_check_and_a_path_as_json() {
        let json = |answer: Answer| serde_json::from_str::<serde_json::Value>(&answer.out).expect("JSON");
        let good = json(ask(Command::Check { json: true }, &[], &[("HOME", "/h")]));
        assert_eq!((&good["ok"], &good["file"]), (&true.into(), &"/h/.config/zen/config.toml".into()));
        let bad = ask(Command::Check { json: true }, &["log.level=loud", "a=b"], &[]);
        assert_eq!((bad.exit, bad.err.as_str()), (Exit::Config, ""));
        assert_eq!(json(bad)["errors"].as_array().map(Vec::len), Some(2));
        let path = json(ask(Command::Path { json: true }, &[], &[("HOME", "/h")]));
        assert_eq!(path, serde_json::json!({ "path": "/h/.config/zen/config.toml", "exists": false }));
    }

    #[test]
    fn path_shows_where_the_file_belongs() {
        assert_eq!(ask(Command::Path { json: false }, &[], &[("HOME", "/h")]).out, "/h/.config/zen/config.toml\n");
        assert_eq!(ask(Command::Path { json: false }, &[], &[]).exit, Exit::NotFound);
    }
}
