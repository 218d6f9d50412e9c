//! Writes replies and notifications. One internal result serves both eras: what the newer one demands in every result
//! (its kind, who answers, how long it may be cached) is stamped on here, and nowhere else.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::envelope::RequestId;
use super::error::{INTERNAL_ERROR, RpcError};
use super::schema::{Implementation, META_SERVER_INFO, META_SUBSCRIPTION};
use super::version::{Era, Version};

/// The members of a result object, as JSON text without its braces: ready to have the era's members added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultBody {
    members: Arc<str>,
    kind: ResultKind,
    caching: Option<Caching>,
    /// The request that opened the subscription which this result ends.
    subscription: Option<RequestId>,
}

/// What a result of 2026-07-28 says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultKind {
    Complete,
    /// The client is asked something, and calls again with its answers.
    InputRequired,
    /// The call goes on as a task.
    Task,
}

/// How long a client may keep a result, and whether it may share it (2026-07-28).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caching {
    pub ttl_ms: u64,
    pub scope: Scope,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The same for everybody.
    Public,
    /// For this principal alone.
    Private,
}

impl ResultBody {
    /// The body of `result`, which must serialise to an object.
    pub fn of<T: Serialize>(result: &T) -> Result<Self, RpcError> {
        let text = serde_json::to_string(result)
            .map_err(|error| RpcError::new(INTERNAL_ERROR, format!("the result cannot be written: {error}")))?;
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            Some(members) => Ok(Self { members: members.into(), ..Self::empty() }),
            None => Err(RpcError::new(INTERNAL_ERROR, "the result is no object")),
        }
    }

    pub fn empty() -> Self {
        Self { members: "".into(), kind: ResultKind::Complete, caching: None, subscription: None }
    }

    pub fn cached_for(mut self, ttl_ms: u64, scope: Scope) -> Self {
        self.caching = Some(Caching { ttl_ms, scope });
        self
    }

    pub fn of_kind(mut self, kind: ResultKind) -> Self {
        self.kind = kind;
        self
    }

    pub fn ending(mut self, subscription: &RequestId) -> Self {
        self.subscription = Some(subscription.clone());
        self
    }

    /// The result as an object of its own, as it stands within another result.
    pub fn to_json(&self) -> String {
        format!("{{{}}}", self.members)
    }
}

/// A successful reply, in the form of `version`.
pub fn result(id: &RequestId, version: Version, body: &ResultBody) -> Bytes {
    let mut text = String::with_capacity(body.members.len() + 256);
    text.push_str(r#"{"jsonrpc":"2.0","id":"#);
    text.push_str(id.as_json());
    text.push_str(r#","result":{"#);
    text.push_str(&body.members);
    if version.era() == Era::Stateless {
        if !body.members.is_empty() {
            text.push(',');
        }
        text.push_str(&stamp(body));
    }
    text.push_str("}}");
    Bytes::from(text)
}

/// A reply that says what went wrong. Where the request's id could not be read it has none: the schema knows no `null`.
pub fn error(id: Option<&RequestId>, error: &RpcError) -> Bytes {
    let id = id.map(|id| format!(r#""id":{id},"#)).unwrap_or_default();
    let error = serde_json::to_string(error)
        .unwrap_or_else(|_| format!(r#"{{"code":{INTERNAL_ERROR},"message":"the error cannot be written"}}"#));
    Bytes::from(format!(r#"{{"jsonrpc":"2.0",{id}"error":{error}}}"#))
}

/// A notification to the client.
pub fn notification<T: Serialize>(method: &str, params: &T) -> Bytes {
    Bytes::from(json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string())
}

/// A request to the client.
pub fn request<T: Serialize>(id: &RequestId, method: &str, params: &T) -> Bytes {
    Bytes::from(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string())
}

/// Who zen says it is.
pub fn server_info() -> Implementation {
    Implementation {
        name: "zen".to_owned(),
        title: Some("zen".to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The members that 2026-07-28 wants in a result.
fn stamp(body: &ResultBody) -> String {
    let mut members = json!({ "resultType": body.kind, "_meta": { META_SERVER_INFO: server_info() } });
    if let Some(Caching { ttl_ms, scope }) = body.caching {
        members["ttlMs"] = json!(ttl_ms);
        members["cacheScope"] = json!(scope);
    }
    if let Some(subscription) = &body.subscription {
        members["_meta"][META_SUBSCRIPTION] = json!(subscription);
    }
    let text = members.to_string();
    text[1..text.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> RequestId {
        serde_json::from_str("1").unwrap()
    }

    #[test]
    fn only_the_stateless_era_is_stamped() {
        let body = ResultBody::of(&json!({ "tools": [] })).unwrap().cached_for(5, Scope::Private);
        let old = result(&id(), Version::V2025_11_25, &body);
        assert_eq!(old, r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#);
        let new: serde_json::Value = serde_json::from_slice(&result(&id(), Version::V2026_07_28, &body)).unwrap();
        assert_eq!(new["result"]["resultType"], "complete");
        assert_eq!(new["result"]["ttlMs"], 5);
        assert_eq!(new["result"]["cacheScope"], "private");
        assert_eq!(new["result"]["_meta"][META_SERVER_INFO]["name"], "zen");
    }

    #[test]
    fn an_empty_result_is_an_empty_object() {
        assert_eq!(
            result(&id(), Version::V2024_11_05, &ResultBody::empty()),
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#
        );
        let new = result(&id(), Version::V2026_07_28, &ResultBody::empty());
        assert!(serde_json::from_slice::<serde_json::Value>(&new).is_ok());
    }
}
