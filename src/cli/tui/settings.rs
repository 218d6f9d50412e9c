//! The face's own file, `tui.toml` beside the configuration: which key does what. Read once, before the screen is taken,
//! so that what is wrong with it can be said.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::tui::keymap::{BadKeymap, Keymap};

/// The file's name in the user's configuration folder.
const NAME: &str = "tui.toml";
/// Bytes of it that are read; more is no file of keys.
const MAX_BYTES: u64 = 256 << 10;

#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{} cannot be read: {error}", path.display())]
    Unread { path: PathBuf, error: io::Error },
    #[error("{} is not usable:\n{problems}", path.display())]
    Invalid { path: PathBuf, problems: BadKeymap },
}

/// The keys that the file in `folder` asks for; the shipped ones where there is no such file.
pub fn keymap(folder: Option<&Path>) -> Result<Keymap, SettingsError> {
    let Some(path) = folder.map(|folder| folder.join(NAME)) else { return Ok(Keymap::default()) };
    let text = match read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Keymap::default()),
        Err(error) => return Err(SettingsError::Unread { path, error }),
    };
    Keymap::from_toml(&text).map_err(|problems| SettingsError::Invalid { path, problems })
}

fn read(path: &Path) -> io::Result<String> {
    // A FIFO or a device would be waited for without end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_means_the_shipped_keys_and_a_bad_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(keymap(Some(folder.path())).unwrap(), Keymap::default());
        std::fs::write(folder.path().join(NAME), "[keys]\nquit = []").unwrap();
        let error = keymap(Some(folder.path())).unwrap_err().to_string();
        assert!(error.contains(NAME) && error.contains("quit has no key"), "{error}");
        std::fs::remove_file(folder.path().join(NAME)).unwrap();
        std::fs::create_dir(folder.path().join(NAME)).unwrap();
        assert!(matches!(keymap(Some(folder.path())), Err(SettingsError::Unread { .. })));
    }
}
