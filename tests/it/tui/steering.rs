//! What the keys do to other processes and their threads, and what they do not do where a face only looks.

use zen::rehearsal::{Rehearsal, Scene};

use super::{assert_given_back, face};
use crate::support::place::Place;
use crate::support::{chat, on};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_is_watched_and_steered_live() {
    let answer = "The lock is taken twice. Take it once.";
    let rehearsal = Rehearsal::start([Scene::reply(answer).in_pieces(2).hold_after(1), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &[]);
    screen.shows(&["0 threads"]);
    let mut zen = place.connected().await;
    let name = format!("stdio {} project", zen.pid());
    screen.shows(&[&format!("● {name} ‹test-client›")]);

    let call = zen.send_call("chat", chat("Why does it hang?")).await;
    screen.shows(&["1 call in flight", "▸ call", "scripted · text arrives", "The lock is taken"]);
    screen.shows_no(&["Take it once."]);
    rehearsal.release_all();
    let thread = zen.called(call).await.continuation_id();
    screen.shows(&[&thread[..8], "1 thread ", "1/20", "Why does it hang?", "Take it once.", " in · ", "first text"]);

    screen.press("x");
    screen.shows(&["Expire this thread?", &thread[..8], &name, "x expire it"]);
    screen.press("x");
    screen.shows(&[&format!("expired {}", &thread[..8]), "0 threads", "as soon as a connected"]);
    let refused = zen.chat_on(&thread, "And now?").await;
    assert!(refused.is_error && refused.text.contains(&thread), "{}", refused.text);

    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    screen.shows(&[&format!("○ {name}"), "gone"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_talks_to_a_model_and_watches_the_reply() {
    let answer = "The lock is taken twice. Take it once.";
    let scenes = [Scene::reply(answer).in_pieces(2).hold_after(1), Scene::reply("Then measure.").hold()];
    let rehearsal = Rehearsal::start(scenes).unwrap();
    let place = Place::new().provider(&rehearsal);
    std::fs::write(place.project().join("lock.rs"), "fn lock() {}\n").unwrap();
    let mut screen = face(&place, &[]);
    screen.shows(&["0 threads"]);
    screen.press("c");
    screen.shows(&["A message", "a new thread in", "send"]);
    screen.press("Why does it hang? @lo");
    screen.shows(&["▌ lock.rs"]);
    screen.press("\r");
    screen.shows(&["@lock.rs", "send"]);
    screen.press("\r");
    screen.shows(&["1 call in flight", "text arrives", "The lock is taken"]);
    screen.shows_no(&["Take it once."]);
    rehearsal.release_one();
    screen.shows(&["1 thread ", "1/20", "Take it once.", "lock.rs", " in · "]);
    assert!(rehearsal.requests()[0].last_user().contains("fn lock() {}"), "the file went along");

    screen.press("cAnd then?\r");
    screen.shows(&["1 call in flight", "esc"]);
    screen.press("\x1b");
    screen.shows(&["chat was given up"]);
    screen.shows_no(&["call in flight"]);
    screen.press("q");
    screen.shows(&["Quit zen?"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threads_of_another_process_are_found_forked_exported_and_expired_together() {
    let rehearsal = Rehearsal::start([Scene::echo(), Scene::echo(), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &[]);
    let mut zen = place.connected().await;
    let ratchet = zen.chat("How does a ratchet hold?").await.continuation_id();
    let gear = zen.chat("What is a worm gear?").await.continuation_id();
    screen.shows(&["2 threads", &ratchet[..8], &gear[..8]]);

    screen.press("/ratchet tool:chat\r");
    screen.shows(&["/ ratchet tool:chat", "1 of 1", &ratchet[..8]]);
    screen.press("f");
    screen.shows(&["forked thread", "3 threads"]);
    screen.press("\x1b");
    screen.shows(&["of 3", &gear[..8]]);
    screen.press("/worm\r");
    screen.shows(&["1 of 1", &gear[..8]]);
    screen.press("E\r");
    screen.shows(&[&format!("thread {} is in zen-{}.md", &gear[..8], &gear[..8])]);
    let written = std::fs::read_to_string(place.project().join(format!("zen-{}.md", &gear[..8]))).unwrap();
    assert!(written.contains("What is a worm gear?"), "{written}");

    screen.press("\x1b");
    screen.shows(&["of 3"]);
    screen.press("*x");
    screen.shows(&["Expire these threads?", "3 threads"]);
    screen.press("x");
    screen.shows(&["0 threads"]);
    for thread in [&ratchet, &gear] {
        assert!(zen.chat_on(thread, "And now?").await.is_error, "gone there too");
    }
    screen.press("U");
    // The toast before it names three threads too: all are back when the list has them.
    screen.shows(&["restored thread", " of 3 ╮", &ratchet[..8]]);
    assert!(!zen.chat_on(&ratchet, "And now?").await.is_error);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
    assert_given_back(&screen);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_it_steers_nothing_and_says_so() {
    let rehearsal = Rehearsal::start([Scene::echo(), Scene::echo().hold(), Scene::echo()]).unwrap();
    let place = Place::new().provider(&rehearsal);
    let mut screen = face(&place, &["--read-only"]);
    let mut zen = place.connected().await;
    let thread = zen.chat("The first question").await.continuation_id();
    screen.shows(&["read-only", &thread[..8], "1/20"]);

    screen.press("xx");
    screen.shows(&["read-only: threads are not expired from here", &thread[..8]]);
    let call = zen.send_call("chat", on(&thread, chat("The second question"))).await;
    screen.shows(&["1 call in flight"]);
    screen.press("XX");
    screen.shows(&["read-only: calls are not cancelled from here", "1 call in flight"]);
    rehearsal.release_all();
    assert!(!zen.called(call).await.is_error);
    screen.shows(&["2/20"]);
    screen.press("q");
    assert_eq!(screen.ended(), 0);
}
