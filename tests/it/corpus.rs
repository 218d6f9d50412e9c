//! More than 300 lines that are no message, or hardly one, in the form of both eras; each with the one answer that it gets,
//! or with none where the protocol has none. Every line comes with its own id, so that answers can be told apart.

use serde_json::{Value, json};

use crate::support::place::Place;
use crate::support::web::{BOTH, JSON, MODERN, Site};
use zen::rehearsal::{Rehearsal, Script};

const PARSE: i64 = -32700;
const INVALID: i64 = -32600;
const NO_METHOD: i64 = -32601;
const PARAMS: i64 = -32602;
const VERSION: i64 = -32022;

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
/// Longer than what the servers of these tests take.
const LIMIT: usize = 64 << 10;

/// What a line is answered with.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Nothing,
    Result,
    Error(i64),
}
use Answer::{Error, Nothing, Result as Served};

#[derive(Clone, Debug)]
struct Line {
    bytes: Vec<u8>,
    answer: Answer,
    /// As JSON text; none where it cannot be read.
    id: Option<String>,
    /// In the form of the newer era.
    newer: bool,
}

#[derive(Default)]
struct Corpus(Vec<Line>);

impl Corpus {
    /// A line in the form of both eras.
    fn both(&mut self, text: &str, answer: Answer, readable: bool) {
        for newer in [false, true] {
            self.one(text, answer.clone(), readable, newer);
        }
    }

    /// A line in which `#` is the id, and `@` what the newer era says in its params.
    fn one(&mut self, text: &str, answer: Answer, readable: bool, newer: bool) {
        let id = (1_000 + self.0.len()).to_string();
        let bytes = text.replace('@', if newer { META } else { "" }).replace('#', &id).into_bytes();
        self.0.push(Line { bytes, answer, id: readable.then_some(id), newer });
    }

    fn raw(&mut self, bytes: Vec<u8>, answer: Answer, id: Option<&str>) {
        self.0.push(Line { bytes, answer, id: id.map(str::to_owned), newer: false });
    }
}

const LIST: &str = r##"{"jsonrpc":"2.0","id":#,"method":"tools/list","params":{@}}"##;

fn corpus() -> Vec<Line> {
    let mut corpus = Corpus::default();
    cut_off(&mut corpus);
    members(&mut corpus);
    ids(&mut corpus);
    bytes(&mut corpus);
    not_quite_json(&mut corpus);
    batches(&mut corpus);
    shapes(&mut corpus);
    silent(&mut corpus);
    corpus.0
}

fn cut_off(corpus: &mut Corpus) {
    for newer in [false, true] {
        let whole = LIST.replace('@', if newer { META } else { "" });
        for end in (1..whole.len()).step_by(if newer { 3 } else { 1 }) {
            corpus.one(&whole[..end], Error(PARSE), false, newer);
        }
    }
}

fn members(corpus: &mut Corpus) {
    for (member, answer, readable) in [
        (r#""jsonrpc":"2.0""#, Error(INVALID), true),
        (r#""method":"tools/list""#, Error(INVALID), true),
        (r#""method":"ping""#, Error(INVALID), true),
        (r#""params":{}"#, Error(INVALID), true),
        (r##""id":#"##, Error(INVALID), false),
        (r#""id":null"#, Error(INVALID), false),
        (r#""result":{}"#, Error(INVALID), true),
        (r#""error":{}"#, Error(INVALID), true),
        (r#""extra":1,"extra":2"#, Served, true),
    ] {
        corpus.both(&LIST.replacen('{', &format!("{{{member},"), 1), answer.clone(), readable);
        corpus.both(&format!("{},{member}}}", &LIST[..LIST.len() - 1]), answer, readable);
    }
    for other in ["null", "true", "1", "1.5", r#""""#, r#""1.0""#, r#""2""#, r#""2.00""#, "2.0", "[]", "{}"] {
        corpus.both(&LIST.replace(r#""2.0""#, other), Error(INVALID), true);
    }
    for other in ["null", "true", "1", "[]", "{}", r#"["tools/list"]"#] {
        corpus.both(&LIST.replace(r#""tools/list""#, other), Error(INVALID), true);
    }
    for other in ["true", "0", "1.5", r#""x""#, "[]", r#"[{"name":"version"}]"#] {
        corpus.one(&LIST.replace("{@}", other), Error(INVALID), true, false);
    }
    corpus.one(&LIST.replace("{@}", "null"), Served, true, false);
    for absent in [r#""jsonrpc":"2.0","#, r#""method":"tools/list","#] {
        corpus.both(&LIST.replace(absent, ""), Error(INVALID), true);
    }
    for method in [
        "",
        "no/such",
        "TOOLS/LIST",
        " tools/list",
        "tools/list\\u0000",
        "rpc.x",
        "\\u202etsil/sloot",
        &"m".repeat(20_000),
    ] {
        corpus.both(&LIST.replace("tools/list", method), Error(NO_METHOD), true);
    }
}

fn ids(corpus: &mut Corpus) {
    for id in ["null", "true", "false", "{}", "[]", "[1]", "1.5", "-0.1", "1e3", "1E-2", r#""\ud800""#, r#""\udc00x""#]
    {
        corpus.both(&LIST.replace('#', id), Error(INVALID), false);
    }
    corpus.both(&LIST.replace('#', &"9".repeat(400)), Error(INVALID), false);
    let long = format!("\"{}\"", "i".repeat(5_000));
    for id in [
        "0",
        "-1",
        "1.0",
        "9007199254740993",
        "123456789012345678901234567890",
        r#""""#,
        r#""\u0041""#,
        r#""\ud83d\ude00""#,
        &long,
    ] {
        corpus.raw(LIST.replace('@', "").replace('#', id).into_bytes(), Served, Some(id));
    }
}

fn bytes(corpus: &mut Corpus) {
    let list = |id: &str| LIST.replace('@', "").replace('#', id);
    for broken in
        [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xe2\x82", b"\xf8\x88\x80\x80\x80", b"\xf4\x90\x80\x80", b"\x80"]
    {
        let with = |part: &str| {
            let (before, after) = part.split_once('!').unwrap();
            [before.as_bytes(), broken, after.as_bytes()].concat()
        };
        corpus.raw(with(r#"{"jsonrpc":"2.0","id":7001,"method":"!"}"#), Error(PARSE), Some("7001"));
        corpus.raw(
            with(r#"{"jsonrpc":"2.0","id":7002,"method":"tools/list","params":{"x":"!"}}"#),
            Error(PARSE),
            Some("7002"),
        );
        corpus.raw(with(r#"{"jsonrpc":"2.0","id":"!","method":"tools/list"}"#), Error(PARSE), None);
        corpus.raw(with(r#"{"jsonrpc":"2.0","id":7003,"method":"tools/list"}!"#), Error(PARSE), None);
        corpus.raw(with("!"), Error(PARSE), None);
    }
    corpus.raw([b"\xef\xbb\xbf", list("7010").as_bytes()].concat(), Error(PARSE), None);
    corpus.raw(list("7011").encode_utf16().flat_map(u16::to_le_bytes).collect(), Error(PARSE), None);
    corpus.raw(list("7012").encode_utf16().flat_map(u16::to_be_bytes).collect(), Error(PARSE), None);
    for around in ["\r", " \t\r", "\r\r"] {
        corpus.raw(format!("{}{around}", list("7013")).into_bytes(), Served, Some("7013"));
        corpus.raw(format!("{around}{}", list("7014")).into_bytes(), Served, Some("7014"));
    }
    for after in ["\u{0c}", "\0", "\u{a0}", ",", ";", "}", "]", "x", "//", "#"] {
        corpus.raw(format!("{}{after}", list("7015")).into_bytes(), Error(PARSE), None);
    }
    for between in ["", " ", ",", "\r", "\t"] {
        corpus.raw(format!("{}{between}{}", list("7016"), list("7017")).into_bytes(), Error(PARSE), None);
    }
    let padding = "x".repeat(LIMIT);
    corpus.raw(list("7018").replace("{}", &format!(r#"{{"x":"{padding}"}}"#)).into_bytes(), Error(INVALID), None);
    corpus.raw(padding.into_bytes(), Error(PARSE), None);
    corpus.raw(vec![b'x'; LIMIT + 1], Error(INVALID), None);
}

fn not_quite_json(corpus: &mut Corpus) {
    for value in [
        "NaN",
        "Infinity",
        "-Infinity",
        "undefined",
        "0x10",
        "+1",
        "01",
        ".5",
        "1.",
        "1e",
        "--1",
        "'x'",
        "\"\t\"",
        "\"\\x41\"",
        "\"\\u12\"",
        "\"open",
        "[1,]",
        "[1 2]",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\" 1}",
        "nul",
        "TRUE",
        "/**/1",
        "1//",
    ] {
        corpus.one(&LIST.replace("{@}", &format!(r#"{{"x":{value}}}"#)), Error(PARSE), false, false);
    }
    for text in [
        "nonsense",
        "GET / HTTP/1.1",
        "Content-Length: 52",
        "<?xml version=\"1.0\"?>",
        "--",
        "\u{1b}[2J",
        "'",
        "\"",
        "\\",
        "}",
        "]",
        ":",
    ] {
        corpus.raw(text.as_bytes().to_vec(), Error(PARSE), None);
    }
    // Half a character: where it is not decoded nobody minds.
    corpus.one(&LIST.replace("tools/list", "\\ud800"), Error(PARSE), true, false);
    corpus.one(&LIST.replace("{@}", r#"{"x":"\udfff"}"#), Served, true, false);
    corpus.one(&LIST.replace("\"method\"", r#""\ud800":1,"method""#), Error(PARSE), false, false);
    for depth in [127, 200, 10_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        corpus.one(&LIST.replace("{@}", &format!(r#"{{"x":{deep}}}"#)), Served, true, false);
        corpus.raw(deep.into_bytes(), Error(INVALID), None);
    }
    corpus.raw(vec![b'['; 50_000], Error(PARSE), None);
}

fn batches(corpus: &mut Corpus) {
    let one = r#"{"jsonrpc":"2.0","id":7100,"method":"tools/list"}"#;
    for batch in [
        "[]".to_owned(),
        r#"["2.0",7101,"ping"]"#.to_owned(),
        "[1]".to_owned(),
        "[[]]".to_owned(),
        format!("[{one}]"),
        format!("[{one},{one}]"),
        format!("[[{one}]]"),
    ] {
        corpus.raw(batch.into_bytes(), Error(INVALID), None);
    }
    for scalar in ["42", "-1", "1.5", "null", "true", "false", r#""text""#, "{}", r#"{"id":null}"#] {
        corpus.raw(scalar.as_bytes().to_vec(), Error(INVALID), None);
    }
}

fn shapes(corpus: &mut Corpus) {
    for name in
        ["", r#""name":1"#, r#""name":null"#, r#""name":[]"#, r#""name":"no_such""#, r#""name":"""#, r#""name":"CHAT""#]
    {
        let with = |meta: &str| {
            let params = [name, meta].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",");
            format!(r##"{{"jsonrpc":"2.0","id":#,"method":"tools/call","params":{{{params}}}}}"##)
        };
        corpus.one(&with(""), Error(PARAMS), true, false);
        corpus.one(&with(META), Error(PARAMS), true, true);
    }
    let meta = |meta: &str| LIST.replace("{@}", &format!(r#"{{"_meta":{meta}}}"#));
    for wrong in [
        "1",
        "true",
        r#""x""#,
        r#"{"io.modelcontextprotocol/protocolVersion":1}"#,
        r#"{"io.modelcontextprotocol/protocolVersion":{}}"#,
    ] {
        corpus.one(&meta(wrong), Error(PARAMS), true, false);
    }
    for version in ["", "1999-01-01", "2026-07-28 ", "2026-07-29", "latest"] {
        corpus.one(
            &meta(&format!(r#"{{"io.modelcontextprotocol/protocolVersion":"{version}"}}"#)),
            Error(VERSION),
            true,
            true,
        );
    }
    corpus.one(&meta(r#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#), Error(PARAMS), true, true);
    for token in ["1.5", "true", "null", "{}", "[]"] {
        corpus.one(&meta(&format!(r#"{{"progressToken":{token}}}"#)), Served, true, false);
    }
}

fn silent(corpus: &mut Corpus) {
    for text in [
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unknown","params":{}}"#,
        r#"{"jsonrpc":"2.0","method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"version"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":null}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1.5}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"nobody"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":null}"#,
        r#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"no"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":7}"#,
    ] {
        corpus.raw(text.as_bytes().to_vec(), Nothing, None);
    }
}

impl Line {
    fn check(&self, answers: &[Value]) {
        let shown: String = String::from_utf8_lossy(&self.bytes).chars().take(300).collect();
        let got = match answers {
            [] => (Nothing, None),
            [one] if one["error"].is_object() => (Error(one["error"]["code"].as_i64().unwrap()), one.get("id")),
            [one] => (Served, one.get("id")),
            more => panic!("{shown}: one answer, not {more:?}"),
        };
        let id = self.id.as_deref().filter(|_| self.answer != Nothing).map(|id| serde_json::from_str(id).unwrap());
        assert_eq!(got, (self.answer.clone(), id.as_ref()), "{shown}");
    }
}

#[test]
fn the_corpus_has_more_than_three_hundred_lines() {
    let lines = corpus();
    assert!(lines.len() >= 300, "{}", lines.len());
    assert!(lines.iter().all(|line| !line.bytes.contains(&b'\n')));
}

#[tokio::test]
async fn over_stdio_every_line_gets_its_one_answer_and_the_connection_lives_on() {
    let mut zen = Place::new().set("server.max_line", LIMIT).connected().await;
    for line in corpus() {
        zen.write(&[&line.bytes[..], b"\n"].concat()).await;
        let mut answers = Vec::new();
        // All that is answered at once is answered in order.
        zen.write(b"{\"jsonrpc\":\"2.0\",\"id\":\"still there\",\"method\":\"ping\"}\n").await;
        loop {
            let message = zen.next_message().await.expect("it lives on");
            if message["id"] == "still there" {
                break;
            }
            answers.push(message);
        }
        line.check(&answers);
    }
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn over_http_every_line_gets_its_one_answer_and_the_session_lives_on() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::open(&rehearsal, |config| config.server.max_line = LIMIT).await;
    let session = site.session("2025-11-25").await;
    let mut web = site.client().await;
    for line in corpus() {
        let mut headers = vec![BOTH, JSON];
        match line.newer {
            true => headers.extend([MODERN, ("mcp-method", "tools/list")]),
            false => headers.push(("mcp-session-id", &*session.id)),
        }
        let is_too_long = line.bytes.len() > LIMIT;
        let reply = web.send("POST", "/mcp", &headers, line.bytes.clone()).await;
        let shown: String = String::from_utf8_lossy(&line.bytes).chars().take(300).collect();
        match (&line.answer, line.newer) {
            _ if is_too_long => assert_eq!(reply.status, 413, "{shown}"),
            (Nothing, _) => assert_eq!((reply.status, reply.text().as_str()), (202, ""), "{shown}"),
            // Its head may say something else than what its body says, which is an error of its own.
            (Error(_), true) => {
                assert!(matches!(reply.status, 400 | 404), "{shown}: {}", reply.status);
                assert!(reply.json()["error"]["code"].is_i64(), "{shown}");
            }
            _ => line.check(&[reply.json()]),
        }
        if is_too_long {
            web = site.client().await;
        }
    }
    let still = json!({ "jsonrpc": "2.0", "id": "still there", "method": "ping" });
    assert_eq!(web.post(&[("mcp-session-id", &*session.id)], &still).await.json()["result"], json!({}));
}
