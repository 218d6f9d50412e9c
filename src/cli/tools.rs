//! `zen tools`: the tools of running zen processes, and their switches.

use std::io;

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::processes::{self, Asked};
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::client::Client;
use crate::control::types::{Switch, ToolSwitch};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All tools, and whether each is offered
    List,
    /// Offer a tool to agents again
    Enable {
        /// Its name, as the list shows it
        name: String,
    },
    /// Offer a tool no more until zen ends; `tools.disabled` in the configuration is for good
    Disable {
        /// Its name, as the list shows it
        name: String,
    },
}

/// The tools of one process.
#[derive(Serialize)]
struct Of {
    process: String,
    tools: Vec<ToolSwitch>,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let switch = match &args.command {
        None | Some(Command::List) => None,
        Some(Command::Enable { name }) => Some(Switch { name: name.clone(), enabled: true }),
        Some(Command::Disable { name }) => Some(Switch { name: name.clone(), enabled: false }),
    };
    let answered = runtime.block_on(async {
        let processes = processes::find(args.asked.attach.as_deref(), dir.as_deref(), streams).await?;
        let ask = async |client: &Client| match &switch {
            Some(switch) => client.switch_tool(switch.clone()).await,
            None => client.toolbox().await,
        };
        processes::each(&processes, ask, streams).await
    });
    runtime.shutdown_background();
    let written = match answered {
        Ok(all) => {
            let all: Vec<_> = all.into_iter().map(|(process, tools)| Of { process, tools }).collect();
            if args.asked.json { streams.json(&all) } else { print(&all, streams) }
        }
        Err(exit) => return streams.settle(Ok(exit)),
    };
    streams.settle(written.map(|()| Exit::Ok))
}

fn print(all: &[Of], streams: &mut Streams) -> io::Result<()> {
    for Of { process, tools } in all {
        let process = streams.shown(process).into_owned();
        streams.line(process)?;
        let mut table = Table::new(["TOOL", "STATE", "TITLE"]);
        for tool in tools {
            let state = if tool.enabled { "on" } else { "off" };
            table.row([streams.shown(&tool.name).as_ref(), state, streams.shown(&tool.title).as_ref()]);
        }
        streams.table(&table)?;
    }
    Ok(())
}
