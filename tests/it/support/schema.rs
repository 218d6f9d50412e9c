//! The official JSON schema of each protocol version, and what every line that a process writes is held against.

use std::collections::HashMap;
use std::sync::LazyLock;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

/// The version of a client that has not settled on one.
const UNSETTLED: &str = "2025-11-25";
const STATELESS: &str = "2026-07-28";

static BOOKS: LazyLock<[Book; 5]> = LazyLock::new(|| {
    [
        Book::of("2024-11-05", include_str!("../schema/2024-11-05.json")),
        Book::of("2025-03-26", include_str!("../schema/2025-03-26.json")),
        Book::of("2025-06-18", include_str!("../schema/2025-06-18.json")),
        Book::of(UNSETTLED, include_str!("../schema/2025-11-25.json")),
        Book::of(STATELESS, include_str!("../schema/2026-07-28.json")),
    ]
});

/// One version's definitions.
struct Book {
    version: &'static str,
    schemas: Schemas,
    definitions: HashMap<String, SchemaIndex>,
    /// Which definition a method's messages have.
    by_method: HashMap<String, String>,
}

impl Book {
    fn of(version: &'static str, text: &str) -> Self {
        let schema: Value = serde_json::from_str(text).unwrap();
        // Drafts of JSON Schema differ in where definitions stand.
        let under = if schema["$defs"].is_object() { "$defs" } else { "definitions" };
        let method = |definition: &Value| definition["properties"]["method"]["const"].as_str().map(str::to_owned);
        let all = schema[under].as_object().unwrap().clone();
        let by_method = all.iter().filter_map(|(name, one)| Some((method(one)?, name.clone()))).collect();
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(&url(version), schema).unwrap();
        let mut compiled = |name: &String| {
            let index = compiler.compile(&format!("{}#/{under}/{name}", url(version)), &mut schemas).unwrap();
            (name.clone(), index)
        };
        let definitions = all.keys().map(&mut compiled).collect();
        Self { version, schemas, definitions, by_method }
    }

    fn check(&self, definition: &str, value: &Value) {
        if let Err(error) = self.schemas.validate(value, self.definitions[definition]) {
            panic!("{value} is no {definition} of {}: {error:#}", self.version);
        }
    }

    /// What the answer to `method` has to be.
    fn result_of(&self, method: &str) -> String {
        let request = self.by_method.get(method).cloned().unwrap_or_default();
        let result = format!("{}Result", request.strip_suffix("Request").unwrap_or("No"));
        if self.definitions.contains_key(&result) { result } else { "Result".to_owned() }
    }
}

fn url(version: &str) -> String {
    format!("https://schema.test/{version}.json")
}

/// What a client and a process have said to each other, as far as it says how the next line is to be read.
#[derive(Default)]
pub struct Conversation {
    /// What the last `initialize` settled on.
    version: Option<String>,
    /// The methods of the requests that were not answered yet.
    asked: HashMap<String, String>,
    /// What was sent of a line that is not complete.
    line: Vec<u8>,
}

impl Conversation {
    /// The client sends these bytes.
    pub fn sent(&mut self, bytes: &[u8]) {
        self.line.extend_from_slice(bytes);
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            match serde_json::from_slice(&line) {
                Ok(Value::Array(messages)) => messages.iter().for_each(|message| self.asks(message)),
                Ok(message) => self.asks(&message),
                Err(_) => {}
            }
        }
    }

    fn asks(&mut self, message: &Value) {
        if let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) {
            self.asked.insert(id.to_string(), method.to_owned());
        }
    }

    /// Panics unless the process may write this message.
    pub fn heard(&mut self, message: &Value) {
        if let Value::Array(messages) = message {
            return messages.iter().for_each(|message| self.heard(message));
        }
        let settled = self.version.clone().unwrap_or_else(|| UNSETTLED.to_owned());
        let is_stateless = message["result"].get("resultType").is_some();
        // Before 2025-11-25 the schema had no form for an error without an id, which JSON-RPC demands where none was read.
        let is_anonymous = message.get("error").is_some() && message.get("id").is_none();
        let version = match (is_stateless, is_anonymous) {
            (true, _) => STATELESS,
            (false, true) => UNSETTLED,
            (false, false) => &settled,
        };
        let book = BOOKS.iter().find(|book| book.version == version).unwrap();
        book.check("JSONRPCMessage", message);
        if let Some(method) = message["method"].as_str() {
            if let Some(definition) = book.by_method.get(method) {
                book.check(definition, message);
            }
            return;
        }
        let asked = message.get("id").and_then(|id| self.asked.remove(&id.to_string()));
        let (Some(method), Some(result)) = (asked, message.get("result")) else { return };
        let definition = match result["resultType"].as_str() {
            None | Some("complete") => book.result_of(&method),
            Some("input_required") => "InputRequiredResult".to_owned(),
            Some(_) => "Result".to_owned(),
        };
        book.check(&definition, result);
        if method == "initialize" {
            self.version = result["protocolVersion"].as_str().map(str::to_owned);
        }
    }
}

#[test]
fn a_message_that_is_none_is_noticed() {
    let heard = |message: &str| {
        let mut conversation = Conversation::default();
        conversation.sent(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}\n");
        let message: Value = serde_json::from_str(message).unwrap();
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| conversation.heard(&message))).is_ok()
    };
    assert!(heard(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"x"}]}}"#));
    assert!(heard(r#"{"jsonrpc":"2.0","error":{"code":-32700,"message":"x"}}"#));
    for wrong in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":1.5,"progress":1}}"#,
    ] {
        assert!(!heard(wrong), "{wrong}");
    }
}
