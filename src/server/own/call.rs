//! A call of one of zen's tools: what has to be asked first, the engine, and word of how far it has come.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;

use super::forms;
use super::unknown_tool;
use crate::engine::Engine;
use crate::engine::calls::{LiveCall, Stage};
use crate::mcp::codec::ResultBody;
use crate::mcp::schema::{CallToolResult, TextContent};
use crate::server::asking::{Asking, Stop};

pub async fn call(
    engine: &Engine,
    name: &str,
    arguments: Option<Box<RawValue>>,
    asking: Asking,
) -> Result<ResultBody, Stop> {
    let tool = engine.tool(name).ok_or_else(|| unknown_tool(name))?;
    let arguments = forms::settle_model(engine, tool.spec(), arguments, &asking).await?;
    let opened = forms::open_folder(engine, arguments.as_deref(), &asking).await?;
    let live = engine.calls.begin(tool.spec().name, asking.connection, asking.cancel.clone());
    let outcome = {
        let running = engine.invoke(&live, tool, arguments, &asking.principal, opened);
        tokio::pin!(running);
        tokio::select! {
            outcome = &mut running => outcome,
            never = report(engine, &live, &asking) => match never {},
        }
    };
    let result = CallToolResult { content: [TextContent { text: &outcome.text }], is_error: outcome.is_error };
    Ok(ResultBody::of(&result)?)
}

/// Says at each interval how far the call has come; goes on until dropped.
async fn report(engine: &Engine, live: &Arc<LiveCall>, asking: &Asking) -> std::convert::Infallible {
    let every = engine.config.tools.progress_interval;
    for progress in 1.. {
        tokio::time::sleep(every).await;
        let message = said_of(live, every.saturating_mul(progress));
        asking.progress(u64::from(progress), None, message).await;
    }
    std::future::pending().await
}

fn said_of(live: &LiveCall, waited: Duration) -> String {
    let state = live.snapshot();
    let seconds = waited.as_secs();
    let model = state.model.as_ref().map_or("the model", |model| model.as_str());
    match state.stage {
        Stage::Waiting | Stage::Streaming if !state.standing.is_empty() => format!("{}, {seconds} s", state.standing),
        Stage::Preparing => format!("gathering files and history, {seconds} s"),
        Stage::Waiting => format!("{model} thinks, {seconds} s"),
        Stage::Streaming => format!("{model} answers: {} characters so far, {seconds} s", state.text_chars),
        Stage::Done | Stage::Failed { .. } | Stage::Cancelled => format!("{model} is done"),
    }
}
