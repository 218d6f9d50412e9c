//! What is counted, how it is told, and what becomes of it beyond the bound.

use super::*;
use crate::provider::{Class, Usage};
use crate::thread::turn::FailedWith;

const NOON: UnixMillis = UnixMillis(1_763_726_400_000);

fn asked(model: &str, cost: Option<u64>, tokens: Option<(u64, u64)>) -> Consultation {
    let mut consultation = Consultation::new("google".into(), model.into());
    consultation.cost = cost.map(MicroUsd);
    let count = |pick: fn((u64, u64)) -> u64| tokens.map(|tokens| Tokens(pick(tokens)));
    consultation.usage =
        Usage { input: count(|(input, _)| input), output: count(|(_, output)| output), ..Usage::default() };
    consultation
}

fn turn(tool: &str, ended: UnixMillis, consultations: Vec<Consultation>) -> Turn {
    Turn { consultations, ended, ..Turn::new(tool, "?", ended) }
}

fn me() -> Principal {
    Principal::user(1)
}

fn named(lines: &[Line]) -> Vec<(&str, u64)> {
    lines.iter().map(|line| (line.name.as_deref().unwrap_or("-"), line.sum.cost.0)).collect()
}

#[test]
fn what_is_counted_is_found_again_by_everything_it_is_of() {
    let ledger = Ledger::new(NOON);
    let (one, two) = (ThreadId::random(), ThreadId::random());
    let later = NOON.plus(std::time::Duration::from_secs(86_400));
    ledger.add(&me(), one, &turn("chat", NOON, vec![asked("flash", Some(5), Some((10, 2)))]));
    ledger.add(&me(), one, &turn("debug", NOON, vec![asked("pro", Some(70), Some((100, 20)))]));
    ledger.add(&me(), two, &turn("chat", later, vec![asked("flash", Some(6), Some((11, 3)))]));
    ledger.add(&me(), two, &turn("planner", later, vec![]));
    let statement = ledger.statement(Some(&me()));
    assert_eq!(named(&statement.by(By::Model)), [("pro", 70), ("flash", 11)]);
    assert_eq!(named(&statement.by(By::Tool)), [("debug", 70), ("chat", 11)]);
    assert_eq!(named(&statement.by(By::Day)), [("2025-11-22", 6), ("2025-11-21", 75)]);
    assert_eq!(named(&statement.by(By::Thread)), [(&*one.to_string(), 75), (&*two.to_string(), 6)]);
    let total = statement.total();
    assert_eq!((total.answered, total.input, total.output), (3, Tokens(121), Tokens(25)));
    assert_eq!(total.cost_told(), "0.000081");
}

#[test]
fn what_is_unknown_is_counted_as_that_and_is_never_nothing() {
    let ledger = Ledger::new(NOON);
    let thread = ThreadId::random();
    let add = |consultation| ledger.add(&me(), thread, &turn("chat", NOON, vec![consultation]));
    add(asked("local", None, None));
    let total = ledger.statement(None).total();
    assert_eq!(total.cost_told(), "unknown");
    assert_eq!(total.tokens_told(), ["unknown", "unknown"]);
    add(asked("flash", Some(7), Some((3, 1))));
    let ledger = Arc::new(ledger);
    let page = Page::new(&ledger, &me(), "chat", None, Clock::anchored(NOON));
    drop(page.asking(&"google".into(), &"flash".into()));
    page.asking(&"google".into(), &"flash".into()).answered();
    let total = ledger.statement(None).total();
    assert_eq!((total.cost_unknown, total.tokens_unknown, total.failed), (2, 2, 1));
    assert_eq!((total.cost_told().as_str(), total.tokens_told()), (">=0.000007", [">=3", ">=1"].map(str::to_owned)));

    // What was refused, or answered from what was kept, is known to have cost nothing.
    let free = Ledger::new(NOON);
    let refusal = FailedWith { class: Class::Quota, message: String::new() };
    let refused = Consultation { failure: Some(refusal), ..asked("pro", Some(0), None) };
    let kept = Consultation { cached: true, ..asked("pro", Some(0), Some((0, 0))) };
    free.add(&me(), thread, &turn("chat", NOON, vec![refused, kept]));
    let total = free.statement(None).total();
    assert_eq!((total.cost_told().as_str(), total.cost_unknown, total.tokens_unknown), ("0.000000", 0, 0));
    assert_eq!((total.failed, total.answered), (1, 1));
    assert_eq!(Ledger::new(NOON).statement(None).total().cost_told(), "0.000000");
}

#[test]
fn everyone_is_told_of_their_own() {
    let ledger = Ledger::new(NOON);
    let other = Principal::user(2);
    ledger.add(&me(), ThreadId::random(), &turn("chat", NOON, vec![asked("flash", Some(5), None)]));
    ledger.add(&other, ThreadId::random(), &turn("chat", NOON, vec![asked("flash", Some(1), None)]));
    assert_eq!(ledger.statement(Some(&other)).total().cost, MicroUsd(1));
    assert_eq!(ledger.statement(None).total().cost, MicroUsd(6));
    assert!(ledger.statement(Some(&Principal::user(3))).entries.is_empty());
}

#[test]
fn beyond_the_bound_names_go_and_sums_stay() {
    let mut entries = Entries::default();
    let subject = |model: &str, thread| Subject {
        day: 7,
        tool: "chat".into(),
        provider: "google".into(),
        model: model.into(),
        thread,
    };
    let one = Sum { answered: 1, cost: MicroUsd(1), ..Sum::default() };
    let models = ["flash", "pro"];
    for number in 0..100 {
        let model = models[number % 2];
        entries.count((me(), subject(model, Some(ThreadId::random()))), one, 8);
        assert!(entries.sums.len() <= 8, "{}", entries.sums.len());
    }
    let cost = |of: &Subject| entries.sums.get(&(me(), of.clone())).map(|counted| counted.sum.cost.0);
    // The threads of the last are known still; what the others cost is known by model and tool.
    let of_threads = entries.sums.iter().filter(|((_, subject), _)| subject.thread.is_some()).count();
    assert_eq!(of_threads, 6);
    assert_eq!((cost(&subject("flash", None)), cost(&subject("pro", None))), (Some(47), Some(47)));
    for number in 0..20 {
        entries.count((me(), subject(&format!("model {number}"), None)), one, 8);
        assert!(entries.sums.len() <= 8, "{}", entries.sums.len());
    }
    let sum: u64 = entries.sums.values().map(|counted| counted.sum.cost.0).sum();
    assert_eq!(sum, 120);
}
