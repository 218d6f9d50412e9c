//! The log file: opened for its user alone, set aside when it has grown to its bound, and honest about lines that could
//! not be written. It runs on the log's own thread, never on a caller's.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::OFlags;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::secret::Redactor;

/// A file that fails and fails again is complained of once in this time.
const BETWEEN_COMPLAINTS: Duration = Duration::from_secs(600);

/// Takes one whole line a write. It never fails: what cannot be written is counted.
pub struct LogFile {
    file: File,
    path: PathBuf,
    max_bytes: u64,
    /// The last write ended within a line.
    torn: bool,
    redactor: Redactor,
    failed: Arc<AtomicU64>,
    complaints: Complaints,
}

/// Where a failure is told, now and then.
pub struct Complaints {
    to: Box<dyn Write + Send>,
    clock: Clock,
    last: Option<Instant>,
}

impl LogFile {
    /// Opens the file for appending and creates it, with its folders, where it is missing.
    pub fn open(path: &Path, max_bytes: u64, redactor: Redactor, complaints: Complaints) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut log = Self {
            file: append_to(path)?,
            path: path.to_owned(),
            max_bytes,
            torn: false,
            redactor,
            failed: Arc::default(),
            complaints,
        };
        log.set_aside_when_full();
        Ok(log)
    }

    /// Lines that were not written in full, while the file lives and after.
    pub fn failed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.failed)
    }

    fn write_line(&mut self, line: &str) -> io::Result<()> {
        if self.torn {
            self.file.write_all(b"\n")?;
            self.torn = false;
        }
        // In one write, as other processes append to the same file: their lines and ours must not mix.
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    rest = &rest[written..];
                    self.torn = !rest.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Renames a file that has reached its bound to `<file>.1` and begins a new one. A failure leaves things as they are.
    fn set_aside_when_full(&mut self) {
        let Ok(open) = self.file.metadata() else { return };
        if !open.is_file() || open.len() < self.max_bytes {
            return;
        }
        // Another process may have set it aside already: then only the new file is to be opened.
        let is_ours =
            fs::metadata(&self.path).is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino()));
        if is_ours && fs::rename(&self.path, set_aside_path(&self.path)).is_err() {
            return;
        }
        if let Ok(file) = append_to(&self.path) {
            self.file = file;
            self.torn = false;
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let redacted = self.redactor.redact(&text).into_owned();
        if let Err(error) = self.write_line(&redacted) {
            let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
            self.complaints.tell(&self.path, &error, failed);
        }
        Ok(line.len())
    }

    /// Called by the log's thread when it has caught up.
    fn flush(&mut self) -> io::Result<()> {
        self.set_aside_when_full();
        Ok(())
    }
}

impl Complaints {
    pub fn new(to: Box<dyn Write + Send>, clock: Clock) -> Self {
        Self { to, clock, last: None }
    }

    fn tell(&mut self, path: &Path, error: &io::Error, failed: u64) {
        if self.last.is_some_and(|last| self.clock.elapsed(last) < BETWEEN_COMPLAINTS) {
            return;
        }
        self.last = Some(self.clock.now());
        // Where even this cannot be said, the count is what remains.
        let _ = writeln!(self.to, "zen: the log {} cannot be written ({failed} lines lost): {error}", path.display());
    }
}

/// `zen.log` becomes `zen.log.1`.
fn set_aside_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

fn append_to(path: &Path) -> io::Result<File> {
    // A pipe without a reader would block the start for ever.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new().append(true).create(true).mode(0o600).custom_flags(flags).open(path)
}
