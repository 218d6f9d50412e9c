//! From a method to its answer. What the eras call by different names or forbid is told apart here; what is alike is
//! answered alike.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::asking::needs_tasks;
use super::connection::Connection;
use super::link::Sending;
use super::running::{self, Ran, Round};
use super::subscriptions;
use super::surface::{Item, Patience, completion, read_result, resources_list};
use crate::mcp::codec::ResultBody;
use crate::mcp::envelope::RequestId;
use crate::mcp::error::{INVALID_PARAMS, RESOURCE_NOT_FOUND, RpcError, UNSUPPORTED_VERSION, excerpt};
use crate::mcp::schema::{
    CallToolParams, CancelledParams, ClientCapabilities, CompleteParams, GetPromptParams, InitializeParams, ListParams,
    ListenParams, META_CAPABILITIES, META_VERSION, RequestMeta, ResourceParams, SubscriptionFilter, TaskParams,
    meta_of,
};
use crate::mcp::version::{Era, Version};

/// What the answer of a request needs to know of it.
pub struct Facts {
    pub id: RequestId,
    pub method: Arc<str>,
    pub tool: Option<Arc<str>>,
    pub version: Version,
    /// What the client can do.
    pub client: ClientCapabilities,
    /// What is wrong with the version that it claims.
    refused: Option<RpcError>,
    pub progress_token: Option<Box<RawValue>>,
}

/// How a request is answered.
pub enum Answer {
    Now(Result<ResultBody, RpcError>),
    Later(Box<Work>),
}

/// What takes its time, checked as far as the protocol goes.
pub enum Work {
    Call { tool: Box<str>, arguments: Option<Box<RawValue>>, round: Round, patience: Patience },
    Prompt { params: GetPromptParams, round: Round },
    Listen(SubscriptionFilter),
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
        let client = match version.era() {
            Era::Handshake => connection.client(),
            Era::Stateless => meta.client_capabilities.unwrap_or_default(),
        };
        let progress_token = meta.progress_token.filter(|token| RequestId::from_raw(token).is_some());
        let progress_token = progress_token.map(ToOwned::to_owned);
        Self { id: id.clone(), method: method.into(), tool, version, client, refused, progress_token }
    }
}

/// Answers a request, or says what has to be done for it.
pub fn request(connection: &Arc<Connection>, facts: &Facts, params: Option<&RawValue>) -> Answer {
    if let Some(refused) = &facts.refused {
        return Answer::Now(Err(refused.clone()));
    }
    let later = |work: Result<Work, RpcError>| {
        work.map_or_else(|error| Answer::Now(Err(error)), |work| Answer::Later(Box::new(work)))
    };
    match (&*facts.method, facts.version.era()) {
        ("tools/call", _) => later(call(connection, facts, params)),
        ("prompts/get", _) => later(prompt(connection, params)),
        ("subscriptions/listen", Era::Stateless) => {
            later(decoded::<ListenParams>(params).map(|params| Work::Listen(params.notifications)))
        }
        (method, era) => Answer::Now(match at_once(connection, method, era, params) {
            Some(answer) => answer,
            None => alone_in(connection, facts, params),
        }),
    }
}

/// The methods of both eras that take no time.
fn at_once(
    connection: &Arc<Connection>,
    method: &str,
    era: Era,
    params: Option<&RawValue>,
) -> Option<Result<ResultBody, RpcError>> {
    let server = &connection.server;
    let surface = server.surface();
    Some(match method {
        "tools/list" => one_page(params)
            .and_then(|()| tell_of(connection, era, Item::Tools))
            .map(|()| server.offers().tools_list.clone()),
        "prompts/list" => one_page(params)
            .and_then(|()| tell_of(connection, era, Item::Prompts))
            .map(|()| server.offers().prompts_list.clone()),
        "resources/templates/list" => one_page(params).map(|()| server.offers().templates_list.clone()),
        "resources/list" => one_page(params).and_then(|()| {
            tell_of(connection, era, Item::Resources)?;
            resources_list(&**surface, &connection.principal)
        }),
        "resources/read" => read(connection, era, params),
        "completion/complete" => decoded::<CompleteParams>(params).and_then(|params| {
            let argument = &params.argument;
            let values = surface.complete(&params.reference, &argument.name, &argument.value, &connection.principal)?;
            completion(values)
        }),
        _ => return None,
    })
}

/// A client of the older era hears when a list that it reads changes: who never reads it has none that could grow old.
fn tell_of(connection: &Arc<Connection>, era: Era, list: Item) -> Result<(), RpcError> {
    match era {
        Era::Handshake => connection.server.subscriptions().subscribe(connection, list),
        Era::Stateless => Ok(()),
    }
}

/// The methods of one era.
fn alone_in(connection: &Arc<Connection>, facts: &Facts, params: Option<&RawValue>) -> Result<ResultBody, RpcError> {
    let server = &connection.server;
    match (&*facts.method, facts.version.era()) {
        ("initialize", Era::Handshake) => initialize(connection, params),
        ("ping", Era::Handshake) => Ok(ResultBody::empty()),
        ("resources/subscribe", Era::Handshake) => {
            let uri = decoded::<ResourceParams>(params)?.uri;
            server.subscriptions().subscribe(connection, Item::Resource(uri.into()))?;
            Ok(ResultBody::empty())
        }
        ("resources/unsubscribe", Era::Handshake) => {
            let uri = decoded::<ResourceParams>(params)?.uri;
            server.subscriptions().unsubscribe(connection.id, &Item::Resource(uri.into()));
            Ok(ResultBody::empty())
        }
        ("server/discover", Era::Stateless) => server.offers().discover(),
        ("server/discover", Era::Handshake) => Err(RpcError::invalid_params(format!("_meta lacks {META_VERSION}"))),
        ("tasks/get" | "tasks/update" | "tasks/cancel", Era::Stateless) => task(connection, facts, params),
        (method, _) => Err(RpcError::method_not_found(method)),
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

/// Does the work to its answer; what goes on behind that comes back with it.
pub async fn run<S: Sending>(
    connection: &Connection,
    facts: &Facts,
    work: Work,
    cancel: CancellationToken,
    sending: &S,
) -> Ran {
    let surface = Arc::clone(connection.server.surface());
    match work {
        Work::Call { tool, arguments, round, patience } => {
            let start = |asking| surface.call(&tool, arguments, asking);
            running::run(connection, facts, round, patience, cancel, sending, start).await
        }
        Work::Prompt { params, round } => {
            let start = |asking| surface.prompt(&params.name, params.arguments, asking);
            running::run(connection, facts, round, Patience::Endless, cancel, sending, start).await
        }
        Work::Listen(filter) => Ran::done(subscriptions::listen(connection, facts, filter, cancel, sending).await),
    }
}

fn call(connection: &Connection, facts: &Facts, params: Option<&RawValue>) -> Result<Work, RpcError> {
    let raw = params.ok_or_else(|| RpcError::invalid_params("params must name a tool"))?;
    let params: CallToolParams<'_> = decoded(Some(raw))?;
    let patience = connection.server.surface().admit(&params.name, facts.client)?;
    let arguments = params.arguments.map_or("", RawValue::get);
    let about = ["tools/call", &params.name, arguments];
    let round = Round::of(connection, &about, params.input_responses, params.request_state.as_deref())?;
    let (tool, arguments) = (params.name.into(), params.arguments.map(ToOwned::to_owned));
    Ok(Work::Call { tool, arguments, round, patience })
}

fn prompt(connection: &Connection, params: Option<&RawValue>) -> Result<Work, RpcError> {
    let mut params: GetPromptParams = decoded(params)?;
    let arguments = json!(params.arguments).to_string();
    let about = ["prompts/get", &params.name, &arguments];
    let responses = params.input_responses.take();
    let round = Round::of(connection, &about, responses, params.request_state.as_deref())?;
    Ok(Work::Prompt { params, round })
}

fn read(connection: &Connection, era: Era, params: Option<&RawValue>) -> Result<ResultBody, RpcError> {
    let ResourceParams { uri } = decoded(params)?;
    let contents = connection.server.surface().read(&uri, &connection.principal).ok_or_else(|| {
        let code = match era {
            Era::Handshake => RESOURCE_NOT_FOUND,
            Era::Stateless => INVALID_PARAMS,
        };
        let what = format!("there is no resource '{}': resources/list has them", excerpt(&uri));
        RpcError::new(code, what).with_data(json!({ "uri": excerpt(&uri) }))
    })?;
    read_result(&contents)
}

fn task(connection: &Connection, facts: &Facts, params: Option<&RawValue>) -> Result<ResultBody, RpcError> {
    if !facts.client.tasks {
        return Err(needs_tasks());
    }
    let params: TaskParams = decoded(params)?;
    let task = connection.server.tasks().find(&params.task_id, &connection.principal)?;
    match &*facts.method {
        "tasks/get" => return task.detailed(),
        "tasks/update" => task.update(params.input_responses.unwrap_or_default()),
        "tasks/cancel" => task.give_up(),
        method => return Err(RpcError::method_not_found(method)),
    }
    Ok(ResultBody::empty())
}

fn initialize(connection: &Connection, params: Option<&RawValue>) -> Result<ResultBody, RpcError> {
    let params: InitializeParams = decoded(params)?;
    let version = Version::negotiate(&params.protocol_version);
    connection.settle_on(version, params.capabilities);
    let client = (params.client_info.name.as_str(), params.client_info.version.as_str());
    connection.server.engine.connections.identify(connection.id, Some(client), version.as_str());
    connection.server.offers().initialize(version)
}

fn decoded<'a, T: Deserialize<'a>>(params: Option<&'a RawValue>) -> Result<T, RpcError> {
    let params = params.ok_or_else(|| RpcError::invalid_params("params are missing"))?;
    serde_json::from_str(params.get())
        .map_err(|error| RpcError::invalid_params(format!("params cannot be read: {error}")))
}

/// A list is one page here, so there is none behind it.
fn one_page(params: Option<&RawValue>) -> Result<(), RpcError> {
    match params.map(|params| decoded::<ListParams>(Some(params))) {
        None | Some(Ok(ListParams { cursor: None })) => Ok(()),
        Some(Ok(_)) => Err(RpcError::invalid_params("this cursor is none of this server's")),
        Some(Err(error)) => Err(error),
    }
}

pub fn unsupported(claimed: &str) -> RpcError {
    RpcError::new(UNSUPPORTED_VERSION, "this protocol version is not supported")
        .with_data(json!({ "supported": Version::newest_first(), "requested": excerpt(claimed) }))
}
