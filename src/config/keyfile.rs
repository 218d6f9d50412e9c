//! The user's `keys.toml`: keys that stand in a file which nobody else can read, each under its provider's name. A file
//! that is anything else is refused, and none is waited for.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use toml::de::{DeTable, DeValue};

use super::error::{Error, Place, Problem};
use super::value::show_size;
use crate::secret::Secret;
use crate::text::nearest::nearest;

/// A larger file is refused: a key is a line.
const MAX_KEY_FILE: u64 = 64 << 10;
/// What others may do with a file that is the owner's alone.
const OTHERS: u32 = 0o077;

/// The keys of one file, as they stand there.
#[derive(Default)]
pub struct KeyFile {
    path: PathBuf,
    keys: Vec<Written>,
}

/// One key and where it stands.
pub struct Written {
    pub provider: String,
    pub key: Secret,
    pub place: Place,
}

impl KeyFile {
    /// Reads the file where there is one. `known` are the names under which a key can stand. What is wrong with it is
    /// added to `errors`, and holds nothing of what stands in it.
    pub fn read(path: Option<PathBuf>, known: &[&str], errors: &mut Vec<Error>) -> Self {
        let Some(path) = path else { return Self::default() };
        match text(&path) {
            Ok(None) => Self { path, keys: Vec::new() },
            Ok(Some(text)) => Self { keys: keys(&path, &text, known, errors), path },
            Err(problem) => {
                errors.push(Error { place: Place::File(path), key: None, problem });
                Self::default()
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key that stands under this name.
    pub fn find(&self, provider: &str) -> Option<&Written> {
        self.keys.iter().find(|written| written.provider == provider)
    }
}

/// None where there is no such file.
fn text(path: &Path) -> Result<Option<String>, Problem> {
    // A link is not followed, and a pipe without a writer does not hold up the start.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let unreadable = |error: std::io::Error| Problem::Unreadable(error.to_string());
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(_) if path.symlink_metadata().is_ok_and(|data| !data.is_file()) => return Err(Problem::NoPlainKeyFile),
        Err(error) => return Err(unreadable(error)),
    };
    let data = file.metadata().map_err(unreadable)?;
    if !data.is_file() {
        return Err(Problem::NoPlainKeyFile);
    }
    if data.uid() != rustix::process::geteuid().as_raw() {
        return Err(Problem::ForeignKeyFile);
    }
    if data.mode() & OTHERS != 0 {
        return Err(Problem::OpenKeyFile(data.mode() & 0o777));
    }
    let mut bytes = Vec::new();
    file.take(MAX_KEY_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_KEY_FILE {
        return Err(Problem::TooLarge(show_size(MAX_KEY_FILE)));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| Problem::NotUnicode)
}

fn keys(path: &Path, text: &str, known: &[&str], errors: &mut Vec<Error>) -> Vec<Written> {
    let (table, broken) = DeTable::parse_recoverable(text);
    let place = |start: usize| {
        let before = text.get(..start).unwrap_or(text);
        let line_begin = before.rfind('\n').map_or(0, |at| at + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[line_begin..].chars().count() + 1);
        Place::Line { path: path.to_owned(), line, column }
    };
    let mut refuse = |start: usize, problem| errors.push(Error { place: place(start), key: None, problem });
    if !broken.is_empty() {
        // What the parser has to say of it might quote a key.
        broken.iter().for_each(|error| refuse(error.span().map_or(0, |span| span.start), Problem::KeyFileSyntax));
        return Vec::new();
    }
    let mut keys = Vec::new();
    for (name, value) in table.get_ref() {
        let provider: &str = name.get_ref();
        match value.get_ref() {
            _ if !known.contains(&provider) => {
                let nearest = nearest(provider, known.iter().copied()).map(str::to_owned);
                refuse(name.span().start, Problem::Unknown { what: "provider", nearest });
            }
            DeValue::String(key) => keys.push(Written {
                provider: provider.to_owned(),
                key: Secret::new(key.trim()),
                place: place(value.span().start),
            }),
            _ => refuse(value.span().start, Problem::KeyFileSyntax),
        }
    }
    keys
}
