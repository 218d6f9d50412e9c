//! A model to ask, where none can be asked yet: Ollama on this machine, or a key that a person types.

use std::io::{self, IsTerminal as _};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::change::Change;
use super::{Dialogue, offer};
use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::Streams;
use crate::config::shipped::{PROVIDERS, Shipped};
use crate::config::{Config, Endpoint, Environment, Loaded, Origin, Places, locate};
use crate::provider::listing::Verdict;
use crate::secret::Secret;

/// Where Ollama listens unless it is told otherwise.
const OLLAMA: &str = "127.0.0.1:11434";
/// Models of Ollama that are named in the config file.
const MAX_MODELS: usize = 50;

/// Offers what can be had. False where something went wrong; that nothing was wanted is fine.
pub fn find(
    dialogue: &Dialogue,
    flags: &ConfigFlags,
    environment: &Environment,
    streams: &mut Streams,
) -> io::Result<bool> {
    let Ok(loaded) = flags.load_or_exit(environment, streams) else { return Ok(false) };
    // A vendor whose address alone is set wants a key; an endpoint of one's own may need none.
    let known = |id: &str| PROVIDERS.iter().any(|vendor| vendor.id == id && vendor.base_url.is_some());
    if loaded.config.providers.endpoints.iter().any(|asked| asked.key.is_some() || !known(&asked.provider)) {
        return Ok(true);
    }
    if let Some((address, models)) = ollama(&loaded.config, environment, streams) {
        return offer_ollama(&address, models, dialogue, flags, environment, streams);
    }
    if dialogue.print || dialogue.yes {
        let variables: Vec<&str> = PROVIDERS.iter().map(|provider| provider.variable.as_str()).collect();
        streams.line(format_args!("\nNo provider is configured: set one of {}.", variables.join(", ")))?;
        return Ok(true);
    }
    ask_for_a_key(dialogue, &loaded, environment, streams)
}

/// Ollama's address and the models that it has, where it runs.
fn ollama(config: &Config, environment: &Environment, streams: &mut Streams) -> Option<(String, Vec<String>)> {
    let host = environment.text("OLLAMA_HOST").ok().flatten().unwrap_or(OLLAMA);
    let host = host.trim_start_matches("http://").trim_end_matches('/');
    // The address that it listens at, as a client says it.
    let host = host.replace("0.0.0.0", "127.0.0.1");
    let host = if host.contains(':') { host } else { format!("{host}:11434") };
    let address = format!("http://{host}/v1");
    let mut config = config.clone();
    let endpoint = Endpoint { provider: "custom".to_owned(), base_url: Some(address.clone()), ..Endpoint::default() };
    config.providers.endpoints = vec![endpoint];
    config.models.cache = None;
    let registry = launch::registry(config, environment, streams).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let listed = runtime.block_on(registry.list(launch::now())).pop()?;
    runtime.shutdown_background();
    let names = listed.models.ok()?.into_iter().take(MAX_MODELS);
    Some((address, names.filter_map(|model| model.get("id")?.as_str().map(str::to_owned)).collect()))
}

fn offer_ollama(
    address: &str,
    models: Vec<String>,
    dialogue: &Dialogue,
    flags: &ConfigFlags,
    environment: &Environment,
    streams: &mut Streams,
) -> io::Result<bool> {
    let names = if models.is_empty() { "no model yet: `ollama pull` one".to_owned() } else { models.join(", ") };
    let names = streams.shown(&names).into_owned();
    streams.line(format_args!("\nOllama runs at {address}, with {names}"))?;
    let Ok(Some(file)) = locate(flags.config.clone(), environment) else { return Ok(true) };
    let before = if file.exists { std::fs::read_to_string(&file.path)? } else { String::new() };
    let Some(after) = with_endpoint(&before, address, &models) else {
        streams.complain(format_args!("{}: [providers.custom] cannot be added: set its base_url", file.path.display()));
        return Ok(false);
    };
    let change = Change { path: file.path, before, after, private: true };
    offer(&change, "Let zen ask it?", dialogue, streams)
}

/// The config file with this endpoint in it: behind all else where it is new, so that comments stay where they are.
fn with_endpoint(before: &str, address: &str, models: &[String]) -> Option<String> {
    let mut table = Table::new();
    table.insert("base_url", value(address));
    table.insert("models", value(models.iter().map(String::as_str).collect::<Array>()));
    let mut document: DocumentMut = before.parse().ok()?;
    let providers = document.get_mut("providers").and_then(Item::as_table_like_mut);
    if let Some(custom) = providers.and_then(|all| all.get_mut("custom")).and_then(Item::as_table_like_mut) {
        for (key, item) in table {
            custom.insert(&key, item);
        }
        return Some(document.to_string());
    }
    let after = format!("{}\n\n[providers.custom]\n{table}", before.trim_end()).trim_start().to_owned();
    after.parse::<DocumentMut>().is_ok().then_some(after)
}

fn ask_for_a_key(
    dialogue: &Dialogue,
    loaded: &Loaded,
    environment: &Environment,
    streams: &mut Streams,
) -> io::Result<bool> {
    // Of the others a key alone does not say where they are.
    let known: Vec<&Shipped> = PROVIDERS.iter().filter(|provider| provider.base_url.is_some()).collect();
    let names: Vec<&str> = known.iter().map(|provider| provider.id.as_str()).collect();
    streams.line("\nNo provider is configured. Whose key do you have?")?;
    let name = dialogue.line(&format!("{}, or Enter for none: ", names.join(", ")), streams)?;
    if name.is_empty() {
        return Ok(true);
    }
    let Some(provider) = known.iter().find(|provider| provider.id == name) else {
        streams.complain(format_args!("'{name}' is none of {}", names.join(", ")));
        return Ok(false);
    };
    let key = hidden(dialogue, &format!("Key of {} (not shown): ", provider.title), streams)?;
    if key.expose().is_empty() {
        return Ok(true);
    }
    if !key.expose().bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\')) {
        streams.complain("this is no key: it holds blanks, quotes or characters that no key has");
        return Ok(false);
    }
    if let Some(refused) = refused(&provider.id, &key, loaded, environment, streams) {
        streams.complain(format_args!("{} does not take this key, so it is not kept: {refused}", provider.title));
        return Ok(false);
    }
    let Some(file) = Places::of(environment).keys_file() else {
        streams.complain("there is no place for a key: set HOME");
        return Ok(false);
    };
    keep(&file, &provider.id, &key, streams)
}

/// Reads a line that the terminal does not show.
fn hidden(dialogue: &Dialogue, question: &str, streams: &mut Streams) -> io::Result<Secret> {
    let input = io::stdin();
    let before = if input.is_terminal() { Some(tcgetattr(&input)?) } else { None };
    if let Some(before) = &before {
        let mut silent = before.clone();
        // An interrupt would leave the terminal silent: here it is a character that no key has.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(&input, OptionalActions::Now, &silent)?;
    }
    let line = dialogue.line(question, streams);
    if let Some(before) = &before {
        tcsetattr(&input, OptionalActions::Now, before)?;
        streams.line("")?;
    }
    line.map(|line| Secret::new(line.as_str()))
}

/// Why the provider does not take the key; None where it does, or does not say.
fn refused(
    provider: &str,
    key: &Secret,
    loaded: &Loaded,
    environment: &Environment,
    streams: &mut Streams,
) -> Option<String> {
    let mut config = loaded.config.clone();
    let (key, url) = (Some(key.clone()), loaded.setting(&format!("providers.{provider}.base_url")));
    let base_url = url.filter(|url| url.origin != Origin::Default).map(|url| url.value.trim_matches('"').to_owned());
    config.providers.endpoints = vec![Endpoint { provider: provider.to_owned(), key, base_url, ..Endpoint::default() }];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let registry = launch::registry(config, environment, streams).ok()?;
    let checked = runtime.block_on(registry.check());
    runtime.shutdown_background();
    checked.into_iter().find(|checked| checked.verdict == Verdict::Refused).map(|checked| checked.message)
}

/// Adds the key to the file that zen alone reads.
fn keep(file: &Path, provider: &str, key: &Secret, streams: &mut Streams) -> io::Result<bool> {
    let before = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let mut document: DocumentMut = before.parse().map_err(|_| io::Error::other("the key file is no TOML"))?;
    document.insert(provider, value(key.expose()));
    let change = Change { path: file.to_owned(), before, after: document.to_string(), private: true };
    match change.make() {
        Ok(_) => {
            streams.line(format_args!("kept in {}, for you alone", file.display()))?;
            Ok(true)
        }
        Err(error) => {
            streams.complain(error);
            Ok(false)
        }
    }
}
