//! The fold: deciders run in the order in which they were registered, each seeing what the former left; then observers
//! see the outcome, with the message before and after. A decider that fails closes the way; an observer cannot.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::message::{Direction, Kind, Message, Outcome};
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::envelope::Envelope;
use crate::mcp::error::{BLOCKED, RpcError};

/// Decides what becomes of a message.
pub trait Decider: Send + Sync {
    /// An error blocks the message: what cannot be judged does not pass.
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a>;
}

/// The future of a [`Decider::decide`].
pub type Decision<'a> = Pin<Box<dyn Future<Output = Result<Action, String>> + Send + 'a>>;

/// Sees what became of a message. Must not block: it runs on the way of every message.
pub trait Observer: Send + Sync {
    fn observe(&self, passage: &Passage<'_>);
}

/// What a decider wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Continue,
    /// Go on with these bytes. They must be a message of the same kind with the same id.
    Modify(Bytes),
    /// Stop here. The reason is told to the client.
    Block(String),
    /// Answer in the server's stead. Legal for a request from the client; anything else is blocked.
    Mock(ResultBody),
    /// Go on after this long.
    Delay(Duration),
}

/// A message and what became of it.
pub struct Passage<'a> {
    pub before: &'a Message,
    /// Where the message was changed.
    pub after: Option<&'a Message>,
    pub outcome: Outcome,
}

/// A message that has passed the chain. Nothing else can be written to a transport, and nothing else can make one.
#[derive(Clone, Debug)]
pub struct Approved(Message);

impl Approved {
    pub fn message(&self) -> &Message {
        &self.0
    }

    pub fn into_message(self) -> Message {
        self.0
    }
}

/// How a message came out of the chain.
#[derive(Debug)]
pub enum Verdict {
    Passed(Approved),
    Blocked { reason: String },
    Mocked(ResultBody),
}

#[derive(Default)]
pub struct Chain {
    deciders: Vec<Arc<dyn Decider>>,
    observers: Vec<Arc<dyn Observer>>,
}

impl Chain {
    /// Adds a decider behind those that stand already.
    pub fn decide_with(&mut self, decider: Arc<dyn Decider>) {
        self.deciders.push(decider);
    }

    pub fn observe_with(&mut self, observer: Arc<dyn Observer>) {
        self.observers.push(observer);
    }

    /// Takes a message from the client through the chain.
    pub async fn pass(&self, message: Message) -> Verdict {
        let verdict = self.fold(&message).await;
        let (after, outcome) = match &verdict {
            Verdict::Passed(Approved(after)) if after.bytes == message.bytes => (None, Outcome::Passed),
            Verdict::Passed(Approved(after)) => (Some(after), Outcome::Modified),
            Verdict::Blocked { .. } => (None, Outcome::Blocked),
            Verdict::Mocked(_) => (None, Outcome::Mocked),
        };
        self.show(&Passage { before: &message, after, outcome });
        verdict
    }

    /// Takes a message to the client through the chain. A blocked reply is replaced by an error, so that no request
    /// stays unanswered; a blocked notification is gone.
    pub async fn pass_out(&self, message: Message) -> Option<Approved> {
        debug_assert_eq!(message.header.direction, Direction::Out);
        let reason = match self.fold(&message).await {
            Verdict::Passed(approved) => {
                let changed = approved.0.bytes != message.bytes;
                let outcome = if changed { Outcome::Modified } else { Outcome::Passed };
                self.show(&Passage { before: &message, after: changed.then_some(&approved.0), outcome });
                return Some(approved);
            }
            Verdict::Blocked { reason } => reason,
            Verdict::Mocked(_) => "an interceptor tried to answer a message that is no request".to_owned(),
        };
        let replacement = matches!(message.header.kind, Kind::Result | Kind::Error).then(|| Message {
            bytes: codec::error(message.header.id.as_ref(), &blocked(&reason)),
            header: super::Header { kind: Kind::Error, ..message.header.clone() },
        });
        self.show(&Passage { before: &message, after: replacement.as_ref(), outcome: Outcome::Blocked });
        replacement.map(Approved)
    }

    async fn fold(&self, message: &Message) -> Verdict {
        let mut current = message.clone();
        for decider in &self.deciders {
            match decider.decide(&current).await {
                Ok(Action::Continue) => {}
                Ok(Action::Modify(bytes)) => {
                    current.bytes = bytes;
                    if let Err(reason) = still_the_same(&current) {
                        return Verdict::Blocked { reason };
                    }
                }
                Ok(Action::Block(reason)) => return Verdict::Blocked { reason },
                Ok(Action::Mock(body)) => return mocked(&current, body),
                Ok(Action::Delay(duration)) => tokio::time::sleep(duration).await,
                Err(reason) => {
                    return Verdict::Blocked { reason: format!("an interceptor failed: {reason}") };
                }
            }
        }
        Verdict::Passed(Approved(current))
    }

    fn show(&self, passage: &Passage<'_>) {
        for observer in &self.observers {
            observer.observe(passage);
        }
    }
}

/// What a client is told of a blocked message.
pub fn blocked(reason: &str) -> RpcError {
    RpcError::new(BLOCKED, format!("blocked by an interceptor: {reason}"))
}

fn mocked(message: &Message, body: ResultBody) -> Verdict {
    match (message.header.direction, message.header.kind) {
        (Direction::In, Kind::Request) => Verdict::Mocked(body),
        _ => Verdict::Blocked { reason: "an interceptor tried to answer a message that is no request".to_owned() },
    }
}

/// A change may not turn a message into another: its kind and its id stay.
fn still_the_same(message: &Message) -> Result<(), String> {
    let header = &message.header;
    let (kind, id) = match Envelope::parse(&message.bytes) {
        Ok(Envelope::Request { id, .. }) => (Kind::Request, Some(id)),
        Ok(Envelope::Notification { .. }) => (Kind::Notification, None),
        Ok(Envelope::Response { id, is_error }) => (if is_error { Kind::Error } else { Kind::Result }, Some(id)),
        Err(_) => (Kind::Malformed, None),
    };
    if kind == header.kind && id == header.id {
        Ok(())
    } else {
        Err("an interceptor changed the kind or the id of a message".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::clock::Clock;
    use crate::id::ConnectionId;

    /// Answers every message with the same action.
    struct Always(Result<Action, String>);

    impl Decider for Always {
        fn decide<'a>(&'a self, _: &'a Message) -> Decision<'a> {
            let action = self.0.clone();
            Box::pin(async move { action })
        }
    }

    #[derive(Default)]
    struct Seen(Mutex<Vec<(Bytes, Option<Bytes>, Outcome)>>);

    impl Observer for Seen {
        fn observe(&self, passage: &Passage<'_>) {
            let after = passage.after.map(|message| message.bytes.clone());
            self.0.lock().unwrap().push((passage.before.bytes.clone(), after, passage.outcome));
        }
    }

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    const PING_WITH_PARAMS: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}"#;
    const OTHER_PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;

    fn incoming(text: &'static str) -> Message {
        let bytes = Bytes::from_static(text.as_bytes());
        Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes))
    }

    fn outgoing(text: &'static str, kind: Kind) -> Message {
        let mut message = incoming(text);
        message.header.direction = Direction::Out;
        message.header.kind = kind;
        message
    }

    fn chain(actions: impl IntoIterator<Item = Result<Action, String>>) -> (Chain, Arc<Seen>) {
        let mut chain = Chain::default();
        for action in actions {
            chain.decide_with(Arc::new(Always(action)));
        }
        let seen = Arc::new(Seen::default());
        chain.observe_with(seen.clone());
        (chain, seen)
    }

    #[tokio::test]
    async fn each_decider_sees_what_the_former_left_and_the_observer_both_ends() {
        let (chain, seen) = chain([Ok(Action::Modify(PING_WITH_PARAMS.into())), Ok(Action::Continue)]);
        let Verdict::Passed(approved) = chain.pass(incoming(PING)).await else { panic!("it passes") };
        assert_eq!(approved.message().bytes, PING_WITH_PARAMS);
        let seen = seen.0.lock().unwrap();
        assert_eq!(*seen, [(PING.into(), Some(PING_WITH_PARAMS.into()), Outcome::Modified)]);
    }

    #[tokio::test]
    async fn a_decider_that_fails_or_cheats_closes_the_way() {
        for action in [
            Err("no answer".to_owned()),
            Ok(Action::Modify(OTHER_PING.into())),
            Ok(Action::Modify("garbage".into())),
            Ok(Action::Block("not today".to_owned())),
        ] {
            let (chain, seen) = chain([action, Ok(Action::Continue)]);
            assert!(matches!(chain.pass(incoming(PING)).await, Verdict::Blocked { .. }));
            assert_eq!(seen.0.lock().unwrap()[0].2, Outcome::Blocked);
        }
    }

    #[tokio::test]
    async fn only_a_request_can_be_mocked() {
        let (chain, _) = chain([Ok(Action::Mock(ResultBody::empty()))]);
        assert!(matches!(chain.pass(incoming(PING)).await, Verdict::Mocked(_)));
        let reply = chain.pass_out(outgoing(RESULT, Kind::Result)).await.unwrap();
        assert_eq!(reply.message().header.kind, Kind::Error);
    }

    #[tokio::test]
    async fn a_blocked_reply_becomes_an_error_and_a_blocked_notification_is_gone() {
        let (chain, _) = chain([Ok(Action::Block("secret".to_owned()))]);
        let reply = chain.pass_out(outgoing(RESULT, Kind::Result)).await.unwrap();
        let value: serde_json::Value = serde_json::from_slice(&reply.message().bytes).unwrap();
        assert_eq!((value["id"].as_i64(), value["error"]["code"].as_i64()), (Some(1), Some(i64::from(BLOCKED))));
        assert!(chain.pass_out(outgoing(PING, Kind::Notification)).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_delay_is_waited_for() {
        let (chain, _) = chain([Ok(Action::Delay(Duration::from_secs(3)))]);
        let clock = Clock::system();
        let before = clock.now();
        chain.pass(incoming(PING)).await;
        assert_eq!(clock.elapsed(before), Duration::from_secs(3));
    }
}
