//! The rules of a thread's life, each on a clock that stands until it is moved.

use super::*;
use crate::event::Removal;
use crate::id::{ModelId, ProviderId};
use crate::thread::Parent;
use crate::thread::life::CannotSteer;
use crate::thread::memory::MemoryStore;
use crate::thread::turn::{Consultation, ToolState};
use crate::unit::UnixMillis;

fn threads(max_turns: u32, max_threads: usize) -> (Threads, Bus) {
    let bus = Bus::new();
    let limits = Limits { ttl: Duration::from_secs(3 * 3600), max_turns, max_threads, max_bytes: 10_000 };
    (Threads::new(Box::<MemoryStore>::default(), limits, Clock::system(), bus.clone()), bus)
}

fn turn(prompt: &str) -> Turn {
    Turn {
        answer: Some("answer".into()),
        consultations: vec![Consultation::new(ProviderId::from("custom"), ModelId::from("m"))],
        ended: UnixMillis(2),
        ..Turn::new("chat", prompt, UnixMillis(1))
    }
}

fn me() -> Principal {
    Principal::user(1000)
}

fn open(threads: &Threads, prompt: &str) -> ThreadId {
    let target = Target::New(ThreadId::random());
    threads.record(&target, &me(), turn(prompt)).unwrap();
    target.id()
}

#[tokio::test(start_paused = true)]
async fn the_time_to_live_slides_with_each_turn() {
    let (threads, _) = threads(20, 10);
    let id = open(&threads, "first");
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    let target = threads.resume(&id.to_string(), &me()).unwrap();
    threads.record(&target, &me(), turn("second")).unwrap();
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    assert_eq!(threads.live(id).unwrap().turns.len(), 2);
    tokio::time::advance(Duration::from_secs(3600)).await;
    let error = threads.resume(&id.to_string(), &me()).unwrap_err();
    assert!(error.to_string().contains("3 hours"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_sweep_says_what_expired_and_when_it_is_needed_next() {
    let (threads, bus) = threads(20, 10);
    let first = open(&threads, "first");
    tokio::time::advance(Duration::from_secs(60)).await;
    open(&threads, "second");
    let mut events = bus.watch();
    let (threads, sweeper) = {
        let threads = Arc::new(threads);
        let sweeping = Arc::clone(&threads);
        (threads, tokio::spawn(async move { sweeping.keep_swept().await }))
    };
    let removed = events.recv().await.unwrap();
    assert_eq!(removed, Event::ThreadRemoved { thread: first, reason: Removal::Expired });
    assert_eq!(threads.list().len(), 1);
    sweeper.abort();
}

#[tokio::test]
async fn another_principal_and_an_unknown_id_read_the_same() {
    let (threads, _) = threads(20, 10);
    let id = open(&threads, "mine").to_string();
    let foreign = threads.resume(&id, &Principal::user(1)).unwrap_err();
    assert_eq!(foreign, CannotContinue::Unknown { id, ttl: threads.limits().ttl });
    assert!(matches!(threads.resume("nonsense", &me()), Err(CannotContinue::Unknown { .. })));
}

#[tokio::test]
async fn turns_count_down_and_a_full_thread_says_so() {
    let (threads, _) = threads(2, 10);
    let target = Target::New(ThreadId::random());
    assert_eq!(threads.record(&target, &me(), turn("1")), Ok(Recorded { turn: 1, remaining: 1 }));
    let again = threads.resume(&target.id().to_string(), &me()).unwrap();
    assert_eq!(threads.record(&again, &me(), turn("2")), Ok(Recorded { turn: 2, remaining: 0 }));
    let error = threads.resume(&target.id().to_string(), &me()).unwrap_err();
    assert_eq!(error, CannotContinue::Full { id: target.id(), max_turns: 2 });
}

#[tokio::test]
async fn a_turn_for_a_thread_expired_meanwhile_is_reported_gone() {
    let (threads, _) = threads(20, 10);
    let id = open(&threads, "first");
    let target = threads.resume(&id.to_string(), &me()).unwrap();
    assert!(threads.expire(id).is_ok());
    assert_eq!(threads.record(&target, &me(), turn("late")), Err(Gone));
    assert!(threads.list().is_empty());
    assert_eq!(threads.restore(id).unwrap().turns.len(), 2, "a person who takes it back loses nothing");
    assert_eq!(threads.held.bytes(), threads.live(id).unwrap().bytes());
}

#[tokio::test(start_paused = true)]
async fn the_longest_unused_threads_make_room() {
    let (threads, _) = threads(20, 2);
    let ids: Vec<_> = {
        let mut ids = Vec::new();
        for prompt in ["a", "b", "c"] {
            ids.push(open(&threads, prompt));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        ids
    };
    assert!(threads.live(ids[0]).is_none());
    let large = open(&threads, &"x".repeat(9_995));
    assert_eq!(threads.list().iter().map(|thread| thread.id).collect::<Vec<_>>(), [large]);
}

#[test]
fn durations_are_said_in_words() {
    assert_eq!(in_words(Duration::from_secs(3 * 3600)), "3 hours");
    assert_eq!(in_words(Duration::from_secs(90)), "90 seconds");
    assert_eq!(in_words(Duration::from_secs(60)), "1 minute");
    assert_eq!(in_words(Duration::from_millis(250)), "250 milliseconds");
}

fn shared(max_threads: usize) -> (Arc<Threads>, Bus) {
    let (threads, bus) = threads(20, max_threads);
    (Arc::new(threads), bus)
}

#[tokio::test(start_paused = true)]
async fn an_expiry_by_hand_is_taken_back_exactly_for_ten_seconds_and_its_memory_given_back_after() {
    let (threads, bus) = shared(10);
    let sweeping = Arc::clone(&threads);
    let sweeper = tokio::spawn(async move { sweeping.keep_swept().await });
    let id = open(&threads, "first");
    threads.rename(id, "a name").unwrap();
    let before = threads.live(id).unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    threads.expire(id).unwrap();
    assert!(threads.live(id).is_none() && threads.list().is_empty());
    assert_eq!(threads.find(&id.to_string(), &me()).unwrap_err(), unknown(&threads, id));
    assert_eq!(threads.restorable().len(), 1);
    tokio::time::advance(Duration::from_secs(9)).await;
    let restored = threads.restore(id).unwrap();
    assert!(Arc::ptr_eq(&restored, &before), "as it was, its end and its place among the others included");

    let mut events = bus.watch();
    threads.expire(id).unwrap();
    assert_eq!(events.recv().await, Ok(Event::ThreadRemoved { thread: id, reason: Removal::ByHand }));
    tokio::time::sleep(crate::thread::life::RESTORABLE_FOR + Duration::from_secs(1)).await;
    assert_eq!(threads.restore(id).unwrap_err(), CannotSteer::NotRestorable { thread: id });
    assert_eq!((threads.held.threads(), threads.held.bytes()), (0, 0), "nobody had to ask for it");
    assert_eq!(Arc::strong_count(&before), 2, "held by this test alone, twice");
    sweeper.abort();
}

fn unknown(threads: &Threads, id: ThreadId) -> CannotContinue {
    CannotContinue::Unknown { id: id.to_string(), ttl: threads.limits().ttl }
}

#[tokio::test(start_paused = true)]
async fn a_thread_whose_own_time_ran_out_while_it_could_be_restored_stays_gone() {
    let (threads, _) = shared(10);
    let id = open(&threads, "first");
    tokio::time::advance(threads.limits().ttl - Duration::from_secs(5)).await;
    threads.expire(id).unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    assert!(threads.restorable().is_empty() && threads.restore(id).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_pinned_thread_has_no_end_and_gives_no_room() {
    let (threads, _) = shared(2);
    let pinned = open(&threads, "keep");
    threads.pin(pinned).unwrap();
    for prompt in ["a", "b", "c"] {
        open(&threads, prompt);
    }
    tokio::time::advance(100 * threads.limits().ttl).await;
    threads.sweep();
    assert_eq!(threads.list().iter().map(|thread| thread.id).collect::<Vec<_>>(), [pinned]);
    assert_eq!(threads.extend(pinned, None).unwrap_err(), CannotSteer::Pinned(pinned));
    threads.unpin(pinned).unwrap();
    tokio::time::advance(threads.limits().ttl).await;
    assert!(threads.live(pinned).is_none(), "its time started anew");
}

#[tokio::test(start_paused = true)]
async fn where_only_pinned_and_busy_threads_are_left_the_next_call_is_refused_and_no_turn_is_lost() {
    let (threads, _) = shared(1);
    let pinned = open(&threads, "pinned");
    threads.pin(pinned).unwrap();
    assert_eq!(threads.expect_room(), Ok(()));
    let busy = open(&threads, "busy");
    let occupied = threads.occupy(busy);
    let refused = threads.expect_room().unwrap_err();
    assert!(refused.to_string().contains("zen threads unpin"), "{refused}");
    assert!(threads.fork(pinned, None).is_err());
    let target = threads.resume(&busy.to_string(), &me()).unwrap();
    assert!(threads.record(&target, &me(), turn("what is in flight has its place")).is_ok());
    assert_eq!(threads.list().len(), 2);
    drop(occupied);
    assert_eq!(threads.expect_room(), Ok(()));
    assert_eq!(threads.list().iter().map(|thread| thread.id).collect::<Vec<_>>(), [pinned]);
}

#[tokio::test(start_paused = true)]
async fn a_thread_outlives_its_time_while_a_call_is_in_flight_in_it() {
    let (threads, _) = shared(10);
    let id = open(&threads, "first");
    let occupied = threads.occupy(id);
    let target = threads.resume(&id.to_string(), &me()).unwrap();
    tokio::time::advance(2 * threads.limits().ttl).await;
    assert!(threads.sweep().is_some(), "it is looked at again");
    assert_eq!(threads.record(&target, &me(), turn("late")), Ok(Recorded { turn: 2, remaining: 18 }));
    drop(occupied);
    let again = threads.occupy(id);
    tokio::time::advance(2 * threads.limits().ttl).await;
    drop(again);
    assert!(threads.live(id).is_none(), "a call that failed gives it no more time");
    threads.sweep();
    assert_eq!(threads.held.threads(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_end_is_moved_and_no_turn_brings_it_nearer() {
    let (threads, _) = shared(10);
    let (hour, ttl) = (Duration::from_secs(3_600), threads.limits().ttl);
    let id = open(&threads, "first");
    let end = |id| threads.live(id).unwrap().end;
    let now = threads.clock.now();
    threads.extend(id, Some(24 * hour)).unwrap();
    assert_eq!(end(id), End::At(now + ttl + 24 * hour));
    threads.record(&threads.resume(&id.to_string(), &me()).unwrap(), &me(), turn("second")).unwrap();
    assert_eq!(end(id), End::At(now + ttl + 24 * hour));
    threads.extend(id, Some(Duration::MAX)).unwrap();
    assert_eq!(end(id), End::At(now + crate::thread::life::LONGEST_LIFE));
    let other = open(&threads, "other");
    tokio::time::advance(hour).await;
    threads.extend(other, None).unwrap();
    assert_eq!(end(other), End::At(now + hour + ttl));
}

#[tokio::test]
async fn names_and_tags_are_checked_and_what_is_wrong_changes_nothing() {
    let (threads, _) = shared(10);
    let id = open(&threads, "first");
    assert_eq!(&*threads.rename(id, "  A \n name\t").unwrap().title, "A name");
    assert_eq!(threads.rename(id, " ").unwrap_err(), CannotSteer::Title(0));
    assert_eq!(threads.rename(id, &"x".repeat(121)).unwrap_err(), CannotSteer::Title(121));
    let strings = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let tagged = threads.tag(id, &strings(&["B", "a", "b"]), &[]).unwrap();
    assert_eq!(tagged.tags, ["a".into(), "b".into()] as [Arc<str>; 2]);
    assert_eq!(threads.tag(id, &[], &strings(&["A"])).unwrap().tags, ["b".into()] as [Arc<str>; 1]);
    assert!(matches!(threads.tag(id, &strings(&["no blanks"]), &[]), Err(CannotSteer::Tag(_))));
    let many: Vec<_> = (0..9).map(|number| format!("t{number}")).collect();
    assert_eq!(threads.tag(id, &many, &[]).unwrap_err(), CannotSteer::TooManyTags);
    let thread = threads.live(id).unwrap();
    assert_eq!((&*thread.title, thread.tags.len()), ("A name", 1));
    assert_eq!(threads.rename(ThreadId::random(), "x").unwrap_err().to_string().split(' ').next(), Some("no"));
}

#[tokio::test]
async fn a_fork_shares_its_turns_and_what_tools_left_in_them() {
    let (threads, _) = shared(10);
    let state = |number: u32| {
        let value = serde_json::value::to_raw_value(&number).unwrap().into();
        Some(ToolState { version: 1, value })
    };
    let target = Target::New(ThreadId::random());
    for number in 1..=3 {
        let step = Turn { state: state(number), ..turn(&format!("step {number}")) };
        threads.record(&target, &me(), step).unwrap();
    }
    let fork = threads.fork(target.id(), Some(2)).unwrap();
    assert_eq!(fork.parent, Some(Parent { thread: target.id(), turn: 2 }));
    let parent = threads.live(target.id()).unwrap();
    assert!(fork.turns.iter().zip(&parent.turns).all(|(ours, theirs)| Arc::ptr_eq(ours, theirs)));
    assert_eq!(fork.turns.last().unwrap().state.as_ref().unwrap().value.get(), "2");

    let going_on = threads.resume(&fork.id.to_string(), &me()).unwrap();
    assert_eq!(threads.record(&going_on, &me(), turn("another step 3")), Ok(Recorded { turn: 3, remaining: 17 }));
    threads.expire(target.id()).unwrap();
    let fork = threads.live(fork.id).unwrap();
    assert_eq!(fork.turns.iter().map(|turn| &*turn.prompt).collect::<Vec<_>>(), ["step 1", "step 2", "another step 3"]);
    for wrong in [0, 4] {
        let error = threads.fork(fork.id, Some(wrong)).unwrap_err();
        assert_eq!(error, CannotSteer::NoTurn { thread: fork.id, turn: wrong, turns: 3 });
    }
}

/// Counts what a store is asked for.
#[derive(Default)]
struct Counting {
    inner: MemoryStore,
    asked: Arc<std::sync::Mutex<Vec<&'static str>>>,
}

impl ThreadStore for Counting {
    fn get(&self, id: ThreadId) -> Option<Arc<Thread>> {
        self.asked.lock().unwrap().push("get");
        self.inner.get(id)
    }

    fn update(&self, id: ThreadId, change: &mut crate::thread::Change<'_>) {
        self.asked.lock().unwrap().push("update");
        self.inner.update(id, change);
    }

    fn all(&self) -> Vec<Arc<Thread>> {
        self.asked.lock().unwrap().push("all");
        self.inner.all()
    }
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_anothers_takes_the_way_of_one_that_never_was() {
    let asked = Arc::default();
    let store = Counting { asked: Arc::clone(&asked), ..Counting::default() };
    let limits = Limits { ttl: Duration::from_secs(60), max_turns: 1, max_threads: 10, max_bytes: 10_000 };
    let threads = Threads::new(Box::new(store), limits, Clock::system(), Bus::new());
    let foreign = open(&threads, "full, and another's");
    let other = Principal::user(1);
    let ways = |id: ThreadId| {
        asked.lock().unwrap().clear();
        let words = threads.resume(&id.to_string(), &other).unwrap_err().to_string().replace(&id.to_string(), "ID");
        (words, asked.lock().unwrap().clone())
    };
    let never = ways(ThreadId::random());
    assert_eq!(ways(foreign), never);
    assert_eq!(never.1, ["get"]);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(ways(foreign), never, "nor does its end show");
}

#[test]
fn no_turn_is_lost_doubled_or_reordered_by_calls_and_hands_at_the_same_time() {
    const THREADS: usize = 8;
    const CALLS: usize = 64;
    const TURNS: usize = 25;
    let limits = Limits { ttl: Duration::from_secs(60), max_turns: 10_000, max_threads: 100, max_bytes: 1 << 20 };
    let threads = Threads::new(Box::<MemoryStore>::default(), limits, Clock::system(), Bus::new());
    let targets: Vec<_> =
        (0..THREADS).map(|_| Target::Existing(threads.live(open(&threads, "0 0")).unwrap())).collect();
    let (threads, targets, running) = (&threads, &targets, &std::sync::atomic::AtomicUsize::new(CALLS));
    std::thread::scope(|scope| {
        for call in 1..=CALLS {
            scope.spawn(move || {
                for number in 0..TURNS {
                    // Gone, or not: what is asked here is where it stands in the end.
                    let _ = threads.record(&targets[call % THREADS], &me(), turn(&format!("{call} {number}")));
                }
                running.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
        scope.spawn(move || {
            while running.load(std::sync::atomic::Ordering::SeqCst) > 0 {
                for target in targets {
                    threads.pin(target.id()).unwrap();
                    threads.expire(target.id()).unwrap();
                    threads.restore(target.id()).unwrap();
                }
            }
        });
    });
    let mut bytes = 0;
    for (at, target) in targets.iter().enumerate() {
        let thread = threads.live(target.id()).unwrap();
        bytes += thread.bytes();
        for call in (1..=CALLS).filter(|call| call % THREADS == at) {
            let of_call = format!("{call} ");
            let turns: Vec<_> = thread.turns.iter().filter_map(|turn| turn.prompt.strip_prefix(&of_call)).collect();
            let numbers: Vec<_> = (0..TURNS).map(|number| number.to_string()).collect();
            assert_eq!(turns, numbers, "of call {call}");
        }
        assert_eq!(thread.turns.len(), 1 + CALLS / THREADS * TURNS);
    }
    assert_eq!((threads.held.threads(), threads.held.bytes()), (THREADS, bytes));
}
