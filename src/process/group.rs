//! One running child with its process group, from its start until nothing of the group is left.

use std::os::unix::process::ExitStatusExt as _;
use std::pin::pin;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::AsyncWriteExt as _;
use tokio::signal::unix::{self, SignalKind};
use tokio_util::sync::CancellationToken;

use super::output::{self, Flood, Heard};
use super::{Command, Ended, Error, GRACE, Output};

/// How long the pipes of a group that was killed are read: a process that left the group may hold them open.
const DRAIN: Duration = Duration::from_millis(250);

/// A child that is not reaped yet, so that its number, which is the group's too, is nobody else's.
pub(super) struct Running {
    group: Option<Pid>,
    exits: unix::Signal,
}

/// Why a child is not waited for any longer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    Exited,
    Cancelled,
    TimedOut,
    Flooded,
}

impl Running {
    /// Starts the child, and is done once its group is gone.
    pub async fn watch(
        mut command: Command,
        hear: Heard,
        dropped: CancellationToken,
        end: CancellationToken,
    ) -> Result<Output, Error> {
        if dropped.is_cancelled() || end.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let cannot = |error| Error::Start { program: command.program.clone(), error };
        // Before the start, so that no exit is missed.
        let exits = unix::signal(SignalKind::child()).map_err(cannot)?;
        let mut child = command.start()?;
        // Declared behind the child, and so dropped before it: killed, then left to be reaped.
        let group = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let mut running = Self { group, exits };

        let input = command.input.take();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let stop = {
            let limits = command.limits;
            let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            let mut exchange = pin!(async {
                tokio::try_join!(
                    feed(stdin, input),
                    output::first(out, limits.stdout, &mut stdout, hear),
                    output::last(err, limits.stderr, &mut stderr),
                )
            });
            let mut time = pin!(tokio::time::sleep(limits.time));
            let mut exchanged = false;
            let stop = loop {
                tokio::select! {
                    biased;
                    () = dropped.cancelled() => break Stop::Cancelled,
                    () = end.cancelled() => break Stop::Cancelled,
                    done = &mut exchange, if !exchanged => match done {
                        Ok(_) => exchanged = true,
                        Err(Flood) => { exchanged = true; break Stop::Flooded }
                    },
                    () = running.exited() => break Stop::Exited,
                    () = &mut time => break Stop::TimedOut,
                }
            };
            running.end(stop).await;
            if exchanged {
                stop
            } else {
                match tokio::time::timeout(DRAIN, exchange).await {
                    Ok(Err(Flood)) => Stop::Flooded,
                    Ok(Ok(_)) | Err(_) => stop,
                }
            }
        };
        let ended = child.wait().await.map_or(Ended::Unknown, Ended::from);
        command.conclude(stop, Output { stdout, stderr, ended })
    }

    /// Waits until the child has ended, and leaves it to be reaped.
    async fn exited(&mut self) {
        let Some(child) = self.group else { return };
        loop {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            match waitid(WaitId::Pid(child), options) {
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return,
            }
            if self.exits.recv().await.is_none() {
                return;
            }
        }
    }

    /// Leaves nothing of the group behind: asks it to end where it still works, and kills what is left.
    async fn end(&mut self, stop: Stop) {
        if stop != Stop::Exited {
            self.signal(Signal::TERM);
            let _ = tokio::time::timeout(GRACE, self.exited()).await;
        }
        self.signal(Signal::KILL);
        self.group = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // A group without a living process cannot be signalled, which is as well.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Running {
    /// The runtime is going down and nobody will wait any longer.
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Command {
    fn conclude(self, stop: Stop, output: Output) -> Result<Output, Error> {
        let (program, output_limit) = (self.program, self.limits.stdout);
        match stop {
            Stop::Exited => Ok(output),
            Stop::Cancelled => Err(Error::Cancelled),
            Stop::TimedOut => Err(Error::TimedOut { program, after: self.limits.time, output: Box::new(output) }),
            Stop::Flooded => Err(Error::TooMuchOutput { program, limit: output_limit, output: Box::new(output) }),
        }
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

/// Writes the input and closes it. A child that does not read all of it has its reasons.
async fn feed(stdin: Option<tokio::process::ChildStdin>, input: Option<Vec<u8>>) -> Result<(), Flood> {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    }
    Ok(())
}
