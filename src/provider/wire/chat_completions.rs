//! The Chat Completions format of OpenAI, as xAI, OpenRouter, Ollama, vLLM and many others speak it, streamed.

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
    messages: Vec<Said<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<Effort>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Content<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

pub(super) fn write(model: &Model, request: &Request, effort: Option<Effort>) -> serde_json::Result<Vec<u8>> {
    let system = request.system.as_deref().map(|text| Said { role: "system", content: Content::Text(text.into()) });
    let turns = request.messages.iter().map(|message| Said {
        role: match message.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        },
        content: content(&message.parts),
    });
    let body = Body {
        model: model.sent_as(),
        messages: system.into_iter().chain(turns).collect(),
        stream: true,
        stream_options: StreamOptions { include_usage: true },
        temperature: model.temperature(request.temperature, effort),
        reasoning_effort: effort,
    };
    serde_json::to_vec(&body)
}

/// Text without images goes as one string: not every endpoint takes parts.
fn content(parts: &[Part]) -> Content<'_> {
    let texts = parts.iter().map(|part| match part {
        Part::Text(text) => Some(&**text),
        Part::Image(_) => None,
    });
    if let Some(texts) = texts.collect::<Option<Vec<_>>>() {
        return Content::Text(match texts.as_slice() {
            [text] => Cow::Borrowed(*text),
            texts => Cow::Owned(texts.join("\n\n")),
        });
    }
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => ContentPart::Text { text },
        Part::Image(image) => {
            let url = format!("data:{};base64,{}", image.media_type, image.base64);
            ContentPart::ImageUrl { image_url: ImageUrl { url } }
        }
    });
    Content::Parts(parts.collect())
}

/// An event of a stream, or a whole reply: they differ in `delta` and `message` alone.
#[derive(Deserialize)]
struct Chunk<'a> {
    error: Option<Value>,
    #[serde(borrow)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow)]
    choices: Option<Vec<Choice<'a>>>,
    usage: Option<Counts>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    delta: Option<Delta<'a>>,
    #[serde(borrow)]
    message: Option<Delta<'a>>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
    refusal: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Text<'a> {
    Whole(#[serde(borrow)] Cow<'a, str>),
    Parts(Vec<TextPart>),
}

#[derive(Deserialize)]
struct TextPart {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<Value>,
}

#[derive(Deserialize)]
struct Counts {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    total_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

pub(super) fn read(data: &str, reply: &mut Reply) -> Result<(), Fault> {
    let chunk: Chunk = serde_json::from_str(data)
        .map_err(|error| Fault::new(Class::Protocol, format!("an event is not as the format has it: {error}")))?;
    if chunk.error.is_some() {
        return Err(Complaint::read(data).fault(None, None));
    }
    if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
        reply.served_by.get_or_insert_with(|| model.into_owned());
    }
    if let Some(counts) = chunk.usage {
        reply.usage = counts.usage();
    }
    let Some(choice) = chunk.choices.into_iter().flatten().next() else { return Ok(()) };
    if let Some(delta) = choice.delta.or(choice.message) {
        match delta.content {
            Some(Text::Whole(text)) => reply.text.push_str(&text),
            Some(Text::Parts(parts)) => reply.text.extend(parts.iter().filter_map(TextPart::text)),
            None => {}
        }
        reply.refusal.push_str(&delta.refusal.unwrap_or_default());
    }
    match choice.finish_reason.as_deref() {
        None | Some("") => Ok(()),
        // OpenRouter's word for a model that failed under it; the error itself may be missing.
        Some("error") => Err(Fault::new(Class::Overloaded, "the model failed while it answered")),
        Some(reason) => {
            reply.finish = Some(finish(reason));
            Ok(())
        }
    }
}

impl TextPart {
    fn text(&self) -> Option<&str> {
        self.text.as_ref()?.as_str().filter(|_| self.kind.as_deref().is_none_or(|kind| kind == "text"))
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "stop" => Finish::Stop,
        "length" => Finish::Length,
        "content_filter" => Finish::Filtered(reason.to_owned()),
        _ => Finish::Other(reason.to_owned()),
    }
}

impl Counts {
    fn usage(self) -> Usage {
        let reasoning = self.completion_tokens_details.and_then(|details| details.reasoning_tokens);
        let apart = self.prompt_tokens.zip(self.completion_tokens).zip(reasoning).zip(self.total_tokens).is_some_and(
            // xAI counts reasoning beside the completion, others within it: the total tells which.
            |(((prompt, completion), reasoning), total)| {
                total == prompt.saturating_add(completion).saturating_add(reasoning)
            },
        );
        let written = |completion: u64| completion.saturating_add(if apart { reasoning.unwrap_or(0) } else { 0 });
        Usage {
            input: self.prompt_tokens.map(Tokens),
            output: self.completion_tokens.map(written).map(Tokens),
            reasoning: reasoning.map(Tokens),
            cached_input: self.prompt_tokens_details.and_then(|details| details.cached_tokens).map(Tokens),
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
    fn usage_comes_after_the_finish() {
        let reply = read_all(&[
            json!({"model": "gpt-5-2025", "choices": [{"delta": {"role": "assistant", "content": ""}, "finish_reason": null}], "usage": null}),
            json!({"choices": [{"delta": {"content": "Gr\u{fc}\u{df}e\n"}}]}),
            json!({"choices": [{"delta": {}, "finish_reason": "stop"}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17,
                "prompt_tokens_details": {"cached_tokens": 4}, "completion_tokens_details": {"reasoning_tokens": 5}}}),
        ])
        .unwrap();
        assert_eq!((reply.text.as_str(), &reply.finish), ("Gr\u{fc}\u{df}e\n", &Some(Finish::Stop)));
        assert_eq!(reply.served_by.as_deref(), Some("gpt-5-2025"));
        let Usage { input, output, reasoning, cached_input } = reply.usage;
        assert_eq!([input, output, reasoning, cached_input].map(|count| count.unwrap().0), [10, 7, 5, 4]);
    }

    #[test]
    fn reasoning_that_is_counted_apart_is_output_too() {
        let usage = json!({"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 22,
            "completion_tokens_details": {"reasoning_tokens": 5}});
        let reply = read_all(&[json!({"choices": [], "usage": usage})]).unwrap();
        assert_eq!(reply.usage.output, Some(Tokens(12)));
    }

    #[test]
    fn an_error_is_seen_before_all_else_in_either_form() {
        let object =
            json!({"error": {"code": 502, "message": "upstream died"}, "choices": [{"delta": {"content": "x"}}]});
        let fault = read_all(&[object]).unwrap_err();
        assert_eq!((fault.class, fault.message.as_str()), (Class::Overloaded, "upstream died"));
        let string = json!({"code": "invalid-argument", "error": "no such parameter"});
        let fault = read_all(&[string]).unwrap_err();
        assert_eq!((fault.class, fault.message.as_str()), (Class::BadRequest, "no such parameter"));
        assert_eq!(read_all(&[json!({"choices": [{"finish_reason": "error"}]})]).unwrap_err().class, Class::Overloaded);
    }

    #[test]
    fn parts_of_text_and_refusals_are_read() {
        let parts = json!([{"type": "thinking", "text": "no"}, {"type": "text", "text": "yes"}]);
        let reply = read_all(&[json!({"choices": [{"message": {"content": parts, "refusal": null}}]})]).unwrap();
        assert_eq!(reply.text, "yes");
        let mut reply = read_all(&[json!({"choices": [{"delta": {"content": null, "refusal": "I cannot"}}]})]).unwrap();
        assert_eq!(reply.settle().unwrap_err(), Fault::new(Class::Filtered, "I cannot"));
    }
}
