//! Threads as documents: export to a file or to standard output, and import.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::{Process, held, pick};
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::{Failed, refused};
use crate::control::types::Form;
use crate::control::{Control as _, save};

/// The largest document that is read.
const MAX_DOCUMENT: u64 = 64 << 20;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Write a thread as Markdown or as JSON, with known keys taken out
    Export {
        /// The thread's id, or its beginning where that is unique
        id: String,
        /// `md` or `json`; without it by the name of the file
        #[arg(long, value_name = "FORM", value_parser = form)]
        format: Option<Form>,
        /// A new file, readable by you alone; without it standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace the file where it is there
        #[arg(long, requires = "output")]
        force: bool,
    },
    /// Read an exported JSON document back as a thread
    Import {
        /// `-` for standard input
        file: PathBuf,
    },
}

fn form(text: &str) -> Result<Form, String> {
    match text {
        "md" | "markdown" => Ok(Form::Markdown),
        "json" => Ok(Form::Json),
        _ => Err("it is md or json".to_owned()),
    }
}

pub async fn run(command: Command, processes: &[Process], json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    match command {
        Command::Export { id, format, output, force } => {
            let is_json = output.as_deref().and_then(Path::extension).is_some_and(|end| end == "json");
            let form = format.unwrap_or(if is_json || json { Form::Json } else { Form::Markdown });
            let threads = held(processes);
            let held = pick(&threads, &id, streams)?;
            let exported = held.client.export(held.summary.id, form).await;
            let exported = exported.map_err(|error| refused(&error, streams))?;
            let Some(path) = output else {
                let text = streams.shown(&exported.text).into_owned();
                streams.line(text.trim_end())?;
                return Ok(Exit::Ok);
            };
            if let Err(error) = save::save(&path, &exported.text, force) {
                streams.complain(error);
                return Ok(Exit::Failed);
            }
            streams.line(format_args!("exported {} to {}", held.summary.id, path.display()))?;
            Ok(Exit::Ok)
        }
        Command::Import { file } => {
            let [process] = processes else {
                let sockets: Vec<_> = processes.iter().map(|one| one.client.path().display().to_string()).collect();
                let sockets = sockets.join("\n  ");
                streams.complain(format_args!("several processes run: name one with --attach\n  {sockets}"));
                return Ok(Exit::Usage);
            };
            let document = match read(&file) {
                Ok(document) => document,
                Err(error) => {
                    streams.complain(format_args!("{} cannot be read: {error}", file.display()));
                    return Ok(if error.kind() == io::ErrorKind::NotFound { Exit::NotFound } else { Exit::Failed });
                }
            };
            let thread = process.client.import(document).await.map_err(|error| refused(&error, streams))?;
            if json {
                streams.json(&thread)?;
            } else {
                let title = streams.shown(&thread.title).into_owned();
                streams.line(format_args!("imported {}  {} turns  {title}", thread.id, thread.turns))?;
            }
            Ok(Exit::Ok)
        }
    }
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let source: Box<dyn io::Read> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    source.take(MAX_DOCUMENT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_DOCUMENT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than any thread"));
    }
    Ok(text)
}
