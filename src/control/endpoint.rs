//! The control API behind a Unix socket: HTTP/1.1 for requests, an event stream for the watch. Only the user whose
//! process this is gets an answer.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

use super::route::Route;
use super::service::Service;
use super::socket::own_uid;
use super::types::{PauseDecision, Refusal, RefusalCode, ToolCall};
use super::{Control, ControlError};
use crate::event::Event;
use crate::http::body::{self, ReplyBody};
use crate::http::serve::{Handler, Host, serve};
use crate::http::sse;
use crate::id::ProviderId;

/// The largest request body: a tool call with its prompt.
const MAX_BODY: usize = 16 << 20;
/// The largest document that is imported.
const MAX_IMPORT: usize = 64 << 20;
/// Connections at one time; each watcher holds one.
const MAX_CONNECTIONS: usize = 128;
/// Events that may wait for the socket.
const STREAM_QUEUE: usize = 16;

pub struct Endpoint {
    service: Service,
    watchers: Arc<Semaphore>,
}

impl Endpoint {
    pub fn new(service: Service) -> Arc<Self> {
        let watchers = service.engine().config.control.max_watchers;
        Arc::new(Self { service, watchers: Arc::new(Semaphore::new(watchers)) })
    }

    /// Serves until shutdown begins.
    pub async fn run(self: Arc<Self>, listener: UnixListener) {
        let shutdown = self.service.engine().shutdown.clone();
        serve(listener, Arc::new(self), MAX_CONNECTIONS, &shutdown).await;
    }

    async fn respond(&self, route: Route, request: Request<Incoming>) -> Result<Response<ReplyBody>, ControlError> {
        let service = &self.service;
        match route {
            Route::Watch => self.watch().await,
            Route::Call => {
                let call: ToolCall = read(request).await?;
                json(&service.call(call).await?)
            }
            Route::Resolve(pause) => {
                let decision: PauseDecision = read(request).await?;
                json(&service.resolve(pause, decision).await?)
            }
            Route::Switch => json(&service.switch(read(request).await?).await?),
            Route::SwitchTool => json(&service.switch_tool(read(request).await?).await?),
            Route::SwitchModel => json(&service.switch_model(read(request).await?).await?),
            Route::Act => json(&service.act(read(request).await?).await?),
            Route::Search => {
                let query = read_text(request, MAX_BODY).await?;
                json(&service.search(query).await?)
            }
            Route::Probe => {
                let provider = read_text(request, MAX_BODY).await?;
                json(&service.probe(ProviderId::new(provider)).await?)
            }
            Route::Paths => {
                let so_far = read_text(request, MAX_BODY).await?;
                json(&service.paths(so_far).await?)
            }
            Route::Import => {
                let document = read_text(request, MAX_IMPORT).await?;
                json(&service.import(document).await?)
            }
            Route::Export { thread, form } => json(&service.export(thread, form).await?),
            Route::PausedText { pause, from } => json(&service.paused_text(pause, from).await?),
            Route::Paused => json(&service.paused().await?),
            Route::Interceptors => json(&service.interceptors().await?),
            Route::Metrics => json(&service.metrics().await?),
            Route::Hello => json(&service.hello().await?),
            Route::Thread(thread) => json(&service.thread(thread).await?),
            Route::Expire(thread) => json(&service.expire(thread).await?),
            Route::TurnText { thread, turn, which, from } => json(&service.turn_text(thread, turn, which, from).await?),
            Route::Cancel(call) => json(&service.cancel(call).await?),
            Route::LiveText { call, from } => json(&service.live_text(call, from).await?),
            Route::Message(seq) => json(&service.message(seq).await?),
            Route::MessageText { seq, which, from } => json(&service.message_text(seq, which, from).await?),
            Route::Models => json(&service.models().await?),
            Route::Toolbox => json(&service.toolbox().await?),
            Route::Tools => json(&service.tools().await?),
            Route::Spending => json(&service.spending().await?),
        }
    }

    async fn watch(&self) -> Result<Response<ReplyBody>, ControlError> {
        let Ok(place) = Arc::clone(&self.watchers).try_acquire_owned() else {
            let message = "this process has as many watchers as it takes (control.max_watchers)".to_owned();
            return Err(Refusal { code: RefusalCode::TooMuch, message }.into());
        };
        let mut updates = self.service.watch().await?;
        let (events, stream) = mpsc::channel(STREAM_QUEUE);
        tokio::spawn(async move {
            loop {
                // A watcher that has gone gives its place back though nothing happens that it could be told.
                let update = tokio::select! {
                    () = events.closed() => break,
                    update = updates.recv() => update,
                };
                let Some(Ok(text)) = update.map(|update| serde_json::to_string(&update)) else { break };
                if events.send(sse::event(&text)).await.is_err() {
                    break;
                }
            }
            drop(place);
        });
        let mut response = Response::new(ReplyBody::Stream(stream));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        Ok(response)
    }
}

impl Handler for Arc<Endpoint> {
    async fn handle(&self, request: Request<Incoming>) -> Response<ReplyBody> {
        let uri = request.uri();
        let Some(route) = Route::parse(request.method(), uri.path(), uri.query()) else {
            let message = "the control API has no such path".to_owned();
            return refusal(&Refusal { code: RefusalCode::NotFound, message });
        };
        match self.respond(route, request).await {
            Ok(response) => response,
            Err(ControlError::Refused(refused)) => refusal(&refused),
            Err(ControlError::Unreachable(message)) => refusal(&Refusal { code: RefusalCode::ShuttingDown, message }),
        }
    }
}

impl Host<UnixStream> for Arc<Endpoint> {
    type Handler = Self;

    /// The folder keeps other users out; this holds where its rights were changed.
    fn admit(&self, peer: &UnixStream) -> Option<Self> {
        let uid = peer.peer_cred().ok()?.uid();
        if uid == own_uid() {
            return Some(Self::clone(self));
        }
        tracing::warn!(uid, "control: another user was refused");
        self.service.engine().bus.say(Event::ControlRefused { uid });
        None
    }
}

async fn read<T: DeserializeOwned>(request: Request<Incoming>) -> Result<T, ControlError> {
    let bytes = body::read(request.into_body(), MAX_BODY).await.map_err(|error| refused(&error))?;
    Ok(serde_json::from_slice(&bytes).map_err(|error| refused(&error))?)
}

async fn read_text(request: Request<Incoming>, max: usize) -> Result<String, ControlError> {
    let bytes = body::read(request.into_body(), max).await.map_err(|error| refused(&error))?;
    Ok(String::from_utf8(bytes.into()).map_err(|error| refused(&error))?)
}

fn json<T: Serialize>(value: &T) -> Result<Response<ReplyBody>, ControlError> {
    let text = serde_json::to_vec(value).map_err(|error| ControlError::Unreachable(error.to_string()))?;
    Ok(with_json(StatusCode::OK, text))
}

fn refusal(refusal: &Refusal) -> Response<ReplyBody> {
    let status = match refusal.code {
        RefusalCode::NotFound => StatusCode::NOT_FOUND,
        RefusalCode::BadRequest => StatusCode::BAD_REQUEST,
        RefusalCode::TooMuch => StatusCode::TOO_MANY_REQUESTS,
        RefusalCode::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
    };
    with_json(status, serde_json::to_vec(refusal).unwrap_or_default())
}

fn with_json(status: StatusCode, text: Vec<u8>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn refused(error: &impl std::fmt::Display) -> Refusal {
    Refusal { code: RefusalCode::BadRequest, message: format!("the request cannot be read: {error}") }
}
