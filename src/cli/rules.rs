//! `zen rules`: the interceptors of running zen processes in their order, how the file of rules was read, and their
//! switches.

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::processes::{self, Asked};
use crate::clock::Clock;
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::client::Client;
use crate::control::types::{Interceptors, Switch};
use crate::unit::span;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All interceptors in their order, and what is wrong with the file of rules
    List,
    /// Turn a rule or another interceptor on
    Enable {
        /// Its name, as the list shows it
        name: String,
    },
    /// Turn a rule or another interceptor off until zen ends
    Disable {
        /// Its name, as the list shows it
        name: String,
    },
}

/// The interceptors of one process.
#[derive(Serialize)]
struct Of {
    process: String,
    #[serde(flatten)]
    interceptors: Interceptors,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let answered = runtime.block_on(async {
        let processes = processes::find(args.asked.attach.as_deref(), dir.as_deref(), streams).await?;
        let switch = |name: &String, enabled| Some(Switch { name: name.clone(), enabled });
        let switch = match &args.command {
            None | Some(Command::List) => None,
            Some(Command::Enable { name }) => switch(name, true),
            Some(Command::Disable { name }) => switch(name, false),
        };
        let ask = async |client: &Client| match &switch {
            Some(switch) => client.switch(switch.clone()).await,
            None => client.interceptors().await,
        };
        let answered = processes::each(&processes, ask, streams).await?;
        Ok(answered.into_iter().map(|(process, interceptors)| Of { process, interceptors }).collect::<Vec<_>>())
    });
    runtime.shutdown_background();
    let written = match &answered {
        Ok(all) if args.asked.json => streams.json(all),
        Ok(all) => print(all, streams),
        Err(_) => Ok(()),
    };
    streams.settle(written.map(|()| answered.err().unwrap_or(Exit::Ok)))
}

fn print(all: &[Of], streams: &mut Streams) -> std::io::Result<()> {
    let now = Clock::system().wall();
    for Of { process, interceptors } in all {
        let process = streams.shown(process).into_owned();
        streams.line(process)?;
        match &interceptors.rules {
            None => streams.line("  no file of rules (interceptors.rules)")?,
            Some(rules) => {
                let path = streams.shown(&rules.path).into_owned();
                streams.line(format_args!("  rules of {path}, read {} ago", span(now.since(rules.loaded))))?;
                for error in &rules.errors {
                    let error = streams.shown(error).into_owned();
                    streams.line(format_args!("  not in force as it is now: {error}"))?;
                }
            }
        }
        let mut table = (2..=3).fold(Table::new(["INTERCEPTOR", "STATE", "HITS", "FAILURES"]), Table::right);
        for one in &interceptors.deciders {
            let state = if one.enabled { "on" } else { "off" };
            let name = streams.shown(&one.name).into_owned();
            table.row([name, state.to_owned(), one.hits.to_string(), one.failures.to_string()]);
        }
        streams.table(&table)?;
    }
    Ok(())
}
