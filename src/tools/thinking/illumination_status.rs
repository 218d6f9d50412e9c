//! `illumination_status`: what the monitor measures in a thread, or what it asked in all of them. True values; what is not
//! known is null.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::thoughts::SESSION_ID;
use crate::insight::monitor::Reflection;
use crate::insight::thresholds::Thresholds;
use crate::insight::verdict::Verdict;
use crate::thread::Thread;
use crate::thread::thought;
use crate::tools::error::ToolError;
use crate::tools::reply::{Body, Reply};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::{Call, Run, Tool, arguments};

pub struct IlluminationStatus;

static SPEC: Spec = Spec {
    name: "illumination_status",
    title: "Monitor status",
    description: "What the monitor of loops, drift and thinning measures in one thread, and what it asked; without an id: of \
                  all threads.",
    read_only: true,
    fields: &[SESSION_ID.said("A thread"), Field::optional("thread_id", Kind::Text, "The same")],
    closed: true,
};

/// Questions that are told one by one, the last ones.
const MAX_TOLD: usize = 20;

#[derive(Deserialize)]
struct Request {
    session_id: Option<String>,
    thread_id: Option<String>,
}

impl Tool for IlluminationStatus {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let mut told = match request.thread_id.or(request.session_id).filter(|id| !id.trim().is_empty()) {
                Some(id) => {
                    let (thread, limits) =
                        (call.threads.find(&id, &call.principal)?, Thresholds::from(&call.settings.insight));
                    tokio::task::spawn_blocking(move || of_one(&thread, limits))
                        .await
                        .map_err(|error| ToolError::Internal(error.to_string()))?
                }
                None => json!({ "status": "idle", "questions": of_all(call) }),
            };
            let threads = call.threads.list_of(&call.principal);
            if told.get("thread_id").is_none() && !threads.is_empty() {
                told["status"] = "active".into();
            }
            told["enabled"] = call.settings.insight.enabled.into();
            told["threads"] = counts(call, &threads);
            Ok(Reply { body: Body::Document(told.to_string()), turn: None })
        })
    }
}

fn counts(call: &Call, threads: &[Arc<Thread>]) -> Value {
    let now = call.clock.wall();
    let oldest = threads.iter().map(|thread| now.since(thread.created).as_secs() / 60).max();
    let turns: usize = threads.iter().map(|thread| thread.turns.len()).sum();
    let average = (!threads.is_empty()).then(|| turns as f64 / threads.len() as f64);
    json!({ "active_count": threads.len(), "oldest_age_minutes": oldest, "average_turns": average })
}

/// How often each concern was asked about, in all threads of the caller.
fn of_all(call: &Call) -> BTreeMap<&'static str, u32> {
    let mut counts = BTreeMap::new();
    for thread in call.threads.list_of(&call.principal) {
        for verdict in verdicts(&thread) {
            *counts.entry(verdict.kind.as_str()).or_default() += 1;
        }
    }
    counts
}

fn verdicts(thread: &Thread) -> impl Iterator<Item = &Verdict> {
    thread.turns.iter().filter_map(|turn| turn.thought.as_ref()?.asked())
}

/// The line that was stepped in last is the one that is measured.
fn of_one(thread: &Thread, thresholds: Thresholds) -> Value {
    let last = thread.turns.iter().rev().find(|turn| turn.thought.is_some());
    let line = last.map(|last| thought::line(&thread.turns, &last.tool, None)).unwrap_or_default();
    let (monitor, seen) = thought::replay(&line, thresholds);
    let history: Vec<Value> = verdicts(thread)
        .map(|verdict| {
            json!({
                "thought_number": verdict.step,
                "intervention_type": verdict.kind,
                "reason": verdict.to_string(),
                "readings": verdict.readings,
            })
        })
        .collect();
    let asked = line.iter().filter(|(_, thought)| thought.asked().is_some()).count();
    json!({
        "status": if line.is_empty() { "idle" } else { "active" },
        "thread_id": thread.id,
        "tool": last.map(|last| &last.tool),
        "monitoring": seen.last().map(|seen| monitoring(seen, monitor.steps(), asked)),
        "intervention_history": &history[history.len().saturating_sub(MAX_TOLD)..],
    })
}

fn monitoring(seen: &Reflection, thoughts: u32, asked: usize) -> Value {
    let share = |value: f64| (value * 1_000.0).round() / 1_000.0;
    let phase = seen.asked().map_or("undisturbed", |verdict| verdict.kind.as_str());
    json!({
        "thoughts": thoughts,
        // A tenth for each thought and a fifth for each question, at most all.
        "cognitive_load": share((f64::from(thoughts) / 10.0 + asked as f64 / 5.0).min(1.0)),
        "current_phase": phase,
        "circular_reasoning_score": seen.nearest.map(|(_, likeness)| share(likeness)),
        "nearest_thought": seen.nearest.map(|(thought, _)| thought),
        "distractor_fixation_score": seen.relevance.map(|relevance| share(1.0 - relevance)),
        "quality_metrics": {
            "coherence": null,
            "information_density": seen.novelty.map(share),
            "relevance": seen.relevance.map(share),
            "trend": seen.direction,
        },
    })
}
