//! The Responses format of OpenAI, streamed: the only one in which its pro and codex models are served. Nothing is kept
//! on the provider's side.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider::complaint::Complaint;
use crate::provider::effort::Effort;
use crate::provider::failure::{Class, Fault};
use crate::provider::model::Model;
use crate::provider::reply::Reply;
use crate::provider::{Finish, Part, Request, Role, Usage};
use crate::unit::Tokens;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    input: Vec<Said<'a>>,
    stream: bool,
    store: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Vec<SaidPart<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SaidPart<'a> {
    InputText { text: &'a str },
    InputImage { image_url: String },
    OutputText { text: &'a str },
}

#[derive(Serialize)]
struct Reasoning {
    effort: Effort,
}

pub(super) fn write(model: &Model, request: &Request, effort: Option<Effort>) -> serde_json::Result<Vec<u8>> {
    let input = request.messages.iter().map(|message| Said {
        role: match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        content: message.parts.iter().map(|part| said(message.role, part)).collect(),
    });
    let reasons = effort.is_some_and(|effort| effort != Effort::None);
    serde_json::to_vec(&Body {
        model: model.sent_as(),
        instructions: request.system.as_deref(),
        input: input.collect(),
        stream: true,
        store: false,
        // A model that reasons refuses to hear of a temperature here, whatever range it has elsewhere.
        temperature: model.temperature(request.temperature, effort).filter(|_| !reasons),
        reasoning: effort.map(|effort| Reasoning { effort }),
    })
}

/// What a model said is `output_text`, what it was told is input.
fn said(role: Role, part: &Part) -> SaidPart<'_> {
    match (role, part) {
        (Role::User, Part::Text(text)) => SaidPart::InputText { text },
        (Role::Assistant, Part::Text(text)) => SaidPart::OutputText { text },
        (_, Part::Image(image)) => {
            SaidPart::InputImage { image_url: format!("data:{};base64,{}", image.media_type, image.base64) }
        }
    }
}

/// An event of a stream, or a whole reply, which has no `type` and an `object` instead.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    response: Option<Response>,
    error: Option<Value>,
}

/// Text in the events that matter here; other events put objects there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Delta<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Response {
    model: Option<String>,
    status: Option<String>,
    error: Option<Value>,
    incomplete_details: Option<Incomplete>,
    output: Option<Vec<Item>>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    content: Option<Value>,
}

#[derive(Deserialize)]
struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    input_tokens_details: Option<InputDetails>,
    output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
struct InputDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct OutputDetails {
    reasoning_tokens: Option<u64>,
}

pub(super) fn read(data: &str, reply: &mut Reply) -> Result<(), Fault> {
    let odd = |error| Fault::new(Class::Protocol, format!("an event is not as the format has it: {error}"));
    let event: Event = serde_json::from_str(data).map_err(odd)?;
    let text = match event.delta {
        Some(Delta::Text(text)) => text,
        _ => Cow::Borrowed(""),
    };
    match event.kind.as_deref() {
        Some("response.output_text.delta") => reply.text.push_str(&text),
        Some("response.refusal.delta") => reply.refusal.push_str(&text),
        Some("response.completed" | "response.incomplete" | "response.failed") => {
            if let Some(response) = event.response {
                settle(response, reply)?;
            }
            reply.ended = true;
        }
        // An error on the stream itself names its code and message beside the type, some servers in an object.
        Some("error") => return Err(complaint(event.error.as_ref(), data)),
        Some(_) => {}
        None if event.error.is_some() => return Err(complaint(event.error.as_ref(), data)),
        None => settle(serde_json::from_str(data).map_err(odd)?, reply)?,
    }
    Ok(())
}

/// The name of a code is all that is known of an error here: no status comes with it.
fn complaint(error: Option<&Value>, whole: &str) -> Fault {
    match error.filter(|error| error.is_object()) {
        Some(error) => Complaint::of(error),
        None => Complaint::read(whole),
    }
    .fault(None, None)
}

/// What the whole response says at its end. Its text counts only where none was streamed.
fn settle(response: Response, reply: &mut Reply) -> Result<(), Fault> {
    if let Some(counts) = response.usage {
        reply.usage = counts.usage();
    }
    if let Some(model) = response.model {
        reply.served_by = Some(model);
    }
    if let Some(error) = response.error.filter(|error| !error.is_null()) {
        return Err(Complaint::of(&error).fault(None, None));
    }
    let contents = response.output.into_iter().flatten().filter_map(|item| item.content);
    let (streamed, refused) = (!reply.text.is_empty(), !reply.refusal.is_empty());
    for part in contents.flat_map(|content| match content {
        Value::Array(parts) => parts,
        _ => Vec::new(),
    }) {
        match (part["type"].as_str(), part["text"].as_str(), part["refusal"].as_str()) {
            (Some("output_text"), Some(text), _) if !streamed => reply.text.push_str(text),
            (Some("refusal"), _, Some(refusal)) if !refused => reply.refusal.push_str(refusal),
            _ => {}
        }
    }
    reply.finish = finish(response.status.as_deref(), response.incomplete_details.and_then(|why| why.reason));
    match (response.status.as_deref(), &reply.finish) {
        (Some("failed"), _) => Err(Fault::new(Class::Overloaded, "the model failed while it answered")),
        (None, _) if reply.text.is_empty() && reply.refusal.is_empty() => {
            Err(Fault::new(Class::Protocol, "the reply has no status and no text"))
        }
        _ => Ok(()),
    }
}

fn finish(status: Option<&str>, reason: Option<String>) -> Option<Finish> {
    match (status?, reason.as_deref()) {
        ("completed", _) => Some(Finish::Stop),
        (_, Some("max_output_tokens")) => Some(Finish::Length),
        (_, Some("content_filter")) => reason.map(Finish::Filtered),
        (status, None) => Some(Finish::Other(status.to_owned())),
        (_, Some(_)) => reason.map(Finish::Other),
    }
}

impl Counts {
    fn usage(self) -> Usage {
        let cached = self.input_tokens_details.and_then(|details| details.cached_tokens);
        Usage {
            input: self.input_tokens.map(Tokens),
            output: self.output_tokens.map(Tokens),
            reasoning: self.output_tokens_details.and_then(|details| details.reasoning_tokens).map(Tokens),
            cached_input: cached.map(Tokens),
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

    fn completed() -> Value {
        let content = json!([{"type": "output_text", "text": "Gr\u{fc}\u{df}e", "annotations": []}]);
        json!({"object": "response", "model": "gpt-5.2-pro-2025", "status": "completed", "error": null,
            "output": [{"type": "reasoning", "summary": []}, {"type": "message", "content": content}],
            "usage": {"input_tokens": 10, "input_tokens_details": {"cached_tokens": 4}, "output_tokens": 7,
                "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 17}})
    }

    #[test]
    fn a_stream_and_a_whole_reply_come_to_the_same() {
        let streamed = [
            json!({"type": "response.created", "response": {"status": "in_progress", "error": null}}),
            json!({"type": "response.function_call_arguments.delta", "delta": {"an": "object"}}),
            json!({"type": "response.output_text.delta", "delta": "Gr\u{fc}"}),
            json!({"type": "response.output_text.delta", "delta": "\u{df}e"}),
            json!({"type": "response.completed", "response": completed()}),
        ];
        for events in [streamed.as_slice(), &[completed()]] {
            let reply = read_all(events).unwrap();
            assert_eq!((reply.text.as_str(), &reply.finish), ("Gr\u{fc}\u{df}e", &Some(Finish::Stop)));
            assert_eq!(reply.served_by.as_deref(), Some("gpt-5.2-pro-2025"));
            let Usage { input, output, reasoning, cached_input } = reply.usage;
            assert_eq!([input, output, reasoning, cached_input].map(|count| count.unwrap().0), [10, 7, 5, 4]);
        }
    }

    #[test]
    fn not_done_is_no_failure() {
        for (reason, finish) in [
            ("max_output_tokens", Finish::Length),
            ("content_filter", Finish::Filtered("content_filter".to_owned())),
            ("paused", Finish::Other("paused".to_owned())),
        ] {
            let response = json!({"status": "incomplete", "incomplete_details": {"reason": reason}});
            let delta = json!({"type": "response.output_text.delta", "delta": "half"});
            let reply = read_all(&[delta, json!({"type": "response.incomplete", "response": response})]).unwrap();
            assert_eq!((reply.text.as_str(), reply.finish), ("half", Some(finish)));
        }
    }

    #[test]
    fn a_refusal_is_filtered_once() {
        let content = json!([{"type": "refusal", "refusal": "I cannot"}]);
        let response = json!({"status": "completed", "output": [{"type": "message", "content": content}]});
        let delta = json!({"type": "response.refusal.delta", "delta": "I cannot"});
        let events = [delta, json!({"type": "response.completed", "response": response})];
        for events in [&events[..], &events[1..]] {
            assert_eq!(read_all(events).unwrap().settle().unwrap_err(), Fault::new(Class::Filtered, "I cannot"));
        }
    }

    #[test]
    fn an_error_has_the_class_of_its_code_in_every_shape() {
        let class = |event: Value| read_all(&[event]).unwrap_err().class;
        let failed = |code| json!({"status": "failed", "error": {"code": code, "message": "m"}});
        assert_eq!(
            class(json!({"type": "response.failed", "response": failed("rate_limit_exceeded")})),
            Class::Throttled
        );
        assert_eq!(class(json!({"type": "response.failed", "response": failed("server_error")})), Class::Overloaded);
        assert_eq!(class(json!({"type": "response.failed", "response": {"status": "failed"}})), Class::Overloaded);
        let flat = json!({"type": "error", "code": "insufficient_quota", "message": "m", "param": null});
        assert_eq!(class(flat), Class::Quota);
        let nested = json!({"type": "error", "error": {"code": "invalid_prompt", "message": "m"}});
        assert_eq!(class(nested), Class::BadRequest);
        assert_eq!(class(json!({"error": {"code": "context_length_exceeded"}})), Class::ContextOverflow);
        assert_eq!(class(json!({"choices": []})), Class::Protocol);
    }
}
