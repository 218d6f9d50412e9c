//! Where the control sockets of one user stand: a folder that nobody else can enter, and one socket a process.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;
use uuid::Uuid;

/// Longest path that every supported system takes for a socket (macOS: 104 with its end).
const MAX_PATH: usize = 103;
/// Only the owner may enter, read and write.
const DIR_MODE: u32 = 0o700;
const SOCKET_MODE: u32 = 0o600;

/// The folder of the sockets, by the first of these that is set: the runtime folder, the temporary folder (macOS), the
/// cache folder, the home folder's cache.
pub fn default_dir(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| value.starts_with('/')).map(PathBuf::from);
    if let Some(runtime) = set("XDG_RUNTIME_DIR") {
        return Some(runtime.join("zen"));
    }
    if cfg!(target_os = "macos")
        && let Some(temporary) = set("TMPDIR")
    {
        return Some(temporary.join("zen"));
    }
    let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("zen").join("run"))
}

/// Why this process cannot be seen and steered from outside.
#[derive(Debug, thiserror::Error)]
pub enum NoSocket {
    #[error("no folder for the control socket: set XDG_RUNTIME_DIR or HOME")]
    NoFolder,
    #[error("{} is a link; the control socket's folder must be a real one", .0.display())]
    IsALink(PathBuf),
    #[error("{} belongs to another user", .0.display())]
    Foreign(PathBuf),
    #[error("{} can be entered by others (mode {mode:o}): chmod 700 it", path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("the socket's path is longer than {MAX_PATH} bytes: {}", .0.display())]
    TooLong(PathBuf),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

/// A bound socket; it is gone from the folder when this is dropped.
#[derive(Debug)]
pub struct Bound {
    pub path: PathBuf,
}

impl Drop for Bound {
    fn drop(&mut self) {
        // Nobody can be told any more; whoever finds it dead removes it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Binds this process's socket in `dir`, which is made where it does not exist.
pub fn bind(dir: &Path) -> Result<(Bound, UnixListener), NoSocket> {
    prepare(dir)?;
    let random = Uuid::new_v4().simple().to_string();
    let path = dir.join(format!("{}-{}.sock", std::process::id(), &random[..8]));
    if path.as_os_str().len() > MAX_PATH {
        return Err(NoSocket::TooLong(path));
    }
    // Between being bound and being listened at, a socket refuses as a dead one does, and whoever finds it so removes it:
    // it gets the name under which it is found only when it answers.
    let unready = path.with_extension("new");
    let failed = |error| NoSocket::Io { path: path.clone(), error };
    let listener = UnixListener::bind(&unready).map_err(failed)?;
    let bound = Bound { path: unready.clone() };
    fs::set_permissions(&unready, Permissions::from_mode(SOCKET_MODE)).map_err(failed)?;
    fs::rename(&unready, &path).map_err(failed)?;
    drop(bound);
    Ok((Bound { path }, listener))
}

/// Makes the folder, or makes sure that the one that stands there is ours alone.
fn prepare(dir: &Path) -> Result<(), NoSocket> {
    let failed = |error| NoSocket::Io { path: dir.to_owned(), error };
    if let Err(error) = DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(failed(error));
    }
    let found = fs::symlink_metadata(dir).map_err(failed)?;
    if found.file_type().is_symlink() {
        return Err(NoSocket::IsALink(dir.to_owned()));
    }
    if found.uid() != own_uid() {
        return Err(NoSocket::Foreign(dir.to_owned()));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(NoSocket::Open { path: dir.to_owned(), mode });
    }
    Ok(())
}

/// The sockets in `dir` that belong to this user. A folder that does not exist has none.
pub fn list(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sock"))
        .filter(|path| {
            fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket() && found.uid() == own_uid())
        })
        .collect();
    paths.sort();
    paths
}

/// Removes the socket of a process that is no more.
pub fn remove_dead(path: &Path) {
    // Another process may have found it dead too.
    let _ = fs::remove_file(path);
}

/// The user that this process acts for.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_first_that_is_set() {
        let dir = |pairs: &[(&str, &str)]| {
            default_dir(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(dir(&[("XDG_RUNTIME_DIR", "/run/user/1"), ("HOME", "/h")]), Some("/run/user/1/zen".into()));
        assert_eq!(dir(&[("XDG_RUNTIME_DIR", "relative"), ("HOME", "/h")]), Some("/h/.cache/zen/run".into()));
        assert_eq!(dir(&[]), None);
    }

    #[tokio::test]
    async fn the_socket_is_for_its_owner_alone_and_goes_with_the_process() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("zen");
        let (bound, _listener) = bind(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, DIR_MODE);
        assert_eq!(fs::metadata(&bound.path).unwrap().mode() & 0o777, SOCKET_MODE);
        assert_eq!(list(&dir), std::slice::from_ref(&bound.path));
        drop(bound);
        assert!(list(&dir).is_empty());
    }

    #[tokio::test]
    async fn a_folder_that_others_can_enter_or_that_is_a_link_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let open = home.path().join("open");
        DirBuilder::new().mode(0o755).create(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(bind(&open), Err(NoSocket::Open { .. })));
        let link = home.path().join("link");
        std::os::unix::fs::symlink(&open, &link).unwrap();
        assert!(matches!(bind(&link), Err(NoSocket::IsALink(_))));
        let long = home.path().join("x".repeat(120));
        assert!(matches!(bind(&long), Err(NoSocket::TooLong(_))));
    }
}
