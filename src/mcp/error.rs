//! JSON-RPC errors and the codes that MCP gives them. Our own codes lie outside JSON-RPC's reserved range.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

/// The `error` member of a reply.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    pub code: i32,
    pub message: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

pub const PARSE_ERROR: i32 = -32700;
pub const INVALID_REQUEST: i32 = -32600;
pub const METHOD_NOT_FOUND: i32 = -32601;
pub const INVALID_PARAMS: i32 = -32602;
pub const INTERNAL_ERROR: i32 = -32603;
/// There is no resource of this URI, up to specification 2025-11-25; then it is `INVALID_PARAMS`.
pub const RESOURCE_NOT_FOUND: i32 = -32002;
/// `UnsupportedProtocolVersion`, specification 2026-07-28.
pub const UNSUPPORTED_VERSION: i32 = -32022;
/// The head of an HTTP request does not say what its body says, specification 2026-07-28.
pub const HEADER_MISMATCH: i32 = -32020;
/// The request needs a capability that the client has not declared, specification 2026-07-28.
pub const MISSING_CAPABILITY: i32 = -32021;
/// An interceptor blocked the message. Ours.
pub const BLOCKED: i32 = -31001;
/// The server has as many calls in flight as it takes. Ours.
pub const BUSY: i32 = -31002;
/// The server is ending and takes no new calls. Ours.
pub const SHUTTING_DOWN: i32 = -31003;

impl RpcError {
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    pub fn method_not_found(method: &str) -> Self {
        Self::new(METHOD_NOT_FOUND, format!("method '{}' is not known here", excerpt(method)))
    }

    /// The client has not declared what the request needs: `needed` as it would stand in its capabilities.
    pub fn missing_capability(needed: Value) -> Self {
        Self::new(MISSING_CAPABILITY, "the client has not declared a capability that this request needs")
            .with_data(serde_json::json!({ "requiredCapabilities": needed }))
    }

    pub fn invalid_params(what: impl Into<Cow<'static, str>>) -> Self {
        Self::new(INVALID_PARAMS, what)
    }
}

/// Longest piece of a client's own words that an error repeats, in characters.
const MAX_EXCERPT: usize = 100;

/// The beginning of foreign text, for an error message.
pub fn excerpt(text: &str) -> &str {
    text.char_indices().nth(MAX_EXCERPT).map_or(text, |(end, _)| &text[..end])
}
