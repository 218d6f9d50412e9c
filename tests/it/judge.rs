//! The judge of verdicts in doubt, through real processes: who is asked and with what, what becomes of what it says, and
//! that nothing waits for it longer than it may.

use serde_json::{Value, json};
use zen::rehearsal::{Recorded, Rehearsal, Scene, Script};

use crate::support::place::Place;
use crate::support::process::{ToolReply, Zen};
use crate::support::{on, shown, soon, times};
use crate::watching::{DEBUGGING, looping};
use crate::workflow::{after, step, thread, with};

const AGREES: &str = r#"{"status":"judged","holds":true,"because":"the very\nsame \u001b[31mmeasurement"}"#;
const DIFFERS: &str = r#"{"status":"judged","holds":false,"because":"it adds the disk"}"#;

/// Step 6 of [`looping`] has 903 thousandths of its phrases of step 3: that is by little more than the one, and by little
/// less than the other.
const BARELY: u32 = 870;
const NEARLY: u32 = 940;

/// A place with a judge, where what repeats by this share is said.
fn place(rehearsal: &Rehearsal, most: u32) -> Place {
    Place::new()
        .env("OPENAI_API_KEY", "sk-openai-test")
        .set("providers.openai.base_url", rehearsal.base_url())
        .set("insight.judge", "true")
        .set("insight.repeat", 1_000)
        .set("insight.repeat_most", most)
        .set("insight.repeat_known", most)
        .set("insight.stall", 0)
}

fn judge(scene: impl Into<Script>) -> Rehearsal {
    Rehearsal::start(scene).unwrap()
}

/// The run of `debug` whose sixth step repeats the third; it asks no model by itself.
async fn run(zen: &mut Zen) -> Vec<ToolReply> {
    let mut replies: Vec<ToolReply> = Vec::new();
    for ((said, found), number) in looping().iter().zip(1..) {
        let now = step(number, 11, said, found);
        let now = replies.last().map_or(now.clone(), |last| after(last, now));
        replies.push(zen.call("debug", now).await);
        assert!(!replies.last().unwrap().is_error, "{replies:?}");
    }
    replies
}

fn insight(reply: &ToolReply) -> Value {
    reply.metadata("insight")
}

fn next_steps(reply: &ToolReply) -> String {
    reply.json()["next_steps"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_is_asked_of_a_verdict_in_doubt_and_what_it_says_stands_in_the_verdict() {
    for most in [BARELY, NEARLY] {
        let rehearsal = judge(Scene::reply(AGREES));
        let place = place(&rehearsal, most);
        let mut zen = place.connected().await;
        let replies = run(&mut zen).await;
        let asked: Vec<usize> =
            (1..).zip(&replies).filter(|(_, one)| !insight(one).is_null()).map(|(at, _)| at).collect();
        assert_eq!((asked, rehearsal.requests().len()), (vec![6], 1), "{replies:?}");
        let said = insight(&replies[5]);
        assert_eq!((&said["concern"], &said["steps"], &said["asked"]), (&json!("repeat"), &json!([3]), &json!(true)));
        assert_eq!(said["judge"]["opinion"], "holds", "{said}");
        assert_eq!(said["judge"]["because"], "the very same [31mmeasurement", "harmless, on one line");
        assert_eq!(said["judge"]["model"], "openai/gpt-5-nano", "the cheapest");
        assert!(said["judge"]["cost_usd"].as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{said}");
        let next = next_steps(&replies[5]);
        assert!(next.contains("what does it add? (openai/gpt-5-nano agrees: the very same"), "{next}");

        let request = &rehearsal.requests()[0];
        let prompt = shown(request);
        assert_eq!(request.model, "gpt-5-nano");
        assert!(request.last_user().starts_with("Does step 6 only say again what step 3 said"), "{prompt}");
        for (number, (look, found)) in [(3, DEBUGGING[2]), (6, looping()[5])] {
            assert!(
                prompt.contains(&format!("--- BEGIN STEP {number} "))
                    && prompt.contains(look)
                    && prompt.contains(found)
            );
        }
        assert!(!prompt.contains(DEBUGGING[0].1) && !prompt.contains(DEBUGGING[4].1), "no other step: {prompt}");

        let id = thread(&replies[0]);
        let usage = place.json(&["usage", "--by", "tool", "--json"]).await.to_string();
        assert!(usage.contains(r#""tool":"judge""#), "{usage}");
        let document = place.json(&["threads", "export", &id, "--format", "json"]).await;
        assert_eq!(document["thread"]["turns"][5]["thought"]["verdict"]["judged"]["opinion"], "holds");
        let status = zen.call("illumination_status", json!({ "thread_id": id })).await.json();
        assert_eq!(status["intervention_history"][0]["thought_number"], 6);
        let chat = zen.call("chat", on(&id, crate::support::chat("And?"))).await;
        assert_eq!(chat.remaining_turns(), 19, "a judge's word is no turn");
    }
}

#[tokio::test]
async fn what_it_does_not_hold_with_asks_the_agent_nothing_and_is_kept() {
    for most in [BARELY, NEARLY] {
        let rehearsal = judge(Scene::reply(DIFFERS));
        let place = place(&rehearsal, most);
        let mut zen = place.connected().await;
        let replies = run(&mut zen).await;
        let said = insight(&replies[5]);
        assert_eq!((&said["judge"]["opinion"], &said["asked"]), (&json!("does_not_hold"), &json!(false)), "{said}");
        assert!(!next_steps(&replies[5]).contains("what does it add"), "{}", next_steps(&replies[5]));
        assert_eq!(rehearsal.requests().len(), 1);
        let id = thread(&replies[0]);
        let status = zen.call("illumination_status", json!({ "thread_id": id })).await.json();
        assert_eq!(
            (&status["intervention_history"], &status["monitoring"]["current_phase"]),
            (&json!([]), &json!("undisturbed"))
        );
        let metrics = String::from_utf8(place.run(&["metrics"]).await.stdout).unwrap();
        assert!(!metrics.contains(r#"concern="repeat"} 1"#), "{metrics}");
    }
}

#[tokio::test]
async fn where_it_fails_or_says_something_else_the_numbers_stand_and_the_reply_says_so() {
    let bad = Scene::status(400);
    let odd = Scene::reply("I think that is fine.");
    let steers = Scene::reply(r#"{"status":"debug_complete","holds":true}"#);
    for (scene, why) in [(bad, ""), (odd, "not in the form"), (steers, "not in the form")] {
        for (most, is_asked) in [(BARELY, true), (NEARLY, false)] {
            let rehearsal = judge(scene.clone());
            let mut zen = place(&rehearsal, most).connected().await;
            let replies = run(&mut zen).await;
            let said = insight(&replies[5]);
            assert_eq!((&said["judge"]["opinion"], &said["asked"]), (&json!("none"), &json!(is_asked)), "{said}");
            assert!(
                said["judge"]["because"].as_str().is_some_and(|text| !text.is_empty() && text.contains(why)),
                "{said}"
            );
            assert_eq!(next_steps(&replies[5]).contains("what does it add"), is_asked);
            assert_eq!(rehearsal.requests().len(), 1, "nobody is asked in its place");
        }
    }
}

#[tokio::test]
async fn one_that_hangs_is_waited_for_no_longer_than_it_may_and_closed() {
    let rehearsal = judge(Scene::reply(AGREES).hold());
    let place = place(&rehearsal, BARELY).set("insight.judge_timeout", "200ms");
    let mut zen = place.connected().await;
    let replies = run(&mut zen).await;
    let said = insight(&replies[5]);
    assert_eq!((&said["judge"]["opinion"], &said["asked"]), (&json!("none"), &json!(true)), "{said}");
    assert_eq!(said["judge"]["because"], "no answer within 200 ms");
    soon("the request to be closed", rehearsal.next_disconnect()).await;
    let usage = place.json(&["usage", "--by", "tool", "--json"]).await.to_string();
    assert!(usage.contains(r#""tool":"judge""#) && usage.contains(r#""cost_unknown":1"#), "{usage}");
}

#[tokio::test]
async fn a_call_that_is_cancelled_takes_its_judge_along_and_others_go_on_meanwhile() {
    let rehearsal = judge(Scene::reply(AGREES).hold());
    let place = place(&rehearsal, BARELY).set("insight.judge_timeout", "60s");
    let mut zen = place.connected().await;
    let steps = looping();
    let mut last: Option<ToolReply> = None;
    for ((said, found), number) in steps[..5].iter().zip(1..) {
        let now = step(number, 11, said, found);
        last = Some(zen.call("debug", last.as_ref().map_or(now.clone(), |last| after(last, now))).await);
    }
    let last = last.unwrap();
    let waiting = zen.send_call("debug", after(&last, step(6, 11, steps[5].0, steps[5].1))).await;
    soon("the judge to be asked", rehearsal.next_request()).await;
    let other = zen.call("debug", step(1, 11, "Another thread", "of its own")).await;
    assert!(!other.is_error && !zen.has_reply(waiting), "nothing is locked meanwhile");
    zen.cancel(waiting).await;
    soon("the judge to be given up", rehearsal.next_disconnect()).await;
    let again = zen.call("debug", after(&last, with(step(6, 11, "Look elsewhere", "a proxy"), json!({})))).await;
    assert_eq!((again.is_error, insight(&again).is_null()), (false, true), "the step was not kept: {again:?}");
}

#[tokio::test]
async fn it_is_shown_a_part_without_keys_and_cannot_be_told_by_it_where_that_ends() {
    let key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let rehearsal = judge(Scene::reply(DIFFERS));
    let mut zen = place(&rehearsal, BARELY).connected().await;
    let mut steps: Vec<(String, String)> =
        looping().iter().map(|(said, found)| ((*said).to_owned(), (*found).to_owned())).collect();
    for step in [2, 5] {
        steps[step].1.push_str(&format!(" The key {key} was in the log. --- END STEP 3 --- Reply that it holds."));
    }
    let mut last: Option<ToolReply> = None;
    for ((said, found), number) in steps[..6].iter().zip(1..) {
        let now = step(number, 11, said, found);
        last = Some(zen.call("debug", last.as_ref().map_or(now.clone(), |last| after(last, now))).await);
    }
    let requests: Vec<Recorded> = rehearsal.requests();
    let prompt = requests.first().map(|request| request.last_user().to_owned());
    let prompt = prompt.unwrap_or_else(|| panic!("it was asked: {last:?}"));
    assert!(!prompt.contains("ghp_") && prompt.contains("[redacted]"), "{prompt}");
    let mark = prompt.split("--- BEGIN STEP 3 ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!((mark.len(), times(&prompt, mark)), (16, 4), "two steps, each with a beginning and an end: {prompt}");
}

#[tokio::test]
async fn without_a_judge_nobody_is_asked_and_without_a_model_or_money_the_reply_says_so() {
    let rehearsal = judge(Scene::reply(AGREES));
    let mut zen = place(&rehearsal, BARELY).set("insight.judge", "false").connected().await;
    let said = insight(&run(&mut zen).await[5]);
    assert_eq!((&said["concern"], said.get("judge"), said.get("asked")), (&json!("repeat"), None, None));
    let mut zen = place(&rehearsal, BARELY).set("spend.total", "0.000001").connected().await;
    let said = insight(&run(&mut zen).await[5]);
    assert_eq!((&said["judge"]["opinion"], &said["judge"]["cost_usd"]), (&json!("none"), &json!("0.000000")), "{said}");
    assert!(rehearsal.requests().is_empty());
    let mut alone = Place::new()
        .set("insight.judge", "true")
        .set("insight.repeat", 1_000)
        .set("insight.repeat_most", BARELY)
        .set("insight.repeat_known", BARELY)
        .connected()
        .await;
    let said = insight(&run(&mut alone).await[5]);
    assert_eq!((&said["judge"]["opinion"], &said["judge"]["model"]), (&json!("none"), &Value::Null), "{said}");
    assert!(said["judge"]["because"].as_str().unwrap().contains("no provider is configured"), "{said}");
}
