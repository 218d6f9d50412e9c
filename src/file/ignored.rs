//! What `.gitignore` files say about the names beneath a root. They are read like every file, beneath the root alone, and
//! what they hold is shown to nobody.

use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::open::{Found, open};
use super::place::Place;
use super::root::Root;

const NAME: &str = ".gitignore";
/// Bytes of the rules of one walk together; what is over it is not obeyed.
const MAX_BYTES: u64 = 256 << 10;

/// The rules that hold in a folder: its own, and those of the folders above it up to the root.
pub(super) struct Ignored<'a> {
    root: &'a Root,
    /// Outermost first; None for a folder without rules.
    folders: Vec<Option<Gitignore>>,
    bytes_left: u64,
}

impl<'a> Ignored<'a> {
    /// The rules of the folders above `place`, which is free of symlinks.
    pub fn above(place: &Place<'a>) -> Self {
        let mut ignored = Self { root: place.root, folders: Vec::new(), bytes_left: MAX_BYTES };
        let mut above: Vec<_> = seen_from_root(&place.relative).ancestors().skip(1).map(Path::to_owned).collect();
        above.reverse();
        above.iter().for_each(|folder| ignored.enter(folder));
        ignored
    }

    /// Adds the rules of `folder`, seen from the root.
    pub fn enter(&mut self, folder: &Path) {
        let rules = self.read(&folder.join(NAME)).map(|text| parse(seen_from_root(folder), &text));
        self.folders.push(rules.filter(|rules| !rules.is_empty()));
    }

    /// Drops the rules of the folder that was entered last.
    pub fn leave(&mut self) {
        self.folders.pop();
    }

    /// Whether `path`, seen from the root, is ignored. The innermost rules decide.
    pub fn has(&self, path: &Path, is_folder: bool) -> bool {
        let path = seen_from_root(path);
        let verdicts = self.folders.iter().rev().flatten().map(|rules| rules.matched(path, is_folder));
        verdicts.into_iter().find(|verdict| !verdict.is_none()).is_some_and(|verdict| verdict.is_ignore())
    }

    fn read(&mut self, path: &Path) -> Option<String> {
        let Ok(Found::File(opened)) = open(Place::beneath(self.root, path)) else { return None };
        let bytes = opened.bytes(self.bytes_left).ok()?;
        self.bytes_left -= bytes.len() as u64;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn parse(folder: &Path, text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.lines() {
        // A line that git would not understand either says nothing.
        let _ = builder.add_line(None::<PathBuf>, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// The path without the `.` that the root itself is.
fn seen_from_root(path: &Path) -> &Path {
    path.strip_prefix(".").unwrap_or(path)
}
