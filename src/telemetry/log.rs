//! The log: one event, one line of JSON, in a file of the user. Writing waits for nobody: a bounded queue and one thread
//! stand between a caller and the disk, and what is lost on the way is counted.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::file::{Complaints, LogFile};
use super::timestamp::Timestamp;
use crate::clock::Clock;
use crate::config::{self, LogLevel};
use crate::secret::Redactor;

/// Lines that wait for the disk; a further one is dropped and counted.
pub const QUEUED_LINES: usize = 1_024;

/// A longer line is left out, and a line in its place says so: the queue is bounded in bytes by this and
/// [`QUEUED_LINES`].
pub const MAX_LINE_BYTES: usize = 16 << 10;

/// The log of a process. Dropping it writes what still waits.
#[must_use = "dropping the log closes it"]
pub struct Log {
    dispatch: Dispatch,
    open: Option<Open>,
}

struct Open {
    path: PathBuf,
    failed: Arc<AtomicU64>,
    too_long: Arc<AtomicU64>,
    dropped: ErrorCounter,
    _flushed_on_drop: WorkerGuard,
}

/// How many lines a log loses, for whoever tells of it.
#[derive(Clone)]
pub struct Losses {
    failed: Arc<AtomicU64>,
    too_long: Arc<AtomicU64>,
    dropped: ErrorCounter,
}

/// Lines that did not reach the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The disk did not keep up.
    pub dropped: u64,
    /// The disk refused them.
    pub failed: u64,
    /// They were longer than [`MAX_LINE_BYTES`].
    pub too_long: u64,
}

/// The log cannot be opened; the process goes on without it.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no log, as {} cannot be opened: {source}. Set log.file to a place you can write, or log.level to off",
    path.display()
)]
pub struct Unopened {
    path: PathBuf,
    source: io::Error,
}

/// Opens the log that `settings` describe: none where the level is off or there is no file. `complaints` hears now and
/// then of lines that the disk refuses; it is written to from the log's thread.
///
/// The warning comes with a log that keeps nothing.
pub fn open(
    settings: &config::Log,
    redactor: Redactor,
    clock: Clock,
    complaints: Box<dyn Write + Send>,
) -> (Log, Option<Unopened>) {
    let nothing = Log { dispatch: Dispatch::none(), open: None };
    let (level, path) = match (level_filter(settings.level), &settings.file) {
        (LevelFilter::OFF, _) | (_, None) => return (nothing, None),
        (level, Some(path)) => (level, path),
    };
    match LogFile::open(path, settings.max_file, redactor, Complaints::new(complaints, clock)) {
        Ok(file) => (start(file, path.clone(), level, clock), None),
        Err(source) => (nothing, Some(Unopened { path: path.clone(), source })),
    }
}

impl Log {
    /// Makes this the log of the whole process. False where another one is already.
    pub fn install(&self) -> bool {
        self.open.is_none() || tracing::dispatcher::set_global_default(self.dispatch.clone()).is_ok()
    }

    /// For a part of a process, by `tracing::dispatcher::with_default`.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    /// The file that is written to.
    pub fn path(&self) -> Option<&std::path::Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    pub fn lost(&self) -> Lost {
        self.losses().map_or(Lost::default(), |losses| losses.lost())
    }

    /// None where there is no log that could lose anything.
    pub fn losses(&self) -> Option<Losses> {
        self.open.as_ref().map(|open| Losses {
            failed: Arc::clone(&open.failed),
            too_long: Arc::clone(&open.too_long),
            dropped: open.dropped.clone(),
        })
    }
}

impl Losses {
    pub fn lost(&self) -> Lost {
        Lost {
            dropped: u64::try_from(self.dropped.dropped_lines()).unwrap_or(u64::MAX),
            failed: self.failed.load(Ordering::Relaxed),
            too_long: self.too_long.load(Ordering::Relaxed),
        }
    }
}

fn start(file: LogFile, path: PathBuf, level: LevelFilter, clock: Clock) -> Log {
    let failed = file.failed();
    let (queue, guard) =
        NonBlockingBuilder::default().buffered_lines_limit(QUEUED_LINES).thread_name("zen-log").finish(file);
    let dropped = queue.error_counter();
    let lines = Lines { queue, too_long: Arc::default() };
    let too_long = Arc::clone(&lines.too_long);
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .with_span_list(false)
        .with_timer(Timestamp(clock))
        .log_internal_errors(false)
        .with_writer(lines)
        // Other crates are heard when something is wrong; their chatter would bury ours.
        .with_filter(Targets::new().with_target("zen", level).with_default(level.min(LevelFilter::WARN)));
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    Log { dispatch, open: Some(Open { path, failed, too_long, dropped, _flushed_on_drop: guard }) }
}

fn level_filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

/// The way into the queue, where a line's length is still bounded.
#[derive(Clone)]
struct Lines {
    queue: NonBlocking,
    too_long: Arc<AtomicU64>,
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if line.len() <= MAX_LINE_BYTES {
            return self.queue.write(line);
        }
        self.too_long.fetch_add(1, Ordering::Relaxed);
        let note = serde_json::json!({
            "level": "WARN",
            "fields": { "message": "a longer line was left out", "bytes": line.len() },
            "target": module_path!(),
        });
        self.queue.write(format!("{note}\n").as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.queue.flush()
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::Mutex;

    use super::*;
    use crate::secret::Secret;
    use crate::unit::UnixMillis;

    /// What the log complained of.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u8>>>);

    impl Heard {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("whole").clone()).expect("text")
        }
    }

    impl Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("whole").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn settings(path: &Path) -> config::Log {
        config::Log { file: Some(path.to_owned()), ..config::Log::default() }
    }

    fn opened(settings: &config::Log, redactor: Redactor) -> (Log, Heard) {
        let heard = Heard::default();
        let clock = Clock::anchored(UnixMillis(951_782_400_000));
        let (log, warning) = open(settings, redactor, clock, Box::new(heard.clone()));
        assert!(warning.is_none(), "{warning:?}");
        (log, heard)
    }

    /// The lines of the file once `say` has been run under its log and the log is closed.
    fn logged(settings: &config::Log, redactor: Redactor, say: impl FnOnce()) -> Vec<serde_json::Value> {
        let (log, _) = opened(settings, redactor);
        tracing::dispatcher::with_default(log.dispatch(), say);
        drop(log);
        let text = fs::read_to_string(settings.file.as_ref().expect("a file")).expect("written");
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    #[test]
    fn an_event_is_a_line_with_its_time_level_and_fields() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state/zen/zen.log");
        let lines = logged(&settings(&path), Redactor::default(), || {
            tracing::info!(turns = 3, "thread opened");
            tracing::debug!("below the level");
            tracing::info!(target: "h2::codec", "chatter of another crate");
            tracing::warn!(target: "hyper", "trouble of another crate");
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0]["timestamp"].as_str().is_some_and(|time| time.starts_with("2000-02-29T00:00:00.")));
        assert_eq!((&lines[0]["level"], &lines[0]["fields"]["turns"]), (&"INFO".into(), &3.into()));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder.path().join("state/zen"))), (0o600, 0o700));
    }

    /// T7: text of a model cannot forge a line.
    #[test]
    fn a_line_break_in_foreign_text_makes_no_second_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let foreign = "done\n{\"level\":\"ERROR\",\"fields\":{\"message\":\"forged\"}}\r\n\u{1b}[2J\u{0}\u{2028}";
        let lines = logged(&settings(&folder.path().join("zen.log")), Redactor::default(), || {
            tracing::info!(reply = foreign, "answered");
        });
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["level"], &lines[0]["fields"]["reply"]), (&"INFO".into(), &foreign.into()));
    }

    #[test]
    fn a_known_key_is_taken_out_of_every_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("canary-0123456789"));
        let lines = logged(&settings(&folder.path().join("zen.log")), redactor, || {
            let _span = tracing::info_span!("call", header = "canary-0123456789").entered();
            tracing::error!("refused with key canary-0123456789");
        });
        let text = lines[0].to_string();
        assert!(!text.contains("canary") && text.matches("[redacted]").count() == 2, "{text}");
    }

    #[test]
    fn a_full_disk_is_counted_and_told_once() {
        if !Path::new("/dev/full").exists() {
            return;
        }
        let (log, heard) = opened(&settings(Path::new("/dev/full")), Redactor::default());
        tracing::dispatcher::with_default(log.dispatch(), || (0..5).for_each(|_| tracing::info!("hello")));
        let Log { open: Some(Open { failed, _flushed_on_drop: guard, .. }), .. } = log else { panic!("it is open") };
        drop(guard);
        assert_eq!(failed.load(Ordering::Relaxed), 5);
        assert_eq!(heard.text().lines().count(), 1, "{}", heard.text());
        assert!(heard.text().contains("/dev/full"));
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_a_warning() {
        let settings = settings(Path::new("/dev/null/zen.log"));
        let (log, warning) = open(&settings, Redactor::default(), Clock::system(), Box::new(io::sink()));
        assert!(warning.expect("a warning").to_string().contains("/dev/null/zen.log"));
        assert_eq!((log.path(), log.lost()), (None, Lost::default()));
    }

    #[test]
    fn off_opens_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("zen.log");
        let (log, _) = opened(&config::Log { level: LogLevel::Off, ..settings(&path) }, Redactor::default());
        assert!(log.path().is_none() && !path.exists());
    }

    #[test]
    fn a_full_file_is_set_aside_at_the_start_and_while_it_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, aside) = (folder.path().join("zen.log"), folder.path().join("zen.log.1"));
        fs::write(&path, "x".repeat(2_000)).expect("written");
        let settings = config::Log { max_file: 1_000, ..settings(&path) };
        let lines = logged(&settings, Redactor::default(), || tracing::info!("short"));
        assert_eq!((lines.len(), fs::metadata(&aside).expect("aside").len()), (1, 2_000));
        logged(&settings, Redactor::default(), || tracing::info!(text = "y".repeat(1_000), "long"));
        assert!(fs::read_to_string(&aside).expect("aside").contains("yyyy"));
        assert_eq!(fs::metadata(&path).expect("new").len(), 0);
    }

    #[test]
    fn a_line_beyond_its_bound_is_left_out_and_said_to_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = settings(&folder.path().join("zen.log"));
        let lines =
            logged(&settings, Redactor::default(), || tracing::info!(text = "y".repeat(MAX_LINE_BYTES), "long"));
        assert_eq!((lines.len(), &lines[0]["level"]), (1, &"WARN".into()));
    }
}
