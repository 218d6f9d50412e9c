//! Finds the zen processes of this user by their sockets, as they come and go. Reads the folder; asks only who is new.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::client::Client;
use super::socket;
use super::types::Hello;
use super::{Control as _, ControlError};

/// How often the folder is read.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long a process may take to say who it is.
const HELLO_TIMEOUT: Duration = Duration::from_secs(2);

/// A process that answers.
#[derive(Clone, Debug)]
pub struct Found {
    pub client: Client,
    pub hello: Hello,
}

#[derive(Clone, Debug)]
pub enum Change {
    Appeared(Box<Found>),
    Gone(PathBuf),
}

/// Everyone who answers now. Sockets whose process is gone are removed on the way.
pub async fn find(dir: &Path) -> Vec<Found> {
    survey(dir).await.found
}

/// Who is there: those who answer, and the sockets at which somebody listens and does not.
#[derive(Debug, Default)]
pub struct Survey {
    pub found: Vec<Found>,
    pub silent: Vec<PathBuf>,
}

/// Asks everyone who is there, all at once.
pub async fn survey(dir: &Path) -> Survey {
    let paths = socket::list(dir);
    let greeted = futures_util::future::join_all(paths.iter().map(|path| greet(path))).await;
    let mut survey = Survey::default();
    for (path, process) in paths.into_iter().zip(greeted) {
        match process {
            Some(process) => survey.found.push(process),
            // A socket that is dead is removed by now.
            None if path.exists() => survey.silent.push(path),
            None => {}
        }
    }
    survey
}

/// Reports processes as they appear and go, until the receiver is dropped. `own` is left out.
pub async fn follow(dir: PathBuf, own: Option<PathBuf>, changes: mpsc::Sender<Change>) {
    let mut known: HashSet<PathBuf> = HashSet::new();
    loop {
        let present = socket::list(&dir);
        let gone: Vec<_> = known.iter().filter(|path| !present.contains(path)).cloned().collect();
        for path in gone {
            known.remove(&path);
            if changes.send(Change::Gone(path)).await.is_err() {
                return;
            }
        }
        for path in present {
            if known.contains(&path) || own.as_ref() == Some(&path) {
                continue;
            }
            let Some(process) = greet(&path).await else { continue };
            known.insert(path);
            if changes.send(Change::Appeared(Box::new(process))).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = changes.closed() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

/// Who listens at `path`; None where nobody answers as zen does.
async fn greet(path: &Path) -> Option<Found> {
    if let Err(error) = UnixStream::connect(path).await {
        if error.kind() == ErrorKind::ConnectionRefused {
            socket::remove_dead(path);
        }
        return None;
    }
    let client = Client::new(path);
    let hello: Result<Hello, ControlError> = tokio::time::timeout(HELLO_TIMEOUT, client.hello()).await.ok()?;
    Some(Found { hello: hello.ok()?, client })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_dead_socket_is_removed_by_whoever_finds_it() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("1-deadbeef.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert_eq!(socket::list(home.path()), [path]);
        assert!(find(home.path()).await.is_empty());
        assert!(socket::list(home.path()).is_empty());
    }
}
