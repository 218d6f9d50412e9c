//! One JSON-RPC message as it stands in its bytes: what it is, and where its parts are. Borrows everything and decodes
//! nothing that it need not, so that a message can be logged, blocked or answered at the cost of one scan.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::error::{INVALID_REQUEST, PARSE_ERROR, RpcError};

/// A message from the other side.
#[derive(Clone, Debug)]
pub enum Envelope<'a> {
    Request {
        id: RequestId,
        method: Cow<'a, str>,
        params: Option<&'a RawValue>,
    },
    Notification {
        method: Cow<'a, str>,
        params: Option<&'a RawValue>,
    },
    /// The answer to a request of ours.
    Response {
        id: RequestId,
        is_error: bool,
    },
}

/// A request's id: a JSON string or number, kept as the text in which it came, which is how it is sent back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct RequestId(RawId);

#[derive(Clone, Debug)]
struct RawId(Box<RawValue>);

/// What came is no message. `id` is the request's where it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    pub id: Option<RequestId>,
    pub error: RpcError,
}

impl<'a> Envelope<'a> {
    /// Reads one message. Bytes that are not JSON give -32700; JSON that is no message gives -32600.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let fields: Fields<'a> = serde_json::from_slice(bytes).map_err(|error| malformed(bytes, &error))?;
        let id = match fields.id {
            None => None,
            Some(raw) => match RequestId::from_raw(raw) {
                Some(id) => Some(id),
                None => return Err(Malformed::invalid(None, "id must be a string or a number")),
            },
        };
        if fields.jsonrpc.as_deref() != Some("2.0") {
            return Err(Malformed::invalid(id, "jsonrpc must be \"2.0\""));
        }
        let outcome = fields.result.is_some() || fields.error.is_some();
        match (fields.method, id) {
            (Some(_), id) if outcome => {
                Err(Malformed::invalid(id, "a message has either a method or a result, not both"))
            }
            (Some(method), Some(id)) => Ok(Self::Request { id, method, params: fields.params }),
            (Some(method), None) => Ok(Self::Notification { method, params: fields.params }),
            (None, Some(id)) if outcome => Ok(Self::Response { id, is_error: fields.error.is_some() }),
            (None, id) => Err(Malformed::invalid(id, "a message needs a method")),
        }
    }

    /// The method, where the message has one.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Request { method, .. } | Self::Notification { method, .. } => Some(method),
            Self::Response { .. } => None,
        }
    }
}

impl RequestId {
    /// The id in `raw`, unless it is something else than a string or a number.
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        text.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
            .then(|| Self(RawId(raw.to_owned())))
    }

    /// The id as JSON text.
    pub fn as_json(&self) -> &str {
        self.0.0.get()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        Self::from_raw(&raw).ok_or_else(|| serde::de::Error::custom("an id is a string or a number"))
    }
}

impl PartialEq for RawId {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Eq for RawId {}

impl std::hash::Hash for RawId {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.get().hash(state);
    }
}

impl Serialize for RawId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Malformed {
    fn invalid(id: Option<RequestId>, what: &'static str) -> Self {
        Self { id, error: RpcError::new(INVALID_REQUEST, what) }
    }
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "present")]
    error: Option<&'a RawValue>,
}

/// Tells `null` from absent: `"id": null` is a request with a bad id, not a notification.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn malformed(bytes: &[u8], error: &serde_json::Error) -> Malformed {
    if error.classify() != serde_json::error::Category::Data {
        let error = RpcError::new(PARSE_ERROR, format!("this is not JSON: {error}"));
        return Malformed { id: None, error };
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let what = match first {
        Some(b'[') => "batches are not taken: send one message a line",
        Some(b'{') => "a member of the message has the wrong type or stands twice",
        _ => "a message is a JSON object",
    };
    Malformed::invalid(readable_id(bytes), what)
}

/// The id of a message whose other members cannot be read. The first one counts where it stands twice.
fn readable_id(bytes: &[u8]) -> Option<RequestId> {
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes).ok()?;
    let raw = serde_json::value::to_raw_value(value.get("id")?).ok()?;
    RequestId::from_raw(&raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<String>, i32) {
        let malformed = Envelope::parse(text.as_bytes()).unwrap_err();
        (malformed.id.map(|id| id.as_json().to_owned()), malformed.error.code)
    }

    #[test]
    fn a_request_a_notification_and_a_response_are_told_apart() {
        let request = br#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":1}}"#;
        assert!(
            matches!(Envelope::parse(request), Ok(Envelope::Request { id, method, params: Some(_) }) if id.as_json() == "7" && method == "ping")
        );
        let notification = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        assert!(matches!(Envelope::parse(notification), Ok(Envelope::Notification { .. })));
        let response = br#"{"jsonrpc":"2.0","id":"a","result":null}"#;
        assert!(matches!(Envelope::parse(response), Ok(Envelope::Response { is_error: false, .. })));
    }

    #[test]
    fn what_is_no_message_is_answered_with_its_id_where_that_can_be_read() {
        assert_eq!(refused("{\"jsonrpc\":"), (None, PARSE_ERROR));
        assert_eq!(refused("nonsense"), (None, PARSE_ERROR));
        assert_eq!(refused("[]"), (None, INVALID_REQUEST));
        assert_eq!(refused("42"), (None, INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), (None, INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#), (None, INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#), (Some("3".into()), INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":4,"method":12}"#), (Some("4".into()), INVALID_REQUEST));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":5}"#), (Some("5".into()), INVALID_REQUEST));
        assert_eq!(
            refused(r#"{"jsonrpc":"2.0","id":6,"method":"a","method":"b"}"#),
            (Some("6".into()), INVALID_REQUEST)
        );
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let depth = 100_000;
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{}{}}}"#,
            "[".repeat(depth),
            "]".repeat(depth)
        );
        // Either reading is fine; neither may overflow the stack.
        let _ = Envelope::parse(text.as_bytes());
    }

    #[test]
    fn an_id_is_sent_back_as_it_came() {
        let text = r#"{"jsonrpc":"2.0","id":"\u0041","method":"ping"}"#;
        let Ok(Envelope::Request { id, .. }) = Envelope::parse(text.as_bytes()) else { panic!("a request") };
        assert_eq!(id.as_json(), r#""\u0041""#);
    }
}
