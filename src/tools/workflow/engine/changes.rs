//! The changes in a git repository as they are when a step is taken: told to the agent by their names, shown to the expert
//! as diffs. That a repository cannot be read ends nothing; it is told, and how the expert can be shown them all the same.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::text::sanitise_line;
use crate::tools::Call;
use crate::tools::consult::Quoted;
use crate::tools::repository::{Against, Diff, MAX_DIFF, Repository, RepositoryError, Status};

/// Names in each list that an agent is told; the others are counted.
const MAX_NAMED: usize = 200;
/// Where git begins with another file. No line of a file can begin so: each has a sign before it.
const NEXT_FILE: &str = "\ndiff --git ";

const SAVE: &str = "Save the whole changeset to zen_precommit.changeset and name its absolute path in relevant_files, so that \
                    the expert sees it; delete it afterwards.";

/// Which changes, of which repository.
pub struct Wanted {
    /// A folder of it.
    pub path: String,
    pub against: Vec<Against>,
}

/// What was read, or why nothing was.
pub struct Changes(Result<Read, String>);

struct Read {
    root: PathBuf,
    status: Status,
    diffs: Vec<(Against, Diff)>,
}

impl Changes {
    /// # Errors
    /// The reference to compare with means no commit: the caller has to correct it.
    pub async fn read(wanted: &Wanted, call: &Call) -> Result<Self, String> {
        match read(wanted, call).await {
            Ok(read) => Ok(Self(Ok(read))),
            Err(error @ RepositoryError::NoReference(_)) => Err(error.to_string()),
            Err(error) => Ok(Self(Err(error.to_string()))),
        }
    }

    /// For the agent.
    pub fn told(&self) -> Value {
        let read = match &self.0 {
            Ok(read) => read,
            Err(reason) => return json!({ "not_read": reason, "instead": SAVE }),
        };
        let mut told = Map::new();
        told.insert("root".to_owned(), read.root.to_string_lossy().into());
        told.insert("branch".to_owned(), read.status.branch.as_str().into());
        let mut withheld: Vec<&str> = Vec::new();
        let mut is_cut = read.status.is_cut;
        for (against, diff) in &read.diffs {
            let key = match against {
                Against::Staged => "staged",
                Against::Unstaged => "unstaged",
                Against::Reference(reference) => {
                    told.insert("compared_to".to_owned(), reference.as_str().into());
                    "changed"
                }
            };
            told.insert(key.to_owned(), named(diff.files.iter().map(String::as_str)));
            for path in &diff.withheld {
                if !withheld.contains(&path.as_str()) {
                    withheld.push(path);
                }
            }
            is_cut |= diff.is_cut;
        }
        told.insert("untracked".to_owned(), named(read.untracked()));
        if !withheld.is_empty() {
            told.insert("withheld".to_owned(), named(withheld.into_iter()));
        }
        if is_cut {
            told.insert("cut".to_owned(), "There is more than was read.".into());
        }
        told.into()
    }

    /// For the expert: how the repository stands. Empty where it was not read.
    pub fn in_words(&self) -> String {
        let Ok(read) = &self.0 else { return String::new() };
        let mut text = format!("{}, branch {}", read.root.display(), read.status.branch);
        for (against, diff) in &read.diffs {
            let _ = write!(text, "\n{}: {} files", name(against), diff.files.len());
            if !diff.withheld.is_empty() {
                let withheld = on_one_line(diff.withheld.iter().map(String::as_str));
                let _ = write!(text, "; not shown, as they may hold secrets: {withheld}");
            }
            if diff.is_cut {
                text.push_str("; cut, there is more");
            }
        }
        let untracked = on_one_line(read.untracked());
        if !untracked.is_empty() {
            let _ = write!(text, "\nnot tracked, shown only where they are among the files: {untracked}");
        }
        text
    }

    /// The diff of each file, so that a window that is too small for all loses some and not all.
    pub fn quoted(&self) -> Vec<Quoted> {
        let diffs = self.0.iter().flat_map(|read| &read.diffs);
        diffs.flat_map(|(against, diff)| of_each_file(&name(against), diff)).collect()
    }
}

impl Read {
    fn untracked(&self) -> impl Iterator<Item = &str> {
        self.status.entries.iter().filter(|entry| entry.staged == '?').map(|entry| entry.path.as_str())
    }
}

async fn read(wanted: &Wanted, call: &Call) -> Result<Read, RepositoryError> {
    let repository = Repository::open(&wanted.path, &call.roots, &call.settings.environment, &call.children).await?;
    let status = repository.status().await?;
    let mut diffs = Vec::new();
    for against in &wanted.against {
        diffs.push((against.clone(), repository.diff(against, MAX_DIFF).await?));
    }
    Ok(Read { root: repository.root().to_owned(), status, diffs })
}

fn name(against: &Against) -> String {
    match against {
        Against::Staged => "staged".to_owned(),
        Against::Unstaged => "unstaged".to_owned(),
        Against::Reference(reference) => format!("compared to {reference}"),
    }
}

fn named<'a>(names: impl Iterator<Item = &'a str>) -> Value {
    let all: Vec<&str> = names.collect();
    let mut told: Vec<Value> = all.iter().take(MAX_NAMED).map(|name| (*name).into()).collect();
    if all.len() > MAX_NAMED {
        told.push(format!("and {} more", all.len() - MAX_NAMED).into());
    }
    told.into()
}

/// Whatever characters the names have.
fn on_one_line<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.take(MAX_NAMED).map(sanitise_line).collect::<Vec<_>>().join(", ")
}

fn of_each_file(kind: &str, diff: &Diff) -> Vec<Quoted> {
    let mut pieces = Vec::new();
    let mut rest = diff.text.as_str();
    while !rest.is_empty() {
        let end = rest.find(NEXT_FILE).map_or(rest.len(), |at| at + 1);
        let (piece, after) = rest.split_at(end);
        let heading = piece.lines().next().unwrap_or_default().trim_start_matches("diff --git ");
        pieces.push(Quoted { name: format!("{kind} changes: {heading}"), text: piece.to_owned() });
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_taken_apart_where_git_begins_another_file() {
        let text =
            "diff --git a/x b/x\n@@ -1 +1 @@\n-old\n+diff --git a/no b/no\ndiff --git a/y b/y\nBinary files differ\n";
        let diff = Diff { text: text.to_owned(), ..Diff::default() };
        let pieces = of_each_file("staged", &diff);
        let names: Vec<_> = pieces.iter().map(|piece| piece.name.as_str()).collect();
        assert_eq!(names, ["staged changes: a/x b/x", "staged changes: a/y b/y"]);
        assert_eq!(pieces.iter().map(|piece| piece.text.as_str()).collect::<String>(), text);
    }

    #[test]
    fn a_long_list_is_cut_and_says_how_much_is_missing() {
        let names: Vec<String> = (0..=MAX_NAMED).map(|number| number.to_string()).collect();
        let told = named(names.iter().map(String::as_str));
        assert_eq!((told.as_array().unwrap().len(), &told[MAX_NAMED]), (MAX_NAMED + 1, &json!("and 1 more")));
    }
}
