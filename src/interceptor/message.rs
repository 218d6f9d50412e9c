//! A message on its way through the chain: its bytes, and what can be said about it without decoding them.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::id::ConnectionId;
use crate::mcp::envelope::{Envelope, Malformed, RequestId};

/// A message with the facts about it. The bytes are one JSON-RPC message without a line end.
#[derive(Clone, Debug)]
pub struct Message {
    pub header: Header,
    pub bytes: Bytes,
}

/// What a message is. A reply carries the method and the tool of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub connection: ConnectionId,
    /// `stdio`, `control` ...
    pub transport: &'static str,
    pub direction: Direction,
    pub kind: Kind,
    pub method: Arc<str>,
    pub tool: Option<Arc<str>>,
    pub id: Option<RequestId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client.
    In,
    /// To the client.
    Out,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Request,
    Notification,
    Result,
    Error,
    /// Not a message at all; it is answered with an error.
    Malformed,
}

/// What the interceptors made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Modified,
    Blocked,
    /// An interceptor answered in the server's stead.
    Mocked,
}

impl Message {
    /// A message from the client, as far as `parsed` could make it out.
    pub fn incoming(
        connection: ConnectionId,
        transport: &'static str,
        bytes: Bytes,
        parsed: &Result<Envelope<'_>, Malformed>,
    ) -> Self {
        let (kind, method, params, id) = match parsed {
            Ok(Envelope::Request { id, method, params }) => (Kind::Request, &**method, *params, Some(id)),
            Ok(Envelope::Notification { method, params }) => (Kind::Notification, &**method, *params, None),
            Ok(Envelope::Response { id, is_error: false }) => (Kind::Result, "", None, Some(id)),
            Ok(Envelope::Response { id, is_error: true }) => (Kind::Error, "", None, Some(id)),
            Err(malformed) => (Kind::Malformed, "", None, malformed.id.as_ref()),
        };
        let tool = if method == "tools/call" { params.and_then(tool_of) } else { None };
        let header = Header {
            connection,
            transport,
            direction: Direction::In,
            kind,
            method: method.into(),
            tool,
            id: id.cloned(),
        };
        Self { header, bytes }
    }
}

fn tool_of(params: &RawValue) -> Option<Arc<str>> {
    #[derive(Deserialize)]
    struct Named {
        name: Arc<str>,
    }
    serde_json::from_str::<Named>(params.get()).ok().map(|named| named.name)
}
