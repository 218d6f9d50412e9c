//! The scripted provider as a raw client sees it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const CHAT: &str = r#"{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[
    {"role":"system","content":"be brief"},
    {"role":"user","content":[{"type":"text","text":"one two"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}"#;

async fn send(rehearsal: &Rehearsal, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(rehearsal.address()).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nX-Test: yes\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains(end) {
        assert_ne!(stream.read_buf(&mut text).await.unwrap(), 0, "{}", String::from_utf8_lossy(&text));
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn a_chat_completions_request_is_recorded_and_streamed_with_usage() {
    let rehearsal = Rehearsal::start(Scene::reply("three more words").in_pieces(2)).unwrap();
    let mut stream = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    let reply = read_until(&mut stream, "[DONE]").await;
    assert!(reply.contains(r#""content":"three mo""#) && reply.contains(r#""content":"re words""#), "{reply}");
    for count in [r#""completion_tokens":3"#, r#""prompt_tokens":6"#, r#""total_tokens":9"#] {
        assert!(reply.contains(count), "{reply}");
    }
    let request = rehearsal.next_request().await;
    assert_eq!((request.wire, request.model.as_str(), request.stream), (Wire::ChatCompletions, "m", true));
    assert_eq!(request.header("x-test"), Some("yes"));
    assert_eq!((request.system(), request.last_user()), (Some("be brief"), "one two\n[image image/png]"));
}

#[tokio::test]
async fn a_gemini_request_is_told_by_its_path() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let body = r#"{"systemInstruction":{"parts":[{"text":"s"}]},"contents":[
        {"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]},{"role":"user","parts":[{"text":"echo me"}]}]}"#;
    let mut stream = send(&rehearsal, "/v1beta/models/gemini-x:generateContent", body).await;
    let reply = read_until(&mut stream, "modelVersion").await;
    assert!(reply.contains("echo me") && reply.contains(r#""finishReason":"STOP""#), "{reply}");
    let request = rehearsal.next_request().await;
    assert_eq!((request.wire, request.model.as_str(), request.stream), (Wire::Gemini, "gemini-x", false));
    let roles: Vec<_> = request.messages.iter().map(|(role, _)| role.as_str()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "user"]);
}

#[tokio::test]
async fn scenes_are_played_in_order_and_the_last_one_again() {
    let rehearsal = Rehearsal::start([Scene::status(429).header("retry-after", "2"), Scene::reply("fine")]).unwrap();
    let mut replies = Vec::new();
    for _ in 0..3 {
        let mut stream = send(&rehearsal, "/v1/chat/completions", CHAT).await;
        replies.push(read_until(&mut stream, "}").await);
    }
    assert!(replies[0].starts_with("HTTP/1.1 429") && replies[0].contains("retry-after: 2"), "{}", replies[0]);
    assert!(replies[1].starts_with("HTTP/1.1 200") && replies[2].starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_held_reply_waits_to_be_released() {
    let rehearsal = Rehearsal::start(Scene::reply("done").hold()).unwrap();
    let mut first = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    rehearsal.next_request().await;
    let mut second = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    rehearsal.next_request().await;
    assert_eq!(rehearsal.requests().len(), 2);
    rehearsal.release_one();
    tokio::select! {
        _ = read_until(&mut first, "[DONE]") => {}
        _ = read_until(&mut second, "[DONE]") => {}
    }
    rehearsal.release_all();
}

#[tokio::test]
async fn a_client_that_goes_while_its_reply_is_held_is_noticed() {
    let rehearsal = Rehearsal::start(Scene::reply("a b c d").hold_after(1)).unwrap();
    let mut stream = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    read_until(&mut stream, r#""content":"a "#).await;
    drop(stream);
    assert_eq!(rehearsal.next_disconnect().await.number, 0);
}

#[tokio::test]
async fn a_malformed_request_is_refused_and_costs_nothing_else() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    for bad in ["nonsense\r\n\r\n", "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: many\r\n\r\n"] {
        let mut stream = TcpStream::connect(rehearsal.address()).await.unwrap();
        stream.write_all(bad.as_bytes()).await.unwrap();
        assert!(read_until(&mut stream, "}").await.starts_with("HTTP/1.1 400"));
    }
    let mut stream = send(&rehearsal, "/v1/chat/completions", "no json").await;
    assert!(read_until(&mut stream, "}").await.starts_with("HTTP/1.1 400"));
    let mut stream = send(&rehearsal, "/elsewhere", "{}").await;
    assert!(read_until(&mut stream, "}").await.starts_with("HTTP/1.1 404"));
    let mut stream = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    read_until(&mut stream, "[DONE]").await;
}

#[tokio::test]
async fn a_scene_can_depend_on_the_request() {
    let rehearsal = Rehearsal::start(Scene::by(|request| Scene::reply(request.model.to_uppercase()))).unwrap();
    let mut stream = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    assert!(read_until(&mut stream, "[DONE]").await.contains(r#""content":"M""#));
}

#[tokio::test]
async fn dropping_it_closes_its_connections() {
    let rehearsal = Rehearsal::start(Scene::reply("never").hold()).unwrap();
    let mut stream = send(&rehearsal, "/v1/chat/completions", CHAT).await;
    rehearsal.next_request().await;
    drop(rehearsal);
    let mut rest = Vec::new();
    assert!(matches!(stream.read_to_end(&mut rest).await, Ok(0) | Err(_)));
}
