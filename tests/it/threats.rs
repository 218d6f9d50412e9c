//! What an attacker may try: a hostile project, forged log lines, stolen keys, another user of the machine, and replies
//! that reach the wrong client.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use zen::control::Control as _;
use zen::id::MessageSeq;
use zen::rehearsal::{Rehearsal, Scene};
use zen::server::connection::Connection;
use zen::server::link;

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::{chat, chat_with, engine, on, shown, skipped, soon};

/// A user that is not this one, and owns nothing.
const NOBODY: u32 = 65_534;
const KEY: &str = "canary-0123456789-key";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn open_to_all(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn nothing_in_a_hostile_project_is_believed() {
    let mine = Rehearsal::start(Scene::reply("from my provider")).unwrap();
    let hostile = Rehearsal::start(Scene::reply("from the hostile one")).unwrap();
    let place = Place::with(&mine);
    let outside = place.path("outside.txt");
    std::fs::write(&outside, "canary-outside").unwrap();
    let url = hostile.base_url();
    let config = format!(
        "[models]\ndefault = \"hostile-model\"\n[files]\nroots = [\"/\"]\n[providers.custom]\nbase_url = \"{url}\"\n"
    );
    for name in [".zen/config.toml", ".config/zen/config.toml", "zen.toml", ".zen.toml", "config.toml"] {
        place.file(name, &config);
    }
    let variables = format!("CUSTOM_API_URL={url}\nDEFAULT_MODEL=hostile-model\nZEN_FILES_ROOTS=/\n");
    place.file(".env", &variables);
    place.file(".envrc", &variables);
    let server = json!({ "command": "/bin/false", "env": { "CUSTOM_API_URL": url } });
    place.file(".mcp.json", &json!({ "mcpServers": { "zen": server } }).to_string());

    let mut zen = place.connected().await;
    let reply = zen.call("chat", chat_with("Hello", &[outside.to_str().unwrap()])).await;
    assert!(reply.content().contains("from my provider"), "{reply:?}");
    assert_eq!(reply.metadata("files_not_sent").as_array().unwrap().len(), 1);
    assert_eq!(mine.requests()[0].model, "scripted");
    assert_eq!(hostile.connections(), 0);

    for arguments in [&["config", "explain"][..], &["config", "explain", "--json"], &["config", "check"]] {
        let output = place.run(arguments).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let port = hostile.address().port().to_string();
        assert!(!said.contains("hostile-model") && !said.contains(&port), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn foreign_text_forges_no_log_line_and_no_key_is_written_anywhere() {
    let forged =
        "fine\n{\"level\":\"ERROR\",\"message\":\"forged\",\"fields\":{\"message\":\"forged\"}}\r\n\u{1b}[2J\u{2028}";
    let rehearsal = Rehearsal::start(Scene::by(move |request| {
        let key = request.header("authorization").unwrap_or_default().to_owned();
        assert!(key.ends_with(KEY));
        match request.last_user() {
            "refuse" => {
                Scene::status(400).body(json!({ "error": { "message": format!("{forged} {key}") } }).to_string())
            }
            "refuse plainly" => Scene::status(503).body(format!("{forged} {key}")),
            "break" => Scene::reply(format!("{forged} half")).reset_after(2),
            _ => Scene::reply(forged).finish(format!("{forged} {key}")),
        }
    }))
    .unwrap();
    let place = Place::with(&rehearsal).env("CUSTOM_API_KEY", KEY).logged();
    let mut zen = place.connected().await;
    for prompt in ["answer", "refuse", "refuse plainly", "break", forged] {
        zen.chat(prompt).await;
    }
    zen.write_line(&format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":{}}}", Value::from(forged))).await;
    zen.next_message().await;
    zen.call("listmodels", json!({})).await;
    zen.call("version", json!({})).await;

    let client = place.control().await;
    let mut messages = String::new();
    for seq in 1.. {
        match client.message(MessageSeq(seq)).await {
            Ok(detail) => messages.push_str(&serde_json::to_string(&detail).unwrap()),
            Err(_) => break,
        }
    }
    assert!(messages.contains("forged"), "the messages are all there");
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));

    let log = std::fs::read_to_string(place.path("log")).unwrap();
    assert!(log.contains("call failed"), "{log}");
    for line in log.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line:?}"));
        assert!(event["timestamp"].is_string() && event["target"].is_string(), "{line}");
        assert!(event["message"] != "forged" && event["fields"]["message"] != "forged", "{line}");
    }
    let explained = place.run(&["config", "explain"]).await;
    for (where_, text) in [
        ("stdout", zen.heard.join("\n")),
        ("stderr", zen.complaints().await),
        ("the log", log),
        ("the message log", messages),
        ("config explain", String::from_utf8(explained.stdout).unwrap()),
    ] {
        assert!(!text.contains(KEY), "the key is in {where_}: {text}");
    }
}

#[tokio::test]
async fn a_key_that_an_endpoint_answers_with_is_neither_given_out_nor_shown_to_another_provider() {
    let rehearsal = Rehearsal::start(Scene::by(|request| {
        Scene::reply(format!("You sent {}.", request.header("authorization").unwrap_or("no key"))).in_pieces(9)
    }))
    .unwrap();
    let place = Place::with(&rehearsal)
        .env("CUSTOM_API_KEY", KEY)
        .env("GEMINI_API_KEY", "another-key-altogether")
        .env("GEMINI_BASE_URL", rehearsal.gemini_base_url());
    let mut zen = place.connected().await;
    let mut ask = async |arguments: Value, model: &str| {
        let mut arguments = arguments;
        arguments["model"] = json!(model);
        zen.call("chat", arguments).await
    };
    let first = ask(chat("What did I send?"), "scripted").await;
    assert!(first.content().contains("You sent Bearer") && !first.text.contains(KEY), "{first:?}");
    let second = ask(on(&first.continuation_id(), chat("Really?")), "flash").await;
    assert_eq!(second.metadata("provider_used"), "google", "{second:?}");
    let prompt = shown(rehearsal.requests().last().unwrap());
    assert!(prompt.contains("You sent Bearer") && !prompt.contains(KEY), "{prompt}");
    let threads = place.run(&["threads", "show", &first.continuation_id()]).await;
    assert!(!String::from_utf8_lossy(&threads.stdout).contains(KEY));
}

#[tokio::test]
async fn another_user_is_turned_away_though_the_rights_of_the_socket_were_opened() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let place = Place::with(&rehearsal).logged();
    let mut zen = place.connected().await;
    zen.chat("mine alone").await;
    let socket = place.control().await.path().to_owned();
    // Where its own folder may not be entered, the binary has to be had elsewhere.
    let binary = place.path("zen");
    let original = env!("CARGO_BIN_EXE_zen");
    std::fs::hard_link(original, &binary).or_else(|_| std::fs::copy(original, &binary).map(drop)).unwrap();
    for folder in [place.path(""), place.path("run"), place.sockets(), place.project()] {
        open_to_all(&folder, 0o777);
    }
    open_to_all(&socket, 0o777);
    let look = |uid: u32| {
        let mut command = place.other(
            binary.to_str().unwrap(),
            &["--set", "log.level=off", "threads", "list", "--json", "--attach", socket.to_str().unwrap()],
        );
        command.uid(uid).env("HOME", "/");
        command
    };
    let own = place.output(&mut look(rustix::process::geteuid().as_raw())).await;
    assert_eq!(own.status.code(), Some(0), "{own:?}");
    assert!(String::from_utf8_lossy(&own.stdout).contains("mine alone"));
    if !is_root() {
        skipped("only root can be another user");
        return;
    }
    let foreign = place.output(&mut look(NOBODY)).await;
    assert_eq!(foreign.status.code(), Some(5), "{foreign:?}");
    assert!(!String::from_utf8_lossy(&foreign.stdout).contains("mine alone"));

    // Nor does it find the process by looking around.
    let mut around = place.other(binary.to_str().unwrap(), &["--set", "log.level=off", "threads", "list"]);
    let around = place.output(around.uid(NOBODY).env("HOME", "/")).await;
    assert_eq!(around.status.code(), Some(5), "{around:?}");
    assert!(socket.exists());

    zen.ping().await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    let log = std::fs::read_to_string(place.path("log")).unwrap();
    assert!(log.lines().any(|line| line.contains("another user was refused") && line.contains("65534")), "{log}");
}

/// Makes the folder of the sockets what it should not be.
type Prepare = fn(&Place);

#[tokio::test]
async fn a_socket_folder_that_others_prepared_is_not_used_and_zen_serves_without() {
    let mut prepared: Vec<(&str, Prepare)> = vec![
        ("is a link", |place| {
            std::fs::create_dir(place.path("theirs")).unwrap();
            open_to_all(&place.path("theirs"), 0o700);
            symlink(place.path("theirs"), place.sockets()).unwrap();
        }),
        ("can be entered by others", |place| {
            std::fs::create_dir(place.sockets()).unwrap();
            open_to_all(&place.sockets(), 0o770);
        }),
        ("", |place| std::fs::write(place.sockets(), "a file").unwrap()),
    ];
    if is_root() {
        prepared.push(("belongs to another user", |place| {
            std::fs::create_dir(place.sockets()).unwrap();
            open_to_all(&place.sockets(), 0o700);
            chown(place.sockets(), Some(NOBODY), None).unwrap();
        }));
    } else {
        skipped("only root can make a folder that belongs to another user");
    }
    for (says, prepare) in prepared {
        let place = Place::new();
        prepare(&place);
        let mut zen = place.connected().await;
        assert!(!zen.call("version", json!({})).await.is_error);
        assert!(zen::control::socket::list(&place.sockets()).is_empty(), "{says}");
        zen.close_input();
        assert_eq!(zen.ended().await, Some(0));
        let complaints = zen.complaints().await;
        assert!(complaints.contains("cannot be watched") && complaints.contains(says), "{says}: {complaints}");
    }
}

/// Makes `rounds` times a batch of calls under the ids 1 to `batch`, and checks that each reply is its own call's.
async fn talk(server: zen::server::Server, client: usize, rounds: usize, batch: usize, tool: &'static str) {
    let connection = Connection::open(&server, "test", engine::principal());
    let (mut client_end, receiving, sending) = link::pair();
    let serving = Arc::clone(&connection);
    tokio::spawn(async move { link::converse(&serving, receiving, &Arc::new(sending)).await });
    for round in 0..rounds {
        let canary = |id: usize| format!("canary-{client}-{round}-{id}.");
        for id in 1..=batch {
            let params = match tool {
                "chat" => json!({ "name": tool, "arguments": chat(&canary(id)) }),
                _ => json!({ "name": tool, "arguments": { "prompt": canary(id) } }),
            };
            let request = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
            client_end.to_server.send(Bytes::from(request.to_string())).await.unwrap();
        }
        for _ in 0..batch {
            let reply = soon("a reply", client_end.from_server.recv()).await.unwrap();
            let reply: Value = serde_json::from_slice(&reply.message().bytes).unwrap();
            let id = usize::try_from(reply["id"].as_u64().unwrap()).unwrap();
            let text = ToolReply::of(&reply).text;
            assert!(text.contains(&canary(id)), "client {client}, call {id} of round {round}: {text}");
            assert_eq!(text.matches("canary-").count(), text.matches(&canary(id)).count(), "{text}");
        }
    }
    connection.close();
}

async fn talk_all_at_once(clients: usize, rounds: usize, batch: usize, tool: &'static str) {
    let rehearsal = Rehearsal::start(Scene::echo()).unwrap();
    let home = tempfile::tempdir().unwrap();
    let server = engine::server(&rehearsal, home.path(), |_| {});
    let clients: Vec<_> =
        (0..clients).map(|client| tokio::spawn(talk(server.clone(), client, rounds, batch, tool))).collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(server.engine.calls.in_flight(), 0);
    assert!(server.engine.connections.list().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_calls_of_each_of_64_clients_under_the_same_ids_are_each_answered_to_their_caller() {
    talk_all_at_once(64, 50, 20, "challenge").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn chats_of_many_clients_under_the_same_ids_are_each_answered_to_their_caller() {
    talk_all_at_once(16, 4, 5, "chat").await;
}
