//! What a person should know of without looking for it: read off the sources, the most pressing first.

use std::time::Duration;

use super::models::Standing;
use super::source::SourceView;
use crate::control::types::{Concern, ProviderSummary, ThreadSummary};
use crate::tui::figure;
use crate::tui::theme::Role;
use crate::unit::UnixMillis;

/// Alerts that are told; what is beyond them is counted.
const MAX_ALERTS: usize = 50;
/// A thread whose time runs out within this is spoken of.
const EXPIRES_SOON: Duration = Duration::from_secs(5 * 60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub role: Role,
    pub text: String,
}

/// All alerts, as they read now.
pub fn alerts(sources: &[SourceView], now: UnixMillis) -> Vec<Alert> {
    let live = || sources.iter().filter(|source| !source.is_gone());
    let paused = live().flat_map(|source| {
        source.paused.iter().map(|paused| {
            let left = paused.until.since(now).as_secs();
            let then = if paused.continues { "goes on" } else { "is blocked" };
            let what = paused.tool.as_deref().unwrap_or(&paused.method);
            bad(format!("{what} waits for a person ({}); it {then} in {left} s", paused.by))
        })
    });
    let providers = live().flat_map(|source| source.providers.iter().filter_map(of_provider));
    let resting = live().flat_map(left_alone);
    let told = |source, thread| [of_thread(source, thread, now), of_thought(thread)].into_iter().flatten();
    let threads = live().flat_map(|source| source.threads.values().flat_map(move |thread| told(source, thread)));
    let mut threads: Vec<Alert> = threads.collect();
    threads.sort_by(|one, other| (one.role != Role::Bad, &one.text).cmp(&(other.role != Role::Bad, &other.text)));
    paused.chain(providers).chain(resting).chain(threads).take(MAX_ALERTS).collect()
}

/// After how long an alert comes or reads differently with nothing having happened; None: never.
pub fn change_in(sources: &[SourceView], now: UnixMillis) -> Option<Duration> {
    let live = || sources.iter().filter(|source| !source.is_gone());
    let paused = live().flat_map(|source| &source.paused);
    let paused = paused.filter_map(|paused| {
        // It counts whole seconds, however many.
        let left = u64::try_from(paused.until.since(now).as_millis()).unwrap_or(u64::MAX);
        (left > 0).then(|| Duration::from_millis(left % 1_000 + 1))
    });
    let threads = live().flat_map(|source| source.threads.values()).filter_map(|thread| {
        let left = thread.expires.since(now);
        match left.checked_sub(EXPIRES_SOON).filter(|until| !until.is_zero()) {
            Some(until_spoken_of) => Some(until_spoken_of),
            None => figure::left_changes_in(left),
        }
    });
    paused.chain(threads).min()
}

/// The models of the source that are not asked for now.
fn left_alone(source: &SourceView) -> impl Iterator<Item = Alert> {
    source.models.iter().filter_map(|model| {
        let standing = Standing::of(model, source.provider(&model.provider));
        match standing {
            Standing::Down => Some(bad(format!("{} failed and is left alone", model.id))),
            Standing::CoolingDown => Some(warning(format!("{} takes no more for now", model.id))),
            Standing::Up | Standing::Failing | Standing::Off => None,
        }
    })
}

fn of_provider(provider: &ProviderSummary) -> Option<Alert> {
    let failing = provider.health.failing_per_mille.filter(|_| Standing::fails(provider))?;
    let requests = provider.health.requests;
    Some(warning(format!(
        "{}: {}.{} % of its last {requests} requests failed",
        provider.id,
        failing / 10,
        failing % 10
    )))
}

fn of_thread(source: &SourceView, thread: &ThreadSummary, now: UnixMillis) -> Option<Alert> {
    let limit = source.limits.map(|limits| limits.max_turns)?;
    let soon = thread.expires.since(now);
    let name = || format!("{} {}", thread.id.short(), thread.tool);
    match limit.saturating_sub(thread.answered) {
        0 => Some(bad(format!("{} has used its {limit} turns", name()))),
        1 => Some(warning(format!("{} has 1 of {limit} turns left", name()))),
        _ if soon <= EXPIRES_SOON => Some(warning(format!("{} ends in {}", name(), figure::age(soon)))),
        _ => None,
    }
}

/// What the monitor says of the thread's last steps.
fn of_thought(thread: &ThreadSummary) -> Option<Alert> {
    let says = match thread.concern? {
        Concern::Settled => "has its answer, and nothing new comes",
        Concern::Wavering => "goes back and forth between answers",
        Concern::Repeat => "repeats an earlier step",
        Concern::Stall => "brings nothing new",
        Concern::Drift => "is about something else now",
        Concern::Thinning => "says less and less",
    };
    Some(warning(format!("{} {} {says}", thread.id.short(), thread.tool)))
}

fn bad(text: String) -> Alert {
    Alert { role: Role::Bad, text }
}

fn warning(text: String) -> Alert {
    Alert { role: Role::Warning, text }
}
