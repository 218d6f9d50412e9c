//! A change of one file: shown line by line, made whole or not at all, the former text kept beside it.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::cli::output::Streams;
use crate::secret::Redactor;
use crate::text::sanitise_line;

/// Of a new file: a client's may hold keys one day, and zen's own are nobody else's business.
const MODE: u32 = 0o600;
/// More lines of a new text than these are counted.
const SHOWN_LINES: usize = 30;
/// Backups beside one file, each under a name of its own.
const MAX_BACKUPS: u32 = 100;

pub struct Change {
    pub path: PathBuf,
    /// Empty where there is no file.
    pub before: String,
    pub after: String,
    /// Its folder is made for its owner alone.
    pub private: bool,
}

/// Why a file was not changed; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    #[error("{} was changed by somebody else meanwhile and is left as it is: run this again", .0.display())]
    Meanwhile(PathBuf),
    #[error("{} cannot be written: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
}

impl Change {
    /// The lines that go and the lines that come. What looks like a key is not shown.
    pub fn show(&self, streams: &mut Streams) -> io::Result<()> {
        let (before, after): (Vec<&str>, Vec<&str>) = (self.before.lines().collect(), self.after.lines().collect());
        let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
        let behind = before[same..].iter().rev().zip(after[same..].iter().rev());
        let same_end = behind.take_while(|(one, other)| one == other).count();
        let (gone, come) = (&before[same..before.len() - same_end], &after[same..after.len() - same_end]);
        let redactor = Redactor::default();
        streams.line(format_args!("  @ line {}", same + 1))?;
        for (mark, lines) in [('-', gone), ('+', come)] {
            for line in lines.iter().take(SHOWN_LINES) {
                let line = redactor.redact(line).into_owned();
                streams.line(format_args!("  {mark} {}", sanitise_line(&line)))?;
            }
            if lines.len() > SHOWN_LINES {
                streams.line(format_args!("  {mark} ... {} more lines", lines.len() - SHOWN_LINES))?;
            }
        }
        Ok(())
    }

    /// Writes the new text in the place of the former one, which is kept; where it is kept comes back. A link stays one.
    pub fn make(&self) -> Result<Option<PathBuf>, NotChanged> {
        let failed = |error| NotChanged::Io { path: self.path.clone(), error };
        let path = match fs::canonicalize(&self.path) {
            Ok(path) => path,
            Err(error) if error.kind() == ErrorKind::NotFound => self.path.clone(),
            Err(error) => return Err(failed(error)),
        };
        let folder = path.parent().unwrap_or(Path::new("/"));
        let mode = if self.private { 0o700 } else { 0o755 };
        DirBuilder::new().recursive(true).mode(mode).create(folder).map_err(failed)?;
        let found = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        if found.as_deref().unwrap_or_default() != self.before {
            return Err(NotChanged::Meanwhile(self.path.clone()));
        }
        let mode = fs::metadata(&path).map_or(MODE, |data| data.permissions().mode() & 0o777);
        let backup = found.map(|text| back_up(&path, &text, mode)).transpose().map_err(failed)?;
        let beside = with_ending(&path, &format!("zen-{}", std::process::id()));
        create(&beside, &self.after, mode).and_then(|()| fs::rename(&beside, &path)).map_err(|error| {
            // What is half written serves nobody.
            let _ = fs::remove_file(&beside);
            failed(error)
        })?;
        Ok(backup)
    }
}

/// Keeps the text under the first name that is free.
fn back_up(path: &Path, text: &str, mode: u32) -> io::Result<PathBuf> {
    for number in 0..MAX_BACKUPS {
        let ending = if number == 0 { "before-zen".to_owned() } else { format!("before-zen.{number}") };
        let backup = with_ending(path, &ending);
        match create(&backup, text, mode) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|()| backup),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "there are too many backups beside it: remove some"))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn create(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
