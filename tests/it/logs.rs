//! The log file of a process: what it tells of calls, and how it stays within its bound.

use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::times;

#[tokio::test]
async fn a_log_that_has_grown_to_its_bound_is_set_aside_and_tells_of_each_call() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let place = Place::with(&rehearsal).logged().set("log.max_file", "64KiB");
    let mut zen = place.connected().await;
    let aside =
        || std::fs::read_dir(place.path("")).unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut calls = 0;
    while aside().filter(|name| name.starts_with("log")).count() < 2 {
        assert!(!zen.chat("Hello").await.is_error && calls < 2_000, "a log of 64 KiB is full before that");
        calls += 1;
    }
    zen.close_input();
    zen.ended().await;
    let names: Vec<String> = aside().filter(|name| name.starts_with("log")).collect();
    let told: usize = names
        .iter()
        .map(|name| std::fs::read_to_string(place.path(name)).unwrap())
        .map(|log| {
            assert!(log.len() <= (64 << 10) + (16 << 10), "{}", log.len());
            times(&log, "call answered")
        })
        .sum();
    assert_eq!(told, calls, "{names:?}");
}
