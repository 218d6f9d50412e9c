//! The members of MCP's messages that zen reads and writes, under their names in the specification.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::envelope::RequestId;
use super::version::Version;

/// `_meta` key: the version of a stateless request.
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// `_meta` key: the client's capabilities, required with every stateless request.
pub const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// `_meta` key: the request that opened the subscription to which a notification belongs.
pub const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// The name of the tasks extension, as clients and servers declare it.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";
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
    #[serde(default)]
    pub capabilities: ClientCapabilities,
}

/// What the client says it can do, as far as zen makes use of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities {
    /// It can put a form before its person.
    pub elicitation: bool,
    /// It can follow a call that goes on as a task (2026-07-28).
    pub tasks: bool,
}

impl<'de> Deserialize<'de> for ClientCapabilities {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Declared {
            elicitation: Option<Map<String, Value>>,
            extensions: Option<Map<String, Value>>,
        }
        let declared = Declared::deserialize(deserializer)?;
        // Without a mode it means forms, which were there first.
        let forms = |modes: &Map<String, Value>| modes.contains_key("form") || !modes.contains_key("url");
        Ok(Self {
            elicitation: declared.elicitation.as_ref().is_some_and(forms),
            tasks: declared.extensions.is_some_and(|extensions| extensions.contains_key(TASKS_EXTENSION)),
        })
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResult<'a> {
    pub protocol_version: Version,
    pub capabilities: &'a ServerCapabilities,
    pub server_info: Implementation,
    pub instructions: &'a str,
}

/// `server/discover`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoverResult<'a> {
    pub supported_versions: [Version; 5],
    pub capabilities: &'a ServerCapabilities,
    pub instructions: &'a str,
}

/// What a server offers. A method of a capability that does not stand here is unknown.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct ServerCapabilities {
    pub tools: Listed,
    pub prompts: Listed,
    pub resources: Subscribed,
    pub completions: Empty,
    /// 2026-07-28 alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Extensions>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub list_changed: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscribed {
    pub subscribe: bool,
    pub list_changed: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Extensions {
    #[serde(rename = "io.modelcontextprotocol/tasks")]
    pub tasks: Empty,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Empty {}

/// `tools/call`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallToolParams<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub arguments: Option<&'a RawValue>,
    /// What the client was asked by an earlier reply (2026-07-28).
    #[serde(default)]
    pub input_responses: Option<Map<String, Value>>,
    #[serde(default)]
    pub request_state: Option<String>,
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

/// `prompts/get`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetPromptParams {
    pub name: String,
    #[serde(default)]
    pub arguments: BTreeMap<String, String>,
    #[serde(default)]
    pub input_responses: Option<Map<String, Value>>,
    #[serde(default)]
    pub request_state: Option<String>,
}

/// `resources/read`, `resources/subscribe` and `resources/unsubscribe`.
#[derive(Debug, Deserialize)]
pub struct ResourceParams {
    pub uri: String,
}

/// A method that gives a list in pages. zen's lists are one page.
#[derive(Debug, Default, Deserialize)]
pub struct ListParams {
    #[serde(default)]
    pub cursor: Option<String>,
}

/// `completion/complete`.
#[derive(Debug, Deserialize)]
pub struct CompleteParams {
    #[serde(rename = "ref")]
    pub reference: Reference,
    pub argument: ArgumentSoFar,
}

/// What an argument belongs to.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type")]
pub enum Reference {
    #[serde(rename = "ref/prompt")]
    Prompt { name: String },
    /// The URI or the template of one.
    #[serde(rename = "ref/resource")]
    Resource { uri: String },
}

#[derive(Debug, Deserialize)]
pub struct ArgumentSoFar {
    pub name: String,
    #[serde(default)]
    pub value: String,
}

/// `subscriptions/listen` (2026-07-28).
#[derive(Debug, Deserialize)]
pub struct ListenParams {
    pub notifications: SubscriptionFilter,
}

/// What a client wants to hear of, and what of that it will.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionFilter {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tools_list_changed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prompts_list_changed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resources_list_changed: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource_subscriptions: Vec<String>,
}

/// `tasks/get`, `tasks/update` and `tasks/cancel` (2026-07-28).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskParams {
    pub task_id: String,
    #[serde(default)]
    pub input_responses: Option<Map<String, Value>>,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
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
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities", default)]
    pub client_capabilities: Option<ClientCapabilities>,
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
