//! The form of a tool: a line for each of its fields, made from the schema that agents read. What is wrong with a value
//! is said before anything is called; what only the tool can know, it says itself.

use serde_json::{Map, Value, json};

use super::draft::Draft;
use super::source::SourceView;
use crate::control::types::ToolSummary;
use crate::text;
use crate::tui::SourceId;

/// Fields of a tool that are shown; no tool has as many.
const MAX_FIELDS: usize = 100;
/// Filled in from the process where a tool asks for it.
const FOLDER: &str = "working_directory_absolute_path";

#[derive(Clone, Debug)]
pub struct Form {
    pub source: SourceId,
    pub tool: String,
    pub says: String,
    pub fields: Vec<Field>,
    pub focus: usize,
    pub problem: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    pub says: String,
    pub draft: Draft,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text,
    /// Separated by commas, or a JSON list.
    Texts,
    Number {
        whole: bool,
    },
    Choice(Vec<String>),
    /// Anything else, as JSON.
    Json,
}

impl Form {
    pub fn of(source: &SourceView, tool: &ToolSummary) -> Self {
        let empty = Map::new();
        let properties = tool.input["properties"].as_object().unwrap_or(&empty);
        let required: Vec<&str> =
            tool.input["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let folder = source.hello.as_ref().map_or("", |hello| hello.working_directory.as_str());
        let field = |(name, schema): (&String, &Value)| Field {
            kind: Kind::of(schema),
            required: required.contains(&name.as_str()),
            says: text::sanitise_line(schema["description"].as_str().unwrap_or_default()).into_owned(),
            draft: Draft::lines(if name == FOLDER { folder } else { "" }),
            name: text::sanitise_line(name).into_owned(),
        };
        let mut fields: Vec<Field> = properties.iter().take(MAX_FIELDS).map(field).collect();
        fields.sort_by_key(|field| !field.required);
        let focus = fields.iter().position(|field| field.required && field.draft.is_empty()).unwrap_or_default();
        let (tool, says) = (tool.name.clone(), tool.description.clone());
        Self { source: source.id, tool, says, fields, focus, problem: None }
    }

    pub fn focused(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    pub fn move_by(&mut self, step: isize) {
        let last = self.fields.len().saturating_sub(1);
        self.focus = self.focus.saturating_add_signed(step).min(last);
    }

    /// The arguments, or which field is wrong and how, with the focus on it.
    pub fn arguments(&mut self) -> Option<String> {
        let mut arguments = Map::new();
        for (at, field) in self.fields.iter().enumerate() {
            match field.value() {
                Ok(Some(value)) => {
                    arguments.insert(field.name.clone(), value);
                }
                Ok(None) => {}
                Err(problem) => {
                    self.problem = Some(format!("{}: {problem}", field.name));
                    self.focus = at;
                    return None;
                }
            }
        }
        self.problem = None;
        Some(Value::Object(arguments).to_string())
    }
}

impl Field {
    /// None: it is left out.
    fn value(&self) -> Result<Option<Value>, String> {
        let text = self.draft.text().trim();
        if text.is_empty() {
            return if self.required { Err("is needed".to_owned()) } else { Ok(None) };
        }
        let value = match &self.kind {
            Kind::Text => json!(text),
            Kind::Texts if text.starts_with('[') => {
                serde_json::from_str(text).map_err(|error| format!("is no list: {error}"))?
            }
            Kind::Texts => {
                json!(text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>())
            }
            Kind::Number { whole: true } => {
                json!(text.parse::<i64>().map_err(|_| format!("'{text}' is no whole number"))?)
            }
            Kind::Number { whole: false } => json!(text.parse::<f64>().map_err(|_| format!("'{text}' is no number"))?),
            Kind::Choice(choices) if !choices.iter().any(|choice| choice == text) => {
                return Err(format!("is one of {}", choices.join(", ")));
            }
            Kind::Choice(_) if text == "true" || text == "false" => json!(text == "true"),
            Kind::Choice(_) => json!(text),
            Kind::Json => serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?,
        };
        Ok(Some(value))
    }

    /// Goes to the next choice, or the one before; the first is none.
    pub fn turn(&mut self, forward: bool) -> bool {
        let Kind::Choice(choices) = &self.kind else { return false };
        let count = choices.len() + 1;
        let at = choices.iter().position(|choice| choice == self.draft.text()).map_or(0, |at| at + 1);
        let next = if forward { (at + 1) % count } else { (at + count - 1) % count };
        self.draft = Draft::of(next.checked_sub(1).map_or("", |at| choices[at].as_str()));
        true
    }

    /// What may stand in it.
    pub fn expects(&self) -> String {
        match &self.kind {
            Kind::Text => "text".to_owned(),
            Kind::Texts => "texts, with commas between".to_owned(),
            Kind::Number { whole: true } => "a whole number".to_owned(),
            Kind::Number { whole: false } => "a number".to_owned(),
            Kind::Choice(choices) => format!("← → {}", choices.join(", ")),
            Kind::Json => "JSON".to_owned(),
        }
    }
}

impl Kind {
    fn of(schema: &Value) -> Self {
        if let Some(choices) = schema["enum"].as_array() {
            let choices = choices.iter().filter_map(Value::as_str);
            return Self::Choice(choices.map(|choice| text::sanitise_line(choice).into_owned()).collect());
        }
        match schema["type"].as_str() {
            Some("string") => Self::Text,
            Some("integer") => Self::Number { whole: true },
            Some("number") => Self::Number { whole: false },
            Some("boolean") => Self::Choice(vec!["true".to_owned(), "false".to_owned()]),
            Some("array") if schema["items"]["type"] == "string" => Self::Texts,
            _ => Self::Json,
        }
    }
}
