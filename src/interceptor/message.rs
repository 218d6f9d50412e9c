//! A message on its way through the chain: its bytes, and what can be said about it without decoding them.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::id::ConnectionId;
use crate::mcp::envelope::{Envelope, Malformed, RequestId};
use crate::mcp::schema::meta_of;
use crate::mcp::version::Version;
use crate::thread::Principal;

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
    /// On whose behalf it comes, or to whom it goes; None where nobody has said so.
    pub principal: Option<Principal>,
    /// The session's version. What a request of the newer era claims for itself is read by [`Message::version`].
    pub version: Version,
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
            Ok(Envelope::Response { id, is_error: false, .. }) => (Kind::Result, "", None, Some(id)),
            Ok(Envelope::Response { id, is_error: true, .. }) => (Kind::Error, "", None, Some(id)),
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
            principal: None,
            version: Version::LATEST_HANDSHAKE,
        };
        Self { header, bytes }
    }

    /// The same message, as one of `principal`'s in a session of `version`.
    pub fn of(mut self, principal: &Principal, version: Version) -> Self {
        self.header.principal = Some(principal.clone());
        self.header.version = version;
        self
    }

    /// The version in which it speaks. Reads the message where that can claim one, so ask last.
    pub fn version(&self) -> Version {
        let header = &self.header;
        let claims = header.direction == Direction::In && matches!(header.kind, Kind::Request | Kind::Notification);
        let claimed = claims.then(|| match Envelope::parse(&self.bytes) {
            Ok(Envelope::Request { params, .. } | Envelope::Notification { params, .. }) => {
                meta_of(params).ok().and_then(|meta| meta.protocol_version)
            }
            _ => None,
        });
        claimed.flatten().as_deref().and_then(Version::parse).unwrap_or(header.version)
    }

    /// This message with other bytes, where those are still the same message: its kind and its id stay. The method and
    /// the tool of a message from the client are read anew.
    pub fn changed_to(&self, bytes: Bytes) -> Result<Self, &'static str> {
        let header = &self.header;
        let found = Self::incoming(header.connection, header.transport, bytes.clone(), &Envelope::parse(&bytes));
        if found.header.kind != header.kind || found.header.id != header.id {
            return Err("the kind or the id of the message was changed");
        }
        let mut changed = Self { header: header.clone(), bytes: found.bytes };
        if header.direction == Direction::In && header.kind != Kind::Malformed {
            changed.header.method = found.header.method;
            changed.header.tool = found.header.tool;
        }
        Ok(changed)
    }
}

fn tool_of(params: &RawValue) -> Option<Arc<str>> {
    #[derive(Deserialize)]
    struct Named {
        name: Arc<str>,
    }
    serde_json::from_str::<Named>(params.get()).ok().map(|named| named.name)
}
