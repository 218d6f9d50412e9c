//! An independent peer: the official SDK's client speaks to a real `zen stdio` process in each of its lifecycles.

use ::rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationCapability, GetPromptRequestParams, ProtocolVersion, ReadResourceRequestParams,
};
use ::rmcp::service::{RequestContext, RoleClient, RunningService, Service};
use ::rmcp::transport::TokioChildProcess;
use ::rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, ErrorData};
use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{assert_in_order, canary, chat, chat_with, on, repository_file, shown, soon, times};

/// A line of `src/clock.rs` that stands in it once.
const A_LINE_OF_THE_CLOCK: &str = "The one source of time.";

async fn call(
    client: &RunningService<RoleClient, impl Service<RoleClient>>,
    tool: &'static str,
    arguments: Value,
) -> ToolReply {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    let called = client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments));
    let result: CallToolResult = soon("a result", called).await.unwrap();
    let text = result.content[0].as_text().unwrap().text.clone();
    canary::sweep("a reply", &text);
    ToolReply { text, is_error: result.is_error.unwrap() }
}

/// A person who takes the first choice of every form.
pub struct Person;

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let mut info = ClientConfig::default();
        info.capabilities.elicitation = Some(ElicitationCapability::default());
        info
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let form = serde_json::to_value(&request).unwrap();
        let first = form["requestedSchema"]["properties"]["model"]["enum"][0].clone();
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "model": first })))
    }
}

/// Prompts, resources and completions, as this client sees them. It has a thread of this id, with this reply in it.
pub async fn look_around(client: &RunningService<RoleClient, impl Service<RoleClient>>, thread: &str, reply: &str) {
    let prompts = soon("the prompts", client.list_all_prompts()).await.unwrap();
    let prompt = prompts.iter().find(|prompt| prompt.name == "continue").unwrap();
    let arguments: Vec<_> = prompt.arguments.iter().flatten().map(|argument| argument.name.as_str()).collect();
    assert!(arguments.contains(&"continuation_id"), "{arguments:?}");
    let Value::Object(arguments) = json!({ "continuation_id": thread }) else { unreachable!() };
    let asked = client.get_prompt(GetPromptRequestParams::new("continue").with_arguments(arguments));
    let messages = soon("a prompt", asked).await.unwrap().messages;
    assert!(serde_json::to_string(&messages).unwrap().contains(thread), "{messages:?}");
    let unknown = soon("a refusal", client.get_prompt(GetPromptRequestParams::new("no_such"))).await;
    assert!(unknown.unwrap_err().to_string().contains("no_such"));

    let uri = format!("zen://threads/{thread}");
    let resources = soon("the resources", client.list_all_resources()).await.unwrap();
    assert!(resources.iter().any(|resource| resource.uri == uri), "{resources:?}");
    let templates = soon("the templates", client.list_all_resource_templates()).await.unwrap();
    let template = templates[0].uri_template.clone();
    let read = soon("a resource", client.read_resource(ReadResourceRequestParams::new(uri))).await.unwrap();
    assert!(serde_json::to_string(&read.contents).unwrap().contains(reply), "{read:?}");
    let foreign = format!("zen://threads/{}", uuid::Uuid::new_v4());
    assert!(soon("a refusal", client.read_resource(ReadResourceRequestParams::new(foreign))).await.is_err());

    let models = soon("models", client.complete_prompt_simple("chat", "model", "scr")).await.unwrap();
    assert_eq!(models, ["scripted"]);
    let threads = soon("threads", client.complete_prompt_simple("chat", "continuation_id", "")).await.unwrap();
    assert_eq!(threads, [thread]);
    assert_eq!(soon("ids", client.complete_resource_simple(template, "id", "")).await.unwrap(), [thread]);
}

/// The same conversation, however it began.
async fn converse(lifecycle: ClientLifecycleMode) {
    let rehearsal =
        Rehearsal::start([Scene::reply("It injects time."), Scene::reply("So that tests pause it.")]).unwrap();
    let place = Place::with(&rehearsal);
    let file = place.file("clock.rs", &std::fs::read_to_string(repository_file("src/clock.rs")).unwrap());
    let process = TokioChildProcess::new(place.command(&["stdio"])).unwrap();
    let client = soon("the handshake", ().serve_with_lifecycle(process, lifecycle)).await.unwrap();

    let tools = soon("the tools", client.list_all_tools()).await.unwrap();
    let chat_tool = tools.iter().find(|tool| tool.name == "chat").unwrap();
    let required = chat_tool.input_schema["required"].as_array().unwrap();
    assert!(required.contains(&"prompt".into()), "{required:?}");
    assert!(chat_tool.annotations.as_ref().unwrap().read_only_hint.unwrap());

    let first = call(&client, "chat", chat_with("What does it do?", &[&file])).await;
    assert!(!first.is_error, "{first:?}");
    assert_eq!((first.status().as_str(), first.remaining_turns()), ("continuation_available", 19));
    let id = first.continuation_id();
    let second = call(&client, "chat", on(&id, chat("Why?"))).await;
    assert_eq!((second.continuation_id(), second.remaining_turns()), (id, 18));

    let requests = rehearsal.requests();
    assert_eq!(requests.len(), 2);
    let prompt = shown(&requests[1]);
    assert_eq!(times(&prompt, A_LINE_OF_THE_CLOCK), 1, "{prompt}");
    assert_in_order(&prompt, &[A_LINE_OF_THE_CLOCK, "What does it do?", "<assistant> It injects time.", "Why?"]);

    let unknown = call(&client, "chat", on("0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001", chat("Go on"))).await;
    assert!(unknown.is_error && unknown.content().contains("3 hours"), "{unknown:?}");
    look_around(&client, &second.continuation_id(), "It injects time.").await;
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

/// A model whose name no provider takes, until the person has chosen one.
pub async fn is_asked(client: &RunningService<RoleClient, Person>) {
    let mut arguments = chat("Which one is meant?");
    arguments["model"] = json!("no such model");
    let reply = call(client, "chat", arguments).await;
    assert!(!reply.is_error && reply.metadata("model_used") == "scripted", "{reply:?}");
}

#[tokio::test]
async fn a_client_with_a_person_is_asked_in_either_era() {
    let newer = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    for lifecycle in [ClientLifecycleMode::Initialize, newer] {
        let rehearsal = Rehearsal::start([Scene::reply("Me.")]).unwrap();
        let place = Place::with(&rehearsal);
        let process = TokioChildProcess::new(place.command(&["stdio"])).unwrap();
        let client = soon("the handshake", Person.serve_with_lifecycle(process, lifecycle)).await.unwrap();
        is_asked(&client).await;
        soon("the end", client.cancel()).await.unwrap();
    }
}
