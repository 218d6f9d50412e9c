//! `zen tui`: the face, with a full engine inside and a watch on every other zen process of the user.

pub mod demo;
mod replay;
mod settings;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use self::settings::Settings;
use crate::cli::flags::ConfigFlags;
use crate::cli::launch::{self, Launched};
use crate::cli::listen::listen;
use crate::cli::output::{Exit, Streams, Table};
use crate::clock::Clock;
use crate::config::paths::Places;
use crate::config::{Config, Environment};
use crate::control::discovery::{self, Change, Found};
use crate::control::types::{Face, Hello};
use crate::tui::keymap::Keymap;
use crate::tui::keymap::action::ACTIONS;
use crate::tui::recording::MAX_BYTES;
use crate::tui::recording::write::{self, Recorded, Recorder, Recording};
use crate::tui::{self, Options, Source, SourceChange, SourceId, TuiError};

/// Processes that may appear before the face takes note of them.
const SOURCE_QUEUE: usize = 16;
/// How long what is being answered may take to be written out once a person has quit.
const QUIT_GRACE: Duration = Duration::from_millis(200);
/// The engine inside; the others are numbered from here on.
const OWN: SourceId = SourceId(0);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Let a scripted provider answer instead of real ones: no key, no network
    #[arg(long)]
    demo: bool,
    /// Watch only: nothing can be expired or cancelled
    #[arg(long)]
    read_only: bool,
    /// Serve agents over HTTP at this address too
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// One line for each thing that happens, without a screen: for screen readers and pipes
    #[arg(long)]
    plain: bool,
    /// Colours: auto, ansi, dark, light, clear or mono
    #[arg(long, value_name = "NAME", value_parser = settings::theme)]
    theme: Option<settings::Chosen>,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
    /// Write the session to a new file: what is shown, threads that are opened, and what you type
    #[arg(long, value_name = "FILE", conflicts_with = "plain")]
    record: Option<PathBuf>,
    /// Show a recorded session again; nothing in it is carried out
    #[arg(long, value_name = "FILE", conflicts_with_all = ["demo", "read_only", "listen", "record"])]
    replay: Option<PathBuf>,
    /// Name every action with its keys, as tui.toml in the configuration folder can set them
    #[arg(long)]
    list_actions: bool,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let mut settings = match settings::read_from(Places::of(environment).config.as_deref()) {
        Ok(settings) => settings,
        Err(error) => {
            streams.complain(error);
            return Exit::Config;
        }
    };
    settings.theme = args.theme.map_or(settings.theme, |settings::Chosen(theme)| theme);
    settings.mouse &= !args.no_mouse;
    if args.list_actions {
        return list_actions(&settings.keymap, streams);
    }
    if let Some(path) = &args.replay {
        // What the session looked like is in its file; only a flag says otherwise.
        let preset = args.theme.and_then(|settings::Chosen(theme)| theme);
        return replay::run(path, args.plain, preset, settings::look(&settings, environment), streams);
    }
    if !streams.out_is_terminal && !args.plain {
        streams.complain(
            "tui needs a terminal, and standard output is none; `zen tui --plain` and `zen threads list` answer a pipe",
        );
        return Exit::Usage;
    }
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let exit = runtime.block_on(show(args, settings, config, environment, streams)).unwrap_or_else(|exit| exit);
    runtime.shutdown_background();
    exit
}

/// Names the actions, with the keys that they have now.
fn list_actions(keymap: &Keymap, streams: &mut Streams) -> Exit {
    let mut table = Table::new(["ACTION", "KEYS", "WHAT IT DOES"]);
    for row in ACTIONS {
        table.row([row.name.to_owned(), keymap.shown(row.action), row.says.to_owned()]);
    }
    let written = streams.table(&table).map(|()| Exit::Ok);
    streams.settle(written)
}

async fn show(
    args: &Args,
    settings: Settings,
    config: Config,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Exit, Exit> {
    let (recorder, recording) = record(args, streams)?.unzip();
    let left = live(args, settings, recorder, config, environment, streams).await;
    if let Some(recording) = recording {
        tell(&recording.finish().await, streams);
    }
    left
}

async fn live(
    args: &Args,
    settings: Settings,
    recorder: Option<Recorder>,
    config: Config,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Exit, Exit> {
    let dir = launch::socket_dir(&config, environment);
    let (config, stage) = if args.demo {
        let (config, stage) = demo::stage(config).map_err(|error| {
            streams.complain(format_args!("the scripted providers cannot listen: {error}"));
            Exit::Failed
        })?;
        (config, Some(stage))
    } else {
        (config, None)
    };
    let launched = launch::launch(Face::Tui, args.demo, config, environment, streams)?;
    let Launched { server, service, redactor, principal, control, log: _log } = launched;
    let shutdown = server.engine.shutdown.clone();
    if let Some(address) = args.listen {
        listen(&server, address, true, &redactor, environment).await.map_err(|error| {
            streams.complain(&error);
            error.exit()
        })?;
    }
    if let Some(stage) = stage {
        tokio::spawn(demo::run(stage, server.clone(), principal));
    }

    let (changes, sources) = mpsc::channel(SOURCE_QUEUE);
    if let Some(dir) = dir {
        tokio::spawn(find_others(dir, control.as_ref().map(|control| control.socket.path.clone()), changes));
    }
    let own = Source { id: OWN, name: "this process".to_owned(), control: Arc::new(service), own: true };
    let options = Options {
        own: Some(own),
        sources,
        clock: server.engine.clock,
        read_only: args.read_only,
        look: settings::look(&settings, environment),
        editor: settings::editor(environment),
        keymap: settings.keymap,
        recorder,
        shutdown: shutdown.clone(),
    };
    let left = face(args.plain, options, streams).await;
    shutdown.begin();
    shutdown.drained(QUIT_GRACE).await;
    server.engine.children.end().await;
    if let Some(control) = control {
        control.close().await;
    }
    left.map(|_| Exit::Ok).map_err(|error| {
        streams.complain(error);
        Exit::Failed
    })
}

/// The recording that was asked for. What is in its way is said before the screen is taken.
fn record(args: &Args, streams: &mut Streams) -> Result<Option<(Recorder, Recording)>, Exit> {
    let Some(path) = &args.record else { return Ok(None) };
    write::create(path, Clock::system()).map(Some).map_err(|error| {
        streams.complain(error);
        Exit::Failed
    })
}

/// What is missing in a recording, once the terminal is free for it.
fn tell(recorded: &Recorded, streams: &mut Streams) {
    let Recorded { lost, full, failed, unfinished } = recorded;
    if let Some(error) = failed {
        streams.complain(format_args!("the recording ended before the session: {error}"));
    }
    if *full {
        let most = MAX_BYTES >> 20;
        streams.complain(format_args!("the recording ended before the session: it was full ({most} MiB)"));
    }
    if *lost > 0 {
        streams.complain(format_args!("the recording misses {lost} events: its disk did not keep up"));
    }
    if *unfinished {
        streams.complain("the recording may miss its end: its disk did not keep up");
    }
}

/// The face with or without a screen, until it is left.
async fn face(plain: bool, options: Options, streams: &mut Streams) -> Result<tui::Exit, TuiError> {
    if plain {
        tui::plain::run(options, &mut streams.out).await.map_err(TuiError::Draw)
    } else {
        tui::run(options).await
    }
}

/// Hands other processes to the face as they come and go.
async fn find_others(dir: PathBuf, own: Option<PathBuf>, sources: mpsc::Sender<SourceChange>) {
    let (sender, mut changes) = mpsc::channel(SOURCE_QUEUE);
    tokio::spawn(discovery::follow(dir, own, sender));
    let mut known: HashMap<PathBuf, SourceId> = HashMap::new();
    let mut last = OWN;
    while let Some(change) = changes.recv().await {
        let change = match change {
            Change::Appeared(found) => {
                last = SourceId(last.0 + 1);
                known.insert(found.client.path().to_owned(), last);
                SourceChange::Appeared(source(last, *found))
            }
            Change::Gone(path) => match known.remove(&path) {
                Some(id) => SourceChange::Gone(id),
                None => continue,
            },
        };
        if sources.send(change).await.is_err() {
            return;
        }
    }
}

fn source(id: SourceId, Found { client, hello }: Found) -> Source {
    Source { id, name: name_of(&hello), control: Arc::new(client), own: false }
}

/// `stdio 4242 myproject`.
fn name_of(hello: &Hello) -> String {
    let folder = Path::new(&hello.working_directory).file_name().unwrap_or_default();
    format!("{} {} {}", hello.face.as_str(), hello.pid, folder.to_string_lossy())
}
