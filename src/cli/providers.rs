//! `zen providers`: whether the configured providers take their keys.

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
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Ask each configured provider whether its key works; no model is asked, so it costs nothing
    Check {
        /// Answer in JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let Command::Check { json } = args.command;
    let prepared = launch::prepare(flags, environment, streams)
        .and_then(|(runtime, config)| Ok((runtime, launch::registry(config, environment, streams)?)));
    let ended = match prepared {
        Ok((runtime, registry)) => check(&registry, &runtime, json, streams),
        Err(exit) => Ok(exit),
    };
    streams.settle(ended)
}

/// A provider in the JSON answer.
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
