//! The monitor on every thread, through real processes: when it asks, what, and how it is told to be quiet.

use serde_json::{Value, json};
use zen::control::Control as _;
use zen::control::types::Concern;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::{ToolReply, Zen};
use crate::support::{chat, on};
use crate::workflow::{after, step, thread, with};

/// An investigation as agents make them, ten steps and the one that ends it.
pub const DEBUGGING: [(&str, &str); 11] = [
    (
        "Exports of large accounts end in a time-out since Tuesday. I start with the log of the export service.",
        "The log has 212 failed exports, all of accounts with over 40,000 invoices. The last line before each is `render page 7`.",
    ),
    (
        "Look at what happens on page 7 and not before it.",
        "src/export/pdf.rs:188 opens the font file anew for each page; from page 7 on a second font with Cyrillic glyphs is loaded.",
    ),
    (
        "Measure how long loading that font takes, alone.",
        "A small program loads NotoSans-Cyrillic in 1.9 s on the server and in 40 ms on a laptop. The disk of the server is a network volume.",
    ),
    (
        "Find out whether the volume became slow on Tuesday.",
        "The dashboard of the volume shows a burst limit: credits have been at zero since Tuesday 09:10, throughput is capped at 12 MB/s.",
    ),
    (
        "Who uses up the credits? Compare readers of the volume by process.",
        "The nightly thumbnail job was moved to Tuesday morning in commit 4be1 and reads every uploaded image, 380 GB.",
    ),
    (
        "Check that exports recover when the job is paused.",
        "With the thumbnails paused for an hour, credits rise to 30 % and an export of 41,000 invoices ends after 48 s.",
    ),
    (
        "Is the repeated opening of fonts needed at all?",
        "FontCache in src/render/cache.rs holds parsed faces, but pdf.rs was written before it and never asks it.",
    ),
    (
        "Try the cache in pdf.rs on a branch and run the renderer's tests.",
        "58 tests pass; golden files are the same byte for byte. One export now reads 3 MB of fonts and not 900.",
    ),
    (
        "Look for other callers with the same habit.",
        "Two: the invoice preview opens the bold face per row, and the label printer reads its barcode font in a loop.",
    ),
    (
        "Consider what keeps this from coming back.",
        "A lint for File::open below src/render would catch all three. An alert on burst credits under 20 % does not exist yet.",
    ),
    (
        "Conclude: the moved thumbnail job drained the credits, and fonts that are opened for each page made exports feel it.",
        "Cause, fix in pdf.rs, second fix in the schedule of the job, alert on burst credits.",
    ),
];

fn insight(reply: &ToolReply) -> Value {
    reply.metadata("insight")
}

/// The steps of a run of `tool`; the last one ends it where `ends`.
async fn run(zen: &mut Zen, tool: &str, steps: &[(&str, &str)], more: Value) -> Vec<ToolReply> {
    let mut replies: Vec<ToolReply> = Vec::new();
    for ((said, found), number) in steps.iter().zip(1..) {
        let now = with(step(number, 11, said, found), with(more.clone(), json!({ "use_assistant_model": false })));
        let now = replies.last().map_or(now.clone(), |last| after(last, now));
        replies.push(zen.call(tool, now).await);
    }
    replies
}

/// Seven steps, of which the sixth says again what the third said.
pub fn looping() -> Vec<(&'static str, &'static str)> {
    let again = (
        "Measure again how long loading that font takes.",
        "A small program loads NotoSans-Cyrillic in 1.9 s on the server and 40 ms on a laptop; the server's disk is a network volume.",
    );
    let mut steps = DEBUGGING[..5].to_vec();
    steps.extend([again, DEBUGGING[5]]);
    steps
}

#[tokio::test]
async fn a_normal_debug_run_of_ten_steps_is_asked_nothing() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let replies = run(
        &mut zen,
        "debug",
        &DEBUGGING,
        json!({ "relevant_files": ["/p/src/export/pdf.rs"], "hypothesis": "fonts are slow" }),
    )
    .await;
    for reply in &replies {
        assert!(!reply.is_error && insight(reply).is_null(), "{reply:?}");
    }
    assert_eq!(replies.last().unwrap().json()["debug_required"].as_bool(), None);
    assert_eq!(replies.last().unwrap().status(), "local_work_complete");
}

#[tokio::test]
async fn a_step_that_repeats_gets_one_question_which_stands_in_its_turn_and_no_other_does() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let replies = run(&mut zen, "debug", &looping(), json!({})).await;
    let asked: Vec<usize> =
        (1..).zip(&replies).filter(|(_, reply)| !insight(reply).is_null()).map(|(at, _)| at).collect();
    assert_eq!(asked, [6]);
    let said = insight(&replies[5]);
    assert_eq!((&said["concern"], &said["step"], &said["steps"]), (&json!("repeat"), &json!(6), &json!([3])));
    let next = replies[5].json()["next_steps"].as_str().unwrap().to_owned();
    assert!(next.contains("step_number 7") && next.ends_with("what does it add?"), "{next}");

    let id = thread(&replies[0]);
    let document = place.json(&["threads", "export", &id, "--format", "json"]).await;
    let turns = document["thread"]["turns"].as_array().unwrap();
    let kept: Vec<&Value> = turns.iter().map(|turn| &turn["thought"]["verdict"]["kind"]).collect();
    assert_eq!((kept[5], kept.iter().filter(|kind| !kind.is_null()).count()), (&json!("repeat"), 1));
    assert_eq!(turns[5]["thought"]["number"], 6);
    // A face sees it as well, in the turn with its evidence and on the thread while it stands.
    let control = place.control().await;
    let detail = control.thread(id.parse().unwrap()).await.unwrap();
    let verdict = detail.turns[5].verdict.as_ref().unwrap();
    assert_eq!((verdict.kind, verdict.step, verdict.steps.as_slice()), (Concern::Repeat, 6, &[3][..]));
    assert!(verdict.readings.iter().any(|reading| reading.value >= reading.threshold), "{verdict:?}");
    assert_eq!(detail.turns.iter().filter(|turn| turn.verdict.is_some()).count(), 1);
    assert_eq!(detail.summary.concern, Some(Concern::Repeat));
    let looping = control.search("is:looping".to_owned()).await.unwrap();
    assert_eq!(looping.iter().map(|thread| thread.id.to_string()).collect::<Vec<_>>(), [id]);
    let metrics = place.run(&["metrics"]).await;
    let metrics = String::from_utf8(metrics.stdout).unwrap();
    assert!(metrics.contains(r#"concern="repeat"} 1"#), "{metrics}");
}

#[tokio::test]
async fn it_is_quiet_for_a_call_that_says_so_and_where_it_is_switched_off() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    for reply in run(&mut zen, "debug", &looping(), json!({ "insight": false })).await {
        assert!(!reply.is_error && insight(&reply).is_null(), "{reply:?}");
        assert!(!reply.text.contains("insight"), "the switch is no field of the tool: {}", reply.text);
    }
    let wrong = zen.call("debug", with(step(1, 2, "Look", ""), json!({ "insight": "no" }))).await;
    assert!(wrong.is_error && wrong.content().contains("`insight` must be true or false"), "{wrong:?}");
    let mut off = Place::with(&rehearsal).set("insight.enabled", "false").connected().await;
    assert!(run(&mut off, "debug", &looping(), json!({})).await.iter().all(|reply| insight(reply).is_null()));
}

#[tokio::test]
async fn threads_that_take_turns_are_watched_as_if_each_were_alone_kept_or_not() {
    for kept in ["0", "1", "8"] {
        let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
        let mut zen = Place::with(&rehearsal).set("insight.max_kept", kept).connected().await;
        let steps = looping();
        let mut threads: Vec<Option<ToolReply>> = vec![None, None, None];
        for ((said, found), number) in steps.iter().zip(1..) {
            for last in &mut threads {
                let now = step(number, 11, said, found);
                let now = last.as_ref().map_or(now.clone(), |last| after(last, now));
                let reply = zen.call("debug", now).await;
                assert_eq!(
                    insight(&reply)["steps"],
                    if number == 6 { json!([3]) } else { Value::Null },
                    "{kept}: {number}"
                );
                *last = Some(reply);
            }
        }
    }
}

#[tokio::test]
async fn a_step_that_is_sent_again_or_revises_another_repeats_nothing() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let replies = run(&mut zen, "debug", &DEBUGGING[..4], json!({})).await;
    let (said, found) = DEBUGGING[3];
    let again = zen.call("debug", after(&replies[0], step(4, 11, said, found))).await;
    assert!(insight(&again).is_null(), "{again:?}");
    let plan = |number: u32| {
        let (said, found) = DEBUGGING[number as usize - 1];
        json!({ "step": format!("{said} {found}"), "step_number": number, "total_steps": 9, "next_step_required": true })
    };
    let first = zen.call("planner", plan(1)).await;
    for number in 2..=4 {
        zen.call("planner", after(&first, plan(number))).await;
    }
    let revision = with(plan(3), json!({ "step_number": 5, "is_step_revision": true, "revises_step_number": 3 }));
    assert!(insight(&zen.call("planner", after(&first, revision.clone())).await).is_null());
    let repeats = with(plan(2), json!({ "step_number": 6 }));
    assert_eq!(insight(&zen.call("planner", after(&first, repeats)).await)["steps"], json!([2]));
}

#[tokio::test]
async fn a_chat_that_asks_the_same_again_hears_of_it_in_its_metadata() {
    let rehearsal = Rehearsal::start(Scene::reply("It depends.")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let asked: Vec<String> =
        DEBUGGING.iter().map(|(said, found)| format!("{said} {found} What do you think?")).collect();
    let first = zen.call("chat", chat(&asked[0])).await;
    let id = first.continuation_id();
    for prompt in &asked[1..5] {
        let reply = zen.call("chat", on(&id, chat(prompt))).await;
        assert!(insight(&reply).is_null(), "{reply:?}");
    }
    let again = zen.call("chat", on(&id, chat(&asked[1]))).await;
    assert_eq!((&insight(&again)["step"], &insight(&again)["steps"]), (&json!(6), &json!([2])));
    let question = again.metadata("question");
    assert!(question.as_str().unwrap().starts_with("Step 6 shares"), "{question}");
    assert!(again.content().starts_with("It depends."), "the answer is as it was");
}
