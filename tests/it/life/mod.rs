//! What a person does to threads from another process, and what becomes of threads by themselves.

mod documents;
mod late;

use serde_json::{Value, json};
use zen::control::Control as _;
use zen::control::types::{Act, ActSummary, Which};
use zen::event::ThreadAct;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::watch::Watch;
use crate::support::{chat, chat_with, shown};

const USAGE: Option<i32> = Some(2);
const NOT_FOUND: Option<i32> = Some(4);

fn answering() -> Rehearsal {
    Rehearsal::start(Scene::by(|request| {
        let asked = request.last_user().lines().last().unwrap_or_default().to_owned();
        Scene::reply(format!("answer to {asked}"))
    }))
    .unwrap()
}

/// The ids of the threads that a command lists.
async fn ids(place: &Place, arguments: &[&str]) -> Vec<String> {
    let listed = place.json(&[&["threads"], arguments, &["--json"]].concat()).await;
    listed.as_array().unwrap().iter().map(|thread| thread["id"].as_str().unwrap().to_owned()).collect()
}

async fn one(place: &Place, arguments: &[&str]) -> Value {
    let done = place.json(&[&["threads"], arguments, &["--json"]].concat()).await;
    assert_eq!(done.as_array().unwrap().len(), 1, "{done}");
    done[0].clone()
}

#[tokio::test]
async fn every_hand_reaches_a_thread_of_another_process_and_is_told_once() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let id = zen.chat("How does it turn?").await.continuation_id();
    let thread = id.parse().unwrap();
    let client = place.control().await;
    let mut watch = Watch::begin(&client).await;
    let before = watch.snapshot.threads[0].clone();

    let renamed = one(&place, &["rename", &id, "  The  gear "]).await;
    assert_eq!(renamed["title"], "The gear");
    assert_eq!(one(&place, &["tag", &id, "Work", "done", "--remove", "done"]).await["tags"], json!(["done", "work"]));
    assert_eq!(one(&place, &["tag", &id, "--remove", "done"]).await["tags"], json!(["work"]));
    let extended = one(&place, &["extend", &id, "--by", "2h"]).await;
    // The second is for the rounding of two clocks.
    assert!(extended["expires"].as_u64().unwrap() > before.expires.0 + 7_200_000 - 1_000, "{extended}");
    assert_eq!(one(&place, &["pin", &id]).await["pinned"], true);
    assert_eq!(place.run(&["threads", "extend", &id]).await.status.code(), USAGE, "a pinned one has no end");
    let table = String::from_utf8(place.run(&["threads", "list"]).await.stdout).unwrap();
    assert!(table.contains("pinned") && table.contains("The gear") && table.contains("#work"), "{table}");
    assert_eq!(one(&place, &["unpin", &id]).await["pinned"], false);

    assert_eq!(one(&place, &["expire", &id]).await["title"], "The gear");
    assert!(zen.chat_on(&id, "Gone?").await.is_error);
    assert_eq!(place.run(&["threads", "show", &id]).await.status.code(), NOT_FOUND);
    let restored = one(&place, &["restore", &id[..8]]).await;
    assert_eq!((&restored["title"], &restored["tags"]), (&json!("The gear"), &json!(["work"])));
    assert_eq!(zen.chat_on(&id, "And back?").await.remaining_turns(), 18);

    let acts = [
        ThreadAct::Renamed,
        ThreadAct::Tagged,
        ThreadAct::Tagged,
        ThreadAct::Extended,
        ThreadAct::Pinned,
        ThreadAct::Unpinned,
        ThreadAct::Expired,
        ThreadAct::Restored,
    ];
    watch.until("the last act", |delta| delta.acts.iter().find(|act| act.act == ThreadAct::Restored).copied()).await;
    let told: Vec<ActSummary> = watch.deltas.iter().flat_map(|delta| delta.acts.clone()).collect();
    let uid = rustix::process::getuid().as_raw();
    assert_eq!(told, acts.map(|act| ActSummary { thread, act, uid }));
}

#[tokio::test]
async fn many_are_expired_at_once_by_ids_by_query_or_all_and_a_mistake_expires_none() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let mut threads = Vec::new();
    for prompt in ["red gear", "green gear", "blue leak", "last one"] {
        threads.push(zen.chat(prompt).await.continuation_id());
    }
    for (arguments, code) in [
        (vec!["expire", &*threads[0], "nonsense"], NOT_FOUND),
        (vec!["expire", "--query", "  "], USAGE),
        (vec!["expire", "--query", "toll:chat"], USAGE),
        (vec!["expire", "--query", "gear", "--all"], USAGE),
        (vec!["expire"], USAGE),
        (vec!["search", "age:soon"], USAGE),
    ] {
        let output = place.run(&[&["threads"], &*arguments].concat()).await;
        assert_eq!(output.status.code(), code, "{arguments:?}: {output:?}");
    }
    assert_eq!(ids(&place, &["list"]).await.len(), 4);

    assert_eq!(ids(&place, &["expire", "--query", "gear !green"]).await, [threads[0].clone()]);
    assert_eq!(ids(&place, &["expire", &threads[1], &threads[2]]).await.len(), 2);
    assert_eq!(ids(&place, &["expire", "--all"]).await, [threads[3].clone()]);
    assert!(ids(&place, &["list"]).await.is_empty());
    assert_eq!(ids(&place, &["restore", "--all"]).await.len(), 4);
    let listed = ids(&place, &["list"]).await;
    assert_eq!(listed.iter().rev().collect::<Vec<_>>(), threads.iter().collect::<Vec<_>>(), "in their old order");
    assert_eq!(place.run(&["threads", "restore", &threads[0]]).await.status.code(), NOT_FOUND, "it is there");
    assert!(!zen.chat_on(&threads[2], "Go on").await.is_error);
}

#[tokio::test]
async fn the_tool_and_the_command_find_the_same_threads_by_the_same_query() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let file = place.file("src/gear.rs", "fn turn() {}");
    let mut zen = place.connected().await;
    let gear = zen.call("chat", chat_with("Why does it slip?", &[&file])).await.continuation_id();
    let leak = zen.chat("Where is the leak?").await.continuation_id();
    place.json(&["threads", "tag", &leak, "water", "--json"]).await;
    place.json(&["threads", "pin", &gear, "--json"]).await;
    for (query, expected) in [
        ("slip", vec![&gear]),
        ("\"the leak\"", vec![&leak]),
        ("answer", vec![&leak, &gear]),
        ("tool:chat model:script", vec![&leak, &gear]),
        ("file:gear.rs", vec![&gear]),
        ("tag:WATER", vec![&leak]),
        ("!tag:water age:<1h", vec![&gear]),
        ("is:pinned", vec![&gear]),
        ("age:>1h", vec![]),
        ("~wrtlk", vec![&leak]),
    ] {
        let listed = zen.call("listthreads", json!({ "query": query })).await.content();
        let found: Vec<_> =
            listed.lines().filter_map(|line| line.split("  ").next()).filter(|id| id.len() == 36).collect();
        assert_eq!(found, expected, "{query}: {listed}");
        assert_eq!(ids(&place, &["search", query]).await.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let wrong = zen.call("listthreads", json!({ "query": "toll:chat age:soon" })).await;
    assert!(wrong.is_error, "{wrong:?}");
    for said in ["did you mean 'tool:'", "age:<2h"] {
        assert!(wrong.content().contains(said), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_agent_whose_memory_was_cleared_finds_the_last_thread_of_its_folder_first() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let here = |prompt: &str| json!({ "prompt": prompt, "working_directory_absolute_path": place.project() });
    let there = |prompt: &str| json!({ "prompt": prompt, "working_directory_absolute_path": "/somewhere/else" });
    let mut zen = place.connected().await;
    zen.call("chat", here("an old one")).await;
    let last = zen.call("chat", here("the last one here")).await.continuation_id();
    let other = zen.call("chat", there("newer, of another folder")).await.continuation_id();

    let listed = zen.call("listthreads", json!({})).await.content();
    let lines: Vec<_> = listed.lines().collect();
    assert!(lines[0].starts_with(&last) && lines[0].contains("the last one here"), "{listed}");
    assert!(lines[3] == "of other folders:" && lines[4].starts_with(&other), "{listed}");
    assert!(listed.len() < 1_000, "small");
    let on = zen.chat_on(&last, "Where were we?").await;
    assert_eq!(on.remaining_turns(), 18);
    assert_eq!(ids(&place, &["search", "workspace:/somewhere"]).await, [other]);
}

#[tokio::test]
async fn a_fork_goes_on_from_its_turn_and_leaves_the_other_thread_alone() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal).set("threads.max_turns", 3);
    let mut zen = place.connected().await;
    let id = zen.chat("one").await.continuation_id();
    for prompt in ["two", "three"] {
        zen.chat_on(&id, prompt).await;
    }
    assert!(zen.chat_on(&id, "four").await.is_error, "its turns are used");
    let fork = one(&place, &["fork", &id, "--turn", "1"]).await;
    assert_eq!(fork["parent"], json!({ "thread": id, "turn": 1 }));
    let fork = fork["id"].as_str().unwrap();
    assert_eq!(zen.chat_on(fork, "two, otherwise").await.remaining_turns(), 1);
    let prompt = shown(rehearsal.requests().last().unwrap());
    assert!(prompt.contains("answer to one") && !prompt.contains("three"), "{prompt}");
    let original = place.json(&["threads", "show", &id, "--json"]).await;
    assert_eq!(original["turns"].as_array().unwrap().len(), 3);

    assert_eq!(place.run(&["threads", "fork", &id, "--turn", "4"]).await.status.code(), NOT_FOUND);
    let merged = place.run(&["threads", "merge", &id, fork]).await;
    let said = String::from_utf8(merged.stderr).unwrap();
    assert!(merged.status.code() == USAGE && said.contains("threads are not merged"), "{said}");
    place.json(&["threads", "expire", &id, "--json"]).await;
    assert!(!zen.chat_on(fork, "three, otherwise").await.is_error);
}

#[tokio::test]
async fn a_call_that_could_not_be_remembered_is_refused_before_a_model_is_asked() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal).set("threads.max_threads", 1);
    let mut zen = place.connected().await;
    for prompt in ["one", "two"] {
        let id = zen.chat(prompt).await.continuation_id();
        place.json(&["threads", "pin", &id, "--json"]).await;
    }
    let asked = rehearsal.requests().len();
    let refused = zen.chat("three").await;
    assert!(refused.is_error && refused.content().contains("zen threads unpin"), "{refused:?}");
    assert_eq!(refused.metadata("error_code"), "threads_no_room");
    assert_eq!(rehearsal.requests().len(), asked);
    assert!(!zen.call("listthreads", json!({})).await.is_error, "what leaves no turn needs no room");
    let ids = ids(&place, &["list"]).await;
    place.json(&["threads", "unpin", &ids[1], "--json"]).await;
    assert!(!zen.chat("three").await.is_error);
}

#[tokio::test]
async fn what_the_socket_is_asked_wrongly_changes_nothing() {
    let rehearsal = answering();
    let place = Place::with(&rehearsal);
    let mut zen: Zen = place.connected().await;
    let id = zen.call("chat", chat("one")).await.continuation_id().parse().unwrap();
    let other = "0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001".parse().unwrap();
    let client = place.control().await;
    let long = "x".repeat(200);
    for act in [
        Act::Rename { thread: id, title: long.clone() },
        Act::Tag { thread: id, add: vec!["no tag".to_owned()], remove: Vec::new() },
        Act::Fork { thread: id, turn: Some(0) },
        Act::Expire { threads: Which::Query(String::new()) },
        Act::Expire { threads: Which::These(vec![other]) },
        Act::Pin { thread: other },
        Act::Restore { thread: id },
        Act::Merge { thread: id, with: other },
    ] {
        assert!(client.act(act.clone()).await.is_err(), "{act:?}");
    }
    let some = client.act(Act::Expire { threads: Which::These(vec![other, id]) }).await.unwrap();
    assert_eq!((some.threads.len(), some.missing), (1, vec![other]), "the marked ones that are there go");
    assert!(client.act(Act::Restore { thread: id }).await.is_ok());
}
