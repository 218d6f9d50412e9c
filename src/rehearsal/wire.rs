//! The replies of the scripted provider in every wire format, written from what real providers send. Not shared with the
//! code that reads them: a mistake made once would then be made twice.

use serde_json::{Value, json};

use super::count_tokens;
use super::request::{Recorded, Wire};
use super::scene::{Ending, Pieces, Scene};

const MAX_ECHO_CHARS: usize = 2_000;

/// A streamed reply, event by event.
pub(super) struct Events {
    /// Before the first piece.
    pub opening: Vec<String>,
    pub pieces: Vec<String>,
    /// After the last piece.
    pub closing: Vec<String>,
}

pub(super) fn echo(request: &Recorded) -> String {
    request.last_user().chars().take(MAX_ECHO_CHARS).collect()
}

/// The reply as a stream of server-sent events.
pub(super) fn streamed(scene: &Scene, request: &Recorded, text: &str) -> Events {
    let pieces = cut(text, scene.pieces);
    let mut events = match request.wire {
        Wire::Gemini => gemini_events(scene, request, &pieces),
        Wire::Responses => responses_events(scene, request, &pieces),
        Wire::ChatCompletions | Wire::Models | Wire::Unknown => chat_events(scene, request, &pieces),
    };
    if let Some(error) = &scene.error {
        events.closing = vec![event(error)];
        return events;
    }
    let last = events.closing.len().saturating_sub(1);
    match (scene.ending, request.wire) {
        // Gemini has no event to end with.
        (Ending::Whole, _) | (Ending::Open, Wire::Gemini) => {}
        (Ending::Open, _) => events.closing.truncate(last),
        (Ending::CountedTwice, Wire::Gemini | Wire::Responses) => events.closing.extend_from_within(last..),
        (Ending::CountedTwice, _) => {
            let counts = events.closing[last.saturating_sub(1)].clone();
            events.closing.insert(last, counts);
        }
    }
    events
}

/// The reply as one JSON body.
pub(super) fn whole(scene: &Scene, request: &Recorded, text: &str) -> String {
    let body = match (&scene.error, request.wire) {
        (Some(error), _) => error.clone(),
        (None, Wire::Gemini) => gemini_chunk(scene, request, text, count_tokens(text), true),
        (None, Wire::Responses) => response(scene, request, text).1,
        (None, _) => {
            let mut body = chat_chunk(
                request,
                json!([{
                    "index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish(scene, "stop"),
                }]),
            );
            body["object"] = json!("chat.completion");
            if scene.usage {
                body["usage"] = chat_usage(request, text);
            }
            body
        }
    };
    body.to_string()
}

/// The body that goes with an HTTP error where the scene names none.
pub(super) fn error_body(wire: Wire, status: u16) -> String {
    let (kind, says) = match status {
        400 => ("INVALID_ARGUMENT", "the request is not valid"),
        401 => ("UNAUTHENTICATED", "the key is not valid"),
        403 => ("PERMISSION_DENIED", "the key may not do this"),
        404 => ("NOT_FOUND", "there is no such model"),
        429 => ("RESOURCE_EXHAUSTED", "too many requests"),
        503 => ("UNAVAILABLE", "the model is overloaded"),
        500.. => ("INTERNAL", "something went wrong"),
        _ => ("UNKNOWN", "scripted"),
    };
    match wire {
        Wire::Gemini => json!({"error": {"code": status, "message": says, "status": kind}}),
        _ => json!({"error": {"message": says, "type": kind.to_ascii_lowercase(), "param": null, "code": null}}),
    }
    .to_string()
}

/// The list of the scripted provider's models, or what is known of its key.
pub(super) fn models(request: &Recorded) -> String {
    const NAMES: [&str; 2] = ["scripted-large", "scripted-small"];
    if request.path.ends_with("/key") {
        return json!({"data": {"label": "scripted", "usage": 0, "limit": null}}).to_string();
    }
    if request.header("x-goog-api-key").is_some() {
        let model = |name| {
            let methods = ["generateContent", "countTokens"];
            json!({"name": format!("models/{name}"), "displayName": name, "inputTokenLimit": 1_000_000,
                "outputTokenLimit": 65_536, "supportedGenerationMethods": methods})
        };
        return json!({"models": NAMES.map(model)}).to_string();
    }
    let model = |name| json!({"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "rehearsal"});
    json!({"object": "list", "data": NAMES.map(model)}).to_string()
}

fn responses_events(scene: &Scene, request: &Recorded, pieces: &[&str]) -> Events {
    let mut number = 0;
    let mut numbered = |mut data: Value| {
        number += 1;
        data["sequence_number"] = json!(number);
        format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
    };
    let begun = json!({"id": "resp_rehearsal", "object": "response", "status": "in_progress", "error": null});
    let opening = vec![numbered(json!({"type": "response.created", "response": begun}))];
    let delta = |piece: &&str| json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": piece});
    let pieces_out = pieces.iter().map(|piece| numbered(delta(piece))).collect();
    let (kind, response) = response(scene, request, &pieces.concat());
    let closing = match kind {
        Some(kind) => vec![numbered(json!({"type": kind, "response": response}))],
        None => Vec::new(),
    };
    Events { opening, pieces: pieces_out, closing }
}

/// The event that ends the stream, None where the scene leaves it out, and the whole response.
fn response(scene: &Scene, request: &Recorded, text: &str) -> (Option<&'static str>, Value) {
    let (kind, status, details) = match scene.finish.as_str() {
        "" => (None, "in_progress", Value::Null),
        "stop" => (Some("response.completed"), "completed", Value::Null),
        reason => (Some("response.incomplete"), "incomplete", json!({"reason": reason})),
    };
    let content = json!([{"type": "output_text", "text": text, "annotations": []}]);
    let mut response = json!({
        "id": "resp_rehearsal", "object": "response", "created_at": 1_700_000_000, "status": status, "error": null,
        "incomplete_details": details, "model": request.model,
        "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}],
    });
    if scene.usage {
        let (input, output) = (input_tokens(request), count_tokens(text));
        response["usage"] = json!({"input_tokens": input, "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": output, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": input + output});
    }
    (kind, response)
}

fn chat_events(scene: &Scene, request: &Recorded, pieces: &[&str]) -> Events {
    let delta = |delta: Value, finish: Value| {
        event(&chat_chunk(request, json!([{"index": 0, "delta": delta, "finish_reason": finish}])))
    };
    let mut closing = vec![delta(json!({}), finish(scene, "stop"))];
    if scene.usage && request.body["stream_options"]["include_usage"] == true {
        let mut last = chat_chunk(request, json!([]));
        last["usage"] = chat_usage(request, &pieces.concat());
        closing.push(event(&last));
    }
    closing.push("data: [DONE]\n\n".to_owned());
    Events {
        opening: vec![": rehearsal\n\n".to_owned(), delta(json!({"role": "assistant", "content": ""}), Value::Null)],
        pieces: pieces.iter().map(|piece| delta(json!({"content": piece}), Value::Null)).collect(),
        closing,
    }
}

fn chat_chunk(request: &Recorded, choices: Value) -> Value {
    json!({
        "id": format!("rehearsal-{}", request.number), "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": request.model, "choices": choices,
    })
}

fn chat_usage(request: &Recorded, text: &str) -> Value {
    let (input, output) = (input_tokens(request), count_tokens(text));
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}

fn gemini_events(scene: &Scene, request: &Recorded, pieces: &[&str]) -> Events {
    let mut written = 0;
    let pieces = pieces.iter().map(|piece| {
        written += count_tokens(piece);
        event(&gemini_chunk(scene, request, piece, written, false))
    });
    let pieces = pieces.collect();
    Events { opening: Vec::new(), pieces, closing: vec![event(&gemini_chunk(scene, request, "", written, true))] }
}

fn gemini_chunk(scene: &Scene, request: &Recorded, text: &str, written: u64, last: bool) -> Value {
    let mut candidate = json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0});
    if last {
        candidate["finishReason"] = finish(scene, "STOP");
    }
    let mut chunk = json!({"candidates": [candidate], "modelVersion": request.model});
    if scene.usage {
        let input = input_tokens(request);
        let mut usage = json!({"promptTokenCount": input, "totalTokenCount": input + written});
        // Counts of zero are left out, as the real service does.
        if written > 0 {
            usage["candidatesTokenCount"] = json!(written);
        }
        chunk["usageMetadata"] = usage;
    }
    chunk
}

fn input_tokens(request: &Recorded) -> u64 {
    request.messages.iter().map(|(_, text)| count_tokens(text)).sum()
}

fn finish(scene: &Scene, format_own: &str) -> Value {
    match scene.finish.as_str() {
        "" => Value::Null,
        "stop" => json!(format_own),
        reason => json!(reason),
    }
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// `text` in pieces, cut between characters.
fn cut(text: &str, pieces: Pieces) -> Vec<&str> {
    let mut rest = text;
    let mut cut = Vec::new();
    while !rest.is_empty() {
        let at = match pieces {
            Pieces::Count(count) => {
                let left = count.saturating_sub(cut.len()).max(1);
                nth_char(rest, rest.chars().count().div_ceil(left))
            }
            Pieces::Words(characters) => {
                let from = nth_char(rest, characters.max(1));
                rest[from..].find(char::is_whitespace).map_or(rest.len(), |space| from + space + 1)
            }
        };
        let (piece, left) = rest.split_at_checked(at).unwrap_or((rest, ""));
        cut.push(piece);
        rest = left;
    }
    cut
}

fn nth_char(text: &str, nth: usize) -> usize {
    text.char_indices().nth(nth).map_or(text.len(), |(at, _)| at)
}
