//! The known defects of the older server, each by its number: here none of them is.

use serde_json::{Value, json};
use zen::budget::{Budget, Part};
use zen::rehearsal::{Recorded, Rehearsal, Scene, Script};
use zen::unit::Tokens;

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{chat, chat_with, on, shown, soon, times};

fn answering(text: &str) -> Rehearsal {
    Rehearsal::start(Scene::reply(text)).unwrap()
}

fn step(number: u32, total: u32, said: &str) -> Value {
    json!({
        "step": said, "step_number": number, "total_steps": total, "next_step_required": number < total,
        "findings": format!("found at {said}"),
    })
}

fn with(mut step: Value, key: &str, value: Value) -> Value {
    step[key] = value;
    step
}

fn thread(reply: &ToolReply) -> String {
    reply.json()["continuation_id"].as_str().unwrap().to_owned()
}

/// A place whose OpenAI is the scripted provider.
fn openai(rehearsal: &Rehearsal) -> Place {
    Place::new().env("OPENAI_API_KEY", "sk-openai-test").set("providers.openai.base_url", rehearsal.base_url())
}

#[tokio::test]
async fn defect_01_a_file_stands_once_in_each_prompt_and_history_grows_by_its_turns() {
    let rehearsal = answering("An answer of some length.");
    let place = openai(&rehearsal).env("DEFAULT_MODEL", "gpt-5.2");
    let file = place.file("big.rs", &format!("// the mark\n{}", "fn filler() {}\n".repeat(3_300)));
    let mut zen = place.connected().await;
    let mut reply = zen.call("chat", chat_with("Question 1?", &[&file])).await;
    let mut remaining = vec![reply.remaining_turns()];
    for number in 2..=10 {
        reply =
            zen.call("chat", on(&reply.continuation_id(), chat_with(&format!("Question {number}?"), &[&file]))).await;
        remaining.push(reply.remaining_turns());
    }
    assert_eq!(remaining, (10..=19).rev().collect::<Vec<u64>>());
    let sizes: Vec<usize> = rehearsal
        .requests()
        .iter()
        .map(|request| {
            let prompt = shown(request);
            assert_eq!(times(&prompt, "// the mark"), 1);
            assert!(times(&prompt, "Question 1?") == 1, "each question once");
            prompt.len()
        })
        .collect();
    let growth: Vec<usize> = sizes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let (least, most) = (growth.iter().min().unwrap(), growth.iter().max().unwrap());
    assert!(most - least < 40, "the same with every turn: {growth:?}");
}

#[tokio::test]
async fn defect_02_findings_of_one_investigation_are_not_in_the_next() {
    let rehearsal = answering("never");
    let mut zen = Place::with(&rehearsal).connected().await;
    zen.call("debug", with(step(1, 2, "the first"), "files_checked", json!(["/a", "/b"]))).await;
    let second = zen.call("debug", with(step(1, 2, "the second"), "files_checked", json!(["/c"]))).await;
    assert_eq!(second.json()["investigation_status"]["files_checked"], 1);
}

#[tokio::test]
async fn defect_03_the_expert_sees_the_conversation() {
    let rehearsal = answering("Said in chat.");
    let mut zen = Place::with(&rehearsal).connected().await;
    let id = zen.chat("Asked in chat?").await.continuation_id();
    zen.call("thinkdeep", on(&id, step(1, 1, "think"))).await;
    let prompt = shown(&rehearsal.requests()[1]);
    assert!(prompt.contains("Asked in chat?") && prompt.contains("Said in chat."), "{prompt}");
}

#[tokio::test]
async fn defect_04_calls_overlap_a_ping_is_answered_meanwhile_and_cancel_reaches_the_provider() {
    let rehearsal = Rehearsal::start(Scene::reply("late").hold()).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let (first, second) =
        (zen.send_call("chat", chat("one")).await, zen.send_call("thinkdeep", step(1, 1, "two")).await);
    for _ in 0..2 {
        soon("both requests", rehearsal.next_request()).await;
    }
    zen.ping().await;
    assert!(!zen.has_reply(first) && !zen.has_reply(second));
    zen.cancel(second).await;
    soon("the provider to see it", rehearsal.next_disconnect()).await;
    rehearsal.release_all();
    assert!(!zen.called(first).await.is_error);
}

#[tokio::test]
async fn defect_05_planners_and_tracers_beside_each_other_keep_apart() {
    let rehearsal = answering("never");
    let mut zen = Place::with(&rehearsal).connected().await;
    let plan = |number, branch: &str| {
        json!({
            "step": branch, "step_number": number, "total_steps": 3, "next_step_required": true, "branch_id": branch,
        })
    };
    let (a, b) = (zen.call("planner", plan(1, "a")).await, zen.call("planner", plan(1, "b")).await);
    let a = zen.call("planner", on(&thread(&a), plan(2, "a2"))).await;
    let b = zen.call("planner", on(&thread(&b), plan(2, "b2"))).await;
    assert_eq!((a.metadata("branches"), b.metadata("branches")), (json!(["a", "a2"]), json!(["b", "b2"])));
    let trace = |number, target: &str| {
        with(with(step(number, 3, target), "target_description", json!(target)), "trace_mode", json!("precision"))
    };
    let (c, d) = (zen.call("tracer", trace(1, "c")).await, zen.call("tracer", trace(1, "d")).await);
    let d = zen.call("tracer", on(&thread(&d), trace(2, "d"))).await;
    let c = zen.call("tracer", on(&thread(&c), trace(2, "c"))).await;
    assert_eq!((c.metadata("target_description"), d.metadata("step_history_length")), (json!("c"), json!(2)));
}

#[tokio::test]
async fn defect_06_no_guidance_and_no_prompt_has_a_backslash_n() {
    let rehearsal = answering("fine");
    let place = Place::with(&rehearsal);
    let file = place.file("a.rs", "fn a() {}");
    let mut zen = place.connected().await;
    for tool in ["codereview", "precommit", "analyze", "refactor", "testgen", "tracer"] {
        for total in [2, 1] {
            let mut step = with(step(1, total, "look"), "relevant_files", json!([file]));
            if tool == "precommit" {
                step["path"] = json!(place.project());
            }
            if tool == "tracer" {
                (step["target_description"], step["trace_mode"]) = (json!("a"), json!("precision"));
            }
            let reply = zen.call(tool, step).await;
            assert!(!reply.is_error && !reply.text.contains("\\\\n"), "{reply:?}");
        }
    }
    assert!(rehearsal.requests().iter().all(|request| !shown(request).contains("\\n")));
}

#[tokio::test]
async fn defect_07_a_review_of_one_step_keeps_its_settings() {
    let rehearsal = answering("fine");
    let place = Place::with(&rehearsal);
    let file = place.file("a.rs", "fn a() {}");
    let mut zen = place.connected().await;
    let mut review = with(step(1, 1, "look"), "relevant_files", json!([file]));
    (review["focus_on"], review["review_type"]) = (json!("error paths"), json!("security"));
    zen.call("codereview", review).await;
    let prompt = shown(&rehearsal.requests()[0]);
    for setting in ["focus_on: error paths", "review_type: security", "severity_filter: all"] {
        assert!(prompt.contains(setting), "{setting} in {prompt}");
    }
}

#[tokio::test]
async fn defect_08_the_responses_format_carries_images_and_its_system_prompt_apart() {
    let rehearsal = answering("a dot");
    let place = openai(&rehearsal);
    let pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let mut zen = place.connected().await;
    let mut look = with(chat("Look"), "images", json!([format!("data:image/png;base64,{pixel}")]));
    look["model"] = json!("gpt-5-codex");
    let reply = zen.call("chat", look).await;
    assert!(!reply.is_error, "{reply:?}");
    let request = &rehearsal.requests()[0];
    assert!(request.path.ends_with("/responses") && request.body["instructions"].is_string(), "{}", request.body);
    assert!(shown(request).contains("[image image/png]"), "{}", request.body);
    assert!(!request.body["input"].to_string().contains("\"system\""));
}

#[tokio::test]
async fn defect_09_a_lasting_429_is_asked_a_few_times_in_one_layer() {
    let rehearsal = Rehearsal::start(Scene::status(429).header("retry-after", "0")).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.chat("Hello").await;
    assert!(reply.is_error);
    let asked = rehearsal.requests().len();
    assert!((1..=4).contains(&asked), "{asked}");
    if asked > 1 {
        assert_eq!(reply.metadata("attempts"), asked);
    }
}

#[tokio::test]
async fn defect_10_no_model_is_demanded_where_none_is_asked() {
    let mut zen = Place::new().connected().await;
    let list = zen.request("tools/list", json!({})).await;
    for tool in list["result"]["tools"].as_array().unwrap() {
        let required = tool["inputSchema"]["required"].as_array().into_iter().flatten();
        assert!(!required.clone().any(|field| field == "model"), "{tool}");
    }
    let plan = json!({ "step": "plan", "step_number": 1, "total_steps": 2, "next_step_required": true });
    assert!(!zen.call("planner", plan).await.is_error, "without any provider");
}

#[tokio::test]
async fn defect_11_what_an_expert_was_not_shown_is_told() {
    let rehearsal = answering("fine");
    let place = Place::with(&rehearsal);
    let missing = place.project().join("missing.rs");
    let mut zen = place.connected().await;
    let reply = zen.call("debug", with(step(1, 1, "look"), "relevant_files", json!([missing, "/etc/passwd"]))).await;
    let not_sent = reply.metadata("files_not_sent");
    assert_eq!(not_sent.as_array().map(Vec::len), Some(2), "{reply:?}");
}

#[tokio::test]
async fn defect_12_a_local_models_name_is_taken_with_its_tag() {
    let rehearsal = answering("fine");
    let place = Place::new().env("CUSTOM_API_URL", rehearsal.base_url()).env("CUSTOM_MODEL_NAME", "llama3.2:latest");
    let mut zen = place.connected().await;
    zen.chat("Hello").await;
    zen.call("chat", with(chat("Hello"), "model", json!("qwen3:30b-a3b"))).await;
    let models: Vec<_> = rehearsal.requests().into_iter().map(|request| request.model).collect();
    assert_eq!(models, ["llama3.2:latest", "qwen3:30b-a3b"]);
}

#[tokio::test]
async fn defect_13_an_empty_answer_is_an_error_however_its_end_is_spelled() {
    for finish in ["stop", "STOP"] {
        let rehearsal = Rehearsal::start(Scene::reply("").finish(finish)).unwrap();
        let mut zen = Place::with(&rehearsal).connected().await;
        let reply = zen.chat("Hello").await;
        assert!(reply.is_error && reply.metadata("error_class") == "empty", "{finish}: {reply:?}");
    }
}

#[tokio::test]
async fn defect_14_chat_understands_that_a_model_wants_files() {
    let wants =
        r#"{"status":"files_required_to_continue","mandatory_instructions":"send a.rs","files_needed":["a.rs"]}"#;
    let rehearsal = answering(wants);
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.chat("Review it").await;
    assert_eq!((reply.is_error, reply.status().as_str()), (false, "files_required_to_continue"));
    assert_eq!(reply.remaining_turns(), 19, "and the thread is offered all the same");
}

#[tokio::test]
async fn defect_15_an_experts_failure_is_an_error() {
    let rehearsal = Rehearsal::start(Scene::status(400)).unwrap();
    let mut zen = Place::with(&rehearsal).connected().await;
    let reply = zen.call("thinkdeep", step(1, 1, "think")).await;
    assert!(reply.is_error && reply.status() == "error", "{reply:?}");
}

#[tokio::test]
async fn defect_16_an_unknown_tool_is_an_error() {
    let mut zen = Place::new().connected().await;
    let reply = zen.request("tools/call", json!({ "name": "chatt", "arguments": {} })).await;
    assert_eq!(reply["error"]["code"], -32602);
}

#[test]
fn defect_17_a_large_file_leaves_the_history_its_room() {
    let mut budget = Budget::new(Tokens(100_000), None);
    assert!(!budget.offer(Part::Files, "huge.rs", Tokens(50_000)));
    assert!(budget.offer(Part::History, "turn 1", Tokens(20_000)));
}

#[tokio::test]
async fn defect_18_an_expired_thread_is_told_with_the_time_that_is_set() {
    let rehearsal = answering("never");
    let mut zen = Place::with(&rehearsal).set("threads.ttl", "90s").connected().await;
    let gone = "11111111-1111-4111-8111-111111111111";
    for (tool, arguments) in [("chat", chat("more")), ("debug", step(2, 2, "more"))] {
        let reply = zen.call(tool, on(gone, arguments)).await;
        assert!(reply.is_error && reply.content().contains("90 seconds"), "{reply:?}");
    }
}

#[tokio::test]
async fn defect_19_a_score_beyond_20_counts_as_20_and_is_said() {
    let place = Place::new().env("OPENAI_API_KEY", "sk-openai-test");
    let file = place.path("models.json");
    let models = json!({ "models": [{
        "model_name": "m", "intelligence_score": 50, "context_window": 100_000, "max_output_tokens": 1_000,
    }] });
    std::fs::write(&file, models.to_string()).unwrap();
    let output = place.env("OPENAI_MODELS_CONFIG_PATH", file.display()).run(&["models"]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("a score of 50 is outside 1 to 20 and counts as 20"), "{said}");
}

#[tokio::test]
async fn defect_20_the_model_that_zen_chooses_is_no_alias() {
    let rehearsal = answering("fine");
    let place =
        Place::new().env("OPENROUTER_API_KEY", "sk-or-test").set("providers.openrouter.base_url", rehearsal.base_url());
    let mut zen = place.connected().await;
    let reply = zen.chat("Hello").await;
    let asked = &rehearsal.requests()[0].model;
    assert!(asked.contains('/') && reply.metadata("model_used") == **asked, "{asked}");
}

#[tokio::test]
async fn defect_21_a_later_model_reads_what_the_steps_said() {
    let rehearsal = answering("fine");
    let mut zen = Place::with(&rehearsal).connected().await;
    let first = zen.call("debug", with(step(1, 3, "the writer stalls"), "hypothesis", json!("a full queue"))).await;
    zen.chat_on(&thread(&first), "What do you make of it?").await;
    let prompt = shown(&rehearsal.requests()[0]);
    for text in ["the writer stalls", "found at the writer stalls", "a full queue"] {
        assert!(prompt.contains(text), "{text} in {prompt}");
    }
}

#[tokio::test]
async fn defect_22_the_end_of_a_thread_is_said_and_no_turn_is_lost_in_silence() {
    let rehearsal = answering("fine");
    let mut zen = Place::with(&rehearsal).set("threads.max_turns", 2).connected().await;
    let first = zen.call("thinkdeep", step(1, 1, "think")).await;
    assert!(first.metadata("notice").as_str().unwrap().contains("Only 1 more turn"), "{first:?}");
    let last = zen.call("thinkdeep", on(&thread(&first), step(2, 2, "more"))).await;
    assert!(last.metadata("notice").as_str().unwrap().contains("last turn"), "{last:?}");
    let refused = zen.chat_on(&thread(&first), "more").await;
    assert!(refused.is_error && refused.metadata("error_code") == "thread_full", "{refused:?}");
}

#[tokio::test]
async fn defect_23_a_call_is_logged_once_and_no_prompt_is() {
    let rehearsal = answering("the secret answer");
    let place = Place::with(&rehearsal).logged();
    let mut zen = place.connected().await;
    zen.chat("the secret question").await;
    zen.close_input();
    zen.ended().await;
    let log = std::fs::read_to_string(place.path("log")).unwrap();
    assert_eq!(times(&log, "call answered"), 1, "{log}");
    assert!(!log.contains("the secret"), "{log}");
}

#[tokio::test]
async fn defect_25_no_file_beyond_the_roots_is_sent() {
    let rehearsal = answering("fine");
    let mut zen = Place::with(&rehearsal).connected().await;
    zen.call("chat", chat_with("Read", &["/etc/passwd"])).await;
    zen.call("thinkdeep", with(step(1, 1, "read"), "relevant_files", json!(["/etc/passwd"]))).await;
    assert!(rehearsal.requests().iter().all(|request| !shown(request).contains("root:x:")));
}

#[tokio::test]
async fn defect_26_a_first_trace_with_a_mode_is_not_asked_for_one() {
    let mut zen = Place::new().connected().await;
    let trace = with(with(step(1, 3, "trace"), "target_description", json!("it")), "trace_mode", json!("precision"));
    let reply = zen.call("tracer", trace).await;
    assert_eq!(reply.status(), "pause_for_tracing");
    let said = reply.json();
    assert!(!format!("{}{}", said["required_actions"], said["next_steps"]).contains("Ask the user"), "{said}");
}

#[tokio::test]
async fn defect_27_the_thinking_mode_reaches_models_of_other_makers() {
    let efforts = |request: &Recorded| request.body["reasoning_effort"].as_str().unwrap_or_default().to_owned();
    let rehearsal = Rehearsal::start(Script::from(Scene::reply("fine"))).unwrap();
    let mut zen = openai(&rehearsal).connected().await;
    for mode in ["low", "high"] {
        let mut question = with(chat("Hello"), "thinking_mode", json!(mode));
        question["model"] = json!("gpt-5.2");
        assert!(!zen.call("chat", question).await.is_error);
    }
    let sent: Vec<_> = rehearsal.requests().iter().map(efforts).collect();
    assert_eq!(sent, ["low", "high"]);
}

#[tokio::test]
async fn defect_28_an_internal_precommit_of_one_step_is_accepted() {
    let rehearsal = answering("never");
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let mut check = with(step(1, 1, "check"), "path", json!(place.project()));
    check["precommit_type"] = json!("internal");
    let reply = zen.call("precommit", check).await;
    assert_eq!((reply.is_error, reply.status().as_str()), (false, "validation_complete_ready_for_commit"), "{reply:?}");
}
