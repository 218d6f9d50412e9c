//! A message to a model, being written: its text with the files that it names, and the model it is for.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::list::List;
use super::models::Standing;
use super::source::SourceView;
use crate::id::ThreadId;
use crate::text::terms::contains;
use crate::tui::SourceId;

/// What a model is called that zen chooses itself.
pub const AUTO: &str = "auto";
/// Files that were offered and may be named in the text.
const MAX_KNOWN: usize = 1_000;

#[derive(Clone, Debug)]
pub struct Compose {
    pub source: SourceId,
    /// None: it opens a thread.
    pub thread: Option<ThreadId>,
    pub text: Draft,
    /// The keys go to the choice of a model.
    pub choosing: bool,
    pub picker: Picker,
    pub paths: Paths,
}

/// The models that can be asked: those that answer first, each kind by its score.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    all: Vec<Pick>,
    pub wanted: Draft,
    pub list: List,
    /// The one that is chosen; None: the thread's, else zen's choice.
    pub chosen: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    pub name: String,
    pub says: String,
    pub standing: Standing,
}

/// The completion of a path behind an `@`.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The beginning that offers are waited for.
    asked: Option<String>,
    /// The beginning that the offers are for.
    so_far: Option<String>,
    pub offered: Vec<String>,
    pub at: usize,
    /// All files that were offered: what the text may name.
    known: BTreeSet<String>,
}

impl Compose {
    pub fn new(source: &SourceView, thread: Option<ThreadId>) -> Self {
        Self {
            source: source.id,
            thread,
            text: Draft::lines(""),
            choosing: false,
            picker: Picker::of(source),
            paths: Paths::default(),
        }
    }

    /// The beginning of a path that stands before the cursor, behind its `@`.
    pub fn so_far(&self) -> Option<&str> {
        let word = self.text.before_cursor().rsplit(char::is_whitespace).next()?;
        word.strip_prefix('@')
    }

    /// The beginning that is to be completed now. Says so once.
    pub fn ask_path(&mut self) -> Option<String> {
        let so_far = self.so_far().map(str::to_owned);
        match so_far {
            Some(so_far) if self.paths.so_far.as_ref() != Some(&so_far) => {
                let free = self.paths.asked.is_none();
                free.then(|| self.paths.asked = Some(so_far.clone()));
                free.then_some(so_far)
            }
            Some(_) => None,
            None => {
                (self.paths.so_far, self.paths.at) = (None, 0);
                self.paths.offered.clear();
                None
            }
        }
    }

    /// Takes what completes the beginning that was asked for. `folder` is where the process works: paths in it are
    /// written without it.
    pub fn take_paths(&mut self, offered: Vec<String>, folder: &str) {
        self.paths.so_far = self.paths.asked.take();
        self.paths.at = 0;
        let short = |path: String| match path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')) {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => path,
        };
        self.paths.offered = offered.into_iter().map(short).collect();
        for path in self.paths.offered.iter().filter(|path| !path.ends_with('/')) {
            if self.paths.known.len() < MAX_KNOWN {
                self.paths.known.insert(path.clone());
            }
        }
    }

    /// Puts the chosen offer in the place of what is written of it; false: there is none to put.
    pub fn complete(&mut self) -> bool {
        // Offers for what stood there before are none for what stands there now.
        let so_far = self.so_far().filter(|so_far| self.paths.so_far.as_deref() == Some(*so_far));
        let Some(so_far) = so_far.map(str::len) else { return false };
        let Some(path) = self.paths.offered.get(self.paths.at).cloned() else { return false };
        let end = if path.ends_with('/') { "" } else { " " };
        self.text.replace_before(so_far, &format!("{path}{end}"));
        true
    }

    /// The files that the text names, absolute.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let words = self.text.text().split_whitespace().filter_map(|word| word.strip_prefix('@'));
        let named = words.filter(|word| self.paths.known.contains(*word));
        let absolute =
            named.map(|path| if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") });
        absolute.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

impl Picker {
    fn of(source: &SourceView) -> Self {
        let mut all: Vec<(Pick, u8)> = source
            .models
            .iter()
            .filter(|model| model.off.is_none())
            .map(|model| {
                let standing = Standing::of(model, source.provider(&model.provider));
                let says = format!("{} · score {}", model.provider, model.score);
                (Pick { name: model.id.to_string(), says, standing }, model.score)
            })
            .collect();
        all.sort_by_key(|(pick, score)| (pick.standing.rank(), std::cmp::Reverse(*score)));
        let auto = Pick { name: AUTO.to_owned(), says: "zen chooses".to_owned(), standing: Standing::Up };
        let all = [auto].into_iter().chain(all.into_iter().map(|(pick, _)| pick)).collect();
        Self { all, ..Self::default() }
    }

    /// Those that fit what is written.
    pub fn found(&self) -> Vec<&Pick> {
        let wanted = self.wanted.text().trim().to_lowercase();
        self.all.iter().filter(|pick| contains(&pick.name, &wanted) || contains(&pick.says, &wanted)).collect()
    }

    /// Chooses the one under the cursor.
    pub fn choose(&mut self) {
        let name = self.found().get(self.list.cursor).map(|pick| pick.name.clone());
        self.chosen = name.or(self.chosen.take());
    }
}
