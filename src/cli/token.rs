//! `zen token`: the one place where the bearer token of `zen serve` is shown.

use crate::cli::output::{Exit, Streams};
use crate::config::{Environment, Places};
use crate::server::http::token::{self, NoToken};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Clone, Copy, Debug, clap::Subcommand)]
enum Command {
    /// Print the token
    Show,
}

pub fn run(args: &Args, environment: &Environment, streams: &mut Streams) -> Exit {
    let Command::Show = args.command;
    let loaded = Places::of(environment).token_file().ok_or(NoToken::NoFolder).and_then(|path| token::load(&path));
    match loaded {
        Ok(token) => {
            let written = streams.line(token.expose()).map(|()| Exit::Ok);
            streams.settle(written)
        }
        Err(error) => {
            streams.complain(&error);
            if matches!(error, NoToken::Missing(_)) { Exit::NotFound } else { Exit::Failed }
        }
    }
}
