//! The one way in which zen writes into a root: a file of a fixed name, directly in a folder that a call names. Whether
//! that is allowed at all is decided by who calls this.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags, fstat, ftruncate, openat};
use rustix::io::Errno;

use super::folder::folder;
use super::refusal::Refusal;
use super::root::Roots;
use super::withheld::is_withheld;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    #[error("the folder {0}")]
    Folder(Refusal),
    #[error("{} is a link, has a second name or is no regular file: it is left as it is", .0.display())]
    Taken(PathBuf),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Makes `text` all that the file `name` in `folder_spelling` holds, a folder inside an open root; says where that is. A
/// new file is its owner's alone.
///
/// # Errors
/// Where the folder is outside of the roots, or what has the name is anything but a regular file with this one name.
pub fn write(roots: &Roots, folder_spelling: &str, name: &str, text: &str) -> Result<PathBuf, NotWritten> {
    let folder = folder(roots, folder_spelling).map_err(NotWritten::Folder)?;
    let path = folder.path().join(name);
    if is_withheld(&path) {
        return Err(NotWritten::Folder(Refusal::Secret));
    }
    let failed = |error: Errno| match error {
        Errno::LOOP | Errno::NXIO | Errno::ISDIR => NotWritten::Taken(path.clone()),
        error => NotWritten::Io { path: path.clone(), error: error.into() },
    };
    // Not truncated before it is known what was opened.
    let flags =
        OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = openat(folder.descriptor(), name, flags, Mode::RUSR | Mode::WUSR).map_err(failed)?;
    let found = fstat(&file).map_err(failed)?;
    if !rustix::fs::FileType::from_raw_mode(found.st_mode).is_file() || found.st_nlink != 1 {
        return Err(NotWritten::Taken(path));
    }
    ftruncate(&file, 0).map_err(failed)?;
    match File::from(file).write_all(text.as_bytes()) {
        Ok(()) => Ok(path),
        Err(error) => Err(NotWritten::Io { path, error }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;
    use crate::config::Files;

    #[test]
    fn a_file_is_written_whole_and_nothing_is_followed() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        for folder in ["plain", "linked", "named", "taken", "pipe"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        let outside = place.path().join("outside");
        fs::write(&outside, "mine").unwrap();
        symlink(&outside, root.join("linked/out")).unwrap();
        fs::hard_link(&outside, root.join("named/out")).unwrap();
        fs::create_dir(root.join("taken/out")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, root.join("pipe/out"), Mode::RWXU).unwrap();
        let roots = Roots::open(&Files { roots: vec![root.clone()], ..Files::default() }, &root, None).unwrap();
        let written = |folder: &str, text: &str| write(&roots, root.join(folder).to_str().unwrap(), "out", text);

        let path = written("plain", "a long first text").unwrap();
        assert_eq!(path, root.canonicalize().unwrap().join("plain/out"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o177, 0);
        written("plain", "short").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "short");

        for folder in ["linked", "named", "taken", "pipe"] {
            assert!(matches!(written(folder, "theirs"), Err(NotWritten::Taken(_))), "{folder}");
        }
        assert!(matches!(written("..", "theirs"), Err(NotWritten::Folder(Refusal::OutsideRoots))));
        assert!(matches!(written("missing", "theirs"), Err(NotWritten::Folder(Refusal::Missing))));
        assert_eq!(fs::read_to_string(&outside).unwrap(), "mine");
    }
}
