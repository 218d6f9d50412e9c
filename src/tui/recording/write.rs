//! Writes a recording as it happens: the loop hands events over and never waits, a thread of its own writes them, and
//! what it could not keep up with is counted in the file.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Ending, Entry, Header, Line, MAX_BYTES, MAX_LINE};
use crate::clock::Clock;
use crate::tui::event::Event;
use crate::unit::whole_millis;

/// It holds what people said to models.
const MODE: u32 = 0o600;
/// Events that wait to be written. A disk that is further behind loses some.
const QUEUE: usize = 1_024;
/// How long the disk may take for what still waits when the face is left.
const GRACE: Duration = Duration::from_secs(2);

/// Why nothing can be recorded.
#[derive(Debug, thiserror::Error)]
pub enum NotRecorded {
    #[error("{} is there already: name another file to record to", .0.display())]
    Exists(PathBuf),
    #[error("{} cannot be written: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Where the loop puts what it takes in.
pub struct Recorder {
    sender: SyncSender<Taken>,
    known: Arc<Known>,
    clock: Clock,
    began: Instant,
    /// The last event that was handed over is not yet followed by its [`Event::Drained`].
    open: bool,
    told: bool,
}

/// The recording as whoever asked for it sees it.
pub struct Recording {
    known: Arc<Known>,
    path: PathBuf,
    /// Closed without a word when the writer has ended.
    ended: oneshot::Receiver<()>,
}

/// What became of a recording.
#[derive(Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Events that are missing.
    pub lost: u64,
    /// It reached [`MAX_BYTES`] before the face was left.
    pub full: bool,
    /// Why it could not be written on.
    pub failed: Option<String>,
    /// The disk has still not taken all of it.
    pub unfinished: bool,
}

/// What the writer and the others know of each other.
#[derive(Default)]
struct Known {
    /// Events that found the queue full, since the last that did not.
    missed: AtomicU64,
    lost: AtomicU64,
    begun: AtomicBool,
    full: AtomicBool,
    failed: OnceLock<String>,
}

impl Known {
    fn has_ended(&self) -> bool {
        self.full.load(Ordering::Relaxed) || self.failed.get().is_some()
    }
}

/// What the loop hands over.
enum Taken {
    Begin { header: Box<Header>, began: Instant },
    Event { at: u64, missed: u64, event: Box<Event> },
}

/// Makes the file, which must not be there yet, and starts its writer.
///
/// # Errors
///
/// Where the file exists or cannot be made, or there is no thread to be had.
pub fn create(path: &Path, clock: Clock) -> Result<(Recorder, Recording), NotRecorded> {
    // O_CREAT and O_EXCL: a link that lies in the way is not followed.
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path);
    let file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => NotRecorded::Exists(path.to_owned()),
        _ => NotRecorded::Io { path: path.to_owned(), error },
    })?;
    start(BufWriter::new(file), path, clock, (QUEUE, MAX_BYTES))
        .map_err(|error| NotRecorded::Io { path: path.to_owned(), error })
}

fn start(
    file: impl Write + Send + 'static,
    path: &Path,
    clock: Clock,
    (queue, max): (usize, u64),
) -> io::Result<(Recorder, Recording)> {
    let (sender, taken) = sync_channel(queue);
    let (done, ended) = oneshot::channel();
    let (known, began) = (Arc::new(Known::default()), clock.now());
    let mut writer = Writer { file, written: 0, max, clock, began, known: Arc::clone(&known) };
    thread::Builder::new().name("recording".to_owned()).spawn(move || {
        writer.run(&taken);
        drop(done);
    })?;
    let recorder = Recorder { sender, known: Arc::clone(&known), clock, began, open: false, told: false };
    Ok((recorder, Recording { known, path: path.to_owned(), ended }))
}

impl Recorder {
    /// The face is there: from now on its events count.
    pub(in crate::tui) fn begin(&mut self, header: Header) {
        self.began = self.clock.now();
        // The queue is empty, and a writer that is gone has said why.
        let _ = self.sender.try_send(Taken::Begin { header: Box::new(header), began: self.began });
    }

    /// Notes an event that the face is about to take in.
    pub(in crate::tui) fn take(&mut self, event: &Event) {
        match event {
            _ if self.known.has_ended() => return,
            Event::Coloured { .. } => return,
            // Time alone is no event: the replay has a clock of its own.
            Event::Drained { .. } if !self.open => return,
            Event::Drained { .. } => self.open = false,
            _ => self.open = true,
        }
        let (at, missed) = (whole_millis(self.clock.elapsed(self.began)), self.known.missed.swap(0, Ordering::Relaxed));
        let taken = Taken::Event { at, missed, event: Box::new(event.clone()) };
        if self.sender.try_send(taken).is_err() {
            self.known.missed.fetch_add(missed + 1, Ordering::Relaxed);
        }
    }

    /// What went wrong since the last look, once: nothing more is recorded then.
    pub(in crate::tui) fn trouble(&mut self) -> Option<String> {
        let trouble = match self.known.failed.get() {
            Some(error) => Some(format!("the recording has ended: {error}")),
            None => self
                .known
                .full
                .load(Ordering::Relaxed)
                .then(|| format!("the recording has ended: it is full ({} MiB)", MAX_BYTES >> 20)),
        };
        trouble.filter(|_| !std::mem::replace(&mut self.told, true))
    }
}

impl Recording {
    /// Waits a little for the rest to be written. Call once the [`Recorder`] is dropped.
    pub async fn finish(self) -> Recorded {
        let unfinished = tokio::time::timeout(GRACE, self.ended).await.is_err();
        let Known { missed, lost, begun, full, failed } = &*self.known;
        if !begun.load(Ordering::Relaxed) && !unfinished {
            // The face never came up, and an empty file would only be in the way of the next attempt.
            let _ = fs::remove_file(&self.path);
        }
        let full = full.load(Ordering::Relaxed);
        let missed = if full { 0 } else { missed.load(Ordering::Relaxed) };
        Recorded { lost: lost.load(Ordering::Relaxed) + missed, full, failed: failed.get().cloned(), unfinished }
    }
}

struct Writer<W> {
    file: W,
    written: u64,
    max: u64,
    clock: Clock,
    began: Instant,
    known: Arc<Known>,
}

impl<W: Write> Writer<W> {
    /// Writes until the face is left, the recording is full, or the disk gives up.
    fn run(&mut self, taken: &Receiver<Taken>) {
        if let Err(error) = self.write_all(taken) {
            // Set once: nothing is written after it.
            let _ = self.known.failed.set(error.to_string());
        }
    }

    fn write_all(&mut self, taken: &Receiver<Taken>) -> io::Result<()> {
        let mut ending = Ending::Left;
        loop {
            let next = match taken.try_recv() {
                Ok(next) => next,
                Err(TryRecvError::Disconnected) => break,
                // What was written is on its way before the next wait, so that a crash leaves whole lines.
                Err(TryRecvError::Empty) => {
                    self.file.flush()?;
                    let Ok(next) = taken.recv() else { break };
                    next
                }
            };
            if !self.write(next)? {
                ending = Ending::Full;
                self.known.full.store(true, Ordering::Relaxed);
                break;
            }
        }
        if self.known.begun.load(Ordering::Relaxed) {
            let at = whole_millis(self.clock.elapsed(self.began));
            self.tell_missed(at, self.known.missed.swap(0, Ordering::Relaxed))?;
            self.line(&Line { at, what: Entry::Ended(ending) })?;
        }
        self.file.flush()
    }

    /// False: there is no room for it any more.
    fn write(&mut self, taken: Taken) -> io::Result<bool> {
        match taken {
            Taken::Begin { header, began } => {
                self.began = began;
                self.known.begun.store(true, Ordering::Relaxed);
                self.line(&header).map(|()| true)
            }
            Taken::Event { at, missed, event } => {
                self.tell_missed(at, missed)?;
                let bytes = written(&Line { at, what: Entry::Took(*event) })?;
                let fits = self.written + bytes.len() as u64 <= self.max;
                if fits && bytes.len() as u64 > MAX_LINE {
                    self.tell_missed(at, 1)?;
                } else if fits {
                    self.put(&bytes)?;
                }
                Ok(fits)
            }
        }
    }

    fn tell_missed(&mut self, at: u64, missed: u64) -> io::Result<()> {
        if missed > 0 {
            self.known.lost.fetch_add(missed, Ordering::Relaxed);
            self.line(&Line { at, what: Entry::Lost(missed) })?;
        }
        Ok(())
    }

    /// A line about the recording itself: its few bytes always have room.
    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.put(&written(line)?)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

fn written(line: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    use super::*;
    use crate::tui::keymap::Keymap;
    use crate::tui::theme::Theme;
    use crate::unit::UnixMillis;

    fn header() -> Header {
        Header::new((80, 24), UnixMillis(1_000), Theme::new(true), false, &Keymap::default())
    }

    fn pasted(text: &str) -> Event {
        Event::Pasted(text.to_owned())
    }

    /// A disk that takes a line whenever it is let.
    struct Slow {
        written: Arc<Mutex<Vec<u8>>>,
        let_on: Receiver<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Whoever lets on may be gone: then all is taken.
            let _ = self.let_on.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Slow, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (sender, let_on) = std::sync::mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        (Slow { written: Arc::clone(&written), let_on }, sender, written)
    }

    fn lines(bytes: &[u8]) -> Vec<serde_json::Value> {
        String::from_utf8_lossy(bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_recording_is_new_for_its_user_alone_and_ends_with_its_last_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.jsonl");
        let (mut recorder, recording) = create(&path, Clock::system()).unwrap();
        recorder.begin(header());
        recorder.take(&Event::Drained { now: UnixMillis(1) });
        recorder.take(&pasted("a"));
        recorder.take(&Event::Drained { now: UnixMillis(2) });
        recorder.take(&Event::Drained { now: UnixMillis(3) });
        drop(recorder);
        let whole = Recorded { lost: 0, full: false, failed: None, unfinished: false };
        assert_eq!(recording.finish().await, whole);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        let lines = lines(&fs::read(&path).unwrap());
        assert_eq!(lines[0]["recording"], 1);
        assert_eq!(lines[1]["what"]["took"]["pasted"], "a");
        assert_eq!(lines[2]["what"]["took"]["drained"]["now"], 2, "time alone is not written");
        assert_eq!(lines[3]["what"]["ended"], "left");
        assert_eq!(lines.len(), 4);
        assert!(matches!(create(&path, Clock::system()), Err(NotRecorded::Exists(_))));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(dir.path().join("nowhere"), &link).unwrap();
        assert!(matches!(create(&link, Clock::system()), Err(NotRecorded::Exists(_))));
        assert!(matches!(create(&dir.path().join("no/folder"), Clock::system()), Err(NotRecorded::Io { .. })));
    }

    #[tokio::test]
    async fn a_face_that_never_came_up_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("session.jsonl");
        let (recorder, recording) = create(&path, Clock::system()).unwrap();
        drop(recorder);
        recording.finish().await;
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_disk_that_does_not_keep_up_loses_events_and_the_file_says_how_many() {
        let (disk, let_on, bytes) = slow();
        let (mut recorder, recording) = start(disk, Path::new(""), Clock::system(), (2, MAX_BYTES)).unwrap();
        recorder.begin(header());
        for _ in 0..50 {
            recorder.take(&pasted("x"));
        }
        drop(recorder);
        drop(let_on);
        let recorded = recording.finish().await;
        assert!((47..=49).contains(&recorded.lost), "{recorded:?}");
        let lines = lines(&bytes.lock().unwrap());
        let lost: u64 = lines.iter().filter_map(|line| line["what"]["lost"].as_u64()).sum();
        let kept = lines.iter().filter(|line| line["what"]["took"].is_object()).count() as u64;
        assert_eq!((lost, kept), (recorded.lost, 50 - recorded.lost));
    }

    #[tokio::test]
    async fn a_full_recording_ends_is_said_once_and_loses_nothing_before() {
        let (disk, let_on, bytes) = slow();
        drop(let_on);
        let (mut recorder, recording) = start(disk, Path::new(""), Clock::system(), (QUEUE, 6_000)).unwrap();
        recorder.begin(header());
        for _ in 0..100 {
            recorder.take(&pasted(&"x".repeat(100)));
        }
        let Recording { known, path, ended } = recording;
        let ended = tokio::time::timeout(GRACE, ended).await;
        assert!(ended.is_ok(), "it ends by itself");
        assert!(recorder.trouble().is_some_and(|said| said.contains("full (64 MiB)")));
        assert_eq!(recorder.trouble(), None);
        recorder.take(&pasted("y"));
        let written = bytes.lock().unwrap().clone();
        assert!(written.len() < 6_100, "{}", written.len());
        assert_eq!(lines(&written).last().unwrap()["what"]["ended"], "full");
        let recording = Recording { known, path, ended: oneshot::channel().1 };
        assert_eq!(recording.finish().await, Recorded { lost: 0, full: true, failed: None, unfinished: false });
    }

    #[tokio::test]
    async fn a_disk_that_fails_is_told_and_ends_the_recording() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut recorder, recording) = start(Broken, Path::new(""), Clock::system(), (QUEUE, MAX_BYTES)).unwrap();
        recorder.begin(header());
        let recorded = recording.finish().await;
        assert!(recorded.failed.is_some_and(|why| why.contains("storage")));
        assert!(recorder.trouble().is_some_and(|said| said.contains("the recording has ended")));
        recorder.take(&pasted("x"));
    }
}
