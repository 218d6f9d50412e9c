//! `zen providers`: which there are, which are configured, and whether those take their keys.

use std::io;

use serde::Serialize;
use tokio::runtime::Runtime;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::config::Environment;
use crate::provider::Registry;
use crate::provider::listing::Verdict;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Ask each configured provider whether its key works; no model is asked, so it costs nothing
    Check,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let prepared = launch::prepare(flags, environment, streams)
        .and_then(|(runtime, config)| Ok((runtime, launch::registry(config, environment, streams)?)));
    let ended = match prepared {
        Ok((runtime, registry)) => match args.command {
            None => list(&registry, args.json, streams),
            Some(Command::Check) => check(&registry, &runtime, args.json, streams),
        },
        Err(exit) => Ok(exit),
    };
    streams.settle(ended)
}

/// A provider in the JSON answer to what there is.
#[derive(Serialize)]
struct Known {
    provider: String,
    title: String,
    configured: bool,
    /// The variable that sets it up.
    variable: String,
    /// Models of it that are offered.
    models: usize,
}

/// All that are known, whether they are configured or not. Nobody is asked.
fn list(registry: &Registry, json: bool, streams: &mut Streams) -> io::Result<Exit> {
    let known = registry.providers().into_iter().map(|status| Known {
        provider: status.provider.to_string(),
        title: status.title,
        configured: status.configured,
        variable: status.variable,
        models: status.models,
    });
    if json {
        streams.json(&known.collect::<Vec<_>>())?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["PROVIDER", "CONFIGURED", "MODELS", "SET UP BY", "TITLE"]).right(2);
    for Known { provider, title, configured, variable, models } in known {
        let configured = if configured { "yes" } else { "no" };
        let (provider, title) = (streams.shown(&provider).into_owned(), streams.shown(&title).into_owned());
        table.row([provider, configured.to_owned(), models.to_string(), variable, title]);
    }
    streams.table(&table)?;
    Ok(Exit::Ok)
}

/// A provider in the JSON answer to a check.
#[derive(Serialize)]
struct Row {
    provider: String,
    result: Verdict,
    /// The variable or the file that its key was found in.
    key_from: Option<String>,
    message: String,
}

fn check(registry: &Registry, runtime: &Runtime, json: bool, streams: &mut Streams) -> io::Result<Exit> {
    let checked = runtime.block_on(registry.check());
    let well = checked.iter().all(|checked| checked.verdict == Verdict::Ok);
    if json {
        let rows = checked.into_iter().map(|checked| Row {
            provider: checked.provider.to_string(),
            result: checked.verdict,
            key_from: checked.key_from.map(|from| from.to_string()),
            message: checked.message,
        });
        streams.json(&rows.collect::<Vec<_>>())?;
    } else if checked.is_empty() {
        let variables: Vec<String> = registry.providers().into_iter().map(|provider| provider.variable).collect();
        streams.complain(format_args!("no provider is configured: set one of {}", variables.join(", ")));
    } else {
        let mut table = Table::new(["PROVIDER", "RESULT", "KEY FROM", "WHY"]);
        for checked in checked {
            let why = streams.shown(&checked.message.replace(['\n', '\r', '\t'], " ")).into_owned();
            let from = checked.key_from.map_or_else(|| "-".to_owned(), |from| from.to_string());
            let from = streams.shown(&from).into_owned();
            table.row([checked.provider.to_string(), checked.verdict.as_str().to_owned(), from, why]);
        }
        streams.table(&table)?;
    }
    Ok(if well { Exit::Ok } else { Exit::Failed })
}
