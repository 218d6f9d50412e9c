//! `zen models`: what could be asked with this configuration, and fetching what providers say of their models.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::Serialize;
use tokio::runtime::Runtime;
use toml::Table as Entry;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::config::{Environment, Places};
use crate::provider::listing::Listed;
use crate::provider::model::Model;
use crate::provider::price::{Prices, Rates, dollars};
use crate::provider::{Choice, Registry};
use crate::unit::MicroUsd;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Answer in JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Ask the configured providers which models they have, and keep the answer
    Refresh,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, mut config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    if args.command.is_some() {
        // What was fetched before is fetched anew, so that it cannot pass for what is known.
        config.models.cache = None;
    }
    let registry = match launch::registry(config, environment, streams) {
        Ok(registry) => registry,
        Err(exit) => return exit,
    };
    let ended = match &args.command {
        None => list(&registry, args.json, streams),
        Some(Command::Refresh) => refresh(&registry, &runtime, environment, streams),
    };
    streams.settle(ended)
}

/// A model in the JSON answer.
#[derive(Serialize)]
struct Offer<'a> {
    provider: &'a str,
    id: &'a str,
    title: &'a str,
    aliases: &'a [String],
    description: &'a str,
    score: u8,
    context_window: u64,
    max_output: Option<u64>,
    efforts: Vec<&'static str>,
    images: bool,
    thinking: bool,
    /// None: unknown.
    prices: Option<PriceList<'a>>,
}

/// Dollars for a million tokens; None where a class is unknown.
#[derive(Serialize)]
struct PriceList<'a> {
    #[serde(flatten)]
    rates: RateList,
    /// Where a long input has prices of its own.
    long: Option<LongList>,
    page: &'a str,
    date: &'a str,
}

#[derive(Serialize)]
struct RateList {
    input: Option<String>,
    cached_input: Option<String>,
    cache_write: Option<String>,
    output: Option<String>,
}

#[derive(Serialize)]
struct LongList {
    over: u64,
    #[serde(flatten)]
    rates: RateList,
}

impl RateList {
    fn of(rates: &Rates) -> Self {
        Self {
            input: rates.input.map(dollars),
            cached_input: rates.cached_input.map(dollars),
            cache_write: rates.cache_write.map(dollars),
            output: rates.output.map(dollars),
        }
    }
}

fn list(registry: &Registry, json: bool, streams: &mut Streams) -> io::Result<Exit> {
    let offered = registry.offered();
    if json {
        streams.json(&offered.iter().map(Offer::of).collect::<Vec<_>>())?;
        return Ok(Exit::Ok);
    }
    if offered.is_empty() {
        let all = registry.providers();
        if all.iter().any(|provider| provider.configured) {
            streams.complain("no model is listed: name one when you ask, or run `zen models refresh`");
        } else {
            let variables: Vec<String> = all.into_iter().map(|provider| provider.variable).collect();
            streams.complain(format_args!("no provider is configured: set one of {}", variables.join(", ")));
        }
        return Ok(Exit::Ok);
    }
    let headings = ["PROVIDER", "MODEL", "SCORE", "CONTEXT", "EFFORTS", "IMAGES", "IN $/M", "OUT $/M", "ALIASES"];
    let mut table = Table::new(headings).right(2).right(3).right(6).right(7);
    for Choice { provider, model, .. } in &offered {
        let price = |class: fn(&Prices) -> Option<MicroUsd>| {
            model.prices.as_ref().and_then(class).map_or_else(|| "?".to_owned(), dollars)
        };
        table.row([
            streams.shown(provider.as_str()).into_owned(),
            streams.shown(model.id.as_str()).into_owned(),
            model.score.to_string(),
            model.context_window.to_string(),
            efforts(model).join(","),
            if model.images { "yes" } else { "" }.to_owned(),
            price(|prices| prices.rates.input),
            price(|prices| prices.rates.output),
            streams.shown(&model.aliases.join(", ")).into_owned(),
        ]);
    }
    streams.table(&table)?;
    Ok(Exit::Ok)
}

fn efforts(model: &Model) -> Vec<&'static str> {
    model.efforts.iter().flat_map(|efforts| efforts.steps.iter().map(|step| step.as_str())).collect()
}

impl<'a> Offer<'a> {
    fn of(choice: &'a Choice) -> Self {
        let model = &choice.model;
        Self {
            provider: choice.provider.as_str(),
            id: model.id.as_str(),
            title: &model.title,
            aliases: &model.aliases,
            description: &model.description,
            score: model.score,
            context_window: model.context_window.0,
            max_output: model.max_output.map(|tokens| tokens.0),
            efforts: efforts(model),
            images: model.images,
            thinking: model.thinking,
            prices: model.prices.as_ref().map(|prices| PriceList {
                rates: RateList::of(&prices.rates),
                long: prices.long.as_ref().map(|(over, rates)| LongList { over: over.0, rates: RateList::of(rates) }),
                page: &prices.source.page,
                date: &prices.source.date,
            }),
        }
    }
}

fn refresh(
    registry: &Registry,
    runtime: &Runtime,
    environment: &Environment,
    streams: &mut Streams,
) -> io::Result<Exit> {
    let Some(path) = Places::of(environment).models_cache() else {
        streams.complain("there is no place for what providers say: set HOME or XDG_CACHE_HOME");
        return Ok(Exit::NotFound);
    };
    let lists = runtime.block_on(registry.list(launch::now()));
    if lists.is_empty() {
        streams.complain("no provider is configured that could be asked for its models");
        return Ok(Exit::NotFound);
    }
    let mut entries = Vec::new();
    let former = fs::read_to_string(&path).unwrap_or_default();
    for Listed { provider, title, models } in &lists {
        match models {
            Ok(models) => {
                let (title, count) = (streams.shown(title).into_owned(), models.len());
                streams.line(format_args!("{title}: {count} models"))?;
                entries.extend(models.iter().cloned());
            }
            Err(why) => {
                let why = streams.shown(why).into_owned();
                streams.complain(format_args!("{title}: {why}; what it said before is kept"));
                entries.extend(said_before(&former, provider.as_str()));
            }
        }
    }
    let failed = lists.iter().filter(|list| list.models.is_err()).count();
    if failed == lists.len() {
        return Ok(Exit::Unreachable);
    }
    if let Err(error) = replace(&path, &written(entries)) {
        streams.complain(format_args!("{} cannot be written: {error}", path.display()));
        return Ok(Exit::Failed);
    }
    streams.line(path.display())?;
    Ok(if failed == 0 { Exit::Ok } else { Exit::Failed })
}

/// The entries of one provider in a file that may be broken or not there.
fn said_before(former: &str, provider: &str) -> Vec<Entry> {
    let mut former: Entry = toml::from_str(former).unwrap_or_default();
    let Some(toml::Value::Array(models)) = former.remove("model") else { return Vec::new() };
    let tables = models.into_iter().filter_map(|model| match model {
        toml::Value::Table(table) => Some(table),
        _ => None,
    });
    tables.filter(|table| table.get("provider").and_then(toml::Value::as_str) == Some(provider)).collect()
}

fn written(entries: Vec<Entry>) -> String {
    let models = entries.into_iter().map(toml::Value::Table).collect::<Vec<_>>();
    let whole = Entry::from_iter([("model".to_owned(), toml::Value::Array(models))]);
    format!("# What providers said of their models. `zen models refresh` writes this file anew.\n\n{whole}")
}

/// Puts a file that only its owner can read in the place of the former one, whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension(format!("toml.{}", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().inspect_err(|_| {
        // What is half written serves nobody, and the reason is told already.
        let _ = fs::remove_file(&beside);
    })
}
