//! The edge at which a tool's arguments become its request. Every bad field is named at once, with what was expected, so
//! that an agent corrects its call in one go.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::schema::{Field, Kind, Spec};
use crate::text::nearest::nearest;

/// Whether the monitor may ask something of this call: taken by every tool that leaves turns.
const INSIGHT: &str = "insight";

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
fn check(spec: &Spec, mut arguments: Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let mut problems = Vec::new();
    // It is the engine's, and no tool pays for it in its schema.
    if spec.field(Field::CONTINUATION_ID.name).is_some()
        && let Some(switch) = arguments.remove(INSIGHT)
        && !switch.is_boolean()
        && !switch.is_null()
    {
        problems.push(format!("`{INSIGHT}` must be true or false"));
    }
    let known = check_object("", spec.fields, spec.closed, arguments, &mut problems);
    (known, problems)
}

/// `within` stands before the names of the fields: empty, or such as `models[1].`.
fn check_object(
    within: &str,
    fields: &[Field],
    closed: bool,
    given: Map<String, Value>,
    problems: &mut Vec<String>,
) -> Map<String, Value> {
    let mut known = Map::new();
    let mut wrong = Vec::new();
    for (name, value) in given {
        match fields.iter().find(|field| field.name == name) {
            Some(_) if value.is_null() => {}
            Some(Field { kind, .. }) if !kind.accepts(&value) => {
                problems.push(format!("`{within}{name}` must be {}", kind.expects()));
                wrong.push(name);
            }
            Some(Field { kind: Kind::Records(_, inner), .. }) => {
                let records = check_records(&format!("{within}{name}"), inner, value, problems);
                known.insert(name, records);
            }
            Some(_) => {
                known.insert(name, value);
            }
            None if closed => problems.push(unknown(within, fields, &name)),
            None => {}
        }
    }
    for field in fields.iter().filter(|field| field.required && !known.contains_key(field.name)) {
        if !wrong.iter().any(|name| name == field.name) {
            problems.push(format!("`{within}{}` is missing: it must be {}", field.name, field.kind.expects()));
        }
    }
    known
}

fn check_records(name: &str, fields: &[Field], records: Value, problems: &mut Vec<String>) -> Value {
    let Value::Array(records) = records else { return records };
    let checked = records.into_iter().enumerate().map(|(index, record)| match record {
        Value::Object(record) => check_object(&format!("{name}[{index}]."), fields, true, record, problems).into(),
        other => other,
    });
    checked.collect()
}

fn unknown(within: &str, fields: &[Field], name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    match nearest(&name, fields.iter().map(|field| field.name)) {
        Some(known) => format!("`{within}{name}` is unknown: did you mean `{known}`?"),
        None => format!("`{within}{name}` is unknown"),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

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
            Field::optional(
                "who",
                Kind::Records(2, &[Field::required("model", Kind::Text, ""), Field::TEMPERATURE]),
                "",
            ),
            Field::optional("found", Kind::Objects, ""),
            Field::flag("deep", false, ""),
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
    fn what_stands_in_records_is_checked_like_the_rest() {
        let records = r#"{"prompt":"a","paths":[],"who":[{"temperature":"hot"},{"model":"m","modell":1}],"deep":1}"#;
        assert_eq!(
            decoded(records).unwrap_err().problems,
            [
                "`who[0].temperature` must be a number from 0 to 1",
                "`who[0].model` is missing: it must be text",
                "`who[1].modell` is unknown: did you mean `model`?",
                "`deep` must be true or false",
            ]
        );
        let few = decoded(r#"{"prompt":"a","paths":[],"who":[{"model":"m"}],"found":["x"]}"#).unwrap_err();
        assert_eq!(
            few.problems,
            ["`who` must be a list of at least 2 objects with model, temperature", "`found` must be a list of objects"]
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
