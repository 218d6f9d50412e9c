//! What a server offers: tools, prompts, resources. A transport, a connection and dispatch know this trait alone, so that
//! the same server serves zen's own surface and another one's. What does not change is made once, as ready bytes.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asking::{Asking, Stop};
use super::http::params::Params;
use crate::mcp::codec::{self, ResultBody, Scope};
use crate::mcp::error::RpcError;
use crate::mcp::schema::{
    ClientCapabilities, DiscoverResult, Empty, Extensions, InitializeResult, Listed, Reference, ServerCapabilities,
    Subscribed,
};
use crate::mcp::version::Version;
use crate::thread::Principal;

/// How long a client may keep what changes seldom, and is told of when it does.
const FIXED_TTL_MS: u64 = 300_000;
/// What changes is read anew each time; who wants to know when it does subscribes.
const CHANGING_TTL_MS: u64 = 0;
/// Completions that one reply carries, by the specification.
const MAX_COMPLETIONS: usize = 100;

/// Tools, prompts and resources of one server. Nothing here waits but the futures that it gives.
pub trait Surface: Send + Sync + 'static {
    /// What is the same for every client.
    fn fixed(&self) -> Fixed;

    /// A number that is another one once [`Surface::fixed`] would give something else.
    fn edition(&self) -> u64 {
        0
    }

    /// Whether a tool may be called by a client that can do this, and how long it may take before it becomes a task.
    fn admit(&self, tool: &str, client: ClientCapabilities) -> Result<Patience, RpcError>;

    /// Calls a tool that was admitted.
    fn call(self: Arc<Self>, tool: &str, arguments: Option<Box<RawValue>>, asking: Asking) -> Answering;

    /// The messages of a prompt.
    fn prompt(self: Arc<Self>, name: &str, arguments: BTreeMap<String, String>, asking: Asking) -> Answering;

    /// The entries of `resources/list`.
    fn resources(&self, principal: &Principal) -> Vec<Value>;

    /// The contents of a resource; None where there is none of this URI for this principal.
    fn read(&self, uri: &str, principal: &Principal) -> Option<Vec<Value>>;

    /// What an argument of which `so_far` is written may become, the likeliest first.
    fn complete(
        &self,
        of: &Reference,
        argument: &str,
        so_far: &str,
        principal: &Principal,
    ) -> Result<Vec<String>, RpcError>;

    /// A number that is another one once what `principal` would read there has changed.
    fn revision(&self, item: &Item, principal: &Principal) -> u64;

    /// Tells when the revision of `item`, or of others like it, may have changed.
    fn watch(&self, item: &Item) -> Box<dyn Watch>;
}

/// The answer to a request that may take its time.
pub type Answering = Pin<Box<dyn Future<Output = Result<ResultBody, Stop>> + Send>>;

/// Waits for changes. What happens between two waits is not lost.
pub trait Watch: Send {
    fn changed(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// What a client can hear of when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    Tools,
    Prompts,
    Resources,
    Resource(Arc<str>),
}

/// How long a call is waited for by a client that can follow a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// To its end.
    Endless,
    /// What takes longer goes on as a task.
    Until(Duration),
}

/// The part of a surface that changes seldom, and for everyone.
pub struct Fixed {
    pub instructions: String,
    /// As they stand in `tools/list`.
    pub tools: Vec<Value>,
    pub prompts: Vec<Value>,
    pub templates: Vec<Value>,
    /// Which of its lists may change, tools and prompts.
    pub changing: (bool, bool),
}

/// The fixed part as it is sent.
pub struct Offers {
    /// As [`Surface::edition`] gave it before this was made.
    pub edition: u64,
    pub tools_list: ResultBody,
    pub prompts_list: ResultBody,
    pub templates_list: ResultBody,
    /// Arguments that a request over HTTP repeats in its head.
    pub params: Params,
    instructions: String,
    capabilities: ServerCapabilities,
}

impl Offers {
    /// What `surface` offers now.
    pub fn of(surface: &dyn Surface) -> Self {
        let (edition, fixed) = (surface.edition(), surface.fixed());
        let listed = |name: &str, entries: &[Value]| {
            let body = ResultBody::of(&BTreeMap::from([(name, entries)])).unwrap_or_else(|_| ResultBody::empty());
            body.cached_for(FIXED_TTL_MS, Scope::Public)
        };
        let (tools, prompts) = fixed.changing;
        Self {
            edition,
            tools_list: listed("tools", &fixed.tools),
            prompts_list: listed("prompts", &fixed.prompts),
            templates_list: listed("resourceTemplates", &fixed.templates),
            params: Params::of(&fixed.tools),
            instructions: fixed.instructions,
            capabilities: ServerCapabilities {
                tools: Listed { list_changed: tools },
                prompts: Listed { list_changed: prompts },
                resources: Subscribed { subscribe: true, list_changed: true },
                completions: Empty {},
                extensions: None,
            },
        }
    }

    /// Whether a client can hear of changes of `item`.
    pub fn tells_of(&self, item: &Item) -> bool {
        match item {
            Item::Tools => self.capabilities.tools.list_changed,
            Item::Prompts => self.capabilities.prompts.list_changed,
            Item::Resources => self.capabilities.resources.list_changed,
            Item::Resource(_) => self.capabilities.resources.subscribe,
        }
    }

    pub fn initialize(&self, version: Version) -> Result<ResultBody, RpcError> {
        ResultBody::of(&InitializeResult {
            protocol_version: version,
            capabilities: &self.capabilities,
            server_info: codec::server_info(),
            instructions: &self.instructions,
        })
    }

    pub fn discover(&self) -> Result<ResultBody, RpcError> {
        let capabilities = ServerCapabilities { extensions: Some(Extensions::default()), ..self.capabilities };
        let discovered = DiscoverResult {
            supported_versions: Version::newest_first(),
            capabilities: &capabilities,
            instructions: &self.instructions,
        };
        Ok(ResultBody::of(&discovered)?.cached_for(FIXED_TTL_MS, Scope::Public))
    }
}

/// The result of `resources/list`.
pub fn resources_list(surface: &dyn Surface, principal: &Principal) -> Result<ResultBody, RpcError> {
    let resources = surface.resources(principal);
    Ok(ResultBody::of(&json!({ "resources": resources }))?.cached_for(CHANGING_TTL_MS, Scope::Private))
}

/// The result of `resources/read`.
pub fn read_result(contents: &[Value]) -> Result<ResultBody, RpcError> {
    Ok(ResultBody::of(&json!({ "contents": contents }))?.cached_for(CHANGING_TTL_MS, Scope::Private))
}

/// The result of `completion/complete`.
pub fn completion(mut values: Vec<String>) -> Result<ResultBody, RpcError> {
    let total = values.len();
    values.truncate(MAX_COMPLETIONS);
    let more = total > values.len();
    ResultBody::of(&json!({ "completion": { "values": values, "total": total, "hasMore": more } }))
}
