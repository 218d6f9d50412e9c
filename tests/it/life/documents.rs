//! Threads that leave as documents and come back.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{NOT_FOUND, USAGE, answering};
use crate::support::place::Place;
use crate::support::shown;

const FAILED: Option<i32> = Some(1);

#[tokio::test]
async fn an_export_is_for_its_user_alone_holds_no_key_and_replaces_nothing_unasked() {
    let rehearsal = Rehearsal::start(Scene::reply("your key is canary-key-0123")).unwrap();
    let place = Place::with(&rehearsal).env("CUSTOM_API_KEY", "canary-key-0123");
    let mut zen = place.connected().await;
    let id = zen.chat("Is canary-key-0123 my key?").await.continuation_id();
    for (name, said) in [("thread.md", "## Turn 1: chat"), ("thread.json", "\"format\": \"zen-thread\"")] {
        let path = place.path(name);
        let export = ["threads", "export", &id, "--output", path.to_str().unwrap()];
        assert_eq!(place.run(&export).await.status.code(), Some(0));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(said) && text.contains("[redacted] my key") && !text.contains("canary"), "{text}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&path, "precious").unwrap();
        let refused = place.run(&export).await;
        assert_eq!(refused.status.code(), FAILED);
        assert!(String::from_utf8(refused.stderr).unwrap().contains("is there already"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        assert_eq!(place.run(&[&export[..], &["--force"]].concat()).await.status.code(), Some(0));
        assert!(std::fs::read_to_string(&path).unwrap().contains(said));
    }
    let piped = place.run(&["threads", "export", &id, "--format", "md"]).await;
    assert!(String::from_utf8(piped.stdout).unwrap().contains("your key is [redacted]"));
    assert_eq!(place.run(&["threads", "export", &id, "--force"]).await.status.code(), USAGE);
    assert_eq!(place.run(&["threads", "export", "nonsense"]).await.status.code(), NOT_FOUND);
}

#[tokio::test]
async fn an_exported_thread_goes_on_in_another_process() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let path = place.path("thread.json");
    let path = path.to_str().unwrap();
    let id = {
        let mut zen = place.connected().await;
        let id = zen.chat("one").await.continuation_id();
        zen.chat_on(&id, "two").await;
        place.run(&["threads", "tag", &id, "kept"]).await;
        assert!(place.run(&["threads", "export", &id, "-o", path]).await.status.success());
        zen.close_input();
        assert_eq!(zen.ended().await, Some(0));
        id
    };
    let mut zen = place.connected().await;
    let imported = place.json(&["threads", "import", path, "--json"]).await;
    assert_eq!((&imported["id"], &imported["turns"], &imported["tags"]), (&json!(id), &json!(2), &json!(["kept"])));
    assert_eq!(zen.chat_on(&id, "three").await.remaining_turns(), 17);
    let prompt = shown(rehearsal.requests().last().unwrap());
    assert!(prompt.contains("answer to one") && prompt.contains("answer to two"), "{prompt}");

    let again = place.json(&["threads", "import", path, "--json"]).await;
    assert_ne!(again["id"], json!(id), "its id is taken");
    assert_eq!(zen.chat_on(again["id"].as_str().unwrap(), "three").await.remaining_turns(), 17);
}

#[tokio::test]
async fn a_document_that_is_wrong_is_refused_whole_with_every_mistake() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let id = zen.chat("one").await.continuation_id();
    let mut document: Value = place.json(&["threads", "export", &id, "--json"]).await;
    document["thread"]["turns"][0]["tool"] = json!(7);
    document["thread"]["title"] = json!("x".repeat(200));
    document["thread"]["surprise"] = json!(true);
    let path = place.file("wrong.json", &document.to_string());
    let refused = place.run(&["threads", "import", &path]).await;
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), FAILED);
    for place in ["thread.turns[0].tool", "thread.title", "thread.surprise"] {
        assert!(said.contains(place), "{place} in {said}");
    }
    assert_eq!(place.run(&["threads", "import", "/nowhere"]).await.status.code(), NOT_FOUND);
    let listed = place.json(&["threads", "list", "--json"]).await;
    assert_eq!(listed.as_array().unwrap().len(), 1);

    let other = place.connected().await;
    let output = place.run(&["threads", "import", &path]).await;
    assert_eq!(output.status.code(), USAGE, "which of the two?");
    assert!(String::from_utf8(output.stderr).unwrap().contains("--attach"));
    drop(other);
}
