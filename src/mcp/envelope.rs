//! One JSON-RPC message as it stands in its bytes: what it is, and where its parts are. Borrows everything and decodes
//! nothing that it need not, so that a message can be logged, blocked or answered at the cost of one scan.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::error::{INVALID_REQUEST, PARSE_ERROR, RpcError};

/// Characters of an id that is a number. A longer one is infinite to those who read numbers as doubles.
const MAX_INTEGER: usize = 300;

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
        /// Its result, or its error.
        body: Option<&'a RawValue>,
    },
}

/// A request's id: a JSON string or integer, kept as the text in which it came, which is how it is sent back.
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
        if is_array(bytes) {
            return Err(malformed_array(bytes));
        }
        let fields: Fields<'a> = serde_json::from_slice(bytes).map_err(|error| malformed(bytes, &error))?;
        let id = match fields.id {
            None => None,
            Some(raw) => match RequestId::from_raw(raw) {
                Some(id) => Some(id),
                None => return Err(Malformed::invalid(None, "id must be a string or an integer")),
            },
        };
        if fields.jsonrpc.as_deref() != Some("2.0") {
            return Err(Malformed::invalid(id, "jsonrpc must be \"2.0\""));
        }
        let outcome = fields.result.is_some() || fields.error.is_some();
        if fields.params.is_some_and(|params| !params.get().starts_with('{')) {
            return Err(Malformed::invalid(id, "params must be an object"));
        }
        match (fields.method, id) {
            (Some(_), id) if outcome => {
                Err(Malformed::invalid(id, "a message has either a method or a result, not both"))
            }
            (Some(method), Some(id)) => Ok(Self::Request { id, method, params: fields.params }),
            (Some(method), None) => Ok(Self::Notification { method, params: fields.params }),
            (None, Some(id)) if outcome => {
                Ok(Self::Response { id, is_error: fields.error.is_some(), body: fields.error.or(fields.result) })
            }
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
    /// The id in `raw`, unless it is something else than a string or an integer.
    pub fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        let fits = if text.starts_with('"') { is_text(text) } else { is_integer(text) };
        fits.then(|| Self(RawId(raw.to_owned())))
    }

    /// The id as JSON text.
    pub fn as_json(&self) -> &str {
        self.0.0.get()
    }
}

/// Whether a JSON string is text: half of a surrogate pair is none.
fn is_text(json: &str) -> bool {
    !json.contains('\\') || serde_json::from_str::<Cow<'_, str>>(json).is_ok()
}

/// Whether a JSON value is an integer that a client can read back.
fn is_integer(json: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = json.split_once('.').unwrap_or((json, "0"));
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    json.len() <= MAX_INTEGER && is_whole && digits(whole.strip_prefix('-').unwrap_or(whole))
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_json())
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        Self::from_raw(&raw).ok_or_else(|| serde::de::Error::custom("an id is a string or an integer"))
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
    let id = readable_id(bytes);
    if error.classify() != serde_json::error::Category::Data {
        return Malformed { id, error: RpcError::new(PARSE_ERROR, format!("this is not JSON: {error}")) };
    }
    let what = match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => "a member of the message has the wrong type or stands twice",
        _ => "a message is a JSON object",
    };
    Malformed::invalid(id, what)
}

/// Whether it is no single message but an array: what could be a batch.
pub fn is_array(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

fn malformed_array(bytes: &[u8]) -> Malformed {
    match serde_json::from_slice::<IgnoredAny>(bytes) {
        Err(error) => malformed(bytes, &error),
        Ok(_) => Malformed::invalid(
            None,
            "only sessions of 2025-03-26 have batches, of a bounded size: send one message at a time",
        ),
    }
}

/// The id of a message whose other members cannot be read; none where it stands twice.
fn readable_id(bytes: &[u8]) -> Option<RequestId> {
    #[derive(Deserialize)]
    struct Identified<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    RequestId::from_raw(serde_json::from_slice::<Identified<'_>>(bytes).ok()?.id)
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
        assert!(matches!(Envelope::parse(response), Ok(Envelope::Response { is_error: false, body: Some(_), .. })));
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
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":6,"method":"\ud800"}"#), (Some("6".into()), PARSE_ERROR));
        assert_eq!(refused(r#"{"jsonrpc":"2.0","id":6,"id":7,"method":"ping"}"#), (None, INVALID_REQUEST));
        for id in ["1.5", "1e3", "-0.10", r#""\ud800""#, "true", &"9".repeat(400)] {
            assert_eq!(refused(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)), (None, INVALID_REQUEST));
        }
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
        for sent in [r#""\u0041""#, r#""\ud83d\ude00""#, "1.0", "-5", "9007199254740993"] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":{sent},"method":"ping"}}"#);
            let Ok(Envelope::Request { id, .. }) = Envelope::parse(text.as_bytes()) else { panic!("a request") };
            assert_eq!(id.as_json(), sent);
        }
    }
}
