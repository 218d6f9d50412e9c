//! Folders beneath the roots, opened to be worked in. What is opened is what was checked; nothing in it is read here.

use std::path::{Path, PathBuf};

use super::open::{Found, open_named};
use super::place::Named;
use super::refusal::Refusal;
use super::root::Roots;
use crate::process::Directory;

/// Opens the folder that `spelling`, an absolute path, names inside an open root.
///
/// # Errors
/// Where it names a file, nothing, or a place outside of the roots.
pub fn folder(roots: &Roots, spelling: &str) -> Result<Directory, Refusal> {
    match open_named(roots, &Named::parse(roots, spelling)?)? {
        Found::File(_) => Err(Refusal::AFile),
        Found::Folder { place } => {
            let path: PathBuf = place.root.real.join(&place.relative).components().collect();
            let opened = place.root.dir.open_dir(&place.relative).map_err(|error| super::open::refusal(&error))?;
            Ok(Directory::new(opened.into_std_file().into(), path))
        }
    }
}

/// The first open root, where a call names no folder.
pub fn first_root(roots: &Roots) -> Result<Directory, Refusal> {
    match roots.list().next().and_then(Path::to_str) {
        Some(root) => folder(roots, root),
        None => Err(roots.none_open().map_or(Refusal::OutsideRoots, Refusal::NoRootOpen)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Files;

    #[test]
    fn a_folder_is_opened_inside_the_roots_alone() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("root");
        std::fs::create_dir_all(root.join("inner")).unwrap();
        std::fs::write(root.join("file"), "").unwrap();
        std::os::unix::fs::symlink(place.path(), root.join("out")).unwrap();
        let roots = Roots::open(&Files { roots: vec![root.clone()], ..Files::default() }, &root, None).unwrap();
        let named = |name: &str| folder(&roots, root.join(name).to_str().unwrap());
        assert_eq!(named("inner").unwrap().path(), root.canonicalize().unwrap().join("inner"));
        assert_eq!(first_root(&roots).unwrap().path(), root.canonicalize().unwrap());
        assert_eq!(named("file").unwrap_err(), Refusal::AFile);
        assert_eq!(named("missing").unwrap_err(), Refusal::Missing);
        for outside in ["out", "..", "../root/.."] {
            assert_eq!(named(outside).unwrap_err(), Refusal::OutsideRoots, "{outside}");
        }
        assert_eq!(folder(&roots, "inner").unwrap_err(), Refusal::NotAbsolute);
    }
}
