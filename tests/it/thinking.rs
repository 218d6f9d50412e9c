//! The tools for thinking under the monitor's eye, through real processes.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::{ToolReply, Zen};
use crate::support::{on, shown};
use crate::watching::{DEBUGGING, looping};
use crate::workflow::{after, thread, with};

fn thought(number: u32, total: u32, text: &str) -> Value {
    json!({
        "thought": text,
        "thought_number": number,
        "total_thoughts": total,
        "next_thought_needed": number < total,
    })
}

/// What a model says in one thought.
fn said((look, found): (&str, &str)) -> String {
    format!("{look} {found}")
}

fn answers(answers: impl IntoIterator<Item = String>) -> Rehearsal {
    Rehearsal::start(answers.into_iter().map(Scene::reply).collect::<Vec<_>>()).unwrap()
}

/// A run of `traced_reasoning` whose model says these; the first step brings the query.
async fn traced(zen: &mut Zen, thoughts: usize, more: &Value) -> Vec<ToolReply> {
    let total = u32::try_from(thoughts).unwrap() + 2;
    let query = thought(1, total, "Why do exports of large accounts end in a time-out since Tuesday?");
    let mut replies = vec![zen.call("traced_reasoning", with(query, more.clone())).await];
    for number in 2..total {
        let next = with(thought(number, total, "Go on."), more.clone());
        replies.push(zen.call("traced_reasoning", after(&replies[0], next)).await);
    }
    replies
}

#[tokio::test]
async fn a_looping_traced_reasoning_gets_its_question_at_the_step_that_repeats() {
    // The fifth thing that the model says after the query is the second one again.
    let rehearsal = answers(looping()[..6].iter().copied().map(said));
    let mut zen = Place::with(&rehearsal).connected().await;
    let replies = traced(&mut zen, 6, &json!({})).await;
    assert_eq!((replies[0].status().as_str(), rehearsal.requests().len()), ("thinking", 6), "step 1 asks no model");
    for (number, reply) in (1..).zip(&replies) {
        let said = reply.json();
        assert!(!reply.is_error && said["monitoring"]["phase"].is_string(), "{reply:?}");
        let asks = !said["monitoring"]["intervention"].is_null();
        assert_eq!((asks, !said["metadata"]["insight"].is_null()), (number == 7, number == 7), "{number}: {said}");
    }
    let said = replies[6].json();
    assert_eq!(
        (&said["metadata"]["insight"]["concern"], &said["metadata"]["insight"]["steps"]),
        (&json!("repeat"), &json!([4]))
    );
    assert!(said["next_steps"].as_str().unwrap().ends_with("what does it add?"), "{said}");
    assert!(said["monitoring"]["circular_score"].as_f64().unwrap() > 0.5 && said["monitoring"]["nearest_thought"] == 4);
    assert!(said["synthesis"]["confidence_level"].is_null(), "what the model did not say is not known");

    let status = zen.call("illumination_status", json!({ "session_id": thread(&replies[0]) })).await.json();
    assert_eq!((&status["status"], &status["tool"]), (&json!("active"), &json!("traced_reasoning")));
    assert_eq!(status["intervention_history"][0]["thought_number"], 7);
    assert_eq!(status["monitoring"]["circular_reasoning_score"], said["monitoring"]["circular_score"]);
    let all = zen.call("illumination_status", json!({})).await.json();
    assert_eq!((&all["questions"], &all["threads"]["active_count"]), (&json!({ "repeat": 1 }), &json!(1)));
    let unknown = zen.call("illumination_status", json!({ "thread_id": "nobody" })).await;
    assert!(unknown.is_error && unknown.content().contains("no thread 'nobody'"), "{unknown:?}");
}

#[tokio::test]
async fn a_traced_reasoning_that_goes_on_is_asked_nothing_and_a_guardrail_that_is_off_is_quiet() {
    let rehearsal = answers(DEBUGGING[..10].iter().copied().map(said));
    let mut zen = Place::with(&rehearsal).connected().await;
    for reply in traced(&mut zen, 10, &json!({})).await {
        assert!(reply.metadata("insight").is_null(), "{reply:?}");
    }
    let rehearsal = answers(looping()[..6].iter().copied().map(said));
    let mut zen = Place::with(&rehearsal).connected().await;
    let off = json!({ "guardrails": { "circular_reasoning_detection": false } });
    for reply in traced(&mut zen, 6, &off).await {
        assert!(!reply.is_error && reply.metadata("insight").is_null(), "{reply:?}");
    }
}

#[tokio::test]
async fn what_a_model_says_of_its_thought_is_data_and_the_last_step_ends_it() {
    let first = json!({
        "status": "thought", "thought": "The disk has no credits left.", "thought_type": "analysis",
        "key_insights": ["credits"], "confidence": 0.5, "continuation_id": "x",
    });
    let last = json!({ "status": "thought", "thought": "Move the thumbnail job.", "confidence": 0.9 });
    let rehearsal = answers([first.to_string(), last.to_string()]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let query = zen.call("traced_reasoning", thought(1, 3, "Why is it slow?")).await;
    let one = zen.call("traced_reasoning", after(&query, thought(2, 3, "Look at the disk"))).await.json();
    assert_eq!((&one["content"], &one["thought_type"]), (&json!("The disk has no credits left."), &json!("analysis")));
    assert_eq!(
        (&one["synthesis"]["key_insights"], &one["synthesis"]["confidence_level"]),
        (&json!(["credits"]), &json!("medium"))
    );
    let end = zen.call("traced_reasoning", after(&query, thought(3, 2, "Conclude"))).await.json();
    assert_eq!(
        (&end["status"], &end["total_thoughts"]),
        (&json!("conclusion_reached"), &json!(3)),
        "the estimate is raised"
    );
    assert_eq!((&end["final_answer"], &end["average_confidence"]), (&json!("Move the thumbnail job."), &json!(0.7)));
    let prompt = shown(&rehearsal.requests()[1]);
    for text in ["The query: Why is it slow?", "The disk has no credits left.", "Guidance: Conclude", "thought 3 of 3"]
    {
        assert!(prompt.contains(text), "{text} in {prompt}");
    }
    let bad = with(thought(4, 4, " "), json!({ "revises_thought": 9, "branch_from_thought": 2 }));
    let refused = zen.call("traced_reasoning", after(&query, bad)).await;
    for named in ["`thought` is empty", "`revises_thought` is 9", "`branch_id` is missing"] {
        assert!(refused.is_error && refused.content().contains(named), "{refused:?}");
    }
}

#[tokio::test]
async fn sequential_thoughts_have_revisions_and_branches_and_never_those_of_another_thread() {
    let rehearsal = answers(["never".to_owned()]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let mut last: Vec<Option<ToolReply>> = vec![None, None];
    for number in 1..=4 {
        for (which, last) in last.iter_mut().enumerate() {
            let more = match (number, which) {
                (3, 0) => json!({ "is_revision": true, "revises_thought": 2 }),
                (3, _) => json!({ "branch_from_thought": 1, "branch_id": "other" }),
                _ => json!({}),
            };
            let now = with(thought(number, 4, &format!("thought {number} of thread {which}")), more);
            // The older name of a thread is taken as well.
            let now = match last {
                Some(reply) if which == 0 => with(now, json!({ "session_id": reply.json()["session_id"] })),
                Some(reply) => on(&thread(reply), now),
                None => now,
            };
            *last = Some(zen.call("sequential_thinking", now).await);
            let said = last.as_ref().unwrap().json();
            let status = ["recorded", "recorded", ["revision", "branch"][which], "complete"][number as usize - 1];
            assert_eq!((&said["status"], &said["thought_history_length"]), (&json!(status), &json!(number)), "{said}");
            let branches = if which == 1 && number >= 3 { json!(["other"]) } else { json!([]) };
            assert_eq!(said["branches"], branches);
            assert!(!said.to_string().contains(&format!("of thread {}", 1 - which)));
        }
    }
    assert!(rehearsal.requests().is_empty());
}

fn verdict(has_bias: bool, severity: &str) -> String {
    let verdict = json!({ "status": "bias_verdict", "has_bias": has_bias, "severity": severity, "explanation": "Only one source." });
    format!("```json\n{verdict}\n```")
}

#[tokio::test]
async fn biased_reasoning_corrects_and_ends_and_reads_no_verdict_out_of_prose() {
    let rehearsal = answers([
        "It is the disk.".to_owned(),
        verdict(true, "high"),
        "It is the disk, or the fonts.".to_owned(),
        // Words that a reader of substrings would take for a critical bias.
        "Yes: no confirmation bias here, and no critical one; the low odds follow.".to_owned(),
        "Still none.".to_owned(),
        verdict(false, "none"),
        "Both.".to_owned(),
    ]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let query = json!({ "query": "Why is it slow?" });
    let first = zen.call("biased_reasoning", query.clone()).await;
    let mut replies = vec![first.clone()];
    for _ in 0..5 {
        replies.push(zen.call("biased_reasoning", after(&first, query.clone())).await);
    }
    let steps: Vec<(Value, Value)> =
        replies.iter().map(|reply| (reply.json()["step_type"].clone(), reply.json()["next_action"].clone())).collect();
    let step = |act: &str, next: Value| (json!(act), next);
    assert_eq!(
        steps,
        [
            step("reasoning", json!("bias_check")),
            step("bias_analysis", json!("correction_needed")),
            step("correction", json!("bias_check")),
            step("bias_analysis", Value::Null),
            step("bias_analysis", json!("ready_for_synthesis")),
            step("synthesis", json!("complete")),
        ]
    );
    assert_eq!(
        replies.iter().map(|reply| reply.is_error).collect::<Vec<_>>(),
        [false, false, false, true, false, false]
    );
    assert_eq!(replies[1].json()["bias_analysis"]["severity"], "high");
    let status = &replies[5].json()["session_status"];
    assert_eq!(
        (&status["corrections_made"], &status["bias_checks"], &status["is_complete"]),
        (&json!(1), &json!(2), &json!(true))
    );
    assert_eq!(status["overall_quality"], json!(1.0));
    let requests = rehearsal.requests();
    assert!(requests[1].system().unwrap().contains("for bias") && shown(&requests[1]).contains("It is the disk."));
    assert!(shown(&requests[2]).contains("Only one source."), "the verdict is before whoever corrects");
    assert!(shown(&requests[4]).contains("did not have the form"), "one repair is tried");
    let over = zen.call("biased_reasoning", after(&first, query.clone())).await;
    assert!(over.is_error && over.content().contains("is complete"), "{over:?}");
    let anew = after(&first, with(query, json!({ "new_session": true })));
    assert_eq!(zen.call("biased_reasoning", anew).await.json()["step_number"], 1);
}
