//! `listthreads`: finds a thread again, and reads what is stored in it. After an agent's memory is cleared, or a long
//! reply was cut, this is one call away from it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use crate::thread::Thread;
use crate::thread::search::{BadQuery, Query, What};
use crate::thread::threads::in_words;
use crate::tools::arguments::{self, BadArguments};
use crate::tools::error::ToolError;
use crate::tools::reply::{Body, Output, Reply, Status};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::{Call, Run, Tool};
use crate::unit::UnixMillis;

pub struct ListThreads;

static SPEC: Spec = Spec {
    name: "listthreads",
    title: "List threads",
    description: "Find an earlier conversation, this folder's first, the latest first, to continue it or to read it again. \
                  With thread_id: its turns; with turn too: that turn's stored text.",
    read_only: true,
    fields: &[
        Field::optional("query", Kind::Text, "Words in title, prompts or replies; also tag:x, age:<2h, !x"),
        Field::optional("tool", Kind::Text, ""),
        Field::optional("model", Kind::Text, ""),
        Field::optional("file", Kind::Text, "Part of a path that was shown"),
        Field::optional("max_age_minutes", Kind::Whole(1, 525_600), ""),
        Field::optional("thread_id", Kind::Text, ""),
        Field::optional("turn", Kind::Whole(1, 100_000), ""),
        Field::optional("from", Kind::Whole(0, u32::MAX), "Character to read on from"),
    ],
    closed: true,
};

/// Threads in one answer; narrower words find the others.
const MAX_LISTED: usize = 20;
/// Characters of a prompt and of a reply where a thread's turns are listed.
const EXCERPT: usize = 160;

#[derive(Deserialize)]
struct Request {
    query: Option<String>,
    tool: Option<String>,
    model: Option<String>,
    file: Option<String>,
    max_age_minutes: Option<u64>,
    thread_id: Option<String>,
    turn: Option<usize>,
    #[serde(default)]
    from: usize,
}

impl Tool for ListThreads {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let content = match (&request.thread_id, request.turn) {
                (None, None) => found(call, &request).await?,
                (None, Some(_)) => return Err(bad("`turn` needs `thread_id`")),
                (Some(id), None) => turns(&*call.threads.find(id, &call.principal)?, call.clock.wall()),
                (Some(id), Some(turn)) => {
                    stored(&*call.threads.find(id, &call.principal)?, turn, request.from, room(call))?
                }
            };
            let output = Output::new(Status::Success, content).with("tool_name", SPEC.name);
            Ok(Reply { body: Body::Output(output), turn: None })
        })
    }
}

fn bad(problem: &str) -> ToolError {
    BadArguments { tool: SPEC.name, problems: vec![problem.to_owned()] }.into()
}

/// Characters of stored text that one answer carries.
fn room(call: &Call) -> usize {
    usize::try_from(call.settings.reply_tokens.0).unwrap_or(usize::MAX).saturating_mul(2)
}

async fn found(call: &Call, request: &Request) -> Result<String, ToolError> {
    let wall = call.clock.wall();
    let max_turns = call.threads.limits().max_turns;
    let mut mine = call.threads.search(&request.query()?, Some(&call.principal)).await;
    // Stable, so that each part stays in its order.
    mine.sort_by_key(|thread| !is_here(call, thread));
    let here = mine.iter().filter(|thread| is_here(call, thread)).count();
    let mut text = String::new();
    for (index, thread) in mine.iter().take(MAX_LISTED).enumerate() {
        if index == here {
            let _ = writeln!(text, "{}of other folders:", if here == 0 { "" } else { "\n" });
        }
        let model = last_model(thread).unwrap_or("-");
        let (id, used, tool) = (thread.id, ago(wall, thread.updated), &thread.tool);
        let _ = write!(text, "{id}  {used}  {tool}  {model}  {}/{max_turns} turns", thread.answered());
        let marks = thread.tags.iter().map(|tag| &**tag).chain(thread.is_pinned().then_some("pinned"));
        for mark in marks {
            let _ = write!(text, "  [{mark}]");
        }
        let _ = writeln!(text, "  {}", thread.title);
    }
    match mine.len().saturating_sub(MAX_LISTED) {
        _ if mine.is_empty() => {
            text.push_str("No thread here fits. Threads end with the zen process that holds them.");
        }
        0 => {}
        others => {
            let _ = writeln!(text, "and {others} more: narrow the search");
        }
    }
    Ok(text)
}

/// Whether the thread was opened in the folder in which zen was started, or in one within it or around it.
fn is_here(call: &Call, thread: &Thread) -> bool {
    let (here, there) = (Path::new(&*call.settings.workspace), Path::new(&*thread.workspace));
    here.starts_with(there) && there != Path::new("") && there != Path::new("/") || there.starts_with(here)
}

impl Request {
    fn query(&self) -> Result<Query, ToolError> {
        let read = Query::parse(self.query.as_deref().unwrap_or_default());
        let mut query = read.map_err(|BadQuery(problems)| BadArguments {
            tool: SPEC.name,
            problems: problems.into_iter().map(|problem| format!("`query`: {problem}")).collect(),
        })?;
        let age = self.max_age_minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)));
        let given = [
            self.tool.clone().map(What::Tool),
            self.model.clone().map(What::Model),
            self.file.clone().map(What::File),
            age.map(What::Younger),
        ];
        for what in given.into_iter().flatten() {
            query = query.and(what);
        }
        Ok(query)
    }
}

fn turns(thread: &Thread, now: UnixMillis) -> String {
    let mut text = format!("{}  {}\n", thread.id, thread.title);
    for (turn, number) in thread.turns.iter().zip(1..) {
        let model = turn.consultations.last().map_or("-", |one| one.model.as_str());
        let _ = writeln!(text, "\nturn {number}  {}  {model}  {}", turn.tool, ago(now, turn.ended));
        let _ = writeln!(text, "  asked: {}", excerpt(&turn.prompt));
        if let Some(answer) = &turn.answer {
            let _ = writeln!(text, "  reply ({} characters): {}", answer.chars().count(), excerpt(answer));
        }
        for path in &turn.files {
            let _ = writeln!(text, "  file: {path}");
        }
    }
    text
}

/// The turn's reply, or its prompt where no model was asked, from character `from` on.
fn stored(thread: &Thread, number: usize, from: usize, room: usize) -> Result<String, ToolError> {
    let turn = number.checked_sub(1).and_then(|index| thread.turns.get(index));
    let turn = turn.ok_or_else(|| bad(&format!("`turn` must be from 1 to {}", thread.turns.len())))?;
    let text = turn.answer.as_ref().unwrap_or(&turn.prompt);
    let total = text.chars().count();
    if from > total {
        return Err(bad(&format!("`from` is behind the end: the text has {total} characters")));
    }
    let mut piece: String = text.chars().skip(from).take(room).collect();
    let end = from + piece.chars().count();
    if end < total {
        let _ = write!(piece, "\n\n[Characters {from} to {end} of {total}. Read on with from: {end}.]");
    }
    Ok(piece)
}

/// In the largest unit that fits: nobody needs the seconds of an hour ago.
fn ago(now: UnixMillis, then: UnixMillis) -> String {
    let seconds = now.since(then).as_secs();
    let whole = match seconds {
        0 => return "just now".to_owned(),
        1..60 => seconds,
        60..3600 => seconds / 60 * 60,
        _ => seconds / 3600 * 3600,
    };
    format!("{} ago", in_words(Duration::from_secs(whole)))
}

fn excerpt(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(EXCERPT) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

fn last_model(thread: &Thread) -> Option<&str> {
    thread.turns.iter().rev().find_map(|turn| turn.consultations.last()).map(|one| one.model.as_str())
}
