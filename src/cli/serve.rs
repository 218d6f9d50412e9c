//! `zen serve`: serves agents over HTTP until it is told to end.

use std::net::SocketAddr;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch::{self, Launched};
use crate::cli::listen::{NotListening, announce, announce_metrics, listen, measure};
use crate::cli::output::{Exit, Streams};
use crate::config::{Config, Environment};
use crate::control::types::Face;
use crate::shutdown::Drained;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The port on this machine; 0 takes a free one
    #[arg(long, value_name = "N", conflicts_with = "addr")]
    port: Option<u16>,
    /// The address with its port, instead of serve.address
    #[arg(long, value_name = "ADDRESS")]
    addr: Option<SocketAddr>,
    /// Ask for no token: on a loopback address only
    #[arg(long)]
    no_auth: bool,
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
    runtime.shutdown_background();
    exit
}

async fn serve(args: &Args, config: Config, environment: &Environment, streams: &mut Streams) -> Result<Exit, Exit> {
    let address = args.address(&config);
    let Launched { server, redactor, control, log: _log, .. } =
        launch::launch(Face::Serve, false, config, environment, streams)?;
    let auth = !args.no_auth;
    let refused = |error: NotListening, streams: &mut Streams| {
        streams.complain(&error);
        error.exit()
    };
    let metrics = match args.metrics_addr {
        Some(address) => Some(measure(&server, address, auth, &redactor, environment).await),
        None => None,
    };
    let metrics = metrics.transpose().map_err(|error| refused(error, streams))?;
    let listening =
        listen(&server, address, auth, &redactor, environment).await.map_err(|error| refused(error, streams))?;
    announce(&listening, auth, streams);
    announce_metrics(metrics, streams);
    let drained = listening.served.await.unwrap_or(Drained::Abandoned(0));
    server.engine.children.end().await;
    if let Some(control) = control {
        control.close().await;
    }
    if let Drained::Abandoned(calls) = drained {
        tracing::warn!(calls, "zen ends with calls in flight");
    }
    Ok(Exit::Ok)
}

impl Args {
    fn address(&self, config: &Config) -> SocketAddr {
        let mut address = self.addr.unwrap_or(config.serve.address);
        if let Some(port) = self.port {
            address.set_port(port);
        }
        address
    }
}
