//! What an agent is told before it asks anything: the tools of the older servers with all their fields, in few tokens.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;

/// Every field of the older servers by tool, in their order; `*` where it is required, its words where it is an enum. Of
/// clink the CLIs and their roles are the user's to name, and one of each is taken where none is named.
const FIELDS: &str = include_str!("fields.txt");
/// Tokens at four bytes each.
const MOST_TOKENS: usize = 5_600;
const MOST_INSTRUCTIONS: usize = 400;

async fn listed() -> (Vec<Value>, String) {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let mut zen = Place::with(&rehearsal).stdio();
    let hello = zen.initialize("2025-11-25").await;
    let list = zen.request("tools/list", json!({})).await;
    let tools = list["result"]["tools"].as_array().unwrap().clone();
    (tools, hello["result"]["instructions"].as_str().unwrap().to_owned())
}

fn fields_of(tool: &Value) -> Vec<String> {
    let schema = &tool["inputSchema"];
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    let field = |(name, field): (&String, &Value)| {
        let mark = if required.contains(&&json!(name)) { "*" } else { "" };
        let words = field["enum"].as_array().map(|words| {
            let words: Vec<_> = words.iter().map(|word| word.as_str().unwrap()).collect();
            format!("({})", words.join("|"))
        });
        format!("{name}{mark}{}", words.unwrap_or_default())
    };
    schema["properties"].as_object().unwrap().iter().map(field).collect()
}

#[tokio::test]
async fn the_tools_of_the_older_servers_keep_every_field_in_5600_tokens() {
    let (tools, instructions) = listed().await;
    let by_name: BTreeMap<_, _> = tools.iter().map(|tool| (tool["name"].as_str().unwrap(), tool)).collect();
    let (mut bytes, mut fields) = (0, 0);
    for line in FIELDS.lines() {
        let (name, expected) = line.split_once(':').unwrap();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        fields += expected.len();
        let tool = by_name.get(name).unwrap_or_else(|| panic!("{name} is not listed"));
        let has = fields_of(tool);
        for field in &expected {
            assert!(has.iter().any(|known| known == field), "{name} lacks {field}: {has:?}");
        }
        assert_eq!(has.iter().filter(|field| field.contains('*')).count(), line.matches('*').count(), "{name}");
        assert!(tool["annotations"]["readOnlyHint"].is_boolean() && tool["title"].is_string(), "{tool}");
        assert!(tool["description"].as_str().unwrap().len() > 40, "{tool}");
        bytes += tool.to_string().len() + 1;
    }
    assert_eq!(fields, 231);
    let tokens = bytes.div_ceil(4);
    assert!(tokens <= MOST_TOKENS, "{tokens} tokens");
    let said = instructions.len().div_ceil(4);
    assert!(said <= MOST_INSTRUCTIONS, "{said} tokens of instructions");
    println!("tools/list {tokens} tokens, instructions {said}");
}

#[tokio::test]
async fn the_surface_is_this() {
    let (tools, instructions) = listed().await;
    let lines: Vec<_> = tools.iter().map(Value::to_string).collect();
    insta::assert_snapshot!(format!("{instructions}\n\n{}", lines.join("\n")));
}

#[tokio::test]
async fn a_bad_step_names_every_bad_field_at_once_and_opens_nothing() {
    let rehearsal = Rehearsal::start(Scene::reply("never")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let bad = json!({ "stepp": "x", "step_number": 0, "next_step_required": "no", "confidence": "sure", "issues_found": ["x"] });
    let reply = zen.call("debug", bad).await;
    assert!(reply.is_error);
    for named in [
        "did you mean `step`",
        "step_number",
        "next_step_required",
        "confidence",
        "issues_found",
        "total_steps",
        "findings",
    ] {
        assert!(reply.content().contains(named), "{named} in {}", reply.content());
    }
    let lacking = zen.call("codereview", super::step(1, 2, " ", "")).await;
    assert!(lacking.is_error);
    assert_eq!((lacking.status().as_str(), &lacking.json()["step_number"]), ("codereview_failed", &json!(1)));
    for named in ["`relevant_files` is missing", "`step` is empty"] {
        assert!(lacking.json()["error"].as_str().unwrap().contains(named), "{lacking:?}");
    }
    let relative = super::with(super::step(1, 2, "Look", ""), json!({ "relevant_files": ["src/a.rs"] }));
    assert!(zen.call("analyze", relative).await.json()["error"].as_str().unwrap().contains("'src/a.rs' is none"));
    let long = super::with(super::step(1, 2, &"x".repeat(60_001), ""), json!({}));
    assert_eq!(zen.call("debug", long).await.status(), "resend_prompt");
    let none = zen.call("listthreads", json!({})).await;
    assert!(none.content().contains("No thread"), "{none:?}");
}
