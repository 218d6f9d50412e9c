//! One line that an act still needs: a title, tags, a file. It holds the ids of what the act is about.

use super::draft::Draft;
use crate::id::ThreadId;
use crate::tui::SourceId;

/// A thread, and the process that holds it.
pub type Held = (SourceId, ThreadId);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub about: Wanted,
    pub title: String,
    /// What may be written.
    pub says: &'static str,
    pub draft: Draft,
}

/// What is wanted of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Title(Held),
    Tags(Vec<Held>),
    /// A file for one thread, a folder for several.
    Place(Vec<Held>),
}

impl Prompt {
    pub fn title(thread: Held, now: &str) -> Self {
        let title = format!("Another title for {}", thread.1.short());
        Self { about: Wanted::Title(thread), title, says: "", draft: Draft::of(now) }
    }

    pub fn tags(threads: Vec<Held>) -> Self {
        let title = format!("Tag {}", named(&threads));
        Self { about: Wanted::Tags(threads), title, says: "words to add, !words to take away", draft: Draft::default() }
    }

    pub fn place(threads: Vec<Held>) -> Self {
        let (says, draft) = match threads.as_slice() {
            [(_, one)] => ("a new file: .md to be read, .json to be imported", Draft::of(file_name(*one))),
            _ => ("a folder that is there", Draft::of(".")),
        };
        let title = format!("Export {}", named(&threads));
        Self { about: Wanted::Place(threads), title, says, draft }
    }
}

/// The file that a thread is exported into where a person names none.
pub fn file_name(thread: ThreadId) -> String {
    format!("zen-{}.md", thread.short())
}

/// `thread 3f9a1c02`, `3 threads`.
pub fn named(threads: &[Held]) -> String {
    match threads {
        [(_, one)] => format!("thread {}", one.short()),
        many => format!("{} threads", many.len()),
    }
}
