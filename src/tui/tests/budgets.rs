//! Budgets: what the bar, the decisions and the sums say, and that nothing unknown is shown as nothing.

use insta::assert_snapshot;

use super::sample::*;
use crate::budget::{Decision, Part, Verdict};
use crate::control::types::spending::{LimitSummary, SpendLine, Spending};
use crate::control::types::*;
use crate::tui::event::{Effect, Event, Reply};
use crate::tui::model::budget::{By, Share, Window, spent};
use crate::unit::{MicroUsd, Tokens, UnixMillis};

fn line(day: u64, tool: &str, model: &str, cost: u64, cost_unknown: u64) -> SpendLine {
    SpendLine {
        day: 20_778 + day,
        tool: tool.to_owned(),
        provider: "google".into(),
        model: model.into(),
        answered: 2,
        failed: 0,
        input: Tokens(9_000),
        output: Tokens(1_000),
        tokens_unknown: 0,
        cost: MicroUsd(cost),
        cost_unknown,
        thread: None,
    }
}

fn spending() -> Spending {
    let limit = |provider: Option<&str>, limit: u64, spent: u64, unknown: u64| LimitSummary {
        provider: provider.map(Into::into),
        limit: Some(MicroUsd(limit)),
        spent: MicroUsd(spent),
        held: MicroUsd(0),
        unknown: MicroUsd(unknown),
    };
    Spending {
        limits: vec![limit(None, 10_000_000, 4_180_000, 0), limit(Some("google"), 5_000_000, 4_180_000, 400_000)],
        since: UnixMillis(0),
        lines: vec![
            line(0, "chat", "gemini-2.5-pro", 2_310_000, 0),
            line(0, "debug", "gemini-2.5-flash", 0, 2),
            line(1, "chat", "gemini-2.5-pro", 1_870_000, 1),
        ],
    }
}

/// On the screen of budgets, with two turns and what was spent.
pub fn looking() -> Driven {
    let mut face = Driven::full(100, 30);
    face.keys("↓");
    let mut read = detail();
    let decided = |part, subject: &str, tokens, verdict| Decision {
        part,
        subject: subject.to_owned(),
        tokens: Tokens(tokens),
        verdict,
    };
    read.turns[1].consultations[0].decisions = vec![
        decided(Part::System, "system prompt", 900, Verdict::Kept),
        decided(Part::Prompt, "prompt", 100, Verdict::Kept),
        decided(Part::Files, "src/storage/redis.rs", 3_000, Verdict::Kept),
        decided(Part::Files, "src/storage/log.rs (lines 1 to 80)", 1_000, Verdict::Cut),
        decided(Part::Files, "src/storage/big.rs", 90_400, Verdict::LeftOut),
        decided(Part::History, "turn 1", 1_000, Verdict::Summarised),
    ];
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(read)) });
    face.keys("3");
    face.reply(OTHER, Reply::Spending { outcome: Ok(spending()) });
    face
}

#[test]
fn the_shares_of_the_window_add_up_to_it() {
    let face = looking();
    let window = Window::of(&face.model.reader.as_ref().unwrap().turns).unwrap();
    let sum: Tokens = window.shares.iter().map(|(_, tokens)| *tokens).sum();
    assert_eq!((window.turn, sum), (2, window.size));
    let of = |share| window.shares.iter().find(|(of, _)| *of == share).map(|(_, tokens)| tokens.0);
    assert_eq!((of(Share::Files), of(Share::History), of(Share::Reply)), (Some(4_000), Some(1_000), Some(64_000)));
    assert_eq!(of(Share::Between), Some(150), "headings are in the estimate and in no decision");
    for cells in [20, 38, 98, 300] {
        let bar = window.bar(cells);
        assert_eq!(bar.iter().map(|(_, cells)| cells).sum::<usize>(), cells);
        assert!(bar.iter().all(|(_, cells)| *cells > 0));
    }
}

#[test]
fn what_an_unknown_cost_is_part_of_is_unknown_or_a_lower_bound() {
    let face = looking();
    let (by_model, all) = spent(&face.model.sources, By::Model);
    assert_eq!(by_model[0].cost_said(), "≥$4.18");
    assert_eq!((by_model[1].name.as_str(), by_model[1].cost_said().as_str()), ("gemini-2.5-flash google", "unknown"));
    assert_eq!((all.cost, all.cost_unknown, all.input), (MicroUsd(4_180_000), 3, Tokens(27_000)));
    let (by_tool, _) = spent(&face.model.sources, By::Tool);
    assert_eq!(by_tool.iter().map(|spent| spent.name.as_str()).collect::<Vec<_>>(), ["chat", "debug"]);
    let (by_day, _) = spent(&face.model.sources, By::Day);
    assert_eq!(by_day.iter().map(|spent| spent.name.as_str()).collect::<Vec<_>>(), ["2026-11-22", "2026-11-21"]);
}

#[test]
fn what_was_spent_is_asked_for_where_it_is_seen_and_may_have_changed() {
    let mut face = Driven::full(100, 30);
    let asks = |face: &mut Driven| {
        face.asked().into_iter().filter(|effect| matches!(effect, Effect::Spending(_))).collect::<Vec<_>>()
    };
    assert_eq!(asks(&mut face), []);
    face.keys("3");
    assert_eq!(asks(&mut face), [Effect::Spending(OWN), Effect::Spending(OTHER)]);
    face.keys("j");
    assert_eq!(asks(&mut face), []);
    let threads = vec![thread('3', "codereview", "gemini-2.5-pro", 3, 0, "Please")];
    face.send(OTHER, Update::Delta(Box::new(Delta { threads, ..Delta::default() })));
    assert_eq!(asks(&mut face), [Effect::Spending(OTHER)]);
}

#[test]
fn budgets_at_each_size() {
    assert_snapshot!(at_each_size(&mut looking()));
}

#[test]
fn a_thread_of_which_no_model_was_asked_has_no_window() {
    let mut face = Driven::full(100, 30);
    face.keys("↓");
    let mut read = detail();
    read.turns.iter_mut().for_each(|turn| turn.consultations.clear());
    face.reply(OTHER, Reply::Thread { thread: thread_id('3'), outcome: Ok(Box::new(read)) });
    face.keys("3");
    assert!(face.frame().contains("No model was asked in it."), "{}", face.frame());
    face.keys("bb");
    assert!(face.frame().contains("Spent by day"));
    face.take(Event::Resized { width: 40, height: 10 });
    assert!(face.frame().contains("turn 2 · chat · no model was asked"), "{}", face.frame());
}
