//! A thread as a document: JSON that can be imported again, and Markdown for people. Every known secret is taken out;
//! Markdown is made harmless to a terminal too, as people print it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Thread;
use super::thought::Thought;
use super::turn::{Consultation, RefusedFile, Shown, Turn};
use crate::secret::Redactor;
use crate::text::sanitise;
use crate::unit::{UnixMillis, whole_millis};

/// What the JSON says it is.
pub const FORMAT: &str = "zen-thread";
/// Raised when a reader of the former number would misunderstand the document.
pub const VERSION: u64 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Markdown,
    Json,
}

impl Form {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Json => "json",
        }
    }

    /// The end of a file's name, without its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            Self::Json => "json",
        }
    }
}

/// The thread in this form, at the time `now`.
pub fn export(thread: &Thread, form: Form, redactor: &Redactor, now: UnixMillis) -> String {
    match form {
        Form::Markdown => sanitise(&redactor.redact(&markdown(thread))).into_owned(),
        Form::Json => {
            let mut document = document(thread, now);
            redact(&mut document, redactor);
            format!("{document:#}\n")
        }
    }
}

fn document(thread: &Thread, now: UnixMillis) -> Value {
    let parent = thread.parent.map(|parent| json!({ "thread": parent.thread, "turn": parent.turn }));
    json!({
        "format": FORMAT,
        "version": VERSION,
        "exported": now,
        "thread": {
            "id": thread.id,
            "title": thread.title,
            "tool": thread.tool,
            "tags": thread.tags,
            "workspace": thread.workspace,
            "parent": parent,
            "created": thread.created,
            "updated": thread.updated,
            "turns": thread.turns.iter().map(|of| turn(of)).collect::<Vec<_>>(),
        },
    })
}

fn turn(turn: &Turn) -> Value {
    // What a tool left is JSON of its own; where it were not, the tool would start anew.
    let state = turn.state.as_ref().map(|state| {
        let value: Value = serde_json::from_str(state.value.get()).unwrap_or_default();
        json!({ "version": state.version, "value": value })
    });
    let shown = |file: &Shown| json!({ "path": file.path, "digest": file.digest, "bytes": file.size });
    let refused = |file: &RefusedFile| json!({ "path": file.path, "reason": file.reason });
    json!({
        "tool": turn.tool,
        "prompt": turn.prompt,
        "answer": turn.answer,
        "files": turn.files,
        "shown": turn.shown.iter().map(shown).collect::<Vec<_>>(),
        "refused": turn.refused.iter().map(refused).collect::<Vec<_>>(),
        "withheld": turn.withheld,
        "consultations": turn.consultations.iter().map(consultation).collect::<Vec<_>>(),
        "state": state,
        "thought": turn.thought,
        "started": turn.started,
        "ended": turn.ended,
    })
}

fn consultation(of: &Consultation) -> Value {
    json!({
        "provider": of.provider,
        "model": of.model,
        "asked_as": of.asked_as,
        "effort_asked": of.effort_asked,
        "effort_sent": of.effort_sent,
        "usage": of.usage,
        "estimated_input": of.estimated_input,
        "cost": of.cost,
        "price_source": of.price_source.as_ref().map(|source| json!({ "page": source.page, "date": source.date })),
        "finish": of.finish,
        "failure": of.failure,
        "cached": of.cached,
        "attempts": of.attempts,
        "first_token_ms": of.first_token.map(whole_millis),
        "latency_ms": whole_millis(of.latency),
        "window": of.window,
        "reply_reserve": of.reply_reserve,
        "decisions": of.decisions,
    })
}

/// In the texts themselves, so that what JSON escapes in a secret does not hide it.
fn redact(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(clean) = redactor.redact(text) {
                *text = clean;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, redactor)),
        Value::Object(members) => {
            let old = std::mem::take(members);
            *members = old.into_iter().map(|(name, value)| (redactor.redact(&name).into_owned(), value)).collect();
            members.values_mut().for_each(|value| redact(value, redactor));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn markdown(thread: &Thread) -> String {
    let mut text = format!("# {}\n\n", thread.title);
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "- {name}: {value}");
        }
    };
    fact("thread", &thread.id.to_string());
    fact("opened", &format!("{} by {}", minute(thread.created), thread.tool));
    fact("last turn", &minute(thread.updated));
    fact("workspace", &thread.workspace);
    fact("tags", &thread.tags.join(", "));
    if let Some(parent) = thread.parent {
        fact("forked from", &format!("thread {}, behind turn {}", parent.thread, parent.turn));
    }
    for (turn, number) in thread.turns.iter().zip(1..) {
        let _ = writeln!(text, "\n## Turn {number}: {} ({})\n", turn.tool, minute(turn.started));
        for path in &turn.files {
            let _ = writeln!(text, "- file: `{path}`");
        }
        for file in &turn.refused {
            let _ = writeln!(text, "- not sent: `{}` {}", file.path, file.reason);
        }
        let _ = writeln!(text, "\n### Asked\n\n{}", turn.prompt.trim_end());
        if let Some(answer) = &turn.answer {
            let by = turn.consultations.last().map(|one| format!(" by {} ({})", one.model, one.provider));
            let _ = writeln!(text, "\n### Answered{}\n\n{}", by.unwrap_or_default(), answer.trim_end());
        }
        if let Some(verdict) = turn.thought.as_ref().and_then(Thought::asked) {
            let _ = writeln!(text, "\n### The monitor asked\n\n{verdict}");
        }
    }
    text
}

/// `2026-11-21 12:04 UTC`.
fn minute(at: UnixMillis) -> String {
    let (year, month, day) = at.date();
    let minutes = at.0 / 60_000 % (24 * 60);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

/// A name for a file that holds the export.
pub fn file_name(thread: &Thread, form: Form) -> String {
    format!("zen-{}.{}", thread.id.short(), form.extension())
}

/// The members of a JSON object that the documents have.
pub(super) type Members = Map<String, Value>;
