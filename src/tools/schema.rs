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

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// What an absent one counts as, where that is worth telling.
    pub default: Option<Preset>,
    /// Empty where the name says it all.
    pub doc: &'static str,
}

/// What an absent field counts as.
#[derive(Clone, Copy, Debug)]
pub enum Preset {
    Word(&'static str),
    Flag(bool),
}

#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Text,
    Texts,
    Flag,
    /// Within these bounds, which are whole so that the schema stays short.
    Number(u32, u32),
    /// A whole number within these bounds.
    Whole(u32, u32),
    Choice(&'static [&'static str]),
    /// An object of the caller's own making.
    Object,
    /// A list of such objects.
    Objects,
    /// A list of at least so many objects with these fields and no others.
    Records(u32, &'static [Field]),
}

impl Field {
    pub const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: true, default: None, doc }
    }

    pub const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self { name, kind, required: false, default: None, doc }
    }

    /// One of a few words, with the one that counts where none is given.
    pub const fn choice(
        name: &'static str,
        choices: &'static [&'static str],
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Self { default: Some(Preset::Word(default)), ..Self::optional(name, Kind::Choice(choices), doc) }
    }

    /// A flag with the value that counts where none is given.
    pub const fn flag(name: &'static str, default: bool, doc: &'static str) -> Self {
        Self { default: Some(Preset::Flag(default)), ..Self::optional(name, Kind::Flag, doc) }
    }

    /// The same field under other words.
    pub const fn said(self, doc: &'static str) -> Self {
        Self { doc, ..self }
    }

    /// Fields that several tools share, under the same words everywhere.
    pub const MODEL: Self = Self::optional("model", Kind::Text, "");
    pub const TEMPERATURE: Self = Self::optional("temperature", Kind::Number(0, 1), "");
    pub const THINKING_MODE: Self =
        Self::optional("thinking_mode", Kind::Choice(&["minimal", "low", "medium", "high", "max"]), "");
    pub const CONTINUATION_ID: Self = Self::optional("continuation_id", Kind::Text, "Thread to continue");
    pub const IMAGES: Self = Self::optional("images", Kind::Texts, "Paths or data: URLs");
}

/// The fields of `groups`, one behind the other. `N` is their number: another one does not compile.
pub const fn join<const N: usize>(groups: &[&[Field]]) -> [Field; N] {
    let mut all = [Field::MODEL; N];
    let (mut count, mut group) = (0, 0);
    while group < groups.len() {
        let mut index = 0;
        while index < groups[group].len() {
            all[count] = groups[group][index];
            count += 1;
            index += 1;
        }
        group += 1;
    }
    assert!(count == N, "the groups have another number of fields");
    all
}

impl Preset {
    pub fn value(self) -> Value {
        match self {
            Self::Word(word) => word.into(),
            Self::Flag(flag) => flag.into(),
        }
    }
}

impl Kind {
    /// What a value must be, in words for an error.
    pub fn expects(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Number(min, max) => format!("a number from {min} to {max}"),
            Self::Whole(min, u32::MAX) => format!("a whole number from {min}"),
            Self::Whole(min, max) => format!("a whole number from {min} to {max}"),
            Self::Choice(choices) => format!("one of {}", choices.join(", ")),
            Self::Object => "an object".to_owned(),
            Self::Objects => "a list of objects".to_owned(),
            Self::Records(min, fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.name).collect();
                format!("a list of at least {min} objects with {}", names.join(", "))
            }
        }
    }

    /// Whether `value` is one, as far as can be told from the outside: what stands in records is checked by itself.
    pub fn accepts(self, value: &Value) -> bool {
        let items = |each: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(each));
        match self {
            Self::Text => value.is_string(),
            Self::Texts => items(Value::is_string),
            Self::Flag => value.is_boolean(),
            Self::Number(min, max) => {
                value.as_f64().is_some_and(|number| (f64::from(min)..=f64::from(max)).contains(&number))
            }
            Self::Whole(min, max) => value.as_u64().is_some_and(|number| (min.into()..=max.into()).contains(&number)),
            Self::Choice(choices) => value.as_str().is_some_and(|choice| choices.contains(&choice)),
            Self::Object => value.is_object(),
            Self::Objects => items(Value::is_object),
            Self::Records(min, _) => {
                let enough = value.as_array().is_some_and(|items| items.len() >= min as usize);
                enough && items(Value::is_object)
            }
        }
    }

    /// Bounds that only a mistake passes are not advertised: the check says them to whoever needs to know.
    fn schema(self) -> Map<String, Value> {
        let value = match self {
            Self::Text => json!({ "type": "string" }),
            Self::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Number(..) => json!({ "type": "number" }),
            Self::Whole(..) => json!({ "type": "integer" }),
            Self::Choice(choices) => json!({ "type": "string", "enum": choices }),
            Self::Object => json!({ "type": "object" }),
            Self::Objects => json!({ "type": "array", "items": { "type": "object" } }),
            Self::Records(min, fields) => json!({ "type": "array", "minItems": min, "items": object(fields, false) }),
        };
        match value {
            Value::Object(schema) => schema,
            _ => Map::new(),
        }
    }
}

/// The schema of an object with these fields.
fn object(fields: &[Field], closed: bool) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = field.kind.schema();
        if let Some(default) = field.default {
            schema.insert("default".to_owned(), default.value());
        }
        if !field.doc.is_empty() {
            schema.insert("description".to_owned(), field.doc.into());
        }
        properties.insert(field.name.to_owned(), schema.into());
    }
    let required: Vec<_> = fields.iter().filter(|field| field.required).map(|field| field.name).collect();
    // Built in place: what `json!` is handed it copies, and every start of zen writes these.
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if closed {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    schema.into()
}

impl Spec {
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The tool's entry in `tools/list`. `open_world`: it reaches beyond this machine; a hint that says what an absent
    /// one would say is left out.
    pub fn listing(&self, open_world: bool, read_only: bool) -> Value {
        let mut annotations = json!({ "readOnlyHint": read_only });
        if !open_world {
            annotations["openWorldHint"] = json!(false);
        }
        let entry = [
            ("name", self.name.into()),
            ("title", self.title.into()),
            ("description", self.description.into()),
            ("inputSchema", self.input()),
            ("annotations", annotations),
        ];
        entry.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The schema of its arguments.
    pub fn input(&self) -> Value {
        object(self.fields, self.closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TWO: [Field; 2] = join(&[&[Field::MODEL], &[Field::flag("deep", true, "Dig")]]);

    #[test]
    fn a_listing_has_types_enums_defaults_and_what_is_required() {
        let fields: &[Field] =
            &[Field::required("who", Kind::Records(2, &TWO), ""), Field::choice("how", &["a", "b"], "a", "")];
        assert_eq!(
            object(fields, true).to_string(),
            r#"{"type":"object","properties":{"who":{"type":"array","minItems":2,"items":{"type":"object","properties":{"model":{"type":"string"},"deep":{"type":"boolean","default":true,"description":"Dig"}}}},"how":{"type":"string","enum":["a","b"],"default":"a"}},"required":["who"],"additionalProperties":false}"#
        );
    }
}
