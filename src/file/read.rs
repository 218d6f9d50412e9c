//! From the paths that a call names to texts: files as they are, folders by what is in them. What was not read is told
//! with its reason; nothing vanishes. Blocking: for a thread that may wait.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache::{Content, now_nanos};
use super::open::{Found, Identity, Opened, open, open_named};
use super::place::{Named, Place};
use super::refusal::Refusal;
use super::root::Roots;
use super::walk::walk;
use super::{Digest, TextFile};
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

/// A file or folder that is there, of which nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Absolute, as it was first named, or as it was found in a folder that was named.
    pub path: PathBuf,
    /// In bytes; None of a folder.
    pub size: Option<u64>,
    /// Where it is known from an earlier reading.
    pub lines: Option<usize>,
}

impl fmt::Display for Reference {
    /// `/p/a.rs (8 bytes, 2 lines)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match (self.size, self.lines) {
            (None, _) => f.write_str(" (folder)"),
            (Some(size), None) => write!(f, " ({size} bytes)"),
            (Some(size), Some(lines)) => write!(f, " ({size} bytes, {lines} lines)"),
        }
    }
}

/// What became of the paths of a step that only refers to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surveyed {
    pub files: Vec<Reference>,
    pub refused: Vec<(String, Refusal)>,
}

/// Reads the files that `paths` name, and those in the folders that `paths` name.
pub fn gather(roots: &Roots, paths: &[String], limits: &config::Files) -> Gathered {
    let mut gathering = Gathering::new(roots, limits, None);
    gathering.all(paths);
    Gathered { files: gathering.files, refused: gathering.refused }
}

/// Who will read what is only referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// zen, later: the files that [`gather`] would read, with the same refusals as far as a file's name, kind and size tell.
    Zen,
    /// Somebody else, by himself: folders are named, not opened, and sizes are his to mind.
    Another,
}

/// Finds what `paths` name for this reader, and reads nothing.
pub fn survey(roots: &Roots, paths: &[String], limits: &config::Files, reader: Reader) -> Surveyed {
    let mut gathering = Gathering::new(roots, limits, Some(reader));
    gathering.all(paths);
    Surveyed { files: gathering.references, refused: gathering.refused }
}

struct Gathering<'a> {
    roots: &'a Roots,
    limits: &'a config::Files,
    /// For whom files are only referred to; None where they are read.
    refers_for: Option<Reader>,
    seen: HashSet<Identity>,
    bytes: u64,
    files: Vec<TextFile>,
    references: Vec<Reference>,
    refused: Vec<(String, Refusal)>,
}

impl<'a> Gathering<'a> {
    fn new(roots: &'a Roots, limits: &'a config::Files, refers_for: Option<Reader>) -> Self {
        let (files, references, refused) = (Vec::new(), Vec::new(), Vec::new());
        Self { roots, limits, refers_for, seen: HashSet::new(), bytes: 0, files, references, refused }
    }

    fn all(&mut self, paths: &[String]) {
        for path in paths {
            if let Err(refusal) = self.named(path) {
                self.refused.push((path.clone(), refusal));
            }
        }
    }

    fn named(&mut self, spelling: &str) -> Result<(), Refusal> {
        let roots = self.roots;
        let named = Named::parse(roots, spelling)?;
        match open_named(roots, &named)? {
            Found::File(opened) => self.read(named.path, opened),
            Found::Folder { .. } if self.refers_for == Some(Reader::Another) => {
                self.references.push(Reference { path: named.path, size: None, lines: None });
                Ok(())
            }
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
        if self.files.len() + self.references.len() >= self.limits.max_files {
            return Err(Refusal::TooMany { max: self.limits.max_files });
        }
        let (identity, size) = (opened.identity, opened.size);
        if size > self.limits.max_file && self.refers_for != Some(Reader::Another) {
            return Err(Refusal::TooLarge { size, max: self.limits.max_file });
        }
        if self.refers_for.is_some() {
            let lines = self.roots.cache().lines(&opened.real, &opened.stamp);
            self.seen.insert(identity);
            self.references.push(Reference { path, size: Some(size), lines });
            return Ok(());
        }
        if size > MAX_GATHERED - self.bytes {
            return Err(Refusal::TooMuch { max: MAX_GATHERED });
        }
        let modified = opened.modified;
        let content = content(self.roots, opened, self.limits.max_file)?;
        self.bytes = MAX_GATHERED.min(self.bytes + content.text.len() as u64);
        self.seen.insert(identity);
        let (text, withheld) = (Arc::clone(&content.text), Arc::clone(&content.withheld));
        self.files.push(TextFile { path, text, modified, digest: content.digest, withheld });
        Ok(())
    }

    fn refuse(&mut self, folder: &Path, below: &Path, refusal: Refusal) {
        let path = if below.as_os_str().is_empty() { folder.to_owned() } else { folder.join(below) };
        self.refused.push((path.display().to_string(), refusal));
    }
}

/// What an open file holds: read, unless it was read before and is as it was.
fn content(roots: &Roots, opened: Opened, max: u64) -> Result<Arc<Content>, Refusal> {
    let (real, stamp, known) = (opened.real.clone(), opened.stamp, roots.redactor.known());
    if let Some(content) = roots.cache().find(&real, &stamp, known) {
        return Ok(content);
    }
    let now = now_nanos();
    let text = text(opened.bytes(max)?)?;
    let cleaned = roots.redactor.clean(&text);
    let withheld = cleaned.withheld.into();
    let text = match cleaned.text {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => clean.into(),
    };
    let (digest, lines) = (Digest::of(&text), text.lines().count());
    Ok(roots.cache().keep(&real, stamp, Content { text, digest, withheld, lines, known }, now))
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

    #[test]
    fn a_walk_leaves_out_what_gitignore_excludes_and_a_named_file_is_read_all_the_same() {
        let project = Project::new(&[
            (".gitignore", b"*.log.txt\n/secret/\nsub/*.md\n"),
            ("a.rs", b""),
            ("a.log.txt", b""),
            ("secret/a.rs", b""),
            ("sub/secret/a.rs", b""),
            ("sub/b.md", b""),
            ("sub/.gitignore", b"!keep.log.txt\nc.rs\n"),
            ("sub/c.rs", b""),
            ("sub/keep.log.txt", b""),
        ]);
        project.check(&["."], &["a.rs", "sub/keep.log.txt", "sub/secret/a.rs"], &[]);
        project.check(&["sub"], &["sub/keep.log.txt", "sub/secret/a.rs"], &[]);
        project.check(&["sub/c.rs", "secret"], &["sub/c.rs", "secret/a.rs"], &[]);
    }

    #[test]
    fn a_gitignore_that_leads_out_of_the_root_or_makes_no_sense_is_not_obeyed() {
        let project = Project::new(&[
            ("proj/a.rs", b""),
            ("rules", b"*.rs"),
            ("proj/sub/.gitignore", b"[z-a]\n\xff\n{\n"),
            ("proj/sub/b.rs", b""),
        ]);
        std::os::unix::fs::symlink("../rules", project.path("proj/.gitignore")).unwrap();
        let limits = config::Files::default();
        let roots = Roots::open(&limits, Path::new(&project.path("proj")), None).unwrap();
        assert_eq!(gather(&roots, &[project.path("proj")], &limits).files.len(), 2);
    }

    #[test]
    fn an_unchanged_file_is_not_read_again_and_a_changed_one_is() {
        let project = Project::new(&[("a.rs", b"fn a() {}")]);
        let roots = Roots::open(&project.limits, project.folder.path(), None).unwrap();
        let read = || gather(&roots, &[project.path("a.rs")], &project.limits).files.remove(0);
        let first = read();
        // A file that was written a moment ago is read until its times can be trusted.
        while roots.cache().figures().spared == 0 {
            assert_eq!(read(), first);
        }
        let figures = roots.cache().figures();
        assert_eq!(read(), first);
        assert_eq!(roots.cache().figures().read, figures.read);
        fs::write(project.path("a.rs"), "fn b() {}").unwrap();
        let second = read();
        assert_eq!((&*second.text, roots.cache().figures().read), ("fn b() {}", figures.read + 1));
        assert_eq!(roots.cache().text(first.digest).as_deref(), Some("fn a() {}"));
        fs::remove_file(project.path("a.rs")).unwrap();
        assert_eq!(gather(&roots, &[project.path("a.rs")], &project.limits).refused[0].1, Refusal::Missing);
    }

    #[test]
    fn a_survey_names_what_is_there_with_its_size_and_reads_nothing() {
        let project = Project::new(&[("a/a.rs", b"one\ntwo\n"), ("a/.env", b"KEY=1"), ("big.rs", &[b'x'; 2_000])]);
        let roots = Roots::open(&project.limits, project.folder.path(), None).unwrap();
        let paths = ["a", "a/.env", "big.rs", "no.rs"].map(|name| project.path(name));
        let surveyed = survey(&roots, &paths, &project.limits, Reader::Zen);
        assert_eq!(surveyed.files, [Reference { path: project.path("a/a.rs").into(), size: Some(8), lines: None }]);
        let reasons: Vec<_> = surveyed.refused.into_iter().map(|(_, refusal)| refusal).collect();
        assert_eq!(reasons, [Refusal::Secret, Refusal::TooLarge { size: 2_000, max: 1_000 }, Refusal::Missing]);
        assert_eq!(roots.cache().figures().read, 0);
    }

    #[test]
    fn a_relative_path_is_taken_from_a_folder_inside_a_root_and_from_no_other() {
        let project = Project::new(&[("proj/sub/a.rs", b"inside"), ("b.rs", b"outside")]);
        let roots = Roots::open(&project.limits, Path::new(&project.path("proj")), None).unwrap();
        let read = |base: &str, path: &str| {
            let mut gathered = gather(&roots.based_at(&project.path(base)), &[path.to_owned()], &project.limits);
            gathered.refused.pop().map_or(Ok(()), |(_, refusal)| Err(refusal))
        };
        assert_eq!(
            (read("proj", "sub/a.rs"), read("proj/sub", "./a.rs"), read("proj/sub", "../sub/a.rs")),
            (Ok(()), Ok(()), Ok(()))
        );
        assert_eq!(read("proj", "../b.rs"), Err(Refusal::OutsideRoots));
        for no_base in ["", "proj/../..", "proj/sub/a.rs", "proj/no"] {
            assert_eq!(read(no_base, "b.rs"), Err(Refusal::NotAbsolute), "{no_base}");
        }
        assert_eq!(read("proj", ""), Err(Refusal::NotAbsolute));
    }

    #[test]
    fn secrets_are_taken_out_of_what_is_read_and_said() {
        let key = format!("let key = \"ghp_{}\";\n", "a".repeat(36));
        let project = Project::new(&[("a.rs", key.as_bytes()), ("b.rs", b"let canary = \"zen-0123456789\";")]);
        let redactor = crate::secret::Redactor::default();
        let roots = Roots::open(&project.limits, project.folder.path(), None).unwrap().guarded_by(redactor.clone());
        let read = |name: &str| gather(&roots, &[project.path(name)], &project.limits).files.remove(0);
        let file = read("a.rs");
        assert_eq!((&*file.text, &*file.withheld), ("let key = \"[redacted]\";\n", &["GitHub token"][..]));
        assert!(read("b.rs").text.contains("zen-0123456789"));
        redactor.learn(&crate::secret::Secret::new("zen-0123456789"));
        assert_eq!(&*read("b.rs").text, "let canary = \"[redacted]\";", "also where it was kept");
    }
}
