//! The one builder of a prompt from a thread: which turns a model is shown within its budget, and in which form. Turns
//! are chosen newest first and shown oldest first; the thread it reads never contains the call that it is built for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::Thread;
use super::turn::Turn;
use crate::budget::{Budget, Part as Share, Verdict};
use crate::file::Digest;
use crate::provider::{Image, Message, Part, Role};
use crate::secret::Redactor;
use crate::unit::Tokens;

/// Tokens that a message costs beside its text.
const MESSAGE_OVERHEAD: Tokens = Tokens(4);
/// Files that a turn's heading names; the others are counted.
const NAMED_FILES: usize = 10;
/// Characters of a prompt and of an answer that stand for a turn which has no room.
const OUTLINED_PROMPT: usize = 160;
const OUTLINED_ANSWER: usize = 320;

/// A thread as it can be shown to a model.
pub struct History {
    /// Oldest first.
    turns: Vec<Told>,
}

/// One turn in words, without secrets.
struct Told {
    /// From 1.
    number: usize,
    heading: String,
    prompt: String,
    answer: Option<Arc<str>>,
    tokens: Tokens,
}

/// What is sent after the history: this call's own part.
pub struct Now<'a> {
    /// Files of this thread and this call, each once, already charged to the budget; empty where there are none.
    pub files: &'a str,
    pub images: Vec<Image>,
    /// Already charged to the budget.
    pub prompt: &'a str,
}

impl History {
    /// Puts a thread into words, measured as `budget` measures.
    pub fn of(thread: Option<&Thread>, redactor: &Redactor, budget: &Budget) -> Self {
        let turns = thread.map_or(&[][..], |thread| &thread.turns);
        let mut seen = HashSet::new();
        let told = turns.iter().enumerate().map(|(index, turn)| {
            let heading = heading(index + 1, turn, &mut seen);
            let prompt = redactor.clean(&turn.prompt).text.into_owned();
            let answer = turn.answer.as_ref().map(|answer| clean(answer, redactor));
            let asked = budget.measure(&heading) + budget.measure(&prompt) + MESSAGE_OVERHEAD;
            let answered = answer.as_ref().map(|answer| budget.measure(answer) + MESSAGE_OVERHEAD);
            Told { number: index + 1, heading, prompt, answer, tokens: asked + answered.unwrap_or_default() }
        });
        Self { turns: told.collect() }
    }

    /// What it takes in full.
    pub fn tokens(&self) -> Tokens {
        self.turns.iter().map(|told| told.tokens).sum()
    }

    /// The messages for a model: the files, the turns as far as there is room, and the prompt. Roles alternate, as some
    /// wires demand.
    pub fn messages(self, now: Now<'_>, budget: &mut Budget) -> Vec<Message> {
        let fit = self.fit(budget);
        let mut messages = Conversation::default();
        if !now.files.is_empty() {
            messages.push(Role::User, Part::Text(now.files.into()));
        }
        if let Some(note) = fit.note {
            messages.push(Role::User, Part::Text(note.into()));
        }
        for told in self.turns.into_iter().skip(fit.left_out) {
            if told.number <= fit.left_out + fit.outlined {
                messages.push(Role::User, Part::Text(told.outline().into()));
                continue;
            }
            messages.push(Role::User, Part::Text(format!("{}{}", told.heading, told.prompt).into()));
            if let Some(answer) = told.answer {
                messages.push(Role::Assistant, Part::Text(answer));
            }
        }
        messages.push(Role::User, Part::Text(now.prompt.into()));
        for image in now.images {
            messages.push(Role::User, Part::Image(image));
        }
        messages.0
    }

    /// Decides on each turn, newest first: in full while there is room, then as an outline, then not at all. Once a turn
    /// is out, an older one that would fit stays out too: a model must not see a conversation with a hole.
    fn fit(&self, budget: &mut Budget) -> Fit {
        let mut fit = Fit { left_out: 0, outlined: 0, note: None };
        if self.tokens() <= budget.room(Share::History) {
            for told in self.turns.iter().rev() {
                budget.offer(Share::History, &told.subject(), told.tokens);
            }
            return fit;
        }
        let note = |fit: &Fit| note(fit, self.turns.len());
        // Charged for the longest it can become.
        let longest = Fit { left_out: self.turns.len(), outlined: self.turns.len(), note: None };
        let has_note = budget.spend(Share::History, budget.measure(&note(&longest)));
        let mut form = if has_note { Verdict::Kept } else { Verdict::LeftOut };
        for told in self.turns.iter().rev() {
            if form == Verdict::Kept && !budget.spend(Share::History, told.tokens) {
                form = Verdict::Summarised;
            } else if form == Verdict::Kept {
                budget.record(Share::History, &told.subject(), told.tokens, Verdict::Kept);
                continue;
            }
            let outline = budget.measure(&told.outline()) + MESSAGE_OVERHEAD;
            if form == Verdict::Summarised && budget.spend(Share::History, outline) {
                budget.record(Share::History, &told.subject(), outline, Verdict::Summarised);
                fit.outlined += 1;
                continue;
            }
            form = Verdict::LeftOut;
            budget.record(Share::History, &told.subject(), told.tokens, Verdict::LeftOut);
            fit.left_out += 1;
        }
        fit.note = has_note.then(|| note(&fit));
        fit
    }
}

/// How far the turns fit: the first so many not at all, the next so many as outlines.
struct Fit {
    left_out: usize,
    outlined: usize,
    note: Option<String>,
}

impl Told {
    fn subject(&self) -> String {
        format!("turn {}", self.number)
    }

    /// The turn's first words, for when there is no room for more.
    fn outline(&self) -> String {
        let answer =
            self.answer.as_deref().map(|answer| format!("\n[Its answer began:] {}", head(answer, OUTLINED_ANSWER)));
        format!("{}[Shortened] {}{}", self.heading, head(&self.prompt, OUTLINED_PROMPT), answer.unwrap_or_default())
    }
}

/// The first characters of a text, and a mark where there are more.
fn head(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

fn note(fit: &Fit, total: usize) -> String {
    let mut said = Vec::new();
    if fit.left_out > 0 {
        said.push(format!("the first {} of {total} earlier turns are left out", fit.left_out));
    }
    if fit.outlined > 0 {
        said.push(format!("the next {} are shortened to their first words", fit.outlined));
    }
    format!("[For lack of room {}.]", said.join(", "))
}

/// The line over a turn: which tool, who answered (the models of a thread may differ), and the files that came or changed
/// with it.
fn heading<'a>(number: usize, turn: &'a Turn, seen: &mut HashSet<(&'a str, Option<Digest>)>) -> String {
    let by = turn.consultations.last().map(|last| format!("; answered by {}", last.model)).unwrap_or_default();
    let digest = |path: &str| turn.shown.iter().find(|shown| *shown.path == *path).map(|shown| shown.digest);
    let came: Vec<&str> =
        turn.files.iter().map(|path| &**path).filter(|path| seen.insert((path, digest(path)))).collect();
    let mut files = String::new();
    if !came.is_empty() {
        files = format!("; with {}", came[..came.len().min(NAMED_FILES)].join(", "));
    }
    if let Some(more @ 1..) = came.len().checked_sub(NAMED_FILES) {
        files.push_str(&format!(" and {more} more"));
    }
    format!("[Turn {number}, {}{by}{files}]\n", turn.tool)
}

fn clean(text: &Arc<str>, redactor: &Redactor) -> Arc<str> {
    match redactor.clean(text).text {
        Cow::Borrowed(_) => Arc::clone(text),
        Cow::Owned(clean) => clean.into(),
    }
}

/// The newest turn in which a model was shown another version of this file, by its number and that version.
pub fn changed_since(thread: &Thread, path: &str, now: Digest) -> Option<(usize, Digest)> {
    let of = |turn: &Turn| turn.shown.iter().find(|shown| *shown.path == *path).map(|shown| shown.digest);
    let turns = thread.turns.iter().enumerate().rev();
    turns.filter_map(|(index, turn)| Some((index + 1, of(turn)?))).find(|(_, digest)| *digest != now)
}

/// The files that earlier turns brought, each once, in the order in which they came.
pub fn files(thread: &Thread) -> Vec<Arc<str>> {
    let mut seen = HashSet::new();
    let all = thread.turns.iter().flat_map(|turn| &turn.files);
    all.filter(|path| seen.insert(Arc::clone(path))).cloned().collect()
}

/// Messages in which neighbours of the same role are one.
#[derive(Default)]
struct Conversation(Vec<Message>);

impl Conversation {
    fn push(&mut self, role: Role, part: Part) {
        match self.0.last_mut() {
            Some(last) if last.role == role => last.parts.push(part),
            _ => self.0.push(Message { role, parts: vec![part] }),
        }
    }
}

#[cfg(test)]
mod tests;
