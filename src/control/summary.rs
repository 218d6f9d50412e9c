//! From the engine's own types to what travels: one function a type, and nothing else decided here.

use crate::clock::Clock;
use crate::control::types::models::ModelSummary;
use crate::control::types::{
    CallSummary, ClientSummary, ConsultationDetail, DeciderSummary, FailedWith, HealthSummary, Interceptors,
    MessageSummary, ParentSummary, PausedSummary, ProviderSummary, RefusedFile, RestingSummary, RulesSummary,
    StepSummary, TextSlice, ThreadDetail, ThreadSummary, ToolSwitch, TurnDetail,
};
use crate::engine::Engine;
use crate::engine::calls::LiveCall;
use crate::engine::connections::Peer;
use crate::interceptor::builtin::message_log::Entry;
use crate::interceptor::decider::OnTimeout;
use crate::interceptor::pause::Paused;
use crate::interceptor::{Registration, Step};
use crate::provider::{Figures, Resting, Status};
use crate::thread::thought::concern;
use crate::thread::threads::Threads;
use crate::thread::turn::{Consultation, Turn};
use crate::thread::{End, Thread};
use crate::unit::{MicroUsd, Tokens, whole_millis};

/// Characters of a text that travel without being asked for.
pub const TEXT_CHARS: usize = 16 << 10;

pub fn toolbox(engine: &Engine) -> Vec<ToolSwitch> {
    engine.all_tools().map(|(tool, enabled)| ToolSwitch::of(tool.spec(), enabled)).collect()
}

pub fn models(engine: &Engine) -> Vec<ModelSummary> {
    let statuses = engine.models.providers();
    engine.models.switchable().iter().map(|(choice, off)| ModelSummary::of(choice, *off, &statuses)).collect()
}

pub fn thread(thread: &Thread, threads: &Threads, clock: Clock) -> ThreadSummary {
    let end = match thread.end {
        End::At(end) => end,
        End::Never => clock.now() + threads.limits().ttl,
    };
    let consultations = || thread.turns.iter().flat_map(|turn| &turn.consultations);
    let sum = |count: fn(&Consultation) -> Option<Tokens>| consultations().filter_map(count).sum();
    let usage = consultations().filter(|of| of.failure.is_none()).map(|consultation| consultation.usage);
    ThreadSummary {
        id: thread.id,
        title: thread.title.to_string(),
        tool: thread.tool.to_string(),
        model: consultations().last().map(|consultation| consultation.model.clone()),
        turns: u32::try_from(thread.turns.len()).unwrap_or(u32::MAX),
        answered: thread.answered(),
        input: sum(|consultation| consultation.usage.input),
        output: sum(|consultation| consultation.usage.output),
        partly_unknown: usage.into_iter().any(|usage| usage.input.is_none() || usage.output.is_none()),
        cost: sum_of_costs(consultations()),
        cost_partly_unknown: consultations().any(|consultation| consultation.cost.is_none()),
        bytes: thread.bytes() as u64,
        created: thread.created,
        updated: thread.updated,
        expires: clock.wall().plus(end.saturating_duration_since(clock.now())),
        pinned: thread.is_pinned(),
        tags: thread.tags.iter().map(|tag| tag.to_string()).collect(),
        workspace: thread.workspace.to_string(),
        parent: thread.parent.map(|parent| ParentSummary {
            thread: parent.thread,
            turn: u32::try_from(parent.turn).unwrap_or(u32::MAX),
        }),
        concern: concern(&thread.turns),
    }
}

/// Of those that are known; None where none is.
fn sum_of_costs<'a>(consultations: impl Iterator<Item = &'a Consultation>) -> Option<MicroUsd> {
    let known = consultations.filter_map(|consultation| consultation.cost);
    known.reduce(|MicroUsd(sum), MicroUsd(cost)| MicroUsd(sum.saturating_add(cost)))
}

pub fn thread_detail(of: &Thread, threads: &Threads, clock: Clock) -> ThreadDetail {
    let turns = of.turns.iter().zip(1..).map(|(of, number)| turn(of, number)).collect();
    ThreadDetail { summary: thread(of, threads, clock), turns }
}

fn turn(turn: &Turn, number: u32) -> TurnDetail {
    let refused = turn.refused.iter();
    TurnDetail {
        number,
        tool: turn.tool.to_string(),
        prompt: TextSlice::of(&turn.prompt, 0, TEXT_CHARS),
        answer: turn.answer.as_ref().map(|answer| TextSlice::of(answer, 0, TEXT_CHARS)),
        files: turn.files.iter().map(|path| path.to_string()).collect(),
        refused: refused.map(|file| RefusedFile { path: file.path.clone(), reason: file.reason.clone() }).collect(),
        withheld: turn.withheld.clone(),
        verdict: turn.thought.as_ref().and_then(|thought| thought.verdict.clone()),
        consultations: turn.consultations.iter().map(consultation).collect(),
        started: turn.started,
        ended: turn.ended,
    }
}

fn consultation(consultation: &Consultation) -> ConsultationDetail {
    ConsultationDetail {
        provider: consultation.provider.clone(),
        model: consultation.model.clone(),
        asked_as: consultation.asked_as.clone(),
        effort_asked: consultation.effort_asked,
        effort_sent: consultation.effort_sent,
        usage: consultation.usage,
        estimated_input: consultation.estimated_input,
        cost: consultation.cost,
        price_source: consultation.price_source.as_ref().map(|source| format!("{} ({})", source.page, source.date)),
        finish: consultation.finish.clone(),
        failure: consultation.failure.clone(),
        cached: consultation.cached,
        attempts: consultation.attempts,
        first_token_ms: consultation.first_token.map(whole_millis),
        latency_ms: whole_millis(consultation.latency),
        window: consultation.window,
        reply_reserve: consultation.reply_reserve,
        decisions: consultation.decisions.clone(),
    }
}

pub fn call(call: &LiveCall) -> CallSummary {
    let state = call.snapshot();
    CallSummary {
        id: call.id,
        tool: call.tool.to_owned(),
        connection: call.connection,
        thread: state.thread,
        model: state.model,
        provider: state.provider,
        stage: state.stage,
        text_chars: state.text_chars,
        started: call.started,
        ended: state.ended,
    }
}

pub fn message(entry: &Entry) -> MessageSummary {
    let header = &entry.header;
    MessageSummary {
        seq: entry.seq,
        at: entry.at,
        direction: header.direction,
        connection: header.connection,
        transport: header.transport.to_owned(),
        kind: header.kind,
        method: header.method.to_string(),
        tool: header.tool.as_deref().map(str::to_owned),
        id: header.id.as_ref().map(|id| id.as_json().to_owned()),
        bytes: entry.len,
        outcome: entry.outcome,
        by: entry.steps.last().map(|step| step.by.to_string()),
        reason: entry.steps.last().map(|step| step.reason.to_string()),
    }
}

pub fn steps(entry: &Entry) -> Vec<StepSummary> {
    let step = |step: &Step| StepSummary { by: step.by.to_string(), did: step.did, reason: step.reason.to_string() };
    entry.steps.iter().map(step).collect()
}

pub fn paused(paused: Paused) -> PausedSummary {
    let header = &paused.message.header;
    PausedSummary {
        id: paused.id,
        connection: header.connection,
        direction: header.direction,
        kind: header.kind,
        method: header.method.to_string(),
        tool: header.tool.as_deref().map(str::to_owned),
        by: paused.by.to_string(),
        since: paused.since,
        until: paused.until,
        continues: paused.on_timeout == OnTimeout::Continue,
        text: TextSlice::of(&String::from_utf8_lossy(&paused.message.bytes), 0, TEXT_CHARS),
        reason: paused.reason,
    }
}

pub fn interceptors(engine: &Engine) -> Interceptors {
    let decider = |one: Registration| DeciderSummary {
        name: one.name.to_string(),
        enabled: one.tally.is_on(),
        hits: one.tally.hits(),
        failures: one.tally.failures(),
    };
    let rules = engine.rules.as_ref().map(|rules| {
        let file = rules.file();
        RulesSummary { path: file.path.to_string_lossy().into_owned(), loaded: file.loaded, errors: file.errors }
    });
    Interceptors { deciders: engine.chain.registered().into_iter().map(decider).collect(), rules }
}

pub fn client(peer: Peer) -> ClientSummary {
    ClientSummary {
        connection: peer.connection,
        transport: peer.transport.to_owned(),
        name: peer.name,
        version: peer.version,
        protocol: peer.protocol.map(str::to_owned),
    }
}

pub fn provider(status: Status) -> ProviderSummary {
    ProviderSummary {
        id: status.provider,
        title: status.title,
        configured: status.configured,
        answered: status.answered,
        failed: status.failed,
        last_latency_ms: status.last_latency.map(whole_millis),
        last_failure: status.last_failure,
        health: health(status.figures),
        resting: status.resting.into_iter().map(resting).collect(),
        spent: status.spent,
        cost_unknown: status.cost_unknown,
    }
}

fn health(figures: Figures) -> HealthSummary {
    let Figures { requests, failing, penalty, first_text, total, tokens_per_second, last_error } = figures;
    HealthSummary {
        requests,
        failing_per_mille: failing,
        penalty,
        first_text_p50_ms: first_text.map(|spread| whole_millis(spread.p50)),
        first_text_p95_ms: first_text.map(|spread| whole_millis(spread.p95)),
        total_p50_ms: total.map(|spread| whole_millis(spread.p50)),
        total_p95_ms: total.map(|spread| whole_millis(spread.p95)),
        tokens_per_second,
        last_error_at: last_error.as_ref().map(|error| error.at),
        last_error: last_error.map(|error| FailedWith { class: error.class, message: error.message }),
    }
}

fn resting(Resting { model, breaker, rest }: Resting) -> RestingSummary {
    RestingSummary { model, breaker, rest_ms: whole_millis(rest) }
}
