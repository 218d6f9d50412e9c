//! Sessions as the older servers' users had them, tool by tool: a file shown once however often it is named, a focus that
//! moves, a thread that goes through all tools.

use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};

use super::{after, step, thread, with};
use crate::support::place::Place;
use crate::support::{assert_in_order, chat_with, on, shown, times};

/// The tools that end with an expert.
const EXPERTS: [&str; 8] =
    ["thinkdeep", "codereview", "precommit", "debug", "secaudit", "analyze", "refactor", "testgen"];

/// What a step of this tool has to say beside what all say.
fn about(tool: &str, place: &Place, files: &[&str]) -> Value {
    let mut more = json!({ "relevant_files": files });
    if tool == "precommit" {
        more["path"] = json!(place.project());
    }
    more
}

#[tokio::test]
async fn for_each_tool_a_file_that_is_named_again_stands_once_and_a_new_one_comes_beside_it() {
    let rehearsal = Rehearsal::start(Scene::reply("Seen.")).unwrap();
    let place = Place::with(&rehearsal);
    let one = place.file("one.rs", "fn one() { /* mark-of-one */ }");
    let two = place.file("two.rs", "fn two() { /* mark-of-two */ }");
    let mut zen = place.connected().await;
    for tool in EXPERTS.into_iter().chain(["chat"]) {
        let before = rehearsal.requests().len();
        let mut id = None;
        for files in [&[one.as_str()][..], &[&one], &[&one, &two], &[]] {
            let mut arguments = match tool {
                "chat" => chat_with("Look", files),
                _ => with(step(1, 1, "Look", "seen"), about(tool, &place, files)),
            };
            if files.is_empty() && tool != "chat" {
                // A later step may name none; the first one of some tools may not.
                arguments = step(2, 2, "Look again", "seen");
            }
            let arguments = id.as_deref().map_or(arguments.clone(), |id| on(id, arguments));
            let reply = zen.call(tool, arguments).await;
            assert!(!reply.is_error, "{tool}: {reply:?}");
            id = Some(if tool == "chat" { reply.continuation_id() } else { thread(&reply) });
        }
        let prompts: Vec<String> = rehearsal.requests()[before..].iter().map(shown).collect();
        let counts: Vec<_> =
            prompts.iter().map(|prompt| (times(prompt, "mark-of-one"), times(prompt, "mark-of-two"))).collect();
        assert_eq!(counts, [(1, 0), (1, 0), (1, 1), (1, 1)], "{tool}");
        assert!(prompts.iter().all(|prompt| prompt.contains("   1│ fn one()")), "{tool}: lines have their numbers");
        let ground = "never copy the marks into code";
        assert!(prompts.iter().all(|prompt| prompt.contains(ground)), "{tool}: and no reply is to have them");
    }
}

#[tokio::test]
async fn for_each_tool_a_focus_that_moves_keeps_one_session_and_all_files_for_the_expert() {
    let rehearsal = Rehearsal::start(Scene::reply("Both matter.")).unwrap();
    let place = Place::with(&rehearsal);
    let (old, new) = (place.file("old.rs", "fn in_the_old() {}"), place.file("new.rs", "fn in_the_new() {}"));
    let mut zen = place.connected().await;
    for (index, tool) in EXPERTS.into_iter().enumerate() {
        let first =
            zen.call(tool, with(step(1, 2, "Begin at the old", "looks fine"), about(tool, &place, &[&old]))).await;
        // The plan of two steps grows to four, and another file comes into view.
        let turned = with(step(2, 4, "Turn to the new", "this is it"), about(tool, &place, &[&new]));
        let second = zen.call(tool, after(&first, turned)).await;
        let said = second.json();
        assert_eq!((second.is_error, &said["total_steps"]), (false, &json!(4)), "{tool}: {second:?}");
        let context = &said["file_context"];
        assert_eq!(context["type"], "reference_only", "{tool}");
        assert!(context["note"].as_str().unwrap().contains("new.rs"), "{context}");
        let third = zen.call(tool, after(&first, step(3, 4, "Look closer at the new", "confirmed"))).await;
        assert!(third.json().get("file_context").is_none(), "{tool}: no file is named in this step");
        assert_eq!(rehearsal.requests().len(), index, "{tool} asks nobody before its end");

        let last = zen.call(tool, after(&first, step(4, 4, "Conclude", "the new it is"))).await;
        assert_eq!(last.json()["file_context"]["files_embedded"], 2, "{tool}: {last:?}");
        let prompt = shown(rehearsal.requests().last().unwrap());
        assert_in_order(
            &prompt,
            &[
                "Begin at the old",
                "looks fine",
                "Turn to the new",
                "this is it",
                "Look closer",
                "confirmed",
                "Conclude",
            ],
        );
        for code in ["fn in_the_old()", "fn in_the_new()"] {
            assert_eq!(times(&prompt, code), 1, "{tool}: {code} in {prompt}");
        }
        let ids = [&first, &second, &third, &last].map(thread);
        assert!(ids.iter().all(|id| *id == ids[0]), "{tool} is one session");
    }
}

#[tokio::test]
async fn a_thread_through_all_tools_keeps_its_id_its_dialogue_and_each_file_once() {
    let rehearsal = Rehearsal::start(Scene::by(|request| Scene::reply(format!("answer {}.", request.number)))).unwrap();
    let place = Place::with(&rehearsal);
    let mut zen = place.connected().await;
    let first_file = place.file("chat.rs", "fn of_chat() {}");
    let opened = zen.call("chat", chat_with("Question of chat", &[&first_file])).await;
    let id = opened.continuation_id();
    for (index, tool) in EXPERTS.into_iter().enumerate() {
        let own = place.file(&format!("{tool}.rs"), &format!("fn of_{tool}() {{}}"));
        // Each names its own file, and the first one again.
        let said = with(
            step(1, 1, &format!("Question of {tool}"), "found"),
            about(tool, &place, &[own.as_str(), first_file.as_str()]),
        );
        let reply = zen.call(tool, on(&id, said)).await;
        assert_eq!((reply.is_error, thread(&reply)), (false, id.clone()), "{tool}: {reply:?}");
        let prompt = shown(rehearsal.requests().last().unwrap());
        let so_far = || EXPERTS[..index].iter();
        let dialogue: Vec<String> = ["Question of chat".to_owned(), "answer 0.".to_owned()]
            .into_iter()
            .chain(
                so_far()
                    .enumerate()
                    .flat_map(|(at, tool)| [format!("Question of {tool}"), format!("answer {}.", at + 1)]),
            )
            .collect();
        assert_in_order(&prompt, &dialogue.iter().map(String::as_str).collect::<Vec<_>>());
        for name in so_far().chain([&"chat", &tool]) {
            assert_eq!(times(&prompt, &format!("fn of_{name}()")), 1, "{name}'s file in {tool}'s prompt: {prompt}");
        }
    }
    let last = zen.chat_on(&id, "And now?").await;
    assert_eq!(last.remaining_turns(), 10, "each answer is one turn");
}
