//! Texts of files that were read, so that an unchanged file is not read again and a changed one can be compared with
//! what it was. It opens nothing: a file is found, opened and looked at anew each time, and only its reading is spared.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cap_std::fs::{Metadata, MetadataExt};

use super::Digest;
use crate::clock::Clock;

/// Versions of one file: the newest, and those with which it may be compared.
const MAX_VERSIONS: usize = 4;
/// Bytes that a version counts for beside its text.
const OVERHEAD: u64 = 512;
/// A file's times move in ticks. What was written within a tick before it was looked at may be written again without
/// any time changing, so that it is read anew.
const TICK_NANOS: i128 = 20_000_000;
/// The same, where the file system keeps whole seconds.
const COARSE_TICK_NANOS: i128 = 2_000_000_000;

/// Bounded by bytes; the longest unused makes room.
#[derive(Debug)]
pub struct Cache {
    max_bytes: u64,
    kept: Mutex<Kept>,
    read: AtomicU64,
    spared: AtomicU64,
}

/// How much the cache was worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Files that were read.
    pub read: u64,
    /// Files that were not read, as they had not changed.
    pub spared: u64,
    pub bytes: u64,
}

/// What a file is known to be unchanged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified_nanos: i128,
    changed_nanos: i128,
}

/// What was read of a file, without secrets.
#[derive(Debug)]
pub(super) struct Content {
    pub text: Arc<str>,
    pub digest: Digest,
    pub withheld: Arc<[&'static str]>,
    pub lines: usize,
    /// Secrets that were known when it was cleaned.
    pub known: usize,
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<PathBuf, Vec<Version>>,
    /// By their last use, longest ago first.
    order: BTreeMap<u64, (PathBuf, Digest)>,
    bytes: u64,
    uses: u64,
}

#[derive(Debug)]
struct Version {
    stamp: Stamp,
    /// Any later change of the file shows in its stamp.
    settled: bool,
    used: u64,
    content: Arc<Content>,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Self {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.len(),
            modified_nanos: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed_nanos: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a file with this stamp that is read `now` cannot be written again without its stamp changing.
    fn is_settled(&self, now_nanos: i128) -> bool {
        let coarse = self.changed_nanos % 1_000_000_000 == 0;
        now_nanos - self.changed_nanos > if coarse { COARSE_TICK_NANOS } else { TICK_NANOS }
    }
}

/// The time that stamps are compared with: the machine's own, as the file system takes it.
pub(super) fn now_nanos() -> i128 {
    i128::from(Clock::system().wall().0) * 1_000_000
}

impl Cache {
    pub fn new(max_bytes: u64) -> Self {
        Self { max_bytes, kept: Mutex::default(), read: AtomicU64::new(0), spared: AtomicU64::new(0) }
    }

    pub fn figures(&self) -> Figures {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Figures { read: count(&self.read), spared: count(&self.spared), bytes: self.lock().bytes }
    }

    /// A text that was read once, from whatever file, while it is still kept.
    pub fn text(&self, digest: Digest) -> Option<Arc<str>> {
        let kept = self.lock();
        let version = kept.files.values().flatten().find(|version| version.content.digest == digest)?;
        Some(Arc::clone(&version.content.text))
    }

    /// What the file holds, if it is as it was when it was read, and no secret has become known since.
    pub(super) fn find(&self, path: &Path, stamp: &Stamp, known: usize) -> Option<Arc<Content>> {
        let mut kept = self.lock();
        let same = |version: &&Version| version.settled && version.stamp == *stamp && version.content.known == known;
        let content = Arc::clone(&kept.files.get(path)?.iter().find(same)?.content);
        kept.touch(path, content.digest);
        self.spared.fetch_add(1, Ordering::Relaxed);
        Some(content)
    }

    /// How many lines the file has, where that is known without reading it.
    pub(super) fn lines(&self, path: &Path, stamp: &Stamp) -> Option<usize> {
        let kept = self.lock();
        let same = |version: &&Version| version.settled && version.stamp == *stamp;
        Some(kept.files.get(path)?.iter().find(same)?.content.lines)
    }

    /// Keeps what was read of a file that had this stamp before it was read, at `now`.
    pub(super) fn keep(&self, path: &Path, stamp: Stamp, content: Content, now_nanos: i128) -> Arc<Content> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let version = Version { stamp, settled: stamp.is_settled(now_nanos), used: 0, content: content.into() };
        if version.bytes() > self.max_bytes {
            return version.content;
        }
        let mut kept = self.lock();
        let content = kept.put(path, version);
        while kept.bytes > self.max_bytes {
            kept.drop_oldest();
        }
        content
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, path: &Path, mut version: Version) -> Arc<Content> {
        let digest = version.content.digest;
        if let Some(same) = self.take(path, digest) {
            // The same text under new times: one copy is enough.
            if same.content.known == version.content.known {
                version.content = same.content;
            }
        }
        if self.files.get(path).is_some_and(|versions| versions.len() >= MAX_VERSIONS) {
            let oldest = self.files.get(path).and_then(|all| all.iter().min_by_key(|version| version.used));
            let oldest = oldest.map(|oldest| oldest.content.digest);
            oldest.and_then(|oldest| self.take(path, oldest));
        }
        let content = Arc::clone(&version.content);
        self.bytes += version.bytes();
        self.files.entry(path.to_owned()).or_default().push(version);
        self.touch(path, digest);
        content
    }

    fn touch(&mut self, path: &Path, digest: Digest) {
        self.uses += 1;
        let versions = self.files.get_mut(path).into_iter().flatten();
        for version in versions.filter(|version| version.content.digest == digest) {
            self.order.remove(&version.used);
            version.used = self.uses;
            self.order.insert(self.uses, (path.to_owned(), digest));
        }
    }

    fn take(&mut self, path: &Path, digest: Digest) -> Option<Version> {
        let versions = self.files.get_mut(path)?;
        let at = versions.iter().position(|version| version.content.digest == digest)?;
        let version = versions.swap_remove(at);
        if versions.is_empty() {
            self.files.remove(path);
        }
        self.order.remove(&version.used);
        self.bytes -= version.bytes();
        Some(version)
    }

    fn drop_oldest(&mut self) {
        match self.order.first_key_value().map(|(_, place)| place.clone()) {
            Some((path, digest)) => drop(self.take(&path, digest)),
            None => self.bytes = 0,
        }
    }
}

impl Version {
    fn bytes(&self) -> u64 {
        self.content.text.len() as u64 + OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG_AGO: i128 = 1_000;
    const NOW: i128 = 1_000_000_000_000;

    fn stamp(inode: u64, changed_nanos: i128) -> Stamp {
        Stamp { device: 1, inode, size: 3, modified_nanos: 1, changed_nanos }
    }

    fn content(text: &str) -> Content {
        Content { text: text.into(), digest: Digest::of(text), withheld: [].into(), lines: 1, known: 0 }
    }

    fn found(cache: &Cache, path: &str, stamp: &Stamp) -> Option<String> {
        cache.find(Path::new(path), stamp, 0).map(|content| content.text.to_string())
    }

    #[test]
    fn a_file_is_known_again_by_its_stamp_alone() {
        let cache = Cache::new(1 << 20);
        cache.keep(Path::new("/a"), stamp(1, LONG_AGO), content("one"), NOW);
        assert_eq!(found(&cache, "/a", &stamp(1, LONG_AGO)).as_deref(), Some("one"));
        for other in [
            stamp(2, LONG_AGO),
            stamp(1, LONG_AGO + 1),
            Stamp { size: 4, ..stamp(1, LONG_AGO) },
            Stamp { modified_nanos: 2, ..stamp(1, LONG_AGO) },
            Stamp { device: 2, ..stamp(1, LONG_AGO) },
        ] {
            assert_eq!(found(&cache, "/a", &other), None, "{other:?}");
        }
        assert_eq!(found(&cache, "/b", &stamp(1, LONG_AGO)), None);
        assert!(cache.find(Path::new("/a"), &stamp(1, LONG_AGO), 1).is_none(), "a secret has become known");
        assert_eq!(cache.figures().spared, 1);
    }

    #[test]
    fn a_file_that_was_written_a_moment_ago_is_read_again() {
        let cache = Cache::new(1 << 20);
        for (changed, kept) in [
            (NOW - 1_000_000, false),
            (NOW - 30_000_001, true),
            (NOW - 1_000_000_000, false),
            (NOW - 3_000_000_000, true),
            (NOW + 5_000_000_001, false),
        ] {
            cache.keep(Path::new("/a"), stamp(1, changed), content("one"), NOW);
            assert_eq!(found(&cache, "/a", &stamp(1, changed)).is_some(), kept, "{}", NOW - changed);
        }
    }

    #[test]
    fn older_versions_stay_for_comparison_but_not_many() {
        let cache = Cache::new(1 << 20);
        for number in 0..10 {
            cache.keep(Path::new("/a"), stamp(1, number), content(&format!("v{number}")), NOW);
        }
        let kept = |text: &str| cache.text(Digest::of(text)).is_some();
        assert!(kept("v9") && kept("v6") && !kept("v5"));
    }

    #[test]
    fn bytes_are_bounded_and_the_longest_unused_goes_first() {
        let cache = Cache::new(4 * (OVERHEAD + 100));
        let text = "x".repeat(100);
        for number in 0..4 {
            cache.keep(Path::new(&format!("/{number}")), stamp(number, LONG_AGO), content(&text), NOW);
        }
        assert!(found(&cache, "/0", &stamp(0, LONG_AGO)).is_some());
        cache.keep(Path::new("/4"), stamp(4, LONG_AGO), content(&text), NOW);
        let held: Vec<_> = (0..5).filter(|n| found(&cache, &format!("/{n}"), &stamp(*n, LONG_AGO)).is_some()).collect();
        assert_eq!(held, [0, 2, 3, 4]);
        cache.keep(Path::new("/5"), stamp(5, LONG_AGO), content(&"x".repeat(10_000)), NOW);
        assert_eq!(cache.figures().bytes, 4 * (OVERHEAD + 100), "what is larger than the cache pushes nothing out");
    }

    #[test]
    fn a_cache_of_no_bytes_keeps_nothing_and_still_gives_what_was_read() {
        let cache = Cache::new(0);
        assert_eq!(&*cache.keep(Path::new("/a"), stamp(1, LONG_AGO), content("one"), NOW).text, "one");
        assert_eq!(found(&cache, "/a", &stamp(1, LONG_AGO)), None);
    }
}
