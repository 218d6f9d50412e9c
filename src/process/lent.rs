//! A program that a person works with in zen's own terminal, such as an editor. Unlike every other child it gets the
//! terminal, the person's whole environment and zen's own process group, so that ctrl-z stops both and the shell lets both
//! go on. For a program that the person named, and nobody else.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::{Error, GRACE};

/// Whether the terminal is with such a program.
static LENT: AtomicBool = AtomicBool::new(false);

/// Whether the terminal is lent, so that ctrl-c in it is not meant for zen.
pub fn is_lent() -> bool {
    LENT.load(Ordering::Relaxed)
}

/// Runs `program` with the terminal until it ends. Once `given_up` is ready it is asked to end, and killed after
/// [`GRACE`].
///
/// # Errors
/// It cannot be started, or was given up.
pub async fn lend(
    program: &Path,
    arguments: &[OsString],
    given_up: impl Future<Output = ()>,
) -> Result<ExitStatus, Error> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::inherit()).stdout(Stdio::inherit()).stderr(Stdio::inherit());
    let cannot = |error: io::Error| Error::Start { program: PathBuf::from(program), error };
    let _lent = Lent::begin();
    let mut child = command.kill_on_drop(true).spawn().map_err(cannot)?;
    tokio::select! {
        ended = child.wait() => return ended.map_err(cannot),
        () = given_up => {}
    }
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?)) {
        // It may have ended by itself meanwhile.
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        // What cannot be killed is left to the system.
        let _ = child.kill().await;
    }
    Err(Error::Cancelled)
}

struct Lent;

impl Lent {
    fn begin() -> Self {
        LENT.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        LENT.store(false, Ordering::Relaxed);
    }
}
