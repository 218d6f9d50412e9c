//! The fold over every kind of message and every action, and over deciders that fail in every way there is.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;

use super::*;
use crate::clock::Clock;
use crate::event::Bus;
use crate::id::{ConnectionId, PauseId};
use crate::interceptor::decider::{Decision, OnTimeout, Pause};
use crate::interceptor::filter::{Filter, Glob};
use crate::interceptor::legality::TABLE;
use crate::interceptor::pause::{Limits, NotResolved};
use crate::mcp::envelope::Envelope;
use crate::shutdown::Shutdown;

/// Answers every message with the same action.
struct Always(Result<Action, String>);

impl Decider for Always {
    fn decide<'a>(&'a self, _: &'a Message) -> Decision<'a> {
        let action = self.0.clone();
        Box::pin(async move { action })
    }
}

/// Never answers, or panics.
enum Broken {
    Silent,
    Panics,
}

impl Decider for Broken {
    fn decide<'a>(&'a self, _: &'a Message) -> Decision<'a> {
        match self {
            Self::Silent => Box::pin(std::future::pending()),
            Self::Panics => panic!("a defect"),
        }
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<Told>>);

struct Told {
    before: Bytes,
    after: Option<Bytes>,
    outcome: Outcome,
    steps: Vec<(String, Did, String)>,
}

impl Observer for Seen {
    fn observe(&self, passage: &Passage<'_>) {
        let steps = passage.steps.iter().map(|step| (step.by.to_string(), step.did, step.reason.to_string()));
        self.0.lock().unwrap().push(Told {
            before: passage.before.bytes.clone(),
            after: passage.after.map(|message| message.bytes.clone()),
            outcome: passage.outcome,
            steps: steps.collect(),
        });
    }
}

struct Panicking;

impl Observer for Panicking {
    fn observe(&self, _: &Passage<'_>) {
        panic!("a defect");
    }
}

const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
const PING_WITH_PARAMS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}"#;
const OTHER_PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;

fn message(direction: Direction, kind: Kind) -> Message {
    let text = match kind {
        Kind::Request => PING,
        Kind::Notification => r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        Kind::Result => r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        Kind::Error => r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}"#,
        Kind::Malformed => r#"{"jsonrpc":"2.0","id":1}"#,
    };
    let bytes = Bytes::from_static(text.as_bytes());
    let mut message = Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes));
    message.header.direction = direction;
    message
}

fn ping() -> Message {
    message(Direction::In, Kind::Request)
}

/// A chain of deciders named by their place, and what its observer saw.
fn chain(actions: impl IntoIterator<Item = Result<Action, String>>) -> (Chain, Arc<Seen>) {
    let mut chain = Chain::default();
    for (place, action) in actions.into_iter().enumerate() {
        chain.register(Registration::new(format!("d{place}"), Arc::new(Always(action))));
    }
    let seen = Arc::new(Seen::default());
    chain.observe_with(seen.clone());
    (chain, seen)
}

fn action(verb: Verb, on: &Message) -> Action {
    match verb {
        Verb::Continue => Action::Continue,
        Verb::Log => Action::Log("seen".to_owned()),
        Verb::Modify => Action::Modify(Bytes::from(format!("{} ", String::from_utf8_lossy(&on.bytes)))),
        Verb::Delay => Action::Delay(Duration::from_secs(1)),
        Verb::Pause => Action::Pause(Pause { on_timeout: OnTimeout::Continue, ..Pause::default() }),
        Verb::Block => Action::Block("not today".to_owned()),
        Verb::Mock => Action::Mock { body: ResultBody::empty(), reason: "mocked".to_owned() },
    }
}

#[tokio::test(start_paused = true)]
async fn every_action_has_its_effect_on_every_kind_of_message() {
    for (direction, kind, effects) in TABLE {
        for (verb, expected) in Verb::ALL.into_iter().zip(effects) {
            let message = message(direction, kind);
            let (chain, seen) = chain([Ok(action(verb, &message))]);
            let found = match direction {
                Direction::In => match chain.pass(message).await {
                    Verdict::Passed(_) => Effect::GoesOn,
                    Verdict::Mocked(_) => Effect::Answered,
                    // Whether the sender is told is the connection's to do: it waits for an answer or it does not.
                    Verdict::Blocked { reason } if reason.contains("may not") => Effect::Illegal,
                    Verdict::Blocked { .. } if matches!(kind, Kind::Request | Kind::Malformed) => Effect::Refused,
                    Verdict::Blocked { .. } => Effect::Dropped,
                },
                Direction::Out => match chain.pass_out(message.clone()).await {
                    Some(approved) if approved.message().header.kind == kind && verb != Verb::Block => {
                        let text = String::from_utf8_lossy(&approved.message().bytes).into_owned();
                        if text.contains("may not") { Effect::Illegal } else { Effect::GoesOn }
                    }
                    Some(approved) if String::from_utf8_lossy(&approved.message().bytes).contains("may not") => {
                        Effect::Illegal
                    }
                    Some(_) => Effect::Replaced,
                    None if seen.0.lock().unwrap()[0].steps[0].2.contains("may not") => Effect::Illegal,
                    None => Effect::Dropped,
                },
            };
            assert_eq!(found, expected, "{verb:?} on {direction:?} {kind:?}");
        }
    }
}

#[tokio::test]
async fn each_decider_sees_what_the_former_left_and_the_observer_both_ends() {
    let (chain, seen) = chain([Ok(Action::Modify(PING_WITH_PARAMS.into())), Ok(Action::Log("well".to_owned()))]);
    let Verdict::Passed(approved) = chain.pass(ping()).await else { panic!("it passes") };
    assert_eq!(approved.message().bytes, PING_WITH_PARAMS);
    let seen = seen.0.lock().unwrap();
    assert_eq!((&*seen[0].before, seen[0].after.as_deref()), (PING.as_bytes(), Some(PING_WITH_PARAMS.as_bytes())));
    assert_eq!(seen[0].outcome, Outcome::Modified);
    let told: Vec<_> = seen[0].steps.iter().map(|(by, did, reason)| (by.as_str(), *did, reason.as_str())).collect();
    assert_eq!(told, [("d0", Did::Modified, ""), ("d1", Did::Logged, "well")]);
}

#[tokio::test]
async fn a_decider_that_fails_or_cheats_closes_the_way_and_is_named() {
    for action in [
        Err("no answer".to_owned()),
        Ok(Action::Modify(OTHER_PING.into())),
        Ok(Action::Modify("garbage".into())),
        Ok(Action::Block("not today".to_owned())),
    ] {
        let (chain, seen) = chain([action, Ok(Action::Continue)]);
        assert!(matches!(chain.pass(ping()).await, Verdict::Blocked { .. }));
        let seen = seen.0.lock().unwrap();
        assert_eq!((seen[0].outcome, &*seen[0].steps[0].0), (Outcome::Blocked, "d0"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_decider_that_never_answers_or_panics_has_failed() {
    for (broken, why) in [(Broken::Silent, "no answer within 3s"), (Broken::Panics, "panicked")] {
        let mut chain = Chain::default();
        let within = Duration::from_secs(3);
        chain.register(Registration::new("broken", Arc::new(broken)).within(within));
        let clock = Clock::system();
        let before = clock.now();
        let Verdict::Blocked { reason } = chain.pass(ping()).await else { panic!("it is blocked") };
        assert!(reason.contains(why) && reason.contains("'broken'"), "{reason}");
        assert!(clock.elapsed(before) <= within);
        assert_eq!(chain.registered()[0].tally.failures(), 1);
    }
}

#[tokio::test]
async fn a_decider_that_fails_open_is_passed_over() {
    let mut chain = Chain::default();
    let broken = Registration::new("broken", Arc::new(Broken::Panics));
    chain.register(broken.on_failure(OnFailure::Continue));
    let seen = Arc::new(Seen::default());
    chain.observe_with(seen.clone());
    assert!(matches!(chain.pass(ping()).await, Verdict::Passed(_)));
    assert_eq!(seen.0.lock().unwrap()[0].steps[0].1, Did::Failed);
}

#[tokio::test]
async fn an_observer_that_panics_stops_neither_the_message_nor_the_next_observer() {
    let mut chain = Chain::default();
    chain.observe_with(Arc::new(Panicking));
    let seen = Arc::new(Seen::default());
    chain.observe_with(seen.clone());
    assert!(matches!(chain.pass(ping()).await, Verdict::Passed(_)));
    assert_eq!(seen.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_switched_off_or_filtered_out_is_not_asked() {
    let mut chain = Chain::default();
    let blocks = || Arc::new(Always(Ok(Action::Block("no".to_owned()))));
    let filter = Filter { methods: vec![Glob::new("tools/*")], ..Filter::default() };
    chain.register(Registration::new("filtered", blocks()).filtered(filter));
    let off = Registration::new("off", blocks());
    off.tally.switch(false);
    chain.register(off);
    assert!(!chain.concerns(|| ping().header));
    assert!(matches!(chain.pass(ping()).await, Verdict::Passed(_)));
    chain.registered()[1].tally.switch(true);
    assert!(chain.concerns(|| ping().header));
    assert!(matches!(chain.pass(ping()).await, Verdict::Blocked { .. }));
}

#[tokio::test]
async fn a_blocked_reply_becomes_an_error_with_its_id() {
    let (chain, _) = chain([Ok(Action::Block("secret".to_owned()))]);
    let reply = chain.pass_out(message(Direction::Out, Kind::Result)).await.unwrap();
    let value: serde_json::Value = serde_json::from_slice(&reply.message().bytes).unwrap();
    assert_eq!((value["id"].as_i64(), value["error"]["code"].as_i64()), (Some(1), Some(i64::from(BLOCKED))));
}

#[tokio::test(start_paused = true)]
async fn a_delay_is_waited_for() {
    let (chain, _) = chain([Ok(Action::Delay(Duration::from_secs(3)))]);
    let clock = Clock::system();
    let before = clock.now();
    chain.pass(ping()).await;
    assert_eq!(clock.elapsed(before), Duration::from_secs(3));
}

/// A chain that pauses every message, for at most a minute and at most two at a time.
fn pausing(on_timeout: OnTimeout) -> (Arc<Chain>, Shutdown) {
    let shutdown = Shutdown::default();
    let limits = Limits { max_paused: 2, timeout: Duration::from_secs(60) };
    let pauses = Pauses::new(limits, Clock::system(), Bus::new(), shutdown.clone());
    let mut chain = Chain::new(Arc::new(pauses));
    let pause = Pause { reason: "look".to_owned(), timeout: None, on_timeout };
    chain.register(Registration::new("asks", Arc::new(Always(Ok(Action::Pause(pause))))));
    (Arc::new(chain), shutdown)
}

/// Sends a ping through the chain, and comes back once it is paused.
async fn paused(chain: &Arc<Chain>) -> (PauseId, tokio::task::JoinHandle<Verdict>) {
    let passing = tokio::spawn({
        let chain = Arc::clone(chain);
        async move { chain.pass(ping()).await }
    });
    loop {
        tokio::task::yield_now().await;
        if let Some(paused) = chain.pauses().list().pop() {
            return (paused.id, passing);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_resolved_once() {
    let (chain, _) = pausing(OnTimeout::Block);
    let (id, passing) = paused(&chain).await;
    let other = Resolution::Edited(OTHER_PING.into());
    assert!(matches!(chain.pauses().resolve(id, other), Err(NotResolved::AnotherMessage(_))));
    assert_eq!(chain.pauses().resolve(id, Resolution::Edited(PING_WITH_PARAMS.into())), Ok(()));
    assert_eq!(chain.pauses().resolve(id, Resolution::Continue), Err(NotResolved::Unknown(id)));
    let Verdict::Passed(approved) = passing.await.unwrap() else { panic!("it passes") };
    assert_eq!(approved.message().bytes, PING_WITH_PARAMS);
    assert_eq!(chain.pauses().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_times_out_blocks_unless_it_is_said_otherwise() {
    let (chain, _) = pausing(OnTimeout::Block);
    let Verdict::Blocked { reason } = chain.pass(ping()).await else { panic!("it is blocked") };
    assert!(reason.contains("look") && reason.contains("in time"), "{reason}");
    let (chain, _) = pausing(OnTimeout::Continue);
    assert!(matches!(chain.pass(ping()).await, Verdict::Passed(_)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_ends_with_its_client_with_its_request_and_with_zen() {
    let (chain, shutdown) = pausing(OnTimeout::Continue);
    let (_, passing) = paused(&chain).await;
    chain.pauses().release(ConnectionId(2));
    assert_eq!(chain.pauses().count(), 1);
    chain.pauses().release(ConnectionId(1));
    assert!(matches!(passing.await.unwrap(), Verdict::Blocked { .. }));

    let (_, passing) = paused(&chain).await;
    assert!(chain.pauses().withdraw(ConnectionId(1), ping().header.id.as_ref().unwrap()));
    assert!(matches!(passing.await.unwrap(), Verdict::Blocked { .. }));

    let (_, passing) = paused(&chain).await;
    shutdown.begin();
    assert!(matches!(passing.await.unwrap(), Verdict::Blocked { .. }));
    assert!(matches!(chain.pass(ping()).await, Verdict::Blocked { .. }));
}

#[tokio::test(start_paused = true)]
async fn more_than_may_be_paused_are_blocked_and_who_gives_up_is_not_listed() {
    let (chain, _) = pausing(OnTimeout::Block);
    let (_, first) = paused(&chain).await;
    let (_, second) = paused(&chain).await;
    while chain.pauses().count() < 2 {
        tokio::task::yield_now().await;
    }
    let Verdict::Blocked { reason } = chain.pass(ping()).await else { panic!("it is blocked") };
    assert!(reason.contains("max_paused"), "{reason}");
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(chain.pauses().count(), 1);
    second.abort();
}

/// Adds a letter to a ping's params, and notes that it was asked.
struct Adds(char);

impl Decider for Adds {
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a> {
        let text = String::from_utf8_lossy(&message.bytes);
        let added = match text.split_once(r#"","params":{"x":""#) {
            None => text.replace(r#""ping"}"#, &format!(r#""ping","params":{{"x":"{}"}}}}"#, self.0)),
            Some((before, after)) => format!(r#"{before}","params":{{"x":"{}{after}"#, self.0),
        };
        Box::pin(async move { Ok(Action::Modify(added.into())) })
    }
}

/// What a ping is behind these deciders.
async fn behind(deciders: impl IntoIterator<Item = Arc<dyn Decider>>) -> String {
    let mut chain = Chain::default();
    deciders.into_iter().for_each(|decider| chain.decide_with(decider));
    let Verdict::Passed(approved) = chain.pass(ping()).await else { panic!("it passes") };
    String::from_utf8(approved.message().bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_order_decides_and_without_deciders_not_a_byte_changes() {
    assert_eq!(behind([]).await, PING);
    let (a, b): (Arc<dyn Decider>, Arc<dyn Decider>) = (Arc::new(Adds('a')), Arc::new(Adds('b')));
    assert!(behind([a.clone(), b.clone()]).await.contains(r#""x":"ba""#));
    assert!(behind([b, a]).await.contains(r#""x":"ab""#));
}

/// Deciders that a test takes away.
struct Removable(Mutex<Arc<[Registration]>>);

impl Changing for Removable {
    fn current(&self) -> Arc<[Registration]> {
        Arc::clone(&self.0.lock().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_on_its_way_is_judged_by_the_deciders_that_it_set_out_with() {
    let pause = Pause { on_timeout: OnTimeout::Block, ..Pause::default() };
    let registered = |action| Registration::new("one", Arc::new(Always(Ok(action))) as Arc<dyn Decider>);
    let both = [registered(Action::Pause(pause)), registered(Action::Block("the second".to_owned()))];
    let removable = Arc::new(Removable(Mutex::new(both.into())));
    let mut chain = Chain::default();
    chain.register_changing(removable.clone());
    let chain = Arc::new(chain);
    let (id, passing) = paused(&chain).await;
    *removable.0.lock().unwrap() = Arc::new([]);
    assert!(matches!(chain.pass(ping()).await, Verdict::Passed(_)));
    chain.pauses().resolve(id, Resolution::Continue).unwrap();
    let Verdict::Blocked { reason } = passing.await.unwrap() else { panic!("the second was there when it came") };
    assert_eq!(reason, "the second");
}
