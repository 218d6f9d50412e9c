//! The members of MCP's messages that zen reads and writes, under their names in the specification.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::envelope::RequestId;
use super::version::Version;

/// `_meta` key: the version of a stateless request.
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta` key: the client's capabilities, required with every stateless request.
pub const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// `_meta` key: who answers.
pub const META_SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// Name and version of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Implementation {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default)]
    pub version: String,
}

/// `initialize`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeParams {
    pub protocol_version: String,
    #[serde(default)]
    pub client_info: Implementation,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResult<'a> {
    pub protocol_version: Version,
    pub capabilities: ServerCapabilities,
    pub server_info: Implementation,
    pub instructions: &'a str,
}

/// `server/discover`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoverResult<'a> {
    pub supported_versions: [Version; 5],
    pub capabilities: ServerCapabilities,
    pub instructions: &'a str,
}

/// What this server offers. A method of a capability that does not stand here is unknown.
#[derive(Debug, Default, Serialize)]
pub struct ServerCapabilities {
    pub tools: Empty,
}

#[derive(Debug, Default, Serialize)]
pub struct Empty {}

/// `tools/call`.
#[derive(Debug, Deserialize)]
pub struct CallToolParams<'a> {
    #[serde(borrow)]
    pub name: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    pub arguments: Option<&'a RawValue>,
}

/// Its result: one text. Structured content would hide the text from some models (`structuredContent` replaces it).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallToolResult<'a> {
    pub content: [TextContent<'a>; 1],
    pub is_error: bool,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "text")]
pub struct TextContent<'a> {
    pub text: &'a str,
}

/// `notifications/cancelled`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelledParams {
    pub request_id: RequestId,
}

/// `notifications/progress`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProgressParams<'a> {
    pub progress_token: &'a RawValue,
    /// Larger with every notification.
    pub progress: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub message: &'a str,
}

/// The members of `params._meta` that zen reads.
#[derive(Debug, Default, Deserialize)]
pub struct RequestMeta<'a> {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion", default)]
    pub protocol_version: Option<String>,
    #[serde(rename = "io.modelcontextprotocol/clientInfo", default)]
    pub client_info: Option<Implementation>,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities", borrow, default)]
    pub client_capabilities: Option<&'a RawValue>,
    #[serde(rename = "progressToken", borrow, default)]
    pub progress_token: Option<&'a RawValue>,
}

/// The `_meta` of any request's params; empty where there is none.
///
/// # Errors
/// A member has another type than the specification gives it.
pub fn meta_of(params: Option<&RawValue>) -> Result<RequestMeta<'_>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(rename = "_meta", borrow, default)]
        meta: Option<RequestMeta<'a>>,
    }
    match params.filter(|params| params.get().starts_with('{')) {
        Some(params) => Ok(serde_json::from_str::<Params<'_>>(params.get())?.meta.unwrap_or_default()),
        None => Ok(RequestMeta::default()),
    }
}
