//! One fixture a provider: how it is set up, what its request must look like, and replies in the shape that its public
//! documentation gives. Above each stands the page.

use zen::config::Endpoint;
use zen::provider::failure::Class;
use zen::rehearsal::Rehearsal;

use super::{KEY, endpoint};

pub struct Fixture {
    pub provider: &'static str,
    pub set_up: fn(&Rehearsal) -> Endpoint,
    pub model: &'static str,
    pub path: &'static str,
    /// The header that carries the key, and its value.
    pub key: Option<(&'static str, String)>,
    /// Further headers of the provider's own.
    pub extra: &'static [&'static str],
    /// "Hello there." in pieces, with its end and its token counts.
    pub stream: &'static str,
    /// The same in one piece.
    pub whole: &'static str,
    /// Input, output, reasoning, cached input.
    pub usage: [Option<u64>; 4],
    pub error: Told,
    /// A refusal to answer, by status or within a reply.
    pub filter: Told,
}

/// A reply that brings no answer.
pub struct Told {
    pub status: u16,
    pub body: &'static str,
    pub class: Class,
    /// A part of the message that must reach the caller.
    pub says: &'static str,
}

fn bearer() -> Option<(&'static str, String)> {
    Some(("authorization", format!("Bearer {KEY}")))
}

pub fn all() -> Vec<Fixture> {
    vec![google(), openai(), openai_responses(), azure(), azure_dated(), xai(), dial(), custom(), openrouter()]
}

// https://ai.google.dev/gemini-api/docs/generate-content/thinking and .../generate-content/api-errors
fn google() -> Fixture {
    Fixture {
        provider: "google",
        set_up: |rehearsal| endpoint("google", rehearsal, "/v1beta"),
        model: "gemini-2.5-pro",
        path: "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        key: Some(("x-goog-api-key", KEY.to_owned())),
        extra: &[],
        stream: r#"data: {"candidates":[{"content":{"parts":[{"text":"weighing","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"m-1"}

data: {"candidates":[{"content":{"parts":[{"text":"Hello "}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":5,"totalTokenCount":14},"modelVersion":"m-1"}

data: {"candidates":[{"content":{"parts":[{"text":"there."}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":5,"totalTokenCount":17},"modelVersion":"m-1","responseId":"r"}

"#,
        whole: r#"{"candidates":[{"content":{"parts":[{"text":"Hello there."}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"candidatesTokenCount":3,"thoughtsTokenCount":5,"totalTokenCount":17},"modelVersion":"m-1"}"#,
        usage: [Some(9), Some(8), Some(5), Some(4)],
        error: Told {
            status: 429,
            body: r#"{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7.5s"}]}}"#,
            class: Class::Throttled,
            says: "current quota",
        },
        filter: Told {
            status: 200,
            body: "data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},\"usageMetadata\":{\"promptTokenCount\":9},\"modelVersion\":\"m-1\"}\n\n",
            class: Class::Filtered,
            says: "PROHIBITED_CONTENT",
        },
    }
}

const CHAT_STREAM: &str = r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}

data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{"content":"Hello "},"finish_reason":null}],"usage":null}

data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{"content":"there."},"finish_reason":null}],"usage":null}

data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}}

data: [DONE]

"#;
const CHAT_WHOLE: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there.","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":5}},"service_tier":"default"}"#;
const CHAT_USAGE: [Option<u64>; 4] = [Some(9), Some(8), Some(5), Some(4)];

// https://developers.openai.com/api/docs/guides/reasoning and .../docs/guides/deployment-checklist
fn openai() -> Fixture {
    Fixture {
        provider: "openai",
        set_up: |rehearsal| endpoint("openai", rehearsal, "/v1"),
        model: "gpt-5",
        path: "/v1/chat/completions",
        key: bearer(),
        extra: &[],
        stream: CHAT_STREAM,
        whole: CHAT_WHOLE,
        usage: CHAT_USAGE,
        error: Told {
            status: 429,
            body: r#"{"error":{"message":"You exceeded your current quota, please check your plan.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            class: Class::Quota,
            says: "check your plan",
        },
        filter: Told {
            status: 200,
            body: r#"{"id":"c","object":"chat.completion","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":"I cannot help with that."},"finish_reason":"stop"}]}"#,
            class: Class::Filtered,
            says: "I cannot help with that.",
        },
    }
}

// https://developers.openai.com/api/docs/guides/reasoning
fn openai_responses() -> Fixture {
    Fixture {
        model: "o3-pro",
        path: "/v1/responses",
        stream: r#"event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress","error":null,"incomplete_details":null,"model":"m-1","output":[],"usage":null}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"rs","type":"reasoning","summary":[]}}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":2,"item_id":"msg","output_index":1,"content_index":0,"delta":"Hello ","logprobs":[]}

event: response.output_text.delta
data: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg","output_index":1,"content_index":0,"delta":"there.","logprobs":[]}

event: response.output_text.done
data: {"type":"response.output_text.done","sequence_number":4,"item_id":"msg","output_index":1,"content_index":0,"text":"Hello there."}

event: response.completed
data: {"type":"response.completed","sequence_number":5,"response":{"id":"r","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"m-1","output":[{"id":"rs","type":"reasoning","summary":[]},{"id":"msg","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello there.","annotations":[]}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":8,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":17}}}

"#,
        whole: r#"{"id":"r","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"m-1","output":[{"id":"rs","type":"reasoning","summary":[]},{"id":"msg","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hello there.","annotations":[]}]}],"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4},"output_tokens":8,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":17}}"#,
        error: Told {
            status: 200,
            body: "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"The model stumbled.\"}}}\n\n",
            class: Class::Overloaded,
            says: "stumbled",
        },
        filter: Told {
            status: 200,
            body: "event: response.incomplete\ndata: {\"type\":\"response.incomplete\",\"response\":{\"status\":\"incomplete\",\"error\":null,\"incomplete_details\":{\"reason\":\"content_filter\"},\"output\":[]}}\n\n",
            class: Class::Filtered,
            says: "content_filter",
        },
        ..openai()
    }
}

// https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
fn azure() -> Fixture {
    Fixture {
        provider: "azure",
        set_up: |rehearsal| Endpoint { models: vec!["gpt-5=prod-5".to_owned()], ..endpoint("azure", rehearsal, "") },
        model: "gpt5",
        path: "/openai/v1/chat/completions",
        key: Some(("api-key", KEY.to_owned())),
        error: Told {
            status: 404,
            body: r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
            class: Class::BadRequest,
            says: "deployment for this resource",
        },
        filter: Told {
            status: 400,
            body: r#"{"error":{"message":"The response was filtered.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"hate":{"filtered":true,"severity":"high"}}}}}"#,
            class: Class::Filtered,
            says: "was filtered",
        },
        ..openai()
    }
}

// https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle; filter results come in a chunk without choices
fn azure_dated() -> Fixture {
    Fixture {
        set_up: |rehearsal| Endpoint {
            models: vec!["gpt-5=prod-5".to_owned()],
            api_version: Some("2024-10-21".to_owned()),
            ..endpoint("azure", rehearsal, "/openai")
        },
        path: "/openai/deployments/prod-5/chat/completions?api-version=2024-10-21",
        stream: concat!(
            r#"data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]}"#,
            "\n\n",
            r#"data: {"id":"c","model":"m-1","choices":[{"index":0,"delta":{"content":"Hello there."},"content_filter_results":{},"finish_reason":"stop"}]}"#,
            "\n\n",
            r#"data: {"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}}"#,
            "\n\ndata: [DONE]\n\n"
        ),
        filter: Told {
            status: 200,
            body: r#"{"id":"c","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":""},"content_filter_results":{"hate":{"filtered":true}},"finish_reason":"content_filter"}]}"#,
            class: Class::Filtered,
            says: "content_filter",
        },
        ..azure()
    }
}

// https://docs.x.ai/docs/guides/reasoning; the reason of an error is a string, and reasoning is counted apart
fn xai() -> Fixture {
    Fixture {
        provider: "xai",
        set_up: |rehearsal| endpoint("xai", rehearsal, "/v1"),
        model: "grok-4",
        whole: r#"{"id":"c","object":"chat.completion","model":"m-1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there.","refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}}"#,
        error: Told {
            status: 400,
            body: r#"{"code":"invalid-argument","error":"Model grok-4 does not support parameter reasoningEffort."}"#,
            class: Class::BadRequest,
            says: "does not support parameter",
        },
        ..openai()
    }
}

// https://pypi.org/project/aidial-client/ for address and header; errors are shaped as OpenAI's
fn dial() -> Fixture {
    Fixture {
        provider: "dial",
        set_up: |rehearsal| endpoint("dial", rehearsal, ""),
        model: "sonnet-4.1",
        path: "/openai/deployments/anthropic.claude-sonnet-4.1-20250805-v1:0/chat/completions?api-version=2024-12-01-preview",
        key: Some(("api-key", KEY.to_owned())),
        error: Told {
            status: 401,
            body: r#"{"error":{"message":"Unknown api key","type":"invalid_request_error","code":"401"}}"#,
            class: Class::Auth,
            says: "Unknown api key",
        },
        filter: Told {
            status: 400,
            body: r#"{"error":{"message":"Filtered by policy","type":"invalid_request_error","code":"content_filter","display_message":"Please rephrase"}}"#,
            class: Class::Filtered,
            says: "Filtered by policy",
        },
        ..openai()
    }
}

// https://docs.ollama.com/api/openai-compatibility: no key is needed, and a tag belongs to a name
fn custom() -> Fixture {
    Fixture {
        provider: "custom",
        set_up: |rehearsal| Endpoint { key: None, ..endpoint("custom", rehearsal, "/v1") },
        model: "llama3.2:3b",
        key: None,
        stream: concat!(
            r#"data: {"id":"c","object":"chat.completion.chunk","model":"m-1","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello there."},"finish_reason":null}]}"#,
            "\n\n",
            r#"data: {"id":"c","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop"}]}"#,
            "\n\n",
            r#"data: {"id":"c","model":"m-1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#,
            "\n\ndata: [DONE]\n\n"
        ),
        whole: r#"{"id":"c","object":"chat.completion","model":"m-1","system_fingerprint":"fp_ollama","choices":[{"index":0,"message":{"role":"assistant","content":"Hello there."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}"#,
        usage: [Some(9), Some(3), None, None],
        error: Told {
            status: 404,
            body: r#"{"error":{"message":"model 'llama3.2:3b' not found","type":"not_found_error","param":null,"code":null}}"#,
            class: Class::BadRequest,
            says: "not found",
        },
        ..openai()
    }
}

// https://openrouter.ai/docs/api/errors: a model that fails once the reply has begun is told of within it
fn openrouter() -> Fixture {
    Fixture {
        provider: "openrouter",
        set_up: |rehearsal| endpoint("openrouter", rehearsal, "/api/v1"),
        model: "vendor/new-model:free",
        path: "/api/v1/chat/completions",
        extra: &["http-referer", "x-title"],
        stream: concat!(
            ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\n",
            r#"data: {"id":"g","provider":"P","model":"m-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello there."},"finish_reason":null,"native_finish_reason":null}]}"#,
            "\n\n",
            r#"data: {"id":"g","provider":"P","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":"stop","native_finish_reason":"STOP"}]}"#,
            "\n\n",
            r#"data: {"id":"g","provider":"P","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":{"prompt_tokens":9,"completion_tokens":8,"total_tokens":17,"cost":0.0001,"is_byok":false,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5}}}"#,
            "\n\ndata: [DONE]\n\n"
        ),
        error: Told {
            status: 200,
            body: "data: {\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"Provider disconnected\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
            class: Class::Overloaded,
            says: "Provider disconnected",
        },
        filter: Told {
            status: 403,
            body: r#"{"error":{"code":403,"message":"Your chosen model requires moderation","metadata":{"reasons":["violence"],"flagged_input":"...","provider_name":"P"}}}"#,
            class: Class::Filtered,
            says: "requires moderation",
        },
        ..openai()
    }
}
