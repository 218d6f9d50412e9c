//! `zen threads`: the threads of every running zen process of this user, from the shell.

use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::clock::Clock;
use crate::config::Environment;
use crate::control::client::Client;
use crate::control::discovery::{self, Found, Survey};
use crate::control::types::{
    ConsultationDetail, RefusalCode, Snapshot, TextSlice, ThreadDetail, ThreadSummary, TurnDetail, Update,
};
use crate::control::{Control as _, ControlError};
use crate::unit::UnixMillis;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask only the process with this control socket
    #[arg(long, global = true, value_name = "SOCKET")]
    attach: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All threads, the most recently used first
    List,
    /// One thread with its turns
    Show {
        /// The thread's id, or its beginning where that is unique
        id: String,
    },
    /// End a thread now: its id is unknown from then on
    Expire {
        /// The thread's id, or its beginning where that is unique
        id: String,
    },
}

/// A thread and the process that holds it.
#[derive(Debug, Serialize)]
struct Held {
    #[serde(flatten)]
    summary: ThreadSummary,
    process: String,
    #[serde(skip)]
    client: Client,
}

/// Why there is no answer.
enum Failed {
    Exit(Exit),
    Io(io::Error),
}

pub fn run(args: Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let ended = runtime.block_on(async {
        let held = gather(args.attach.as_deref(), dir.as_deref(), streams).await?;
        match &args.command {
            Command::List => list(&held, args.json, streams),
            Command::Show { id } => show(pick(&held, id, streams)?, args.json, streams).await,
            Command::Expire { id } => expire(pick(&held, id, streams)?, args.json, streams).await,
        }
    });
    runtime.shutdown_background();
    match ended {
        Ok(exit) | Err(Failed::Exit(exit)) => streams.settle(Ok(exit)),
        Err(Failed::Io(error)) => streams.settle(Err(error)),
    }
}

/// The threads of the named process, or of all that answer.
async fn gather(attach: Option<&Path>, dir: Option<&Path>, streams: &mut Streams) -> Result<Vec<Held>, Failed> {
    let processes = match (attach, dir) {
        (Some(path), _) => {
            let client = Client::new(path);
            let hello = client.hello().await.map_err(|error| refused(&error, streams))?;
            vec![Found { client, hello }]
        }
        (None, Some(dir)) => {
            let Survey { found, silent } = discovery::survey(dir).await;
            for path in silent {
                streams.complain(format_args!("left out: the process at {} does not answer", path.display()));
            }
            found
        }
        (None, None) => Vec::new(),
    };
    if processes.is_empty() {
        streams.complain("no zen process of yours is running that answers");
        return Err(Failed::Exit(Exit::Unreachable));
    }
    let mut held = Vec::new();
    for process in processes {
        let snapshot = match snapshot(&process.client).await {
            Ok(Some(snapshot)) => snapshot,
            // A process that ends while it is asked has no threads any more.
            Ok(None) | Err(ControlError::Unreachable(_)) => continue,
            // A list that lacks the threads of a process that lives would be taken for the whole.
            Err(error) => return Err(refused(&error, streams)),
        };
        let hello = &snapshot.hello;
        let name = format!("{} {} {}", hello.face.as_str(), hello.pid, hello.working_directory);
        held.extend(snapshot.threads.into_iter().map(|summary| Held {
            summary,
            process: name.clone(),
            client: process.client.clone(),
        }));
    }
    held.sort_by_key(|held| std::cmp::Reverse(held.summary.updated));
    Ok(held)
}

/// None where the process ends meanwhile.
async fn snapshot(client: &Client) -> Result<Option<Snapshot>, ControlError> {
    match client.watch().await?.recv().await {
        Some(Update::Snapshot(snapshot)) => Ok(Some(*snapshot)),
        Some(Update::Delta(_) | Update::Resync { .. }) | None => Ok(None),
    }
}

/// The one thread whose id begins with `wanted`.
fn pick<'a>(held: &'a [Held], wanted: &str, streams: &mut Streams) -> Result<&'a Held, Failed> {
    let wanted = wanted.trim().to_ascii_lowercase();
    let mut matching = held.iter().filter(|held| held.summary.id.to_string().starts_with(&wanted));
    match (matching.next(), matching.next()) {
        (Some(held), None) => Ok(held),
        (None, _) => {
            streams.complain(format_args!("no thread '{wanted}': it has expired, or was never here"));
            Err(Failed::Exit(Exit::NotFound))
        }
        (Some(_), Some(_)) => {
            streams.complain(format_args!("more than one thread begins with '{wanted}': give more of the id"));
            Err(Failed::Exit(Exit::Usage))
        }
    }
}

fn list(held: &[Held], json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    if json {
        streams.json(&held)?;
        return Ok(Exit::Ok);
    }
    let now = Clock::system().wall();
    let headings = ["ID", "TOOL", "MODEL", "TURNS", "IN", "OUT", "LAST", "ENDS IN", "PROCESS", "TITLE"];
    let mut table = (3..=7).fold(Table::new(headings), Table::right);
    for Held { summary, process, .. } in held {
        let unsure = if summary.partly_unknown { "+?" } else { "" };
        table.row([
            summary.id.to_string(),
            summary.tool.clone(),
            summary.model.as_ref().map_or("-", |model| model.as_str()).to_owned(),
            summary.turns.to_string(),
            format!("{}{unsure}", summary.input),
            format!("{}{unsure}", summary.output),
            span(now, summary.updated),
            span(summary.expires, now),
            streams.shown(process).into_owned(),
            streams.shown(&summary.title).into_owned(),
        ]);
    }
    streams.table(&table)?;
    Ok(Exit::Ok)
}

async fn show(held: &Held, json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    let detail = held.client.thread(held.summary.id).await.map_err(|error| refused(&error, streams))?;
    if json {
        streams.json(&detail)?;
        return Ok(Exit::Ok);
    }
    let ThreadDetail { summary, turns } = &detail;
    let process = streams.shown(&held.process).into_owned();
    streams.line(format_args!("{}  {}  in {process}", summary.id, summary.tool))?;
    for turn in turns {
        print_turn(turn, streams)?;
    }
    Ok(Exit::Ok)
}

fn print_turn(turn: &TurnDetail, streams: &mut Streams) -> io::Result<()> {
    streams.line(format_args!("\n== turn {} · {}", turn.number, turn.tool))?;
    for file in &turn.files {
        let file = streams.shown(file).into_owned();
        streams.line(format_args!("   file: {file}"))?;
    }
    for refused in &turn.refused {
        let said = format!("{} {}", refused.path, refused.reason);
        let said = streams.shown(&said).into_owned();
        streams.line(format_args!("   not sent: {said}"))?;
    }
    print_text(&turn.prompt, streams)?;
    for consultation in &turn.consultations {
        let account = streams.shown(&account(consultation)).into_owned();
        streams.line(format_args!("\n-- {account}"))?;
    }
    match &turn.answer {
        Some(answer) => print_text(answer, streams),
        None => Ok(()),
    }
}

fn account(consultation: &ConsultationDetail) -> String {
    if let Some(failure) = &consultation.failure {
        return format!(
            "{} via {} · failed: {}: {} · {} requests · {:.1} s",
            consultation.model,
            consultation.provider,
            failure.class.says(),
            failure.message.replace(['\n', '\r', '\t'], " "),
            consultation.attempts,
            consultation.latency_ms as f64 / 1000.0,
        );
    }
    let count = |tokens: Option<crate::unit::Tokens>| tokens.map_or("?".to_owned(), |tokens| tokens.to_string());
    format!(
        "{} via {} · {} in · {} out · {:.1} s",
        consultation.model,
        consultation.provider,
        count(consultation.usage.input),
        count(consultation.usage.output),
        consultation.latency_ms as f64 / 1000.0,
    )
}

fn print_text(slice: &TextSlice, streams: &mut Streams) -> io::Result<()> {
    let text = streams.shown(&slice.text).into_owned();
    streams.line(text)?;
    if slice.is_cut() {
        streams.line(format_args!("[cut: {} characters in all; --json has as much]", slice.total))?;
    }
    Ok(())
}

async fn expire(held: &Held, json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    let summary = held.client.expire(held.summary.id).await.map_err(|error| refused(&error, streams))?;
    if json {
        streams.json(&summary)?;
    } else {
        streams.line(format_args!("expired {} ({} turns)", summary.id, summary.turns))?;
    }
    Ok(Exit::Ok)
}

fn refused(error: &ControlError, streams: &mut Streams) -> Failed {
    streams.complain(error);
    Failed::Exit(match error {
        ControlError::Refused(refusal) if refusal.code == RefusalCode::NotFound => Exit::NotFound,
        ControlError::Refused(_) => Exit::Failed,
        ControlError::Unreachable(_) => Exit::Unreachable,
    })
}

/// The time from `earlier` to `later`: `12s`, `4m`, `2h59m`.
fn span(later: UnixMillis, earlier: UnixMillis) -> String {
    let seconds = later.since(earlier).as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
