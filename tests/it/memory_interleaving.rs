//! Many calls at a time: no turn is lost, doubled or put out of order, and nobody finds what is not theirs.

use std::collections::HashMap;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use zen::clock::Clock;
use zen::event::Bus;
use zen::id::{ModelId, ProviderId, ThreadId};
use zen::rehearsal::{Recorded, Rehearsal, Scene};
use zen::thread::Principal;
use zen::thread::memory::MemoryStore;
use zen::thread::threads::{Limits, Target, Threads};
use zen::thread::turn::{Consultation, Turn};
use zen::unit::UnixMillis;

use crate::support::place::Place;
use crate::support::{chat, on, shown, times};

fn threads() -> Threads {
    let limits = Limits { ttl: Duration::from_secs(3_600), max_turns: 1_000, max_threads: 10_000, max_bytes: 1 << 30 };
    Threads::new(Box::<MemoryStore>::default(), limits, Clock::system(), Bus::new())
}

fn turn(text: &str) -> Turn {
    let consultation = Consultation::new(ProviderId::new("p"), ModelId::new("m"));
    Turn { answer: Some(text.into()), consultations: vec![consultation], ..Turn::new("chat", text, UnixMillis(0)) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// 64 calls on 8 threads of the machine: which conversation each goes on with, and how often it lets others go first,
    /// is drawn anew each time.
    #[test]
    fn no_interleaving_loses_doubles_or_reorders_a_turn(calls in prop::collection::vec((0..8_usize, 0..4_u8), 64)) {
        const WORKERS: usize = 8;
        let threads = threads();
        let me = Principal::user(0);
        let ids: Vec<ThreadId> = (0..8).map(|_| ThreadId::random()).collect();
        let barrier = Barrier::new(WORKERS);
        let recorded: Vec<(ThreadId, usize, String)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS).map(|worker| {
                let (threads, me, ids, barrier) = (&threads, &me, &ids, &barrier);
                let mine: Vec<_> = calls.iter().copied().enumerate().filter(|(call, _)| call % WORKERS == worker).collect();
                scope.spawn(move || {
                    barrier.wait();
                    mine.into_iter().map(|(call, (conversation, yields))| {
                        let id = ids[conversation];
                        let target = threads.resume(&id.to_string(), me).unwrap_or(Target::New(id));
                        (0..yields).for_each(|_| std::thread::yield_now());
                        let text = format!("{worker}:{call}");
                        let recorded = threads.record(&target, me, turn(&text)).unwrap();
                        (id, recorded.turn, text)
                    }).collect::<Vec<_>>()
                })
            }).collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        for id in &ids {
            let mut mine: Vec<_> = recorded.iter().filter(|(thread, ..)| thread == id).collect();
            mine.sort_by_key(|(_, number, _)| *number);
            let said: Vec<&str> = mine.iter().map(|(.., text)| text.as_str()).collect();
            let kept: Vec<String> = threads.live(*id).map_or(Vec::new(), |thread| {
                thread.turns.iter().map(|turn| turn.prompt.to_string()).collect()
            });
            prop_assert_eq!(&kept, &said, "each at the place that its caller was told");
            let mut last: HashMap<&str, usize> = HashMap::new();
            for text in &said {
                let (worker, call) = text.split_once(':').unwrap();
                let call: usize = call.parse().unwrap();
                prop_assert!(last.insert(worker, call).is_none_or(|before| before < call), "a caller's own order: {:?}", said);
            }
        }
    }
}

#[tokio::test]
async fn sixty_four_calls_at_a_time_on_eight_threads_all_stand_in_them_once() {
    let rehearsal =
        Rehearsal::start(Scene::by(|request: &Recorded| Scene::reply(format!("re: {}", request.last_user())))).unwrap();
    let place = Place::with(&rehearsal).set("threads.max_turns", 100);
    let mut zen = place.connected().await;
    let mut ids = Vec::new();
    for number in 0..8 {
        ids.push(zen.chat(&format!("opening {number}.")).await.continuation_id());
    }
    let mut calls = Vec::new();
    for number in 0..64 {
        calls.push(zen.send_call("chat", on(&ids[number % 8], chat(&format!("call {number}.")))).await);
    }
    for call in calls {
        let reply = zen.called(call).await;
        assert!(!reply.is_error, "{reply:?}");
    }
    for (conversation, id) in ids.iter().enumerate() {
        assert!(!zen.chat_on(id, "the last one.").await.is_error);
        let prompt = shown(&rehearsal.requests().pop().unwrap());
        let numbers: Vec<usize> = (1..=9).filter_map(|turn| prompt.find(&format!("[Turn {turn}, chat"))).collect();
        assert!(numbers.len() == 9 && numbers.is_sorted(), "nine turns in order: {prompt}");
        for number in (0..64).filter(|number| number % 8 == conversation) {
            assert_eq!(times(&prompt, &format!("]\ncall {number}.")), 1, "{prompt}");
        }
        let strangers = (0..64).filter(|number| number % 8 != conversation);
        assert!(strangers.into_iter().all(|number| !prompt.contains(&format!("call {number}."))), "{prompt}");
    }
}

#[test]
fn t14_a_million_guessed_ids_find_nothing_and_a_foreign_one_reads_the_same() {
    let threads = Arc::new(threads());
    let (me, other) = (Principal::user(1), Principal::user(2));
    let ids: Vec<ThreadId> = (0..1_000).map(|_| ThreadId::random()).collect();
    for id in &ids {
        threads.record(&Target::New(*id), &me, turn("mine")).unwrap();
    }
    let hits = (0..1_000_000).filter(|_| threads.live(ThreadId::random()).is_some()).count();
    assert_eq!(hits, 0);
    let (foreign, unknown) = (ids[0].to_string(), ThreadId::random().to_string());
    let said = |id: &str, principal: &Principal| {
        threads.resume(id, principal).map_err(|error| error.to_string().replace(id, "ID"))
    };
    assert_eq!(said(&foreign, &other).err(), said(&unknown, &other).err());
    assert!(said(&foreign, &other).is_err() && said(&foreign, &me).is_ok());
}

#[tokio::test]
async fn a_thread_of_many_models_says_which_one_answered() {
    let rehearsal = Rehearsal::start(Scene::reply("noted")).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let id = zen.chat("the first question").await.continuation_id();
    zen.call(
        "chat",
        on(&id, json!({ "prompt": "the second", "working_directory_absolute_path": "/tmp", "model": "another" })),
    )
    .await;
    zen.chat_on(&id, "the third").await;
    let prompt = shown(&rehearsal.requests().pop().unwrap());
    assert!(
        prompt.contains("[Turn 1, chat; answered by scripted]")
            && prompt.contains("[Turn 2, chat; answered by another]"),
        "{prompt}"
    );
}
