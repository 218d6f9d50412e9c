//! The files of a consultation: those that the call names and those that earlier turns brought, each once and as it is on
//! the disk now; or only that they are there. Blocking work is done where it holds up nobody.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Quoted;
use super::prompt::withheld;
use crate::budget::{Budget, Part};
use crate::config;
use crate::file::embed::{Boundary, Embedded, Quote, embed};
use crate::file::read::{self, Reader, Reference, gather, survey};
use crate::file::{Digest, Roots, TextFile, change};
use crate::secret::Redactor;
use crate::thread::turn::{RefusedFile, Shown};
use crate::thread::{Thread, history};
use crate::tools::Call;
use crate::tools::error::ToolError;

/// What a model was shown of files, and what it was not.
#[derive(Debug, Default)]
pub(super) struct Sources {
    /// The paths of the files that it was shown.
    pub files: Vec<Arc<str>>,
    pub shown: Vec<Shown>,
    pub refused: Vec<RefusedFile>,
    /// Where secrets were taken out, in words: `/p/a.rs: 1 private key`.
    pub withheld: Vec<String>,
}

/// The files that a step names, of which nothing was read.
#[derive(Debug, Default)]
pub struct References {
    pub files: Vec<Reference>,
    pub refused: Vec<RefusedFile>,
}

/// Finds the files that `paths` name and reads none: for a step in which no model reads them.
pub async fn references(call: &Call, paths: &[String]) -> Result<References, ToolError> {
    if paths.is_empty() {
        return Ok(References::default());
    }
    let (roots, limits, paths) = (call.roots.clone(), call.settings.files.clone(), paths.to_vec());
    off_the_runtime(move || References::find(&roots, &paths, &limits)).await
}

/// Runs blocking work where it holds up nobody.
pub(super) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ToolError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ToolError::Internal(error.to_string()))
}

impl References {
    pub(super) fn find(roots: &Roots, paths: &[String], limits: &config::Files) -> Self {
        let read::Surveyed { files, refused } = survey(roots, paths, limits, Reader::Zen);
        Self { files, refused: refused.into_iter().map(RefusedFile::from).collect() }
    }

    /// A line for each file: its path, its size, and its lines where they are known.
    pub fn lines(&self) -> String {
        self.files.iter().map(|file| format!("- {file}\n")).collect()
    }
}

impl From<(String, crate::file::Refusal)> for RefusedFile {
    fn from((path, refusal): (String, crate::file::Refusal)) -> Self {
        Self { path, reason: refusal.to_string() }
    }
}

/// Files that were read for a model, not yet chosen from.
#[derive(Default)]
pub(super) struct Gathered {
    /// The most important first: those of this call, then those of the newest turn, back to the first.
    files: Vec<TextFile>,
    /// How many of the first are no files.
    quoted: usize,
    refused: Vec<RefusedFile>,
    withheld: Vec<String>,
}

impl Gathered {
    /// Reads what `paths` name and what the thread brought.
    pub fn read(roots: &Roots, paths: &[String], thread: Option<&Thread>, limits: &config::Files) -> Self {
        let mut wanted = paths.to_vec();
        let mut known: HashSet<String> = wanted.iter().cloned().collect();
        for path in thread.into_iter().flat_map(|thread| thread.turns.iter().rev()).flat_map(|turn| &turn.files) {
            if known.insert(path.to_string()) {
                wanted.push(path.to_string());
            }
        }
        let read::Gathered { files, refused } = gather(roots, &wanted, limits);
        let withheld = files.iter().filter_map(withheld).collect();
        Self { refused: refused.into_iter().map(RefusedFile::from).collect(), files, quoted: 0, withheld }
    }

    /// Puts these texts before the files, without secrets.
    pub fn quote(&mut self, texts: Vec<Quoted>, redactor: &Redactor) {
        let files = texts.into_iter().map(|Quoted { name, text }| {
            let cleaned = redactor.clean(&text);
            TextFile {
                path: name.into(),
                modified: None,
                digest: Digest::of(&cleaned.text),
                withheld: cleaned.withheld.into(),
                text: cleaned.text.into(),
            }
        });
        let quoted: Vec<TextFile> = files.collect();
        self.quoted = quoted.len();
        self.withheld.extend(quoted.iter().filter_map(withheld));
        self.files.splice(..0, quoted);
    }

    /// Chooses what the budget has room for, in the order in which the files came to the thread; what changed since a
    /// model saw it is marked.
    pub fn embed(self, roots: &Roots, thread: Option<&Thread>, seed: &str, budget: &mut Budget) -> (String, Sources) {
        let known: Vec<Arc<str>> = thread.map(history::files).unwrap_or_default();
        let places: HashMap<&str, usize> = known.iter().enumerate().map(|(place, path)| (&**path, place)).collect();
        let paths: Vec<_> = self.files.iter().map(|file| file.path.to_string_lossy()).collect();
        let quotes: Vec<Quote<'_>> = self
            .files
            .iter()
            .zip(&paths)
            .enumerate()
            .map(|(index, (file, path))| {
                let place = places.get(&**path).copied();
                let changed = thread.and_then(|thread| history::changed_since(thread, path, file.digest));
                let former = changed.and_then(|(_, digest)| roots.cache().text(digest));
                Quote {
                    file,
                    note: changed.map(|(turn, _)| format!("changed since turn {turn}")),
                    changes: former.and_then(|former| change::note(&former, &file.text)),
                    place: place.unwrap_or(known.len() + index),
                    may_be_cut: place.is_none(),
                }
            })
            .collect();
        let texts: Vec<&str> =
            quotes.iter().flat_map(|quote| [Some(&*quote.file.text), quote.changes.as_deref()]).flatten().collect();
        let boundary = Boundary::for_texts(seed, &texts);
        let Embedded { text, included } = embed(&quotes, &boundary, budget);
        let path = |index: usize| {
            places.get(&*paths[index]).map_or_else(|| (*paths[index]).into(), |place| Arc::clone(&known[*place]))
        };
        let shown = included.iter().filter(|index| **index >= self.quoted).map(|index| {
            let file = &self.files[*index];
            Shown { path: path(*index), digest: file.digest, size: file.text.len() as u64 }
        });
        let shown: Vec<Shown> = shown.collect();
        let files = shown.iter().map(|shown| Arc::clone(&shown.path)).collect();
        (text, Sources { files, shown, refused: self.refused, withheld: self.withheld })
    }
}

impl Sources {
    /// The block that names what is there, as far as the budget has room for it.
    pub fn referred(references: References, budget: &mut Budget) -> (String, Self) {
        let lines = references.lines();
        let text = if lines.is_empty() { lines } else { format!("Files of the project, not shown here:\n{lines}") };
        let refused = references.refused;
        let fits = text.is_empty() || budget.offer(Part::Files, "names of the files", budget.measure(&text));
        (if fits { text } else { String::new() }, Self { refused, ..Self::default() })
    }
}
