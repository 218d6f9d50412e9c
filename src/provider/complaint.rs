//! What a provider says when it refuses or fails, in the several shapes that are in use, and the class that follows from
//! it. Reads; decides nothing about what is done next.

use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

use crate::provider::failure::{Class, Fault};
use crate::unit::{UnixMillis, whole_millis};

/// A longer wait is no hint but a mistake.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// A provider's own words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Complaint {
    message: String,
    /// The names it gives the error, in lower case: codes, types, reasons.
    names: Vec<String>,
    /// The HTTP status it states in the body.
    status: Option<u16>,
    retry_after: Option<Duration>,
    /// The parameter that it names.
    param: Option<String>,
}

impl Complaint {
    /// Reads an error body: JSON with an `error` (an object or a string) or a `message`, or else plain text.
    pub fn read(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(Value::Array(items)) => items.first().map(Self::of).unwrap_or_default(),
            Ok(value @ Value::Object(_)) => Self::of(&value),
            _ if body.trim_start().starts_with('<') => {
                Self { message: "it answered with a page of HTML".to_owned(), ..Self::default() }
            }
            _ => Self { message: body.trim().to_owned(), ..Self::default() },
        }
    }

    /// Reads an object that holds an error.
    pub fn of(body: &Value) -> Self {
        let error = body.get("error").filter(|error| !error.is_null()).unwrap_or(body);
        let said = [&error["message"], &error["display_message"], &error["detail"], &body["message"], error];
        let message = said.into_iter().find_map(Value::as_str).map_or_else(|| error.to_string(), str::to_owned);
        let details = || error["details"].as_array().into_iter().flatten();
        let reasons = details().map(|detail| &detail["reason"]);
        let inner = [&error["innererror"]["code"], &error["metadata"]["error_type"]];
        let own = [&error["code"], &error["type"], &error["status"], &body["code"], &body["type"]];
        let names = own.into_iter().chain(inner).chain(reasons).filter_map(Value::as_str);
        let number = [&error["code"], &error["status"], &body["code"]].into_iter().find_map(Value::as_u64);
        let mut complaint = Self {
            message,
            names: names.map(str::to_ascii_lowercase).collect(),
            status: number.and_then(|number| u16::try_from(number).ok()).filter(|number| (100..600).contains(number)),
            retry_after: details().find_map(|detail| seconds(detail["retryDelay"].as_str()?.strip_suffix('s')?)),
            param: [&error["param"], &body["param"]].into_iter().find_map(Value::as_str).map(str::to_owned),
        };
        if error["metadata"]["reasons"].is_array() {
            complaint.names.push("moderation".to_owned());
        }
        complaint
    }

    /// The fault it amounts to; `status` is the reply's own, None within a stream that began well.
    pub fn fault(self, status: Option<u16>, retry_after: Option<Duration>) -> Fault {
        let said = status.or(self.status);
        let class = self.class(said);
        let message = match (self.message.is_empty(), said) {
            (false, _) => self.message,
            (true, Some(status)) => format!("status {status} without a word"),
            (true, None) => "an error without a word".to_owned(),
        };
        let retry_after = retry_after.or(self.retry_after);
        Fault { class, message, status, retry_after, param: self.param }
    }

    fn class(&self, status: Option<u16>) -> Class {
        let named = |names: &[&str]| self.names.iter().any(|name| names.contains(&name.as_str()));
        let message = self.message.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if named(&["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"]) || status == Some(402) {
            Class::Quota
        } else if named(&["content_filter", "content_policy_violation", "moderation", "responsibleaipolicyviolation"]) {
            Class::Filtered
        } else if named(&["context_length_exceeded", "request_too_large"])
            || status == Some(413)
            || (status.is_none_or(|status| status == 400)
                && says(&[
                    "context length",
                    "context window",
                    "maximum context",
                    "input token count",
                    "too many tokens",
                ]))
        {
            Class::ContextOverflow
        } else if named(&["api_key_invalid", "invalid_api_key", "unauthenticated", "permission_denied"]) {
            Class::Auth
        } else {
            self.class_of_status(status)
        }
    }

    fn class_of_status(&self, status: Option<u16>) -> Class {
        match status {
            Some(401 | 403) => Class::Auth,
            Some(408) => Class::Timeout,
            Some(429) => Class::Throttled,
            Some(500..) => Class::Overloaded,
            Some(400..) => Class::BadRequest,
            _ => self.class_of_name(),
        }
    }

    /// Within a stream there may be a name and no number.
    fn class_of_name(&self) -> Class {
        let named = |part: &str| self.names.iter().any(|name| name.contains(part));
        if named("rate_limit") || named("resource_exhausted") {
            Class::Throttled
        } else if named("deadline_exceeded") || named("timeout") {
            Class::Timeout
        } else if named("invalid") || named("not_found") || named("failed_precondition") {
            Class::BadRequest
        } else {
            Class::Overloaded
        }
    }
}

/// The wait that a `Retry-After` header asks for: seconds, or the date at which it ends.
pub(super) fn retry_after(text: &str, now: UnixMillis) -> Option<Duration> {
    seconds(text).or_else(|| {
        let until = httpdate::parse_http_date(text.trim()).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(UnixMillis(whole_millis(until)).since(now)).filter(|wait| !wait.is_zero() && *wait <= MAX_RETRY_AFTER)
    })
}

/// A wait in seconds, whole or not. None for what is no sensible number.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| *wait <= MAX_RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(status: u16, body: &str) -> Class {
        Complaint::read(body).fault(Some(status), None).class
    }

    #[test]
    fn the_class_follows_from_status_and_body() {
        assert_eq!(class(401, "{}"), Class::Auth);
        assert_eq!(class(402, ""), Class::Quota);
        assert_eq!(class(408, ""), Class::Timeout);
        assert_eq!(class(429, r#"{"error":{"code":"rate_limit_exceeded"}}"#), Class::Throttled);
        assert_eq!(class(429, r#"{"error":{"type":"insufficient_quota","message":"m"}}"#), Class::Quota);
        assert_eq!(class(404, r#"{"error":{"code":404,"status":"NOT_FOUND"}}"#), Class::BadRequest);
        assert_eq!(class(413, ""), Class::ContextOverflow);
        assert_eq!(class(400, r#"{"error":{"code":"context_length_exceeded"}}"#), Class::ContextOverflow);
        let gemini = r#"{"error":{"code":400,"message":"The input token count (9) exceeds the maximum","status":"INVALID_ARGUMENT"}}"#;
        assert_eq!(class(400, gemini), Class::ContextOverflow);
        let key = r#"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#;
        assert_eq!(class(400, key), Class::Auth);
        assert_eq!(class(400, r#"{"error":{"code":"content_filter"}}"#), Class::Filtered);
        assert_eq!(class(403, r#"{"error":{"code":403,"metadata":{"reasons":["violence"]}}}"#), Class::Filtered);
        for status in [500, 502, 503, 504, 529] {
            assert_eq!(class(status, "<html>"), Class::Overloaded);
        }
    }

    #[test]
    fn within_a_stream_the_body_alone_decides() {
        let class = |body: &str| Complaint::read(body).fault(None, None).class;
        assert_eq!(class(r#"{"error":{"code":502,"message":"upstream"}}"#), Class::Overloaded);
        assert_eq!(class(r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#), Class::Throttled);
        assert_eq!(class(r#"{"code":"invalid-argument","error":"no such parameter"}"#), Class::BadRequest);
        assert_eq!(class(r#"{"error":"boom"}"#), Class::Overloaded);
    }

    #[test]
    fn the_reason_is_found_in_every_shape() {
        let says = |body: &str| Complaint::read(body).fault(Some(400), None).message;
        assert_eq!(says(r#"{"error":{"message":"object"}}"#), "object");
        assert_eq!(says(r#"{"code":"x","error":"string"}"#), "string");
        assert_eq!(says(r#"{"object":"error","message":"top"}"#), "top");
        assert_eq!(says(r#"[{"error":{"message":"in a list"}}]"#), "in a list");
        assert_eq!(says("plain\n"), "plain");
        assert_eq!(says(""), "status 400 without a word");
    }

    #[test]
    fn a_wait_is_read_only_where_it_makes_sense() {
        assert_eq!(seconds(" 7.5 "), Some(Duration::from_millis(7_500)));
        for nonsense in ["NaN", "-1", "1e300", "soon", "inf"] {
            assert_eq!(seconds(nonsense), None, "{nonsense}");
        }
        let date = |text| retry_after(text, UnixMillis(784_111_777_000));
        assert_eq!(date("Sun, 06 Nov 1994 08:49:47 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(date("Sun, 06 Nov 1994 08:49:27 GMT"), None);
        assert_eq!(date("Sun, 06 Nov 2094 08:49:37 GMT"), None);
        let body = r#"{"error":{"code":429,"details":[{"@type":"RetryInfo","retryDelay":"7.5s"}]}}"#;
        let fault = Complaint::read(body).fault(Some(429), None);
        assert_eq!(fault.retry_after, Some(Duration::from_millis(7_500)));
    }
}
