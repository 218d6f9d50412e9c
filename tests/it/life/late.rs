//! Replies that come after their client has left, and threads that are another's.

use serde_json::json;
use zen::rehearsal::{Rehearsal, Scene};

use crate::support::place::Place;
use crate::support::process::ToolReply;
use crate::support::web::{Site, TOKEN, call, initialize};
use crate::support::{chat, engine, soon};

fn holding() -> Rehearsal {
    Rehearsal::start(Scene::reply("late but here").hold()).unwrap()
}

/// The id of the first thread in what `listthreads` lists.
fn first(listed: &str) -> String {
    listed.split("  ").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_reply_whose_client_has_given_up_waiting_is_read_by_the_id_of_its_thread() {
    let rehearsal = holding();
    let mut zen = Place::with(&rehearsal).connected().await;
    let given_up = zen.send_call("chat", chat("think long")).await;
    soon("the request", rehearsal.next_request()).await;
    assert!(zen.call("listthreads", json!({})).await.content().starts_with("No thread"));
    rehearsal.release_all();
    zen.reply(given_up).await;
    let id = first(&zen.call("listthreads", json!({ "query": "think" })).await.content());
    let stored = zen.call("listthreads", json!({ "thread_id": id, "turn": 1 })).await;
    assert_eq!(stored.content(), "late but here");
}

#[tokio::test]
async fn over_http_a_reply_that_found_nobody_is_read_from_another_session() {
    let rehearsal = holding();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut session = site.session("2025-06-18").await;
    let mut bus = site.server.engine.bus.watch();
    {
        let asked = call(2, "chat", &chat("think long"), None);
        let asking = session.post(&asked);
        tokio::pin!(asking);
        tokio::select! {
            _ = asking.as_mut() => panic!("the provider holds its reply"),
            _ = rehearsal.next_request() => {}
        }
    }
    drop(session);
    rehearsal.release_all();
    soon("the turn", async {
        while site.server.engine.threads.list().is_empty() {
            let _ = bus.recv().await;
        }
    })
    .await;
    let mut other = site.session("2025-11-25").await;
    let listed = other.post(&call(2, "listthreads", &json!({}), None)).await;
    let id = first(&ToolReply::of(&listed.json()).content());
    let stored = other.post(&call(3, "listthreads", &json!({ "thread_id": id, "turn": 1 }), None)).await;
    assert_eq!(ToolReply::of(&stored.json()).content(), "late but here");
}

#[tokio::test]
async fn a_thread_that_is_anothers_reads_as_one_that_never_was_and_is_never_listed() {
    let rehearsal = Rehearsal::start(Scene::reply("fine")).unwrap();
    let site = Site::guarded(&rehearsal).await;
    let mut person = engine::client(&site.server, "agent");
    engine::call(&mut person, "chat", &chat("mine alone")).await;
    let mine = site.server.engine.threads.list()[0].id.to_string();

    let bearer = format!("Bearer {TOKEN}");
    let mut web = site.client().await;
    let welcome = web.post(&[("authorization", &bearer)], &initialize("2025-11-25")).await;
    let session = welcome.header("mcp-session-id").unwrap().to_owned();
    let mut asked = async |tool: &str, arguments| {
        let headers = [("authorization", &*bearer), ("mcp-session-id", &*session)];
        ToolReply::of(&web.post(&headers, &call(2, tool, &arguments, None)).await.json())
    };
    let never = "0f7a2c1e-5a53-4b0e-8c52-1b7e53a6a001";
    let mut go_on = chat("go on");
    for arguments in [json!({ "thread_id": "ID" }), json!({ "thread_id": "ID", "turn": 1 })] {
        let with = |id: &str| serde_json::from_str(&arguments.to_string().replace("ID", id)).unwrap();
        let (theirs, unknown) = (asked("listthreads", with(&mine)).await, asked("listthreads", with(never)).await);
        assert!(theirs.is_error && unknown.is_error);
        assert_eq!(theirs.text.replace(&mine, never), unknown.text);
    }
    go_on["continuation_id"] = json!(mine);
    let theirs = asked("chat", go_on.clone()).await;
    go_on["continuation_id"] = json!(never);
    assert_eq!(theirs.text.replace(&mine, never), asked("chat", go_on).await.text);
    assert!(asked("listthreads", json!({ "query": "mine" })).await.content().starts_with("No thread"));
}
