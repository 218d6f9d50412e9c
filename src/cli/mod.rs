//! The commands, one file each, and the way from the command line to one of them. What they share are the files
//! `output`, `flags`, `launch`, `listen`, `processes`, `calling` and `clients`.

mod ask;
mod call;
mod calling;
mod clients;
mod completions;
pub mod config;
mod doctor;
pub mod flags;
mod help;
mod launch;
mod listen;
mod man;
mod metrics;
mod models;
pub mod output;
mod paused;
mod processes;
mod providers;
mod ps;
mod rules;
mod serve;
mod setup;
mod stdio;
mod switching;
mod threads;
mod token;
mod tools;
mod tokens;
pub mod tui;
mod usage;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::Environment;
use flags::ConfigFlags;
use output::{Exit, Streams};

const EXAMPLES: &str = "\
Examples:
  zen setup                                connect the agents on this machine
  zen tui                                  watch them consult; --demo needs no key
  git diff | zen ask 'what breaks?'        a second opinion in the shell
  zen doctor                               what fails, and what to do";

/// Consult other AI models from a coding agent, and watch it happen.
#[derive(Debug, Parser)]
#[command(name = "zen", version, about, max_term_width = 100, disable_help_subcommand = true, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    config: ConfigFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Connect zen to the agents on this machine, and find a model to ask
    Setup(With<setup::Args>),
    /// See whether everything that zen needs is there, and what to do where it is not
    Doctor(With<doctor::Args>),
    /// Serve one agent over standard input and output: what an MCP client starts
    Stdio(With<stdio::Args>),
    /// Serve agents over HTTP (Streamable HTTP, at /mcp)
    Serve(With<serve::Args>),
    /// Show the bearer token that agents present over HTTP
    Token(With<token::Args>),
    /// Watch and steer every zen process of yours in the terminal
    Tui(With<tui::Args>),
    /// Ask another model a question; what is piped in goes with it
    Ask(With<ask::Args>),
    /// Call any tool from the shell
    Call(With<call::Args>),
    /// List, read and expire the threads of running zen processes
    Threads(With<threads::Args>),
    /// List the zen processes of yours that run
    Ps(With<ps::Args>),
    /// List the models that could be asked, or fetch what providers say of theirs
    Models(With<models::Args>),
    /// List the providers, or see whether the configured ones take their keys
    Providers(With<providers::Args>),
    /// Show what models took and cost in running zen processes
    Usage(With<usage::Args>),
    /// Show what running zen processes count, as Prometheus text
    Metrics(With<metrics::Args>),
    /// List the interceptors of running zen processes, see what is wrong with the rules, turn them on and off
    Rules(With<rules::Args>),
    /// List the tools of running zen processes, and turn them on and off
    Tools(With<tools::Args>),
    /// List the messages that wait for a person, and decide on them
    Paused(With<paused::Args>),
    /// Count the tokens of files: the estimate, and a tokeniser's count where one is built in
    Tokens(tokens::Args),
    /// Show the configuration, and where each value comes from
    Config(With<config::Args>),
    /// Print the completion script of a shell
    Completions(With<completions::Args>),
    /// Say what could stand for the last of these words: what completion scripts ask
    #[command(hide = true)]
    Complete(With<completions::Typed>),
    /// Write manual pages
    Man(With<man::Args>),
    /// Show the help of a command, or the exit codes
    Help(With<help::Args>),
}

/// A command's own arguments, among which the flags of the configuration may stand too.
#[derive(Debug, clap::Args)]
struct With<A: clap::Args> {
    #[command(flatten)]
    config: ConfigFlags,
    #[command(flatten)]
    own: A,
}

/// Runs the command that `args` name, the program's own name first.
pub fn run(args: impl IntoIterator<Item = OsString>, environment: &Environment, streams: &mut Streams) -> Exit {
    let Cli { config: flags, command } = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return misread(&error, streams),
    };
    match command {
        Command::Setup(With { config, own }) => setup::run(own, &flags.followed_by(config), environment, streams),
        Command::Doctor(With { config, own }) => doctor::run(&own, &flags.followed_by(config), environment, streams),
        Command::Stdio(With { config, own }) => stdio::run(&own, &flags.followed_by(config), environment, streams),
        Command::Serve(With { config, own }) => serve::run(&own, &flags.followed_by(config), environment, streams),
        Command::Token(With { config: _, own }) => token::run(&own, environment, streams),
        Command::Tui(With { config, own }) => tui::run(&own, &flags.followed_by(config), environment, streams),
        Command::Ask(With { config, own }) => ask::run(own, &flags.followed_by(config), environment, streams),
        Command::Call(With { config, own }) => call::run(own, &flags.followed_by(config), environment, streams),
        Command::Threads(With { config, own }) => threads::run(own, &flags.followed_by(config), environment, streams),
        Command::Models(With { config, own }) => models::run(&own, &flags.followed_by(config), environment, streams),
        Command::Providers(With { config, own }) => {
            providers::run(&own, &flags.followed_by(config), environment, streams)
        }
        Command::Usage(With { config, own }) => usage::run(&own, &flags.followed_by(config), environment, streams),
        Command::Metrics(With { config, own }) => metrics::run(&own, &flags.followed_by(config), environment, streams),
        Command::Rules(With { config, own }) => rules::run(&own, &flags.followed_by(config), environment, streams),
        Command::Tools(With { config, own }) => tools::run(&own, &flags.followed_by(config), environment, streams),
        Command::Paused(With { config, own }) => paused::run(&own, &flags.followed_by(config), environment, streams),
        Command::Tokens(args) => tokens::run(&args, streams),
        Command::Ps(With { config, own }) => ps::run(&own, &flags.followed_by(config), environment, streams),
        Command::Config(With { config, own }) => config::run(own, &flags.followed_by(config), environment, streams),
        Command::Completions(With { config: _, own }) => completions::script(&own, streams),
        Command::Complete(With { config, own }) => {
            completions::complete(&own, Cli::command(), &flags.followed_by(config), environment, streams)
        }
        Command::Man(With { config: _, own }) => man::run(&own, Cli::command(), streams),
        Command::Help(With { config: _, own }) => help::run(&own, Cli::command(), streams),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(args: &[&str]) -> String {
        let (mut streams, captured) = Streams::captured();
        let environment = [("HOME", "/nowhere")].into_iter().collect();
        let args = std::iter::once("zen").chain(args.iter().copied()).map(OsString::from);
        assert_eq!(run(args, &environment, &mut streams), Exit::Ok, "{}", captured.err());
        captured.out()
    }

    #[test]
    fn flags_before_and_behind_a_command_are_both_heard() {
        let explained = explained(&["--set", "threads.max_turns=4", "config", "--set", "threads.ttl=5m", "explain"]);
        assert!(explained.contains("max_turns = 4 ") && explained.contains("ttl = 5m "), "{explained}");
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_fits_a_screen() {
        fn look(command: &mut clap::Command) {
            let help = command.render_help().to_string();
            let widest = help.lines().map(crate::text::width).max().unwrap_or_default();
            assert!(help.lines().count() <= 46 && widest <= 100, "{help}");
            command.get_subcommands_mut().for_each(look);
        }
        let mut whole = Cli::command().term_width(100);
        whole.build();
        look(&mut whole);
    }

    #[test]
    fn help_is_had_by_name_and_exit_codes_are_a_list() {
        let said = |args: &[&str]| {
            let (mut streams, captured) = Streams::captured();
            let args = std::iter::once("zen").chain(args.iter().copied()).map(OsString::from);
            (run(args, &Environment::default(), &mut streams), captured.out())
        };
        assert!(said(&["help", "threads", "expire"]).1.contains("zen threads expire"));
        assert_eq!(said(&["help", "flying"]).0, Exit::NotFound);
        insta::assert_snapshot!(said(&["help", "exit-codes"]).1, @r"
        CODE  MEANING
           0  done
           1  tried and failed
           2  wrong command line, or no terminal where one is needed
           3  wrong configuration
           4  what was named does not exist
           5  the other side cannot be reached
        ");
    }

    #[test]
    fn a_wrong_command_line_is_a_usage_error_and_help_is_an_answer() {
        let (mut streams, captured) = Streams::captured();
        let environment = Environment::default();
        assert_eq!(run(["zen", "fly"].map(OsString::from), &environment, &mut streams), Exit::Usage);
        assert!(captured.err().contains("fly") && captured.out().is_empty());
        assert_eq!(run(["zen", "--help"].map(OsString::from), &environment, &mut streams), Exit::Ok);
        assert!(captured.out().contains("stdio"));
    }
}
