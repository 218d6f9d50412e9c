//! `precommit` over a real repository: what the agent is told of it, and what the expert is shown.

use std::process::Command;

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{after, step, with};
use crate::support::place::Place;
use crate::support::{shown, times};

fn git(place: &Place, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@t"]).args(arguments).current_dir(place.project());
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", place.path("home"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A project with a commit, and a change of each kind since then.
fn changed(rehearsal: &Rehearsal) -> Place {
    let place = Place::with(rehearsal).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    git(&place, &["init", "-q", "-b", "main"]);
    place.file("queue.rs", "fn bound() -> usize { 8 }\n");
    place.file("writer.rs", "fn write() {}\n");
    git(&place, &["add", "-A"]);
    git(&place, &["commit", "-q", "-m", "first"]);
    place.file("queue.rs", "fn bound() -> usize { 16 }\n");
    place.file(".env", "KEY=very-secret\n");
    git(&place, &["add", "-A"]);
    place.file("writer.rs", "fn write() { todo!() }\n");
    place.file("new.rs", "fn new() {}\n");
    place
}

fn check(number: u32, total: u32, more: Value) -> Value {
    with(step(number, total, "Check the change", "seen"), more)
}

#[tokio::test]
async fn the_agent_is_told_what_changed_and_the_expert_is_shown_it() {
    let rehearsal = Rehearsal::start(Scene::reply("Do not commit a todo.")).unwrap();
    let place = changed(&rehearsal);
    let mut zen = place.connected().await;
    let first = zen.call("precommit", check(1, 2, json!({ "path": place.project() }))).await;
    let repository = &first.json()["repository"];
    assert_eq!(
        (&repository["staged"], &repository["unstaged"]),
        (&json!(["queue.rs"]), &json!(["writer.rs"])),
        "{first:?}"
    );
    assert_eq!((&repository["untracked"], &repository["withheld"]), (&json!(["new.rs"]), &json!([".env"])));

    let added = json!({ "relevant_files": [place.project().join("new.rs")] });
    let last = zen.call("precommit", after(&first, check(2, 2, added))).await;
    assert_eq!((last.is_error, last.status().as_str()), (false, "calling_expert_analysis"), "{last:?}");
    let prompt = shown(&rehearsal.requests()[0]);
    for shown in ["+fn bound() -> usize { 16 }", "-fn bound() -> usize { 8 }", "+fn write() { todo!() }", "fn new() {}"]
    {
        assert_eq!(times(&prompt, shown), 1, "{shown} in {prompt}");
    }
    assert!(!prompt.contains("very-secret"), "{prompt}");
    assert!(prompt.contains("may hold secrets: .env"), "{prompt}");

    zen.chat_on(&super::thread(&last), "And now?").await;
    assert!(!shown(&rehearsal.requests()[1]).contains("usize { 16 }"), "a diff is of its moment and not remembered");
}

#[tokio::test]
async fn a_reference_is_compared_with_and_a_wrong_one_is_refused() {
    let rehearsal = Rehearsal::start(Scene::reply("Fine.")).unwrap();
    let place = changed(&rehearsal);
    let mut zen = place.connected().await;
    let against = |reference: &str| json!({ "path": place.project(), "compare_to": reference });
    let first = zen.call("precommit", check(1, 2, against("main"))).await;
    let repository = &first.json()["repository"];
    assert_eq!(
        (&repository["compared_to"], &repository["changed"]),
        (&json!("main"), &json!(["queue.rs", "writer.rs"]))
    );
    assert!(repository.get("staged").is_none());
    for wrong in ["mian", "--output=/tmp/x", "main..HEAD"] {
        let refused = zen.call("precommit", check(1, 2, against(wrong))).await;
        assert_eq!((refused.is_error, refused.status().as_str()), (true, "precommit_failed"), "{refused:?}");
        assert!(refused.json()["error"].as_str().unwrap().contains("correct compare_to"), "{refused:?}");
    }
    let staged = json!({ "path": place.project(), "include_unstaged": false });
    let alone = zen.call("precommit", check(1, 1, staged)).await;
    assert!(alone.json()["repository"].get("unstaged").is_none());
}

#[tokio::test]
async fn a_folder_that_is_no_repository_is_told_and_ends_nothing() {
    let rehearsal = Rehearsal::start(Scene::reply("Fine.")).unwrap();
    let place = Place::with(&rehearsal).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    let mut zen = place.connected().await;
    for path in [place.project(), place.path("elsewhere")] {
        let reply = zen.call("precommit", check(1, 2, json!({ "path": path }))).await;
        assert_eq!((reply.is_error, reply.status().as_str()), (false, "pause_for_validation"), "{reply:?}");
        let repository = &reply.json()["repository"];
        assert!(
            repository["not_read"].is_string() && repository["instead"].as_str().unwrap().contains("changeset"),
            "{repository}"
        );
    }
}
