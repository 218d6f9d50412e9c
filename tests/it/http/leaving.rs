//! Clients that go away, come back, or take a call back; and a server that ends meanwhile.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use zen::interceptor::pause::Resolution;
use zen::rehearsal::{Rehearsal, Scene};
use zen::shutdown::Drained;

use crate::support::process::ToolReply;
use crate::support::web::{BOTH, Events, JSON, MODERN, Site, call, modern, ping};
use crate::support::{chat, soon};

const OFTEN: Duration = Duration::from_millis(20);

fn holding() -> Rehearsal {
    Rehearsal::start(Scene::reply("late but here").hold()).unwrap()
}

/// A site whose calls tell of their progress at once.
async fn telling(rehearsal: &Rehearsal) -> Site {
    Site::open(rehearsal, |config| config.tools.progress_interval = OFTEN).await
}

#[tokio::test]
async fn a_call_without_progress_is_answered_with_plain_json() {
    let rehearsal = Rehearsal::start(Scene::reply("Here.")).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut session = site.session("2025-11-25").await;
    let reply = session.post(&call(2, "chat", &chat("Hello"), None)).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    assert!(ToolReply::of(&reply.json()).content().contains("Here."));
    let mut web = site.client().await;
    let reply = web.ask("tools/call", json!({ "name": "chat", "arguments": chat("Hello") })).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
}

#[tokio::test]
async fn in_the_stateless_era_a_client_that_leaves_gives_its_call_up() {
    let rehearsal = holding();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut web = site.client().await;
    let (request, name) = modern("tools/call", json!({ "name": "chat", "arguments": chat("think") }));
    let headers = [BOTH, JSON, MODERN, ("mcp-method", "tools/call"), ("mcp-name", name.as_deref().unwrap())];
    {
        let asking = web.open("POST", "/mcp", &headers, request.to_string().into());
        tokio::pin!(asking);
        tokio::select! {
            _ = asking.as_mut() => panic!("the provider holds its reply"),
            _ = rehearsal.next_request() => {}
        }
    }
    drop(web);
    soon("the provider to see it", rehearsal.next_disconnect()).await;
}

#[tokio::test]
async fn in_the_stateless_era_leaving_an_open_stream_gives_the_call_up_too() {
    let rehearsal = holding();
    let site = telling(&rehearsal).await;
    let mut web = site.client().await;
    let arguments = json!({ "name": "chat", "arguments": chat("think"), "_meta": { "progressToken": "p" } });
    let (request, _) = modern("tools/call", arguments);
    let headers = [BOTH, JSON, MODERN, ("mcp-method", "tools/call"), ("mcp-name", "chat")];
    let mut events = Events::of(web.open("POST", "/mcp", &headers, request.to_string().into()).await);
    events.until("notifications/progress").await;
    assert!(events.ids().is_empty(), "streams of this era cannot be taken up: {}", events.text);
    drop((events, web));
    soon("the provider to see it", rehearsal.next_disconnect()).await;
}

#[tokio::test]
async fn in_the_older_era_the_call_goes_on_and_its_turn_is_kept() {
    let rehearsal = holding();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut session = site.session("2025-06-18").await;
    let mut bus = site.server.engine.bus.watch();
    {
        let asked = call(2, "chat", &chat("think"), None);
        let asking = session.post(&asked);
        tokio::pin!(asking);
        tokio::select! {
            _ = asking.as_mut() => panic!("the provider holds its reply"),
            _ = rehearsal.next_request() => {}
        }
    }
    let id = session.id.clone();
    drop(session);
    rehearsal.release_all();
    soon("the turn", async {
        while site.server.engine.threads.list().is_empty() {
            let _ = bus.recv().await;
        }
    })
    .await;
    let mut web = site.client().await;
    assert_eq!(web.post(&[("mcp-session-id", &id)], &ping(3)).await.status, 200);
}

#[tokio::test]
async fn a_stream_that_broke_goes_on_behind_the_last_event_that_was_read() {
    let rehearsal = holding();
    let site = telling(&rehearsal).await;
    let mut session = site.session("2025-11-25").await;
    let mut events = Events::of(session.open(&call(2, "chat", &chat("think"), Some("p"))).await);
    events.until("\"progress\":2").await;
    let ids = events.ids();
    // The first event says nothing but where to come back to.
    assert!(events.text.starts_with(&format!("id: {}\nretry: ", ids[0])), "{}", events.text);
    drop(events);

    let mut web = site.client().await;
    let mut again = session.listen(&mut web, Some(&ids[1])).await;
    again.until("\"progress\":2").await;
    assert!(!again.text.contains("\"progress\":1}") && !again.text.contains("\"progress\":1,"), "{}", again.text);
    rehearsal.release_all();
    let messages = again.messages().await;
    assert!(ToolReply::of(messages.last().unwrap()).content().contains("late but here"));
    assert_eq!(messages.last().unwrap()["id"], 2);

    // All of it is there once more, and nothing of it on another stream.
    let from_the_start = session.listen(&mut web, Some(&ids[0])).await.messages().await;
    assert_eq!(from_the_start.last(), messages.last());
    let mut other = site.client().await;
    let mut standing = session.listen(&mut other, Some("99-0")).await;
    standing.until("retry: ").await;
    assert!(!standing.text.contains("jsonrpc"), "{}", standing.text);
}

#[tokio::test]
async fn clients_of_older_versions_get_no_event_without_data() {
    let rehearsal = holding();
    let site = telling(&rehearsal).await;
    let mut session = site.session("2025-06-18").await;
    let mut events = Events::of(session.open(&call(2, "chat", &chat("think"), Some("p"))).await);
    events.until("notifications/progress").await;
    assert!(!events.text.contains("retry"), "{}", events.text);
    rehearsal.release_all();
    assert_eq!(events.messages().await.last().unwrap()["id"], 2);
}

#[tokio::test]
async fn a_call_that_is_taken_back_is_closed_upstream_and_not_answered() {
    let rehearsal = holding();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut session = site.session("2025-11-25").await;
    let mut other = site.client().await;
    let id = session.id.clone();
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } });
    let asked = call(2, "chat", &chat("think"), None);
    let (reply, ()) = tokio::join!(session.post(&asked), async {
        rehearsal.next_request().await;
        assert_eq!(other.post(&[("mcp-session-id", &id)], &cancel).await.status, 202);
        rehearsal.next_disconnect().await;
    });
    assert_eq!((reply.status, reply.text().as_str()), (200, ""));
}

#[tokio::test]
async fn an_end_lets_the_call_in_flight_out_and_waits_for_no_stream() {
    let rehearsal = holding();
    let site = Site::open(&rehearsal, |_| {}).await;
    let mut session = site.session("2025-11-25").await;
    let mut web = site.client().await;
    let mut standing = session.listen(&mut web, None).await;
    standing.until("retry: ").await;
    let asked = call(2, "chat", &chat("think"), None);
    let (reply, ()) = tokio::join!(session.post(&asked), async {
        rehearsal.next_request().await;
        site.server.engine.shutdown.begin();
        // It ends while the call is still in flight.
        assert!(standing.messages().await.is_empty());
        rehearsal.release_all();
    });
    assert!(ToolReply::of(&reply.json()).content().contains("late but here"));
    assert_eq!(soon("the end", site.served).await.unwrap(), Drained::Clean);
    assert_eq!(site.front.sessions().count(), 0);
}

#[tokio::test]
async fn an_end_waits_no_longer_than_its_grace() {
    let rehearsal = holding();
    let site = Site::open(&rehearsal, |config| config.server.drain_grace = OFTEN).await;
    let mut session = site.session("2025-11-25").await;
    let asked = call(2, "chat", &chat("think"), None);
    let asking = session.post(&asked);
    tokio::pin!(asking);
    tokio::select! {
        _ = asking.as_mut() => panic!("the provider holds its reply"),
        _ = rehearsal.next_request() => {}
    }
    site.server.engine.shutdown.begin();
    assert_eq!(soon("the end", site.served).await.unwrap(), Drained::Abandoned(1));
}

/// A file in which one rule holds what is asked to be held, for an hour.
fn holding_rule() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let rule = r#"
        [[rule]]
        name = "ask me"
        kind = "request"
        when = [{ pointer = "/params/arguments/prompt", contains = "hold me" }]
        action = "pause"
        timeout = "1h"
    "#;
    file.write_all(rule.as_bytes()).unwrap();
    file
}

/// Posts a call that is paused, and leaves once it is.
async fn leave_while_paused(site: &Site, message: &Value, headers: &[(&str, &str)]) {
    let mut bus = site.server.engine.bus.watch();
    let mut web = site.client().await;
    let asking = web.open_post(headers, message);
    tokio::pin!(asking);
    while site.server.engine.chain.pauses().count() == 0 {
        tokio::select! {
            _ = asking.as_mut() => panic!("it is paused"),
            _ = soon("the pause", bus.recv()) => {}
        }
    }
}

#[tokio::test]
async fn in_the_older_era_a_message_that_is_paused_outlives_its_client() {
    let rehearsal = Rehearsal::start(Scene::reply("after all")).unwrap();
    let rules = holding_rule();
    let path = rules.path().to_owned();
    let site = Site::open(&rehearsal, |config| config.interceptors.rules = Some(path)).await;
    let session = site.session("2025-11-25").await;
    let mut bus = site.server.engine.bus.watch();
    leave_while_paused(&site, &call(2, "chat", &chat("hold me"), None), &[("mcp-session-id", &session.id)]).await;
    // Its connection is gone for good, and what came over it still waits.
    let mut web = site.client().await;
    assert_eq!(web.post(&[("mcp-session-id", &session.id)], &ping(3)).await.status, 200);
    let paused = site.server.engine.chain.pauses().list();
    site.server.engine.chain.pauses().resolve(paused[0].id, Resolution::Continue).unwrap();
    soon("the turn", async {
        while site.server.engine.threads.list().is_empty() {
            let _ = bus.recv().await;
        }
    })
    .await;

    // In the newer era leaving is taking back.
    let (request, _) = modern("tools/call", json!({ "name": "chat", "arguments": chat("hold me") }));
    let headers = [MODERN, ("mcp-method", "tools/call"), ("mcp-name", "chat")];
    leave_while_paused(&site, &request, &headers).await;
    soon("its end", async {
        while site.server.engine.chain.pauses().count() > 0 {
            let _ = bus.recv().await;
        }
    })
    .await;
    assert_eq!(rehearsal.requests().len(), 1);
}

#[tokio::test]
async fn an_end_takes_less_than_five_seconds_whatever_is_going_on() {
    let rehearsal = holding();
    let rules = holding_rule();
    let path = rules.path().to_owned();
    let site = Site::open(&rehearsal, |config| config.interceptors.rules = Some(path)).await;
    let mut session = site.session("2025-11-25").await;
    let (mut first, mut second) = (site.client().await, site.client().await);
    let mut standing = session.listen(&mut first, None).await;
    standing.until("retry: ").await;
    let id = session.id.clone();
    let (paused, called) = (call(2, "chat", &chat("hold me"), None), call(3, "chat", &chat("think"), None));
    let of_session = [("mcp-session-id", &*id)];
    let (paused, called) = (second.open_post(&of_session, &paused), session.post(&called));
    tokio::pin!(paused, called);
    tokio::select! {
        _ = paused.as_mut() => panic!("it is paused"),
        _ = called.as_mut() => panic!("the provider holds its reply"),
        () = async {
            rehearsal.next_request().await;
            let mut bus = site.server.engine.bus.watch();
            while site.server.engine.chain.pauses().count() == 0 {
                let _ = bus.recv().await;
            }
        } => {}
    }
    // From here on time passes wherever nothing else happens.
    tokio::time::pause();
    let clock = site.server.engine.clock;
    let began = clock.now();
    site.server.engine.shutdown.begin();
    let drained = soon("the end", site.served).await.unwrap();
    assert_eq!(drained, Drained::Abandoned(1));
    assert!(clock.elapsed(began) < Duration::from_secs(5), "{:?}", clock.elapsed(began));
}
