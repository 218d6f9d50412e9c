//! `zen tools`: the tools of running zen processes, and their switches.

use std::io;

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::switching::Switching;
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::client::Client;
use crate::control::types::ToolSwitch;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "A tool stays off until zen ends or the config file says something else of it; `tools.disabled` there is for good."
)]
pub struct Args {
    #[command(flatten)]
    switching: Switching,
}

/// The tools of one process.
#[derive(Serialize)]
struct Toolbox {
    tools: Vec<ToolSwitch>,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let ask = async |client: &Client, switch| {
        let tools = match switch {
            Some(switch) => client.switch_tool(switch).await?,
            None => client.toolbox().await?,
        };
        Ok(Toolbox { tools })
    };
    args.switching.run(flags, environment, streams, ask, print)
}

fn print(toolbox: &Toolbox, streams: &mut Streams) -> io::Result<()> {
    let mut table = Table::new(["TOOL", "STATE", "TITLE"]);
    for tool in &toolbox.tools {
        let state = if tool.enabled { "on" } else { "off" };
        table.row([streams.shown(&tool.name).as_ref(), state, streams.shown(&tool.title).as_ref()]);
    }
    streams.table(&table)
}
