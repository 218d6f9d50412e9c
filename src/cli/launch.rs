//! How a process with an engine inside comes up and goes down, whatever face it has.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams};
use crate::clock::Clock;
use crate::config::{Config, Environment};
use crate::control::endpoint::Endpoint;
use crate::control::service::{Identity, Service};
use crate::control::socket::{self, Bound, NoSocket};
use crate::control::types::Face;
use crate::engine::{Engine, Setup};
use crate::event::Bus;
use crate::process::lent;
use crate::provider::Registry;
use crate::secret::Redactor;
use crate::server::Server;
use crate::shutdown::Shutdown;
use crate::telemetry::log::{self, Log};
use crate::thread::Principal;
use crate::unit::UnixMillis;

/// More would cost memory and bring nothing: what takes time is the providers.
const WORKER_THREADS: usize = 2;
/// Blocking work is the reading of files.
const BLOCKING_THREADS: usize = 16;
/// How long answers at the control socket may take to be written once the calls have ended.
const CLOSE_GRACE: Duration = Duration::from_millis(500);

/// A running engine with its control socket and its log.
pub struct Launched {
    pub server: Server,
    pub service: Service,
    pub redactor: Redactor,
    pub principal: Principal,
    /// None where this process cannot be seen from outside.
    pub control: Option<OpenControl>,
    /// Written out when dropped.
    pub log: Log,
}

/// The control socket and what answers at it.
pub struct OpenControl {
    pub socket: Bound,
    answering: JoinHandle<()>,
}

impl OpenControl {
    /// Lets what is being answered out, within a grace; nobody new is heard. Call once shutdown has begun.
    pub async fn close(self) {
        drop(self.socket);
        let _ = tokio::time::timeout(CLOSE_GRACE, self.answering).await;
    }
}

/// The configuration and the runtime of a command that needs both; what is wrong is on standard error.
pub fn prepare(
    flags: &ConfigFlags,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<(Runtime, Config), Exit> {
    let loaded = flags.load_or_exit(environment, streams)?;
    Ok((runtime(streams)?, loaded.config))
}

/// The runtime of a process with an engine. It is not dropped but left: a blocked thread must not hold up the end.
fn runtime(streams: &mut Streams) -> Result<Runtime, Exit> {
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
    without_keys_in_panics(&setup.redactor);
    if let Some(unopened) = unopened {
        streams.complain(unopened);
    }
    let redactor = setup.redactor.clone();
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
    engine.models.warnings().iter().for_each(|warning| streams.complain(warning));
    if let Some(losses) = log.losses() {
        engine.metrics.tell_losses_of(losses);
    }
    tracing::info!(version = env!("CARGO_PKG_VERSION"), face = face.as_str(), "zen starts");

    on_signals(&engine, face).map_err(|error| {
        streams.complain(format_args!("signals cannot be heard: {error}"));
        Exit::Failed
    })?;
    tokio::spawn(Arc::clone(&engine).housekeeping());
    let server = Server::new(engine);
    let principal = Principal::user(socket::own_uid());
    let service = Service::new(server.clone(), principal.clone(), identity);
    let control = open_control(&service, environment).unwrap_or_else(|error| {
        streams.complain(format_args!("this process cannot be watched or steered from outside: {error}"));
        None
    });
    Ok(Launched { server, service, redactor, principal, control, log })
}

/// The providers as they are configured, for a command that needs no engine. What should be known of them is on stderr.
pub fn registry(config: Config, environment: &Environment, streams: &mut Streams) -> Result<Registry, Exit> {
    let setup = setup(config, environment);
    let Config { providers, models, .. } = &setup.config;
    match Registry::new(providers, models, setup.clock, setup.redactor, Bus::new()) {
        Ok(registry) => {
            registry.warnings().iter().for_each(|warning| streams.complain(warning));
            Ok(registry)
        }
        Err(error) => {
            streams.complain(error);
            Err(Exit::Config)
        }
    }
}

/// The wall clock, as data.
pub fn now() -> UnixMillis {
    Clock::system().wall()
}

/// A crash must not write the keys to the disk. Where the system refuses, nothing else is worse for it.
fn without_core_dumps() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = rustix::process::setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash may leave a core file");
    }
}

/// A panic is reported as ever, and without any key.
fn without_keys_in_panics(redactor: &Redactor) {
    let redactor = redactor.clone();
    panic::set_hook(Box::new(move |info| {
        let report = panic_report(&redactor, &info.to_string(), &Backtrace::capture());
        // Nobody is left to be told where standard error is gone.
        let _ = io::stderr().write_all(report.as_bytes());
    }));
}

fn panic_report(redactor: &Redactor, panic: &str, backtrace: &Backtrace) -> String {
    let trace = match backtrace.status() {
        BacktraceStatus::Captured => format!("{backtrace}\n"),
        _ => String::new(),
    };
    redactor.redact(&format!("zen: {panic}\n{trace}")).into_owned()
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

fn open_control(service: &Service, environment: &Environment) -> Result<Option<OpenControl>, NoSocket> {
    let config = &service.engine().config;
    if !config.control.enabled {
        return Ok(None);
    }
    let dir = socket_dir(config, environment).ok_or(NoSocket::NoFolder)?;
    let (socket, listener) = socket::bind(&dir)?;
    let answering = tokio::spawn(Endpoint::new(service.clone()).run(listener));
    Ok(Some(OpenControl { socket, answering }))
}

/// The first signal begins shutdown; a second one ends the process at once, unless a terminal has to be restored first.
fn on_signals(engine: &Engine, face: Face) -> io::Result<()> {
    let mut signals = heard()?;
    let (shutdown, children) = (engine.shutdown.clone(), engine.children.clone());
    tokio::spawn(async move {
        any(&mut signals).await;
        shutdown.begin();
        any(&mut signals).await;
        match face {
            Face::Stdio | Face::Serve | Face::Call => {
                children.end().await;
                std::process::exit(i32::from(Exit::Failed.code()))
            }
            Face::Tui => {}
        }
    });
    Ok(())
}

/// The first signal begins shutdown, where there is no engine. Needs a runtime.
pub fn until_signal(shutdown: &Shutdown) -> io::Result<()> {
    let (mut signals, shutdown) = (heard()?, shutdown.clone());
    tokio::spawn(async move {
        any(&mut signals).await;
        shutdown.begin();
    });
    Ok(())
}

fn heard() -> io::Result<[Signal; 3]> {
    Ok([signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?])
}

async fn any([terminate, interrupt, hangup]: &mut [Signal; 3]) {
    tokio::select! {
        _ = terminate.recv() => {}
        () = interrupted(interrupt) => {}
        _ = hangup.recv() => {}
    }
}

/// While another program has the terminal, ctrl-c is for that one alone.
async fn interrupted(interrupt: &mut Signal) {
    while interrupt.recv().await.is_some() && lent::is_lent() {}
}

/// Where the log says that it loses lines: standard error, unless a face has the terminal.
fn complaints(face: Face) -> Box<dyn Write + Send> {
    match face {
        Face::Stdio | Face::Serve | Face::Call => Box::new(io::stderr()),
        Face::Tui => Box::new(io::sink()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_panic_is_reported_without_a_key() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("sk-canary-0123456789"));
        let report = panic_report(&redactor, "panicked at a.rs:1:1:\nbad sk-canary-0123456789", &Backtrace::disabled());
        assert_eq!(report, "zen: panicked at a.rs:1:1:\nbad [redacted]\n");
    }

    #[test]
    fn a_crash_leaves_no_core_file() {
        without_core_dumps();
        let limit = rustix::process::getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }
}
