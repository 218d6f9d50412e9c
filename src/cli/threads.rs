//! `zen threads`: the threads of every running zen process of this user, from the shell.

mod document;
mod show;
mod steer;

use std::path::Path;

use clap::Subcommand;
use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::{self, Asked, Failed, name_of, refused};
use crate::config::Environment;
use crate::control::client::Client;
use crate::control::discovery::Found;
use crate::control::types::{RefusalCode, Snapshot, ThreadSummary, Update};
use crate::control::{Control as _, ControlError};
use crate::thread::search::FORMS;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All threads, or those that a query finds, the most recently used first
    #[command(after_help = query_help())]
    List { query: Vec<String> },
    /// The threads that a query finds, the most recently used first
    #[command(after_help = query_help())]
    Search {
        #[arg(required = true)]
        query: Vec<String>,
    },
    /// One thread with its turns
    Show {
        /// The thread's id, or its beginning where that is unique
        id: String,
    },
    #[command(flatten)]
    Steer(steer::Command),
    #[command(flatten)]
    Document(document::Command),
}

fn query_help() -> String {
    format!("A query: {FORMS}.")
}

/// A process that answers, and its threads.
struct Process {
    name: String,
    client: Client,
    snapshot: Snapshot,
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

pub fn run(args: Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let json = args.asked.json;
    let ended = runtime.block_on(async {
        let processes = gather(&args.asked, dir.as_deref(), streams).await?;
        match args.command {
            Command::List { query } if query.is_empty() => show::list(&held(&processes), json, streams),
            Command::List { query } | Command::Search { query } => {
                show::list(&found(&processes, &query.join(" "), streams).await?, json, streams)
            }
            Command::Show { id } => show::show(pick(&held(&processes), &id, streams)?, json, streams).await,
            Command::Steer(command) => steer::run(command, &processes, json, streams).await,
            Command::Document(command) => document::run(command, &processes, json, streams).await,
        }
    });
    runtime.shutdown_background();
    Failed::settle(ended, streams)
}

/// The named process, or all that answer, each with what it holds.
async fn gather(asked: &Asked, dir: Option<&Path>, streams: &mut Streams) -> Result<Vec<Process>, Failed> {
    let found = processes::find(asked.attach.as_deref(), dir, streams).await?;
    let mut processes = Vec::new();
    for Found { client, .. } in found {
        let snapshot = match snapshot(&client).await {
            Ok(Some(snapshot)) => snapshot,
            // A process that ends while it is asked has no threads any more.
            Ok(None) | Err(ControlError::Unreachable(_)) => continue,
            // A list that lacks the threads of a process that lives would be taken for the whole.
            Err(error) => return Err(refused(&error, streams).into()),
        };
        processes.push(Process { name: name_of(&snapshot.hello), client, snapshot });
    }
    Ok(processes)
}

/// None where the process ends meanwhile.
async fn snapshot(client: &Client) -> Result<Option<Snapshot>, ControlError> {
    match client.watch().await?.recv().await {
        Some(Update::Snapshot(snapshot)) => Ok(Some(*snapshot)),
        Some(Update::Delta(_) | Update::Resync { .. }) | None => Ok(None),
    }
}

impl Process {
    fn holding(&self, threads: &[ThreadSummary]) -> impl Iterator<Item = Held> {
        let held = |summary: &ThreadSummary| Held {
            summary: summary.clone(),
            process: self.name.clone(),
            client: self.client.clone(),
        };
        threads.iter().map(held)
    }
}

/// The threads of all processes, the most recently used first.
fn held(processes: &[Process]) -> Vec<Held> {
    newest_first(processes.iter().flat_map(|process| process.holding(&process.snapshot.threads)))
}

/// Those that can still be restored, the one that was used last first.
fn restorable(processes: &[Process]) -> Vec<Held> {
    newest_first(processes.iter().flat_map(|process| process.holding(&process.snapshot.restorable)))
}

async fn found(processes: &[Process], query: &str, streams: &mut Streams) -> Result<Vec<Held>, Failed> {
    let mut held = Vec::new();
    for process in processes {
        match process.client.search(query.to_owned()).await {
            Ok(threads) => held.extend(process.holding(&threads)),
            Err(ControlError::Unreachable(_)) => {}
            Err(error) => return Err(misread(&error, streams)),
        }
    }
    Ok(newest_first(held))
}

fn newest_first(held: impl IntoIterator<Item = Held>) -> Vec<Held> {
    let mut held: Vec<_> = held.into_iter().collect();
    held.sort_by_key(|held| std::cmp::Reverse(held.summary.updated));
    held
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

/// Says why there is no answer, where what is refused may have stood on the command line.
fn misread(error: &ControlError, streams: &mut Streams) -> Failed {
    match (refused(error, streams), error) {
        (_, ControlError::Refused(refusal)) if refusal.code == RefusalCode::BadRequest => Failed::Exit(Exit::Usage),
        (exit, _) => exit.into(),
    }
}
