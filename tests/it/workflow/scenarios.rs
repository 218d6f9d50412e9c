//! What agents did with the older servers from end to end: several tools one after the other, images, a sure agent, a new
//! direction on the way, a provider that asks for patience, a server that was started anew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use super::{after, step, thread, with};
use crate::support::place::Place;
use crate::support::{assert_in_order, chat, on, shown, times};

/// A picture of one dot.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn answers(answers: &[&str]) -> Rehearsal {
    Rehearsal::start(answers.iter().map(|answer| Scene::reply(*answer)).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn analyze_debug_and_thinkdeep_take_their_files_and_answers_along() {
    let rehearsal = answers(&["Two layers.", "The cache is stale.", "Invalidate on write."]);
    let place = Place::with(&rehearsal);
    let (layers, cache) = (place.file("layers.rs", "fn layers() {}"), place.file("cache.rs", "fn cache() {}"));
    let mut zen = place.connected().await;
    let about = |file: &str| json!({ "relevant_files": [file] });

    let analysis = zen.call("analyze", with(step(1, 1, "How is it built?", "in layers"), about(&layers))).await;
    assert_eq!(analysis.json()["expert_analysis"]["raw_analysis"], "Two layers.");
    let id = thread(&analysis);
    let hunt = zen.call("debug", on(&id, with(step(1, 2, "Why is it old?", "sometimes"), about(&cache)))).await;
    assert_eq!((hunt.status().as_str(), thread(&hunt)), ("pause_for_investigation", id.clone()));
    let found = zen.call("debug", on(&id, step(2, 2, "It is the cache", "it is never cleared"))).await;
    assert_eq!(found.json()["complete_investigation"]["steps_taken"], 2, "the analysis is no step of the hunt");
    let thought = zen.call("thinkdeep", on(&id, step(1, 1, "What to do?", "two ways"))).await;
    assert_eq!((thread(&thought), thought.metadata("model_used")), (id, json!("scripted")));

    let requests = rehearsal.requests();
    let last = shown(&requests[2]);
    assert_in_order(
        &last,
        &["How is it built?", "Two layers.", "Why is it old?", "It is the cache", "The cache is stale.", "What to do?"],
    );
    for code in ["fn layers()", "fn cache()"] {
        assert_eq!(times(&last, code), 1, "{code} in {last}");
    }
    assert!(shown(&requests[0]).contains("fn layers()") && !shown(&requests[0]).contains("fn cache()"));
}

#[tokio::test]
async fn images_of_any_step_reach_the_expert_of_a_workflow() {
    let rehearsal = answers(&["A dot is missing."]);
    let place =
        Place::new().env("OPENAI_API_KEY", "sk-openai-test").set("providers.openai.base_url", rehearsal.base_url());
    let picture = place.project().join("screen.png");
    std::fs::write(&picture, STANDARD.decode(DOT).unwrap()).unwrap();
    let mut zen = place.connected().await;
    let by_path = json!({ "images": [picture], "model": "gpt-5-codex" });
    let first = zen.call("debug", with(step(1, 2, "The screen is wrong", "see there"), by_path)).await;
    assert!(!first.is_error && rehearsal.requests().is_empty(), "{first:?}");
    let by_value = json!({ "images": [format!("data:image/png;base64,{DOT}")], "model": "gpt-5-codex" });
    let last = zen.call("debug", after(&first, with(step(2, 2, "Conclude", "a dot"), by_value))).await;
    assert_eq!(last.json()["expert_analysis"]["raw_analysis"], "A dot is missing.", "{last:?}");
    assert_eq!(last.json()["investigation_status"]["images_collected"], 2);
    assert_eq!(times(&shown(&rehearsal.requests()[0]), "[image image/png]"), 2);

    // A picture that is not there costs no step: it is said, and the agent concludes without it.
    let lost = json!({ "images": [place.project().join("none.png")], "model": "gpt-5-codex", "relevant_context": ["draw"], "issues_found": [{ "severity": "low", "description": "a dot" }] });
    let failed = zen.call("debug", with(step(1, 1, "Again", "the same"), lost)).await;
    assert!(failed.is_error && failed.json()["content"].as_str().unwrap().contains("none.png"), "{failed:?}");
    assert_eq!(rehearsal.requests().len(), 1);
}

#[tokio::test]
async fn who_is_certain_asks_nobody_and_who_is_almost_certain_asks() {
    let rehearsal = answers(&["Agreed."]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let first = zen.call("debug", with(step(1, 2, "It loops", "seen"), json!({ "files_checked": ["/a.rs"] }))).await;
    let sure = |confidence: &str| {
        with(
            step(2, 2, "The bound is wrong", "off by one"),
            json!({ "hypothesis": "<= for <", "confidence": confidence, "relevant_context": ["Loop::run"] }),
        )
    };
    let certain = zen.call("debug", after(&first, sure("certain"))).await;
    let mut said = certain.json();
    assert!(rehearsal.requests().is_empty() && !certain.is_error);
    let mut keys: Vec<_> = said.as_object().unwrap().keys().cloned().collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "complete_investigation",
            "continuation_id",
            "expert_analysis",
            "investigation_complete",
            "investigation_status",
            "metadata",
            "next_step_required",
            "next_steps",
            "skip_expert_analysis",
            "status",
            "step_number",
            "total_steps",
        ]
    );
    assert_eq!(said["status"], "certain_confidence_proceed_with_fix");
    assert_eq!((&said["skip_expert_analysis"], &said["investigation_complete"]), (&json!(true), &json!(true)));
    assert_eq!(said["next_step_required"], false);
    assert_eq!(said["expert_analysis"]["status"], "skipped_due_to_certain_confidence");
    assert!(said["expert_analysis"]["reason"].is_string());
    assert_eq!(
        said["complete_investigation"].take(),
        json!({
            "initial_request": "It loops",
            "steps_taken": 2,
            "files_examined": ["/a.rs"],
            "relevant_files": [],
            "relevant_context": ["Loop::run"],
            "work_summary": "Step 1: seen\nStep 2: off by one",
            "final_analysis": "<= for <",
            "confidence_level": "certain",
        })
    );

    let asked = zen.call("debug", after(&first, sure("almost_certain"))).await;
    assert_eq!((asked.status().as_str(), rehearsal.requests().len()), ("calling_expert_analysis", 1));
    assert!(asked.json().get("skip_expert_analysis").is_none());
}

#[tokio::test]
async fn an_investigation_that_turns_another_way_keeps_what_it_had_found() {
    let rehearsal = answers(&["The clock it is."]);
    let place = Place::with(&rehearsal);
    let (lock, clock) = (place.file("lock.rs", "fn lock() {}"), place.file("clock.rs", "fn clock() {}"));
    let mut zen = place.connected().await;
    let guess = |hypothesis: &str, confidence: &str, file: &str| json!({ "hypothesis": hypothesis, "confidence": confidence, "relevant_files": [file] });
    let mut reply =
        zen.call("debug", with(step(1, 3, "It hangs at night", "once"), guess("a lock", "low", &lock))).await;
    reply = zen
        .call(
            "debug",
            after(&reply, with(step(2, 3, "Look at the lock", "it is free"), guess("a lock", "medium", &lock))),
        )
        .await;
    // The plan of three steps grows, and confidence falls.
    reply = zen
        .call(
            "debug",
            after(&reply, with(step(3, 5, "Look at the clock", "it jumps back"), guess("the clock", "low", &clock))),
        )
        .await;
    let said = reply.json();
    assert_eq!((&said["total_steps"], &said["investigation_status"]["current_confidence"]), (&json!(5), &json!("low")));
    assert_eq!(
        (&said["investigation_status"]["relevant_files"], &said["status"]),
        (&json!(2), &json!("pause_for_investigation"))
    );
    assert!(said["next_steps"].as_str().unwrap().starts_with("Your confidence is LOW. Stop here"), "{said}");
    reply = zen
        .call(
            "debug",
            after(
                &reply,
                with(step(4, 4, "Conclude", "the clock"), json!({ "hypothesis": "the clock", "confidence": "high" })),
            ),
        )
        .await;
    assert_eq!(reply.json()["complete_investigation"]["steps_taken"], 4, "{reply:?}");
    let prompt = shown(&rehearsal.requests()[0]);
    assert_in_order(
        &prompt,
        &["It hangs at night", "Look at the lock", "it is free", "Look at the clock", "it jumps back", "Conclude"],
    );
    assert!(prompt.contains("fn lock()") && prompt.contains("fn clock()"), "{prompt}");
}

#[tokio::test]
async fn a_provider_that_asks_to_wait_is_asked_twice_and_no_more() {
    let rehearsal =
        Rehearsal::start([Scene::status(429).header("retry-after", "0"), Scene::reply("Here."), Scene::reply("never")])
            .unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.call("thinkdeep", step(1, 1, "Why?", "so")).await;
    assert_eq!(reply.json()["expert_analysis"]["raw_analysis"], "Here.", "{reply:?}");
    assert_eq!((rehearsal.requests().len(), reply.metadata("attempts")), (2, json!(2)));
}

#[tokio::test]
async fn after_a_restart_an_old_thread_is_told_as_what_it_is_and_costs_nothing() {
    let rehearsal = answers(&["One.", "Two."]);
    let place = Place::with(&rehearsal);
    let mut former = place.connected().await;
    let id = former.chat("First").await.continuation_id();
    former.signal(rustix::process::Signal::KILL);
    former.status().await;
    let mut zen = place.connected().await;
    for (tool, arguments) in [("chat", chat("Go on")), ("debug", step(2, 2, "Go on", "more"))] {
        let lost = zen.call(tool, on(&id, arguments)).await;
        assert!(lost.is_error && lost.text.contains("or with the zen process that holds them"), "{lost:?}");
    }
    assert_eq!(rehearsal.requests().len(), 1);
    assert!(!zen.chat("Anew").await.is_error);
}

#[tokio::test]
async fn a_step_is_told_at_once_which_of_its_files_the_expert_will_not_read() {
    let rehearsal = answers(&["Seen."]);
    let place = Place::with(&rehearsal);
    let there = place.file("there.rs", "fn there() {}");
    let secret = place.file(".env", "KEY=1");
    let gone = place.project().join("gone.rs").display().to_string();
    let mut zen = place.connected().await;
    let named = json!({ "relevant_files": [there, gone, secret, "/etc/hostname"] });
    let first = zen.call("debug", with(step(1, 2, "Look", "seen"), named)).await;
    let told = first.metadata("files_unreadable");
    let paths: Vec<_> = told.as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, [&*gone, &*secret, "/etc/hostname"], "{first:?}");
    assert!(told[0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()) && !first.is_error);
    assert!(rehearsal.requests().is_empty());
    // It is there by the time at which it is read.
    place.file("gone.rs", "fn back_again() {}");
    let last = zen.call("debug", after(&first, step(2, 2, "Conclude", "seen"))).await;
    let prompt = shown(&rehearsal.requests()[0]);
    assert!(prompt.contains("fn there()") && prompt.contains("fn back_again()"), "{prompt}");
    assert_eq!(last.metadata("files_not_sent").as_array().unwrap().len(), 2, "{last:?}");
    let fine = zen.call("debug", with(step(1, 2, "Look", "seen"), json!({ "relevant_files": [there] }))).await;
    assert!(fine.metadata("files_unreadable").is_null(), "{fine:?}");
}
