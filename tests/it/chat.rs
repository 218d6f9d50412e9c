//! `chat` through a real process: what a model is shown over the turns of a thread, what the agent reads, and what a bad
//! request is told.

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene, Script, Wire};

use crate::support::place::Place;
use crate::support::{assert_in_order, chat, chat_with, on, repository_file, shown, soon, times};

/// A line of `src/clock.rs` that stands in it once.
const A_LINE_OF_THE_CLOCK: &str = "The one source of time.";

/// Copies `src/clock.rs` into the project.
fn clock(place: &Place) -> String {
    let text = std::fs::read_to_string(repository_file("src/clock.rs")).unwrap();
    assert_eq!(times(&text, A_LINE_OF_THE_CLOCK), 1);
    place.file("src/clock.rs", &text)
}

fn answers(answers: &[&str]) -> Rehearsal {
    Rehearsal::start(answers.iter().map(|answer| Scene::reply(*answer)).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn a_second_chat_goes_on_with_the_file_once_and_both_turns_in_order() {
    let rehearsal = answers(&["It injects time.", "Because tests pause it.", "Yes."]);
    let place = Place::with(&rehearsal);
    let file = clock(&place);
    let mut zen = place.connected().await;

    let first = zen.call("chat", chat_with("What does this do?", &[&file])).await;
    assert!(!first.is_error, "{first:?}");
    assert_eq!((first.status().as_str(), first.remaining_turns()), ("continuation_available", 19));
    assert!(first.content().starts_with("It injects time."), "{first:?}");
    let asked = soon("the first request", rehearsal.next_request()).await;
    assert_eq!(times(&shown(&asked), A_LINE_OF_THE_CLOCK), 1);
    assert!(shown(&asked).contains(&file));

    let id = first.continuation_id();
    let second = zen.chat_on(&id, "And why is that good?").await;
    assert_eq!((second.continuation_id(), second.remaining_turns()), (id.clone(), 18));
    let asked = soon("the second request", rehearsal.next_request()).await;
    let prompt = shown(&asked);
    assert_eq!(times(&prompt, A_LINE_OF_THE_CLOCK), 1, "{prompt}");
    assert_eq!(times(&prompt, "It injects time."), 1, "{prompt}");
    assert_in_order(
        &prompt,
        &[
            "<system>",
            A_LINE_OF_THE_CLOCK,
            "What does this do?",
            "<assistant> It injects time.",
            "And why is that good?",
        ],
    );

    // Named anew, it is still there once; and the thread is one conversation of three turns.
    zen.call("chat", on(&id, chat_with("Sure?", &[&file]))).await;
    let prompt = shown(&soon("the third request", rehearsal.next_request()).await);
    assert_eq!(times(&prompt, A_LINE_OF_THE_CLOCK), 1, "{prompt}");
    assert_in_order(&prompt, &["What does this do?", "And why is that good?", "Because tests pause it.", "Sure?"]);
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_shown_as_it_is_now() {
    let rehearsal = answers(&["seen", "seen"]);
    let place = Place::with(&rehearsal);
    let file = place.file("notes.txt", "the former text");
    let mut zen = place.connected().await;
    let id = zen.call("chat", chat_with("Look", &[&file])).await.continuation_id();
    place.file("notes.txt", "the present text");
    zen.chat_on(&id, "And now?").await;
    let requests = rehearsal.requests();
    assert!(shown(&requests[0]).contains("the former text"));
    assert!(shown(&requests[1]).contains("the present text") && !shown(&requests[1]).contains("the former text"));
}

#[tokio::test]
async fn the_reply_says_who_answered_and_what_it_took() {
    let rehearsal = Rehearsal::start(Scene::reply("two words")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.chat("Hello").await;
    assert_eq!(reply.metadata("tool_name"), "chat");
    assert_eq!((reply.metadata("model_used"), reply.metadata("provider_used")), (json!("scripted"), json!("custom")));
    assert_eq!(reply.metadata("usage")["output_tokens"], 2);
    let asked = &rehearsal.requests()[0];
    let words: u64 = asked.messages.iter().map(|(_, text)| zen::rehearsal::count_tokens(text)).sum();
    assert_eq!(reply.metadata("usage")["input_tokens"], words);
    assert_eq!(reply.json()["content_type"], "text");
}

#[tokio::test]
async fn what_may_not_be_read_is_told_and_no_byte_of_it_is_sent() {
    let rehearsal = answers(&["fine"]);
    let place = Place::with(&rehearsal);
    let outside = place.path("outside.txt");
    std::fs::write(&outside, "canary-outside").unwrap();
    let link = place.project().join("link.txt");
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    let secret = place.file(".env", "KEY=canary-secret");
    let (outside, link) = (outside.to_str().unwrap(), link.to_str().unwrap());
    let around = format!("{}/../outside.txt", place.project().display());
    let missing = place.project().join("missing.rs").display().to_string();
    let good = place.file("good.txt", "a good file");

    let mut zen = place.connected().await;
    let paths = [outside, link, &around, &secret, &missing, "relative.txt", &good];
    let reply = zen.call("chat", chat_with("Read these", &paths)).await;
    assert!(!reply.is_error, "{reply:?}");
    let prompt = shown(&rehearsal.requests()[0]);
    assert!(prompt.contains("a good file") && !prompt.contains("canary"), "{prompt}");

    let not_sent = reply.metadata("files_not_sent");
    let reason = |path: &str| {
        let said = not_sent.as_array().unwrap().iter().find(|one| one["path"] == path);
        said.unwrap_or_else(|| panic!("{path} is not told in {not_sent}"))["reason"].as_str().unwrap().to_owned()
    };
    for (path, says) in [
        (outside, "outside the folders"),
        (link, "outside the folders"),
        (&around, "outside the folders"),
        (&secret, "secrets"),
        (&missing, "does not exist"),
        ("relative.txt", "not an absolute path"),
    ] {
        assert!(reason(path).contains(says), "{path}: {}", reason(path));
    }
    assert_eq!(not_sent.as_array().unwrap().len(), 6, "{not_sent}");
    assert!(!reply.text.contains("canary"));
}

#[tokio::test]
async fn a_folder_brings_the_text_files_in_it() {
    let rehearsal = answers(&["fine"]);
    let place = Place::with(&rehearsal);
    place.file("lib/one.rs", "fn one() {}");
    place.file("lib/deep/two.rs", "fn two() {}");
    place.file("other.rs", "fn other() {}");
    let mut zen = place.connected().await;
    let folder = place.project().join("lib").display().to_string();
    let reply = zen.call("chat", chat_with("Read it", &[&folder])).await;
    assert!(!reply.is_error, "{reply:?}");
    let prompt = shown(&rehearsal.requests()[0]);
    assert!(prompt.contains("fn one()") && prompt.contains("fn two()") && !prompt.contains("fn other()"), "{prompt}");
}

#[tokio::test]
async fn an_image_is_refused_where_the_model_reads_none() {
    let rehearsal = answers(&["fine"]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let mut arguments = chat("Look at this");
    arguments["images"] = json!(["data:image/png;base64,iVBORw0KGgo="]);
    let reply = zen.call("chat", arguments).await;
    assert!(reply.is_error && reply.content().contains("scripted does not read images"), "{reply:?}");
    assert_eq!(reply.metadata("error_code"), "images_unsupported");
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_asked_for_as_a_file_and_taken_from_it() {
    let rehearsal = answers(&["read"]);
    let place = Place::with(&rehearsal).set("tools.max_output_tokens", 1_000);
    let long = "Why is it so? ".repeat(400);
    let mut zen = place.connected().await;
    let refused = zen.chat(&long).await;
    assert_eq!(refused.status(), "resend_prompt");
    assert!(refused.content().contains("prompt.txt"), "{refused:?}");
    assert!(rehearsal.requests().is_empty());

    let file = place.file("prompt.txt", &long);
    let reply = zen.call("chat", chat_with("See prompt.txt", &[&file])).await;
    assert!(!reply.is_error, "{reply:?}");
    let asked = &rehearsal.requests()[0];
    assert_eq!(times(&shown(asked), "Why is it so? "), 400, "once, and not as a file too");
    assert!(!asked.last_user().contains("See prompt.txt"));
}

#[tokio::test]
async fn a_short_prompt_after_a_long_history_is_short() {
    const LIMIT: usize = 2_400;
    let rehearsal = Rehearsal::start(Scene::reply("and so it is answered ".repeat(200))).unwrap();
    let mut zen = Place::with(&rehearsal).set("tools.max_output_tokens", 1_000).connected().await;
    let long = |number: usize| format!("question {number} {}", "x".repeat(LIMIT - 11));
    let id = zen.chat(&long(1)).await.continuation_id();
    for number in 2..=4 {
        assert!(
            !zen.chat_on(&id, &long(number)).await.is_error,
            "a prompt of {LIMIT} characters is no longer than allowed"
        );
    }
    let over = zen.chat_on(&id, &format!("{}y", long(5))).await;
    assert_eq!((over.status().as_str(), over.metadata("limit")), ("resend_prompt", json!(LIMIT)), "{over:?}");

    let short = zen.chat_on(&id, "And now?").await;
    assert!(!short.is_error, "{short:?}");
    let step = json!({
        "step": "Think", "step_number": 1, "total_steps": 1, "next_step_required": false, "findings": "f".repeat(2 * LIMIT),
    });
    let thought = zen.call("thinkdeep", on(&id, step)).await;
    assert!(!thought.is_error, "{thought:?}");
    let requests = rehearsal.requests();
    assert_eq!(requests.len(), 6);
    for request in &requests[4..] {
        let prompt = shown(request);
        assert!(prompt.len() > 10 * LIMIT, "{}", prompt.len());
        assert_in_order(&prompt, &["question 1 ", "question 2 ", "question 3 ", "question 4 "]);
    }
}

#[tokio::test]
async fn all_bad_arguments_are_named_at_once() {
    let rehearsal = answers(&["fine"]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.call("chat", json!({ "promt": "x", "temperature": 7, "images": "one", "model": 3 })).await;
    assert!(reply.is_error);
    assert_eq!(reply.metadata("error_code"), "invalid_arguments");
    for named in ["promt", "did you mean `prompt`", "temperature", "images", "model", "working_directory_absolute_path"]
    {
        assert!(reply.content().contains(named), "{named} in {}", reply.content());
    }
    for wrong in [json!([]), json!("text"), json!(null)] {
        assert!(zen.call("chat", wrong).await.is_error);
    }
    let empty = zen.call("chat", json!({ "prompt": " ", "working_directory_absolute_path": "here" })).await;
    assert!(empty.content().contains("`prompt` is empty") && empty.content().contains("absolute path"), "{empty:?}");
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn tools_that_ask_no_model_answer_by_themselves() {
    let rehearsal = answers(&["never"]);
    let mut zen = Place::with(&rehearsal).connected().await;
    let challenge = zen.call("challenge", json!({ "prompt": "The earth is flat" })).await;
    assert_eq!(challenge.status(), "challenge_accepted");
    assert!(challenge.text.contains("The earth is flat"));
    let version = zen.call("version", json!({})).await;
    assert_eq!(version.metadata("server_version"), env!("CARGO_PKG_VERSION"));
    let models = zen.call("listmodels", json!({})).await;
    assert!(models.content().contains("`scripted`") && models.content().contains("GEMINI_API_KEY"), "{models:?}");
    assert_eq!(models.metadata("configured_providers"), 1);
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn without_a_provider_the_reply_says_what_to_set() {
    let mut zen = Place::new().connected().await;
    let reply = zen.chat("Hello").await;
    assert!(reply.is_error);
    assert_eq!(reply.metadata("error_code"), "no_model");
    assert!(reply.content().contains("GEMINI_API_KEY") && reply.content().contains("CUSTOM_API_URL"), "{reply:?}");
}

#[tokio::test]
async fn the_callers_model_goes_before_the_threads_and_that_before_the_default() {
    let rehearsal = answers(&["fine"]);
    let mut zen = Place::with(&rehearsal).env("DEFAULT_MODEL", "the-default").connected().await;
    let id = zen.chat("one").await.continuation_id();
    let mut arguments = on(&id, chat("two"));
    arguments["model"] = json!("the-callers");
    zen.call("chat", arguments).await;
    zen.chat_on(&id, "three").await;
    let models: Vec<_> = rehearsal.requests().into_iter().map(|request| request.model).collect();
    assert_eq!(models, ["the-default", "the-callers", "the-callers"]);
}

#[tokio::test]
async fn a_disabled_tool_is_neither_listed_nor_called() {
    let rehearsal = answers(&["never"]);
    let mut zen = Place::with(&rehearsal).env("DISABLED_TOOLS", "chat, challenge").connected().await;
    let list = zen.request("tools/list", json!({})).await.to_string();
    assert!(!list.contains(r#""name":"chat""#) && list.contains(r#""name":"version""#), "{list}");
    let refused = zen.request("tools/call", json!({ "name": "chat", "arguments": chat("hello") })).await;
    assert_eq!(refused["error"]["code"], -32602);
    assert!(rehearsal.requests().is_empty());
}

#[tokio::test]
async fn a_second_model_of_another_provider_sees_what_the_first_one_answered() {
    let rehearsal = answers(&["Gemini says: use a queue.", "I agree."]);
    let place =
        Place::with(&rehearsal).env("GEMINI_API_KEY", "g-key").env("GEMINI_BASE_URL", rehearsal.gemini_base_url());
    let file = clock(&place);
    let mut zen = place.connected().await;

    let mut arguments = chat_with("What would you do?", &[&file]);
    arguments["model"] = json!("flash");
    let first = zen.call("chat", arguments).await;
    assert_eq!(first.metadata("provider_used"), "google", "{first:?}");
    let asked = soon("the first request", rehearsal.next_request()).await;
    assert_eq!((asked.wire, asked.header("x-goog-api-key")), (Wire::Gemini, Some("g-key")));

    let mut arguments = on(&first.continuation_id(), chat("Do you agree?"));
    arguments["model"] = json!("scripted");
    let second = zen.call("chat", arguments).await;
    assert_eq!((second.metadata("provider_used"), second.remaining_turns()), (json!("custom"), 18));
    let asked = soon("the second request", rehearsal.next_request()).await;
    assert_eq!((asked.wire, asked.header("x-goog-api-key")), (Wire::ChatCompletions, None));
    let prompt = shown(&asked);
    assert_eq!(times(&prompt, A_LINE_OF_THE_CLOCK), 1);
    assert_in_order(&prompt, &["What would you do?", "<assistant> Gemini says: use a queue.", "Do you agree?"]);
    assert!(prompt.contains("answered by gemini-2.5-flash"), "it is told whose answer that was: {prompt}");
}

#[tokio::test]
async fn a_reply_that_was_cut_says_so() {
    let rehearsal = Rehearsal::start(Script::from(Scene::reply("and so on").finish("length"))).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.chat("Tell me everything").await;
    assert!(!reply.is_error);
    assert!(reply.metadata("notice").as_str().unwrap().contains("output limit"), "{reply:?}");
}

#[tokio::test]
async fn a_key_in_quotes_stops_its_provider_and_no_agent() {
    let place = Place::new().env("CUSTOM_API_URL", "http://127.0.0.1:1/v1").env("CUSTOM_API_KEY", "\"gsk-1234\"");
    let mut zen = place.connected().await;
    assert!(zen.chat("anyone?").await.is_error, "nobody can be asked");
    assert!(!zen.call("version", json!({})).await.is_error);
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    let said = zen.complaints().await;
    assert!(said.contains("$CUSTOM_API_KEY") && said.contains("without quotes") && !said.contains("gsk-"), "{said}");
}
