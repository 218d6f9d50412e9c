//! `zen stdio`: serves one agent over standard input and output until it goes away.

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch::{self, Launched};
use crate::cli::listen::{announce_metrics, measure};
use crate::cli::output::{Exit, Streams};
use crate::config::{Config, Environment};
use crate::control::types::Face;
use crate::server::stdio::Stdio;
use crate::shutdown::Drained;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Show the counters for Prometheus at this loopback address, /metrics
    #[arg(long, value_name = "ADDRESS")]
    metrics_addr: Option<SocketAddr>,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let exit = runtime.block_on(serve(args, config, environment, streams)).unwrap_or_else(|exit| exit);
    // The thread that reads standard input may be blocked in it for good.
    runtime.shutdown_background();
    exit
}

async fn serve(args: &Args, config: Config, environment: &Environment, streams: &mut Streams) -> Result<Exit, Exit> {
    let broken = |streams: &mut Streams, error: &std::io::Error| {
        streams.complain(format_args!("standard input and output cannot be used: {error}"));
        Exit::Failed
    };
    if std::io::stdin().is_terminal() {
        streams.complain("waiting for MCP messages, one a line; this is what an agent starts. To look around: zen tui");
    }
    let stdio = Stdio::take().map_err(|error| broken(streams, &error))?;
    let Launched { server, principal, control, redactor, log: _log, .. } =
        launch::launch(Face::Stdio, false, config, environment, streams)?;
    if let Some(address) = args.metrics_addr {
        let address = measure(&server, address, true, &redactor, environment).await.map_err(|error| {
            streams.complain(&error);
            error.exit()
        })?;
        announce_metrics(Some(address), streams);
    }
    let drained = stdio.serve(&server, principal).await.map_err(|error| broken(streams, &error))?;
    server.engine.children.end().await;
    if let Some(control) = control {
        control.close().await;
    }
    if let Drained::Abandoned(calls) = drained {
        tracing::warn!(calls, "zen ends with calls in flight");
    }
    Ok(Exit::Ok)
}
