//! Threads as a person reads them: the table of many, and one with its turns.

use std::io;

use super::Held;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::processes::{Failed, refused};
use crate::clock::Clock;
use crate::control::Control as _;
use crate::control::types::{ConsultationDetail, TextSlice, ThreadDetail, ThreadSummary, TurnDetail};
use crate::unit::span;

pub fn list(held: &[Held], json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    if json {
        streams.json(&held)?;
        return Ok(Exit::Ok);
    }
    let now = Clock::system().wall();
    let headings = ["ID", "TOOL", "MODEL", "TURNS", "IN", "OUT", "LAST", "ENDS IN", "PROCESS", "TITLE", "MARKS"];
    let mut table = (3..=7).fold(Table::new(headings), Table::right);
    for Held { summary, process, .. } in held {
        let unsure = if summary.partly_unknown { "+?" } else { "" };
        table.row([
            summary.id.to_string(),
            summary.tool.clone(),
            summary.model.as_ref().map_or("-", |model| model.as_str()).to_owned(),
            summary.turns.to_string(),
            format!("{}{unsure}", summary.input),
            format!("{}{unsure}", summary.output),
            span(now.since(summary.updated)),
            if summary.pinned { "pinned".to_owned() } else { span(summary.expires.since(now)) },
            streams.shown(process).into_owned(),
            streams.shown(&summary.title).into_owned(),
            streams.shown(&marks(summary)).into_owned(),
        ]);
    }
    streams.table(&table)?;
    Ok(Exit::Ok)
}

/// What cannot be seen in the other columns.
fn marks(summary: &ThreadSummary) -> String {
    let mut marks: Vec<String> = summary.tags.iter().map(|tag| format!("#{tag}")).collect();
    marks.extend(summary.parent.map(|parent| format!("fork of {} at {}", parent.thread.short(), parent.turn)));
    marks.join(" ")
}

pub async fn show(held: &Held, json: bool, streams: &mut Streams) -> Result<Exit, Failed> {
    let detail = held.client.thread(held.summary.id).await.map_err(|error| refused(&error, streams))?;
    if json {
        streams.json(&detail)?;
        return Ok(Exit::Ok);
    }
    let ThreadDetail { summary, turns } = &detail;
    let process = streams.shown(&held.process).into_owned();
    streams.line(format_args!("{}  {}  in {process}", summary.id, summary.tool))?;
    let pinned = if summary.pinned { "pinned" } else { "" };
    for said in [&*summary.title, &*marks(summary), &*summary.workspace, pinned] {
        let said = streams.shown(said).into_owned();
        if !said.is_empty() {
            streams.line(said)?;
        }
    }
    for turn in turns {
        print_turn(turn, streams)?;
    }
    Ok(Exit::Ok)
}

fn print_turn(turn: &TurnDetail, streams: &mut Streams) -> io::Result<()> {
    streams.line(format_args!("\n== turn {} · {}", turn.number, turn.tool))?;
    for file in &turn.files {
        let file = streams.shown(file).into_owned();
        streams.line(format_args!("   file: {file}"))?;
    }
    for refused in &turn.refused {
        let said = format!("{} {}", refused.path, refused.reason);
        let said = streams.shown(&said).into_owned();
        streams.line(format_args!("   not sent: {said}"))?;
    }
    print_text(&turn.prompt, streams)?;
    for consultation in &turn.consultations {
        let account = streams.shown(&account(consultation)).into_owned();
        streams.line(format_args!("\n-- {account}"))?;
    }
    match &turn.answer {
        Some(answer) => print_text(answer, streams),
        None => Ok(()),
    }
}

fn account(consultation: &ConsultationDetail) -> String {
    if let Some(failure) = &consultation.failure {
        return format!(
            "{} via {} · failed: {}: {} · {} requests · {:.1} s",
            consultation.model,
            consultation.provider,
            failure.class.says(),
            failure.message.replace(['\n', '\r', '\t'], " "),
            consultation.attempts,
            consultation.latency_ms as f64 / 1000.0,
        );
    }
    let count = |tokens: Option<crate::unit::Tokens>| tokens.map_or("?".to_owned(), |tokens| tokens.to_string());
    format!(
        "{} via {} · {} in · {} out · {:.1} s",
        consultation.model,
        consultation.provider,
        count(consultation.usage.input),
        count(consultation.usage.output),
        consultation.latency_ms as f64 / 1000.0,
    )
}

fn print_text(slice: &TextSlice, streams: &mut Streams) -> io::Result<()> {
    let text = streams.shown(&slice.text).into_owned();
    streams.line(text)?;
    if slice.is_cut() {
        streams.line(format_args!("[cut: {} characters in all; --json has as much]", slice.total))?;
    }
    Ok(())
}
