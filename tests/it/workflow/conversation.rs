//! One thread over several tools, and several investigations beside each other.

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use super::{after, step, thread, with};
use crate::support::place::Place;
use crate::support::{assert_in_order, chat, on, shown, times};

fn answers(answers: &[&str]) -> Rehearsal {
    Rehearsal::start(answers.iter().map(|answer| Scene::reply(*answer)).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn chat_thinkdeep_codereview_and_chat_share_one_thread_and_see_each_other() {
    let rehearsal = answers(&["Use a queue.", "The queue needs a bound.", "Line 1 blocks.", "Yes, all three agree."]);
    let place = Place::with(&rehearsal);
    let file = place.file("queue.rs", "fn queue() { /* the only line */ }");
    let mut zen = place.connected().await;
    let files = json!({ "relevant_files": [file] });

    let first = zen.chat("How do I decouple the writer?").await;
    let id = first.continuation_id();
    let thought =
        zen.call("thinkdeep", on(&id, with(step(1, 1, "Think about the queue", "It grows"), files.clone()))).await;
    assert_eq!((thought.status().as_str(), thread(&thought)), ("calling_expert_analysis", id.clone()));
    assert_eq!(thought.json()["expert_analysis"]["raw_analysis"], "The queue needs a bound.");
    let review =
        zen.call("codereview", on(&id, with(step(1, 2, "Review the queue", "It blocks"), files.clone()))).await;
    assert_eq!(review.status(), "pause_for_code_review");
    assert!(review.json()["required_actions"][0].as_str().unwrap().contains("in the light of the conversation"));
    let review = zen.call("codereview", on(&id, step(2, 2, "Conclude the review", "A lock is held"))).await;
    assert_eq!(review.json()["expert_analysis"]["raw_analysis"], "Line 1 blocks.");
    let last = zen.call("chat", on(&id, chat("Do you all agree?"))).await;
    assert_eq!((last.continuation_id(), last.remaining_turns()), (id, 16));

    let requests = rehearsal.requests();
    assert_in_order(
        &shown(&requests[1]),
        &["How do I decouple the writer?", "Use a queue.", "Think about the queue", "It grows"],
    );
    assert_in_order(
        &shown(&requests[2]),
        &[
            "Use a queue.",
            "Think about the queue",
            "The queue needs a bound.",
            "Review the queue",
            "It blocks",
            "A lock is held",
        ],
    );
    let all = shown(&requests[3]);
    assert_in_order(
        &all,
        &["Use a queue.", "The queue needs a bound.", "Conclude the review", "Line 1 blocks.", "Do you all agree?"],
    );
    for request in &requests[1..] {
        assert_eq!(times(&shown(request), "the only line"), 1, "the file stands once in each prompt");
    }
}

#[tokio::test]
async fn two_interleaved_investigations_of_one_tool_never_mix() {
    let rehearsal = answers(&["cause a", "cause b"]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let about = |what: &str, number| {
        let findings = format!("finding {number} of {what}");
        let said = with(
            step(number, 3, &format!("step {number} of {what}"), &findings),
            json!({ "files_checked": [format!("/{what}/{number}.rs")], "hypothesis": format!("guess {number} of {what}") }),
        );
        with(
            said,
            json!({ "issues_found": [{ "severity": "high", "description": format!("issue {number} of {what}") }] }),
        )
    };
    let (mut apples, mut bears) =
        (zen.call("debug", about("apples", 1)).await, zen.call("debug", about("bears", 1)).await);
    assert_ne!(thread(&apples), thread(&bears));
    for number in 2..=3 {
        apples = zen.call("debug", after(&apples, about("apples", number))).await;
        bears = zen.call("debug", after(&bears, about("bears", number))).await;
        for reply in [&apples, &bears] {
            let status = &reply.json()["investigation_status"];
            assert_eq!(status["files_checked"], number, "{status}");
            assert_eq!((&status["issues_found"], &status["hypotheses_formed"]), (&json!(number), &json!(number)));
        }
    }
    let requests = rehearsal.requests();
    for (request, own, other) in [(&requests[0], "apples", "bears"), (&requests[1], "bears", "apples")] {
        let prompt = shown(request);
        for number in 1..=3 {
            assert!(prompt.contains(&format!("finding {number} of {own}")), "{prompt}");
        }
        assert!(!prompt.contains(other), "{prompt}");
    }
    let summary = &apples.json()["complete_investigation"];
    assert_eq!((&summary["steps_taken"], &summary["initial_request"]), (&json!(3), &json!("step 1 of apples")));
    assert!(!apples.text.contains("bears"));
}

#[tokio::test]
async fn a_new_first_step_in_a_thread_begins_anew_and_a_repeated_step_replaces_the_former() {
    let rehearsal = answers(&["never"]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let checked = |number, file: &str| with(step(number, 4, "look", "seen"), json!({ "files_checked": [file] }));
    let first = zen.call("debug", checked(1, "/one.rs")).await;
    zen.call("debug", after(&first, checked(2, "/two.rs"))).await;
    let again = zen.call("debug", after(&first, checked(2, "/other.rs"))).await;
    assert_eq!(again.json()["investigation_status"]["files_checked"], 2);
    let anew = zen.call("debug", after(&first, checked(1, "/three.rs"))).await;
    assert_eq!(anew.json()["investigation_status"]["files_checked"], 1);
    let lost = zen.call("debug", checked(3, "/x.rs")).await;
    assert!(
        !lost.is_error && lost.metadata("notice").as_str().unwrap().contains("without continuation_id"),
        "{lost:?}"
    );
}
