//! `zen help`: what a command does, and what exit codes mean.

use clap::Command;

use crate::cli::output::{Exit, Streams, Table};

/// The topic that is no command.
const EXIT_CODES: &str = "exit-codes";

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A command with its subcommand, or `exit-codes`
    topic: Vec<String>,
}

pub fn run(args: &Args, whole: Command, streams: &mut Streams) -> Exit {
    let written = match args.topic.as_slice() {
        [topic] if topic == EXIT_CODES => exit_codes(streams),
        topic => match described(whole, topic) {
            Some(text) => streams.line(text.trim_end()),
            None => {
                streams.complain(format_args!("there is no help on '{}': see `zen help`", topic.join(" ")));
                return Exit::NotFound;
            }
        },
    };
    streams.settle(written.map(|()| Exit::Ok))
}

/// The list is part of the interface: a code keeps its meaning.
fn exit_codes(streams: &mut Streams) -> std::io::Result<()> {
    let mut table = Table::new(["CODE", "MEANING"]).right(0);
    for exit in Exit::ALL {
        table.row([exit.code().to_string(), exit.meaning().to_owned()]);
    }
    streams.table(&table)
}

/// The help of the command that these words lead to.
fn described(whole: Command, words: &[String]) -> Option<String> {
    let mut command = whole;
    // It names itself in its help, and its subcommands by it.
    command.build();
    for word in words {
        command = command.find_subcommand(word)?.clone();
    }
    Some(command.render_long_help().to_string())
}
