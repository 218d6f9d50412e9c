//! The control API of another process, through its socket. One connection a request: they are local and cheap, and a
//! slow answer then holds up no other.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::route::Route;
use super::types::models::ModelSummary;
use super::types::spending::Spending;
use super::types::{
    Act, Acted, Exported, Form, Hello, Interceptors, MessageDetail, MessageText, ModelSwitch, PauseDecision,
    PausedSummary, ProbeSummary, Refusal, Switch, TextSlice, ThreadDetail, ThreadSummary, ToolCall, ToolResult,
    ToolSummary, ToolSwitch, TurnText, Update,
};
use super::{Control, ControlError, Reply};
use crate::engine::Family;
use crate::http::body;
use crate::http::sse::Decoder;
use crate::id::{CallId, MessageSeq, PauseId, ProviderId, ThreadId};

/// The largest reply that is read: a snapshot of the most threads there may be.
const MAX_REPLY: usize = 64 << 20;
/// How long a process may take to accept a connection; it is on the same machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long it may take to begin an answer; only a tool call and a probe take longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Updates that may wait for the face.
const UPDATE_QUEUE: usize = 16;

/// A process behind its socket. Nothing is connected until something is asked.
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
}

impl Client {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    async fn ask<T: DeserializeOwned>(&self, route: Route, body: Vec<u8>) -> Result<T, ControlError> {
        let response = self.send(route, body).await?;
        let bytes = body::read(response.into_body(), MAX_REPLY).await.map_err(unreachable)?;
        serde_json::from_slice(&bytes).map_err(unreachable)
    }

    async fn get<T: DeserializeOwned>(&self, route: Route) -> Result<T, ControlError> {
        self.ask(route, Vec::new()).await
    }

    /// The response, if it is a success. The request is given up when the response's body is dropped.
    async fn send(&self, route: Route, body: Vec<u8>) -> Result<Response<Incoming>, ControlError> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, UnixStream::connect(&self.path));
        let stream = connecting.await.map_err(|_| silent())?.map_err(unreachable)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        tokio::spawn(connection);
        let request = Request::builder()
            .method(route.method())
            .uri(route.path())
            .header(HOST, "zen")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .map_err(unreachable)?;
        let answering = sender.send_request(request);
        let response = match route {
            Route::Call | Route::Probe => answering.await.map_err(unreachable)?,
            _ => in_time(answering).await?.map_err(unreachable)?,
        };
        if response.status().is_success() {
            return Ok(response);
        }
        let bytes = body::read(response.into_body(), MAX_REPLY).await.map_err(unreachable)?;
        let refusal: Refusal = serde_json::from_slice(&bytes).map_err(unreachable)?;
        Err(refusal.into())
    }
}

impl Control for Client {
    fn hello(&self) -> Reply<'_, Hello> {
        Box::pin(self.get(Route::Hello))
    }

    fn watch(&self) -> Reply<'_, mpsc::Receiver<Update>> {
        Box::pin(async move {
            let response = self.send(Route::Watch, Vec::new()).await?;
            let (updates, receiver) = mpsc::channel(UPDATE_QUEUE);
            tokio::spawn(relay(response.into_body(), updates));
            Ok(receiver)
        })
    }

    fn thread(&self, thread: ThreadId) -> Reply<'_, ThreadDetail> {
        Box::pin(self.get(Route::Thread(thread)))
    }

    fn turn_text(&self, thread: ThreadId, turn: u32, which: TurnText, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(self.get(Route::TurnText { thread, turn, which, from }))
    }

    fn expire(&self, thread: ThreadId) -> Reply<'_, ThreadSummary> {
        Box::pin(self.get(Route::Expire(thread)))
    }

    fn act(&self, act: Act) -> Reply<'_, Acted> {
        Box::pin(async move {
            let body = serde_json::to_vec(&act).map_err(unreachable)?;
            self.ask(Route::Act, body).await
        })
    }

    fn search(&self, query: String) -> Reply<'_, Vec<ThreadSummary>> {
        Box::pin(self.ask(Route::Search, query.into_bytes()))
    }

    fn export(&self, thread: ThreadId, form: Form) -> Reply<'_, Exported> {
        Box::pin(self.get(Route::Export { thread, form }))
    }

    fn import(&self, document: String) -> Reply<'_, ThreadSummary> {
        Box::pin(self.ask(Route::Import, document.into_bytes()))
    }

    fn call(&self, call: ToolCall) -> Reply<'_, ToolResult> {
        Box::pin(async move {
            let body = serde_json::to_vec(&call).map_err(unreachable)?;
            self.ask(Route::Call, body).await
        })
    }

    fn paths(&self, so_far: String) -> Reply<'_, Vec<String>> {
        Box::pin(self.ask(Route::Paths, so_far.into_bytes()))
    }

    fn cancel(&self, call: CallId) -> Reply<'_, ()> {
        Box::pin(self.get(Route::Cancel(call)))
    }

    fn live_text(&self, call: CallId, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(self.get(Route::LiveText { call, from }))
    }

    fn message(&self, seq: MessageSeq) -> Reply<'_, MessageDetail> {
        Box::pin(self.get(Route::Message(seq)))
    }

    fn message_text(&self, seq: MessageSeq, which: MessageText, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(self.get(Route::MessageText { seq, which, from }))
    }

    fn models(&self) -> Reply<'_, Vec<ModelSummary>> {
        Box::pin(self.get(Route::Models))
    }

    fn switch_model(&self, switch: ModelSwitch) -> Reply<'_, Vec<ModelSummary>> {
        Box::pin(async move {
            let body = serde_json::to_vec(&switch).map_err(unreachable)?;
            self.ask(Route::SwitchModel, body).await
        })
    }

    fn tools(&self) -> Reply<'_, Vec<ToolSummary>> {
        Box::pin(self.get(Route::Tools))
    }

    fn probe(&self, provider: ProviderId) -> Reply<'_, ProbeSummary> {
        Box::pin(self.ask(Route::Probe, provider.to_string().into_bytes()))
    }

    fn toolbox(&self) -> Reply<'_, Vec<ToolSwitch>> {
        Box::pin(self.get(Route::Toolbox))
    }

    fn switch_tool(&self, switch: Switch) -> Reply<'_, Vec<ToolSwitch>> {
        Box::pin(async move {
            let body = serde_json::to_vec(&switch).map_err(unreachable)?;
            self.ask(Route::SwitchTool, body).await
        })
    }

    fn spending(&self) -> Reply<'_, Spending> {
        Box::pin(self.get(Route::Spending))
    }

    fn paused(&self) -> Reply<'_, Vec<PausedSummary>> {
        Box::pin(self.get(Route::Paused))
    }

    fn paused_text(&self, pause: PauseId, from: u64) -> Reply<'_, TextSlice> {
        Box::pin(self.get(Route::PausedText { pause, from }))
    }

    fn resolve(&self, pause: PauseId, decision: PauseDecision) -> Reply<'_, ()> {
        Box::pin(async move {
            let body = serde_json::to_vec(&decision).map_err(unreachable)?;
            self.ask(Route::Resolve(pause), body).await
        })
    }

    fn interceptors(&self) -> Reply<'_, Interceptors> {
        Box::pin(self.get(Route::Interceptors))
    }

    fn switch(&self, switch: Switch) -> Reply<'_, Interceptors> {
        Box::pin(async move {
            let body = serde_json::to_vec(&switch).map_err(unreachable)?;
            self.ask(Route::Switch, body).await
        })
    }

    fn metrics(&self) -> Reply<'_, Vec<Family>> {
        Box::pin(self.get(Route::Metrics))
    }
}

/// Hands on updates until either side ends. What cannot be read ends it too: the other side speaks another language.
async fn relay(mut body: Incoming, updates: mpsc::Sender<Update>) {
    let mut decoder = Decoder::new(MAX_REPLY);
    let mut events = Vec::new();
    loop {
        let frame = tokio::select! {
            () = updates.closed() => return,
            frame = body.frame() => frame,
        };
        let Some(Ok(frame)) = frame else { return };
        let Some(bytes) = frame.data_ref() else { continue };
        if decoder.push(bytes, &mut events).is_err() {
            return;
        }
        for event in events.drain(..) {
            let Ok(update) = serde_json::from_str(&event) else { return };
            if updates.send(update).await.is_err() {
                return;
            }
        }
    }
}

async fn in_time<T>(answering: impl Future<Output = T>) -> Result<T, ControlError> {
    tokio::time::timeout(ANSWER_TIMEOUT, answering).await.map_err(|_| silent())
}

/// A process that is stopped, or busy beyond measure.
fn silent() -> ControlError {
    ControlError::Unreachable("it does not answer".to_owned())
}

fn unreachable(error: impl std::fmt::Display) -> ControlError {
    ControlError::Unreachable(error.to_string())
}
