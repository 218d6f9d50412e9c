//! Every total on every screen is the engine's own: the demo's day is played, drawn, read off the screen, and held against
//! the books. And a comparison that could not fail would prove nothing: each screen is lied to by the least that it shows.

mod books;
mod day;
mod screens;

use std::collections::BTreeSet;
use std::time::Duration;

use self::books::Books;
use self::day::{Bent, Day, Looking, TRUE, play};
use self::screens::Figures;
use crate::control::types::spending::Spending;
use crate::control::types::*;
use crate::interceptor::Outcome;
use crate::interceptor::builtin::message_log;
use crate::provider::Class;
use crate::tui::event::Reply;
use crate::unit::MicroUsd;

/// The least that a cost on a screen can differ by: it has four places.
const LEAST_COST: u64 = 100;
/// The same of tokens, of which thousands have one place.
const LEAST_TOKENS: u64 = 100;

/// Every total that a screen shows.
const TOTALS: [(&str, &[&str]); 7] = [
    (
        "overview",
        &[
            "alerts",
            "calls in flight",
            "median of a provider",
            "messages",
            "requests that a provider answered",
            "requests that a provider did not answer",
            "spent",
            "threads",
            "threads and calls in the head",
            "tokens in",
            "tokens of a thread",
            "tokens out",
            "turns of a thread",
        ],
    ),
    (
        "threads",
        &[
            "threads",
            "threads and calls in the head",
            "tokens of a thread",
            "turns and cost of a thread that is read",
            "turns of a thread",
            "what each model took in a turn",
        ],
    ),
    (
        "budget",
        &[
            "a share of the window",
            "spent by day",
            "spent by model",
            "spent by tool",
            "the window of a thread",
            "threads and calls in the head",
            "what a turn was estimated at",
            "what is taken of the limit",
        ],
    ),
    (
        "models",
        &[
            "models",
            "requests of a model's provider",
            "score, window, times, errors and speed",
            "spent at a model's provider",
            "threads and calls in the head",
        ],
    ),
    (
        "log",
        &[
            "messages",
            "messages of a tool",
            "messages that were blocked",
            "messages that were changed",
            "sizes of the newest messages",
            "threads and calls in the head",
        ],
    ),
    (
        "activity",
        &[
            "calls in flight and ended",
            "calls of a tool",
            "calls that failed",
            "calls that were answered",
            "threads and calls in the head",
        ],
    ),
    ("switches", &["how often a rule did something", "how the calls of a tool went"]),
];

/// The figures of one screen as it is drawn after `updates`.
async fn drawn(screen: &str, updates: &[Update], day: &Day, books: &Books, bent: Bent) -> Figures {
    let mut looking = Looking::at(updates, &day.service, bent).await;
    match screen {
        "overview" => screens::overview(&mut looking, books).await,
        "threads" => screens::threads(&mut looking, books).await,
        "budget" => screens::budget(&mut looking, books).await,
        "models" => screens::models(&mut looking, books).await,
        "log" => screens::log(&mut looking, books).await,
        "activity" => screens::activity(&mut looking, books).await,
        _ => screens::switches(&mut looking, books).await,
    }
}

#[tokio::test(start_paused = true)]
async fn on_the_scripted_day_every_total_on_every_screen_is_the_ledgers() {
    let day = play().await;
    let books = Books::of(&day.service);
    for (screen, totals) in TOTALS {
        let figures = drawn(screen, &day.updates, &day, &books, TRUE).await;
        assert_eq!(figures.wrong(), [] as [&screens::Figure; 0], "on the screen {screen}");
        let shown: BTreeSet<&str> = figures.0.iter().map(|figure| figure.total).collect();
        assert_eq!(shown.into_iter().collect::<Vec<_>>(), totals, "on the screen {screen}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_calls_are_in_flight_the_totals_are_the_ledgers_too() {
    let day = play().await;
    let (snapshot, books) = &day.midday;
    for screen in ["overview", "activity", "log", "switches"] {
        let figures = drawn(screen, std::slice::from_ref(snapshot), &day, books, TRUE).await;
        assert_eq!(figures.wrong(), [] as [&screens::Figure; 0], "on the screen {screen}");
    }
    assert!(books.in_flight() > 1);
}

#[tokio::test(start_paused = true)]
async fn the_day_holds_what_the_demo_is_to_show() {
    let day = play().await;
    let books = Books::of(&day.service);
    let tools: BTreeSet<&str> = books.threads.iter().map(|thread| &*thread.tool).collect();
    assert_eq!(tools, BTreeSet::from(["chat", "consensus", "debug", "planner", "thinkdeep"]));
    let of = |tool: &str| books.threads.iter().find(|thread| *thread.tool == *tool).unwrap();
    // Three models at once; a model that failed, another in its place, and its way back.
    assert_eq!(of("consensus").turns[0].consultations.len(), 3);
    let asked: Vec<_> = of("debug").turns.iter().flat_map(|turn| &turn.consultations).collect();
    let asked: Vec<_> = asked.iter().map(|one| (one.model.as_str(), one.attempts, one.failure.is_none())).collect();
    assert_eq!(asked[..2], [("scripted-large", 3, false), ("understudy-large", 1, true)]);
    assert_eq!(asked.iter().filter(|(model, _, answered)| *model == "scripted-large" && *answered).count(), 2);
    assert!(books.resting().is_empty());
    // A rate limit was waited for.
    assert!(of("thinkdeep").turns.iter().flat_map(|turn| &turn.consultations).any(|one| one.attempts == 2));
    // One prompt was turned back by a rule, the key in another was not sent, and neither is anywhere to be read.
    let read = |entry: &message_log::Entry| String::from_utf8_lossy(&entry.before).into_owned();
    let blocked: Vec<_> = books.messages.iter().filter(|entry| entry.outcome == Outcome::Blocked).collect();
    assert!(blocked.len() == 1 && read(blocked[0]).contains("DEPLOY_TOKEN=[redacted]"), "{blocked:?}");
    assert!(of("debug").turns.iter().any(|turn| turn.prompt.contains("the key [redacted] does not exist")));
    assert!(books.messages.iter().all(|entry| !read(entry).contains("AKIA") && !read(entry).contains("ghp_")));
    // A window that was full, and a limit that is near: one request stood outside of it.
    let decisions = of("chat").turns.iter().flat_map(|turn| &turn.consultations).flat_map(|one| &one.decisions);
    let fates: BTreeSet<_> = decisions.map(|decision| format!("{:?}", decision.verdict)).collect();
    assert!(fates.contains("LeftOut") && fates.contains("Summarised"), "{fates:?}");
    let part = books.taken[0].spent.0 * 100 / books.taken[0].limit.unwrap().0;
    assert!((80..100).contains(&part), "{part} %");
    let failed = books.calls.iter().filter_map(|(_, state, _)| match &state.stage {
        Stage::Failed { class, .. } => *class,
        _ => None,
    });
    assert_eq!(failed.collect::<Vec<_>>(), [Class::Resting, Class::OverLimit]);
    // It all happens while somebody watches, and no answer is taken for a model's.
    let began = books.messages[0].at;
    assert!(books.messages.last().unwrap().at.since(began) < Duration::from_secs(100));
    let answers = books.threads.iter().flat_map(|thread| &thread.turns).filter_map(|turn| turn.answer.as_deref());
    assert!(answers.into_iter().all(|answer| answer.contains("was not asked, nor was any other model")));
}

#[tokio::test(start_paused = true)]
async fn one_wrong_number_on_its_way_to_a_screen_is_found_there() {
    let day = play().await;
    let books = Books::of(&day.service);
    for (screen, told, bent, found) in LIES {
        let figures = drawn(screen, &day.updates, &day, &books, bent).await;
        let wrong: BTreeSet<&str> = figures.wrong().into_iter().map(|figure| figure.total).collect();
        assert_eq!(wrong.into_iter().collect::<Vec<_>>(), found, "{told}, on the screen {screen}");
    }
}

/// A screen, what is told wrongly, by how, and the totals that are wrong by it.
type Lie = (&'static str, &'static str, Bent, &'static [&'static str]);

const LIES: [Lie; 16] = [
    ("overview", "what a thread cost", update(|update| in_chat(update, add_cost)), &["spent"]),
    (
        "overview",
        "what a thread read",
        update(|update| in_chat(update, |thread| thread.input.0 += LEAST_TOKENS)),
        &["tokens in", "tokens of a thread"],
    ),
    (
        "overview",
        "a request that failed",
        update(|update| of_stage(update, |provider| provider.failed += 1)),
        &["requests that a provider did not answer"],
    ),
    (
        "threads",
        "what a thread cost",
        update(|update| in_chat(update, add_cost)),
        &["turns and cost of a thread that is read"],
    ),
    (
        "threads",
        "a turn of a thread",
        update(|update| in_chat(update, |thread| thread.answered += 1)),
        &["turns and cost of a thread that is read", "turns of a thread"],
    ),
    (
        "threads",
        "what one turn cost",
        reply(|reply| in_the_first_turn(reply, |one| one.cost = one.cost.map(|cost| MicroUsd(cost.0 + LEAST_COST)))),
        &["what each model took in a turn"],
    ),
    (
        "budget",
        "what one line of the ledger cost",
        reply(|reply| in_spending(reply, |spending| spending.lines[0].cost.0 += LEAST_COST)),
        &["spent by day", "spent by model", "spent by tool"],
    ),
    (
        "budget",
        "what is taken",
        reply(|reply| in_spending(reply, |spending| spending.limits[0].spent.0 += LEAST_COST)),
        &["what is taken of the limit"],
    ),
    (
        "budget",
        "what one decision took",
        reply(|reply| in_the_last_turn(reply, |one| one.decisions[0].tokens.0 += LEAST_TOKENS)),
        &["a share of the window"],
    ),
    (
        "models",
        "what was spent at a provider",
        update(|update| of_stage(update, |provider| provider.spent.0 += LEAST_COST)),
        &["spent at a model's provider"],
    ),
    (
        "models",
        "what scores are lowered by",
        update(|update| of_stage(update, |provider| provider.health.penalty += 1)),
        &["requests of a model's provider", "score, window, times, errors and speed"],
    ),
    (
        "models",
        "how long the slowest took",
        update(|update| of_stage(update, |provider| provider.health.total_p95_ms = Some(9_900))),
        &["score, window, times, errors and speed"],
    ),
    (
        "log",
        "that a message was blocked",
        update(|update| in_messages(update, |message| message.outcome = MessageOutcome::Passed)),
        &["messages that were blocked"],
    ),
    (
        "activity",
        "that a call failed",
        update(|update| in_calls(update, as_if_done)),
        &["calls that failed", "calls that were answered"],
    ),
    (
        "switches",
        "that a call failed",
        update(|update| in_calls(update, as_if_done)),
        &["how the calls of a tool went"],
    ),
    (
        "switches",
        "what a rule did",
        reply(|reply| in_deciders(reply, |decider| decider.hits += 1)),
        &["how often a rule did something"],
    ),
];

const fn update(update: fn(&mut Update)) -> Bent {
    Bent { update, ..TRUE }
}

const fn reply(reply: fn(&mut Reply)) -> Bent {
    Bent { reply, ..TRUE }
}

fn add_cost(thread: &mut ThreadSummary) {
    thread.cost = thread.cost.map(|MicroUsd(cost)| MicroUsd(cost + LEAST_COST));
}

/// The agents come after the face, so that all of the day is told in deltas.
fn in_delta(update: &mut Update, change: impl FnOnce(&mut Delta)) {
    if let Update::Delta(delta) = update {
        change(delta);
    }
}

fn in_chat(update: &mut Update, change: fn(&mut ThreadSummary)) {
    in_delta(update, |delta| delta.threads.iter_mut().filter(|thread| thread.tool == "chat").for_each(change));
}

fn of_stage(update: &mut Update, change: fn(&mut ProviderSummary)) {
    in_delta(update, |delta| delta.providers.iter_mut().filter(|one| one.id.as_str() == "stage").for_each(change));
}

fn in_messages(update: &mut Update, change: fn(&mut MessageSummary)) {
    in_delta(update, |delta| delta.messages.iter_mut().for_each(change));
}

fn in_calls(update: &mut Update, change: fn(&mut CallSummary)) {
    in_delta(update, |delta| delta.calls.iter_mut().for_each(change));
}

fn as_if_done(call: &mut CallSummary) {
    if matches!(call.stage, Stage::Failed { .. }) {
        call.stage = Stage::Done;
    }
}

fn in_deciders(reply: &mut Reply, change: fn(&mut DeciderSummary)) {
    if let Reply::Interceptors { outcome: Ok(all) } = reply {
        all.deciders.iter_mut().for_each(change);
    }
}

fn in_spending(reply: &mut Reply, change: fn(&mut Spending)) {
    if let Reply::Spending { outcome: Ok(spending) } = reply {
        change(spending);
    }
}

fn in_the_first_turn(reply: &mut Reply, change: fn(&mut ConsultationDetail)) {
    if let Reply::Thread { outcome: Ok(thread), .. } = reply {
        thread.turns.iter_mut().take(1).flat_map(|turn| turn.consultations.iter_mut().take(1)).for_each(change);
    }
}

fn in_the_last_turn(reply: &mut Reply, change: fn(&mut ConsultationDetail)) {
    if let Reply::Thread { outcome: Ok(thread), .. } = reply {
        thread
            .turns
            .iter_mut()
            .rev()
            .take(1)
            .flat_map(|turn| turn.consultations.iter_mut().rev().take(1))
            .for_each(change);
    }
}
