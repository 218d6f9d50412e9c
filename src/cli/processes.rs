//! What commands share that ask running zen processes: which there are, what they are called, and which exit code a refusal
//! makes.

use std::path::{Path, PathBuf};

use crate::cli::output::{Exit, Streams};
use crate::control::client::Client;
use crate::control::discovery::{self, Found, Survey};
use crate::control::types::{Hello, RefusalCode};
use crate::control::{Control as _, ControlError};

/// Which processes are asked, and in which form they answer.
#[derive(Clone, Debug, clap::Args)]
pub struct Asked {
    /// Ask only the process with this control socket
    #[arg(long, global = true, value_name = "SOCKET")]
    pub attach: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// The process at this socket, or all that answer; where none does, that is said.
pub async fn find(attach: Option<&Path>, dir: Option<&Path>, streams: &mut Streams) -> Result<Vec<Found>, Exit> {
    let processes = match (attach, dir) {
        (Some(path), _) => {
            let client = Client::new(path);
            let hello = client.hello().await.map_err(|error| refused(&error, streams))?;
            vec![Found { client, hello }]
        }
        (None, Some(dir)) => {
            let Survey { found, silent } = discovery::survey(dir).await;
            for path in silent {
                streams.complain(format_args!("left out: the process at {} does not answer", path.display()));
            }
            found
        }
        (None, None) => Vec::new(),
    };
    if processes.is_empty() {
        streams.complain("no zen process of yours is running that answers");
        return Err(Exit::Unreachable);
    }
    Ok(processes)
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
