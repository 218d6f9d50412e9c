//! Gemini's own format, `streamGenerateContent`, as Google serves it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider::complaint::Complaint;
use crate::provider::effort::Effort;
use crate::provider::failure::{Class, Fault};
use crate::provider::model::{EffortWire, Model, thinking_budget};
use crate::provider::reply::Reply;
use crate::provider::{Finish, Part, Request, Role, Usage};
use crate::unit::Tokens;

/// The finish reasons by which a reply is withheld.
const WITHHELD: [&str; 8] = [
    "SAFETY",
    "RECITATION",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "LANGUAGE",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Turn<'a>>,
    contents: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<Generation>,
}

#[derive(Serialize)]
struct Turn<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<TurnPart<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum TurnPart<'a> {
    Text(&'a str),
    InlineData { mime_type: &'a str, data: &'a str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation {
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<Thinking>,
}

#[derive(Serialize)]
enum Thinking {
    #[serde(rename = "thinkingBudget")]
    Budget(Tokens),
    #[serde(rename = "thinkingLevel")]
    Level(Effort),
}

pub(super) fn write(model: &Model, request: &Request, effort: Option<Effort>) -> serde_json::Result<Vec<u8>> {
    let temperature = model.temperature(request.temperature, effort);
    let thinking_config = effort.zip(model.efforts.as_ref()).map(|(effort, efforts)| match efforts.wire {
        EffortWire::ThinkingBudget { min, max } => Thinking::Budget(thinking_budget(effort, min, max)),
        EffortWire::ThinkingLevel | EffortWire::ReasoningEffort => Thinking::Level(effort),
    });
    let says_anything = temperature.is_some() || thinking_config.is_some();
    let body = Body {
        system_instruction: request
            .system
            .as_deref()
            .map(|text| Turn { role: None, parts: vec![TurnPart::Text(text)] }),
        contents: contents(request),
        generation_config: says_anything.then_some(Generation { temperature, thinking_config }),
    };
    serde_json::to_vec(&body)
}

/// The turns, adjacent ones of one role joined: the format wants the roles to alternate.
fn contents(request: &Request) -> Vec<Turn<'_>> {
    let mut turns: Vec<Turn> = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        let role = match message.role {
            Role::User => "user",
            Role::Assistant => "model",
        };
        let parts = message.parts.iter().map(|part| match part {
            Part::Text(text) => TurnPart::Text(text),
            Part::Image(image) => TurnPart::InlineData { mime_type: image.media_type, data: &image.base64 },
        });
        match turns.last_mut() {
            Some(last) if last.role == Some(role) => last.parts.extend(parts),
            _ => turns.push(Turn { role: Some(role), parts: parts.collect() }),
        }
    }
    turns
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    error: Option<Value>,
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Counts>,
    model_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(borrow)]
    content: Option<Written<'a>>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    parts: Option<Vec<WrittenPart<'a>>>,
}

#[derive(Deserialize)]
struct WrittenPart<'a> {
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    thought: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

/// A count of zero is left out by the service.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Counts {
    prompt_token_count: u64,
    cached_content_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    tool_use_prompt_token_count: u64,
}

pub(super) fn read(data: &str, reply: &mut Reply) -> Result<(), Fault> {
    let chunk: Chunk = serde_json::from_str(data)
        .map_err(|error| Fault::new(Class::Protocol, format!("an event is not as the format has it: {error}")))?;
    if chunk.error.is_some() {
        return Err(Complaint::read(data).fault(None, None));
    }
    if let Some(model) = chunk.model_version {
        reply.served_by = Some(model);
    }
    if let Some(counts) = chunk.usage_metadata {
        reply.usage = counts.usage();
    }
    if let Some(reason) = chunk.prompt_feedback.and_then(|feedback| feedback.block_reason) {
        return Err(Fault::new(Class::Filtered, format!("the prompt was refused: {reason}")));
    }
    let Some(candidate) = chunk.candidates.into_iter().flatten().next() else { return Ok(()) };
    let parts = candidate.content.and_then(|content| content.parts).unwrap_or_default();
    reply.text.extend(parts.into_iter().filter(|part| !part.thought).filter_map(|part| part.text));
    if let Some(reason) = candidate.finish_reason.filter(|reason| reason != "FINISH_REASON_UNSPECIFIED") {
        reply.finish = Some(finish(reason));
    }
    Ok(())
}

fn finish(reason: String) -> Finish {
    match reason.as_str() {
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        known if WITHHELD.contains(&known) => Finish::Filtered(reason),
        _ => Finish::Other(reason),
    }
}

impl Counts {
    fn usage(self) -> Usage {
        Usage {
            input: Some(Tokens(self.prompt_token_count) + Tokens(self.tool_use_prompt_token_count)),
            output: Some(Tokens(self.candidates_token_count) + Tokens(self.thoughts_token_count)),
            reasoning: Some(Tokens(self.thoughts_token_count)),
            cached_input: Some(Tokens(self.cached_content_token_count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(events: &[Value]) -> Result<Reply, Fault> {
        let mut reply = Reply::default();
        events.iter().try_for_each(|event| read(&event.to_string(), &mut reply)).map(|()| reply)
    }

    #[test]
    fn the_last_usage_wins_and_what_is_absent_is_zero() {
        let reply = read_all(&[
            json!({"candidates": [{"content": {"parts": [{"text": "thinking", "thought": true}, {"text": "a"}]}}],
                "usageMetadata": {"promptTokenCount": 9}}),
            json!({"candidates": [{"content": {"parts": [{"text": "b"}]}, "finishReason": "STOP"}], "modelVersion": "v",
                "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 2, "thoughtsTokenCount": 30}}),
        ])
        .unwrap();
        assert_eq!((reply.text.as_str(), &reply.finish), ("ab", &Some(Finish::Stop)));
        assert_eq!(reply.served_by.as_deref(), Some("v"));
        let Usage { input, output, reasoning, cached_input } = reply.usage;
        assert_eq!([input, output, reasoning, cached_input].map(|count| count.unwrap().0), [9, 32, 30, 0]);
        assert_eq!(read_all(&[json!({"candidates": []})]).unwrap().usage, Usage::default());
    }

    #[test]
    fn a_refused_prompt_and_a_withheld_reply_say_why() {
        let fault = read_all(&[json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})]).unwrap_err();
        assert_eq!(
            (fault.class, fault.message.as_str()),
            (Class::Filtered, "the prompt was refused: PROHIBITED_CONTENT")
        );
        let mut reply = read_all(&[json!({"candidates": [{"finishReason": "SAFETY"}]})]).unwrap();
        assert_eq!(reply.settle().unwrap_err(), Fault::new(Class::Filtered, "SAFETY"));
        let mut reply = read_all(&[json!({"candidates": [{"finishReason": "MAX_TOKENS"}]})]).unwrap();
        assert_eq!(reply.settle().unwrap_err().class, Class::Empty);
        let mut reply = read_all(&[json!({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL"}]})]).unwrap();
        assert_eq!(reply.settle().unwrap_err().message, "it ended without text (MALFORMED_FUNCTION_CALL)");
    }

    #[test]
    fn an_error_is_seen_before_all_else() {
        let error = json!({"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}});
        assert_eq!(read_all(&[error]).unwrap_err().class, Class::Overloaded);
    }
}
