//! `zen tui --replay`: a recorded session instead of a live one. Needs no engine, no configuration and no network.

use std::io;
use std::path::Path;

use tokio::runtime::Builder;

use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::clock::Clock;
use crate::shutdown::Shutdown;
use crate::tui::look::Look;
use crate::tui::plain::{self, NotWritten};
use crate::tui::recording::read::{Tape, Unreadable};
use crate::tui::replay::{self, Options};
use crate::tui::theme::Preset;

/// Shows the session, or tells it line by line.
pub fn run(path: &Path, is_plain: bool, preset: Option<Preset>, look: Look, streams: &mut Streams) -> Exit {
    if !streams.out_is_terminal && !is_plain {
        streams.complain("a replay needs a terminal, and standard output is none; with --plain it answers a pipe");
        return Exit::Usage;
    }
    let mut tape = match Tape::open(path) {
        Ok(tape) => tape,
        Err(error) => {
            streams.complain(&error);
            return exit(&error);
        }
    };
    if is_plain {
        let written = match plain::replay(&mut tape, &mut streams.out) {
            Ok(()) => Ok(Exit::Ok),
            Err(NotWritten::Out(error)) => Err(error),
            Err(NotWritten::Recording(error)) => {
                streams.complain(&error);
                Ok(exit(&error))
            }
        };
        return streams.settle(written);
    }
    show(tape, preset, look).unwrap_or_else(|error| {
        streams.complain(error);
        Exit::Failed
    })
}

fn show(tape: Tape, preset: Option<Preset>, look: Look) -> Result<Exit, String> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime cannot start: {error}"))?;
    let left = runtime.block_on(async {
        let shutdown = Shutdown::default();
        launch::until_signal(&shutdown).map_err(|error| format!("signals cannot be heard: {error}"))?;
        let options = Options { tape, clock: Clock::system(), preset, look, shutdown };
        replay::run(options).await.map_err(|error| error.to_string())
    });
    runtime.shutdown_background();
    left.map(|_| Exit::Ok)
}

fn exit(error: &Unreadable) -> Exit {
    match error {
        Unreadable::Io { error, .. } if error.kind() == io::ErrorKind::NotFound => Exit::NotFound,
        Unreadable::Io { .. } | Unreadable::Line { .. } => Exit::Failed,
    }
}
