//! From a method to its answer. What the eras call by different names or forbid is told apart here; what is alike is
//! answered alike.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::connection::Connection;
use super::link::Sending;
use crate::engine::calls::{LiveCall, Stage};
use crate::mcp::codec::{self, ResultBody};
use crate::mcp::envelope::RequestId;
use crate::mcp::error::{INVALID_PARAMS, RpcError, UNSUPPORTED_VERSION, excerpt};
use crate::mcp::schema::{
    CallToolParams, CallToolResult, CancelledParams, InitializeParams, META_CAPABILITIES, META_VERSION, ProgressParams,
    RequestMeta, TextContent, meta_of,
};
use crate::mcp::version::{Era, Version};

/// What the answer of a request needs to know of it.
pub struct Facts {
    pub id: RequestId,
    pub method: Arc<str>,
    pub tool: Option<Arc<str>>,
    pub version: Version,
    /// What is wrong with the version that it claims.
    refused: Option<RpcError>,
    progress_token: Option<Box<RawValue>>,
}

/// How a request is answered.
pub enum Answer {
    Now(Result<ResultBody, RpcError>),
    Later(Work),
}

/// A tool call, checked as far as the protocol goes.
pub struct Work {
    tool: &'static str,
    arguments: Option<Box<RawValue>>,
}

impl Facts {
    /// Reads a request's `_meta`, which in the newer era says who speaks which version.
    pub fn of(
        connection: &Connection,
        id: &RequestId,
        method: &str,
        params: Option<&RawValue>,
        tool: Option<Arc<str>>,
    ) -> Self {
        let (meta, unreadable) = match meta_of(params) {
            Ok(meta) => (meta, None),
            // Which era it belongs to cannot be told then, so it must not be answered as if it could.
            Err(error) => {
                (RequestMeta::default(), Some(RpcError::invalid_params(format!("_meta cannot be read: {error}"))))
            }
        };
        let (version, refused) = match meta.protocol_version.as_deref() {
            None if unreadable.is_some() => (connection.session(), unreadable),
            None => (connection.session(), None),
            Some(claimed) => match Version::parse(claimed) {
                None => (Version::V2026_07_28, Some(unsupported(claimed))),
                Some(version) if version.era() == Era::Stateless && meta.client_capabilities.is_none() => {
                    (version, Some(RpcError::invalid_params(format!("_meta lacks {META_CAPABILITIES}"))))
                }
                Some(version) => (version, None),
            },
        };
        if refused.is_none() {
            let client = meta.client_info.as_ref().map(|client| (client.name.as_str(), client.version.as_str()));
            connection.server.engine.connections.identify(connection.id, client, version.as_str());
        }
        let progress_token = meta.progress_token.filter(|token| RequestId::from_raw(token).is_some());
        let progress_token = progress_token.map(ToOwned::to_owned);
        Self { id: id.clone(), method: method.into(), tool, version, refused, progress_token }
    }
}

/// Answers a request, or says what has to be done for it.
pub fn request(connection: &Connection, facts: &Facts, params: Option<&RawValue>) -> Answer {
    if let Some(refused) = &facts.refused {
        return Answer::Now(Err(refused.clone()));
    }
    let surface = &connection.server.surface;
    match (&*facts.method, facts.version.era()) {
        ("tools/call", _) => match work(connection, params) {
            Ok(work) => Answer::Later(work),
            Err(error) => Answer::Now(Err(error)),
        },
        ("tools/list", _) => Answer::Now(Ok(surface.tools_list())),
        ("initialize", Era::Handshake) => Answer::Now(initialize(connection, params)),
        ("ping", Era::Handshake) => Answer::Now(Ok(ResultBody::empty())),
        ("server/discover", Era::Stateless) => Answer::Now(surface.discover()),
        ("server/discover", Era::Handshake) => {
            Answer::Now(Err(RpcError::invalid_params(format!("_meta lacks {META_VERSION}"))))
        }
        (method, _) => Answer::Now(Err(RpcError::method_not_found(method))),
    }
}

/// Takes note of a notification. Those that are not known are ignored, as JSON-RPC has it.
pub fn notification(connection: &Connection, method: &str, params: Option<&RawValue>) {
    if method != "notifications/cancelled" {
        return;
    }
    let Some(params) = params else { return };
    if let Ok(cancelled) = serde_json::from_str::<CancelledParams>(params.get()) {
        connection.withdraw(&cancelled.request_id);
    }
}

/// Runs a tool call to its result, telling the client every now and then that it goes on.
pub async fn call<S: Sending>(
    connection: &Arc<Connection>,
    facts: &Facts,
    work: Work,
    cancel: CancellationToken,
    sending: &S,
) -> Result<ResultBody, RpcError> {
    let engine = &connection.server.engine;
    let tool = engine.tool(work.tool).ok_or_else(|| unknown_tool(work.tool))?;
    let live = engine.calls.begin(work.tool, connection.id, cancel);
    let outcome = {
        let running = engine.invoke(&live, tool, work.arguments, &connection.principal);
        tokio::pin!(running);
        tokio::select! {
            outcome = &mut running => outcome,
            never = report(connection, facts, &live, sending) => match never {},
        }
    };
    ResultBody::of(&CallToolResult { content: [TextContent { text: &outcome.text }], is_error: outcome.is_error })
}

fn work(connection: &Connection, params: Option<&RawValue>) -> Result<Work, RpcError> {
    let params = params.ok_or_else(|| RpcError::invalid_params("params must name a tool"))?;
    let params: CallToolParams<'_> = serde_json::from_str(params.get())
        .map_err(|error| RpcError::invalid_params(format!("params cannot be read: {error}")))?;
    let tool = connection.server.engine.tool(&params.name).ok_or_else(|| unknown_tool(&params.name))?;
    Ok(Work { tool: tool.spec().name, arguments: params.arguments.map(ToOwned::to_owned) })
}

fn initialize(connection: &Connection, params: Option<&RawValue>) -> Result<ResultBody, RpcError> {
    let params = params.ok_or_else(|| RpcError::invalid_params("params are missing"))?;
    let params: InitializeParams = serde_json::from_str(params.get())
        .map_err(|error| RpcError::invalid_params(format!("params cannot be read: {error}")))?;
    let version = Version::negotiate(&params.protocol_version);
    connection.settle_on(version);
    let client = (params.client_info.name.as_str(), params.client_info.version.as_str());
    connection.server.engine.connections.identify(connection.id, Some(client), version.as_str());
    connection.server.surface.initialize(version)
}

/// Sends a progress notification at each interval, where the client asked for it; goes on until dropped.
async fn report<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    live: &LiveCall,
    sending: &S,
) -> std::convert::Infallible {
    let Some(token) = &facts.progress_token else { return std::future::pending().await };
    let every = connection.server.engine.config.tools.progress_interval;
    for progress in 1.. {
        tokio::time::sleep(every).await;
        let waited = every.saturating_mul(progress);
        let message = said_of(live, waited);
        let params = ProgressParams { progress_token: token, progress: u64::from(progress), message: &message };
        let bytes = codec::notification("notifications/progress", &params);
        connection.notify(sending, facts, "notifications/progress", bytes).await;
    }
    std::future::pending().await
}

fn said_of(live: &LiveCall, waited: Duration) -> String {
    let state = live.snapshot();
    let seconds = waited.as_secs();
    let model = state.model.as_ref().map_or("the model", |model| model.as_str());
    match state.stage {
        Stage::Preparing => format!("gathering files and history, {seconds} s"),
        Stage::Waiting => format!("{model} thinks, {seconds} s"),
        Stage::Streaming => format!("{model} answers: {} characters so far, {seconds} s", state.text_chars),
        Stage::Done | Stage::Failed { .. } | Stage::Cancelled => format!("{model} is done"),
    }
}

fn unknown_tool(name: &str) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("unknown tool '{}': tools/list has the names", excerpt(name)))
}

pub fn unsupported(claimed: &str) -> RpcError {
    RpcError::new(UNSUPPORTED_VERSION, "this protocol version is not supported")
        .with_data(json!({ "supported": Version::newest_first(), "requested": excerpt(claimed) }))
}
