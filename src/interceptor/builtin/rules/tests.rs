//! Rules from a file that is right, wrong, and changed.

use bytes::Bytes;
use serde_json::{Value, json};

use std::fs;

use super::*;
use crate::id::ConnectionId;
use crate::interceptor::{Chain, Direction, Message, Verdict};
use crate::mcp::envelope::Envelope;

const DEADLINE: Duration = Duration::from_secs(5);

struct Placed {
    folder: tempfile::TempDir,
    rules: Arc<Rules>,
}

fn placed(text: &str) -> Placed {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    fs::write(&path, text).unwrap();
    let rules = Rules::open(&path, DEADLINE, Clock::system()).unwrap_or_else(|errors| panic!("{errors:?}"));
    Placed { folder, rules }
}

impl Placed {
    fn chain(&self) -> Chain {
        let mut chain = Chain::default();
        chain.register_changing(self.rules.clone());
        chain
    }

    /// Writes the file anew, and lets the rules look until they have seen that it does not change any more.
    fn rewrite(&self, text: &str) {
        fs::write(self.folder.path().join("rules.toml"), text).unwrap();
        self.rules.look();
        self.rules.look();
    }
}

fn message(direction: Direction, value: &Value) -> Message {
    let bytes = Bytes::from(value.to_string());
    let mut message = Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes));
    message.header.direction = direction;
    message
}

fn call(tool: &str, arguments: Value) -> Message {
    let params = json!({ "name": tool, "arguments": arguments });
    message(Direction::In, &json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }))
}

async fn passed(chain: &Chain, message: Message) -> Option<Value> {
    match chain.pass(message).await {
        Verdict::Passed(approved) => Some(serde_json::from_slice(&approved.message().bytes).unwrap()),
        _ => None,
    }
}

#[tokio::test]
async fn a_rule_applies_where_all_its_conditions_hold() {
    let placed = placed(
        r#"
        [[rule]]
        name = "no secrets"
        method = "tools/call"
        tool = ["chat", "think*"]
        direction = "in"
        when = [
            { pointer = "/params/arguments/prompt", contains = "secret" },
            { pointer = "/params/arguments/model", glob = "gpt-*" },
        ]
        action = "block"
        reason = "ask somebody else"
        "#,
    );
    let chain = placed.chain();
    let asks = |tool: &str, prompt: &str, model: &str| call(tool, json!({ "prompt": prompt, "model": model }));
    let Verdict::Blocked { reason } = chain.pass(asks("thinkdeep", "my secret", "gpt-5")).await else {
        panic!("it is blocked")
    };
    assert_eq!(reason, "ask somebody else");
    for other in [asks("debug", "my secret", "gpt-5"), asks("chat", "hello", "gpt-5"), asks("chat", "secret", "grok")] {
        assert!(passed(&chain, other).await.is_some());
    }
    assert_eq!(placed.rules.current()[0].tally.hits(), 1);
}

#[tokio::test]
async fn a_modification_is_seen_by_the_rules_behind_it_and_nothing_else_changes() {
    let placed = placed(
        r#"
        [[rule]]
        name = "flash for all"
        tool = "chat"
        kind = "request"
        action = "modify"
        set = [
            { pointer = "/params/arguments/model", value = "flash" },
            { pointer = "/params/arguments/made/on~1the/way", value = 3 },
            { pointer = "/params/arguments/images/-", value = "added" },
        ]
        remove = ["/params/arguments/temperature", "/params/arguments/not_there"]

        [[rule]]
        name = "told"
        when = [{ pointer = "/params/arguments/model", equals = "flash" }]
        action = "log"
        "#,
    );
    let arguments = json!({ "prompt": "p", "temperature": 1.0, "images": ["one"], "model": "pro" });
    let value = passed(&placed.chain(), call("chat", arguments)).await.unwrap();
    assert_eq!(
        value["params"]["arguments"].to_string(),
        r#"{"prompt":"p","images":["one","added"],"model":"flash","made":{"on/the":{"way":3}}}"#
    );
    assert_eq!(placed.rules.current()[1].tally.hits(), 1);
}

#[tokio::test]
async fn what_cannot_be_set_blocks() {
    let placed = placed(
        r#"rule = [{ name = "r", action = "modify", set = [{ pointer = "/params/arguments/prompt/x", value = 1 }] }]"#,
    );
    assert_eq!(passed(&placed.chain(), call("chat", json!({ "prompt": "text" }))).await, None);
}

#[tokio::test]
async fn a_ping_is_answered_in_the_servers_stead_and_what_is_no_message_passes() {
    let placed = placed(r#"rule = [{ name = "r", method = "*", action = "mock", result = { a = [1, 2.5, true] } }]"#);
    let chain = placed.chain();
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let Verdict::Mocked(body) = chain.pass(message(Direction::In, &ping)).await else { panic!("it is answered") };
    assert!(format!("{body:?}").contains("2.5"));
    assert!(passed(&chain, message(Direction::In, &json!({ "jsonrpc": "2.0", "id": 1 }))).await.is_some());
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rules.toml");
    let text = r#"
[[rule]]
name = "one"
acton = "block"

[[rule]]
name = "two"
action = "modify"
set = [{ pointer = "/id", value = 7 }]
delay = "2s"

[[rule]]
name = "two"
direction = "sideways"
when = [{ pointer = "params", equals = 1 }, { pointer = "/params" }]
action = "pause"
timeout = "soon"

[[rule]]
name = "three"
direction = "out"
action = "mock"
result = 5
"#;
    fs::write(&path, text).unwrap();
    let errors = Rules::open(&path, DEADLINE, Clock::system()).err().unwrap();
    let told = |line: usize, part: &str| {
        let place = format!("rules.toml:{line}:");
        assert!(
            errors.iter().any(|error| error.contains(&place) && error.contains(part)),
            "{line} {part}: {errors:#?}"
        );
    };
    told(4, "did you mean `action`?");
    told(2, "needs an action");
    told(9, "below /params");
    told(10, "belongs to the action delay");
    told(14, "in, out");
    told(15, "JSON pointer");
    told(15, "exactly one");
    told(17, "duration");
    told(23, "no object");
    told(12, "named \"two\" already");
    fs::write(&path, "[[rule]\nname").unwrap();
    assert!(!Rules::open(&path, DEADLINE, Clock::system()).err().unwrap().is_empty());
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let errors = Rules::open(Path::new("/nowhere/rules.toml"), DEADLINE, Clock::system()).err().unwrap();
    assert!(errors[0].contains("/nowhere/rules.toml") && errors[0].contains("cannot be read"), "{errors:?}");
}

const BLOCKS: &str = r#"rule = [{ name = "r", tool = "chat", action = "block", reason = "first" }]"#;

#[tokio::test]
async fn a_changed_file_is_in_force_whole_or_not_at_all() {
    let placed = placed(BLOCKS);
    let chain = placed.chain();
    let blocked = async || match chain.pass(call("chat", json!({}))).await {
        Verdict::Blocked { reason } => reason,
        _ => "passed".to_owned(),
    };
    assert_eq!(blocked().await, "first");
    placed.rewrite(&BLOCKS.replace("first", "second"));
    assert_eq!(blocked().await, "second");
    assert_eq!(placed.rules.current()[0].tally.hits(), 2, "hits go on across a reload");

    placed.rewrite(&format!("{}\nwrong = 1", BLOCKS.replace("first", "third")));
    assert_eq!(blocked().await, "second");
    let told = placed.rules.file().errors;
    assert!(told[0].contains("rules.toml:2:1") && told[0].contains("wrong"), "{told:?}");

    fs::remove_file(placed.folder.path().join("rules.toml")).unwrap();
    placed.rules.look();
    placed.rules.look();
    assert_eq!(blocked().await, "second");
    placed.rewrite("");
    assert_eq!((blocked().await, placed.rules.file().errors), ("passed".to_owned(), Vec::new()));
}

#[test]
fn a_file_that_still_changes_is_not_read_yet() {
    let placed = placed(BLOCKS);
    fs::write(placed.folder.path().join("rules.toml"), "").unwrap();
    placed.rules.look();
    assert_eq!(placed.rules.current().len(), 1);
    placed.rules.look();
    assert_eq!(placed.rules.current().len(), 0);
}

#[test]
fn a_switch_by_hand_holds_until_the_file_says_otherwise() {
    let placed = placed(BLOCKS);
    placed.rules.current()[0].tally.switch(false);
    placed.rewrite(&BLOCKS.replace("first", "second"));
    assert!(!placed.rules.current()[0].tally.is_on());
    placed.rewrite(&BLOCKS.replace("tool", "enabled = false, tool"));
    placed.rewrite(BLOCKS);
    assert!(placed.rules.current()[0].tally.is_on());
}

#[test]
fn rules_that_are_brought_along_are_checked_as_a_file_is() {
    let one = "[[rule]]\nname = \"a\"\naction = \"block\"\nenabled = false\n";
    let rules = brought(one, Duration::from_secs(1)).unwrap();
    assert_eq!(rules.iter().map(|rule| (&*rule.name, rule.tally.is_on())).collect::<Vec<_>>(), [("a", false)]);
    assert_eq!(brought("[[rule]]\nname = \"a\"", Duration::ZERO).err().map(|wrong| wrong.len()), Some(1));
}
