//! The edge at which a tool's arguments become its request. Every bad field is named at once, with what was expected, so
//! that an agent corrects its call in one go.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::schema::Spec;
use crate::text::nearest::nearest;

/// The arguments do not fit the tool; one sentence for each field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tool} cannot use its arguments: {}", problems.join("; "))]
pub struct BadArguments {
    pub tool: &'static str,
    pub problems: Vec<String>,
}

/// The arguments as the tool's request type, which has a member for each field of `spec`.
pub fn decode<T: DeserializeOwned>(spec: &'static Spec, arguments: Option<&RawValue>) -> Result<T, BadArguments> {
    let bad = |problems| BadArguments { tool: spec.name, problems };
    let arguments = match arguments.map(|raw| serde_json::from_str(raw.get())) {
        None | Some(Ok(Value::Null)) => Map::new(),
        Some(Ok(Value::Object(arguments))) => arguments,
        Some(_) => return Err(bad(vec!["the arguments must be a JSON object".to_owned()])),
    };
    let (arguments, problems) = check(spec, arguments);
    if !problems.is_empty() {
        return Err(bad(problems));
    }
    serde_json::from_value(Value::Object(arguments)).map_err(|error| bad(vec![error.to_string()]))
}

/// The declared arguments (an explicit null counts as absent), and what is wrong with them.
fn check(spec: &Spec, arguments: Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let mut known = Map::new();
    let mut problems = Vec::new();
    for (name, value) in arguments {
        match spec.fields.iter().find(|field| field.name == name) {
            Some(_) if value.is_null() => {}
            Some(field) if field.kind.accepts(&value) => {
                known.insert(name, value);
            }
            Some(field) => problems.push(format!("`{name}` must be {}", field.kind.expects())),
            None if spec.closed => problems.push(unknown(spec, &name)),
            None => {}
        }
    }
    for field in spec.fields.iter().filter(|field| field.required && !known.contains_key(field.name)) {
        if !problems.iter().any(|problem| problem.starts_with(&format!("`{}` ", field.name))) {
            problems.push(format!("`{}` is missing: it must be {}", field.name, field.kind.expects()));
        }
    }
    (known, problems)
}

fn unknown(spec: &Spec, name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    match nearest(&name, spec.fields.iter().map(|field| field.name)) {
        Some(known) => format!("`{name}` is unknown: did you mean `{known}`?"),
        None => format!("`{name}` is unknown"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::tools::schema::{Field, Kind};

    static SPEC: Spec = Spec {
        name: "ask",
        title: "Ask",
        description: "",
        read_only: true,
        fields: &[
            Field::required("prompt", Kind::Text, ""),
            Field::required("paths", Kind::Texts, ""),
            Field::TEMPERATURE,
            Field::THINKING_MODE,
        ],
        closed: true,
    };

    #[derive(Debug, Deserialize)]
    struct Request {
        prompt: String,
        temperature: Option<f64>,
    }

    fn decoded(json: &str) -> Result<Request, BadArguments> {
        decode(&SPEC, Some(&RawValue::from_string(json.to_owned()).unwrap()))
    }

    #[test]
    fn all_bad_fields_are_named_at_once() {
        let error = decoded(r#"{"promt":"a","temperature":3,"thinking_mode":"deep","paths":[1]}"#).unwrap_err();
        assert_eq!(
            error.problems,
            [
                "`promt` is unknown: did you mean `prompt`?",
                "`temperature` must be a number from 0 to 1",
                "`thinking_mode` must be one of minimal, low, medium, high, max",
                "`paths` must be a list of texts",
                "`prompt` is missing: it must be text",
            ]
        );
    }

    #[test]
    fn an_explicit_null_counts_as_absent() {
        let request = decoded(r#"{"prompt":"a","paths":[],"temperature":null}"#).unwrap();
        assert_eq!((request.prompt.as_str(), request.temperature), ("a", None));
        assert!(decoded("[]").is_err());
        assert!(decoded(r#"{"prompt":null,"paths":[]}"#).is_err());
    }
}
