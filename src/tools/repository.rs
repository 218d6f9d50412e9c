//! The state of a git repository inside the roots: status, changed files and diffs. It is read by `git` itself, in an
//! environment in which nothing that the repository or the user has configured is run, and it is never written to.

mod closed;

#[cfg(test)]
mod hostile;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::Environment;
use crate::file::folder::folder;
use crate::file::{Refusal, Roots, is_withheld};
use crate::process::{Children, Command, Directory, Error, Limits};
use crate::text::sanitise_line;

/// A repository that git takes longer for is too large to be looked at within a call.
const TIME: Duration = Duration::from_secs(30);
/// Bytes of a list of names.
const MAX_NAMES: usize = 1 << 20;
/// Bytes of git's own words that are kept.
const MAX_WORDS: usize = 4 << 10;
/// Bytes of a diff; a longer one is cut, and says so.
pub const MAX_DIFF: usize = 1 << 20;
/// Characters of a reference.
const MAX_REFERENCE: usize = 256;
/// Files that one diff leaves out by name: each is an argument.
const MAX_LEFT_OUT: usize = 1_000;

/// A repository whose folders all lie inside the roots.
#[derive(Clone, Debug)]
pub struct Repository {
    git: PathBuf,
    root: Directory,
    environment: Vec<(OsString, OsString)>,
    children: Children,
}

/// What stands against what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    /// The index against the last commit: what a commit would take.
    Staged,
    /// The working tree against the index.
    Unstaged,
    /// The working tree, with all that is staged, against this commit, branch or tag.
    Reference(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The branch with how far it is from its upstream, as git says it: `main...origin/main [ahead 1]`.
    pub branch: String,
    pub entries: Vec<Entry>,
    /// There are more than were read.
    pub is_cut: bool,
}

/// One path that is not as it was committed. The letters are git's: `M`, `A`, `D`, `T`, `U`, `?` for untracked, and a blank
/// for as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub staged: char,
    pub unstaged: char,
    /// From the repository's root.
    pub path: String,
}

/// Changes as a unified diff, without the files that hold secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    pub text: String,
    /// Paths from the repository's root, those that are withheld excepted.
    pub files: Vec<String>,
    /// Files that changed and are not shown, because files of their names hold secrets.
    pub withheld: Vec<String>,
    /// The text ends before the changes do.
    pub is_cut: bool,
}

/// Why a repository was not read.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    #[error("{path} {refusal}")]
    Place { path: String, refusal: Refusal },
    #[error("{path} is not in a git repository that can be read ({said}): name a folder of one")]
    NotARepository { path: String, said: String },
    #[error("the repository's {what}, {path}, {refusal}")]
    Elsewhere { what: &'static str, path: String, refusal: Refusal },
    #[error("'{0}' is no commit, branch or tag of this repository: correct compare_to, or leave it out")]
    NoReference(String),
    #[error("the repository configures {0} filters, more than can be switched off one by one")]
    TooManyFilters(usize),
    #[error("more than {MAX_LEFT_OUT} of the changed files hold secrets by their names: commit or ignore them first")]
    TooMuchWithheld,
    #[error("git refused: {0}")]
    Git(String),
    #[error("git: {0}")]
    Child(#[from] Error),
}

impl Repository {
    /// The repository that the folder `path` belongs to. Its working tree and its git folder must lie inside the roots: a
    /// repository can name others as its own. One that belongs to another user of the machine is refused by git.
    pub async fn open(
        path: &str,
        roots: &Roots,
        environment: &Environment,
        children: &Children,
    ) -> Result<Self, RepositoryError> {
        let inside = |what: &'static str, path: &str| {
            folder(roots, path).map_err(|refusal| RepositoryError::Elsewhere { what, path: shown(path), refusal })
        };
        let place = folder(roots, path).map_err(|refusal| RepositoryError::Place { path: shown(path), refusal })?;
        let git = super::programs::find("git", environment, roots)?;
        let mut repository = Self { git, root: place, environment: closed::environment(), children: children.clone() };

        let question =
            ["rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir", "--git-common-dir"];
        let found = repository.ask(&question, MAX_NAMES).await.map_err(|error| match error {
            RepositoryError::Git(said) => RepositoryError::NotARepository { path: shown(path), said },
            other => other,
        })?;
        let found = String::from_utf8_lossy(&found.bytes).into_owned();
        let mut lines = found.lines();
        let (tree, own, common) = (lines.next(), lines.next(), lines.next());
        let (Some(tree), Some(own), Some(common)) = (tree, own, common) else {
            return Err(RepositoryError::NotARepository {
                path: shown(path),
                said: "it has no working tree".to_owned(),
            });
        };
        repository.root = inside("working tree", tree)?;
        let (own, common) = (inside("git folder", own)?, inside("shared git folder", common)?);
        closed::settle(&mut repository.environment, own.path(), common.path());
        let names = repository.ask(&["config", "--list", "--name-only", "-z"], MAX_NAMES).await?;
        closed::switch_off(&mut repository.environment, &names.texts()).map_err(RepositoryError::TooManyFilters)?;
        Ok(repository)
    }

    /// The root of the working tree, every symlink resolved.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// What is staged, changed and untracked. Files that hold secrets are named here and nothing of them is shown.
    pub async fn status(&self) -> Result<Status, RepositoryError> {
        let question = [
            "status",
            "--porcelain=v1",
            "-z",
            "--branch",
            "--no-renames",
            "--ignore-submodules=all",
            "--untracked-files=normal",
        ];
        let said = self.ask(&question, MAX_NAMES).await?;
        let mut status = Status { is_cut: said.is_cut, ..Status::default() };
        for entry in said.texts() {
            let mut letters = entry.chars();
            match (letters.next(), letters.next(), letters.next()) {
                (Some('#'), Some('#'), Some(' ')) => status.branch = letters.collect(),
                (Some(staged), Some(unstaged), Some(' ')) => {
                    status.entries.push(Entry { staged, unstaged, path: letters.collect() });
                }
                _ => {}
            }
        }
        Ok(status)
    }

    /// The changes, in at most `max` bytes of text.
    pub async fn diff(&self, against: &Against, max: usize) -> Result<Diff, RepositoryError> {
        let commit;
        let against = match against {
            Against::Staged => Some("--cached"),
            Against::Unstaged => None,
            Against::Reference(reference) => {
                commit = self.commit(reference).await?;
                Some(commit.as_str())
            }
        };
        let mut question = vec!["diff", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all", "--no-color"];
        question.extend(against);
        let names =
            self.ask(&[&question[..], &["--name-only", "--no-renames", "-z", "--"]].concat(), MAX_NAMES).await?;
        let (withheld, files): (Vec<_>, Vec<_>) =
            names.texts().into_iter().partition(|path| is_withheld(&self.root().join(path)));
        if withheld.len() > MAX_LEFT_OUT || (names.is_cut && !withheld.is_empty()) {
            return Err(RepositoryError::TooMuchWithheld);
        }
        let left_out: Vec<String> = withheld.iter().map(|path| format!(":(top,exclude,literal){path}")).collect();
        question.extend(["--src-prefix=a/", "--dst-prefix=b/", "--no-relative", "--", ":/"]);
        question.extend(left_out.iter().map(String::as_str));
        let said = self.ask(&question, max).await?;
        Ok(Diff { text: said.lines(), is_cut: said.is_cut || names.is_cut, files, withheld })
    }

    /// The hash of the commit that `reference` means. What follows is asked by the hash alone.
    async fn commit(&self, reference: &str) -> Result<String, RepositoryError> {
        let unknown = || RepositoryError::NoReference(shown(reference));
        if !is_reference(reference) {
            return Err(unknown());
        }
        let wanted = format!("{reference}^{{commit}}");
        let question = ["rev-parse", "--verify", "--quiet", "--end-of-options", wanted.as_str()];
        let said = self.ask(&question, MAX_WORDS).await.map_err(|error| match error {
            RepositoryError::Git(_) => unknown(),
            other => other,
        })?;
        let hash = String::from_utf8_lossy(&said.bytes).trim().to_owned();
        let is_hash = !hash.is_empty() && hash.chars().all(|digit| digit.is_ascii_hexdigit());
        if is_hash { Ok(hash) } else { Err(unknown()) }
    }

    /// What git answers, which is cut where it would be longer.
    async fn ask(&self, question: &[&str], max: usize) -> Result<Said, RepositoryError> {
        let limits = Limits { time: TIME, stdout: max, stderr: MAX_WORDS };
        let mut command = Command::new(self.git.clone(), limits);
        command.arguments = std::iter::once("--no-pager").chain(question.iter().copied()).map(Into::into).collect();
        command.environment.clone_from(&self.environment);
        command.directory = Some(self.root.clone());
        match self.children.run(command, None).await {
            Ok(output) if output.is_success() => Ok(Said { bytes: output.stdout, is_cut: false }),
            Ok(output) => Err(RepositoryError::Git(complaint(&output.stderr))),
            Err(Error::TooMuchOutput { output, .. }) => Ok(Said { bytes: output.stdout, is_cut: true }),
            Err(error) => Err(error.into()),
        }
    }
}

struct Said {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Said {
    /// The texts that end in NUL. A cut one is left out.
    fn texts(&self) -> Vec<String> {
        let mut texts: Vec<&[u8]> = self.bytes.split(|byte| *byte == 0).collect();
        // What stands behind the last NUL is nothing, or was cut.
        texts.pop();
        texts.into_iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    /// Whole lines.
    fn lines(&self) -> String {
        let end = if self.is_cut {
            self.bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
        } else {
            self.bytes.len()
        };
        String::from_utf8_lossy(&self.bytes[..end]).into_owned()
    }
}

/// A name as git allows it, with `~3`, `^`, `@{1}`: no option, no path of a file, no range.
fn is_reference(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "._/-~^@{}+#".contains(c);
    !text.is_empty()
        && text.len() <= MAX_REFERENCE
        && !text.starts_with('-')
        && !text.contains("..")
        && text.chars().all(fits)
}

/// The first line of git's words, without what could steer a terminal.
fn complaint(stderr: &[u8]) -> String {
    let words = String::from_utf8_lossy(stderr);
    let line = words.lines().find(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    shown(line.trim_start_matches("fatal: "))
}

fn shown(text: &str) -> String {
    sanitise_line(text).chars().take(300).collect()
}
