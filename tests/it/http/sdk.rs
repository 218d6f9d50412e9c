//! An independent peer: the official SDK's client speaks to a real listener in each of its lifecycles.

use ::rmcp::model::{CallToolRequestParams, ProtocolVersion};
use ::rmcp::transport::StreamableHttpClientTransport;
use ::rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use ::rmcp::{ClientLifecycleMode, ClientServiceExt as _};
use serde_json::Value;
use zen::rehearsal::{Rehearsal, Scene};

use crate::rmcp::{Person, is_asked};
use crate::support::web::{Site, TOKEN};
use crate::support::{chat, on, soon};

fn transport(site: &Site) -> StreamableHttpClientTransport<reqwest::Client> {
    // The client's HTTP takes what the process has; a second one to set it changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let uri = format!("http://{}/mcp", site.address);
    StreamableHttpClientTransport::from_config(StreamableHttpClientTransportConfig::with_uri(uri).auth_header(TOKEN))
}

async fn converse(lifecycle: ClientLifecycleMode) {
    let rehearsal = Rehearsal::start([Scene::reply("It injects time."), Scene::reply("To pause it.")]).unwrap();
    let site = Site::guarded(&rehearsal).await;
    let client = soon("the handshake", ().serve_with_lifecycle(transport(&site), lifecycle)).await.unwrap();
    let tools = soon("the tools", client.list_all_tools()).await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "chat"));
    let call = async |arguments: Value| {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let calling = client.call_tool(CallToolRequestParams::new("chat").with_arguments(arguments));
        let result = soon("a result", calling).await.unwrap();
        assert_eq!(result.is_error, Some(false));
        serde_json::from_str::<Value>(&result.content[0].as_text().unwrap().text).unwrap()
    };
    let first = call(chat("What does it do?")).await;
    let id = first["continuation_offer"]["continuation_id"].as_str().unwrap().to_owned();
    let second = call(on(&id, chat("Why?"))).await;
    assert_eq!(second["continuation_offer"]["remaining_turns"], 18);
    crate::rmcp::look_around(&client, &id, "It injects time.").await;
    let no_tool = soon("a refusal", client.call_tool(CallToolRequestParams::new("no_such"))).await;
    assert!(no_tool.unwrap_err().to_string().contains("no_such"));
    soon("the end", client.cancel()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_initializes_is_served() {
    converse(ClientLifecycleMode::Initialize).await;
}

#[tokio::test]
async fn a_client_that_discovers_is_served() {
    converse(ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }).await;
}

#[tokio::test]
async fn a_client_that_finds_out_by_itself_is_served() {
    for preferred in [ProtocolVersion::V_2026_07_28, ProtocolVersion::V_2025_06_18] {
        let legacy_version = Some(ProtocolVersion::V_2025_06_18);
        converse(ClientLifecycleMode::Auto { preferred_versions: vec![preferred], legacy_version }).await;
    }
}

#[tokio::test]
async fn a_client_with_a_person_is_asked_in_either_era() {
    let newer = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    for lifecycle in [ClientLifecycleMode::Initialize, newer] {
        let rehearsal = Rehearsal::start([Scene::reply("Me.")]).unwrap();
        let site = Site::guarded(&rehearsal).await;
        let client = soon("the handshake", Person.serve_with_lifecycle(transport(&site), lifecycle)).await.unwrap();
        is_asked(&client).await;
        soon("the end", client.cancel()).await.unwrap();
    }
}
