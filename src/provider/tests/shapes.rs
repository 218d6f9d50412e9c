//! What goes out, in each wire format: headers and bodies.

use super::*;

#[tokio::test]
async fn a_chat_completions_request_has_its_shape() {
    let bench = Bench::new(("openai", "gpt-5"), Scene::reply("fine"));
    let image = Image { media_type: "image/png", base64: "AAAA".into() };
    let mut request = question("look");
    request.messages.insert(0, Message::text(Role::Assistant, "before"));
    request.messages[1].parts.push(Part::Image(image));
    request.temperature = Some(0.2);
    request.effort = Some(Effort::Max);
    let answer = bench.ask(request).await.unwrap();
    assert_eq!(answer.effort_sent, Some(Effort::High));
    let seen = bench.seen().await;
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(
        seen.body,
        json!({
            "model": "gpt-5",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "assistant", "content": "before"},
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                ]},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "reasoning_effort": "high",
        })
    );
}

#[tokio::test]
async fn a_gemini_request_has_its_shape() {
    let bench = Bench::new(("google", "gemini-2.5-pro"), Scene::reply("fine"));
    let image = Image { media_type: "image/png", base64: "AAAA".into() };
    let mut request = question("one");
    request.messages.push(Message { role: Role::User, parts: vec![Part::Image(image)] });
    request.messages.push(Message::text(Role::Assistant, "two"));
    request.messages.push(Message::text(Role::User, "three"));
    request.temperature = Some(0.5);
    request.effort = Some(Effort::Low);
    bench.ask(request).await.unwrap();
    let seen = bench.seen().await;
    assert_eq!(seen.path, "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
    assert_eq!((seen.header("x-goog-api-key"), seen.header("authorization")), (Some(KEY), None));
    assert_eq!(
        seen.body,
        json!({
            "systemInstruction": {"parts": [{"text": "be brief"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "one"}, {"inline_data": {"mime_type": "image/png", "data": "AAAA"}}]},
                {"role": "model", "parts": [{"text": "two"}]},
                {"role": "user", "parts": [{"text": "three"}]},
            ],
            "generationConfig": {"temperature": 0.5, "thinkingConfig": {"thinkingBudget": 2621}},
        })
    );
}

#[tokio::test]
async fn a_responses_request_has_its_shape() {
    let bench = Bench::new(("openai", "gpt-5.2-pro"), Scene::reply("fine"));
    let image = Image { media_type: "image/png", base64: "AAAA".into() };
    let mut request = question("look");
    request.messages.insert(0, Message::text(Role::Assistant, "before"));
    request.messages[1].parts.push(Part::Image(image));
    (request.temperature, request.effort) = (Some(0.2), Some(Effort::Max));
    assert_eq!(bench.ask(request).await.unwrap().effort_sent, Some(Effort::Xhigh));
    let seen = bench.seen().await;
    assert_eq!(seen.path, "/v1/responses");
    let expected = json!({
        "model": "gpt-5.2-pro",
        "instructions": "be brief",
        "input": [
            {"role": "assistant", "content": [{"type": "output_text", "text": "before"}]},
            {"role": "user", "content": [
                {"type": "input_text", "text": "look"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
            ]},
        ],
        "stream": true,
        "store": false,
        "reasoning": {"effort": "xhigh"},
    });
    assert_eq!(seen.body, expected);
}

#[tokio::test]
async fn a_thinking_level_and_no_effort_at_all() {
    let bench = Bench::new(("google", "pro"), Scene::reply("fine"));
    let request = Request { effort: Some(Effort::Medium), ..question("q") };
    assert_eq!(bench.ask(request).await.unwrap().effort_sent, Some(Effort::Low));
    let config = bench.seen().await.body["generationConfig"].clone();
    assert_eq!(config, json!({"thinkingConfig": {"thinkingLevel": "low"}}));

    let bench = Bench::new(("openai", "gpt-4.1"), Scene::reply("fine"));
    let request = Request { effort: Some(Effort::High), temperature: Some(0.3), ..question("q") };
    assert_eq!(bench.ask(request).await.unwrap().effort_sent, None);
    let body = bench.seen().await.body;
    assert_eq!((&body["reasoning_effort"], &body["temperature"]), (&json!(null), &json!(0.3)));
}

#[tokio::test]
async fn openrouter_is_told_which_program_asks() {
    let bench = Bench::new(("openrouter", "anthropic/claude-x"), Scene::reply("fine"));
    bench.ask(question("q")).await.unwrap();
    let seen = bench.seen().await;
    assert_eq!((seen.model.as_str(), seen.header("x-title")), ("anthropic/claude-x", Some("zen")));
    assert!(seen.header("http-referer").is_some());
}
