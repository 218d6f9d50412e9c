//! Replies to requests that are made again word for word, kept for a while where the user wants that. Off unless a time is
//! set.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config;
use crate::id::{ModelId, ProviderId};
use crate::provider::{Answer, Choice, Effort, Finish, Usage};
use crate::unit::{MicroUsd, Tokens};

#[derive(Debug)]
pub(super) struct Cache {
    limits: config::Cache,
    clock: Clock,
    /// Oldest first.
    kept: Mutex<VecDeque<Kept>>,
}

/// A request as it goes out: the body says messages, effort and temperature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub provider: ProviderId,
    pub model: ModelId,
    pub body: Bytes,
}

/// A reply that ended as it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cached {
    pub text: Arc<str>,
    pub served_by: Option<String>,
    pub effort_sent: Option<Effort>,
}

impl Cached {
    /// The kept reply as an answer: nothing was read, written or paid for it.
    pub fn answer(self, choice: &Choice) -> Answer {
        Answer {
            text: self.text.to_string(),
            finish: Finish::Stop,
            usage: Usage { input: Some(Tokens::ZERO), output: Some(Tokens::ZERO), ..Usage::default() },
            cost: Some(MicroUsd(0)),
            served_by: self.served_by,
            by: choice.clone(),
            cached: true,
            attempts: 0,
            passed_over: Vec::new(),
            effort_sent: self.effort_sent,
            first_token: None,
            latency: Duration::ZERO,
        }
    }
}

#[derive(Debug)]
struct Kept {
    asked: Asked,
    cached: Cached,
    until: Instant,
}

impl Cache {
    pub fn new(limits: &config::Cache, clock: Clock) -> Self {
        Self { limits: limits.clone(), clock, kept: Mutex::default() }
    }

    fn is_on(&self) -> bool {
        !self.limits.ttl.is_zero()
    }

    pub fn find(&self, asked: &Asked) -> Option<Cached> {
        if !self.is_on() {
            return None;
        }
        let now = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // All are kept for the same time, so the oldest are the first to be stale.
        while kept.front().is_some_and(|oldest| oldest.until <= now) {
            kept.pop_front();
        }
        kept.iter().find(|kept| kept.asked == *asked).map(|kept| kept.cached.clone())
    }

    /// Keeps an answer that ended as it should.
    pub fn keep(&self, asked: Asked, answer: &Answer) {
        if self.is_on() && answer.finish == Finish::Stop {
            let (served_by, effort_sent) = (answer.served_by.clone(), answer.effort_sent);
            self.put(asked, Cached { text: answer.text.as_str().into(), served_by, effort_sent });
        }
    }

    fn put(&self, asked: Asked, cached: Cached) {
        let Some(until) = self.clock.now().checked_add(self.limits.ttl).filter(|_| self.is_on()) else { return };
        let new = Kept { asked, cached, until };
        if new.bytes() > self.limits.max_bytes {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.asked != new.asked);
        kept.push_back(new);
        let mut bytes: usize = kept.iter().map(Kept::bytes).sum();
        while kept.len() > self.limits.max_entries || bytes > self.limits.max_bytes {
            bytes -= kept.pop_front().map_or(bytes, |oldest| oldest.bytes());
        }
    }
}

impl Asked {
    pub fn new(choice: &Choice, body: &Bytes) -> Self {
        Self { provider: choice.provider.clone(), model: choice.model.id.clone(), body: body.clone() }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        self.asked.body.len() + self.cached.text.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn asked(body: &str) -> Asked {
        Asked { provider: "google".into(), model: "m".into(), body: Bytes::from(body.to_owned()) }
    }

    fn cached(text: &str) -> Cached {
        Cached { text: text.into(), served_by: None, effort_sent: None }
    }

    fn cache(max_entries: usize, max_bytes: usize) -> Cache {
        Cache::new(&config::Cache { ttl: Duration::from_secs(60), max_entries, max_bytes }, Clock::system())
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_request_finds_its_reply_until_it_is_stale() {
        let cache = cache(10, 1_000);
        cache.put(asked("q"), cached("a"));
        assert_eq!(cache.find(&asked("q")), Some(cached("a")));
        assert_eq!(cache.find(&asked("other")), None);
        assert_eq!(cache.find(&Asked { provider: "xai".into(), ..asked("q") }), None);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(cache.find(&asked("q")), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let cache = cache(2, 10);
        for body in ["1", "2", "3"] {
            cache.put(asked(body), cached("a"));
        }
        assert_eq!((cache.find(&asked("1")), cache.find(&asked("2"))), (None, Some(cached("a"))));
        cache.put(asked("4"), cached("12345678"));
        assert_eq!((cache.find(&asked("2")), cache.find(&asked("3"))), (None, None));
        cache.put(asked("5"), cached("1234567890"));
        assert!(cache.find(&asked("5")).is_none() && cache.find(&asked("4")).is_some());
    }

    #[test]
    fn it_is_off_unless_a_time_is_set() {
        let cache = Cache::new(&config::Cache::default(), Clock::system());
        cache.put(asked("q"), cached("a"));
        assert_eq!(cache.find(&asked("q")), None);
    }
}
