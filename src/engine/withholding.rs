//! Takes secrets out of what a call was given, before a tool, a model or a thread sees it, and says so in the reply and
//! in the turn. What comes from elsewhere, files and the output of programs, is cleaned where it is read.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::secret::{self, Redactor};
use crate::tools::error::ToolError;
use crate::tools::reply::Reply;
use crate::tools::schema::{Field, Spec};

/// Arguments of more bytes are looked through where that holds up nobody.
const AT_ONCE: usize = 64 << 10;
/// What stands for an argument that the tool does not have.
const UNKNOWN: &str = "arguments";

/// A call's arguments as its tool gets them.
#[derive(Default)]
pub(super) struct Given {
    pub arguments: Option<Box<RawValue>>,
    pub withheld: Withheld,
}

/// Where secrets were taken out, each in a line.
#[derive(Default)]
pub(super) struct Withheld(Vec<String>);

impl Given {
    pub(super) async fn clean(
        arguments: Option<Box<RawValue>>,
        spec: &'static Spec,
        redactor: &Redactor,
    ) -> Result<Self, ToolError> {
        let Some(raw) = arguments else { return Ok(Self::default()) };
        if raw.get().len() <= AT_ONCE {
            return Self::of(raw, spec, redactor);
        }
        let redactor = redactor.clone();
        let cleaned = tokio::task::spawn_blocking(move || Self::of(raw, spec, &redactor)).await;
        cleaned.map_err(|error| ToolError::Internal(error.to_string()))?
    }

    fn of(raw: Box<RawValue>, spec: &Spec, redactor: &Redactor) -> Result<Self, ToolError> {
        // What is no object is the tool's to refuse.
        let fields = serde_json::from_str::<BTreeMap<Cow<'_, str>, &RawValue>>(raw.get()).unwrap_or_default();
        let (mut withheld, mut clean) = (Vec::new(), BTreeMap::new());
        for (name, value) in fields {
            let field = spec.field(&name).map(|field| field.name);
            // It holds the bytes of pictures, and no words.
            if field == Some(Field::IMAGES.name) {
                clean.insert(name, Cow::Borrowed(value.get()));
                continue;
            }
            let found = redactor.clean(value.get());
            if !found.withheld.is_empty() {
                withheld.push(format!("{}: {}", field.unwrap_or(UNKNOWN), secret::told(&found.withheld)));
            }
            clean.insert(name, found.text);
        }
        if withheld.is_empty() {
            return Ok(Self { arguments: Some(raw), withheld: Withheld::default() });
        }
        let members = clean.iter().map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&**name)));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        let arguments = RawValue::from_string(text).map_err(|error| ToolError::Internal(error.to_string()))?;
        Ok(Self { arguments: Some(arguments), withheld: Withheld(withheld) })
    }
}

impl Withheld {
    /// Says it in the reply and in its turn.
    pub(super) fn tell(self, reply: &mut Reply) {
        if self.0.is_empty() {
            return;
        }
        reply.body.withhold(&self.0);
        if let Some(turn) = &mut reply.turn {
            turn.withheld.splice(0..0, self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::schema::Kind;

    const KEY: &str = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    static SPEC: Spec = Spec {
        name: "t",
        title: "",
        description: "",
        read_only: true,
        fields: &[Field::required("step", Kind::Text, ""), Field::IMAGES],
        closed: false,
    };

    fn given(text: &str) -> (String, Vec<String>) {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        let given = Given::of(raw, &SPEC, &Redactor::default()).unwrap();
        (given.arguments.unwrap().get().to_owned(), given.withheld.0)
    }

    #[test]
    fn arguments_without_a_secret_stay_byte_for_byte_as_they_came() {
        for text in [r#"{ "step" : "a\u0041", "n":1.50 , "step":"again"}"#, "[1]", "null", r#""text""#] {
            assert_eq!(given(text), (text.to_owned(), vec![]));
        }
    }

    #[test]
    fn a_secret_goes_wherever_it_stands_and_is_told_by_the_field() {
        let text = format!(r#"{{"step":"see {KEY}","other":[{{"deep":"{KEY}"}}],"n":1}}"#);
        let (clean, withheld) = given(&text);
        let read: serde_json::Value = serde_json::from_str(&clean).unwrap();
        assert_eq!(read, serde_json::json!({ "step": "see [redacted]", "other": [{ "deep": "[redacted]" }], "n": 1 }));
        assert_eq!(withheld, ["arguments: 1 GitHub token", "step: 1 GitHub token"]);
    }

    #[test]
    fn a_picture_is_left_as_it_is() {
        let text = format!(r#"{{"images":["data:image/png;base64,{KEY}"]}}"#);
        assert_eq!(given(&text), (text, vec![]));
    }
}
