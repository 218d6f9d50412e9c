//! Code that a model marks as generated: it stays in the reply, or goes to one file where the user has allowed that.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::{chat, on, shown};

const REPLY: &str = "Before <GENERATED-CODE>the first</GENERATED-CODE> between\n<generated-code>\n1. Do it\nfn generated() {}\n</Generated-Code>\nafter";

fn answering() -> Rehearsal {
    Rehearsal::start(Scene::reply(REPLY)).unwrap()
}

async fn is_read_only(zen: &mut Zen) -> bool {
    let list = zen.request("tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().unwrap();
    let chat = tools.iter().find(|tool| tool["name"] == "chat").unwrap();
    chat["annotations"]["readOnlyHint"].as_bool().unwrap()
}

fn asking(place: &Place, folder: &str) -> Value {
    let mut arguments = chat("Write it");
    arguments["working_directory_absolute_path"] = json!(place.project().join(folder));
    arguments
}

#[tokio::test]
async fn generated_code_stays_in_the_reply_unless_the_user_allows_a_file() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    assert!(is_read_only(&mut zen).await);
    let reply = zen.call("chat", asking(&place, "")).await;
    assert!(reply.content().contains(REPLY), "{reply:?}");
    assert!(reply.metadata("generated_code").as_str().unwrap().contains("`[tools] write_generated_code` is off"));
    assert!(!place.project().join("pal_generated.code").exists());
    assert!(!rehearsal.requests()[0].system().unwrap().contains("GENERATED-CODE"), "nobody asks for what is not used");
}

#[tokio::test]
async fn the_last_block_goes_to_the_callers_folder_and_the_reply_and_the_thread_name_the_file() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal).set("tools.write_generated_code", "true");
    let file = place.file("src/pal_generated.code", "what was there before, and is longer than what comes now, by far");
    let mut zen = place.connected().await;
    assert!(!is_read_only(&mut zen).await);
    let reply = zen.call("chat", asking(&place, "src")).await;
    let told = reply.metadata("generated_code");
    assert_eq!(std::fs::read_to_string(told.as_str().unwrap()).unwrap(), "1. Do it\nfn generated() {}\n");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "1. Do it\nfn generated() {}\n");
    let said = reply.content();
    assert!(
        said.starts_with("Before <GENERATED-CODE>the first</GENERATED-CODE> between\n[The generated code is in "),
        "{said}"
    );
    assert!(said.contains("\nafter") && !said.contains("fn generated()"), "{said}");
    assert!(rehearsal.requests()[0].system().unwrap().contains("<GENERATED-CODE>"));

    let again = zen.call("chat", on(&reply.continuation_id(), asking(&place, ""))).await;
    let new = place.project().join("pal_generated.code");
    assert!(again.content().contains("[The generated code is in "), "{again:?}");
    assert_eq!(std::fs::metadata(&new).unwrap().permissions().mode() & 0o177, 0, "a new file is its owner's alone");
    let prompt = shown(&rehearsal.requests()[1]);
    assert!(prompt.contains("[The generated code is in ") && !prompt.contains("fn generated()"), "{prompt}");
}

#[tokio::test]
async fn where_it_cannot_be_written_the_code_stays_in_the_reply_and_nothing_else_changes() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal).set("tools.write_generated_code", "true");
    let outside = place.path("outside");
    std::fs::write(&outside, "mine").unwrap();
    symlink(&outside, place.project().join("pal_generated.code")).unwrap();
    let mut zen = place.connected().await;
    for (folder, why) in [("", "is a link"), ("..", "outside"), ("missing", "the folder")] {
        let reply = zen.call("chat", asking(&place, folder)).await;
        let told = reply.metadata("generated_code");
        let told = told.as_str().unwrap();
        assert!(told.starts_with("not written to a file: ") && told.contains(why), "{folder}: {told}");
        assert!(!reply.is_error && reply.content().contains(REPLY), "{reply:?}");
    }
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "mine");
    assert!(!place.path("pal_generated.code").exists());
}
