//! CLIs that are scripts of the test: what they are given, how they are read, and that nothing of them is left running.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};
use zen::rehearsal::{Rehearsal, Scene};
use zen::thread::Principal;

use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::{assert_in_order, engine, on, soon};

const KEY: &str = "AIza-a-key-of-zen-0123456789abcdefghij";

/// A place with these scripts as the shipped CLIs of their names.
fn place(scripts: &[(&str, &str)]) -> Place {
    let place = Place::new();
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    for (name, script) in scripts {
        write_script(&bin.join(name), script);
    }
    place.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("GEMINI_API_KEY", KEY).env("ANY_OTHER", "value")
}

fn write_script(path: &Path, script: &str) {
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn task(cli: &str, prompt: &str) -> Value {
    json!({ "prompt": prompt, "cli_name": cli })
}

/// The processes of this group that live, by what the system says of them.
fn living(group: i32) -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_in = |pid: &i32| {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        fields[0] != "Z" && fields[2] == group.to_string()
    };
    pids.filter(is_in).collect()
}

/// Waits until a condition holds that no message announces.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    soon(what, wait).await;
}

/// Waits until a script has written its number, which is that of its group, into the home.
async fn group(place: &Place) -> i32 {
    let file = place.path("home/group");
    let read = || fs::read_to_string(&file).ok()?.strip_suffix('\n')?.parse::<i32>().ok();
    until("the script to start", || read().is_some()).await;
    read().unwrap()
}

/// Starts, forks, and goes on for ever.
const HANGS: &str = r#"sleep 1000 & sh -c 'trap "" TERM; sleep 1000' & echo $$ > "$HOME/group"; wait; wait"#;

#[tokio::test]
async fn defect_24_a_cli_gets_its_role_the_request_the_thread_and_a_closed_environment() {
    let place = place(&[(
        "gemini",
        r#"cat > "$HOME/asked"; env > "$HOME/env"; pwd > "$HOME/pwd"; echo "$@" > "$HOME/arguments"
echo 'Loaded.'; echo '{"response":"I looked.","stats":{"models":{"gemini-x":{"tokens":{"prompt":9,"candidates":4}}}}}'"#,
    )]);
    let file = place.file("src/a.rs", "fn a() {}\n");
    let secret = place.file(".env", "KEY=1\n");
    let mut zen = place.connected().await;
    let mut first = task("gemini", "look at it");
    first["absolute_file_paths"] = json!([file, secret]);
    let reply = zen.call("clink", first).await;
    assert!(!reply.is_error, "{}", reply.text);
    assert_eq!(reply.content(), "I looked.");
    assert_eq!((reply.metadata("model_used"), reply.metadata("cli_name")), (json!("gemini-x"), json!("gemini")));
    assert_eq!(reply.metadata("usage"), json!({ "input_tokens": 9, "output_tokens": 4 }));
    assert_eq!(reply.metadata("files_not_sent")[0]["path"], json!(secret));
    assert_eq!(reply.remaining_turns(), 19);

    let read = |name: &str| fs::read_to_string(place.path("home").join(name)).unwrap();
    let asked = read("asked");
    assert_in_order(&asked, &["Another AI agent hands you a task", "=== USER REQUEST ===\nlook at it\n", &file]);
    assert!(!asked.contains("CONVERSATION SO FAR") && !asked.contains(&secret));
    assert_eq!(read("pwd").trim(), place.project().canonicalize().unwrap().to_str().unwrap());
    assert_eq!(read("arguments").trim(), "--output-format json");
    let environment = read("env");
    // The shell sets three of its own.
    let names: BTreeSet<_> = environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    let own = BTreeSet::from(["PWD", "OLDPWD", "SHLVL", "_"]);
    let given: Vec<_> = names.difference(&own).copied().collect();
    assert_eq!(given, ["HOME", "PATH", "XDG_RUNTIME_DIR", "ZEN_DEPTH"]);
    assert!(!environment.contains(KEY));

    let mut second = task("gemini", "and now?");
    second["role"] = json!("planner");
    let reply = zen.call("clink", on(&reply.continuation_id(), second)).await;
    assert_eq!(reply.remaining_turns(), 18);
    let asked = read("asked");
    assert_in_order(
        &asked,
        &[
            "asks you for a plan",
            "CONVERSATION SO FAR",
            "look at it",
            "I looked.",
            "=== END",
            "=== USER REQUEST ===\nand now?",
        ],
    );
    assert_eq!(asked.matches("I looked.").count(), 1);
}

#[tokio::test]
async fn a_key_in_the_task_or_in_its_prompt_file_is_not_handed_on_and_the_reply_says_so() {
    let key = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let place = place(&[("gemini", r#"cat > "$HOME/asked"; echo '{"response":"done"}'"#)]);
    let file = place.file("prompt.txt", &format!("the long task: log in with {key} and look"));
    let mut zen = place.connected().await;
    let asked = || fs::read_to_string(place.path("home/asked")).unwrap();

    let reply = zen.call("clink", task("gemini", &format!("log in with {key} and look"))).await;
    assert_eq!(reply.content(), "done", "{reply:?}");
    assert!(asked().contains("=== USER REQUEST ===\nlog in with [redacted] and look\n"), "{}", asked());
    let withheld = reply.metadata("secrets_withheld");
    assert!(withheld[0].as_str().is_some_and(|said| said.starts_with("prompt: 1 ")), "{withheld}");

    let mut by_file = task("gemini", "see prompt.txt");
    by_file["absolute_file_paths"] = json!([file]);
    let reply = zen.call("clink", on(&reply.continuation_id(), by_file)).await;
    assert_in_order(&asked(), &["log in with [redacted]", "the long task: log in with [redacted] and look"]);
    assert!(!asked().contains("see prompt.txt") && !asked().contains("FILE REFERENCES"), "{}", asked());
    assert_eq!(reply.metadata("secrets_withheld").as_array().map(Vec::len), Some(1), "{reply:?}");
    assert!(!asked().contains("ghp_"));
    let thread = place.json(&["threads", "show", &reply.continuation_id(), "--json"]).await;
    assert!(!thread.to_string().contains("ghp_"), "nor is it kept: {thread}");
    let plain = zen.call("clink", task("gemini", "look")).await;
    assert!(plain.metadata("secrets_withheld").is_null(), "{plain:?}");
}

#[tokio::test]
async fn the_formats_of_all_three_are_read_and_another_one_stays_text() {
    let place = place(&[
        (
            "claude",
            r#"echo "$5" > "$HOME/role"; cat > "$HOME/asked"; echo '{"type":"result","is_error":false,"result":"from claude","usage":{"input_tokens":1,"output_tokens":2}}'"#,
        ),
        ("codex", r#"echo '{"type":"item.completed","item":{"type":"agent_message","text":"from codex"}}'"#),
        ("gemini", "echo 'a newer format'"),
    ]);
    let mut zen = place.connected().await;
    for (cli, expected) in [("claude", "from claude"), ("codex", "from codex"), ("gemini", "a newer format")] {
        let reply = zen.call("clink", task(cli, "hello")).await;
        assert!(!reply.is_error, "{}", reply.text);
        assert_eq!(reply.content(), expected);
        let usage = if cli == "claude" { json!(2) } else { Value::Null };
        assert_eq!(reply.metadata("usage")["output_tokens"], usage, "what is unknown is not 0");
    }
    let read = |name: &str| fs::read_to_string(place.path("home").join(name)).unwrap();
    assert!(read("role").contains("Another AI agent") && !read("asked").contains("Another AI agent"));
}

#[tokio::test]
async fn a_cli_that_hangs_is_ended_with_what_it_forked() {
    let place = place(&[("codex", HANGS)]).set("clink.timeout", "400ms");
    let mut zen = place.connected().await;
    let reply = zen.call("clink", task("codex", "hang")).await;
    assert!(reply.is_error && reply.content().contains("codex took longer than 0.4 s"), "{}", reply.text);
    let group = group(&place).await;
    assert_eq!(living(group), Vec::<i32>::new());
    // The connection is as it was.
    assert!(!zen.call("version", json!({})).await.is_error);
}

#[tokio::test]
async fn a_cancelled_call_ends_the_group() {
    let place = place(&[("codex", HANGS)]);
    let mut zen = place.connected().await;
    let id = zen.send_call("clink", task("codex", "hang")).await;
    let group = group(&place).await;
    assert!(living(group).len() >= 3, "the script and what it forked");
    zen.notify("notifications/cancelled", json!({ "requestId": id })).await;
    until("the group to be gone", || living(group).is_empty()).await;
    assert!(!zen.call("version", json!({})).await.is_error);
}

#[tokio::test]
async fn zen_leaves_no_cli_behind_when_it_ends() {
    for by_signal in [true, false] {
        let place = place(&[("codex", HANGS)]).set("server.drain_grace", "10ms");
        let mut zen = place.connected().await;
        zen.send_call("clink", task("codex", "hang")).await;
        let group = group(&place).await;
        if by_signal {
            zen.signal(Signal::TERM)
        } else {
            zen.close_input()
        }
        assert_eq!(zen.ended().await, Some(0));
        assert_eq!(living(group), Vec::<i32>::new(), "by signal: {by_signal}");
    }
}

#[tokio::test]
async fn a_cli_that_floods_is_ended_and_one_that_fails_shows_why() {
    let place = place(&[
        ("claude", r#"echo $$ > "$HOME/group"; while :; do echo 0123456789; done"#),
        ("codex", r#"printf 'starting\nlogin \033[31mneeded\033[0m\n' >&2; exit 3"#),
        ("gemini", r#"echo '{"error":{"type":"E","message":"quota exceeded","code":429}}' >&2; exit 1"#),
    ])
    .set("clink.max_output", "64KiB");
    let mut zen = place.connected().await;
    let flood = zen.call("clink", task("claude", "talk")).await;
    assert!(flood.is_error && flood.content().contains("more than 65536 bytes"), "{}", flood.text);
    assert!(flood.text.len() < 10_000);
    let group = group(&place).await;
    assert_eq!(living(group), Vec::<i32>::new());

    let failed = zen.call("clink", task("codex", "work")).await;
    assert!(failed.is_error && failed.content().contains("codex ended with code 3"), "{}", failed.text);
    assert_eq!(failed.metadata("error_code"), json!("cli_failed"));
    let stderr = failed.metadata("stderr").as_str().unwrap().to_owned();
    assert!(stderr.contains("needed") && !stderr.contains('\u{1b}'), "{stderr}");

    let refused = zen.call("clink", task("gemini", "work")).await;
    assert!(refused.is_error && refused.content().contains("quota exceeded"), "{}", refused.text);
}

#[tokio::test]
async fn what_a_call_cannot_have_is_refused_by_name_before_anything_is_started() {
    let place = place(&[("gemini", r#"echo started > "$HOME/started"; echo '{"response":"x"}'"#)]);
    let mut zen = place.connected().await;
    let outside = place.path("home");
    for (field, value, said) in [
        ("cli_name", json!("gemni"), "did you mean `gemini`?"),
        ("role", json!("plannr"), "did you mean `planner`?"),
        ("working_directory_absolute_path", json!(outside), "is outside the folders"),
        ("prompt", json!(" "), "`prompt` is empty"),
        ("cli_name", json!("claude"), "claude was not found"),
    ] {
        let mut arguments = task("gemini", "work");
        arguments[field] = value;
        let reply = zen.call("clink", arguments).await;
        assert!(reply.is_error && reply.content().contains(said), "{}", reply.text);
    }
    assert!(!place.path("home/started").exists());
    fs::create_dir(place.project().join("inner")).unwrap();
    let mut arguments = task("gemini", "work");
    arguments["working_directory_absolute_path"] = json!(place.project().join("inner"));
    assert!(!zen.call("clink", arguments).await.is_error);
}

#[tokio::test]
async fn a_zen_below_a_cli_starts_no_further_one_and_a_program_of_the_project_is_not_believed() {
    let place = place(&[]).env("ZEN_DEPTH", 1);
    let mut zen = place.connected().await;
    let reply = zen.call("clink", task("gemini", "recurse")).await;
    assert!(reply.is_error && reply.content().contains("started by an agent that clink started"), "{}", reply.text);

    let planted = Place::new();
    fs::create_dir_all(planted.project().join("bin")).unwrap();
    write_script(&planted.project().join("bin/gemini"), "echo planted");
    let path = format!("{}:bin:/usr/bin:/bin", planted.project().join("bin").display());
    let planted = planted.env("PATH", path);
    let mut zen = planted.connected().await;
    let reply = zen.call("clink", task("gemini", "hello")).await;
    assert!(reply.is_error && reply.content().contains("gemini was not found"), "{}", reply.text);
}

#[tokio::test]
async fn the_users_manifest_names_a_cli_and_one_with_a_key_of_zens_is_refused() {
    let place = place(&[("mine", r#"echo "$GREETING, $ANY_OTHER""#)]);
    let folder = place.path("home/.config/zen/clis");
    fs::create_dir_all(&folder).unwrap();
    let manifest = "name = \"mine\"\ncommand = \"mine\"\nvariables = [\"ANY_OTHER\"]\nenv = { GREETING = \"hi\" }\n";
    fs::write(folder.join("mine.toml"), manifest).unwrap();
    let mut zen: Zen = place.connected().await;
    assert_eq!(zen.call("clink", task("mine", "hello")).await.content(), "hi, value");

    fs::write(folder.join("mine.toml"), manifest.replace("ANY_OTHER", "GEMINI_API_KEY")).unwrap();
    let output = place.run(&["stdio"]).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && said.contains("GEMINI_API_KEY, which holds a key") && !said.contains(KEY),
        "{said}"
    );
}

#[tokio::test]
async fn over_http_clink_is_off_until_the_user_turns_it_on() {
    let place = place(&[("gemini", r#"echo '{"response":"over http"}'"#)]);
    let rehearsal = Rehearsal::start(Scene::reply("unasked")).unwrap();
    for (over_http, expected) in [(false, "is off over HTTP"), (true, "over http")] {
        let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
        let server = engine::server(&rehearsal, &place.project(), |config| {
            config.clink.over_http = over_http;
            config.environment = [("PATH", path)].into_iter().collect();
        });
        let mut stranger = zen::server::local::Local::open(&server, "test", "web", Principal::token(b"digest"));
        let reply = engine::call(&mut stranger, "clink", &task("gemini", "hello")).await;
        assert!(reply.text.contains(expected), "{}", reply.text);
        let mut user = engine::client(&server, "user");
        let reply = engine::call(&mut user, "clink", &task("gemini", "hello")).await;
        assert!(reply.text.contains("over http"), "{}", reply.text);
    }
}
