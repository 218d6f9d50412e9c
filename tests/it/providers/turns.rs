//! What a turn tells of how its answer came about: an effort that was refused, a model that was asked in vain.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::chat;
use crate::support::place::Place;

#[tokio::test]
async fn what_was_asked_and_what_was_sent_instead_stand_in_the_turn() {
    let level = "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.";
    let refused = json!({ "error": { "code": 400, "message": level, "status": "INVALID_ARGUMENT" } });
    let rehearsal = Rehearsal::start([Scene::status(400).body(refused.to_string()), Scene::reply("fine")]).unwrap();
    let place =
        Place::new().env("GEMINI_API_KEY", "AIza-not-a-key").env("GEMINI_BASE_URL", rehearsal.gemini_base_url());
    let mut zen = place.connected().await;
    let mut arguments = chat("Quick?");
    arguments["model"] = json!("gemini-3-flash-preview");
    arguments["thinking_mode"] = json!("minimal");
    let reply = zen.call("chat", arguments).await;
    assert_eq!(
        (reply.metadata("thinking_mode_sent"), reply.metadata("attempts")),
        (json!("low"), json!(2)),
        "{reply:?}"
    );
    let thread: Value = place.json(&["threads", "show", &reply.continuation_id(), "--json"]).await;
    let consultation = &thread["turns"][0]["consultations"][0];
    assert_eq!((&consultation["effort_asked"], &consultation["effort_sent"]), (&json!("minimal"), &json!("low")));
    assert_eq!(consultation["attempts"], 2);
}

#[tokio::test]
async fn a_model_that_failed_is_shown_as_failed() {
    let failing =
        Rehearsal::start(Scene::status(402).body(json!({ "error": { "message": "no\ncredit" } }).to_string()));
    let (failing, answering) = (failing.unwrap(), Rehearsal::start(Scene::reply("fine")).unwrap());
    let place = Place::new()
        .env("GEMINI_API_KEY", "AIza-not-a-key")
        .env("GEMINI_BASE_URL", failing.gemini_base_url())
        .env("OPENAI_API_KEY", "sk-not-a-key")
        .env("ZEN_PROVIDERS_OPENAI_BASE_URL", answering.base_url());
    let mut zen = place.connected().await;
    let reply = zen.chat("Whoever can.").await;
    assert_eq!(reply.metadata("provider_used"), "openai", "{reply:?}");
    let shown = place.run(&["threads", "show", &reply.continuation_id()]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = shown.lines().find(|line| line.contains("via google")).unwrap_or_else(|| panic!("{shown}"));
    assert!(line.contains("failed: the account has no credit left: no credit · 1 requests"), "{line}");
    assert!(shown.lines().any(|line| line.contains("via openai") && line.contains(" out · ")), "{shown}");
}
