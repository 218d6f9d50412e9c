//! What the head of a request must say: which types it takes, which version it speaks, and, in the newer era, which
//! method and name stand in its body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use hyper::http::request::Parts;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::gate::{Unclear, single};
use super::reply::Rejection;
use crate::mcp::error::{HEADER_MISMATCH, RpcError};
use crate::mcp::version::{Era, Version};

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");
const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Begins the headers that repeat an argument.
pub const PARAMETER: &str = "mcp-param-";
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const JSON: &str = "application/json";
const EVENT_STREAM: &str = "text/event-stream";

const NOT_ACCEPTABLE: Rejection =
    Rejection::new(StatusCode::NOT_ACCEPTABLE, "Accept must list application/json and text/event-stream");
const NO_STREAM_WANTED: Rejection =
    Rejection::new(StatusCode::NOT_ACCEPTABLE, "a GET opens an event stream: Accept must list text/event-stream");
const NOT_JSON: Rejection = Rejection::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json");
const VERSION_TWICE: Rejection =
    Rejection::new(StatusCode::BAD_REQUEST, "MCP-Protocol-Version must stand once, in visible characters");

/// The version in the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed<'a> {
    Absent,
    Known(Version),
    Unknown(&'a str),
}

impl Claimed<'_> {
    pub fn is_stateless(self) -> bool {
        matches!(self, Self::Known(version) if version.era() == Era::Stateless)
    }
}

pub fn check_post_types(head: &Parts) -> Result<(), Rejection> {
    let content = single(head, &CONTENT_TYPE).ok().flatten().unwrap_or_default();
    let essence = content.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(JSON) {
        return Err(NOT_JSON);
    }
    if accepts(head, JSON) && accepts(head, EVENT_STREAM) { Ok(()) } else { Err(NOT_ACCEPTABLE) }
}

pub fn check_get_types(head: &Parts) -> Result<(), Rejection> {
    if accepts(head, EVENT_STREAM) { Ok(()) } else { Err(NO_STREAM_WANTED) }
}

pub fn version(head: &Parts) -> Result<Claimed<'_>, Rejection> {
    match single(head, &VERSION) {
        Ok(None) => Ok(Claimed::Absent),
        Ok(Some(text)) => Ok(Version::parse(text).map_or(Claimed::Unknown(text), Claimed::Known)),
        Err(Unclear) => Err(VERSION_TWICE),
    }
}

/// Whether the head of a stateless request says what its body says.
pub fn check_mirrored(
    head: &Parts,
    is_request: bool,
    method: &str,
    params: Option<&RawValue>,
    version: Option<&str>,
) -> Result<(), RpcError> {
    if let Some(version) = version {
        mirrored(head, &VERSION, true, version)?;
    }
    mirrored(head, &METHOD, is_request, method)?;
    match name_of(method, params) {
        Some(name) => mirrored(head, &NAME, is_request, &name),
        None => Ok(()),
    }
}

pub fn mismatch(what: String) -> RpcError {
    RpcError::new(HEADER_MISMATCH, what)
}

/// Whether a header says what stands in the body.
pub fn mirrored(head: &Parts, header: &HeaderName, is_needed: bool, body: &str) -> Result<(), RpcError> {
    let value = single(head, header).map_err(|Unclear| mismatch(format!("the header {header} cannot be read")))?;
    // A name and an argument may hold any character; the others are plain.
    let is_coded = *header == NAME || header.as_str().starts_with(PARAMETER);
    let decode = |value: &str| if is_coded { decoded(value) } else { Some(value.to_owned()) };
    match value.map(decode) {
        None if is_needed => Err(mismatch(format!("the header {header} is missing"))),
        None => Ok(()),
        Some(Some(value)) if value == body => Ok(()),
        Some(Some(_)) => Err(mismatch(format!("the header {header} does not say what the body says"))),
        Some(None) => Err(mismatch(format!("the header {header} holds no valid base64"))),
    }
}

/// The value behind `=?base64?...?=`; any other stands for itself.
fn decoded(value: &str) -> Option<String> {
    match value.strip_prefix("=?base64?").and_then(|value| value.strip_suffix("?=")) {
        None => Some(value.to_owned()),
        Some(encoded) => String::from_utf8(STANDARD.decode(encoded).ok()?).ok(),
    }
}

/// What a request is about, for the methods whose head must repeat it.
fn name_of(method: &str, params: Option<&RawValue>) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        name: Option<String>,
        uri: Option<String>,
        #[serde(rename = "taskId")]
        task_id: Option<String>,
    }
    let named: Named = serde_json::from_str(params?.get()).ok()?;
    match method {
        "tools/call" | "prompts/get" => named.name,
        "resources/read" => named.uri,
        "tasks/get" | "tasks/update" | "tasks/cancel" => named.task_id,
        _ => None,
    }
}

fn accepts(head: &Parts, wanted: &str) -> bool {
    let family = wanted.split('/').next().unwrap_or_default();
    let ranges = head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    ranges.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        let fits = essence == "*/*"
            || essence.eq_ignore_ascii_case(wanted)
            || essence.strip_suffix("/*").is_some_and(|range| range.eq_ignore_ascii_case(family));
        fits && !refused
    })
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri("/mcp");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn both_types_must_be_accepted() {
        let types =
            |accept: &str, content: &str| check_post_types(&head(&[("accept", accept), ("content-type", content)]));
        assert_eq!(types("application/json, text/event-stream", "application/json; charset=utf-8"), Ok(()));
        assert_eq!(types("*/*", "application/json"), Ok(()));
        assert_eq!(types("application/*;q=0.5, text/*", "APPLICATION/JSON"), Ok(()));
        for accept in
            ["application/json", "text/event-stream", "", "text/html", "application/json, text/event-stream;q=0"]
        {
            assert_eq!(types(accept, "application/json"), Err(NOT_ACCEPTABLE), "{accept}");
        }
        for content in ["", "text/plain", "application/jsonx"] {
            assert_eq!(types("*/*", content), Err(NOT_JSON), "{content}");
        }
    }

    fn check(headers: &[(&str, &str)]) -> Result<(), i32> {
        let params = RawValue::from_string(r#"{"name":"gr\u00fc\u00df"}"#.to_owned()).unwrap();
        check_mirrored(&head(headers), true, "tools/call", Some(&params), Some("2026-07-28"))
            .map_err(|error| error.code)
    }

    #[test]
    fn the_head_must_say_what_the_body_says() {
        let version = ("mcp-protocol-version", "2026-07-28");
        let method = ("mcp-method", "tools/call");
        let name = ("mcp-name", "=?base64?Z3LDvMOf?=");
        assert_eq!(check(&[version, method, name]), Ok(()));
        assert_eq!(check(&[version, ("mcp-method", "  tools/call "), name]), Ok(()));
        for wrong in [
            vec![method, name],
            vec![version, name],
            vec![version, method],
            vec![version, ("mcp-method", "TOOLS/CALL"), name],
            vec![version, method, method, name],
            vec![version, ("mcp-method", "=?base64?dG9vbHMvY2FsbA==?="), name],
            vec![version, method, ("mcp-name", "grue")],
            vec![version, method, ("mcp-name", "=?base64?Z3LDvMO?=")],
            vec![version, method, ("mcp-name", "=?base64?****?=")],
            vec![("mcp-protocol-version", "2025-11-25"), method, name],
        ] {
            assert_eq!(check(&wrong), Err(HEADER_MISMATCH), "{wrong:?}");
        }
    }
}
