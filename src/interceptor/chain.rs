//! The fold: deciders run in the order in which they were registered, each seeing what the former left; then observers
//! see the outcome, with the message before and after. A decider that fails closes the way; an observer cannot.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};

use super::decider::{Action, Changing, Decider, OnFailure, Registration};
use super::legality::{Effect, Verb, effect};
use super::message::{Direction, Header, Kind, Message, Outcome};
use super::passage::{Did, Observer, Passage, Step};
use super::pause::{Pauses, Resolution};
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::error::{BLOCKED, RpcError};

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

    /// Messages that were approved one by one as one batch, in their order. None of none.
    pub fn batch(messages: &[Self]) -> Option<Self> {
        let first = messages.first()?;
        let len: usize = messages.iter().map(|one| one.0.bytes.len() + 1).sum();
        let mut text = BytesMut::with_capacity(len + 1);
        for (index, Self(message)) in messages.iter().enumerate() {
            text.put_u8(if index == 0 { b'[' } else { b',' });
            text.put_slice(&message.bytes);
        }
        text.put_u8(b']');
        Some(Self(Message { header: first.0.header.clone(), bytes: text.freeze() }))
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
    links: Vec<Link>,
    observers: Vec<Arc<dyn Observer>>,
    pauses: Arc<Pauses>,
}

enum Link {
    Fixed(Registration),
    Changing(Arc<dyn Changing>),
}

impl Chain {
    /// A chain whose paused messages wait in `pauses`.
    pub fn new(pauses: Arc<Pauses>) -> Self {
        Self { pauses, ..Self::default() }
    }

    /// Adds a decider behind those that stand already. It is asked about everything, and fails closed.
    pub fn decide_with(&mut self, decider: Arc<dyn Decider>) {
        self.register(Registration::new("a decider", decider));
    }

    /// Adds a decider behind those that stand already.
    pub fn register(&mut self, registration: Registration) {
        self.links.push(Link::Fixed(registration));
    }

    /// Adds deciders that change, behind those that stand already.
    pub fn register_changing(&mut self, deciders: Arc<dyn Changing>) {
        self.links.push(Link::Changing(deciders));
    }

    pub fn observe_with(&mut self, observer: Arc<dyn Observer>) {
        self.observers.push(observer);
    }

    /// The messages that wait for a decision.
    pub fn pauses(&self) -> &Pauses {
        &self.pauses
    }

    /// The same, for whoever has to let go of them when a client goes.
    pub fn share_pauses(&self) -> Arc<Pauses> {
        Arc::clone(&self.pauses)
    }

    /// All deciders in their order, those that change as they stand now.
    pub fn registered(&self) -> Vec<Registration> {
        let each = self.links.iter().flat_map(|link| match link {
            Link::Fixed(registration) => vec![registration.clone()],
            Link::Changing(deciders) => deciders.current().to_vec(),
        });
        each.collect()
    }

    /// Whether a decider may be asked about a message with this header or about its reply: then it may take time.
    pub fn concerns(&self, header: impl FnOnce() -> Header) -> bool {
        if self.links.is_empty() {
            return false;
        }
        let header = &header();
        let may_ask = |one: &Registration| one.tally.is_on() && one.filter.concerns(header);
        self.links.iter().any(|link| match link {
            Link::Fixed(registration) => may_ask(registration),
            Link::Changing(deciders) => deciders.current().iter().any(may_ask),
        })
    }

    /// Takes a message from the client through the chain.
    pub async fn pass(&self, message: Message) -> Verdict {
        let Folded { changed, steps, end } = self.fold(&message).await;
        let changed = changed.filter(|changed| changed.bytes != message.bytes);
        let (after, outcome) = match (&end, &changed) {
            (End::Passed, None) => (None, Outcome::Passed),
            (End::Passed, Some(after)) => (Some(after), Outcome::Modified),
            (End::Blocked(_), after) => (after.as_ref(), Outcome::Blocked),
            (End::Mocked(_), after) => (after.as_ref(), Outcome::Mocked),
        };
        self.show(&Passage { before: &message, after, outcome, steps: &steps });
        match end {
            End::Passed => Verdict::Passed(Approved(changed.unwrap_or(message))),
            End::Blocked(reason) => Verdict::Blocked { reason },
            End::Mocked(body) => Verdict::Mocked(body),
        }
    }

    /// Takes a message to the client through the chain. A blocked reply is replaced by an error, so that no request
    /// stays unanswered; a blocked notification is gone.
    pub async fn pass_out(&self, message: Message) -> Option<Approved> {
        debug_assert_eq!(message.header.direction, Direction::Out);
        let Folded { changed, steps, end } = self.fold(&message).await;
        let (after, outcome) = match end {
            End::Passed => {
                let changed = changed.filter(|changed| changed.bytes != message.bytes);
                let outcome = if changed.is_some() { Outcome::Modified } else { Outcome::Passed };
                self.show(&Passage { before: &message, after: changed.as_ref(), outcome, steps: &steps });
                return Some(Approved(changed.unwrap_or(message)));
            }
            // The table lets nobody answer a message to the client.
            End::Mocked(_) => (None, Outcome::Blocked),
            End::Blocked(reason) => (replacement(&message, &reason), Outcome::Blocked),
        };
        self.show(&Passage { before: &message, after: after.as_ref(), outcome, steps: &steps });
        after.map(Approved)
    }

    async fn fold(&self, message: &Message) -> Folded {
        let mut folded = Folded { changed: None, steps: Vec::new(), end: End::Passed };
        for link in &self.links {
            match link {
                Link::Fixed(registration) => {
                    if self.step(registration, message, &mut folded).await.is_break() {
                        break;
                    }
                }
                Link::Changing(deciders) => {
                    // As they stand at this moment: a message is judged by one set, whatever is loaded meanwhile.
                    let current = deciders.current();
                    for registration in current.iter() {
                        if self.step(registration, message, &mut folded).await.is_break() {
                            return folded;
                        }
                    }
                }
            }
        }
        folded
    }

    /// Asks one decider and does what it wants, as far as that is legal.
    async fn step(&self, one: &Registration, message: &Message, folded: &mut Folded) -> ControlFlow<()> {
        let current = folded.changed.as_ref().unwrap_or(message);
        if !one.is_asked(current) {
            return ControlFlow::Continue(());
        }
        let action = match (one.ask(current).await, one.on_failure) {
            (Ok(action), _) => action,
            (Err(failure), OnFailure::Continue) => return folded.note(one, Did::Failed, failure),
            (Err(failure), OnFailure::Block) => {
                return folded.block(one, format!("interceptor '{}' failed: {failure}", one.name));
            }
        };
        let (verb, Header { direction, kind, .. }) = (action.verb(), &current.header);
        if effect(*direction, *kind, verb) == Effect::Illegal {
            let verb = verb.as_str();
            return folded.block(one, format!("interceptor '{}' may not {verb} such a message", one.name));
        }
        match action {
            Action::Continue => ControlFlow::Continue(()),
            Action::Log(text) => folded.note(one, Did::Logged, text),
            Action::Modify(bytes) => folded.change(one, message, bytes, String::new()),
            Action::Delay(duration) => {
                self.pauses.delay(duration).await;
                folded.note(one, Did::Delayed, format!("{duration:?}"))
            }
            Action::Pause(pause) => {
                let (resolution, why) = self.pauses.hold(current, &one.name, pause).await;
                match resolution {
                    Resolution::Continue => folded.note(one, Did::Paused, format!("continued: {why}")),
                    Resolution::Edited(bytes) => {
                        let _ = folded.note(one, Did::Paused, format!("edited: {why}"));
                        folded.change(one, message, bytes, why)
                    }
                    Resolution::Block(reason) => {
                        let _ = folded.note(one, Did::Paused, format!("blocked: {why}"));
                        folded.block(one, reason)
                    }
                }
            }
            Action::Block(reason) => folded.block(one, reason),
            Action::Mock { body, reason } => {
                folded.end = End::Mocked(body);
                let _ = folded.note(one, Did::Mocked, reason);
                ControlFlow::Break(())
            }
        }
    }

    fn show(&self, passage: &Passage<'_>) {
        for observer in &self.observers {
            // An observer has no say: neither has its panic.
            if catch_unwind(AssertUnwindSafe(|| observer.observe(passage))).is_err() {
                tracing::error!("an observer of messages panicked");
            }
        }
    }
}

/// What the fold has made of a message so far.
struct Folded {
    changed: Option<Message>,
    steps: Vec<Step>,
    end: End,
}

enum End {
    Passed,
    Blocked(String),
    Mocked(ResultBody),
}

impl Folded {
    fn note(&mut self, by: &Registration, did: Did, reason: impl Into<Arc<str>>) -> ControlFlow<()> {
        self.steps.push(Step { by: Arc::clone(&by.name), did, reason: reason.into() });
        ControlFlow::Continue(())
    }

    fn block(&mut self, by: &Registration, reason: String) -> ControlFlow<()> {
        let _ = self.note(by, Did::Blocked, &*reason);
        self.end = End::Blocked(reason);
        ControlFlow::Break(())
    }

    fn change(&mut self, by: &Registration, before: &Message, bytes: Bytes, why: String) -> ControlFlow<()> {
        let current = self.changed.as_ref().unwrap_or(before);
        match current.changed_to(bytes) {
            Ok(changed) => {
                self.changed = Some(changed);
                self.note(by, Did::Modified, why)
            }
            Err(wrong) => self.block(by, format!("interceptor '{}' failed: {wrong}", by.name)),
        }
    }
}

/// What a client is told of a blocked message.
pub fn blocked(reason: &str) -> RpcError {
    RpcError::new(BLOCKED, format!("blocked by an interceptor: {reason}"))
}

/// The error that takes the place of a blocked reply; None where nobody waits for one.
fn replacement(message: &Message, reason: &str) -> Option<Message> {
    let Header { direction, kind, id, .. } = &message.header;
    (effect(*direction, *kind, Verb::Block) == Effect::Replaced).then(|| Message {
        bytes: codec::error(id.as_ref(), &blocked(reason)),
        header: Header { kind: Kind::Error, ..message.header.clone() },
    })
}

#[cfg(test)]
mod tests;
