//! The folders whose files may be read, each opened once and held open. Which folders these are is the user's word alone
//! or, without it, the working directory where that is fit. It reads no file.

use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use super::cache::Cache;
use super::open::{Found, open_named};
use super::place::Named;
use crate::config;
use crate::secret::Redactor;

/// The open roots. Cheap to clone; all clones are the same open folders and share what was read.
#[derive(Clone, Debug)]
pub struct Roots {
    inner: Arc<Inner>,
    /// Takes secrets out of what is read.
    pub(super) redactor: Redactor,
    /// A folder inside a root, from which relative paths are taken; None: there are none.
    base: Option<PathBuf>,
}

#[derive(Debug)]
struct Inner {
    roots: Vec<Root>,
    home: Option<PathBuf>,
    none_open: Option<Arc<str>>,
    cache: Arc<Cache>,
}

/// One open folder, with the two spellings under which paths may name it.
#[derive(Debug)]
pub(super) struct Root {
    /// As the user or the working directory spells it.
    pub given: PathBuf,
    /// With every symlink resolved, such as `/private/tmp/x` for `/tmp/x`.
    pub real: PathBuf,
    pub dir: Dir,
}

/// Configured roots that could not be opened, all of them.
#[derive(Debug)]
pub struct RootError {
    pub failed: Vec<(PathBuf, io::Error)>,
}

impl Roots {
    /// Opens the configured roots or, where none is configured, the working directory if it is a fit root. A root that
    /// is not absolute is taken from the working directory; one that starts with `~` from `home`.
    ///
    /// # Errors
    /// If a configured root is no folder that can be opened. An unfit working directory is no error: then no root is
    /// open, and [`Roots::none_open_reason`] says why.
    pub fn open(section: &config::Files, working_directory: &Path, home: Option<&Path>) -> Result<Self, RootError> {
        let (roots, none_open) = if section.roots.is_empty() {
            match default_root(working_directory, home) {
                Ok(root) => (vec![root], None),
                Err(reason) => (Vec::new(), Some(reason.into())),
            }
        } else {
            (configured_roots(&section.roots, working_directory, home)?, None)
        };
        let cache = Arc::new(Cache::new(section.cache));
        let inner = Inner { roots, home: home.map(Path::to_owned), none_open, cache };
        Ok(Self { inner: Arc::new(inner), redactor: Redactor::default(), base: None })
    }

    /// The same roots, from which no secret comes that `redactor` knows.
    pub fn guarded_by(self, redactor: Redactor) -> Self {
        Self { redactor, ..self }
    }

    /// The same roots, with relative paths taken from `folder`, if that is a folder inside of a root. It opens nothing:
    /// a call's working directory is the caller's word. Blocking.
    pub fn based_at(&self, folder: &str) -> Self {
        let found = Named::parse(self, folder).and_then(|named| Ok((open_named(self, &named)?, named)));
        let base = match found {
            Ok((Found::Folder { .. }, named)) => Some(named.path),
            _ => None,
        };
        Self { base, ..self.clone() }
    }

    /// What was read, and is not read again while it stays as it is.
    pub fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    /// The open roots as the user spells them.
    pub fn list(&self) -> impl Iterator<Item = &Path> {
        self.inner.roots.iter().map(|root| root.given.as_path())
    }

    /// Whether `path`, by its text, lies in an open root.
    pub fn contain(&self, path: &Path) -> bool {
        self.all().iter().any(|root| path.starts_with(&root.given) || path.starts_with(&root.real))
    }

    /// Why no root is open and how to open one; `None` if one is.
    pub fn none_open_reason(&self) -> Option<&str> {
        self.inner.none_open.as_deref()
    }

    /// The roots of a call for which a person opened `folder`, where none is open. It must be as fit as a working
    /// directory.
    ///
    /// # Errors
    /// Why it is no root: it cannot be opened, is one that must be named in the configuration, or there is another.
    pub fn with(&self, folder: &Path) -> Result<Self, String> {
        let root = default_root(folder, self.inner.home.as_deref())?;
        if self.inner.roots.is_empty() {
            let (home, cache) = (self.inner.home.clone(), Arc::clone(&self.inner.cache));
            let inner = Inner { roots: vec![root], home, none_open: None, cache };
            return Ok(Self { inner: Arc::new(inner), ..self.clone() });
        }
        Err("a folder is open already".to_owned())
    }

    pub(super) fn none_open(&self) -> Option<Arc<str>> {
        self.inner.none_open.clone()
    }

    pub(super) fn all(&self) -> &[Root] {
        &self.inner.roots
    }

    /// `path` with a leading `~` replaced by the home folder, where that is known, and from the base on, where it is
    /// relative and there is one.
    pub(super) fn absolute(&self, path: &str) -> PathBuf {
        let path = expand_home(Path::new(path), self.inner.home.as_deref());
        match &self.base {
            Some(base) if !path.as_os_str().is_empty() => base.join(path),
            _ => path,
        }
    }
}

impl fmt::Display for RootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these folders of `--root` or `[files] roots` cannot be opened:")?;
        for (path, error) in &self.failed {
            write!(f, "\n  {}: {error}", path.display())?;
        }
        f.write_str("\ncreate them, or correct or remove their names")
    }
}

impl std::error::Error for RootError {}

fn configured_roots(paths: &[PathBuf], base: &Path, home: Option<&Path>) -> Result<Vec<Root>, RootError> {
    let mut roots = Vec::new();
    let mut failed = Vec::new();
    for path in paths {
        let path = base.join(expand_home(path, home));
        match open_root(&path) {
            Ok(root) => roots.push(root),
            Err(error) => failed.push((path, error)),
        }
    }
    if failed.is_empty() { Ok(roots) } else { Err(RootError { failed }) }
}

fn default_root(path: &Path, home: Option<&Path>) -> Result<Root, String> {
    let root = open_root(path).map_err(|error| none_open(path, &format!("cannot be opened ({error})")))?;
    let real_home = home.and_then(|home| home.canonicalize().ok());
    for spelling in [&root.given, &root.real] {
        for home in [home, real_home.as_deref()] {
            if let Some(why) = unfit(spelling, home) {
                return Err(none_open(path, why));
            }
        }
    }
    Ok(root)
}

fn none_open(path: &Path, why: &str) -> String {
    format!(
        "no folder is open to zen: its working directory, {}, {why}. Open the project's folder with `--root DIR` or \
         `[files] roots` in config.toml",
        path.display()
    )
}

fn open_root(path: &Path) -> io::Result<Root> {
    let real = path.canonicalize()?;
    let dir = Dir::open_ambient_dir(&real, ambient_authority())?;
    Ok(Root { given: lexical(path), real, dir })
}

/// Folders that are never a default root, nor is anything inside of them.
const SYSTEM_FOLDERS: &[&str] = &[
    "/etc",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/var",
    "/boot",
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/snap",
    "/nix",
    "/gnu",
    "/lost+found",
    "/System",
    "/Library",
    "/Applications",
    "/cores",
    "/private/etc",
    "/private/var",
    "/mnt/c/Windows",
    "/mnt/c/Program Files",
    "/mnt/c/Program Files (x86)",
    "/mnt/c/ProgramData",
];

/// Folders inside of system folders in which people work.
const WORK_FOLDERS: &[&str] =
    &["/var/folders", "/private/var/folders", "/var/tmp", "/private/var/tmp", "/var/home", "/usr/home"];

/// Folders whose children are home folders.
const HOMES: &[&str] = &["/home", "/Users", "/var/home", "/usr/home", "/mnt/c/Users"];

/// Home folders that stand alone.
const LONE_HOMES: &[&str] = &["/root", "/var/root"];

/// Why this folder is no root unless the user names it.
fn unfit(path: &Path, home: Option<&Path>) -> Option<&'static str> {
    if path.parent().is_none() {
        return Some("is the whole disk");
    }
    let is = |other: &str| beneath(path, Path::new(other)) == Some(0);
    let inside = |other: &str| beneath(path, Path::new(other)).is_some();
    if home.is_some_and(|home| beneath(home, path) == Some(0)) || LONE_HOMES.iter().any(|home| is(home)) {
        return Some("is a home folder");
    }
    if HOMES.iter().any(|homes| beneath(path, Path::new(homes)) == Some(1)) {
        return Some("is a home folder");
    }
    if home.is_some_and(|home| beneath(home, path).is_some()) || HOMES.iter().any(|homes| is(homes)) {
        return Some("holds home folders");
    }
    let system = SYSTEM_FOLDERS.iter().any(|folder| inside(folder));
    (system && !WORK_FOLDERS.iter().any(|folder| inside(folder))).then_some("is a system folder")
}

/// How many names `path` lies below `folder`; `None` if it does not. Letter case does not matter, because on some file
/// systems it does not.
fn beneath(path: &Path, folder: &Path) -> Option<usize> {
    let mut names = path.components();
    for expected in folder.components() {
        if !names.next()?.as_os_str().eq_ignore_ascii_case(expected.as_os_str()) {
            return None;
        }
    }
    Some(names.count())
}

/// `path` without `.`, `..` and doubled slashes, by its text alone.
pub(super) fn lexical(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut done, component| {
        match component {
            Component::ParentDir => {
                done.pop();
            }
            Component::CurDir => {}
            other => done.push(other),
        }
        done
    })
}

fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(roots: &[&Path]) -> config::Files {
        config::Files { roots: roots.iter().map(|root| root.to_path_buf()).collect(), ..config::Files::default() }
    }

    #[test]
    fn the_working_directory_is_the_default_root() {
        let folder = tempfile::tempdir().unwrap();
        let roots = Roots::open(&files(&[]), folder.path(), None).unwrap();
        assert_eq!(roots.list().collect::<Vec<_>>(), [folder.path()]);
        assert_eq!(roots.none_open_reason(), None);
    }

    #[test]
    fn an_unfit_working_directory_opens_no_root_and_says_how_to_open_one() {
        let folder = tempfile::tempdir().unwrap();
        for (path, home) in [("/", None), ("/etc", None), (folder.path().to_str().unwrap(), Some(folder.path()))] {
            let roots = Roots::open(&files(&[]), Path::new(path), home).unwrap();
            assert_eq!(roots.list().count(), 0, "{path}");
            let reason = roots.none_open_reason().unwrap();
            assert!(reason.contains("`--root DIR`") && reason.contains("`[files] roots`"), "{reason}");
        }
    }

    #[test]
    fn a_link_to_an_unfit_folder_is_unfit() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/etc", &link).unwrap();
        assert!(Roots::open(&files(&[]), &link, None).unwrap().none_open_reason().unwrap().contains("system folder"));
    }

    #[test]
    fn a_missing_working_directory_opens_no_root() {
        let roots = Roots::open(&files(&[]), Path::new("/no/such/folder"), None).unwrap();
        assert!(roots.none_open_reason().unwrap().contains("cannot be opened"));
    }

    #[test]
    fn disk_homes_and_system_folders_are_unfit() {
        let home = Some(Path::new("/data/people/ann"));
        for path in [
            "/",
            "/home",
            "/home/ann",
            "/Users",
            "/users/ann",
            "/root",
            "/var/home/ann",
            "/data/people/ann",
            "/data/people",
            "/data",
            "/etc",
            "/etc/ssh",
            "/usr",
            "/usr/share/doc",
            "/bin",
            "/sbin",
            "/lib",
            "/lib64",
            "/var",
            "/var/lib/docker",
            "/boot",
            "/dev/shm",
            "/proc/self",
            "/sys",
            "/run/user/1000",
            "/System/Library",
            "/Library",
            "/private/etc",
            "/private/var/db",
            "/mnt/c/Windows/System32",
            "/mnt/c/Users/ann",
        ] {
            assert!(unfit(Path::new(path), home).is_some(), "{path}");
        }
    }

    #[test]
    fn projects_and_temporary_folders_are_fit() {
        let home = Some(Path::new("/data/people/ann"));
        for path in [
            "/home/ann/project",
            "/Users/ann/project",
            "/root/project",
            "/data/people/ann/project",
            "/data/project",
            "/tmp/x",
            "/private/tmp/x",
            "/var/folders/ab/cd/T/x",
            "/private/var/folders/ab/cd/T/x",
            "/var/home/ann/project",
            "/workspace",
            "/srv/project",
            "/opt/project",
            "/etcetera",
            "/mnt/c/Users/ann/project",
        ] {
            assert_eq!(unfit(Path::new(path), home), None, "{path}");
        }
    }

    #[test]
    fn configured_roots_replace_the_default_and_may_be_relative_or_at_home() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        let section = files(&[Path::new("a"), Path::new("~/b")]);
        let roots = Roots::open(&section, folder.path(), Some(folder.path())).unwrap();
        assert_eq!(roots.list().collect::<Vec<_>>(), [folder.path().join("a"), folder.path().join("b")]);
    }

    #[test]
    fn every_root_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let section = files(&[Path::new("missing"), folder.path(), Path::new("file")]);
        let error = Roots::open(&section, folder.path(), None).unwrap_err();
        assert_eq!(error.failed.len(), 2);
        let text = error.to_string();
        assert!(text.contains("missing") && text.contains("file"), "{text}");
    }
}
