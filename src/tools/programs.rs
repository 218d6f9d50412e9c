//! Where programs of the user's machine are looked for: in the folders of PATH, but for those inside the open roots. What
//! lies in a working directory is not believed, and that a folder of it is in PATH makes no difference.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::config::Environment;
use crate::file::Roots;
use crate::process::{self, Error};

/// The program of this name, or of this absolute path.
pub fn find(name: &str, environment: &Environment, roots: &Roots) -> Result<PathBuf, Error> {
    process::find(name, &path(environment, roots))
}

/// The PATH that is gone by, which a child may be given too.
pub fn path(environment: &Environment, roots: &Roots) -> OsString {
    let folders = std::env::split_paths(environment.raw("PATH").unwrap_or(OsStr::new(""))).filter(|folder| {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        folder.is_absolute() && !roots.contain(folder) && !roots.contain(&real)
    });
    // A folder with a colon in its name cannot have come out of a PATH.
    std::env::join_paths(folders).unwrap_or_default()
}
