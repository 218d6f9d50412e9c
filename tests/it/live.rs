//! The real providers, one word each: ignored unless asked for, and skipped where the key is not in the environment.
//! `cargo test --test it live -- --ignored --nocapture`

use crate::support::place::Place;
use crate::support::skipped;

/// One short chat through `zen stdio` with the variables that the provider is set up by.
async fn one_word(provider: &str, variables: &[&str], needed: &str) {
    let given = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    if given(needed).is_none() {
        skipped(&format!("{needed} is not set"));
        return;
    }
    let place = variables
        .iter()
        .filter_map(|name| Some((*name, given(name)?)))
        .fold(Place::new(), |place, (name, value)| place.env(name, value));
    let mut zen = place.connected().await;
    let reply = zen.chat("Answer with the single word: pong").await;
    assert!(!reply.is_error, "{reply:?}");
    assert_eq!(reply.metadata("provider_used"), provider);
    assert!(reply.content().to_lowercase().contains("pong"), "{reply:?}");
    assert!(reply.metadata("usage")["output_tokens"].as_u64().is_some(), "{reply:?}");
    for name in [needed].into_iter().filter(|name| name.ends_with("_KEY")) {
        assert!(!zen.heard.join("\n").contains(&given(name).unwrap()));
    }
}

#[tokio::test]
#[ignore = "needs GEMINI_API_KEY"]
async fn gemini_answers() {
    one_word("google", &["GEMINI_API_KEY", "GEMINI_BASE_URL"], "GEMINI_API_KEY").await;
}

#[tokio::test]
#[ignore = "needs OPENAI_API_KEY"]
async fn openai_answers() {
    one_word("openai", &["OPENAI_API_KEY"], "OPENAI_API_KEY").await;
}

#[tokio::test]
#[ignore = "needs XAI_API_KEY"]
async fn xai_answers() {
    one_word("xai", &["XAI_API_KEY"], "XAI_API_KEY").await;
}

#[tokio::test]
#[ignore = "needs OPENROUTER_API_KEY"]
async fn openrouter_answers() {
    one_word("openrouter", &["OPENROUTER_API_KEY"], "OPENROUTER_API_KEY").await;
}

#[tokio::test]
#[ignore = "needs CUSTOM_API_URL, and CUSTOM_MODEL_NAME or DEFAULT_MODEL"]
async fn a_custom_endpoint_answers() {
    let variables = ["CUSTOM_API_URL", "CUSTOM_API_KEY", "CUSTOM_MODEL_NAME", "DEFAULT_MODEL"];
    one_word("custom", &variables, "CUSTOM_API_URL").await;
}
