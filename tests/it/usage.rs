//! What consultations took and cost, as an agent and a person are told it.

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::chat;
use crate::support::place::Place;

#[tokio::test]
async fn what_was_asked_is_told_to_the_agent_and_in_the_shell_and_unknown_is_unknown() {
    let rehearsal = Rehearsal::start([
        Scene::reply("One."),
        Scene::reply("Two."),
        Scene::reply("Three.").without_usage(),
        Scene::status(400),
        Scene::reply("never").hold(),
    ])
    .unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    assert!(zen.call("usage", json!({})).await.content().starts_with("No model was asked"));
    let thread = zen.chat("First").await.continuation_id();
    zen.chat_on(&thread, "Second").await;
    zen.chat("Third").await;
    let used = zen.call("usage", json!({ "by": "thread" })).await.content();
    assert!(used.contains("all: 3 asked, >="), "{used}");
    assert!(used.contains("of 3 the cost is not known"), "{used}");
    let line = used.lines().find(|line| line.starts_with(&thread)).unwrap_or_else(|| panic!("no {thread} in {used}"));
    assert!(line.contains(": 2 asked, ") && line.ends_with("unknown dollars") && !line.contains(">="), "{line}");

    // What failed, and what was given up when it may have been charged.
    assert!(zen.chat("Fourth").await.is_error);
    let id = zen.send_call("chat", chat("Fifth")).await;
    while rehearsal.next_request().await.last_user() != "Fifth" {}
    zen.cancel(id).await;
    rehearsal.next_disconnect().await;
    let used = zen.call("usage", json!({ "by": "tool" })).await.content();
    assert!(used.contains("\nchat: 5 asked (2 in vain)") && used.contains("of 4 the cost is not known"), "{used}");

    let told = place.json(&["usage", "--json"]).await;
    let total = &told[0]["total"];
    assert_eq!((&total["answered"], &total["failed"], &total["cost_unknown"]), (&json!(3), &json!(2), &json!(4)));
    assert_eq!(told[0]["lines"].as_array().unwrap().iter().filter(|line| line["thread"] == thread).count(), 1);
    let table = String::from_utf8(place.run(&["usage", "--by", "day"]).await.stdout).unwrap();
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["DAY", "ASKED", "IN", "VAIN", "TOKENS", "IN", "TOKENS", "OUT", "DOLLARS"]);
    assert_eq!((rows[2][0], rows[2][1], rows[2][2], *rows[2].last().unwrap()), ("all", "5", "2", ">=0.000000"));
    assert!(table.trim_end().ends_with("what was before is not kept"), "{table}");
    let wrong = zen.call("usage", json!({ "by": "hour" })).await;
    assert!(
        wrong.is_error && wrong.text.contains("`by` must be one of model, tool, thread, day, provider"),
        "{wrong:?}"
    );
}
