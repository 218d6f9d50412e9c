//! `zen man`: a manual page for zen and for each of its commands, as files.

use std::path::PathBuf;

use clap::Command;

use crate::cli::output::{Exit, Streams};

#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  zen man ~/.local/share/man/man1 && man zen-call")]
pub struct Args {
    /// The folder for the pages; it is made where it is missing
    folder: PathBuf,
}

pub fn run(args: &Args, whole: Command, streams: &mut Streams) -> Exit {
    let made = std::fs::create_dir_all(&args.folder).and_then(|()| clap_mangen::generate_to(whole, &args.folder));
    if let Err(error) = made {
        streams.complain(format_args!("pages cannot be written to {}: {error}", args.folder.display()));
        return Exit::Failed;
    }
    let written = streams.line(format_args!("written to {}", args.folder.display())).map(|()| Exit::Ok);
    streams.settle(written)
}
