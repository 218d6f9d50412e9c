//! What a person does to threads from the shell: expire, restore, pin, extend, name, tag, fork.

use std::time::Duration;

use super::{Held, Process, held, misread, pick, restorable};
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::Failed;
use crate::config::parse_duration;
use crate::control::types::{Act, Acted, ThreadSummary, Which};
use crate::control::{Control, ControlError};
use crate::unit::whole_millis;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// End threads now: their ids are unknown from then on. For 10 seconds `restore` takes it back
    Expire {
        /// The threads' ids, or their beginnings where these are unique
        #[arg(required_unless_present_any = ["query", "all"], conflicts_with_all = ["query", "all"])]
        ids: Vec<String>,
        /// All that this query finds (see `zen threads search --help`)
        #[arg(long, conflicts_with = "all")]
        query: Option<String>,
        /// Every thread of every process
        #[arg(long)]
        all: bool,
    },
    /// Take back what was expired within the last 10 seconds
    Restore {
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<String>,
        /// All that can be restored
        #[arg(long)]
        all: bool,
    },
    /// Keep threads until they are expired: no time to live, no eviction
    Pin {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Take pins back: the threads' time starts anew
    Unpin {
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Move a thread's end
    Extend {
        id: String,
        /// By how much, as `2h`; without it the thread's time starts anew
        #[arg(long, value_parser = duration)]
        by: Option<Duration>,
    },
    /// Give a thread another title
    Rename { id: String, title: String },
    /// Add tags to a thread, or take them away
    Tag {
        id: String,
        #[arg(required_unless_present = "remove")]
        tags: Vec<String>,
        #[arg(long, value_name = "TAG")]
        remove: Vec<String>,
    },
    /// Open another thread that goes on behind a turn of this one
    Fork {
        id: String,
        /// The turn's number; without it the last one
        #[arg(long)]
        turn: Option<u32>,
    },
    /// Threads are not merged; says why
    #[command(hide = true)]
    Merge { id: String, with: String },
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "write it as 30m, 2h or 1d".to_owned())
}

pub async fn run(command: Command, processes: &[Process], json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    let (threads, gone) = (held(processes), restorable(processes));
    let (said, acts) = addressed(command, processes, &threads, &gone, streams)?;
    let done = perform(acts, streams).await?;
    tell(said, &done, json, streams)
}

/// What is to be done, by whom, and how it is told. All ids are looked up before anything is done.
fn addressed<'a>(
    command: Command,
    processes: &'a [Process],
    threads: &'a [Held],
    gone: &'a [Held],
    streams: &mut Streams,
) -> Result<(&'static str, Vec<Addressed<'a>>), Failed> {
    let one = |id: &str, streams: &mut Streams| pick(threads, id, streams);
    Ok(match command {
        Command::Expire { ids, query, all } => {
            let acts = match (query, all) {
                (Some(query), _) => everywhere(processes, &Act::Expire { threads: Which::Query(query) }),
                (None, true) => everywhere(processes, &Act::Expire { threads: Which::All }),
                (None, false) => {
                    each(threads, &ids, streams, |thread| Act::Expire { threads: Which::These(vec![thread.id]) })?
                }
            };
            ("expired", acts)
        }
        Command::Restore { ids, all } => {
            let ids = if all { gone.iter().map(|held| held.summary.id.to_string()).collect() } else { ids };
            ("restored", each(gone, &ids, streams, |thread| Act::Restore { thread: thread.id })?)
        }
        Command::Pin { ids } => ("pinned", each(threads, &ids, streams, |thread| Act::Pin { thread: thread.id })?),
        Command::Unpin { ids } => {
            ("unpinned", each(threads, &ids, streams, |thread| Act::Unpin { thread: thread.id })?)
        }
        Command::Extend { id, by } => {
            let held = one(&id, streams)?;
            ("extended", vec![to(held, Act::Extend { thread: held.summary.id, by_ms: by.map(whole_millis) })])
        }
        Command::Rename { id, title } => {
            let held = one(&id, streams)?;
            ("renamed", vec![to(held, Act::Rename { thread: held.summary.id, title })])
        }
        Command::Tag { id, tags, remove } => {
            let held = one(&id, streams)?;
            ("tagged", vec![to(held, Act::Tag { thread: held.summary.id, add: tags, remove })])
        }
        Command::Fork { id, turn } => {
            let held = one(&id, streams)?;
            ("forked to", vec![to(held, Act::Fork { thread: held.summary.id, turn })])
        }
        Command::Merge { id, with } => {
            let (held, other) = (one(&id, streams)?, one(&with, streams)?);
            ("merged", vec![to(held, Act::Merge { thread: held.summary.id, with: other.summary.id })])
        }
    })
}

/// An act, and the process that is to do it.
type Addressed<'a> = (&'a dyn Control, Act);

fn to(held: &Held, act: Act) -> Addressed<'_> {
    (&held.client, act)
}

fn everywhere<'a>(processes: &'a [Process], act: &Act) -> Vec<Addressed<'a>> {
    processes.iter().map(|process| (&process.client as _, act.clone())).collect()
}

/// The act for each of these ids. All are looked up before anything is done.
fn each<'a>(
    held: &'a [Held],
    ids: &[String],
    streams: &mut Streams,
    act: impl Fn(&ThreadSummary) -> Act,
) -> Result<Vec<Addressed<'a>>, Failed> {
    ids.iter().map(|id| pick(held, id, streams).map(|held| to(held, act(&held.summary)))).collect()
}

async fn perform(acts: Vec<Addressed<'_>>, streams: &mut Streams) -> Result<Vec<ThreadSummary>, Failed> {
    let mut done = Vec::new();
    for (control, act) in acts {
        let of_one = !matches!(&act, Act::Expire { threads: Which::Query(_) | Which::All });
        match control.act(act).await {
            Ok(Acted { threads, .. }) => done.extend(threads),
            // Its threads are gone with it.
            Err(ControlError::Unreachable(_)) if !of_one => {}
            Err(error) => return Err(misread(&error, streams)),
        }
    }
    Ok(done)
}

fn tell(said: &str, done: &[ThreadSummary], json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    if json {
        streams.json(&done)?;
        return Ok(Exit::Ok);
    }
    for thread in done {
        let title = streams.shown(&thread.title).into_owned();
        streams.line(format_args!("{said} {}  {} turns  {title}", thread.id, thread.turns))?;
    }
    if done.is_empty() {
        streams.line("no thread fits")?;
    }
    Ok(Exit::Ok)
}
