//! Every fixture played through: the request as it went out, and each kind of reply.

use zen::config::Endpoint;
use zen::provider::{Answer, Finish};
use zen::rehearsal::{Rehearsal, Scene};
use zen::unit::Tokens;

use super::fixtures::{self, Fixture};
use super::{ask, endpoint, play, registry};

/// What every request carries.
const COMMON: [&str; 5] = ["accept", "content-length", "content-type", "host", "user-agent"];

#[tokio::test]
async fn a_request_has_its_address_and_its_headers_and_no_others() {
    for fixture in fixtures::all() {
        let (outcome, request) = play(&fixture, Scene::status(200).body(fixture.whole)).await;
        outcome.unwrap_or_else(|failure| panic!("{}: {failure}", fixture.provider));
        assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", fixture.path));
        let mut expected: Vec<&str> = COMMON.to_vec();
        expected.extend(fixture.key.as_ref().map(|(name, _)| *name));
        expected.extend(fixture.extra);
        expected.sort_unstable();
        let mut sent: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        sent.sort_unstable();
        assert_eq!(sent, expected, "{}", fixture.provider);
        if let Some((name, value)) = &fixture.key {
            assert_eq!(request.header(name), Some(value.as_str()));
        }
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_deployment_is_asked_by_its_own_name() {
    for fixture in fixtures::all().into_iter().filter(|fixture| fixture.provider == "azure") {
        let (_, request) = play(&fixture, Scene::status(200).body(fixture.whole)).await;
        assert_eq!(request.body["model"], "prod-5");
    }
}

#[tokio::test]
async fn openrouter_hears_the_name_that_the_user_gives() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).expect("a listener");
    let own = Endpoint { title: Some("Mine".to_owned()), ..endpoint("openrouter", &rehearsal, "/api/v1") };
    let refused = Endpoint { referer: Some("a\nb".to_owned()), ..own.clone() };
    ask(&registry(own).expect("a registry"), "vendor/model").await.expect("an answer");
    let request = rehearsal.next_request().await;
    assert_eq!(request.header("x-title"), Some("Mine"));
    assert!(request.header("http-referer").is_some_and(|page| page.contains("zen")));
    assert!(registry(refused).expect_err("no header").starts_with("OPENROUTER_REFERER: "));
}

#[tokio::test]
async fn a_stream_is_read() {
    for fixture in fixtures::all() {
        let (outcome, request) = play(&fixture, Scene::status(200).body(fixture.stream)).await;
        read(&fixture, outcome.unwrap_or_else(|failure| panic!("{}: {failure}", fixture.provider)));
        assert!(fixture.provider == "google" || request.body["stream"] == true);
    }
}

#[tokio::test]
async fn a_whole_reply_is_read() {
    for fixture in fixtures::all() {
        let (outcome, _) = play(&fixture, Scene::status(200).body(fixture.whole)).await;
        read(&fixture, outcome.unwrap_or_else(|failure| panic!("{}: {failure}", fixture.provider)));
    }
}

fn read(fixture: &Fixture, answer: Answer) {
    assert_eq!((answer.text.as_str(), answer.finish), ("Hello there.", Finish::Stop), "{}", fixture.provider);
    assert_eq!(answer.served_by.as_deref(), Some("m-1"), "{}", fixture.provider);
    let usage = [answer.usage.input, answer.usage.output, answer.usage.reasoning, answer.usage.cached_input];
    assert_eq!(usage, fixture.usage.map(|count| count.map(Tokens)), "{} {}", fixture.provider, fixture.path);
}

#[tokio::test]
async fn an_error_and_a_refusal_keep_their_class_and_their_words() {
    for fixture in fixtures::all() {
        for told in [&fixture.error, &fixture.filter] {
            let (outcome, _) = play(&fixture, Scene::status(told.status).body(told.body)).await;
            let failure = outcome.expect_err(fixture.path);
            assert_eq!(failure.class, told.class, "{}: {failure}", fixture.provider);
            assert!(failure.message.contains(told.says), "{}: {failure}", fixture.provider);
        }
    }
}
