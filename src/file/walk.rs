//! The text files in a folder that was named. Finds names only; each is opened and checked like one that was named.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ignored::Ignored;
use super::open::refusal;
use super::place::Place;
use super::refusal::Refusal;
use super::withheld::matches;

/// Folders below the one that was named.
const MAX_DEPTH: usize = 32;
/// Names that are looked at in one walk.
const MAX_NAMES: usize = 100_000;

/// What a walk found, each path seen from the folder that was named.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Sorted, and not more than was asked for.
    pub files: Vec<PathBuf>,
    /// Folders that were not walked, or not to their end.
    pub refused: Vec<(PathBuf, Refusal)>,
    names: usize,
}

/// Walks the folder at `place`, which is free of symlinks, until it has found `max` files. Symlinks are not followed, and
/// what a `.gitignore` beneath the root excludes is not there.
pub(super) fn walk(place: &Place<'_>, max: usize) -> Walked {
    let mut walked = Walked::default();
    walked.descend(place, Path::new(""), &mut Ignored::above(place), max);
    walked
}

impl Walked {
    /// Says whether to go on.
    fn descend(&mut self, place: &Place<'_>, below: &Path, ignored: &mut Ignored<'_>, max: usize) -> bool {
        if below.components().count() > MAX_DEPTH {
            self.refused.push((below.to_owned(), Refusal::TooDeep { max: MAX_DEPTH }));
            return true;
        }
        let folder = place.relative.join(below);
        ignored.enter(&folder);
        let entries = self.entries(&folder, place, ignored);
        let go_on = match entries {
            Ok(entries) => self.take(entries, place, below, ignored, max),
            Err(refusal) => {
                let go_on = !matches!(refusal, Refusal::TooMany { .. });
                self.refused.push((below.to_owned(), refusal));
                go_on
            }
        };
        ignored.leave();
        go_on
    }

    fn take(
        &mut self,
        entries: Vec<(PathBuf, bool)>,
        place: &Place<'_>,
        below: &Path,
        ignored: &mut Ignored<'_>,
        max: usize,
    ) -> bool {
        for (name, is_folder) in entries {
            let path = below.join(&name);
            if is_folder {
                if !self.descend(place, &path, ignored, max) {
                    return false;
                }
            } else if self.files.len() == max {
                self.refused.push((PathBuf::new(), Refusal::TooMany { max }));
                return false;
            } else {
                self.files.push(path);
            }
        }
        true
    }

    /// The folders and text files of a folder, sorted by name.
    fn entries(
        &mut self,
        folder: &Path,
        place: &Place<'_>,
        ignored: &Ignored<'_>,
    ) -> Result<Vec<(PathBuf, bool)>, Refusal> {
        let mut entries = Vec::new();
        for entry in place.root.dir.read_dir(folder).map_err(|error| refusal(&error))? {
            self.names += 1;
            if self.names > MAX_NAMES {
                return Err(Refusal::TooMany { max: MAX_NAMES });
            }
            let entry = entry.map_err(|error| refusal(&error))?;
            let (name, kind) = (entry.file_name(), entry.file_type().map_err(|error| refusal(&error))?);
            let is_wanted = !is_skipped(&name) && (kind.is_dir() || kind.is_file() && is_text(&name));
            if is_wanted && !ignored.has(&folder.join(&name), kind.is_dir()) {
                entries.push((PathBuf::from(name), kind.is_dir()));
            }
        }
        entries.sort();
        Ok(entries)
    }
}

/// Names that hold what was built, fetched or cached, with at most one `*` each. Hidden names are skipped without being
/// listed here.
const SKIPPED: &[&str] = &[
    "__pycache__",
    "venv",
    "env",
    "*.egg-info",
    "wheels",
    "htmlcov",
    "coverage",
    "node_modules",
    "bower_components",
    "build",
    "dist",
    "target",
    "out",
    "*.swp",
    "*.swo",
    "*~",
    "Thumbs.db",
    "_build",
    "site",
    "vendor",
];

/// What a text file's name ends in.
#[rustfmt::skip]
const TEXT: &[&str] = &[
    "py", "js", "ts", "jsx", "tsx", "java", "cpp", "c", "h", "hpp", "cs", "go", "rs", "rb", "php", "swift", "kt", "scala",
    "r", "m", "mm", "sql", "sh", "bash", "zsh", "fish", "ps1", "bat", "cmd", "yml", "yaml", "json", "xml", "toml", "ini",
    "cfg", "conf", "properties", "env", "txt", "md", "rst", "tex", "html", "css", "scss", "sass", "less",
];

fn is_skipped(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with('.') || SKIPPED.iter().any(|pattern| matches(pattern, &name))
}

fn is_text(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| TEXT.contains(&extension.as_str()))
}
