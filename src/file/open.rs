//! Opening what a path names, and bounded reading from it. What is opened is what was checked: name, kind and size are
//! taken from the open file or compared with it.

use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use cap_std::fs::{File, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::cache::Stamp;
use super::place::{Named, Place};
use super::refusal::Refusal;
use super::root::Roots;
use super::withheld::is_withheld;
use crate::unit::{UnixMillis, whole_millis};

/// How often a name that is being replaced is opened anew.
const ATTEMPTS: usize = 3;

/// What was found at a place.
#[derive(Debug)]
pub(super) enum Found<'a> {
    File(Opened),
    Folder {
        /// Where it is, with its symlinks resolved.
        place: Place<'a>,
    },
}

/// A regular file, open for reading.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    /// Without symlinks: what the cache knows it by.
    pub real: PathBuf,
    pub stamp: Stamp,
    /// In bytes, when it was opened.
    pub size: u64,
    /// The same for every spelling of this file.
    pub identity: Identity,
    pub modified: Option<UnixMillis>,
}

/// Device and inode.
pub(super) type Identity = (u64, u64);

/// Opens what `named` means, in whichever root has it.
pub(super) fn open_named<'a>(roots: &'a Roots, named: &Named) -> Result<Found<'a>, Refusal> {
    for place in named.places(roots) {
        if is_withheld(&named.path) {
            return Err(Refusal::Secret);
        }
        match open(place) {
            Err(Refusal::OutsideRoots) => {}
            decided => return decided,
        }
    }
    Err(Refusal::OutsideRoots)
}

/// Opens a place. A FIFO cannot make it wait, and a name that leads to a withheld one is withheld too.
pub(super) fn open(place: Place<'_>) -> Result<Found<'_>, Refusal> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    for _ in 0..ATTEMPTS {
        let file = place.root.dir.open_with(&place.relative, &options).map_err(|error| refusal(&error))?;
        let metadata = file.metadata().map_err(|error| refusal(&error))?;
        if let Some(resolved) = resolve(&place, &metadata)? {
            return found(place, file, &metadata, resolved);
        }
    }
    Err(Refusal::Replaced)
}

/// The name, beneath the root and without symlinks, of the file that was opened; `None` if its name has come to mean
/// another file since.
fn resolve(place: &Place<'_>, opened: &Metadata) -> Result<Option<PathBuf>, Refusal> {
    let Ok(resolved) = place.root.dir.canonicalize(&place.relative) else { return Ok(None) };
    let resolved = Place::beneath(place.root, &resolved).relative;
    if is_withheld(&place.root.real.join(&resolved)) {
        return Err(Refusal::Secret);
    }
    let now = place.root.dir.symlink_metadata(&resolved);
    Ok(now.is_ok_and(|now| identity(&now) == identity(opened)).then_some(resolved))
}

fn found<'a>(place: Place<'a>, file: File, metadata: &Metadata, resolved: PathBuf) -> Result<Found<'a>, Refusal> {
    if metadata.is_dir() {
        return Ok(Found::Folder { place: Place { root: place.root, relative: resolved } });
    }
    if !metadata.is_file() {
        return Err(Refusal::NotAFile);
    }
    let since_1970 = metadata.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
    Ok(Found::File(Opened {
        file,
        real: place.root.real.join(resolved),
        stamp: Stamp::of(metadata),
        size: metadata.len(),
        identity: identity(metadata),
        modified: since_1970.map(|duration| UnixMillis(whole_millis(duration))),
    }))
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

impl Opened {
    /// All of the file, which may have no more than `max` bytes, also if it grows while it is read.
    pub fn bytes(self, max: u64) -> Result<Vec<u8>, Refusal> {
        if self.size > max {
            return Err(Refusal::TooLarge { size: self.size, max });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.size).unwrap_or(0));
        let read = self.file.take(max.saturating_add(1)).read_to_end(&mut bytes);
        let size = read.map_err(|error| refusal(&error))? as u64;
        if size > max { Err(Refusal::TooLarge { size, max }) } else { Ok(bytes) }
    }
}

pub(super) fn refusal(error: &io::Error) -> Refusal {
    match (error.kind(), error.raw_os_error()) {
        // An escape is the one denial that does not come from the kernel as EACCES or EPERM.
        (ErrorKind::PermissionDenied, None) => Refusal::OutsideRoots,
        (ErrorKind::NotFound | ErrorKind::NotADirectory, _) => Refusal::Missing,
        (_, Some(code)) if code == Errno::NXIO.raw_os_error() => Refusal::NotAFile,
        (kind, _) => Refusal::Unreadable(kind),
    }
}
