//! From the paths that a call names to texts: files as they are, folders by what is in them. What was not read is told
//! with its reason; nothing vanishes. Blocking: for a thread that may wait.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::TextFile;
use super::open::{Found, Identity, Opened, open, open_named};
use super::place::{Named, Place};
use super::refusal::Refusal;
use super::root::Roots;
use super::walk::walk;
use crate::config;

/// Bytes of all files of one call together: more than the largest window there is can take.
const MAX_GATHERED: u64 = 32 << 20;

/// What became of the paths of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// In the order in which they were named; a folder's files in the order of their names. No file is there twice.
    pub files: Vec<TextFile>,
    /// What was not read, as it was named or found, and why.
    pub refused: Vec<(String, Refusal)>,
}

/// Reads the files that `paths` name, and those in the folders that `paths` name.
pub fn gather(roots: &Roots, paths: &[String], limits: &config::Files) -> Gathered {
    let mut gathering = Gathering { limits, seen: HashSet::new(), bytes: 0, done: Gathered::default() };
    for path in paths {
        if let Err(refusal) = gathering.named(roots, path) {
            gathering.done.refused.push((path.clone(), refusal));
        }
    }
    gathering.done
}

struct Gathering<'a> {
    limits: &'a config::Files,
    seen: HashSet<Identity>,
    bytes: u64,
    done: Gathered,
}

impl Gathering<'_> {
    fn named(&mut self, roots: &Roots, spelling: &str) -> Result<(), Refusal> {
        let named = Named::parse(roots, spelling)?;
        match open_named(roots, &named)? {
            Found::File(opened) => self.read(named.path, opened),
            Found::Folder { place } => self.folder(&named.path, &place),
        }
    }

    fn folder(&mut self, path: &Path, place: &Place<'_>) -> Result<(), Refusal> {
        let walked = walk(place, self.limits.max_files);
        if walked.files.is_empty() && walked.refused.is_empty() {
            return Err(Refusal::NothingInside);
        }
        for below in walked.files {
            if let Err(refusal) = self.found(path, place, &below) {
                self.refuse(path, &below, refusal.clone());
                if matches!(refusal, Refusal::TooMany { .. } | Refusal::TooMuch { .. }) {
                    break;
                }
            }
        }
        for (below, refusal) in walked.refused {
            self.refuse(path, &below, refusal);
        }
        Ok(())
    }

    fn found(&mut self, path: &Path, place: &Place<'_>, below: &Path) -> Result<(), Refusal> {
        match open(Place::beneath(place.root, &place.relative.join(below)))? {
            Found::File(opened) => self.read(path.join(below), opened),
            Found::Folder { .. } => Err(Refusal::Replaced),
        }
    }

    fn read(&mut self, path: PathBuf, opened: Opened) -> Result<(), Refusal> {
        if self.seen.contains(&opened.identity) {
            return Ok(());
        }
        if self.done.files.len() >= self.limits.max_files {
            return Err(Refusal::TooMany { max: self.limits.max_files });
        }
        let (identity, modified) = (opened.identity, opened.modified);
        let room = MAX_GATHERED - self.bytes;
        if opened.size > room && opened.size <= self.limits.max_file {
            return Err(Refusal::TooMuch { max: MAX_GATHERED });
        }
        let text = text(opened.bytes(self.limits.max_file)?)?;
        self.bytes = MAX_GATHERED.min(self.bytes + text.len() as u64);
        self.seen.insert(identity);
        self.done.files.push(TextFile { path, text, modified });
        Ok(())
    }

    fn refuse(&mut self, folder: &Path, below: &Path, refusal: Refusal) {
        let path = if below.as_os_str().is_empty() { folder.to_owned() } else { folder.join(below) };
        self.done.refused.push((path.display().to_string(), refusal));
    }
}

/// The bytes as text, without a byte order mark and with lines that end in LF.
fn text(bytes: Vec<u8>) -> Result<Arc<str>, Refusal> {
    if bytes.contains(&0) {
        return Err(Refusal::Binary);
    }
    let text = String::from_utf8(bytes).map_err(|_| Refusal::Binary)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    struct Project {
        folder: TempDir,
        limits: config::Files,
    }

    impl Project {
        fn new(files: &[(&str, &[u8])]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for (name, bytes) in files {
                let path = folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            Self { folder, limits: config::Files { max_file: 1_000, max_files: 5, ..config::Files::default() } }
        }

        fn path(&self, name: &str) -> String {
            format!("{}/{name}", self.folder.path().display())
        }

        fn gather(&self, names: &[&str]) -> Gathered {
            let roots = Roots::open(&self.limits, self.folder.path(), None).unwrap();
            let paths: Vec<_> = names.iter().map(|name| self.path(name)).collect();
            gather(&roots, &paths, &self.limits)
        }

        /// The names of what was read, and the refusals with the names they are about.
        fn check(&self, names: &[&str], files: &[&str], refused: &[(&str, Refusal)]) {
            let gathered = self.gather(names);
            let strip = |path: &Path| path.strip_prefix(self.folder.path()).unwrap().display().to_string();
            assert_eq!(gathered.files.iter().map(|file| strip(&file.path)).collect::<Vec<_>>(), files);
            let refusals = gathered.refused.iter().map(|(path, refusal)| (strip(Path::new(path)), refusal.clone()));
            let expected = refused.iter().map(|(name, refusal)| (name.to_string(), refusal.clone()));
            assert_eq!(refusals.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        }
    }

    #[test]
    fn each_reason_is_told_apart() {
        let project = Project::new(&[
            ("a.rs", b"fn a() {}"),
            ("zero.bin", b"a\0b"),
            ("latin1.txt", b"caf\xe9"),
            ("huge.txt", &[b'x'; 1_001]),
            (".env", b"KEY=1"),
            ("empty/x.bin", b""),
        ]);
        project.check(
            &["a.rs", "zero.bin", "latin1.txt", "huge.txt", ".env", "empty", "no.rs", "a.rs/b"],
            &["a.rs"],
            &[
                ("zero.bin", Refusal::Binary),
                ("latin1.txt", Refusal::Binary),
                ("huge.txt", Refusal::TooLarge { size: 1_001, max: 1_000 }),
                (".env", Refusal::Secret),
                ("empty", Refusal::NothingInside),
                ("no.rs", Refusal::Missing),
                ("a.rs/b", Refusal::Missing),
            ],
        );
    }

    #[test]
    fn a_text_loses_its_byte_order_mark_and_its_carriage_returns() {
        let project = Project::new(&[("a.txt", b"\xef\xbb\xbfone\r\ntwo\n")]);
        let gathered = project.gather(&["a.txt"]);
        assert_eq!(&*gathered.files[0].text, "one\ntwo\n");
        assert!(gathered.files[0].modified.is_some());
    }

    #[test]
    fn an_empty_file_is_a_file() {
        Project::new(&[("a.txt", b"")]).check(&["a.txt"], &["a.txt"], &[]);
    }

    #[test]
    fn a_file_named_twice_is_read_once_under_its_first_name() {
        let project = Project::new(&[("src/a.rs", b"a"), ("src/b.rs", b"b")]);
        std::os::unix::fs::symlink("src/a.rs", project.path("link.rs")).unwrap();
        project.check(&["link.rs", "src/a.rs", "src//./a.rs", "src", "src"], &["link.rs", "src/b.rs"], &[]);
    }

    #[test]
    fn a_folder_is_walked_in_order_past_what_was_built_or_hidden() {
        let project = Project::new(&[
            ("b.rs", b""),
            ("a/z.py", b""),
            ("a/a.MD", b""),
            ("logo.png", b""),
            ("Makefile", b""),
            (".hidden/x.rs", b""),
            (".x.rs", b""),
            ("target/x.rs", b""),
            ("node_modules/x/y.js", b""),
            ("x.egg-info/y.txt", b""),
            ("z.txt~", b""),
        ]);
        project.check(&["."], &["a/a.MD", "a/z.py", "b.rs"], &[]);
    }

    #[test]
    fn a_skipped_folder_is_walked_when_it_is_named() {
        Project::new(&[("target/x.rs", b""), (".github/ci.yml", b"")]).check(
            &["target", ".github"],
            &["target/x.rs", ".github/ci.yml"],
            &[],
        );
    }

    #[test]
    fn a_walk_says_what_it_withheld_or_could_not_read() {
        let project = Project::new(&[("a/credentials.json", b"{}"), ("a/b.txt", b"\xff"), ("a/c.txt", b"c")]);
        project.check(&["a"], &["a/c.txt"], &[("a/b.txt", Refusal::Binary), ("a/credentials.json", Refusal::Secret)]);
    }

    #[test]
    fn a_walk_follows_no_symlink_and_cannot_loop() {
        let project = Project::new(&[("a/b.rs", b"b")]);
        std::os::unix::fs::symlink("..", project.path("a/up")).unwrap();
        std::os::unix::fs::symlink("b.rs", project.path("a/a.rs")).unwrap();
        project.check(&["a"], &["a/b.rs"], &[]);
    }

    #[test]
    fn a_walk_goes_only_so_deep() {
        let deep = format!("{}x.rs", "d/".repeat(40));
        let below = "d/".repeat(33);
        let project = Project::new(&[(&deep, b""), ("top.rs", b"")]);
        project.check(&["."], &["top.rs"], &[(below.trim_end_matches('/'), Refusal::TooDeep { max: 32 })]);
        project.check(&[&deep], &[&deep], &[]);
    }

    #[test]
    fn files_over_the_limit_are_left_out_with_a_reason() {
        let names: Vec<_> = (0..7).map(|index| format!("a/{index}.rs")).collect();
        let project = Project::new(&names.iter().map(|name| (name.as_str(), &b"x"[..])).collect::<Vec<_>>());
        let first: Vec<_> = names.iter().take(5).map(String::as_str).collect();
        project.check(&["a"], &first, &[("a", Refusal::TooMany { max: 5 })]);
        let all: Vec<_> = names.iter().map(String::as_str).collect();
        let too_many = Refusal::TooMany { max: 5 };
        project.check(&all, &first, &[("a/5.rs", too_many.clone()), ("a/6.rs", too_many)]);
    }

    #[test]
    fn files_of_a_call_together_have_a_limit() {
        let file = vec![b'x'; 20 << 20];
        let mut project = Project::new(&[("a.txt", &file), ("b.txt", &file), ("c.txt", b"c")]);
        project.limits.max_file = 64 << 20;
        project.check(
            &["a.txt", "b.txt", "c.txt"],
            &["a.txt", "c.txt"],
            &[("b.txt", Refusal::TooMuch { max: MAX_GATHERED })],
        );
    }
}
