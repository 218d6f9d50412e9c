//! `zen paused`: the messages that wait for a person in running zen processes, and the person's decision.

use std::io::{self, Read as _};

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::processes::{self, Asked, Failed, name_of, refused};
use crate::clock::Clock;
use crate::config::Environment;
use crate::control::client::Client;
use crate::control::types::{PauseDecision, PausedSummary};
use crate::control::{Control as _, ControlError};
use crate::id::PauseId;
use crate::unit::span;

/// An edited message is read up to this many bytes; the socket takes no more.
const MAX_EDITED: u64 = 16 << 20;

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All messages that wait for a decision
    List,
    /// One of them with its text
    Show {
        /// Its id, as the list shows it
        id: u64,
    },
    /// Let it go on as it is
    Continue {
        /// Its id, as the list shows it
        id: u64,
    },
    /// Let the message on standard input go on in its place: the same kind with the same id
    Edit {
        /// Its id, as the list shows it
        id: u64,
    },
    /// Refuse it
    Block {
        /// Its id, as the list shows it
        id: u64,
        /// What its sender is told
        #[arg(long, default_value = "a person refused it")]
        reason: String,
    },
}

/// A paused message and the process that holds it.
#[derive(Serialize)]
struct Held {
    process: String,
    #[serde(flatten)]
    summary: PausedSummary,
    #[serde(skip)]
    client: Client,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let dir = launch::socket_dir(&config, environment);
    let ended = runtime.block_on(async {
        let processes = processes::find(args.asked.attach.as_deref(), dir.as_deref(), streams).await?;
        let mut held = Vec::new();
        for found in processes {
            let paused = match found.client.paused().await {
                Ok(paused) => paused,
                // A process that ends while it is asked holds nothing any more.
                Err(ControlError::Unreachable(_)) => continue,
                Err(error) => return Err(refused(&error, streams).into()),
            };
            let (process, client) = (name_of(&found.hello), found.client);
            let with = |summary| Held { process: process.clone(), summary, client: client.clone() };
            held.extend(paused.into_iter().map(with));
        }
        match &args.command {
            None | Some(Command::List) => list(&held, args.asked.json, streams),
            Some(Command::Show { id }) => show(pick(&held, *id, streams)?, args.asked.json, streams),
            Some(Command::Continue { id }) => decide(&held, *id, PauseDecision::Continue, streams).await,
            Some(Command::Edit { id }) => {
                let text = edited()?;
                decide(&held, *id, PauseDecision::Edit { text }, streams).await
            }
            Some(Command::Block { id, reason }) => {
                decide(&held, *id, PauseDecision::Block { reason: reason.clone() }, streams).await
            }
        }
    });
    runtime.shutdown_background();
    Failed::settle(ended.map(|()| Exit::Ok), streams)
}

fn list(held: &[Held], json: bool, streams: &mut Streams) -> Result<(), Failed> {
    if json {
        return Ok(streams.json(&held)?);
    }
    let now = Clock::system().wall();
    let mut table =
        Table::new(["ID", "MESSAGE", "TOOL", "BY", "SINCE", "DECIDED IN", "THEN", "PROCESS", "WHY"]).right(0);
    for Held { summary, process, .. } in held {
        table.row([
            summary.id.0.to_string(),
            streams.shown(&summary.method).into_owned(),
            streams.shown(summary.tool.as_deref().unwrap_or("-")).into_owned(),
            streams.shown(&summary.by).into_owned(),
            span(now.since(summary.since)),
            span(summary.until.since(now)),
            if summary.continues { "goes on" } else { "blocked" }.to_owned(),
            streams.shown(process).into_owned(),
            streams.shown(&summary.reason).into_owned(),
        ]);
    }
    Ok(streams.table(&table)?)
}

fn show(held: &Held, json: bool, streams: &mut Streams) -> Result<(), Failed> {
    if json {
        return Ok(streams.json(held)?);
    }
    let slice = &held.summary.text;
    let text = streams.shown(&slice.text).into_owned();
    streams.line(text)?;
    if slice.is_cut() {
        streams.complain(format_args!("cut: {} characters in all", slice.total));
    }
    Ok(())
}

async fn decide(held: &[Held], id: u64, decision: PauseDecision, streams: &mut Streams) -> Result<(), Failed> {
    let held = pick(held, id, streams)?;
    held.client.resolve(PauseId(id), decision).await.map_err(|error| refused(&error, streams))?;
    Ok(streams.line(format_args!("decided on {id} of {}", held.process))?)
}

/// The one message with this id: each process counts its own.
fn pick<'a>(held: &'a [Held], id: u64, streams: &mut Streams) -> Result<&'a Held, Failed> {
    let mut matching = held.iter().filter(|held| held.summary.id == PauseId(id));
    match (matching.next(), matching.next()) {
        (Some(held), None) => Ok(held),
        (None, _) => {
            streams.complain(format_args!("no message is paused under {id}: it was decided on, or its time is over"));
            Err(Failed::Exit(Exit::NotFound))
        }
        (Some(_), Some(_)) => {
            streams.complain(format_args!("more than one process holds a message {id}: name one with --attach"));
            Err(Failed::Exit(Exit::Usage))
        }
    }
}

fn edited() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(MAX_EDITED).read_to_string(&mut text)?;
    Ok(text.trim_end().to_owned())
}
