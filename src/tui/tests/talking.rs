//! Talking: what is written, what is sent of it, how its reply is followed and given up, and how that looks.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::sample::*;
use crate::control::types::*;
use crate::id::{CallId, ConnectionId};
use crate::tui::event::{Effect, Event, Reply};
use crate::tui::model::threads::Row;
use crate::tui::model::{Focus, Overlay, Screen};
use crate::tui::theme::Theme;

/// Two processes with models and tools.
fn ready() -> Driven {
    let mut face = Driven::full(100, 30);
    let input = json!({
        "type": "object",
        "properties": {
            "working_directory_absolute_path": { "type": "string" },
            "prompt": { "type": "string", "description": "The question" },
            "files": { "type": "array", "items": { "type": "string" } },
            "thinking_mode": { "type": "string", "enum": ["low", "high"] },
            "temperature": { "type": "number" },
            "steps": { "type": "integer" },
            "continuation_id": { "type": "string", "description": "Thread to continue" }
        },
        "required": ["prompt", "working_directory_absolute_path"]
    });
    let tool = |name: &str, input: &Value| ToolSummary {
        name: name.to_owned(),
        title: "Think".to_owned(),
        description: "Thinks about a question for long, and says what it found.".to_owned(),
        input: input.clone(),
    };
    let tools = vec![tool("thinkdeep", &input), tool("version", &json!({ "type": "object", "properties": {} }))];
    for source in [OWN, OTHER] {
        face.reply(source, Reply::Models { outcome: Ok(models()) });
        face.reply(source, Reply::Tools { outcome: Ok(tools.clone()) });
    }
    face.asked();
    face
}

/// The calls that were asked for: of which source, which tool, with what.
fn calls(face: &mut Driven) -> Vec<(crate::tui::SourceId, String, Value)> {
    let calls = face.asked().into_iter().filter_map(|effect| match effect {
        Effect::Call { source, tool, arguments, .. } => Some((source, tool, serde_json::from_str(&arguments).unwrap())),
        _ => None,
    });
    calls.collect()
}

/// The process tells of a call by a person.
fn tell_of_call(face: &mut Driven, id: u64, thread: Option<char>, stage: Stage) {
    let client = |connection, transport: &str| ClientSummary {
        connection: ConnectionId(connection),
        transport: transport.to_owned(),
        name: "a person".to_owned(),
        version: "1".to_owned(),
        protocol: None,
    };
    let of = |id, connection| CallSummary {
        connection: ConnectionId(connection),
        ..call(id, "chat", thread.map(thread_id), stage.clone(), 0)
    };
    // An agent calls the same tool at the same time.
    let calls = vec![of(id, 1), of(id + 1, 9)];
    let clients = Some(vec![client(1, "stdio"), client(9, "control")]);
    face.send(OWN, Update::Delta(Box::new(Delta { calls, clients, ..Delta::default() })));
}

#[test]
fn what_is_written_and_answered_is_hidden_with_all_texts() {
    let mut face = ready();
    face.keys("Hc").keys("secretive words");
    assert!(!face.frame().contains("secretive") && face.frame().contains("░░░░░░░░░ ░░░░░"), "{}", face.frame());
    face.keys("␛:call think↵");
    face.keys("secretive");
    assert!(face.frame().contains("call thinkdeep") && !face.frame().contains("secretive"), "{}", face.frame());
    face.keys("␛:call version↵↵");
    let number = face.model.sends;
    let reply = ToolResult { text: "secretive".to_owned(), is_error: false };
    face.reply(OWN, Reply::Called { number, outcome: Ok(reply) });
    assert!(matches!(face.model.overlays.last(), Some(Overlay::Sheet(_))));
    assert!(!face.frame().contains("secretive") && face.frame().contains("░░░░░░░░░"), "{}", face.frame());
    face.keys("␛");
    face.model.threads.go_to(Row::Thread(OTHER, thread_id('3')));
    face.keys("2R");
    assert!(face.frame().contains("Another title") && !face.frame().contains("redis"), "{}", face.frame());
    face.keys("␛HR");
    assert!(face.frame().contains("src/storage/redis.rs"), "{}", face.frame());
}

#[test]
fn a_message_goes_on_with_the_selected_thread() {
    let mut face = ready();
    face.keys("↓cWhat of `Moved`?\\↵And TTL?↵");
    let expected = json!({
        "prompt": "What of `Moved`?\nAnd TTL?",
        "working_directory_absolute_path": "/home/me/myproject",
        "continuation_id": thread_id('3'),
    });
    assert_eq!(calls(&mut face), [(OTHER, "chat".to_owned(), expected)]);
    assert_eq!((face.model.screen, face.model.focus), (Screen::Threads, Focus::Reader));
    assert!(face.model.overlays.is_empty());
}

#[test]
fn elsewhere_it_opens_a_thread_here_with_the_model_that_is_chosen() {
    let mut face = ready();
    face.keys("5cHello⇥flash↵↵");
    let sent = calls(&mut face);
    assert_eq!((sent[0].0, &sent[0].2["model"]), (OWN, &json!("gemini-2.5-flash")));
    assert_eq!(sent[0].2.get("continuation_id"), None);
    face.keys("2nHello↵");
    assert_eq!(calls(&mut face)[0].2["model"], "auto");
}

#[test]
fn a_file_is_completed_behind_its_at_sign_and_sent_by_its_whole_path() {
    let mut face = ready();
    face.keys("n");
    face.keys("Read @sr");
    let asked = |face: &mut Driven| {
        face.asked().into_iter().filter(|effect| matches!(effect, Effect::Paths { .. })).collect::<Vec<_>>()
    };
    // One beginning at a time: the next is asked for when the first is answered.
    let ask = |so_far: &str| vec![Effect::Paths { source: OWN, so_far: so_far.to_owned() }];
    assert_eq!(asked(&mut face), ask(""));
    face.reply(OWN, Reply::Paths { outcome: Ok(Vec::new()) });
    assert_eq!(asked(&mut face), ask("sr"));
    face.reply(OWN, Reply::Paths { outcome: Ok(vec!["/home/me/myproject/src/".to_owned()]) });
    face.keys("⇥");
    assert_eq!(asked(&mut face), ask("src/"));
    let files = ["main.rs", "mod.rs"].map(|name| format!("/home/me/myproject/src/{name}"));
    face.reply(OWN, Reply::Paths { outcome: Ok(files.to_vec()) });
    face.keys("↓↵not me@example.org or @nobody↵");
    let sent = calls(&mut face);
    assert_eq!(sent[0].2["absolute_file_paths"], json!(["/home/me/myproject/src/mod.rs"]));
    assert_eq!(sent[0].2["prompt"], "Read @src/mod.rs not me@example.org or @nobody");
}

#[test]
fn the_reply_is_followed_into_its_thread_and_an_agents_call_is_not_taken_for_it() {
    let mut face = ready();
    face.keys("nHello↵");
    tell_of_call(&mut face, 30, None, Stage::Streaming);
    assert_eq!(face.model.threads.selected(), Some(Row::Call(OWN, CallId(31))));
    let threads = vec![thread('9', "chat", "gemini-2.5-pro", 1, 0, "Hello")];
    face.send(OWN, Update::Delta(Box::new(Delta { threads, ..Delta::default() })));
    tell_of_call(&mut face, 30, Some('9'), Stage::Done);
    assert_eq!(face.model.threads.selected(), Some(Row::Thread(OWN, thread_id('9'))));
    let text = json!({ "continuation_offer": { "continuation_id": thread_id('9') } }).to_string();
    face.reply(OWN, Reply::Called { number: 1, outcome: Ok(ToolResult { text, is_error: false }) });
    assert!(face.model.overlays.is_empty() && face.model.sent.is_empty());
}

#[test]
fn a_reply_that_is_faster_than_its_call_is_gone_to_when_its_thread_comes() {
    let mut face = ready();
    face.keys("nHello↵");
    let text = json!({ "continuation_offer": { "continuation_id": thread_id('9') } }).to_string();
    face.reply(OWN, Reply::Called { number: 1, outcome: Ok(ToolResult { text, is_error: false }) });
    let threads = vec![thread('9', "chat", "gemini-2.5-pro", 1, 9_999, "Hello")];
    face.send(OWN, Update::Delta(Box::new(Delta { threads, ..Delta::default() })));
    assert_eq!(face.model.threads.selected(), Some(Row::Thread(OWN, thread_id('9'))));
}

#[test]
fn escape_gives_up_what_was_sent_even_before_it_is_known() {
    let cancels = |face: &mut Driven| {
        face.asked().into_iter().filter(|effect| matches!(effect, Effect::Cancel { .. })).collect::<Vec<_>>()
    };
    let mut face = ready();
    face.keys("↓cMore?↵").asked();
    face.keys("␛");
    assert_eq!(cancels(&mut face), [], "its number is not known yet");
    let client = ClientSummary {
        connection: ConnectionId(9),
        transport: "control".to_owned(),
        name: "a person".to_owned(),
        version: "1".to_owned(),
        protocol: None,
    };
    let mine = CallSummary { connection: ConnectionId(9), ..call(40, "chat", Some(thread_id('3')), Stage::Waiting, 0) };
    let delta = Delta { calls: vec![mine], clients: Some(vec![client]), ..Delta::default() };
    face.send(OTHER, Update::Delta(Box::new(delta)));
    assert_eq!(cancels(&mut face), [Effect::Cancel { source: OTHER, call: CallId(40) }]);
    assert_eq!(face.model.focus, Focus::Reader, "the first escape gives up, the second leads back");
    face.keys("␛");
    assert_eq!((cancels(&mut face), face.model.focus), (Vec::new(), Focus::List));
}

#[test]
fn a_form_says_what_is_wrong_before_anything_is_called() {
    let mut face = ready();
    face.keys(":callthink↵");
    face.keys("↵");
    assert!(face.frame().contains("prompt: is needed"), "{}", face.frame());
    assert_eq!(calls(&mut face), []);
    let fill = |face: &mut Driven, field: &str, text: &str| {
        let Some(Overlay::Form(form)) = face.model.overlays.last_mut() else { panic!("the form is open") };
        form.focus = form.fields.iter().position(|known| known.name == field).unwrap();
        face.keys(text);
    };
    fill(&mut face, "prompt", "Why?");
    fill(&mut face, "steps", "two↵");
    assert!(face.frame().contains("'two' is no whole number"), "{}", face.frame());
    fill(&mut face, "steps", "⌫⌫⌫3");
    fill(&mut face, "files", "/a, /b");
    fill(&mut face, "temperature", "0.5");
    fill(&mut face, "thinking_mode", "→→");
    face.keys("↵");
    let expected = json!({
        "working_directory_absolute_path": "/home/me/myproject",
        "prompt": "Why?",
        "files": ["/a", "/b"],
        "thinking_mode": "high",
        "temperature": 0.5,
        "steps": 3,
    });
    let sent = calls(&mut face);
    assert_eq!((sent[0].1.as_str(), &sent[0].2), ("thinkdeep", &expected));
}

#[test]
fn a_reply_without_a_thread_is_read_over_the_screen() {
    let mut face = ready();
    face.keys(":callversion↵↵");
    let text = json!({ "status": "success", "content": "zen 0.1.0\u{1b}[2J" }).to_string();
    face.reply(OWN, Reply::Called { number: 1, outcome: Ok(ToolResult { text, is_error: false }) });
    assert!(face.frame().contains("zen 0.1.0[2J"), "{}", face.frame());
    face.keys("␛");
    assert!(face.model.overlays.is_empty());
    face.keys("nHello↵");
    let text = "no model can be asked".to_owned();
    face.reply(OWN, Reply::Called { number: 2, outcome: Ok(ToolResult { text, is_error: true }) });
    assert!(face.frame().contains("chat failed") && face.frame().contains("no model can be asked"));
}

#[test]
fn read_only_asks_nothing() {
    let mut face = Driven::with(100, 30, Theme::new(true), true);
    face.appear(OTHER, "stdio 4242", false);
    face.send(OTHER, Update::Snapshot(Box::new(other())));
    for key in ["c", "n"] {
        face.keys(key);
        assert!(face.model.overlays.is_empty() && face.frame().contains("read-only: no model is asked from here"));
    }
}

#[test]
fn a_message_at_each_size() {
    let mut face = ready();
    face.keys("↓cWhat of the `Moved` errors? They come when a slot is moved, and the answer names where it is now.");
    face.take(Event::Pasted("\nLook at ".to_owned()));
    face.keys("@s");
    face.reply(OTHER, Reply::Paths { outcome: Ok(Vec::new()) });
    let offered = ["src/", "storage.md"].map(|name| format!("/home/me/myproject/{name}"));
    face.reply(OTHER, Reply::Paths { outcome: Ok(offered.to_vec()) });
    assert_snapshot!(at_each_size(&mut face));
}

#[test]
fn the_choice_of_a_model_at_each_size() {
    let mut face = ready();
    face.send(OWN, Update::Delta(Box::new(Delta { providers: vec![failing()], ..Delta::default() })));
    assert_snapshot!(at_each_size(face.keys("nHello⇥↓")));
}

#[test]
fn a_form_at_each_size() {
    assert_snapshot!(at_each_size(ready().keys(":callthink↵Why does it hang?")));
}
