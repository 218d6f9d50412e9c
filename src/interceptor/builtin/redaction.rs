//! Keys in messages: those that this process knows by value, and what looks like a key of a well-known kind. They are
//! taken out of what the message log keeps and, where it is asked for, of what goes to the client.

use std::sync::Arc;

use bytes::Bytes;

use crate::interceptor::decider::Decision;
use crate::interceptor::{Action, Decider, Direction, Filter, Kind, Message, Registration, Scrub};
use crate::secret::Redactor;

#[derive(Clone)]
pub struct Redaction {
    known: Redactor,
}

impl Redaction {
    pub fn new(known: Redactor) -> Self {
        Self { known }
    }

    /// For whoever keeps messages.
    pub fn scrub(&self) -> Scrub {
        let redaction = self.clone();
        Arc::new(move |bytes| redaction.scrubbed(bytes))
    }

    /// For its place in the chain: what goes to the client, replies and notifications, has no key in it.
    pub fn registration(&self) -> Registration {
        let kinds = vec![Kind::Result, Kind::Error, Kind::Notification];
        let filter = Filter { kinds, ..Filter::only(Direction::Out) };
        Registration::new("redaction", Arc::new(self.clone())).filtered(filter)
    }

    /// The message without keys; None where there are none in it.
    fn scrubbed(&self, bytes: &Bytes) -> Option<Bytes> {
        let text = String::from_utf8_lossy(bytes);
        let cleaned = self.known.clean(&text);
        (!cleaned.withheld.is_empty()).then(|| Bytes::from(cleaned.text.into_owned()))
    }
}

impl Decider for Redaction {
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a> {
        Box::pin(async move { Ok(self.scrubbed(&message.bytes).map_or(Action::Continue, Action::Modify)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn a_known_key_is_taken_out_whatever_it_looks_like() {
        let known = Redactor::default();
        known.learn(&Secret::new("canary/0123456789"));
        let scrub = Redaction::new(known).scrub();
        assert_eq!(scrub(&"key canary/0123456789 refused".into()).unwrap(), "key [redacted] refused");
        assert_eq!(scrub(&"nothing here".into()), None);
    }
}
