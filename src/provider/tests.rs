//! Asking a provider over a real socket, in every wire format, with all that can go wrong on the way.

mod effort;
mod faults;
mod recipe;
mod shapes;
mod threats;

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::clock::Clock;
use crate::config::{self, HttpLimits};
use crate::event::Bus;
use crate::rehearsal::{Recorded, Rehearsal, Scene, Script};
use crate::secret::{Redactor, Secret};
use tokio_util::sync::CancellationToken;

const KEY: &str = "sk-canary-0123456789";

/// The formats, each as a provider and a model of it that speak it.
const FORMATS: [(&str, &str); 3] = [("openai", "gpt-4.1"), ("google", "gemini-2.5-pro"), ("openai", "o3-pro")];

struct Bench {
    rehearsal: Rehearsal,
    registry: Registry,
    bus: Bus,
    model: &'static str,
}

impl Bench {
    fn new(format: (&str, &'static str), script: impl Into<Script>) -> Self {
        Self::bounded(format, script, HttpLimits::default())
    }

    /// Repetitions and the like have tests of their own.
    fn bounded(format: (&str, &'static str), script: impl Into<Script>, limits: HttpLimits) -> Self {
        let retry = config::Retry { attempts: 1, ..config::Retry::default() };
        Self::with(format, script, limits, config::Resilience { retry, ..config::Resilience::default() })
    }

    fn careful(format: (&str, &'static str), script: impl Into<Script>, resilience: config::Resilience) -> Self {
        Self::with(format, script, HttpLimits::default(), resilience)
    }

    fn with(
        format: (&str, &'static str),
        script: impl Into<Script>,
        limits: HttpLimits,
        resilience: config::Resilience,
    ) -> Self {
        Self::built(format, script, limits, resilience, KEY)
    }

    fn keyed(format: (&str, &'static str), script: impl Into<Script>, key: &str) -> Self {
        let retry = config::Retry { attempts: 1, ..config::Retry::default() };
        let resilience = config::Resilience { retry, ..config::Resilience::default() };
        Self::built(format, script, HttpLimits::default(), resilience, key)
    }

    fn built(
        (provider, model): (&str, &'static str),
        script: impl Into<Script>,
        limits: HttpLimits,
        resilience: config::Resilience,
        key: &str,
    ) -> Self {
        let rehearsal = Rehearsal::start(script).unwrap();
        let base_url = if provider == "google" { rehearsal.gemini_base_url() } else { rehearsal.base_url() };
        let bus = Bus::new();
        let registry = registry_at(provider, base_url, limits, resilience, key, bus.clone());
        Self { rehearsal, registry, bus, model }
    }

    async fn ask(&self, request: Request) -> Result<Answer, Failure> {
        self.ask_as(self.model, request, &(), &CancellationToken::new()).await
    }

    async fn ask_as(
        &self,
        model: &str,
        request: Request,
        listener: &dyn Listener,
        cancel: &CancellationToken,
    ) -> Result<Answer, Failure> {
        let choice = self.registry.choose(Some(model), Category::Balanced).unwrap();
        let outcome = self.registry.generate(&choice, &request, listener, cancel).await;
        if let Err(failure) = &outcome {
            assert!(!format!("{failure} {failure:?}").contains(KEY), "the key is in {failure:?}");
        }
        outcome
    }

    async fn seen(&self) -> Recorded {
        self.rehearsal.next_request().await
    }
}

/// A registry of this provider alone.
fn registry_at(
    provider: &str,
    base_url: String,
    limits: HttpLimits,
    resilience: config::Resilience,
    key: &str,
    bus: Bus,
) -> Registry {
    let endpoint = config::Endpoint {
        provider: provider.to_owned(),
        base_url: Some(base_url),
        key: Some(Secret::new(key)),
        ..config::Endpoint::default()
    };
    let providers = config::Providers { endpoints: vec![endpoint], limits, resilience };
    Registry::new(&providers, &config::Models::default(), Clock::system(), Redactor::default(), bus).unwrap()
}

#[derive(Default)]
struct Heard(Mutex<String>);

impl Listener for Heard {
    fn text(&self, piece: &str) {
        self.0.lock().unwrap().push_str(piece);
    }
}

fn question(text: &str) -> Request {
    Request {
        model: "unused".into(),
        system: Some("be brief".to_owned()),
        messages: vec![Message::text(Role::User, text)],
        temperature: None,
        effort: None,
        estimate: Estimate::default(),
        second_look: false,
    }
}

async fn failure(format: (&str, &'static str), scene: Scene) -> Failure {
    Bench::new(format, scene).ask(question("q")).await.unwrap_err()
}

#[tokio::test]
async fn a_reply_is_heard_byte_by_byte() {
    for format in FORMATS {
        let text = "Gr\u{fc}\u{df}e, \u{1f600} und\nzwei Zeilen";
        let bench = Bench::new(format, Scene::reply(text).in_pieces(3).byte_by_byte());
        let heard = Heard::default();
        let answer = bench.ask_as(format.1, question("one two"), &heard, &CancellationToken::new()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), (text, Finish::Stop));
        assert_eq!(*heard.0.lock().unwrap(), text);
        assert_eq!(answer.usage.input, Some(Tokens(4)), "{format:?}");
        assert!(answer.usage.output.is_some_and(|Tokens(count)| count >= 5));
        assert_eq!(answer.served_by.as_deref(), Some(format.1));
        assert!(answer.first_token.unwrap() <= answer.latency);
    }
}

#[tokio::test]
async fn what_is_not_reported_is_unknown() {
    for format in FORMATS {
        let bench = Bench::new(format, Scene::reply("text").without_usage().finish(""));
        let answer = bench.ask(question("q")).await.unwrap();
        assert_eq!((answer.usage, answer.finish), (Usage::default(), Finish::Unsaid));
    }
}

#[tokio::test]
async fn a_reply_that_is_no_stream_is_read_as_well() {
    for format in FORMATS {
        let bench = Bench::new(format, Scene::reply("all at once").ignoring_stream());
        let answer = bench.ask(question("q")).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("all at once", Finish::Stop));
        assert_eq!(answer.usage.output, Some(Tokens(3)));
    }
}

#[tokio::test]
async fn a_cut_reply_says_so_and_an_empty_one_says_why() {
    let bench = Bench::new(FORMATS[0], Scene::reply("half").finish("length"));
    assert_eq!(bench.ask(question("q")).await.unwrap().finish, Finish::Length);
    let empty = failure(FORMATS[0], Scene::reply("").finish("length")).await;
    assert_eq!(empty.class, Class::Empty);
    assert!(empty.message.contains("(length)"), "{}", empty.message);
    let withheld = failure(FORMATS[1], Scene::reply("").finish("SAFETY")).await;
    assert_eq!((withheld.class, withheld.message.as_str()), (Class::Filtered, "SAFETY"));
    let bench = Bench::new(FORMATS[1], Scene::reply("half").finish("RECITATION"));
    assert_eq!(bench.ask(question("q")).await.unwrap().finish, Finish::Filtered("RECITATION".to_owned()));
}

#[tokio::test]
async fn a_status_has_its_class() {
    for format in FORMATS {
        for (status, class) in [
            (400, Class::BadRequest),
            (401, Class::Auth),
            (403, Class::Auth),
            (404, Class::BadRequest),
            (429, Class::Throttled),
            (500, Class::Overloaded),
            (503, Class::Overloaded),
        ] {
            let failure = failure(format, Scene::status(status)).await;
            assert_eq!((failure.class, failure.status), (class, Some(status)), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_passed_on() {
    let wait = async |scene| failure(FORMATS[0], scene).await.retry_after;
    assert_eq!(wait(Scene::status(429).header("retry-after", "2")).await, Some(Duration::from_secs(2)));
    let milliseconds = Scene::status(429).header("retry-after", "2").header("retry-after-ms", "150");
    assert_eq!(wait(milliseconds).await, Some(Duration::from_millis(150)));
    assert_eq!(wait(Scene::status(429).header("retry-after", "-1")).await, None);
}

#[tokio::test]
async fn an_error_within_a_stream_has_the_class_of_its_code() {
    for format in FORMATS {
        let error = json!({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}});
        let failure = failure(format, Scene::json_error_in_stream(error)).await;
        assert_eq!((failure.class, failure.message.as_str(), failure.status), (Class::Throttled, "slow down", None));
    }
    let string = failure(FORMATS[0], Scene::json_error_in_stream(json!({"error": "no such parameter"}))).await;
    assert_eq!(string.message, "no such parameter");
}

#[tokio::test]
async fn a_reply_that_breaks_keeps_what_had_arrived() {
    for format in FORMATS {
        let reset = failure(format, Scene::reply("abcdefgh").in_pieces(4).reset_after(2)).await;
        assert_eq!((reset.class, reset.partial.as_str()), (Class::Broken, "abcd"), "{reset}");
        let error = json!({"error": {"code": 502, "message": "upstream died"}});
        let error = failure(format, Scene::reply("abcd").then_error(error)).await;
        assert_eq!((error.class, error.partial.as_str()), (Class::Broken, "abcd"), "{error}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for format in FORMATS {
        let elsewhere = Rehearsal::start(Script::new()).unwrap();
        for status in [301, 302, 307, 308] {
            let failure = failure(format, Scene::redirect(status, elsewhere.base_url())).await;
            assert_eq!((failure.class, failure.status), (Class::Protocol, Some(status)));
            assert!(failure.message.contains("redirect to 127.0.0.1"), "{failure}");
        }
        assert_eq!(elsewhere.connections(), 0);
    }
}

#[tokio::test]
async fn a_key_that_a_provider_repeats_does_not_come_back() {
    let echoing = Scene::status(401).body(json!({"error": {"message": format!("bad key {KEY}")}}).to_string());
    assert_eq!(failure(FORMATS[0], echoing).await.message, "bad key [redacted]");
    let partial = Scene::reply(format!("your key is {KEY}")).then_error(json!({"error": "broken"}));
    assert_eq!(failure(FORMATS[0], partial).await.partial, "your key is [redacted]");
    let endless = failure(FORMATS[0], Scene::status(400).body("x".repeat(1 << 20))).await;
    assert!(endless.message.chars().count() <= registry::MAX_MESSAGE_CHARS + 1);
}

#[tokio::test]
async fn cancelling_closes_the_connection() {
    for (format, scene) in FORMATS.into_iter().flat_map(|format| {
        [Scene::reply("never").hold(), Scene::reply("abcdefgh").in_pieces(4).hold_after(2)].map(|scene| (format, scene))
    }) {
        let bench = Bench::new(format, scene);
        let cancel = CancellationToken::new();
        let (heard, asked) = (Heard::default(), question("q"));
        let asking = bench.ask_as(format.1, asked, &heard, &cancel);
        let cancelling = async {
            bench.seen().await;
            cancel.cancel();
        };
        let (outcome, ()) = tokio::join!(asking, cancelling);
        let failure = outcome.unwrap_err();
        assert_eq!(failure.class, Class::Cancelled);
        assert_eq!(failure.partial, *heard.0.lock().unwrap());
        bench.rehearsal.next_disconnect().await;
        let status = bench.registry.providers().into_iter().find(|status| status.configured).unwrap();
        assert_eq!((status.answered, status.failed), (0, 0));
    }
}

#[tokio::test]
async fn dropping_the_call_closes_the_connection() {
    let bench = Bench::new(FORMATS[0], Scene::reply("never").hold());
    tokio::select! {
        _ = bench.ask(question("q")) => panic!("it was held"),
        _ = bench.seen() => {}
    }
    bench.rehearsal.next_disconnect().await;
}

#[tokio::test]
async fn silence_and_the_deadline_end_a_call() {
    let limits = |idle, deadline| HttpLimits {
        idle_timeout: Duration::from_secs(idle),
        deadline: Duration::from_secs(deadline),
        ..HttpLimits::default()
    };
    for (limits, says) in [(limits(5, 60), "nothing came for 5 s"), (limits(60, 5), "it was not done within 5 s")] {
        let bench = Bench::bounded(FORMATS[0], Scene::reply("never").hold(), limits);
        let pausing = async {
            bench.seen().await;
            tokio::time::pause();
        };
        let (outcome, ()) = tokio::join!(bench.ask(question("q")), pausing);
        tokio::time::resume();
        let failure = outcome.unwrap_err();
        assert_eq!((failure.class, failure.message.as_str()), (Class::Timeout, says));
    }
}

#[tokio::test]
async fn bounds_on_an_event_and_a_reply_hold() {
    let events = HttpLimits { max_event: 1_000, ..HttpLimits::default() };
    let bench = Bench::bounded(FORMATS[0], Scene::reply("x".repeat(8_000)).in_pieces(1), events);
    let failure = bench.ask(question("q")).await.unwrap_err();
    assert_eq!((failure.class, failure.partial.len()), (Class::Protocol, 0));
    let reply = HttpLimits { max_reply: 4_000, ..HttpLimits::default() };
    let bench = Bench::bounded(FORMATS[1], Scene::reply("x".repeat(8_000)).in_pieces(80), reply);
    let failure = bench.ask(question("q")).await.unwrap_err();
    assert_eq!((failure.class, failure.message.as_str()), (Class::Protocol, "its reply is longer than 4000 bytes"));
}

#[tokio::test]
async fn a_page_and_a_stranger_are_no_reply() {
    let page = failure(FORMATS[0], Scene::status(200).body("<!doctype html><p>hello")).await;
    assert_eq!(page.class, Class::Protocol);
    let other = failure(FORMATS[0], Scene::status(200).body("hello there")).await;
    assert_eq!(other.class, Class::Protocol, "{other}");
    let unreadable = failure(FORMATS[0], Scene::status(200).body("{\"choices\": 5}")).await;
    assert_eq!(unreadable.class, Class::Protocol);
}

#[tokio::test]
async fn nobody_at_the_other_end_is_said() {
    let bench = Bench::new(FORMATS[0], Script::new());
    let gone = bench.rehearsal.address();
    let Bench { registry, rehearsal, model, .. } = bench;
    drop(rehearsal);
    // The listener closes on its own task; until then a connection is accepted and closed unheard, which is the same.
    let choice = registry.choose(Some(model), Category::Balanced).unwrap();
    let failure = registry.generate(&choice, &question("q"), &(), &CancellationToken::new()).await.unwrap_err();
    assert_eq!(failure.class, Class::Transport, "{failure}");
    assert!(!failure.to_string().contains(&gone.to_string()));
}

#[tokio::test]
async fn images_are_refused_before_anything_is_sent() {
    let bench = Bench::new(("google", "flash-lite"), Script::new());
    let image = Part::Image(Image { media_type: "image/png", base64: "AAAA".into() });
    let mut request = question("look");
    request.messages[0].parts.push(image);
    let failure = bench.ask(request).await.unwrap_err();
    assert_eq!(failure.class, Class::BadRequest);
    assert_eq!(bench.rehearsal.connections(), 0);
}

#[tokio::test]
async fn what_a_provider_did_is_counted() {
    let bench = Bench::new(FORMATS[1], [Scene::status(503), Scene::reply("fine")]);
    bench.ask(question("q")).await.unwrap_err();
    bench.ask(question("q")).await.unwrap();
    let all = bench.registry.providers();
    assert_eq!(all.len(), 7);
    let google = &all[0];
    assert_eq!((google.answered, google.failed, google.last_failure), (1, 1, Some(Class::Overloaded)));
    assert!(google.configured && google.models == 12 && google.last_latency.is_some());
    assert!(!all[1].configured && all[1].variable == "OPENAI_API_KEY");
    let offered = bench.registry.offered();
    assert!(offered.is_sorted_by_key(|choice| std::cmp::Reverse(choice.model.score)) && offered.len() == 12);
}

#[tokio::test]
async fn every_bad_endpoint_is_told_at_once() {
    let endpoint = |provider: &str, base_url: Option<&str>, key: Option<&str>| config::Endpoint {
        provider: provider.to_owned(),
        base_url: base_url.map(str::to_owned),
        key: key.map(Secret::new),
        ..config::Endpoint::default()
    };
    let endpoints = vec![
        endpoint("custom", Some("http://gpu.example/v1"), Some(KEY)),
        endpoint("openai", None, None),
        endpoint("nobody", None, Some(KEY)),
    ];
    let providers = config::Providers { endpoints, ..config::Providers::default() };
    let models = config::Models::default();
    let bad =
        Registry::new(&providers, &models, Clock::system(), Redactor::default(), Bus::new()).unwrap_err().to_string();
    let lines: Vec<&str> = bad.lines().collect();
    assert!(lines[0].starts_with("CUSTOM_API_URL: ") && lines[1].starts_with("OPENAI_API_KEY: "), "{bad}");
    assert!(lines[2].contains("'nobody'") && !bad.contains(KEY), "{bad}");
}

#[tokio::test]
async fn requests_share_a_connection() {
    let bench = Bench::new(FORMATS[0], Scene::reply("fine"));
    for _ in 0..3 {
        bench.ask(question("q")).await.unwrap();
    }
    assert_eq!(bench.rehearsal.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_demo_answers_in_every_format() {
    for format in FORMATS {
        let bench = Bench::new(format, Script::demo(&[]));
        let heard = Heard::default();
        let asked = question("Please review this commit");
        let answer = bench.ask_as(format.1, asked, &heard, &CancellationToken::new()).await.unwrap();
        assert!(answer.text.starts_with("This is zen's scripted provider"), "{}", answer.text);
        assert!(answer.text.contains("Verdict") && answer.text == *heard.0.lock().unwrap());
        assert!(answer.latency > Duration::from_secs(2) && answer.first_token.unwrap() < Duration::from_secs(2));
    }
}
