//! What can go wrong at a provider, one row a fault, played in every wire format: the class it has, the requests it takes,
//! and that no text is heard twice.

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";

/// A fault, what it amounts to, and the requests that are made in all. None: the answer comes all the same.
struct Fault {
    name: &'static str,
    scenes: Vec<Scene>,
    class: Option<Class>,
    requests: usize,
}

fn fault(name: &'static str, scene: Scene, class: impl Into<Option<Class>>, requests: usize) -> Fault {
    Fault { name, scenes: vec![scene], class: class.into(), requests }
}

/// Fails so once, and answers after that.
fn passing(name: &'static str, scene: Scene) -> Fault {
    Fault { name, scenes: vec![scene, reply()], class: None, requests: 2 }
}

fn reply() -> Scene {
    Scene::reply("grüße, zwölf Wörter").in_pieces(4)
}

fn raw(rest: &str) -> Scene {
    Scene::raw(format!("{OK}{rest}"))
}

fn connection() -> Vec<Fault> {
    let unheard = || raw("transfer-encoding: chunked\r\n\r\n");
    vec![
        fault("closed before the headers", Scene::raw(""), Class::Transport, 3),
        passing("reset before the headers, once", Scene::raw("").reset_after(0)),
        fault("no HTTP", Scene::raw("SSH-2.0-OpenSSH\r\n"), Class::Transport, 3),
        fault("closed within the headers", Scene::raw(OK), Class::Transport, 3),
        fault("reset after the headers", unheard().reset_after(0), Class::Broken, 1),
        fault("closed after the headers", unheard(), Class::Broken, 1),
        fault("reset before the first text", reply().reset_after(0), Class::Broken, 1),
        fault("reset within the text", reply().reset_after(2), Class::Broken, 1),
        fault("silence before the headers", reply().hold(), Class::Timeout, 1),
        fault("silence before the first text", reply().hold_after(0), Class::Timeout, 1),
        fault("silence within the text", reply().hold_after(2), Class::Timeout, 1),
        fault("too short a body", raw("content-length: 400\r\n\r\n: hello\n\n"), Class::Broken, 1),
        fault("silence after the text", reply().hold_after(4), Class::Timeout, 1),
        fault("more than the length that was told", overlong(), Class::Protocol, 1),
        fault("garbage for a chunk", raw("transfer-encoding: chunked\r\n\r\nzz\r\n"), Class::Broken, 1),
        fault(
            "a compression that was not asked for",
            Scene::raw(
                [OK.as_bytes(), b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\n\x1f\x8b\x08\0\0"].concat(),
            ),
            Class::Protocol,
            1,
        ),
        fault("one byte at a time, letters split", reply().byte_by_byte(), None, 1),
    ]
}

fn replies() -> Vec<Fault> {
    let error = |code| json!({"error": {"code": code, "message": "in the stream"}});
    let delay = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": "1.5s"}]}});
    let throttled = |name: &str, value: &str| Scene::status(429).header(name, value);
    vec![
        fault("an error in place of a stream", Scene::json_error_in_stream(error(503)), Class::Overloaded, 3),
        passing("a rate limit in place of a stream, once", Scene::json_error_in_stream(error(429))),
        fault("an error within the text", reply().then_error(error(503)), Class::Broken, 1),
        fault(
            "an error as a whole reply with 200",
            Scene::status(200).body(error(503).to_string()),
            Class::Overloaded,
            3,
        ),
        fault("a stream without counts", reply().without_usage(), None, 1),
        fault("counts after the reason to end", reply(), None, 1),
        fault("counts twice", reply().counted_twice(), None, 1),
        fault("a stream without its end", reply().without_end(), None, 1),
        fault("a stream without a reason to end", reply().finish(""), None, 1),
        fault("no stream at all", reply().ignoring_stream(), None, 1),
        fault("a page with 502", Scene::status(502).body("<html>bad gateway"), Class::Overloaded, 3),
        fault("a page with 200", Scene::status(200).body("<html>welcome"), Class::Protocol, 1),
        passing("429, seconds", throttled("retry-after", "2")),
        passing("429, part of a second", throttled("retry-after", "0.5")),
        passing("429, milliseconds", throttled("retry-after-ms", "700")),
        passing("429, in the body", Scene::status(429).body(delay.to_string())),
        passing("429, a date", throttled("retry-after", &in_two_seconds())),
        passing("429, nonsense", throttled("retry-after", "-7")),
        fault("429, longer than is waited", throttled("retry-after", "3600"), Class::Throttled, 1),
        fault("no credit", Scene::status(402), Class::Quota, 1),
        fault("a key that is refused", Scene::status(401), Class::Auth, 1),
        fault("a model that is unknown", Scene::status(404), Class::BadRequest, 1),
        fault("a prompt that is too long", Scene::status(413), Class::ContextOverflow, 1),
        fault("a time-out of its own", Scene::status(408), Class::Timeout, 1),
        fault("a redirect", Scene::redirect(308, "http://127.0.0.1:9/"), Class::Protocol, 1),
        passing("529, once", Scene::status(529)),
    ]
}

/// A body that goes on behind the end that its head announced, in the middle of an event.
fn overlong() -> Scene {
    raw("content-length: 8\r\n\r\ndata: {\"more\": 1}\n\n")
}

/// As HTTP writes a date.
fn in_two_seconds() -> String {
    let now = Duration::from_millis(Clock::system().wall().0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + now + Duration::from_secs(2))
}

#[tokio::test(start_paused = true)]
async fn every_fault_has_its_class_and_its_number_of_requests() {
    for format in FORMATS {
        for Fault { name, scenes, class, requests } in connection().into_iter().chain(replies()) {
            let bench = Bench::careful(format, scenes, config::Resilience::default());
            let heard = Heard::default();
            let outcome = bench.ask_as(format.1, question("q"), &heard, &CancellationToken::new()).await;
            let (text, found, attempts) = match &outcome {
                Ok(answer) => (&answer.text, None, answer.attempts),
                Err(failure) => (&failure.partial, Some(failure.class), failure.attempts),
            };
            assert_eq!(found, class, "{name}, {format:?}: {outcome:?}");
            assert_eq!(bench.rehearsal.requests().len(), requests, "{name}, {format:?}");
            assert_eq!(usize::from(attempts), requests, "{name}, {format:?}");
            assert_eq!(*heard.0.lock().unwrap(), *text, "{name}, {format:?}: heard once, and as it is told");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_who_listens_is_asked_three_times() {
    for format in FORMATS {
        let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        drop(listener);
        let registry =
            registry_at(format.0, url, HttpLimits::default(), config::Resilience::default(), KEY, Bus::new());
        let choice = registry.choose(Some(format.1), Category::Balanced).unwrap();
        let refused = registry.generate(&choice, &question("q"), &(), &CancellationToken::new()).await.unwrap_err();
        assert_eq!((refused.class, refused.attempts), (Class::Transport, 3), "{refused}");
        assert!(refused.message.to_lowercase().contains("refused") && refused.status.is_none(), "{refused}");
    }
}

#[tokio::test]
async fn counts_are_taken_once_wherever_they_stand() {
    for format in FORMATS {
        let usage = async |scene| Bench::new(format, scene).ask(question("one two")).await.unwrap().usage;
        let reply = || Scene::reply("grüße, zwölf Wörter").in_pieces(1);
        let once = usage(reply()).await;
        assert_eq!((once.input, once.output), (Some(Tokens(4)), Some(Tokens(3))), "{format:?}");
        assert_eq!(usage(reply().counted_twice()).await, once, "{format:?}");
        // What the event that is missing would have told is not known.
        let open = usage(reply().without_end()).await;
        assert!(open == once || (format == FORMATS[2] && open == Usage::default()), "{format:?}: {open:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_date_to_come_back_at_is_waited_for() {
    for format in FORMATS {
        let bench = Bench::careful(
            format,
            [Scene::status(429).header("retry-after", in_two_seconds()), reply()],
            config::Resilience::default(),
        );
        let asked = Clock::system().now();
        assert_eq!(bench.ask(question("q")).await.unwrap().attempts, 2);
        let waited = Clock::system().elapsed(asked);
        // A date has whole seconds, so up to one of them is lost.
        assert!((Duration::from_millis(800)..Duration::from_millis(2_500)).contains(&waited), "{waited:?}");
    }
}
