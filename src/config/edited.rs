//! A file that a person edits while zen runs: whether it has changed since it was read, and has stopped changing. Looks at
//! the file and does not read it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often such files are looked at. One is read when it has been the same for two looks, so never while it is written.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Edited {
    path: PathBuf,
    looks: Mutex<Looks>,
}

#[derive(Debug)]
struct Looks {
    /// The file as it was read, and as it was at the last look.
    read: Stamp,
    last: Stamp,
}

/// Tells one state of a file from another; that it is not there is a state, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(Option<Found>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    modified: (i64, i64),
    bytes: u64,
    inode: u64,
}

impl Edited {
    /// The file is read right after this.
    pub fn new(path: &Path) -> Self {
        Self::read_at(path, Stamp::of(path))
    }

    /// The file was read in this state.
    pub fn read_at(path: &Path, read: Stamp) -> Self {
        Self { path: path.to_owned(), looks: Mutex::new(Looks { read, last: read }) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One look, which may take its time. True where the file is to be read now: what it says then counts as read,
    /// whether it is of use or not.
    pub fn look(&self) -> bool {
        let now = Stamp::of(&self.path);
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let is_settled = std::mem::replace(&mut looks.last, now) == now;
        let is_due = is_settled && looks.read != now;
        if is_due {
            looks.read = now;
        }
        is_due
    }
}

impl Stamp {
    pub fn of(path: &Path) -> Self {
        Self(fs::metadata(path).ok().map(|found| Found {
            modified: (found.mtime(), found.mtime_nsec()),
            bytes: found.len(),
            inode: found.ino(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_to_be_read_once_it_has_stopped_changing_and_when_it_comes_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let edited = Edited::new(&path);
        let looks = || [edited.look(), edited.look(), edited.look()];
        assert_eq!(looks(), [false; 3]);
        fs::write(&path, "one").unwrap();
        assert!(!edited.look(), "it may be in the middle of being written");
        fs::write(&path, "one and more").unwrap();
        assert_eq!(looks(), [false, true, false]);
        fs::remove_file(&path).unwrap();
        assert_eq!(looks(), [false, true, false]);
    }
}
