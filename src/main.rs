//! The `zen` binary: the process's arguments, environment and streams go in, an exit code comes out.

use std::process::ExitCode;

use zen::cli;
use zen::cli::output::Streams;
use zen::config::Environment;

fn main() -> ExitCode {
    cli::run(std::env::args_os(), &Environment::from_process(), &mut Streams::process()).into()
}
