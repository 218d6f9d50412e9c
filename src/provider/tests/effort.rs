//! Efforts that a model refuses, in every wire format: put otherwise once, remembered where that is taken.

use serde_json::Value;

use super::*;

/// A format, the body that refuses an effort, where the effort stands in a request, and what is asked, sent first and sent
/// instead.
type Case = ((&'static str, &'static str), Value, &'static str, [Effort; 2], Option<Effort>);

fn cases() -> [Case; 4] {
    let value = "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values are: \
        'low', 'medium', and 'high'.";
    let parameter = "Unsupported parameter: 'reasoning.effort' is not supported with this model.";
    let level = "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.";
    let openai = |message: &str, param: &str| json!({"error": {"message": message, "param": param, "code": "unsupported_value"}});
    let minimal = [Effort::Minimal, Effort::Minimal];
    [
        (("openai", "gpt-5"), openai(value, "reasoning_effort"), "/reasoning_effort", minimal, Some(Effort::Low)),
        (
            ("openai", "o3-pro"),
            openai(parameter, "reasoning.effort"),
            "/reasoning/effort",
            [Effort::Max, Effort::High],
            None,
        ),
        (
            ("google", "gemini-3-flash-preview"),
            json!({"error": {"code": 400, "message": level, "status": "INVALID_ARGUMENT"}}),
            "/generationConfig/thinkingConfig/thinkingLevel",
            minimal,
            Some(Effort::Low),
        ),
        (
            ("xai", "grok-4.7"),
            json!({"code": "invalid-argument", "error": "Model grok-4.7 does not support parameter reasoningEffort."}),
            "/reasoning_effort",
            [Effort::Low, Effort::Low],
            None,
        ),
    ]
}

fn asking(effort: Effort) -> Request {
    Request { effort: Some(effort), temperature: Some(0.3), ..question("q") }
}

fn refused(body: &Value) -> Scene {
    Scene::status(400).body(body.to_string())
}

fn careful() -> config::Resilience {
    config::Resilience::default()
}

#[tokio::test(start_paused = true)]
async fn a_refused_effort_is_put_otherwise_at_once_and_remembered() {
    for (format, body, pointer, [asked, first], instead) in cases() {
        let bench = Bench::careful(format, [refused(&body), Scene::reply("fine")], careful());
        let before = Clock::system().now();
        let answer = bench.ask(asking(asked)).await.unwrap();
        assert_eq!((answer.attempts, answer.effort_sent), (2, instead), "{format:?}");
        assert!(Clock::system().elapsed(before) < Duration::from_millis(500), "nothing was waited for");
        let again = bench.ask(asking(asked)).await.unwrap();
        assert_eq!((again.attempts, again.effort_sent), (1, instead), "{format:?}");
        let sent: Vec<Option<String>> = bench
            .rehearsal
            .requests()
            .iter()
            .map(|request| request.body.pointer(pointer).and_then(Value::as_str).map(str::to_ascii_lowercase))
            .collect();
        let instead = instead.map(|effort| effort.to_string());
        assert_eq!(sent, [Some(first.to_string()), instead.clone(), instead], "{format:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_effort_is_put_otherwise_once_and_what_was_no_help_is_not_remembered() {
    for (format, body, _, [asked, first], _) in cases() {
        let script = [refused(&body), refused(&body), Scene::reply("fine")];
        let bench = Bench::careful(format, script, careful());
        let failure = bench.ask(asking(asked)).await.unwrap_err();
        assert_eq!((failure.class, failure.attempts), (Class::BadRequest, 2), "{format:?}");
        let answer = bench.ask(asking(asked)).await.unwrap();
        assert_eq!((answer.attempts, answer.effort_sent), (1, Some(first)), "{format:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_another_reason_is_not_asked_twice() {
    for (format, ..) in cases() {
        let body = json!({"error": {"message": "Unsupported parameter: 'temperature'", "param": "temperature"}});
        let bench = Bench::careful(format, refused(&body), careful());
        let failure = bench.ask(asking(Effort::High)).await.unwrap_err();
        assert_eq!((failure.class, failure.attempts, bench.rehearsal.requests().len()), (Class::BadRequest, 1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn the_substitute_may_fail_as_any_request_may() {
    let (format, body, _, [asked, _], instead) = cases().into_iter().next().unwrap();
    let bench = Bench::careful(format, [refused(&body), Scene::status(503), Scene::reply("fine")], careful());
    let answer = bench.ask(asking(asked)).await.unwrap();
    assert_eq!((answer.attempts, answer.effort_sent), (3, instead));
}
