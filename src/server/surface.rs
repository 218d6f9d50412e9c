//! What the server says about itself, made once: the tools, the capabilities and the instructions for an agent.

use std::borrow::Cow;

use serde_json::Value;

use crate::engine::Engine;
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::error::RpcError;
use crate::mcp::schema::{DiscoverResult, InitializeResult, ServerCapabilities};
use crate::mcp::version::Version;

/// How long a client may keep what does not change while a process runs.
const SURFACE_TTL_MS: u64 = 300_000;

pub struct Surface {
    /// The array of tools.
    pub tools: String,
    tools_list: ResultBody,
    instructions: String,
}

impl Surface {
    pub fn of(engine: &Engine) -> Self {
        let listings: Vec<Value> = engine.tools().map(|tool| tool.spec().listing()).collect();
        let tools = Value::from(listings);
        let tools_list = ResultBody::of(&serde_json::json!({ "tools": tools })).unwrap_or_else(|_| ResultBody::empty());
        Self {
            tools: tools.to_string(),
            tools_list: tools_list.cached_for(SURFACE_TTL_MS),
            instructions: instructions(&engine.config.models.default).into_owned(),
        }
    }

    pub fn tools_list(&self) -> ResultBody {
        self.tools_list.clone()
    }

    pub fn initialize(&self, version: Version) -> Result<ResultBody, RpcError> {
        ResultBody::of(&InitializeResult {
            protocol_version: version,
            capabilities: ServerCapabilities::default(),
            server_info: codec::server_info(),
            instructions: &self.instructions,
        })
    }

    pub fn discover(&self) -> Result<ResultBody, RpcError> {
        let discovered = DiscoverResult {
            supported_versions: Version::newest_first(),
            capabilities: ServerCapabilities::default(),
            instructions: &self.instructions,
        };
        Ok(ResultBody::of(&discovered)?.cached_for(SURFACE_TTL_MS))
    }
}

/// The first sentence carries the words by which clients that defer tools find them.
fn instructions(default_model: &str) -> Cow<'static, str> {
    let common = "zen consults other AI models (Gemini, Grok, GPT, OpenRouter, local ones) for second opinions, and \
                  remembers each conversation. Pass the continuation_id of a reply to go on in its thread, also with \
                  another model. Give code as absolute file paths, not as text. If the user names a model, pass \
                  exactly that name as `model`; ";
    match default_model {
        "auto" => format!("{common}otherwise leave it out and a fitting one is chosen; listmodels shows all.").into(),
        name => format!("{common}otherwise leave it out: {name} is asked.").into(),
    }
}
