//! How `zen stdio` ends: when its input does, on a signal, with calls in flight; whatever kind of file its input is.

use std::fs::{File, OpenOptions};
use std::process::Stdio;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use serde_json::json;
use zen::control::types::Delta;
use zen::rehearsal::{Rehearsal, Scene};
use zen::server::link::OUTGOING_CAPACITY;

use crate::support::place::Place;
use crate::support::process::Zen;
use crate::support::watch::Watch;
use crate::support::{chat, skipped, soon};

/// Shakes hands and asks once more: afterwards zen's reader waits in its read.
async fn settled(zen: &mut Zen) {
    zen.initialize("2025-11-25").await;
    zen.ping().await;
    zen.ping().await;
}

/// A chat that the provider holds, in a process that is watched.
async fn with_a_held_call(place: &Place, rehearsal: &Rehearsal) -> (Zen, u64, Watch) {
    let mut zen = place.connected().await;
    let watch = Watch::begin(&place.control().await).await;
    let id = zen.send_call("chat", chat("think")).await;
    soon("the request", rehearsal.next_request()).await;
    (zen, id, watch)
}

fn holding() -> Rehearsal {
    Rehearsal::start(Scene::reply("late but here").hold()).unwrap()
}

#[tokio::test]
async fn the_end_of_its_input_ends_an_idle_process() {
    let mut zen = Place::new().connected().await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert_eq!(zen.complaints().await, "");
}

#[tokio::test]
async fn a_process_that_nobody_ever_spoke_to_ends_as_well() {
    let place = Place::new();
    let mut zen = Zen::start_with(&mut place.command(&["stdio"]), Stdio::null(), None);
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn requests_from_a_plain_file_are_all_answered_before_the_end() {
    let place = Place::new();
    let lines: String =
        (1..=100).map(|id| format!("{}\n", json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }))).collect();
    let path = place.file("requests", &lines);
    let mut zen = Zen::start_with(&mut place.command(&["stdio"]), File::open(path).unwrap(), None);
    assert_eq!(zen.ended().await, Some(0));
    assert!((1..=100).all(|id| zen.has_reply(id)));
}

#[tokio::test]
async fn a_client_that_goes_away_is_waited_for_no_longer_than_its_calls() {
    let rehearsal = holding();
    let place = Place::with(&rehearsal).set("server.drain_grace", "10m");
    let (mut zen, id, mut watch) = with_a_held_call(&place, &rehearsal).await;
    zen.close_input();
    watch.closed().await;
    rehearsal.release_all();
    assert!(zen.called(id).await.content().contains("late but here"));
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_is_given_up() {
    let rehearsal = holding();
    let place = Place::with(&rehearsal).set("server.drain_grace", "50ms");
    let (mut zen, id, _watch) = with_a_held_call(&place, &rehearsal).await;
    zen.close_input();
    assert_eq!(zen.ended().await, Some(0));
    assert!(!zen.has_reply(id));
    soon("the disconnect", rehearsal.next_disconnect()).await;
}

#[tokio::test]
async fn a_signal_ends_a_process_whose_input_is_an_open_pipe() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut zen = Place::new().stdio();
        settled(&mut zen).await;
        zen.signal(signal);
        assert_eq!(zen.ended().await, Some(0), "{signal:?}");
    }
}

#[tokio::test]
async fn a_signal_ends_a_process_whose_input_is_an_open_socket() {
    let place = Place::new();
    let mut zen = Zen::start_on_sockets(&mut place.command(&["stdio"]));
    settled(&mut zen).await;
    zen.signal(Signal::TERM);
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn a_signal_ends_a_process_whose_input_is_an_open_fifo_on_disk() {
    let place = Place::new();
    let path = place.path("fifo");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    // Opened for both, it never ends; and opening it does not wait for the other side.
    let open = || OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let (theirs, ours) = (open(), tokio::fs::File::from_std(open()));
    let mut zen = Zen::start_with(&mut place.command(&["stdio"]), theirs, Some(Box::new(ours)));
    settled(&mut zen).await;
    zen.signal(Signal::TERM);
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn a_signal_ends_a_process_whose_input_never_stops_nor_ends_a_line() {
    let place = Place::new();
    let zeros = File::open("/dev/zero").unwrap();
    let mut zen = Zen::start_with(&mut place.command(&["stdio"]), zeros, None);
    // Its socket answers: it runs.
    let client = loop {
        let mut found = soon("its socket", zen::control::discovery::find(&place.sockets())).await;
        if let Some(found) = found.pop() {
            break found.client;
        }
        tokio::task::yield_now().await;
    };
    Watch::begin(&client).await;
    zen.signal(Signal::TERM);
    assert_eq!(zen.ended().await, Some(0));
}

/// As MCP clients written in JavaScript start their servers: `child_process.spawn` gives socket pairs.
const NODE: &str = r#"
const child = require('child_process').spawn(process.argv[1], ['stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
const send = (id, method, params) => child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id, method, params }) + '\n');
let text = '';
child.stdout.on('data', (data) => {
  text += data;
  for (let end; (end = text.indexOf('\n')) >= 0; text = text.slice(end + 1)) {
    const { id, result } = JSON.parse(text.slice(0, end));
    if (!result) process.exit(9);
    if (id === 1) send(2, 'ping', {});
    if (id === 2) send(3, 'ping', {});
    if (id === 3) child.kill('SIGTERM');
  }
});
child.on('exit', (code, signal) => { console.log(JSON.stringify({ code, signal })); process.exit(0); });
const clientInfo = { name: 'node', version: '1' };
send(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
"#;

#[tokio::test]
async fn a_signal_ends_a_process_that_node_has_started() {
    let node = ["/usr/bin/node", "/usr/local/bin/node", "/opt/homebrew/bin/node"];
    let Some(node) = node.into_iter().find(|path| std::path::Path::new(path).exists()) else {
        skipped("there is no node on this machine");
        return;
    };
    let place = Place::new();
    let mut command = place.other(node, &["-e", NODE, env!("CARGO_BIN_EXE_zen")]);
    let output = place.output(&mut command).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.trim(), r#"{"code":0,"signal":null}"#);
}

#[tokio::test]
async fn a_signal_lets_a_call_in_flight_finish_first() {
    let rehearsal = holding();
    let place = Place::with(&rehearsal).set("server.drain_grace", "10m");
    let (mut zen, id, mut watch) = with_a_held_call(&place, &rehearsal).await;
    zen.signal(Signal::TERM);
    watch.closed().await;
    rehearsal.release_all();
    assert!(zen.called(id).await.content().contains("late but here"));
    assert_eq!(zen.ended().await, Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let rehearsal = holding();
    let place = Place::with(&rehearsal).set("server.drain_grace", "10m");
    let (mut zen, id, mut watch) = with_a_held_call(&place, &rehearsal).await;
    zen.signal(Signal::TERM);
    watch.closed().await;
    zen.signal(Signal::TERM);
    assert_eq!(zen.ended().await, Some(1));
    assert!(!zen.has_reply(id));
}

#[tokio::test]
async fn a_client_that_stops_reading_does_not_keep_it_from_ending() {
    let place = Place::new().set("server.drain_grace", "50ms");
    let mut zen = place.connected().await;
    let mut watch = Watch::begin(&place.control().await).await;
    // Far more answers than the pipe and the queues on the way to it can hold, to a client that reads none of them.
    let lists = format!("{}\n", json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" })).repeat(20_000);
    let queued =
        |delta: &Delta| delta.messages.iter().find(|message| message.seq.0 > 2 * OUTGOING_CAPACITY as u64).map(drop);
    tokio::select! {
        () = zen.write(lists.as_bytes()) => panic!("zen must wait for its client to read"),
        () = watch.until("as many answers as can wait", queued) => {}
    }
    zen.signal(Signal::TERM);
    watch.closed().await;
    assert_eq!(zen.status().await.code(), Some(0));
}

#[tokio::test]
async fn a_client_that_closes_its_end_of_the_output_ends_it() {
    let rehearsal = holding();
    let place = Place::with(&rehearsal).set("server.drain_grace", "10m");
    let (mut zen, _, mut watch) = with_a_held_call(&place, &rehearsal).await;
    zen.close_output();
    rehearsal.release_all();
    watch.closed().await;
    assert_eq!(zen.status().await.code(), Some(0));
}
