//! What a connection takes and gives back: one task, one place, and nothing that stays when it is gone.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use zen::rehearsal::{Rehearsal, Script};

use crate::support::soon;
use crate::support::web::{Site, modern};

/// A connection without a task on the client's side.
struct Bare(TcpStream);

impl Bare {
    async fn connect(site: &Site) -> Self {
        Self(TcpStream::connect(site.address).await.unwrap())
    }

    /// Asks for the list of tools; false where the connection is closed instead.
    async fn is_served(&mut self) -> bool {
        let body = modern("tools/list", json!({})).0.to_string();
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\ncontent-type: application/json\r\n\
             mcp-method: tools/list\r\nmcp-protocol-version: 2026-07-28\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if self.0.write_all(request.as_bytes()).await.is_err() {
            return false;
        }
        let mut reply = Vec::new();
        while !is_whole(&reply) {
            match soon("a reply", self.0.read_buf(&mut reply)).await {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
        }
        reply.starts_with(b"HTTP/1.1 200")
    }
}

/// A piece of a longer reply may end like the whole.
fn is_whole(reply: &[u8]) -> bool {
    let text = String::from_utf8_lossy(reply);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    length.is_some_and(|length: usize| reply.len() >= head.len() + 4 + length)
}

fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Waits until as many tasks are left as there were.
async fn settle(site: &Site, before: usize) {
    soon("the connections to end", async {
        while tasks() > before || !site.server.engine.connections.list().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_connection_is_one_task_and_leaves_nothing_behind() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::open(&rehearsal, |_| {}).await;
    let before = tasks();
    assert!(Bare::connect(&site).await.is_served().await);
    settle(&site, before).await;
    let mut open = Vec::new();
    for _ in 0..50 {
        let mut bare = Bare::connect(&site).await;
        assert!(bare.is_served().await);
        open.push(bare);
    }
    assert_eq!(tasks() - before, 50);
    assert_eq!(site.server.engine.connections.list().len(), 50);
    drop(open);
    settle(&site, before).await;
    for _ in 0..1_000 {
        assert!(Bare::connect(&site).await.is_served().await);
    }
    settle(&site, before).await;
    let page = site.server.engine.measured_text();
    assert!(page.contains("mcp_server_connections_active{transport=\"http\"} 0"), "{page}");
}

#[tokio::test]
async fn as_many_get_in_as_there_are_places_and_one_that_leaves_makes_room() {
    let rehearsal = Rehearsal::start(Script::new()).unwrap();
    let site = Site::open(&rehearsal, |config| config.serve.max_connections = 2).await;
    let (mut one, mut two) = (Bare::connect(&site).await, Bare::connect(&site).await);
    assert!(one.is_served().await && two.is_served().await);
    for _ in 0..10 {
        assert!(!Bare::connect(&site).await.is_served().await);
    }
    drop(one);
    soon("a place", async { while !Bare::connect(&site).await.is_served().await {} }).await;
    assert!(two.is_served().await);
}
