//! No key in any byte that zen writes: the sweep that every test ends with, shown to find what it looks for, and the ways
//! by which a key might come out, gone through with each format of key.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use serde_json::json;
use zen::control::Control as _;
use zen::id::MessageSeq;
use zen::rehearsal::{Recorded, Rehearsal, Scene};

use crate::support::canary;
use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::screen::Screen;
use crate::support::watch::Watch;

/// Lets its key out wherever it is told to.
const TRAITOR: &str = r#"printf '%s' "$GITHUB_TOKEN" "#;

/// Whether the sweep at the end of `held` finds something.
fn is_found<T>(held: T) -> bool {
    let told = catch_unwind(AssertUnwindSafe(|| drop(held))).err();
    told.is_some_and(|told| told.downcast_ref::<String>().is_some_and(|told| told.contains("a key came out")))
}

#[tokio::test]
async fn the_sweep_finds_a_key_wherever_it_is_let_out() {
    let shell = |place: &Place, where_: &str| place.other("/bin/sh", &["-c", &format!("{TRAITOR}{where_}")]);
    let faithful = Place::new();
    let output = faithful.output(&mut faithful.other("/bin/sh", &["-c", "echo no key"])).await;
    assert!(output.status.success() && !is_found(faithful));

    for where_ in ["> ../home/file", "> ../run/file", "> file", "> .hidden"] {
        let place = Place::new();
        assert!(shell(&place, where_).status().await.unwrap().success());
        assert!(is_found(place), "{where_}");
    }
    for where_ in ["", ">&2"] {
        let place = Place::new();
        // Written to its end, and read by nobody.
        let mut zen = Zen::start(&mut shell(&place, where_));
        zen.status().await;
        assert!(is_found(zen), "{where_:?}");
        let output = shell(&place, where_).output().await.unwrap();
        let swept = || canary::sweep("the output", [output.stdout.clone(), output.stderr.clone()].concat());
        assert!(catch_unwind(AssertUnwindSafe(swept)).is_err(), "{where_:?}");
    }
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{TRAITOR} | cut -c 1-15")]).envs(canary::around());
    let screen = Screen::open(&command, (80, 24));
    screen.ended_unswept();
    assert!(is_found(screen), "a part of it is enough");
}

/// What the scripted provider answers with the key that it was given.
fn plays_back(request: &Recorded) -> Scene {
    let key = request.header("authorization").unwrap_or_default().to_owned();
    let says = json!({ "error": { "message": format!("{key} is no good"), "code": key, "type": key } });
    match request.last_user() {
        "in an error" => Scene::status(400).header("x-request-id", &*key).body(says.to_string()),
        "in a page" => Scene::status(503).body(format!("<p>{key}")),
        "in a wait" => Scene::status(429).header("retry-after", &*key).body(key),
        "in a redirect" => Scene::redirect(307, format!("http://localhost:9/?key={key}")),
        "in a stream" => Scene::json_error_in_stream(says),
        "within a reply" => Scene::reply(format!("You sent {key}")).in_pieces(7).then_error(says),
        "in a broken head" => Scene::raw(format!("HTTP/1.1 {key}\r\n\r\n")),
        "in a reply" => Scene::reply(format!("You sent {key}.")).in_pieces(9).finish(key),
        _ => Scene::status(401).body(says.to_string()),
    }
}

const WAYS: [&str; 9] = [
    "in an error",
    "in a page",
    "in a wait",
    "in a redirect",
    "in a stream",
    "within a reply",
    "in a broken head",
    "in a reply",
    "in a refusal",
];

#[tokio::test]
async fn no_format_of_key_comes_out_whatever_the_provider_does_with_it() {
    for key in canary::keys() {
        let rehearsal = Rehearsal::start(Scene::by(plays_back)).unwrap();
        let place =
            Place::with(&rehearsal).env("CUSTOM_API_KEY", &key).set("retry.attempts", 1).set("breaker.failures", 100);
        let mut zen = place.connected().await;
        let client = place.control().await;
        let watch = Watch::begin(&client).await;
        for way in WAYS {
            zen.chat(way).await;
        }
        for tool in ["listmodels", "version", "listthreads", "usage"] {
            zen.call(tool, json!({})).await;
        }
        let sent = rehearsal.requests();
        assert_eq!(sent.len(), WAYS.len());
        assert!(sent.iter().all(|request| request.header("authorization") == Some(&*format!("Bearer {key}"))));
        drop(watch);

        // All that the control socket tells, and the commands that speak of keys.
        let snapshot = Watch::begin(&client).await.snapshot;
        for thread in &snapshot.threads {
            canary::sweep_value("a thread", &client.thread(thread.id).await.unwrap());
        }
        for seq in 1.. {
            let Ok(message) = client.message(MessageSeq(seq)).await else { break };
            canary::sweep_value("the message log", &message);
        }
        for command in [
            &["threads", "list", "--json"][..],
            &["config", "explain", "--json"],
            &["config", "explain"],
            &["providers", "check"],
            &["models"],
            &["metrics"],
        ] {
            place.run(command).await;
        }
        zen.close_input();
        assert_eq!(zen.ended().await, Some(0));
        let log = std::fs::read_to_string(place.path("home/.local/state/zen/zen.log")).unwrap();
        assert_eq!(log.matches("a request failed").count(), WAYS.len() - 1, "{log}");
    }
}
