//! Writes an export into a file, on the side of the face that asked for it: for its user alone, and never over a file
//! that is there unless that is asked for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Nobody but the user may read what was said to models.
const MODE: u32 = 0o600;

/// Why no file was written.
#[derive(Debug, thiserror::Error)]
pub enum NotSaved {
    #[error("{} is there already: name another file, or ask for it to be replaced (--force)", .0.display())]
    Exists(PathBuf),
    #[error("{} cannot be written: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// Writes `text` to `path`. What is replaced is replaced whole: a write that fails leaves the old file as it was.
pub fn save(path: &Path, text: &str, replace: bool) -> Result<(), NotSaved> {
    let failed = |error: io::Error| NotSaved::Io { path: path.to_owned(), error };
    if !replace {
        let file = create(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => NotSaved::Exists(path.to_owned()),
            _ => failed(error),
        })?;
        return write(file, text).map_err(|error| {
            // Half an export would be taken for a whole one.
            let _ = fs::remove_file(path);
            failed(error)
        });
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = PathBuf::from(beside);
    let written = create(&beside).and_then(|file| write(file, text)).and_then(|()| fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })
}

/// O_CREAT and O_EXCL: a link that lies in the way is not followed.
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)
}

fn write(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_for_its_user_alone_and_never_replaced_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("thread.md");
        save(&path, "first", false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        assert!(matches!(save(&path, "second", false), Err(NotSaved::Exists(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        save(&path, "third", true).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "third");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_neither_followed_nor_written_through() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        assert!(matches!(save(&link, "text", false), Err(NotSaved::Exists(_))));
        save(&link, "text", true).unwrap();
        assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
        assert!(matches!(save(&dir.path().join("no/such/folder"), "text", false), Err(NotSaved::Io { .. })));
    }
}
