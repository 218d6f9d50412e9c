//! `zen ps`: the running zen processes of this user.

use std::path::PathBuf;

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::processes;
use crate::config::Environment;
use crate::control::types::Hello;
use crate::unit::span;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Process {
    #[serde(flatten)]
    hello: Hello,
    socket: PathBuf,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let found = runtime.block_on(processes::all(dir.as_deref(), streams));
    runtime.shutdown_background();
    let running: Vec<Process> =
        found.into_iter().map(|found| Process { socket: found.client.path().to_owned(), hello: found.hello }).collect();
    let written = if args.json { streams.json(&running) } else { print(&running, streams) };
    streams.settle(written.map(|()| Exit::Ok))
}

fn print(running: &[Process], streams: &mut Streams) -> std::io::Result<()> {
    if running.is_empty() {
        streams.complain("no zen process of yours is running");
        return Ok(());
    }
    let mut table = Table::new(["PID", "KIND", "UP", "CLIENTS", "FOLDER"]).right(0).right(2);
    for Process { hello, .. } in running {
        let clients: Vec<&str> = hello.clients.iter().map(|client| client.name.as_str()).collect();
        let kind = if hello.demo { "demo" } else { hello.face.as_str() };
        table.row([
            hello.pid.to_string(),
            kind.to_owned(),
            span(launch::now().since(hello.started)),
            streams.shown(&clients.join(", ")).into_owned(),
            streams.shown(&hello.working_directory).into_owned(),
        ]);
    }
    streams.table(&table)
}
