//! Which model and which provider a call comes to, over real processes: names and aliases, set-ups with one provider alone,
//! thinking where a model thinks, pictures in the form of each wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zen::rehearsal::{Recorded, Rehearsal, Scene, Wire};

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{chat, on, shown};

/// A picture of one dot.
const DOT: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

fn answering() -> Rehearsal {
    Rehearsal::start(Scene::reply("fine")).unwrap()
}

fn google(place: Place, rehearsal: &Rehearsal) -> Place {
    place.env("GEMINI_API_KEY", "AIza-not-a-key").env("GEMINI_BASE_URL", rehearsal.gemini_base_url())
}

fn openai(place: Place, rehearsal: &Rehearsal) -> Place {
    place.env("OPENAI_API_KEY", "sk-not-a-key").set("providers.openai.base_url", rehearsal.base_url())
}

fn xai(place: Place, rehearsal: &Rehearsal) -> Place {
    place.env("XAI_API_KEY", "xai-not-a-key").set("providers.xai.base_url", rehearsal.base_url())
}

fn openrouter(place: Place, rehearsal: &Rehearsal) -> Place {
    place.env("OPENROUTER_API_KEY", "sk-or-not-a-key").set("providers.openrouter.base_url", rehearsal.base_url())
}

fn to(model: &str) -> Value {
    let mut arguments = chat("Hello");
    arguments["model"] = json!(model);
    arguments
}

/// Who was asked, by the provider and the model that the reply names.
fn asked(reply: &ToolReply) -> (String, String) {
    assert!(!reply.is_error, "{reply:?}");
    let word = |key: &str| reply.metadata(key).as_str().unwrap().to_owned();
    (word("provider_used"), word("model_used"))
}

#[tokio::test]
async fn a_name_or_an_alias_comes_to_its_model_at_the_first_provider_that_serves_it() {
    let rehearsal = answering();
    let place = openrouter(xai(openai(google(Place::new(), &rehearsal), &rehearsal), &rehearsal), &rehearsal);
    let mut zen = place.connected().await;
    for (named, provider, model, wire) in [
        ("o3", "openai", "o3", Wire::ChatCompletions),
        ("o4mini", "openai", "o4-mini", Wire::ChatCompletions),
        ("mini", "openai", "gpt-5-mini", Wire::ChatCompletions),
        ("o3-pro", "openai", "o3-pro", Wire::Responses),
        ("O3PRO", "openai", "o3-pro", Wire::Responses),
        ("grok", "xai", "grok-4", Wire::ChatCompletions),
        ("grok-code", "xai", "grok-code-fast-1", Wire::ChatCompletions),
        ("flash", "google", "gemini-2.5-flash", Wire::Gemini),
        ("opus", "openrouter", "anthropic/claude-opus-4.5", Wire::ChatCompletions),
        ("vendor/new-model:free", "openrouter", "vendor/new-model:free", Wire::ChatCompletions),
    ] {
        let reply = zen.call("chat", to(named)).await;
        assert_eq!(asked(&reply), (provider.to_owned(), model.to_owned()), "{named}");
        let request = rehearsal.requests().pop().unwrap();
        assert_eq!((request.wire, request.model.as_str()), (wire, model), "{named}");
    }
}

#[tokio::test]
async fn with_openrouter_alone_every_kind_of_tool_finds_a_model_there() {
    let rehearsal = answering();
    let mut zen = openrouter(Place::new(), &rehearsal).connected().await;
    let (provider, chosen) = asked(&zen.chat("Hello").await);
    assert!(provider == "openrouter" && chosen.contains('/'), "{provider} {chosen}");
    let (_, pro) = asked(&zen.call("chat", to("pro")).await);
    assert_eq!(pro, "google/gemini-3-pro-preview", "the names of other providers lead there, too");
    let step =
        json!({ "step": "Think", "step_number": 1, "total_steps": 1, "next_step_required": false, "findings": "f" });
    let thought = zen.call("thinkdeep", step.clone()).await;
    assert_eq!(asked(&thought).0, "openrouter");
    let mut vote = step;
    vote["models"] = json!([{ "model": "opus" }, { "model": "vendor/other" }]);
    let vote = zen.call("consensus", vote).await;
    assert_eq!(vote.json()["model_response"]["metadata"]["model_name"], "anthropic/claude-opus-4.5", "{vote:?}");
    for request in rehearsal.requests() {
        assert!(request.model.contains('/') && request.path.ends_with("/chat/completions"), "{}", request.model);
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_followed_by_openrouter_and_one_that_was_named_by_nobody() {
    let failing = Rehearsal::start(Scene::status(402)).unwrap();
    let answering = answering();
    let place = openrouter(openai(Place::new(), &failing), &answering).env("OPENROUTER_ALLOWED_MODELS", "sonnet");
    let mut zen = place.connected().await;
    let reply = zen.chat("Whoever can.").await;
    assert_eq!(asked(&reply).0, "openrouter");
    let (from, why) = (reply.metadata("fallback_from"), reply.metadata("fallback_reason"));
    assert!(from.as_str().unwrap().starts_with("openai/") && why.as_str().unwrap().contains("no credit"), "{reply:?}");
    let named = zen.call("chat", to("o3")).await;
    assert!(named.is_error && named.content().contains("o3"), "who asks for o3 gets no other: {named:?}");
    assert_eq!((failing.requests().len(), answering.requests().len()), (2, 1));
}

#[tokio::test]
async fn o3_pro_is_asked_in_the_responses_format_and_its_thread_goes_on_elsewhere() {
    let rehearsal = answering();
    let mut zen = openai(Place::new(), &rehearsal).connected().await;
    let mut question = to("o3-pro");
    question["thinking_mode"] = json!("high");
    let first = zen.call("chat", question).await;
    let second = zen.call("chat", on(&first.continuation_id(), to("o3"))).await;
    assert_eq!((asked(&first).1, asked(&second).1), ("o3-pro".to_owned(), "o3".to_owned()));
    let requests = rehearsal.requests();
    let body = &requests[0].body;
    assert_eq!((requests[0].wire, &body["reasoning"]["effort"]), (Wire::Responses, &json!("high")), "{body}");
    assert!(body["instructions"].is_string() && body.get("store").is_none_or(|store| store == false), "{body}");
    assert!(body.get("temperature").is_none(), "the model takes none: {body}");
    assert_eq!(requests[1].wire, Wire::ChatCompletions);
    assert!(shown(&requests[1]).contains("answered by o3-pro"), "{}", shown(&requests[1]));
}

#[tokio::test]
async fn a_model_that_thinks_is_told_how_much_and_one_that_does_not_is_told_nothing() {
    let rehearsal = answering();
    let mut zen = xai(openai(google(Place::new(), &rehearsal), &rehearsal), &rehearsal).connected().await;
    let mut asked = async |model: &str, mode: &str| -> (Recorded, ToolReply) {
        let mut question = to(model);
        question["thinking_mode"] = json!(mode);
        let reply = zen.call("chat", question).await;
        assert!(!reply.is_error, "{reply:?}");
        (rehearsal.requests().pop().unwrap(), reply)
    };
    let budget = |request: &Recorded| request.body["generationConfig"]["thinkingConfig"]["thinkingBudget"].as_u64();
    let low = budget(&asked("gemini-2.5-flash", "low").await.0).unwrap();
    let most = budget(&asked("gemini-2.5-flash", "max").await.0).unwrap();
    assert!(0 < low && low < most && most <= 24_576, "{low} {most}");
    let level = asked("gemini-3-pro-preview", "high").await.0;
    assert_eq!(level.body["generationConfig"]["thinkingConfig"]["thinkingLevel"], "high", "{}", level.body);
    for plain in ["gemini-2.0-flash", "gpt-4.1", "grok-4"] {
        let (request, reply) = asked(plain, "high").await;
        let body = request.body.to_string();
        assert!(!body.contains("thinkingConfig") && !body.contains("reasoning"), "{plain}: {body}");
        assert!(reply.metadata("thinking_mode_sent").as_str().unwrap().contains("none taken"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_picture_reaches_each_wire_by_its_path_and_as_a_data_url_byte_for_byte() {
    let rehearsal = Rehearsal::start(Scene::reply("A dot.")).unwrap();
    let place = openai(google(Place::new(), &rehearsal), &rehearsal);
    let picture = place.project().join("dot.png");
    std::fs::write(&picture, STANDARD.decode(DOT).unwrap()).unwrap();
    let mut zen = place.connected().await;
    for (model, wire) in [("gpt-5", Wire::ChatCompletions), ("gpt-5-codex", Wire::Responses), ("flash", Wire::Gemini)] {
        for image in [picture.display().to_string(), format!("data:image/png;base64,{DOT}")] {
            let mut question = to(model);
            question["images"] = json!([image]);
            let reply = zen.call("chat", question).await;
            assert_eq!(reply.content().lines().next(), Some("A dot."), "{reply:?}");
            let request = rehearsal.requests().pop().unwrap();
            assert_eq!(request.wire, wire);
            assert!(request.last_user().contains("[image image/png]"), "{}", shown(&request));
            assert_eq!(request.body.to_string().matches(DOT).count(), 1, "the very bytes: {}", request.body);
        }
    }
    let asked = rehearsal.requests().len();
    let mut odd = to("gpt-5");
    odd["images"] = json!(["data:image/png;base64,bm8gcGljdHVyZQ=="]);
    let refused = zen.call("chat", odd).await;
    assert!(refused.is_error && rehearsal.requests().len() == asked, "what is no picture is not sent: {refused:?}");
}

#[tokio::test]
async fn a_deployment_with_a_colon_in_its_name_works_to_the_end() {
    let rehearsal = answering();
    let host = format!("http://{}", rehearsal.address());
    let place = Place::new().env("DIAL_API_KEY", "dial-not-a-key").env("DIAL_API_HOST", host);
    let mut zen = place.connected().await;
    let deployment = "anthropic.claude-sonnet-4.1-20250805-v1:0";
    for named in ["sonnet-4.1", deployment] {
        assert_eq!(asked(&zen.call("chat", to(named)).await), ("dial".to_owned(), deployment.to_owned()));
        let path = rehearsal.requests().pop().unwrap().path;
        assert!(path.starts_with(&format!("/openai/deployments/{deployment}/chat/completions?")), "{path}");
    }
}
