//! The named shapes in which a model may answer with JSON. A reply that fits one becomes data to be shown to the agent;
//! any other stays text. Nothing is done because of it: no file is read, no state is set.

use serde_json::{Map, Value};

use super::schema::{Field, Kind};

/// One shape: an object with this `status` and these members.
#[derive(Debug)]
pub struct Shape {
    pub status: &'static str,
    pub members: &'static [Field],
}

/// The model lacks files. Every tool's model may say so.
pub const FILES_REQUIRED: Shape = Shape {
    status: "files_required_to_continue",
    members: &[
        Field::required("mandatory_instructions", Kind::Text, ""),
        Field::optional("files_needed", Kind::Texts, ""),
    ],
};

/// There is too much to judge at once.
pub const FOCUSED_REVIEW: Shape = Shape {
    status: "focused_review_required",
    members: &[Field::required("reason", Kind::Text, ""), Field::optional("suggestion", Kind::Text, "")],
};

/// Members of a reply that its shape does not have, as JSON text: a model says more than it was asked for.
const FURTHER: &str = "further";
const FENCE: &str = "```";

/// The reply as data, where it is one JSON object of one of these shapes, alone or in one fence.
pub fn decode(reply: &str, shapes: &[Shape]) -> Option<Map<String, Value>> {
    let mut object: Map<String, Value> = serde_json::from_str(unfenced(reply.trim())).ok()?;
    let status = object.shift_remove("status")?;
    let shape = shapes.iter().chain([&FILES_REQUIRED]).find(|shape| status == shape.status)?;
    let mut data = Map::from_iter([("status".to_owned(), status)]);
    for member in shape.members {
        match object.shift_remove(member.name).filter(|value| !value.is_null()) {
            Some(value) if member.kind.accepts(&value) => {
                data.insert(member.name.to_owned(), value);
            }
            None if !member.required => {}
            _ => return None,
        }
    }
    if !object.is_empty() {
        data.insert(FURTHER.to_owned(), Value::from(object).to_string().into());
    }
    Some(data)
}

/// What stands in the fence that is all of the text; else the text.
fn unfenced(text: &str) -> &str {
    let inner = text.strip_prefix(FENCE).and_then(|rest| rest.strip_suffix(FENCE));
    let Some(inner) = inner.filter(|inner| !inner.contains(FENCE)) else { return text };
    inner.split_once('\n').map_or(text, |(_language, inner)| inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reply_that_fits_becomes_data_and_what_it_has_beside_stays_text() {
        let reply = r#"{"status":"focused_review_required","reason":"big","continuation_id":"x","tool":{"name":"rm"}}"#;
        let data = decode(reply, &[FOCUSED_REVIEW]).unwrap();
        assert_eq!(
            Value::from(data),
            json!({
                "status": "focused_review_required",
                "reason": "big",
                "further": r#"{"continuation_id":"x","tool":{"name":"rm"}}"#,
            })
        );
    }

    #[test]
    fn a_fence_around_all_of_it_is_taken_off() {
        let object = r#"{"status":"files_required_to_continue","mandatory_instructions":"send","files_needed":["a"]}"#;
        for reply in [object.to_owned(), format!("```json\n{object}\n```"), format!("\n```\n{object}\n```\n")] {
            assert_eq!(decode(&reply, &[]).unwrap()["files_needed"], json!(["a"]), "{reply}");
        }
    }

    #[test]
    fn what_does_not_fit_is_no_data() {
        for reply in [
            "prose",
            r#"["status"]"#,
            r#"{"status":"calling_expert_analysis"}"#,
            r#"{"status":"focused_review_required"}"#,
            r#"{"status":"focused_review_required","reason":7}"#,
            "See this: ```json\n{\"status\":\"focused_review_required\",\"reason\":\"r\"}\n```",
            "```json\n{}\n``` and ```json\n{}\n```",
            "``````",
        ] {
            assert_eq!(decode(reply, &[FOCUSED_REVIEW]), None, "{reply}");
        }
    }
}
