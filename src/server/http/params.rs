//! Arguments of a tool that a request's head must repeat (2026-07-28, `x-mcp-header` in the tool's schema), so that a
//! proxy can route by them.

use std::collections::HashMap;

use hyper::header::HeaderName;
use hyper::http::request::Parts;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::gate::single;
use super::head::{PARAMETER, mirrored, mismatch};
use crate::mcp::error::RpcError;
use crate::mcp::schema::CallToolParams;

/// The member of a field's schema that names its header.
const MARK: &str = "x-mcp-header";

/// By tool, its arguments and their headers.
#[derive(Default)]
pub struct Params(HashMap<String, Vec<(String, HeaderName)>>);

impl Params {
    /// Of tools as they stand in `tools/list`.
    pub fn of(tools: &[Value]) -> Self {
        let marked = tools.iter().filter_map(|tool| {
            let fields = tool["inputSchema"]["properties"].as_object()?.iter();
            let headers: Vec<_> = fields
                .filter_map(|(field, schema)| {
                    let header = format!("{PARAMETER}{}", schema[MARK].as_str()?.to_ascii_lowercase());
                    Some((field.clone(), HeaderName::try_from(header).ok()?))
                })
                .collect();
            (!headers.is_empty()).then(|| Some((tool["name"].as_str()?.to_owned(), headers))).flatten()
        });
        Self(marked.collect())
    }

    /// Whether the head repeats the arguments in the body of a `tools/call`.
    pub fn check(&self, head: &Parts, method: &str, params: Option<&RawValue>) -> Result<(), RpcError> {
        if self.0.is_empty() || method != "tools/call" {
            return Ok(());
        }
        // What cannot be read is refused where it is called.
        let Some(Ok(params)) = params.map(|params| serde_json::from_str::<CallToolParams<'_>>(params.get())) else {
            return Ok(());
        };
        let Some(headers) = self.0.get(&*params.name) else { return Ok(()) };
        let arguments = params.arguments.and_then(|raw| serde_json::from_str::<Map<String, Value>>(raw.get()).ok());
        let arguments = arguments.unwrap_or_default();
        for (field, header) in headers {
            match arguments.get(field) {
                Some(Value::String(text)) => mirrored(head, header, true, text)?,
                Some(value) if !value.is_null() => mirrored(head, header, true, &value.to_string())?,
                _ if single(head, header).is_ok_and(|value| value.is_none()) => {}
                _ => return Err(mismatch(format!("the header {header} stands for no argument"))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use serde_json::json;

    use super::*;

    fn check(arguments: &Value, header: Option<&str>) -> bool {
        let schema = json!({ "properties": { "region": { "type": "string", "x-mcp-header": "Region" }, "other": {} } });
        let params = Params::of(&[json!({ "name": "ask", "inputSchema": schema }), json!({ "name": "plain" })]);
        let mut request = Request::builder().uri("/mcp");
        if let Some(header) = header {
            request = request.header("Mcp-Param-Region", header);
        }
        let head = request.body(()).unwrap().into_parts().0;
        let raw = RawValue::from_string(json!({ "name": "ask", "arguments": arguments }).to_string()).unwrap();
        params.check(&head, "tools/call", Some(&raw)).is_ok()
    }

    #[test]
    fn a_marked_argument_stands_in_the_head_as_it_stands_in_the_body() {
        assert!(check(&json!({ "region": "eu" }), Some("eu")));
        assert!(check(&json!({ "region": "eu" }), Some("=?base64?ZXU=?=")));
        assert!(check(&json!({ "other": 1 }), None) && check(&json!({ "region": null }), None));
        assert!(!check(&json!({ "region": "eu" }), None) && !check(&json!({ "region": "eu" }), Some("us")));
        assert!(!check(&json!({}), Some("eu")) && !check(&json!({ "region": "eu" }), Some("=?base64?ZX?=")));
    }
}
