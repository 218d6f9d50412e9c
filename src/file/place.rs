//! From a spelling to the places in open roots that it may mean. Text decides only which root is asked; whether the place
//! is inside of it is decided by the kernel when it is opened.

use std::path::{Path, PathBuf};

use super::refusal::Refusal;
use super::root::{Root, Roots, lexical};

/// A path that was named, and how to reach it.
#[derive(Debug)]
pub(super) struct Named {
    /// Absolute, as it was named.
    pub path: PathBuf,
}

/// Something beneath a root, which may turn out to lead out of it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub root: &'a Root,
    /// Never empty: the root itself is `.`.
    pub relative: PathBuf,
}

impl Named {
    /// Makes `spelling` absolute and checks that it is a path on which a root can be asked.
    pub fn parse(roots: &Roots, spelling: &str) -> Result<Self, Refusal> {
        if spelling.contains('\0') {
            return Err(Refusal::Malformed);
        }
        let path = roots.absolute(spelling);
        if !path.is_absolute() {
            return Err(Refusal::NotAbsolute);
        }
        match roots.none_open() {
            Some(reason) => Err(Refusal::NoRootOpen(reason)),
            None => Ok(Self { path: path.components().collect() }),
        }
    }

    /// The places this may mean, the likeliest first. A later one is for when an earlier one leads out of its root: as
    /// it is spelled; without its `..`, which may climb out and in again; and with its symlinks resolved, which is how a
    /// path comes in through a link beside the root, or through an absolute link inside of it.
    pub fn places<'a>(&self, roots: &'a Roots) -> impl Iterator<Item = Place<'a>> {
        let plain = lexical(&self.path);
        let first = Place::find(roots, &self.path);
        let second = if plain == self.path { None } else { Place::find(roots, &plain) };
        let third = std::iter::once_with(move || Place::find(roots, &plain.canonicalize().ok()?)).flatten();
        first.into_iter().chain(second).chain(third)
    }
}

impl<'a> Place<'a> {
    /// `path` as seen from the innermost root it is spelled beneath.
    fn find(roots: &'a Roots, path: &Path) -> Option<Self> {
        let spellings = roots.all().iter().flat_map(|root| [(root, &root.given), (root, &root.real)]);
        let (root, relative) = spellings
            .filter_map(|(root, spelling)| Some((root, path.strip_prefix(spelling).ok()?)))
            .min_by_key(|(_, relative)| relative.components().count())?;
        Some(Self::beneath(root, relative))
    }

    pub fn beneath(root: &'a Root, relative: &Path) -> Self {
        let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
        Self { root, relative: relative.to_owned() }
    }
}
