//! How often a client may ask: token buckets for each connection, each tool and each principal, on the injected clock. A
//! tool call beyond is answered with a result that tells so, any other request with an error.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::id::ConnectionId;
use crate::interceptor::decider::Decision;
use crate::interceptor::{Action, Decider, Direction, Filter, Kind, Message, Registration};
use crate::mcp::codec::ResultBody;
use crate::mcp::schema::{CallToolResult, TextContent};
use crate::thread::Principal;

/// Buckets held at one time. Those that are full again make room; where none is, newcomers share one.
const MAX_BUCKETS: usize = 4_096;

/// Requests a minute; zero is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    pub connection: u32,
    pub tool: u32,
    pub principal: u32,
    /// Requests that may come at once, after a time of silence.
    pub burst: u32,
}

pub struct RateLimit {
    rates: Rates,
    clock: Clock,
    buckets: Mutex<HashMap<Who, Bucket>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Connection(ConnectionId),
    Tool(Arc<str>),
    Principal(Principal),
    /// Whoever found all buckets taken.
    Anybody,
}

struct Bucket {
    tokens: f64,
    at: Instant,
}

impl RateLimit {
    /// The limit for its place in the chain; None where nothing is limited.
    pub fn registration(rates: Rates, clock: Clock) -> Option<Registration> {
        if rates.connection == 0 && rates.tool == 0 && rates.principal == 0 {
            return None;
        }
        let limit = Self { rates, clock, buckets: Mutex::default() };
        let filter = Filter { kinds: vec![Kind::Request], ..Filter::only(Direction::In) };
        Some(Registration::new("rate limit", Arc::new(limit)).filtered(filter))
    }

    /// Takes a token from each bucket that the message draws on, or from none: then says whose is empty, and for how long.
    fn take(&self, message: &Message) -> Result<(), (&'static str, Duration)> {
        let header = &message.header;
        let connection = Some(("connection", Who::Connection(header.connection), self.rates.connection));
        let tool = header.tool.clone().map(|tool| ("tool", Who::Tool(tool), self.rates.tool));
        let principal = header.principal.clone().map(|who| ("user", Who::Principal(who), self.rates.principal));
        let drawn: Vec<_> =
            [connection, tool, principal].into_iter().flatten().filter(|(_, _, rate)| *rate > 0).collect();
        let now = self.clock.now();
        let mut buckets = self.buckets();
        for (what, who, rate) in &drawn {
            let bucket = self.bucket(&mut buckets, who, *rate, now);
            if bucket.tokens < 1.0 {
                let missing = (1.0 - bucket.tokens) * 60.0 / f64::from(*rate);
                return Err((what, Duration::from_secs_f64(missing)));
            }
        }
        for (_, who, rate) in &drawn {
            self.bucket(&mut buckets, who, *rate, now).tokens -= 1.0;
        }
        Ok(())
    }

    /// The bucket of `who`, filled up to this moment.
    fn bucket<'a>(&self, buckets: &'a mut HashMap<Who, Bucket>, who: &Who, rate: u32, now: Instant) -> &'a mut Bucket {
        let burst = f64::from(self.rates.burst.max(1));
        let filled = |bucket: &Bucket, rate: u32| {
            let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.tokens + passed * f64::from(rate) / 60.0).min(burst)
        };
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(who) {
            buckets.retain(|who, bucket| filled(bucket, self.rate_of(who)) < burst);
        }
        let known = buckets.contains_key(who) || buckets.len() < MAX_BUCKETS;
        let who = if known { who.clone() } else { Who::Anybody };
        let bucket = buckets.entry(who).or_insert(Bucket { tokens: burst, at: now });
        bucket.tokens = filled(bucket, rate);
        bucket.at = now;
        bucket
    }

    fn rate_of(&self, who: &Who) -> u32 {
        match who {
            Who::Connection(_) => self.rates.connection,
            Who::Tool(_) => self.rates.tool,
            Who::Principal(_) => self.rates.principal,
            Who::Anybody => self.rates.connection.max(self.rates.tool).max(self.rates.principal),
        }
    }

    fn buckets(&self) -> MutexGuard<'_, HashMap<Who, Bucket>> {
        self.buckets.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Decider for RateLimit {
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a> {
        Box::pin(async move {
            let Err((what, wait)) = self.take(message) else { return Ok(Action::Continue) };
            let seconds = wait.as_secs_f64().ceil();
            let reason = format!("this {what} asks more often than it may here: ask again in {seconds} s");
            if &*message.header.method != "tools/call" {
                return Ok(Action::Block(reason));
            }
            let result = CallToolResult { content: [TextContent { text: &reason }], is_error: true };
            let body = ResultBody::of(&result).map_err(|error| error.to_string())?;
            Ok(Action::Mock { body, reason })
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::interceptor::{Chain, Verdict};
    use crate::mcp::envelope::Envelope;
    use crate::mcp::version::Version;

    fn request(connection: u64, tool: Option<&str>) -> Message {
        let text = match tool {
            Some(tool) => {
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{tool}"}}}}"#)
            }
            None => r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_owned(),
        };
        let bytes = Bytes::from(text);
        let parsed = Envelope::parse(&bytes);
        Message::incoming(ConnectionId(connection), "stdio", bytes.clone(), &parsed)
            .of(&Principal::user(connection.try_into().unwrap()), Version::V2025_11_25)
    }

    fn chain(rates: Rates) -> Chain {
        let mut chain = Chain::default();
        chain.register(RateLimit::registration(rates, Clock::system()).expect("limited"));
        chain
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_its_burst_and_then_its_rate() {
        let chain = chain(Rates { connection: 60, burst: 2, ..Rates::default() });
        let passes = async |connection| matches!(chain.pass(request(connection, None)).await, Verdict::Passed(_));
        assert!(passes(1).await && passes(1).await && !passes(1).await);
        assert!(passes(2).await, "another connection has a bucket of its own");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(passes(1).await && !passes(1).await);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert!(passes(1).await && passes(1).await && !passes(1).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_beyond_is_a_result_that_tells_when_to_ask_again() {
        let chain = chain(Rates { tool: 6, burst: 1, ..Rates::default() });
        assert!(matches!(chain.pass(request(1, Some("chat"))).await, Verdict::Passed(_)));
        assert!(matches!(chain.pass(request(1, Some("debug"))).await, Verdict::Passed(_)));
        let Verdict::Mocked(body) = chain.pass(request(2, Some("chat"))).await else { panic!("it is answered") };
        let body = format!("{body:?}");
        assert!(body.contains("isError") && body.contains("in 10 s"), "{body}");
        assert!(matches!(chain.pass(request(2, None)).await, Verdict::Passed(_)), "a ping is no tool");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_refused_by_one_bucket_draws_on_none() {
        let chain = chain(Rates { connection: 60, principal: 1, burst: 1, ..Rates::default() });
        let first = chain.pass(request(1, None)).await;
        assert!(matches!(first, Verdict::Passed(_)));
        tokio::time::advance(Duration::from_secs(2)).await;
        let Verdict::Blocked { reason } = chain.pass(request(1, None)).await else { panic!("it is blocked") };
        assert!(reason.contains("user") && reason.contains("in 58 s"), "{reason}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_of_buckets_is_bounded() {
        let rates = Rates { connection: 1, burst: 1, ..Rates::default() };
        let limit = RateLimit { rates, clock: Clock::system(), buckets: Mutex::default() };
        for connection in 0..MAX_BUCKETS as u64 {
            assert!(limit.take(&request(connection, None)).is_ok());
        }
        assert!(limit.take(&request(1 << 30, None)).is_ok(), "the first newcomer finds the shared bucket full");
        assert!(limit.take(&request(1 << 20, None)).is_err());
        assert!(limit.buckets().len() <= MAX_BUCKETS + 1);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert!(limit.take(&request(1 << 20, None)).is_ok());
        assert_eq!(limit.buckets().len(), 1);
    }

    #[test]
    fn without_a_rate_there_is_no_limit() {
        assert!(RateLimit::registration(Rates { burst: 5, ..Rates::default() }, Clock::system()).is_none());
    }
}
