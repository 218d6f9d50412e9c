//! What the recipe does about failures: repeats, waits, leaves alone, turns to another provider, and gives back what it
//! held.

use super::*;
use crate::event::Event;
use crate::provider::failure::Weight;
use crate::provider::price::{PriceSource, Prices, Rates};

/// Two providers of different formats, the first in the order of priority with its own script.
struct Pair {
    google: Rehearsal,
    openai: Rehearsal,
    registry: Registry,
}

impl Pair {
    fn new(google: impl Into<Script>, openai: impl Into<Script>, resilience: config::Resilience) -> Self {
        let (google, openai) = (Rehearsal::start(google).unwrap(), Rehearsal::start(openai).unwrap());
        let endpoint = |provider: &str, url: String| config::Endpoint {
            provider: provider.to_owned(),
            base_url: Some(url),
            key: Some(Secret::new(KEY)),
            ..config::Endpoint::default()
        };
        let endpoints = vec![endpoint("google", google.gemini_base_url()), endpoint("openai", openai.base_url())];
        let providers = config::Providers { endpoints, resilience, ..config::Providers::default() };
        let models = config::Models::default();
        let registry = Registry::new(&providers, &models, Clock::system(), Redactor::default(), Bus::new()).unwrap();
        Self { google, openai, registry }
    }

    async fn ask(&self, model: Option<&str>) -> Result<Answer, Failure> {
        let choice = self.registry.choose(model, Category::Balanced).unwrap();
        self.registry.generate(&choice, &question("q"), &(), &CancellationToken::new()).await
    }

    fn requests(&self) -> (usize, usize) {
        (self.google.requests().len(), self.openai.requests().len())
    }
}

fn careful() -> config::Resilience {
    config::Resilience::default()
}

fn without_repetition() -> config::Resilience {
    config::Resilience { retry: config::Retry { attempts: 1, ..config::Retry::default() }, ..careful() }
}

#[tokio::test(start_paused = true)]
async fn two_failures_and_an_answer_are_three_requests() {
    for format in FORMATS {
        let script = [Scene::status(503), Scene::status(503), Scene::reply("fine")];
        let bench = Bench::careful(format, script, careful());
        let answer = bench.ask(question("q")).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.attempts), ("fine", 3));
        assert_eq!(bench.rehearsal.requests().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_one_request() {
    for format in FORMATS {
        let bench = Bench::careful(format, Scene::status(401), careful());
        let failure = bench.ask(question("q")).await.unwrap_err();
        assert_eq!((failure.class, failure.attempts, bench.rehearsal.requests().len()), (Class::Auth, 1, 1));
        assert_eq!(bench.ask(question("q")).await.unwrap_err().class, Class::Resting);
        assert_eq!(bench.rehearsal.requests().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_that_is_asked_for_is_waited() {
    let delay = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "2s"}]}});
    let scenes = [
        Scene::status(429).header("retry-after", "2"),
        Scene::status(429).header("retry-after-ms", "2000"),
        Scene::status(429).header("retry-after", "2.0"),
        Scene::status(429).body(delay.to_string()),
    ];
    for (scene, format) in scenes.into_iter().flat_map(|scene| FORMATS.map(|format| (scene.clone(), format))) {
        let bench = Bench::careful(format, [scene, Scene::reply("fine")], careful());
        let (clock, asked) = (Clock::system(), Clock::system().now());
        assert_eq!(bench.ask(question("q")).await.unwrap().attempts, 2);
        let waited = clock.elapsed(asked);
        assert!((Duration::from_secs(2)..Duration::from_millis(2_500)).contains(&waited), "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_too_long_is_not_waited() {
    let bench = Bench::careful(FORMATS[0], Scene::status(429).header("retry-after", "31"), careful());
    let asked = Clock::system().now();
    let failure = bench.ask(question("q")).await.unwrap_err();
    assert_eq!((failure.class, failure.attempts), (Class::Throttled, 1));
    assert!(Clock::system().elapsed(asked) < Duration::from_secs(1));
    // Until then it is not asked again, and the caller hears how long that is.
    let failure = bench.ask(question("q")).await.unwrap_err();
    assert_eq!((failure.class, failure.attempts), (Class::Throttled, 0));
    assert!(failure.retry_after.is_some_and(|wait| wait > Duration::from_secs(30)));
}

#[tokio::test(start_paused = true)]
async fn a_dead_provider_costs_no_request_and_the_next_one_answers() {
    let pair = Pair::new(Scene::status(503), Scene::reply("fine"), without_repetition());
    for asked in 1..=8 {
        let answer = pair.ask(None).await.unwrap();
        assert_eq!((answer.by.provider.as_str(), answer.text.as_str()), ("openai", "fine"));
        // Google's best model rests after five failures; then its next best would be asked, and rests in its turn.
        let passed: Vec<_> = answer.passed_over.iter().map(|passed| passed.failure.class).collect();
        assert_eq!(passed, [Class::Overloaded], "{asked}");
        if asked == 5 {
            break;
        }
    }
    assert_eq!(pair.requests(), (5, 5));
    let choice = pair.registry.choose(Some("gemini-3-pro-preview"), Category::Balanced).unwrap();
    let inherited = Choice { pinned: false, ..choice.clone() };
    let cancel = CancellationToken::new();
    let answer = pair.registry.generate(&inherited, &question("q"), &(), &cancel).await.unwrap();
    assert_eq!((answer.by.provider.as_str(), answer.passed_over[0].failure.class), ("openai", Class::Resting));
    let pinned = pair.registry.generate(&choice, &question("q"), &(), &cancel).await.unwrap_err();
    assert_eq!((pinned.class, pinned.attempts), (Class::Resting, 0));
    assert_eq!(pair.requests(), (5, 6));
    assert_ne!(pair.registry.choose(None, Category::Balanced).unwrap().model.id, choice.model.id);
}

#[tokio::test(start_paused = true)]
async fn a_model_that_was_named_is_not_replaced() {
    let pair = Pair::new(Scene::status(503), Scene::reply("fine"), without_repetition());
    assert_eq!(pair.ask(Some("gemini-2.5-pro")).await.unwrap_err().class, Class::Overloaded);
    assert_eq!(pair.requests(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn where_all_fail_each_is_told() {
    let pair = Pair::new(Scene::status(503), Scene::status(402), without_repetition());
    let failure = pair.ask(None).await.unwrap_err();
    let earlier: Vec<_> = failure.earlier.iter().map(|failure| failure.class).collect();
    assert_eq!((failure.class, earlier.as_slice()), (Class::Quota, [Class::Overloaded].as_slice()));
}

#[tokio::test(start_paused = true)]
async fn after_the_first_text_nobody_else_is_asked() {
    let broken = Scene::reply("abcdefgh").in_pieces(4).reset_after(2);
    let pair = Pair::new(broken, Scene::reply("other words"), careful());
    let failure = pair.ask(None).await.unwrap_err();
    assert_eq!((failure.class, failure.partial.as_str()), (Class::Broken, "abcd"));
    assert_eq!(pair.requests(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_is_not_made_again_after_a_time_out() {
    let pair = Pair::new(Scene::reply("never").hold(), Scene::reply("fine"), careful());
    let answer = pair.ask(None).await.unwrap();
    assert_eq!((answer.by.provider.as_str(), answer.passed_over[0].failure.class), ("openai", Class::Timeout));
    assert_eq!(pair.requests(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_over_waits_and_other_models() {
    let throttled = Scene::status(429).header("retry-after", "20");
    let retry = config::Retry { attempts: 10, ..config::Retry::default() };
    let limits = HttpLimits { deadline: Duration::from_secs(30), ..HttpLimits::default() };
    let resilience = config::Resilience { retry, ..careful() };
    let bench = Bench::with(FORMATS[0], throttled, limits, resilience);
    let asked = Clock::system().now();
    let failure = bench.ask(question("q")).await.unwrap_err();
    assert_eq!((failure.class, failure.attempts), (Class::Throttled, 2));
    assert!(Clock::system().elapsed(asked) <= Duration::from_secs(30));
}

#[tokio::test]
async fn who_gives_up_gives_back_place_and_probe() {
    let bulkhead = config::Bulkhead { running: 1, waiting: 0 };
    let breaker = config::Breaker { failures: 1, open: Duration::ZERO, ..config::Breaker::default() };
    let resilience = config::Resilience { bulkhead, breaker, ..without_repetition() };
    let script = [Scene::status(503), Scene::reply("never").hold(), Scene::reply("fine")];
    let bench = Bench::careful(FORMATS[0], script, resilience);
    bench.ask(question("q")).await.unwrap_err();
    bench.seen().await;
    tokio::select! {
        _ = bench.ask(question("q")) => panic!("it was held"),
        () = async {
            bench.seen().await;
            assert_eq!(bench.ask(question("q")).await.unwrap_err().class, Class::Busy);
        } => {}
    }
    assert_eq!(bench.ask(question("q")).await.unwrap().text, "fine");
}

#[tokio::test(start_paused = true)]
async fn requests_stay_below_the_share_of_calls_and_the_burst() {
    let retry = config::Retry { burst: 3, attempts: 3, base: Duration::ZERO, ..config::Retry::default() };
    let breaker = config::Breaker { failures: 1_000, ..config::Breaker::default() };
    let bench = Bench::careful(FORMATS[0], Scene::status(500), config::Resilience { retry, breaker, ..careful() });
    for _ in 0..100 {
        bench.ask(question("q")).await.unwrap_err();
    }
    assert!(bench.rehearsal.requests().len() <= 113, "{}", bench.rehearsal.requests().len());
}

#[test]
fn every_class_that_counts_against_a_model_may_be_answered_by_another() {
    for class in Class::ALL.into_iter().filter(|class| class.weight() != Weight::None) {
        assert!(class.falls_back(), "{class:?}");
    }
}

#[tokio::test]
async fn an_answer_is_paid_by_its_tokens_and_the_provider_tells_how_it_does() {
    let bench = Bench::new(FORMATS[0], [Scene::reply("two words"), Scene::reply("two words").without_usage()]);
    let mut events = bench.bus.watch();
    let choice = priced(&bench);
    let cancel = CancellationToken::new();
    let answer = bench.registry.generate(&choice, &question("one two"), &(), &cancel).await.unwrap();
    // Four tokens read at 1 and two written at 10 micro-dollars.
    assert_eq!((answer.usage.input, answer.usage.output), (Some(Tokens(4)), Some(Tokens(2))));
    assert_eq!(answer.cost, Some(MicroUsd(24)));
    let unknown = bench.registry.generate(&choice, &question("one two"), &(), &cancel).await.unwrap();
    assert_eq!(unknown.cost, None);
    let Ok(Event::ProviderChanged(place)) = events.try_recv() else { panic!("the provider has changed") };
    let status = bench.registry.provider(usize::from(place.0)).unwrap();
    assert_eq!((status.spent, status.cost_unknown, status.figures.requests), (MicroUsd(24), 1, 2));
}

#[tokio::test]
async fn a_call_over_the_limit_is_refused_and_costs_no_request() {
    let spend = config::Spend { total: Some(MicroUsd(100)), ..config::Spend::default() };
    let script = [Scene::status(503), Scene::reply("two words"), Scene::reply("two words").without_usage()];
    let bench = Bench::careful(FORMATS[0], script, config::Resilience { spend, ..without_repetition() });
    let choice = priced(&bench);
    let generate = async |choice: &Choice, input, reply| {
        let estimate = Estimate { input: Tokens(input), reply: Tokens(reply) };
        let request = Request { estimate, ..question("one two") };
        let answer = bench.registry.generate(choice, &request, &(), &CancellationToken::new()).await;
        answer.map_err(|failure| failure.class)
    };
    let ask = async |input, reply| generate(&choice, input, reply).await;
    assert_eq!(ask(1, 10).await.unwrap_err(), Class::OverLimit);
    let unpriced = Choice { model: Arc::new(Model { prices: None, ..(*choice.model).clone() }), ..choice.clone() };
    assert_eq!(generate(&unpriced, 0, 0).await.unwrap_err(), Class::OverLimit, "its price is unknown");
    assert_eq!(bench.rehearsal.requests().len(), 0);
    assert_eq!(ask(90, 0).await.unwrap_err(), Class::Overloaded);
    // What was refused is not charged; 24 are spent; what is unknown stays held at its estimate.
    assert_eq!(ask(90, 1).await.unwrap().cost, Some(MicroUsd(24)));
    assert_eq!(ask(77, 0).await.unwrap_err(), Class::OverLimit);
    assert_eq!(ask(76, 0).await.unwrap().cost, None);
    assert_eq!(ask(0, 0).await.unwrap_err(), Class::OverLimit);
}

#[tokio::test]
async fn a_failure_is_paid_by_what_was_reported_of_it() {
    let ask = async |bench: &Bench, input| {
        let request = Request { estimate: Estimate { input: Tokens(input), reply: Tokens(0) }, ..question("one two") };
        bench.registry.generate(&priced(bench), &request, &(), &CancellationToken::new()).await.unwrap_err()
    };
    let limited = |format, scene| {
        let spend = config::Spend { total: Some(MicroUsd(100)), ..config::Spend::default() };
        Bench::careful(format, scene, config::Resilience { spend, ..without_repetition() })
    };
    // Gemini counts as it goes: four tokens read and two written, when the reply breaks off.
    let bench = limited(FORMATS[1], Scene::reply("a b c d").in_pieces(4).reset_after(2));
    let broken = ask(&bench, 50).await;
    assert_eq!((broken.class, broken.usage.output, broken.cost), (Class::Broken, Some(Tokens(2)), Some(MicroUsd(24))));
    assert_eq!(bench.registry.providers()[0].spent, MicroUsd(24));
    // It may have been more: what was held for it stays held.
    assert_eq!((ask(&bench, 51).await.class, ask(&bench, 50).await.class), (Class::OverLimit, Class::Broken));
    // A reply that ended without text was reported in full.
    let bench = limited(FORMATS[0], Scene::reply("").finish("length"));
    let empty = ask(&bench, 50).await;
    assert_eq!((empty.class, empty.cost), (Class::Empty, Some(MicroUsd(4))));
    assert_eq!((ask(&bench, 97).await.class, ask(&bench, 96).await.class), (Class::OverLimit, Class::Empty));
    // What is refused is not charged, whatever was told.
    let bench = limited(FORMATS[0], Scene::status(400));
    assert_eq!((ask(&bench, 50).await.cost, ask(&bench, 100).await.class), (None, Class::BadRequest));
}

#[tokio::test]
async fn a_kept_reply_costs_no_request_and_is_told() {
    let cache = config::Cache { ttl: Duration::from_secs(60), ..config::Cache::default() };
    for format in FORMATS {
        let resilience = config::Resilience { cache: cache.clone(), ..careful() };
        let bench = Bench::careful(format, Scene::reply("fine"), resilience);
        assert!(!bench.ask(question("q")).await.unwrap().cached);
        let heard = Heard::default();
        let again = bench.ask_as(format.1, question("q"), &heard, &CancellationToken::new()).await.unwrap();
        assert_eq!((again.cached, again.text.as_str(), again.cost), (true, "fine", Some(MicroUsd(0))));
        assert_eq!(*heard.0.lock().unwrap(), "fine");
        let others = [
            question("other"),
            Request { system: Some("another".to_owned()), ..question("q") },
            Request { second_look: true, ..question("q") },
        ];
        for other in others {
            assert!(!bench.ask(other).await.unwrap().cached);
        }
        assert_eq!(bench.rehearsal.requests().len(), 4);
    }
}

/// The bench's model with made-up prices: a micro-dollar for a token read, ten for one written.
fn priced(bench: &Bench) -> Choice {
    let choice = bench.registry.choose(Some(bench.model), Category::Balanced).unwrap();
    let source = PriceSource { page: "https://example.com".to_owned(), date: "2026-01-01".to_owned() };
    let (input, output) = (Some(MicroUsd(1_000_000)), Some(MicroUsd(10_000_000)));
    let rates = Rates { input, output, ..Rates::default() };
    let prices = Prices { rates, long: None, source };
    Choice { model: Arc::new(Model { prices: Some(prices), ..(*choice.model).clone() }), ..choice }
}
