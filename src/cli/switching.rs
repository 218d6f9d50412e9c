//! What `zen rules` and `zen tools` share: a list of what is on and off in running zen processes, and its switches.

use std::io;

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::{self, Asked, name_of};
use crate::config::Environment;
use crate::control::ControlError;
use crate::control::client::Client;
use crate::control::types::Switch;

#[derive(Debug, clap::Args)]
pub struct Switching {
    #[command(flatten)]
    asked: Asked,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// All of them in their order, and the state of each
    List,
    /// Turn one on
    Enable {
        /// Its name, as the list shows it
        name: String,
    },
    /// Turn one off until zen ends
    Disable {
        /// Its name, as the list shows it
        name: String,
    },
}

/// What one process answers.
#[derive(Serialize)]
struct Of<T> {
    process: String,
    #[serde(flatten)]
    state: T,
}

impl Switching {
    /// Asks every process that is meant, and prints what is so then. What to switch is None for a list.
    pub fn run<T: Serialize>(
        &self,
        flags: &ConfigFlags,
        environment: &Environment,
        streams: &mut Streams,
        ask: impl AsyncFn(&Client, Option<Switch>) -> Result<T, ControlError>,
        print: impl Fn(&T, &mut Streams) -> io::Result<()>,
    ) -> Exit {
        let ask = async |client: &Client| ask(client, self.switch()).await;
        let answered = match processes::ask(&self.asked, flags, environment, streams, ask) {
            Ok(answered) => answered,
            Err(exit) => return exit,
        };
        let all: Vec<_> = answered.into_iter().map(|(hello, state)| Of { process: name_of(&hello), state }).collect();
        let written = if self.asked.json {
            streams.json(&all)
        } else {
            all.iter().try_for_each(|Of { process, state }| {
                let process = streams.shown(process).into_owned();
                streams.line(process)?;
                print(state, streams)
            })
        };
        streams.settle(written.map(|()| Exit::Ok))
    }

    fn switch(&self) -> Option<Switch> {
        let (name, enabled) = match self.command.as_ref()? {
            Command::List => return None,
            Command::Enable { name } => (name, true),
            Command::Disable { name } => (name, false),
        };
        Some(Switch { name: name.clone(), enabled })
    }
}
