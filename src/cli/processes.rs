//! What commands share that ask running zen processes: which there are, what they are called, and which exit code a refusal
//! makes.

use std::io;
use std::path::Path;

use crate::cli::flags::ConfigFlags;
use crate::cli::launch;
use crate::cli::output::{Exit, Streams};
use crate::config::Environment;
use crate::control::client::Client;
use crate::control::discovery::{self, Found, Survey};
use crate::control::types::{Hello, RefusalCode};
use crate::control::{Control as _, ControlError};

/// Which processes are asked, and in which form they answer.
#[derive(Clone, Debug, clap::Args)]
pub struct Asked {
    /// Ask only this process: its pid, its folder's name or its control socket
    #[arg(long, global = true, value_name = "PROCESS")]
    pub attach: Option<String>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// Why a command has no answer.
pub enum Failed {
    Exit(Exit),
    Io(io::Error),
}

impl Failed {
    /// The end of a command that came this far: its answer is written out.
    pub fn settle(ended: Result<Exit, Self>, streams: &mut Streams) -> Exit {
        match ended {
            Ok(exit) | Err(Self::Exit(exit)) => streams.settle(Ok(exit)),
            Err(Self::Io(error)) => streams.settle(Err(error)),
        }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Exit> for Failed {
    fn from(exit: Exit) -> Self {
        Self::Exit(exit)
    }
}

/// The process that is meant, or all that answer; where none does, that is said. What holds a slash is a socket's path.
pub async fn find(attach: Option<&str>, dir: Option<&Path>, streams: &mut Streams) -> Result<Vec<Found>, Exit> {
    if let Some(path) = attach.filter(|meant| meant.contains('/')) {
        let client = Client::new(path);
        let hello = client.hello().await.map_err(|error| refused(&error, streams))?;
        return Ok(vec![Found { client, hello }]);
    }
    let processes = all(dir, streams).await;
    if processes.is_empty() {
        streams.complain("no zen process of yours is running that answers");
        return Err(Exit::Unreachable);
    }
    match attach {
        Some(meant) => one(processes, meant, streams).map(|process| vec![process]),
        None => Ok(processes),
    }
}

/// All that answer, none included.
pub async fn all(dir: Option<&Path>, streams: &mut Streams) -> Vec<Found> {
    let Some(dir) = dir else { return Vec::new() };
    let Survey { found, silent } = discovery::survey(dir).await;
    for path in silent {
        streams.complain(format_args!("left out: the process at {} does not answer", path.display()));
    }
    found
}

/// The one process that goes by this pid, or works in a folder of this name.
fn one(mut processes: Vec<Found>, meant: &str, streams: &mut Streams) -> Result<Found, Exit> {
    let all: Vec<String> = processes.iter().map(|process| name_of(&process.hello)).collect();
    processes.retain(|Found { hello, .. }| {
        let folder = Path::new(&hello.working_directory).file_name();
        hello.pid.to_string() == meant || folder.is_some_and(|folder| folder == meant)
    });
    let (exit, why) = match (processes.pop(), processes.is_empty()) {
        (Some(process), true) => return Ok(process),
        (Some(_), false) => (Exit::Usage, "more than one zen process goes by"),
        (None, _) => (Exit::NotFound, "no zen process goes by"),
    };
    streams.complain(format_args!("{why} '{meant}'; name one by its pid:\n  {}", all.join("\n  ")));
    Err(exit)
}

/// What each process that is meant answers, asked from a runtime of its own; what went wrong is on standard error.
pub fn ask<T>(
    asked: &Asked,
    flags: &ConfigFlags,
    environment: &Environment,
    streams: &mut Streams,
    ask: impl AsyncFn(&Client) -> Result<T, ControlError>,
) -> Result<Vec<(Hello, T)>, Exit> {
    let (runtime, config) = launch::prepare(flags, environment, streams)?;
    let dir = launch::socket_dir(&config, environment);
    let answered = runtime.block_on(async {
        let processes = find(asked.attach.as_deref(), dir.as_deref(), streams).await?;
        each(processes, ask, streams).await
    });
    runtime.shutdown_background();
    answered
}

/// One that does not know what is asked of it is left out, unless none does.
async fn each<T>(
    processes: Vec<Found>,
    ask: impl AsyncFn(&Client) -> Result<T, ControlError>,
    streams: &mut Streams,
) -> Result<Vec<(Hello, T)>, Exit> {
    let alone = processes.len() == 1;
    let (mut all, mut unknown) = (Vec::new(), None);
    for Found { client, hello } in processes {
        match ask(&client).await {
            Ok(answer) => all.push((hello, answer)),
            Err(ControlError::Refused(refusal)) if refusal.code == RefusalCode::NotFound => {
                unknown = Some(ControlError::Refused(refusal));
            }
            // It has ended meanwhile.
            Err(ControlError::Unreachable(_)) if !alone => {}
            Err(error) => return Err(refused(&error, streams)),
        }
    }
    match unknown {
        Some(error) if all.is_empty() => Err(refused(&error, streams)),
        _ => Ok(all),
    }
}

/// `stdio 4242 /home/me/project`.
pub fn name_of(hello: &Hello) -> String {
    format!("{} {} {}", hello.face.as_str(), hello.pid, hello.working_directory)
}

/// Says why there is no answer.
pub fn refused(error: &ControlError, streams: &mut Streams) -> Exit {
    streams.complain(error);
    match error {
        ControlError::Refused(refusal) if refusal.code == RefusalCode::NotFound => Exit::NotFound,
        ControlError::Refused(_) => Exit::Failed,
        ControlError::Unreachable(_) => Exit::Unreachable,
    }
}
