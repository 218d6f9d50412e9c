//! zen's threads and models as resources. A principal sees its own threads alone. What is read is held under the cap of
//! a tool's reply, and says how to read the rest.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher as _};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::id::ThreadId;
use crate::server::surface::Item;
use crate::thread::turn::Turn;
use crate::thread::{Principal, Thread};
use crate::token;
use crate::tools::simple::listmodels;
use crate::unit::Tokens;

const MODELS: &str = "zen://models";
const THREADS: &str = "zen://threads";
/// The part of a thread's URI that stands before its id.
const THREAD: &str = "zen://threads/";
pub const THREAD_TEMPLATE: &str = "zen://threads/{id}";
/// Threads that stand in `resources/list`, the latest; `zen://threads` has more.
const MAX_LISTED: usize = 50;
/// Kept free for what a cut text says of its rest.
const NOTICE: Tokens = Tokens(100);

/// What a resource holds.
struct Contents {
    mime: &'static str,
    text: String,
}

pub fn templates() -> Vec<Value> {
    let name = "thread";
    let description = "A thread: what was asked in it, of whom, and what came back";
    vec![json!({
        "uriTemplate": THREAD_TEMPLATE, "name": name, "title": "Thread", "description": description,
        "mimeType": "text/markdown",
    })]
}

/// The entries of `resources/list`.
pub fn list(engine: &Engine, principal: &Principal) -> Vec<Value> {
    let mut entries = vec![
        json!({
            "uri": MODELS, "name": "models", "title": "Models", "mimeType": "text/markdown",
            "description": "The models that can be asked, with aliases, windows and scores",
        }),
        json!({
            "uri": THREADS, "name": "threads", "title": "Threads", "mimeType": "application/json",
            "description": "Your threads, the latest first",
        }),
    ];
    entries.extend(threads(engine, principal).take(MAX_LISTED).map(|thread| {
        json!({
            "uri": format!("{THREAD}{}", thread.id), "name": thread.id, "title": thread.title,
            "mimeType": "text/markdown", "annotations": { "lastModified": thread.updated.rfc3339() },
        })
    }));
    entries
}

/// The contents of a resource; None where there is none of this URI for this principal.
pub fn read(engine: &Engine, uri: &str, principal: &Principal) -> Option<Value> {
    let room = engine.config.tools.reply_tokens();
    let Contents { mime, text } = match uri {
        MODELS => models(engine, room),
        THREADS => overview(engine, principal, room),
        _ => transcript(&*thread(engine, uri, principal)?, room),
    };
    Some(json!({ "uri": uri, "mimeType": mime, "text": text }))
}

/// Another number once what `principal` would read there is something else; what there is not is always 0.
pub fn revision(engine: &Engine, item: &Item, principal: &Principal) -> u64 {
    // In any order: a thread that is used comes to the front, and the list is still the same one.
    let all = |of: fn(&Thread) -> u64| threads(engine, principal).map(|thread| of(&thread)).fold(1, u64::wrapping_add);
    match item {
        Item::Tools | Item::Prompts => *engine.tools_edition().borrow(),
        Item::Resources => all(|thread| hash(&thread.id)),
        Item::Resource(uri) => match &**uri {
            MODELS => {
                let offered = engine.models.offered();
                let names = offered.iter().map(|offer| (offer.provider.as_str(), offer.model.id.as_str()));
                hash(&names.collect::<Vec<_>>())
            }
            THREADS => all(|thread| hash(&(thread.id, thread.turns.len()))),
            uri => thread(engine, uri, principal).map_or(0, |thread| hash(&thread.turns.len())),
        },
    }
}

/// The ids of the principal's threads and their titles, the latest first.
pub fn titles(engine: &Engine, principal: &Principal) -> Vec<(ThreadId, Arc<str>)> {
    threads(engine, principal).map(|thread| (thread.id, Arc::clone(&thread.title))).collect()
}

fn threads(engine: &Engine, principal: &Principal) -> impl Iterator<Item = Arc<Thread>> {
    engine.threads.list().into_iter().filter(move |thread| thread.principal == *principal)
}

/// Another principal's thread is as unknown as one that never was.
fn thread(engine: &Engine, uri: &str, principal: &Principal) -> Option<Arc<Thread>> {
    let id = uri.strip_prefix(THREAD)?.parse().ok()?;
    engine.threads.live(id).filter(|thread| thread.principal == *principal)
}

fn models(engine: &Engine, room: Tokens) -> Contents {
    let mut text = listmodels::listing(&engine.models, &engine.models.providers(), &engine.config.models.default);
    if let Some(end) = token::longest_prefix(&text, room) {
        let whole = text.chars().count();
        text.truncate(text[..end].rfind('\n').unwrap_or(end));
        let shown = text.chars().count();
        let _ = write!(
            text,
            "\n\n[Cut at character {shown} of {whole}: the client takes no more. Names can be completed for the \
             argument `model` of a prompt; `zen models` in a terminal shows all.]\n"
        );
    }
    Contents { mime: "text/markdown", text }
}

fn overview(engine: &Engine, principal: &Principal, room: Tokens) -> Contents {
    let max_turns = engine.threads.limits().max_turns;
    let room = room.saturating_sub(NOTICE);
    let (mut listed, mut taken, mut others) = (Vec::new(), Tokens::ZERO, 0_usize);
    for thread in threads(engine, principal) {
        let entry = json!({
            "continuation_id": thread.id, "title": thread.title, "tool": thread.tool,
            "turns": thread.turns.len(), "remaining_turns": max_turns.saturating_sub(thread.answered()),
            "model": thread.turns.iter().rev().find_map(|turn| turn.consultations.last()).map(|one| one.model.as_str()),
            "updated": thread.updated.rfc3339(),
        });
        taken += token::estimate(&entry.to_string());
        if others > 0 || taken > room { others += 1 } else { listed.push(entry) }
    }
    let mut document = json!({ "threads": listed });
    if others > 0 {
        document["others"] = others.into();
        document["notice"] = "The client takes no more: call listthreads with words to find the others.".into();
    }
    Contents { mime: "application/json", text: document.to_string() }
}

/// The whole thread, oldest turn first, or as much of it as there is room for.
fn transcript(thread: &Thread, room: Tokens) -> Contents {
    let room = room.saturating_sub(NOTICE);
    let mut text = format!("# {}\n\ncontinuation_id: {}\n", thread.title, thread.id);
    for (turn, number) in thread.turns.iter().zip(1..) {
        let before = text.len();
        write_turn(&mut text, turn, number);
        let Some(end) = token::longest_prefix(&text, room) else { continue };
        let head = text[before..].find(BEGIN_OF_REPLY).map_or(end, |at| before + at + BEGIN_OF_REPLY.len());
        // What is cut off before the stored text begins is not worth its piece.
        let from = if end > head && turn.answer.is_some() { text[head..end].chars().count() } else { 0 };
        text.truncate(if from > 0 { end } else { before });
        let _ = write!(
            text,
            "\n\n[Cut: the client takes no more. The thread has {} turns; read on with listthreads, thread_id: \"{}\", \
             turn: {number}, from: {from}]\n",
            thread.turns.len(),
            thread.id,
        );
        break;
    }
    Contents { mime: "text/markdown", text }
}

/// What stands before a reply in a transcript.
const BEGIN_OF_REPLY: &str = "\n### Replied\n\n";

fn write_turn(text: &mut String, turn: &Turn, number: usize) {
    let model = turn.consultations.last().map_or("no model", |one| one.model.as_str());
    let _ = write!(text, "\n## Turn {number}: {}, {model}, {}\n\n", turn.tool, turn.ended.rfc3339());
    for path in &turn.files {
        let _ = writeln!(text, "- file: {path}");
    }
    let _ = writeln!(text, "\n### Asked\n\n{}", turn.prompt);
    if let Some(answer) = &turn.answer {
        let _ = writeln!(text, "{BEGIN_OF_REPLY}{answer}");
    }
}

fn hash(value: &impl std::hash::Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
