//! `zen rules`: the interceptors of running zen processes in their order, how the file of rules was read, and their
//! switches.

use std::io;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::switching::Switching;
use crate::clock::Clock;
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::client::Client;
use crate::control::types::Interceptors;
use crate::unit::span;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    switching: Switching,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let ask = async |client: &Client, switch| match switch {
        Some(switch) => client.switch(switch).await,
        None => client.interceptors().await,
    };
    args.switching.run(flags, environment, streams, ask, print)
}

fn print(interceptors: &Interceptors, streams: &mut Streams) -> io::Result<()> {
    let now = Clock::system().wall();
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
    streams.table(&table)
}
