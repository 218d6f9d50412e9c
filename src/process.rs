//! The one way to start a child: a program by its absolute path, with no shell, a closed environment, bounded output and
//! a process group of its own, which is gone when the call is; and, in [`lent`], the one that a person works with in the
//! terminal. Knows nothing of what is run.

mod group;
pub mod lent;
mod output;

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{Access, access};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use group::Running;
pub use output::{Ended, Heard, Output};

/// How long a group may take to end by itself once it was asked to; then it is killed.
pub const GRACE: Duration = Duration::from_secs(2);
/// How long the end of a process waits for its children to be gone: the grace, and the time to kill.
const END_WAIT: Duration = Duration::from_secs(3);

/// A child to be started. Its environment holds what is named here and nothing else.
#[derive(Clone, Debug)]
pub struct Command {
    /// Absolute: see [`find`].
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
    /// Where it runs; None: the root of the disk.
    pub directory: Option<Directory>,
    /// What it reads on standard input; None: nothing at all.
    pub input: Option<Vec<u8>>,
    pub limits: Limits,
}

/// What a child may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    /// Bytes of standard output; one that writes more is killed.
    pub stdout: usize,
    /// Bytes of standard error that are kept, the last ones.
    pub stderr: usize,
}

/// A folder that was opened. The child runs in what was opened, whatever its name means by then.
#[derive(Clone, Debug)]
pub struct Directory {
    opened: Arc<OwnedFd>,
    path: PathBuf,
}

/// Why a child gave no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0} was not found in any folder of PATH: install it, or correct its name")]
    NotFound(String),
    #[error("{} cannot be executed: check its permissions", .0.display())]
    NotExecutable(PathBuf),
    #[error("{} cannot be started: {error}", program.display())]
    Start { program: PathBuf, error: io::Error },
    #[error("{} took longer than {after:?} and was ended", program.display())]
    TimedOut { program: PathBuf, after: Duration, output: Box<Output> },
    #[error("{} wrote more than {limit} bytes and was ended", program.display())]
    TooMuchOutput { program: PathBuf, limit: usize, output: Box<Output> },
    #[error("the child was ended with the call that it ran for")]
    Cancelled,
}

/// The children of this process. Cheap to clone; all clones know the same ones.
#[derive(Clone, Debug, Default)]
pub struct Children {
    end: CancellationToken,
    running: TaskTracker,
}

impl Children {
    /// Runs `command` to its end; `hear` is told what it writes to standard output as it comes. Dropping the future ends
    /// the child's whole group: it is asked to, and killed after [`GRACE`]. What a child leaves running in its group
    /// when it ends is killed too.
    pub async fn run(&self, command: Command, hear: Heard) -> Result<Output, Error> {
        let dropped = CancellationToken::new();
        let guard = dropped.clone().drop_guard();
        // The end of a child takes longer than that of a dropped call.
        let watched = self.running.spawn(Running::watch(command, hear, dropped, self.end.clone()));
        let result = watched.await.unwrap_or(Err(Error::Cancelled));
        drop(guard);
        result
    }

    /// Ends all children, and waits until they are gone. For the end of the process.
    pub async fn end(&self) {
        self.end.cancel();
        self.running.close();
        // What is not gone by then is killed when its watcher is dropped.
        let _ = tokio::time::timeout(END_WAIT, self.running.wait()).await;
    }
}

impl Command {
    /// Without arguments, environment and input, at the root of the disk.
    pub fn new(program: PathBuf, limits: Limits) -> Self {
        Self { program, arguments: Vec::new(), environment: Vec::new(), directory: None, input: None, limits }
    }

    fn start(&self) -> Result<tokio::process::Child, Error> {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        let place = self.directory.as_ref().map_or_else(|| PathBuf::from("/"), Directory::entrance);
        let started = tokio::process::Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(place)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        started.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if !self.program.exists() => Error::NotFound(self.program.display().to_string()),
            io::ErrorKind::PermissionDenied if access(&self.program, Access::EXEC_OK).is_err() => {
                Error::NotExecutable(self.program.clone())
            }
            _ => Error::Start { program: self.program.clone(), error },
        })
    }
}

impl Directory {
    /// `path` is what `opened` is called, every symlink resolved.
    pub fn new(opened: OwnedFd, path: PathBuf) -> Self {
        Self { opened: Arc::new(opened), path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder itself, for what is done in it.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.opened.as_fd()
    }

    /// The name by which the child reaches it: its own descriptor where the system has such names.
    fn entrance(&self) -> PathBuf {
        let by_descriptor = PathBuf::from(format!("/proc/self/fd/{}", self.opened.as_raw_fd()));
        if cfg!(target_os = "linux") && by_descriptor.exists() { by_descriptor } else { self.path.clone() }
    }
}

/// The program of this name in the folders of `path`, a `PATH`. Folders that are not absolute are passed over: what lies in a
/// working directory is not believed. A name that is an absolute path stands for itself.
pub fn find(name: &str, path: &OsStr) -> Result<PathBuf, Error> {
    let runs = |program: &Path| program.is_file() && access(program, Access::EXEC_OK).is_ok();
    let named = Path::new(name);
    if named.is_absolute() {
        return match (named.exists(), runs(named)) {
            (_, true) => Ok(named.to_owned()),
            (true, false) => Err(Error::NotExecutable(named.to_owned())),
            (false, false) => Err(Error::NotFound(name.to_owned())),
        };
    }
    // A relative path would be looked up from wherever zen was started.
    if name.is_empty() || name.contains('/') {
        return Err(Error::NotFound(name.to_owned()));
    }
    let mut folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    folders
        .find_map(|folder| Some(folder.join(name)).filter(|program| runs(program)))
        .ok_or_else(|| Error::NotFound(name.to_owned()))
}
