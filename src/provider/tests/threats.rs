//! What a hostile or broken provider may try: to have a key come out, and to keep a call for ever.

use super::*;

/// Keys as they are known to look, in twelve formats.
const CANARIES: [&str; 12] = [
    "sk-canary0123456789abcdefABCDEF",
    "sk-proj-canary-0123456789_abcdef",
    "sk-ant-api03-canary-0123456789",
    "sk-or-v1-canary0123456789abcdef",
    "xai-canary0123456789abcdefABCDEF",
    "AIzaSyCanary0123456789abcdefghijklmno",
    "gsk_canary0123456789abcdefABCDEF",
    "hf_canary0123456789abcdefABCDEF",
    "ghp_canary0123456789abcdefABCDEF0123",
    "AKIACANARY0123456789",
    "eyJhbGciOiJIUzI1NiJ9.canary.c2lnbmF0dXJl",
    "0123456789abcdefcanary0123456789",
];

/// T8: a key that comes back in a reply's head, body, stream or name is in no failure, no answer's account and no figure.
#[tokio::test(start_paused = true)]
async fn a_key_that_is_played_back_comes_out_nowhere() {
    for (format, key) in FORMATS.into_iter().flat_map(|format| CANARIES.map(|key| (format, key))) {
        let says = json!({"error": {"code": 503, "message": format!("Bearer {key} is no good"), "type": key}});
        for scene in [
            Scene::status(401).body(says.to_string()),
            Scene::status(503).body(format!("key={key}\n{key}")),
            Scene::status(429).header("retry-after", key).body(says.to_string()),
            Scene::redirect(307, format!("http://{}.example/?key={key}", "x")),
            Scene::json_error_in_stream(says.clone()),
            Scene::reply(format!("you sent {key}")).then_error(says.clone()),
            Scene::reply("").finish(key),
            Scene::status(200).body(key),
            Scene::raw(format!("HTTP/1.1 {key}\r\n\r\n")),
        ] {
            let bench = Bench::keyed(format, scene, key);
            let failure = bench.ask(question("q")).await.unwrap_err();
            let status = bench.registry.providers();
            let told = format!("{failure} {failure:?} {status:?} {:?}", bench.registry);
            assert!(!told.contains(key), "{told}");
        }
        let bench = Bench::keyed(format, Scene::reply("fine").finish(key), key);
        let answer = bench.ask(question("q")).await.unwrap();
        assert!(!format!("{:?} {:?}", answer.finish, answer.served_by).contains(key));
    }
}

/// T20: a stream without end, an event without end, and a reply that drips each end with a class of their own.
#[tokio::test(start_paused = true)]
async fn a_reply_without_end_ends() {
    let limits = HttpLimits { max_reply: 200_000, max_event: 10_000, ..HttpLimits::default() };
    let minute = Duration::from_secs(60);
    let drip = Scene::reply("a b c d").in_pieces(4).paced(minute, minute).endless();
    for format in FORMATS {
        let ends = async |scene: Scene| {
            let bench = Bench::bounded(format, scene, limits.clone());
            let (clock, asked) = (Clock::system(), Clock::system().now());
            let failure = bench.ask(question("q")).await.unwrap_err();
            assert!(clock.elapsed(asked) < limits.deadline + Duration::from_secs(1), "{failure}");
            assert!(failure.partial.len() <= limits.max_reply && bench.rehearsal.requests().len() == 1);
            failure
        };
        let endless = ends(Scene::reply("more and more ".repeat(20)).endless()).await;
        assert_eq!((endless.class, endless.partial.is_empty()), (Class::Protocol, false), "{endless}");
        let huge = ends(Scene::reply("x".repeat(150_000)).in_pieces(1)).await;
        assert_eq!((huge.class, huge.partial.as_str()), (Class::Protocol, ""), "{huge}");
        let dripping = ends(drip.clone()).await;
        assert_eq!(dripping.class, Class::Timeout, "{dripping}");
    }
}
