//! `zen tui`: the face.
#[derive(Debug, clap::Args)]
pub struct Args {}
pub fn run(
    _: &Args,
    _: &crate::cli::flags::ConfigFlags,
    _: &crate::config::Environment,
    _: &mut crate::cli::output::Streams,
) -> crate::cli::output::Exit {
    crate::cli::output::Exit::Failed
}
