//! The commands, one file each, and the way from the command line to one of them. What they share are the files
//! `output`, `flags` and `launch`.

pub mod config;
pub mod flags;
mod launch;
pub mod output;
mod stdio;
mod threads;
mod tui;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::config::Environment;
use flags::ConfigFlags;
use output::{Exit, Streams};

/// Consult other AI models from a coding agent, and watch it happen.
#[derive(Debug, Parser)]
#[command(name = "zen", version, about, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    config: ConfigFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve one agent over standard input and output: what an MCP client starts
    Stdio,
    /// Watch and steer every zen process of yours in the terminal
    Tui(tui::Args),
    /// List, read and expire the threads of running zen processes
    Threads(threads::Args),
    /// Show the configuration, and where each value comes from
    Config(config::Args),
}

/// Runs the command that `args` name, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: &mut Streams) -> Exit {
    let Cli { config: flags, command } = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return misread(&error, streams),
    };
    match command {
        Command::Stdio => stdio::run(&flags, environment, streams),
        Command::Tui(args) => tui::run(&args, &flags, environment, streams),
        Command::Threads(args) => threads::run(args, &flags, environment, streams),
        Command::Config(args) => config::run(args, &flags, environment, streams),
    }
}

/// `--help` and `--version` are answers; everything else is a mistake.
fn misread(error: &clap::Error, streams: &mut Streams) -> Exit {
    let text = error.render();
    if error.use_stderr() {
        // Where stderr is gone too, the exit code is what remains.
        let _ = write!(streams.err, "{text}");
        return Exit::Usage;
    }
    let written = write!(streams.out, "{text}").map(|()| Exit::Ok);
    streams.settle(written)
}
