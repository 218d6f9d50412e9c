//! A client within the process: the way in which the control API calls a tool. It is a connection like any other, so
//! that a person's calls pass the chain and stand in the message log as an agent's do.

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::Server;
use super::connection::Connection;
use super::link::{self, Inside};
use crate::mcp::version::Version;
use crate::thread::Principal;

pub struct Local {
    connection: Arc<Connection>,
    inside: Inside,
    last_id: u64,
}

/// The result of a tool call: the text that an agent reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolText {
    pub text: String,
    pub is_error: bool,
}

/// The server answered with a protocol error, or not at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotCalled(pub String);

impl Local {
    /// Connects as `name`, which the list of clients shows.
    pub fn open(server: &Server, transport: &'static str, name: &str, principal: Principal) -> Self {
        let connection = Connection::open(server, transport, principal);
        let (inside, receiving, sending) = link::pair();
        let serving = Arc::clone(&connection);
        tokio::spawn(async move { link::converse(&serving, receiving, &Arc::new(sending)).await });
        let version = Version::LATEST_HANDSHAKE.as_str();
        server.engine.connections.identify(connection.id, Some((name, env!("CARGO_PKG_VERSION"))), version);
        Self { connection, inside, last_id: 0 }
    }

    /// Calls a tool and waits for its result. Dropping the future and the client gives the call up.
    pub async fn call(&mut self, tool: &str, arguments: &RawValue) -> Result<ToolText, NotCalled> {
        self.last_id += 1;
        let request = json!({
            "jsonrpc": "2.0",
            "id": self.last_id,
            "method": "tools/call",
            "params": { "name": tool, "arguments": arguments },
        });
        let gone = || NotCalled("the server is gone".to_owned());
        self.inside.to_server.send(Bytes::from(request.to_string())).await.map_err(|_| gone())?;
        loop {
            let reply = self.inside.from_server.recv().await.ok_or_else(gone)?;
            let reply: Reply = serde_json::from_slice(&reply.message().bytes)
                .map_err(|error| NotCalled(format!("the reply cannot be read: {error}")))?;
            if reply.id == Some(self.last_id) {
                return reply.into_text();
            }
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.connection.close();
    }
}

#[derive(Deserialize)]
struct Reply {
    id: Option<u64>,
    result: Option<CallResult>,
    error: Option<CallError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallResult {
    content: Vec<Content>,
    #[serde(default)]
    is_error: bool,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct CallError {
    message: String,
}

impl Reply {
    fn into_text(self) -> Result<ToolText, NotCalled> {
        match (self.result, self.error) {
            (Some(result), _) => Ok(ToolText {
                text: result.content.into_iter().map(|content| content.text).collect(),
                is_error: result.is_error,
            }),
            (None, Some(error)) => Err(NotCalled(error.message)),
            (None, None) => Err(NotCalled("the reply holds neither a result nor an error".to_owned())),
        }
    }
}
