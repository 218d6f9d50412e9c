//! The bearer token of this user's zen: made once, kept in a file that only its owner can read, and known to the server
//! by its digest alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::digest::{Digest, SHA256, digest};
use uuid::Uuid;

use crate::secret::Secret;
use crate::thread::Principal;

/// Only the owner may read and write.
const FILE_MODE: u32 = 0o600;
const DIR_MODE: u32 = 0o700;
/// A longer file is no token.
const MAX_LENGTH: u64 = 4_096;
/// A shorter one could be guessed.
const MIN_LENGTH: usize = 32;

/// What a presented token is compared with.
#[derive(Clone)]
pub struct Expected {
    digest: Digest,
    principal: Principal,
}

/// Why there is no token to go by.
#[derive(Debug, thiserror::Error)]
pub enum NoToken {
    #[error("no folder for the token: set XDG_STATE_HOME or HOME")]
    NoFolder,
    #[error("{} does not exist: `zen serve` makes it when it first starts", .0.display())]
    Missing(PathBuf),
    #[error("{} must be a plain file of yours that nobody else can read (mode {mode:o}): chmod 600 it, or remove it to have a new one made", path.display())]
    Open { path: PathBuf, mode: u32 },
    #[error("{} holds no token of at least {MIN_LENGTH} visible characters: remove it to have a new one made", .0.display())]
    Unfit(PathBuf),
    #[error("{}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

impl Expected {
    pub fn of(token: &Secret) -> Self {
        let digest = digest(&SHA256, token.expose().as_bytes());
        Self { principal: Principal::token(digest.as_ref()), digest }
    }

    /// Whose token was presented. Digests are compared, whole: how long it takes tells nothing of the token.
    pub fn recognise(&self, presented: &[u8]) -> Option<Principal> {
        let presented = digest(&SHA256, presented);
        let pairs = presented.as_ref().iter().zip(self.digest.as_ref());
        let difference = pairs.fold(0, |difference, (one, other)| difference | (one ^ other));
        (std::hint::black_box(difference) == 0).then(|| self.principal.clone())
    }
}

/// The token in this file, which is made where there is none.
pub fn load_or_make(path: &Path) -> Result<Secret, NoToken> {
    match load(path) {
        Err(NoToken::Missing(_)) => {
            make(path)?;
            load(path)
        }
        loaded => loaded,
    }
}

/// The token in this file.
pub fn load(path: &Path) -> Result<Secret, NoToken> {
    let failed = |error| NoToken::Io { path: path.to_owned(), error };
    let file = match OpenOptions::new().read(true).custom_flags(no_follow()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NoToken::Missing(path.to_owned())),
        Err(error) => return Err(failed(error)),
    };
    let found = file.metadata().map_err(failed)?;
    let mode = found.mode() & 0o777;
    if !found.is_file() || mode & 0o077 != 0 || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(NoToken::Open { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(MAX_LENGTH).read_to_string(&mut text).map_err(failed)?;
    let token = text.trim();
    if token.len() < MIN_LENGTH || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(NoToken::Unfit(path.to_owned()));
    }
    Ok(Secret::new(token))
}

/// Writes a new token beside `path` and links it there: whoever finds the file finds it whole, and of two processes that
/// start at the same time one makes it.
fn make(path: &Path) -> Result<(), NoToken> {
    let failed = |error| NoToken::Io { path: path.to_owned(), error };
    let dir = path.parent().ok_or(NoToken::NoFolder)?;
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir).map_err(failed)?;
    let draft = dir.join(format!(".token-{}", Uuid::new_v4().simple()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(&draft)
        .and_then(|mut file| writeln!(file, "{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple()))
        .and_then(|()| fs::hard_link(&draft, path));
    // It is there under its own name, or was made by another process, or failed: the draft is of no use.
    let _ = fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("zen/token");
        assert!(matches!(load(&path), Err(NoToken::Missing(_))));
        let token = load_or_make(&path).unwrap();
        assert_eq!(load_or_make(&path).unwrap(), token);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, FILE_MODE);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(token.expose().len(), 64);
    }

    #[test]
    fn a_file_that_others_can_read_or_that_is_a_link_or_no_token_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (path, link, short) = (home.path().join("token"), home.path().join("link"), home.path().join("short"));
        load_or_make(&path).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(load(&link), Err(NoToken::Io { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load_or_make(&path), Err(NoToken::Open { mode: 0o640, .. })));
        fs::write(&short, "secret").unwrap();
        fs::set_permissions(&short, fs::Permissions::from_mode(FILE_MODE)).unwrap();
        assert!(matches!(load_or_make(&short), Err(NoToken::Unfit(_))));
    }

    #[test]
    fn only_the_token_itself_is_recognised() {
        let expected = Expected::of(&Secret::new("0123456789abcdef0123456789abcdef"));
        assert!(expected.recognise(b"0123456789abcdef0123456789abcdef").is_some());
        for other in ["", "0", "0123456789abcdef0123456789abcdee", "0123456789abcdef0123456789abcdef0"] {
            assert!(expected.recognise(other.as_bytes()).is_none(), "{other}");
        }
    }
}
