//! What a tool takes, declared once: the JSON schema that agents read and the check of what they send are both drawn
//! from it. The schema is lean on purpose: every agent pays for each byte of it.

use serde_json::{Map, Value, json};

/// A tool as it is advertised.
#[derive(Debug)]
pub struct Spec {
    pub name: &'static str,
    pub title: &'static str,
    /// When to use it.
    pub description: &'static str,
    /// It changes nothing outside zen.
    pub read_only: bool,
    pub fields: &'static [Field],
    /// Whether arguments that are not declared are refused.
    pub closed: bool,
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// Empty where the name says it all.
    pub doc: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text,
    Texts,
    /// Within these bounds, which are whole so that the schema stays short.
    Number(u32, u32),
    /// A whole number within these bounds.
    Whole(u32, u32),
    Choice(&'static [&'static str]),
}

impl Field {
    pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: true, doc }
    }

    pub const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: false, doc }
    }

    /// Fields that several tools share, under the same words everywhere.
    pub const MODEL: Self = Self::optional("model", Kind::Text, "Name or alias; default: the thread's, else auto");
    pub const TEMPERATURE: Self = Self::optional("temperature", Kind::Number(0, 1), "");
    pub const THINKING_MODE: Self =
        Self::optional("thinking_mode", Kind::Choice(&["minimal", "low", "medium", "high", "max"]), "");
    pub const CONTINUATION_ID: Self = Self::optional("continuation_id", Kind::Text, "Thread to continue");
    pub const IMAGES: Self = Self::optional("images", Kind::Texts, "Absolute paths or data: URLs");
}

impl Kind {
    /// What a value must be, in words for an error.
    pub fn expects(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Number(min, max) => format!("a number from {min} to {max}"),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
        }
    }

    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|items| items.iter().all(Value::is_string)),
            Self::Number(min, max) => {
                value.as_f64().is_some_and(|number| (f64::from(min)..=f64::from(max)).contains(&number))
            }
            Self::Whole(min, max) => value.as_u64().is_some_and(|number| (min.into()..=max.into()).contains(&number)),
            Self::Choice(choices) => value.as_str().is_some_and(|choice| choices.contains(&choice)),
        }
    }

    fn schema(self) -> Map<String, Value> {
        let value = match self {
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Number(min, max) => json!({ "type": "number", "minimum": min, "maximum": max }),
            Self::Whole(min, _) => json!({ "type": "integer", "minimum": min }),
            Self::Choice(choices) => json!({ "type": "string", "enum": choices }),
        };
        match value {
            Value::Object(schema) => schema,
            _ => Map::new(),
        }
    }
}

impl Spec {
    /// The tool's entry in `tools/list`.
    pub fn listing(&self) -> Value {
        let mut properties = Map::new();
        for field in self.fields {
            let mut schema = field.kind.schema();
            if !field.doc.is_empty() {
                schema.insert("description".to_owned(), field.doc.into());
            }
            properties.insert(field.name.to_owned(), schema.into());
        }
        let required: Vec<_> = self.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        let mut input = json!({ "type": "object", "properties": properties });
        if !required.is_empty() {
            input["required"] = json!(required);
        }
        if self.closed {
            input["additionalProperties"] = json!(false);
        }
        json!({
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": input,
            "annotations": { "readOnlyHint": self.read_only, "openWorldHint": self.takes_model() },
        })
    }

    /// Whether the tool asks a model, and so reaches the outside world.
    fn takes_model(&self) -> bool {
        self.fields.iter().any(|field| field.name == Field::MODEL.name)
    }
}
