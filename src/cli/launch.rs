//! How a process with an engine inside comes up and goes down, whatever face it has.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::output::{Exit, Streams};
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::control::endpoint::Endpoint;
use crate::control::service::{Identity, Service};
use crate::control::socket::{self, Bound, NoSocket};
use crate::control::types::Face;
use crate::engine::{Engine, Setup};
use crate::secret::Redactor;
use crate::server::Server;
use crate::shutdown::Shutdown;
use crate::telemetry::log::{self, Log};
use crate::thread::Principal;

/// More would cost memory and bring nothing: what takes time is the providers.
const WORKER_THREADS: usize = 2;
/// Blocking work is the reading of files.
const BLOCKING_THREADS: usize = 16;

/// A running engine with its control socket and its log.
pub struct Launched {
    pub server: Server,
    pub service: Service,
    pub principal: Principal,
    /// None where this process cannot be seen from outside.
    pub socket: Option<Bound>,
    /// Written out when dropped.
    pub log: Log,
}

/// The runtime of a process with an engine. It is not dropped but left: a blocked thread must not hold up the end.
pub fn runtime(streams: &mut Streams) -> Result<Runtime, Exit> {
    Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .map_err(|error| {
            streams.complain(format_args!("the runtime cannot start: {error}"));
            Exit::Failed
        })
}

/// Starts an engine and all that runs beside it. What cannot be had but is not needed is said on stderr.
pub fn launch(
    face: Face,
    demo: bool,
    config: Config,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Launched, Exit> {
    let setup = setup(config, environment);
    let (log, unopened) = log::open(&setup.config.log, setup.redactor.clone(), setup.clock, complaints(face));
    log.install();
    without_core_dumps();
    if let Some(unopened) = unopened {
        streams.complain(unopened);
    }
    let identity = Identity {
        face,
        started: setup.clock.wall(),
        working_directory: setup.working_directory.to_string_lossy().into_owned(),
        demo,
    };
    let engine = Engine::new(setup).map_err(|error| {
        streams.complain(error);
        Exit::Config
    })?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), face = face.as_str(), "zen starts");

    on_signals(&engine.shutdown, face).map_err(|error| {
        streams.complain(format_args!("signals cannot be heard: {error}"));
        Exit::Failed
    })?;
    tokio::spawn(Arc::clone(&engine).housekeeping());
    let server = Server::new(engine);
    let principal = Principal::user(socket::own_uid());
    let service = Service::new(server.clone(), principal.clone(), identity);
    let socket = open_socket(&service, environment).unwrap_or_else(|error| {
        streams.complain(format_args!("this process cannot be watched or steered from outside: {error}"));
        None
    });
    Ok(Launched { server, service, principal, socket, log })
}

/// A crash must not write the keys to the disk. Where the system refuses, nothing else is worse for it.
fn without_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash may leave a core file");
    }
}

/// What an engine of this process is started with. The redactor knows every key from here on.
pub fn setup(config: Config, environment: &Environment) -> Setup {
    let redactor = Redactor::default();
    for key in config.providers.endpoints.iter().filter_map(|endpoint| endpoint.key.as_ref()) {
        redactor.learn(key);
    }
    Setup {
        config,
        clock: Clock::system(),
        redactor,
        working_directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        home: environment.absolute_path("HOME").map(ToOwned::to_owned),
    }
}

/// The folder of the control sockets.
pub fn socket_dir(config: &Config, environment: &Environment) -> Option<PathBuf> {
    let variable = |name: &str| environment.text(name).ok().flatten().map(str::to_owned);
    config.control.dir.clone().or_else(|| socket::default_dir(variable))
}

fn open_socket(service: &Service, environment: &Environment) -> Result<Option<Bound>, NoSocket> {
    let config = &service.engine().config;
    if !config.control.enabled {
        return Ok(None);
    }
    let dir = socket_dir(config, environment).ok_or(NoSocket::NoFolder)?;
    let (bound, listener) = socket::bind(&dir)?;
    tokio::spawn(Endpoint::new(service.clone()).run(listener));
    Ok(Some(bound))
}

/// The first signal begins shutdown; a second one ends the process at once, unless a terminal has to be restored first.
fn on_signals(shutdown: &Shutdown, face: Face) -> io::Result<()> {
    let mut signals =
        [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?];
    let shutdown = shutdown.clone();
    tokio::spawn(async move {
        any(&mut signals).await;
        shutdown.begin();
        any(&mut signals).await;
        match face {
            Face::Stdio => std::process::exit(i32::from(Exit::Failed.code())),
            Face::Tui => {}
        }
    });
    Ok(())
}

async fn any([terminate, interrupt, hangup]: &mut [Signal; 3]) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
}

/// Where the log says that it loses lines: standard error, unless a face has the terminal.
fn complaints(face: Face) -> Box<dyn Write + Send> {
    match face {
        Face::Stdio => Box::new(io::stderr()),
        Face::Tui => Box::new(io::sink()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_leaves_no_core_file() {
        without_core_dumps();
        let limit = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }
}
