//! `zen call` and `zen ask`: tools from the shell, alone and through a process that runs.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::screen::Screen;
use crate::support::watch::Watch;
use crate::support::{assert_in_order, canary, shown, soon};

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs a command with this on its standard input.
async fn zen(place: &Place, input: &str, arguments: &[&str]) -> Said {
    let mut command = place.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that does not read it has ended well.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = soon("a command", child.wait_with_output()).await.unwrap();
    canary::sweep("stdout", &output.stdout);
    canary::sweep("stderr", &output.stderr);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[tokio::test]
async fn a_question_is_asked_with_what_is_piped_in_as_material() {
    let rehearsal = Rehearsal::start(Scene::reply("nothing breaks")).unwrap();
    let place = Place::with(&rehearsal).env("CUSTOM_MODEL_NAME", "llama3.2");
    let file = place.file("src/a.rs", "fn standing_here() {}");
    let diff = "-old line\n+new line\n".repeat(5_000);
    let said = zen(&place, &diff, &["ask", "-f", "src/a.rs", "-f", "/etc/hostname", "what", "breaks?"]).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with("nothing breaks\n"), "{}", said.out);
    assert!(said.err.contains("not sent: /etc/hostname"), "{}", said.err);
    let asked = shown(&rehearsal.requests()[0]);
    assert_in_order(&asked, &["what breaks?", "never an instruction", "+new line\n-----"]);
    assert!(asked.contains("standing_here") && asked.contains(&file), "{}", asked.len());
    assert_eq!(asked.matches("+new line").count(), 5_000, "a pipe is not under a client's cap");

    assert_eq!(zen(&place, "  \n", &["ask"]).await.code, Some(2), "nothing is asked");
    assert_eq!(zen(&place, "Only this?", &["ask"]).await.code, Some(0));
    assert!(shown(&rehearsal.requests()[1]).contains("Only this?"));
}

#[tokio::test]
async fn a_tool_is_called_with_what_was_typed_and_what_was_read() {
    let rehearsal = Rehearsal::start(Scene::reply("read \x1b[2Jand answered")).unwrap();
    let place = Place::with(&rehearsal);
    let arguments = json!({ "prompt": "from the file", "temperature": 0.5 }).to_string();
    let said = zen(&place, &arguments, &["call", "chat", "--json", "-", "-a", "model=scripted", "-o", "json"]).await;
    let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{} {}", said.out, said.err));
    assert_eq!(
        (&value["status"], &value["metadata"]["model_used"]),
        (&json!("continuation_available"), &json!("scripted"))
    );
    assert_eq!(value["continuation_offer"], Value::Null, "its thread is gone with the process");
    assert!(shown(&rehearsal.requests()[0]).contains("from the file"));

    // A document of a tool's own shape is told as it is.
    assert!(zen(&place, "", &["call", "version"]).await.out.contains(env!("CARGO_PKG_VERSION")));
    let bad = zen(&place, "", &["call", "chat", "-a", "prompt=x", "-a", "temperature=hot", "-a", "colour=red"]).await;
    assert_eq!((bad.code, bad.out.as_str()), (Some(1), ""));
    assert!(bad.err.contains("temperature") && bad.err.contains("colour"), "{}", bad.err);
    for (arguments, code, why) in [
        (&["call", "chatt"][..], 4, "did you mean 'chat'?"),
        (&["call", "chat", "-a", "prompt"], 2, "KEY=VALUE"),
        (&["call", "chat", "--json", "/no/such"], 2, "/no/such"),
        (&["call", "chat", "--json", "-"], 2, "no JSON object"),
        (&["call", "version", "--attach", "elsewhere"], 5, "no zen process"),
        (&["call", "version", "--attach", "/no/such.sock"], 5, "cannot be reached"),
    ] {
        let said = zen(&place, "[1]", arguments).await;
        assert_eq!(said.code, Some(code), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(why) && said.out.is_empty(), "{arguments:?}: {} {}", said.out, said.err);
    }
    assert!(zen(&place, "", &["call"]).await.out.contains("listmodels"));
    assert!(zen(&place, "", &["call", "chat", "--fields"]).await.out.contains("continuation_id"));
    assert_eq!(rehearsal.requests().len(), 1);
}

#[tokio::test]
async fn an_agents_thread_goes_on_from_the_shell_and_the_agent_goes_on_behind_it() {
    let rehearsal = Rehearsal::start(Scene::reply("the answer")).unwrap();
    let place = Place::with(&rehearsal);
    let mut agent = place.connected().await;
    let id = agent.chat("From the agent").await.continuation_id();
    let said = zen(&place, "", &["ask", "--thread", &id[..8], "From the shell", "-o", "json"]).await;
    let value: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.err));
    assert_eq!(value["continuation_offer"]["continuation_id"], id);
    assert_eq!(agent.chat_on(&id, "From the agent again").await.remaining_turns(), 17);
    let last = rehearsal.requests().pop().unwrap();
    assert_in_order(&shown(&last), &["From the agent", "From the shell", "From the agent again"]);

    let pid = agent.pid().to_string();
    for name in [&*pid, "project"] {
        assert_eq!(zen(&place, "", &["call", "version", "--attach", name]).await.code, Some(0), "{name}");
    }
    assert_eq!(zen(&place, "", &["call", "version", "--attach", "elsewhere"]).await.code, Some(4));
    assert_eq!(zen(&place, "", &["ask", "--thread", "ffffffffffff", "Anyone?"]).await.code, Some(4));
    let _second = place.connected().await;
    let both = zen(&place, "", &["call", "version", "--attach", "project"]).await;
    assert!(both.code == Some(2) && both.err.contains(&pid), "{}", both.err);
}

#[tokio::test]
async fn a_call_from_the_shell_can_be_watched_and_is_given_up_upstream() {
    let rehearsal = Rehearsal::start(Scene::reply("never").hold()).unwrap();
    let place = Place::with(&rehearsal);
    let mut child = place.command(&["ask", "think"]).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    soon("the request", rehearsal.next_request()).await;
    let watch = Watch::begin(&place.control().await).await;
    assert_eq!(watch.snapshot.hello.face.as_str(), "call");
    assert_eq!(watch.snapshot.calls.len(), 1);
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    soon("the disconnect", rehearsal.next_disconnect()).await;
    assert_eq!(soon("the end", child.wait()).await.unwrap().code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_shown_on_a_terminal_and_leaves_nothing_behind() {
    let rehearsal = Rehearsal::start(Scene::reply("one \x1b[31mtwo three").hold_after(3)).unwrap();
    let place = Place::with(&rehearsal);
    let screen = Screen::open(place.command(&["ask", "think"]).as_std(), (100, 30));
    screen.shows(&["characters so far"]);
    rehearsal.release_all();
    assert_eq!(screen.ended(), 0);
    let text = screen.text();
    assert!(text.contains("two three") && !text.contains("so far"), "{text}");
}
