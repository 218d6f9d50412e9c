//! What zen offers beside its tools, in both eras: prompts, resources, subscriptions, forms, tasks.

mod forms;
mod offering;
mod prompts;
mod resources;
mod subscriptions;
mod tasks;

use serde_json::{Value, json};

use crate::support::place::Place;
use crate::support::process::Zen;

/// Params of a request of the newer era, by a client that can do this.
fn stateless(mut params: Value, capabilities: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    params
}

/// A `tools/call` of `chat`.
fn calling(arguments: Value) -> Value {
    json!({ "name": "chat", "arguments": arguments })
}

/// A client of the older era that can do this.
async fn connected_with(place: &Place, capabilities: Value) -> Zen {
    let mut zen = place.stdio();
    let client = json!({ "name": "test-client", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": client });
    zen.request("initialize", params).await;
    zen.notify("notifications/initialized", json!({})).await;
    zen
}

/// Reads until a message without a number for an id has come that fits; replies are kept for those who wait for them.
async fn heard(zen: &mut Zen, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        if let Some(at) = zen.notifications.iter().position(&fits) {
            return zen.notifications.remove(at);
        }
        assert!(zen.listen().await, "zen ended without {what}");
    }
}

fn has_method(method: &'static str) -> impl Fn(&Value) -> bool {
    move |message| message["method"] == method
}
