//! A thread out of an exported document. The document is checked whole and every mistake is told at once, with its
//! place; then the thread is there, or nothing is.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::export::{FORMAT, Members, VERSION};
use super::life::{CannotSteer, MAX_TAGS, tag_given, title_given};
use super::room::NoRoom;
use super::threads::Threads;
use super::turn::{Consultation, RefusedFile, Shown, ToolState, Turn};
use super::{End, Parent, Principal, Thread};
use crate::id::{ModelId, ProviderId, ThreadId};
use crate::provider::price::PriceSource;
use crate::unit::UnixMillis;

/// Turns of one imported thread.
const MAX_TURNS: usize = 10_000;
/// Mistakes that are told; a document with more is of another kind.
const MAX_TOLD: usize = 50;

/// Why nothing was imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotImport {
    /// The document is no thread: every mistake with its place.
    #[error("{}", .0.join("\n"))]
    Document(Vec<String>),
    #[error("the thread holds {bytes} bytes of text, and all threads together may hold {max} (threads.max_bytes)")]
    TooLarge { bytes: usize, max: usize },
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
}

impl Threads {
    /// Makes the document a thread of `principal`, whoever exported it. It keeps its id where that is free, and gets a
    /// new one where it is not. Its time starts now, and it is not pinned.
    pub fn import(&self, document: &str, principal: &Principal) -> Result<Arc<Thread>, CannotImport> {
        let mut thread = self.read(document, principal)?;
        let (bytes, max) = (thread.bytes(), self.limits.max_bytes);
        if bytes > max {
            return Err(CannotImport::TooLarge { bytes, max });
        }
        self.expect_room()?;
        loop {
            if !self.is_restorable(thread.id)
                && let Some(thread) = self.insert(thread.clone())
            {
                return Ok(thread);
            }
            thread.id = ThreadId::random();
        }
    }

    fn read(&self, document: &str, principal: &Principal) -> Result<Thread, CannotImport> {
        let value: Value = serde_json::from_str(document)
            .map_err(|error| CannotImport::Document(vec![format!("the document is no JSON: {error}")]))?;
        let mut problems = Vec::new();
        let thread = whole(value, &mut problems, |fields| {
            let format: Option<String> = fields.needed("format");
            let version: Option<u64> = fields.needed("version");
            if format.as_deref().is_some_and(|format| format != FORMAT) {
                fields.wrong("format", format_args!("must be \"{FORMAT}\""));
            }
            if version.is_some_and(|version| version != VERSION) {
                fields.wrong("version", format_args!("must be {VERSION}: another zen wrote this"));
            }
            let _: Option<UnixMillis> = fields.optional("exported");
            fields.inner("thread", |fields| thread(fields, principal, End::At(self.fresh_end())))
        });
        match thread {
            Some(thread) if problems.is_empty() => Ok(thread),
            _ => {
                let more = problems.len().saturating_sub(MAX_TOLD);
                problems.truncate(MAX_TOLD);
                problems.extend((more > 0).then(|| format!("and {more} more")));
                Err(CannotImport::Document(problems))
            }
        }
    }
}

fn thread(fields: &mut Fields<'_>, principal: &Principal, end: End) -> Option<Thread> {
    let id = fields.needed("id");
    let title = fields.needed::<String>("title").unwrap_or_default();
    let title = match title_given(&title) {
        Ok(title) => title,
        // A prompt of blanks leaves no title.
        Err(CannotSteer::Title(0)) => "".into(),
        Err(error) => {
            fields.wrong("title", &error);
            "".into()
        }
    };
    let tool: Option<Arc<str>> = fields.needed("tool");
    let tags = tags(fields);
    let workspace: Option<Arc<str>> = fields.optional("workspace");
    let parent = fields.inner_or_null("parent", |fields| {
        Some(Parent { thread: fields.needed("thread")?, turn: fields.needed("turn")? })
    });
    let (created, updated) = times(fields, "created", "updated");
    let turns: Vec<Turn> = fields.each("turns", turn);
    if turns.is_empty() || turns.len() > MAX_TURNS {
        fields.wrong("turns", format_args!("must be from 1 to {MAX_TURNS}"));
    }
    let turns = turns.into_iter().map(Arc::new).collect();
    Some(Thread {
        id: id?,
        principal: principal.clone(),
        title,
        tool: tool?,
        tags,
        workspace: workspace.unwrap_or_default(),
        parent,
        turns,
        created: created?,
        updated: updated?,
        used: 0,
        end,
    })
}

fn tags(fields: &mut Fields<'_>) -> Vec<Arc<str>> {
    let given: Vec<String> = fields.optional("tags").unwrap_or_default();
    let mut tags = Vec::new();
    for tag in given {
        match tag_given(&tag) {
            Ok(tag) => tags.push(tag),
            Err(error) => fields.wrong("tags", &error),
        }
    }
    tags.sort();
    tags.dedup();
    if tags.len() > MAX_TAGS {
        fields.wrong("tags", CannotSteer::TooManyTags);
    }
    tags
}

/// Two points in time of which the second is not the earlier one.
fn times(fields: &mut Fields<'_>, first: &str, then: &str) -> (Option<UnixMillis>, Option<UnixMillis>) {
    let (from, to): (Option<UnixMillis>, Option<UnixMillis>) = (fields.needed(first), fields.needed(then));
    if from > to && to.is_some() {
        fields.wrong(then, format_args!("is before {first}"));
    }
    (from, to)
}

fn turn(fields: &mut Fields<'_>) -> Option<Turn> {
    let tool: Option<Arc<str>> = fields.needed("tool");
    let prompt: Option<Arc<str>> = fields.needed("prompt");
    let answer = fields.optional("answer");
    let files = fields.optional("files").unwrap_or_default();
    let shown = fields.each("shown", |fields| {
        Some(Shown { path: fields.needed("path")?, digest: fields.needed("digest")?, size: fields.needed("bytes")? })
    });
    let refused = fields
        .each("refused", |fields| Some(RefusedFile { path: fields.needed("path")?, reason: fields.needed("reason")? }));
    let withheld = fields.optional("withheld").unwrap_or_default();
    let consultations = fields.each("consultations", consultation);
    let state = fields.inner_or_null("state", |fields| {
        let (version, value) = (fields.needed("version"), fields.needed::<Value>("value"));
        let value = serde_json::value::to_raw_value(&value?).ok()?;
        Some(ToolState { version: version?, value: value.into() })
    });
    let thought = fields.optional("thought");
    let (started, ended) = times(fields, "started", "ended");
    Some(Turn {
        answer,
        files,
        shown,
        refused,
        withheld,
        consultations,
        state,
        thought,
        ended: ended?,
        ..Turn::new(&tool?, prompt?, started?)
    })
}

fn consultation(fields: &mut Fields<'_>) -> Option<Consultation> {
    let (provider, model): (Option<ProviderId>, Option<ModelId>) = (fields.needed("provider"), fields.needed("model"));
    let asked_as: Option<String> = fields.needed("asked_as");
    let (usage, finish) = (fields.needed("usage"), fields.needed("finish"));
    let price_source = fields.inner_or_null("price_source", |fields| {
        Some(PriceSource { page: fields.needed("page")?, date: fields.needed("date")? })
    });
    let (effort_asked, effort_sent) = (fields.optional("effort_asked"), fields.optional("effort_sent"));
    let (estimated_input, cost) = (fields.needed("estimated_input"), fields.optional("cost"));
    let (failure, cached, attempts) =
        (fields.optional("failure"), fields.optional("cached"), fields.optional("attempts"));
    let (first_token, latency) = (fields.optional("first_token_ms"), fields.needed("latency_ms"));
    let (window, reply_reserve) = (fields.needed("window"), fields.needed("reply_reserve"));
    let decisions = fields.optional("decisions").unwrap_or_default();
    Some(Consultation {
        asked_as: asked_as?,
        effort_asked,
        effort_sent,
        usage: usage?,
        estimated_input: estimated_input?,
        cost,
        price_source,
        finish: finish?,
        failure,
        cached: cached.unwrap_or_default(),
        attempts: attempts.unwrap_or(1),
        first_token: first_token.map(Duration::from_millis),
        latency: Duration::from_millis(latency?),
        window: window?,
        reply_reserve: reply_reserve?,
        decisions,
        ..Consultation::new(provider?, model?)
    })
}

/// The members of an object that are not read yet, at a place in the document. Whatever is wrong is noted and the reading
/// goes on.
struct Fields<'a> {
    at: String,
    left: Members,
    problems: &'a mut Vec<String>,
}

/// The whole document.
fn whole<T>(value: Value, problems: &mut Vec<String>, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
    object(String::new(), value, problems, read)
}

/// Reads an object; members that nobody asked for are mistakes, as an importer that drops them would lose them silently.
fn object<T>(
    at: String,
    value: Value,
    problems: &mut Vec<String>,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Option<T> {
    let Value::Object(left) = value else {
        let place = if at.is_empty() { "the document" } else { &at };
        problems.push(format!("{place} must be an object"));
        return None;
    };
    let mut fields = Fields { at, left, problems };
    let read = read(&mut fields);
    let unknown: Vec<String> = fields.left.keys().map(|name| excerpt(name)).collect();
    for name in unknown {
        fields.wrong(&name, "is not known");
    }
    read
}

impl Fields<'_> {
    fn place(&self, name: &str) -> String {
        if self.at.is_empty() { name.to_owned() } else { format!("{}.{name}", self.at) }
    }

    fn wrong(&mut self, name: &str, what: impl std::fmt::Display) {
        let place = self.place(name);
        self.problems.push(format!("{place}: {what}"));
    }

    fn needed<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        match self.left.remove(name) {
            Some(value) => self.decoded(name, value),
            None => {
                self.wrong(name, "is missing");
                None
            }
        }
    }

    /// None where it is missing or null.
    fn optional<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        match self.left.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.decoded(name, value),
        }
    }

    fn decoded<T: DeserializeOwned>(&mut self, name: &str, value: Value) -> Option<T> {
        serde_json::from_value(value).map_err(|error| self.wrong(name, excerpt(&error.to_string()))).ok()
    }

    fn inner<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        let value = self.needed(name)?;
        object(self.place(name), value, self.problems, read)
    }

    fn inner_or_null<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Option<T> {
        let value = self.optional(name)?;
        object(self.place(name), value, self.problems, read)
    }

    /// The objects of a list; none where it is missing.
    fn each<T>(&mut self, name: &str, read: impl Fn(&mut Fields<'_>) -> Option<T>) -> Vec<T> {
        let items: Vec<Value> = self.optional(name).unwrap_or_default();
        let place = self.place(name);
        let items = items.into_iter().enumerate();
        items.filter_map(|(index, item)| object(format!("{place}[{index}]"), item, self.problems, &read)).collect()
    }
}

/// Foreign text, short enough to be repeated in an error.
fn excerpt(text: &str) -> String {
    const LEN: usize = 200;
    text.chars().take(LEN).collect()
}

#[cfg(test)]
mod tests;
