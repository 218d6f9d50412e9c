//! The checks, in the order in which a start would come upon them.

use std::fs::OpenOptions;
use std::path::Path;

use crossterm::terminal;

use super::{Report, Sourced};
use crate::cli::clients::{Client, State};
use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::Streams;
use crate::config::{Config, Environment, Loaded, Origin};
use crate::control::{discovery, socket};
use crate::engine::Engine;
use crate::provider::Registry;
use crate::provider::listing::{Checked, Verdict};

/// The least that the screens of `zen tui` are made for.
const LEAST_SIZE: (u16, u16) = (60, 15);

pub fn all(report: &mut Report, offline: bool, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) {
    let program = std::env::current_exe().map_or_else(|_| "?".to_owned(), |path| path.display().to_string());
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    report.ok("version", format!("zen {} for {os} on {arch}, {program}", env!("CARGO_PKG_VERSION")));
    let loaded = match flags.load(environment) {
        Ok(loaded) => loaded,
        Err(errors) => {
            for error in errors.0 {
                report.failed(
                    "config",
                    error.to_string(),
                    "correct it there; `zen config explain KEY` says what it takes",
                );
            }
            clients(report, environment);
            terminal(report, environment, streams);
            return;
        }
    };
    configuration(report, &loaded);
    with_engine(report, offline, &loaded.config, environment);
    log_file(report, &loaded.config);
    clients(report, environment);
    terminal(report, environment, streams);
}

fn configuration(report: &mut Report, loaded: &Loaded) {
    match &loaded.file {
        Some(file) if file.exists => report.ok("config", file.path.display().to_string()),
        Some(file) => report.ok("config", format!("{} is not there, so nothing is read from it", file.path.display())),
        None => report.note("config", "there is no place for a config file", "set HOME, or name one with --config"),
    }
    for setting in &loaded.settings {
        let (value, source) = (setting.value.clone(), setting.origin.to_string());
        if setting.origin != Origin::Default {
            report.ok("config", format!("{} = {value}    ({source})", setting.key.name));
        }
        report.configuration.push(Sourced { key: setting.key.name, value, source });
    }
    for warning in &loaded.warnings {
        report.failed("config", warning.clone(), "correct what it names, or take it away");
    }
}

/// What needs the rooms behind the configuration: their own checks, the roots, the providers, the control socket.
fn with_engine(report: &mut Report, offline: bool, config: &Config, environment: &Environment) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return report.failed(
                "system",
                format!("no runtime: {error}"),
                "free descriptors or memory, and try again",
            );
        }
    };
    runtime.block_on(async {
        match Engine::new(launch::setup(config.clone(), environment)) {
            Ok(engine) => {
                for warning in engine.models.warnings() {
                    report.note("models", warning.to_string(), "correct the name, or take it away");
                }
                match engine.roots().none_open_reason() {
                    Some(why) => {
                        report.note("roots", why, "start zen in a project, or name one with --root or files.roots")
                    }
                    None => {
                        let roots = engine.roots().list().map(|root| root.display().to_string()).collect::<Vec<_>>();
                        report.ok("roots", format!("files below {} can be shown to models", roots.join(", ")));
                    }
                }
                providers(report, offline, &engine.models).await;
            }
            Err(error) => report.failed("start", error.to_string(), "zen would not start with this: correct it"),
        }
        runtime_folder(report, config, environment).await;
    });
    runtime.shutdown_background();
}

async fn providers(report: &mut Report, offline: bool, registry: &Registry) {
    let statuses = registry.providers();
    let configured: Vec<_> = statuses.iter().filter(|status| status.configured).collect();
    if configured.is_empty() {
        let variables: Vec<&str> = statuses.iter().map(|status| status.variable.as_str()).collect();
        let todo = format!("run `zen setup`, or set one of {}", variables.join(", "));
        return report.failed("providers", "none is configured: no model can be asked", todo);
    }
    report.ok("models", format!("{} can be asked, as `zen models` lists them", registry.offered().len()));
    if offline {
        let names: Vec<&str> = configured.iter().map(|status| status.title.as_str()).collect();
        return report.note("providers", format!("{} not asked", names.join(", ")), "leave --offline out to ask them");
    }
    for Checked { title, verdict, key_from, message, .. } in registry.check().await {
        let is_keyless = key_from.is_none();
        let key = key_from.map_or_else(|| "no key".to_owned(), |from| format!("key from {from}"));
        match verdict {
            Verdict::Ok if is_keyless => report.ok("providers", format!("{title}: reached, and it asks for no key")),
            Verdict::Ok => report.ok("providers", format!("{title}: reached, {key} accepted")),
            Verdict::Refused => report.failed(
                "providers",
                format!("{title}: reached, {key} refused: {message}"),
                "put a key there that works; the provider's own pages list yours",
            ),
            Verdict::Unreachable => report.failed(
                "providers",
                format!("{title}: not reached: {message}"),
                "see whether this machine has network, whether the URL is right and whether the endpoint runs",
            ),
            Verdict::Unclear => report.failed(
                "providers",
                format!("{title}: reached, {key}, and the answer is unclear: {message}"),
                "try again later, and see whether the URL is right",
            ),
        }
    }
}

/// The folder is looked at by binding a socket in it, as a start would.
async fn runtime_folder(report: &mut Report, config: &Config, environment: &Environment) {
    if !config.control.enabled {
        return report.note("runtime", "the control socket is off", "set control.enabled to watch and steer");
    }
    let Some(dir) = launch::socket_dir(config, environment) else {
        return report.failed("runtime", socket::NoSocket::NoFolder.to_string(), "set XDG_RUNTIME_DIR or HOME");
    };
    let there = dir.exists();
    match socket::bind(&dir) {
        Ok((bound, _)) => drop(bound),
        Err(error) => {
            let todo = "correct that, or name another folder in control.dir; until then zen runs and cannot be watched";
            return report.failed("runtime", error.to_string(), todo);
        }
    }
    let running = discovery::survey(&dir).await;
    let count = running.found.len();
    report.ok("runtime", format!("{} is yours alone; {count} zen processes run", dir.display()));
    for silent in running.silent {
        let todo = "end that process, whose pid the name begins with";
        report.note("runtime", format!("nobody answers at {}", silent.display()), todo);
    }
    if !there {
        // What was not there before is not left behind; a process that started meanwhile keeps it.
        let _ = std::fs::remove_dir(&dir);
    }
}

fn log_file(report: &mut Report, config: &Config) {
    let Some(file) = &config.log.file else {
        return report.note("log", "there is no log file", "set log.file or HOME");
    };
    let shown = file.display();
    if !file.exists() {
        return report.ok("log", format!("{shown} will be made"));
    }
    match OpenOptions::new().append(true).open(file) {
        Ok(_) => report.ok("log", format!("{shown}")),
        Err(error) => report.failed("log", format!("{shown}: {error}"), "make it writable for you, or set log.file"),
    }
}

fn clients(report: &mut Report, environment: &Environment) {
    let found = Client::found(environment);
    let mut connected = false;
    for client in &found {
        let file = client.file.display();
        match client.read().and_then(|text| client.state(&text)) {
            Ok(State::Starts(command)) => {
                connected = true;
                let program = command.split(' ').next().unwrap_or_default();
                if program.starts_with('/') && !Path::new(program).exists() {
                    let todo = "run `zen setup`, which writes where zen is now";
                    report.failed(
                        "clients",
                        format!("{}: {file} starts {program}, which is not there", client.title),
                        todo,
                    );
                } else {
                    report.ok("clients", format!("{}: starts `{command}` ({file})", client.title));
                }
            }
            Ok(State::Asks(url)) => {
                connected = true;
                report.ok("clients", format!("{}: asks {url} ({file})", client.title));
            }
            Ok(State::Absent) => {
                report.note("clients", format!("{}: zen is not in {file}", client.title), "run `zen setup`")
            }
            Err(error) => report.failed(
                "clients",
                format!("{}: {file}: {error}", client.title),
                "correct it by hand: its client cannot read it either",
            ),
        }
    }
    if found.is_empty() {
        let known: Vec<_> = Client::all(environment).into_iter().map(|(client, _)| client.title).collect();
        report.note(
            "clients",
            format!("none found of {}", known.join(", ")),
            "run `zen setup --print` and add zen by hand",
        );
    } else if !connected {
        report.note("clients", "no client starts zen", "run `zen setup`");
    }
}

fn terminal(report: &mut Report, environment: &Environment, streams: &Streams) {
    let text = |name: &str| environment.text(name).ok().flatten().unwrap_or_default();
    let kind = text("TERM");
    if !streams.out_is_terminal {
        return report.ok("terminal", "standard output is none; `zen tui` needs one");
    }
    if kind.is_empty() || kind == "dumb" {
        report.note(
            "terminal",
            "TERM says that it can show text alone",
            "set TERM to its kind, such as xterm-256color",
        );
    }
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().map(text).find(|value| !value.is_empty()).unwrap_or_default();
    let unicode = locale.to_ascii_lowercase().replace('-', "").contains("utf8");
    if !unicode && !cfg!(target_os = "macos") {
        report.note("terminal", "the locale is not UTF-8", "set LANG, such as C.UTF-8, or lines are drawn wrong");
    }
    let colour = if text("NO_COLOR").is_empty() { "colours" } else { "no colours (NO_COLOR)" };
    match terminal::size() {
        Ok((width, height)) if width < LEAST_SIZE.0 || height < LEAST_SIZE.1 => {
            let (least_width, least_height) = LEAST_SIZE;
            let what = format!("{width}x{height} cells are few for `zen tui`");
            report.note("terminal", what, format!("make it {least_width}x{least_height} or larger"));
        }
        Ok((width, height)) => report.ok("terminal", format!("{kind}, {width}x{height} cells, {colour}")),
        Err(_) => report.note("terminal", "it does not tell its size", "start zen in a terminal of its own"),
    }
}
