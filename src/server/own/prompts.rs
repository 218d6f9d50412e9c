//! A prompt for each tool, as clients offer them to a person (`/zen:chat`): it asks the agent to use the tool. Their names
//! are those of older servers; their arguments follow from the tool's fields.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::engine::Engine;
use crate::mcp::error::{RpcError, excerpt};
use crate::text::nearest::nearest;
use crate::tools::schema::{Field, Kind, Spec};

/// Tools whose prompt has another name.
const RENAMED: [(&str, &str); 2] = [("thinkdeep", "thinkdeeper"), ("codereview", "review")];
/// The prompt that goes on in a thread, and the tool that it goes on with.
const CONTINUE: &str = "continue";
const CONTINUES_WITH: &str = "chat";
/// What the tool is to be used for, in the person's words.
const TASK: &str = "prompt";
/// The fields of a tool that are a person's to choose.
const CHOSEN: [&str; 3] = [Field::MODEL.name, Field::THINKING_MODE.name, Field::CONTINUATION_ID.name];

pub struct Prompt {
    name: &'static str,
    title: String,
    description: String,
    spec: &'static Spec,
    continues: bool,
}

/// What a person can say with it.
struct Argument {
    name: &'static str,
    description: &'static str,
    required: bool,
    kind: Kind,
}

/// One for each enabled tool, and the one that goes on.
pub fn all(engine: &Engine) -> Vec<Prompt> {
    let specs = engine.tools().map(|tool| tool.spec());
    let mut prompts: Vec<_> = specs.map(Prompt::of).collect();
    if let Some(tool) = engine.tool(CONTINUES_WITH) {
        prompts.push(Prompt {
            name: CONTINUE,
            title: "Continue a thread".to_owned(),
            description: "Go on in an earlier thread, with the same model or another one.".to_owned(),
            spec: tool.spec(),
            continues: true,
        });
    }
    prompts
}

/// The prompt of this name; a tool's own name does as well.
pub fn find(engine: &Engine, name: &str) -> Result<Prompt, RpcError> {
    let mut prompts = all(engine);
    let at = prompts.iter().position(|prompt| prompt.name == name);
    match at.or_else(|| prompts.iter().position(|prompt| prompt.spec.name == name)) {
        Some(at) => Ok(prompts.swap_remove(at)),
        None => {
            Err(RpcError::invalid_params(format!("unknown prompt '{}': prompts/list has the names", excerpt(name))))
        }
    }
}

impl Prompt {
    fn of(spec: &'static Spec) -> Self {
        let name = RENAMED.iter().find(|(tool, _)| *tool == spec.name).map_or(spec.name, |(_, name)| name);
        Self {
            name,
            title: spec.title.to_owned(),
            description: first_sentence(spec.description).to_owned(),
            spec,
            continues: false,
        }
    }

    /// Its entry in `prompts/list`.
    pub fn listing(&self) -> Value {
        let argument = |argument: &Argument| json!({ "name": argument.name, "description": argument.description, "required": argument.required });
        let arguments: Vec<_> = self.arguments().iter().map(argument).collect();
        json!({ "name": self.name, "title": self.title, "description": self.description, "arguments": arguments })
    }

    /// The values that an argument can take, where they are few.
    pub fn choices(&self, argument: &str) -> Option<&'static [&'static str]> {
        match self.arguments().iter().find(|known| known.name == argument)?.kind {
            Kind::Choice(choices) => Some(choices),
            _ => Some(&[]),
        }
    }

    /// The result of `prompts/get`.
    pub fn write(&self, given: &BTreeMap<String, String>) -> Result<Value, RpcError> {
        let known = self.arguments();
        for (name, value) in given {
            let Some(argument) = known.iter().find(|argument| argument.name == name) else {
                return Err(unknown(self.name, name, &known));
            };
            if !value.is_empty() && !argument.kind.accepts(&Value::from(value.as_str())) {
                let expected = argument.kind.expects();
                return Err(RpcError::invalid_params(format!("`{}` must be {expected}", argument.name)));
            }
        }
        let said = |name: &str| given.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        if let Some(missing) = known.iter().find(|argument| argument.required && said(argument.name).is_none()) {
            return Err(RpcError::invalid_params(format!("`{}` is missing: {}", missing.name, missing.description)));
        }
        let text = self.text(&said);
        let content = json!({ "type": "text", "text": text });
        Ok(json!({ "description": self.description, "messages": [{ "role": "user", "content": content }] }))
    }

    fn text<'a>(&self, said: &impl Fn(&str) -> Option<&'a str>) -> String {
        let mut text = format!("Use the tool `{}` of the MCP server zen.", self.spec.name);
        if let Some(thread) = said(Field::CONTINUATION_ID.name) {
            let _ = write!(text, " Go on in the thread {thread}: pass it as `continuation_id`.");
        }
        match said(Field::MODEL.name) {
            Some("auto") => text.push_str(" Leave `model` out, so that zen chooses one."),
            Some(model) => {
                let _ = write!(text, " Pass exactly `{model}` as `model`.");
            }
            None if self.continues => text.push_str(" Leave `model` out, so that the same one goes on."),
            None => {}
        }
        if let Some(mode) = said(Field::THINKING_MODE.name) {
            let _ = write!(text, " Set `thinking_mode` to {mode}.");
        }
        match said(TASK) {
            Some(task) => {
                let _ = write!(text, "\n\n{task}");
            }
            None if self.has_task() => text.push_str(" It is about what we are working on."),
            None => {}
        }
        text
    }

    fn arguments(&self) -> Vec<Argument> {
        let task = Argument { name: TASK, description: "What it is to be used for", required: false, kind: Kind::Text };
        let chosen = self.spec.fields.iter().filter(|field| CHOSEN.contains(&field.name)).map(|field| Argument {
            name: field.name,
            description: described(field.name),
            required: self.continues && field.name == Field::CONTINUATION_ID.name,
            kind: field.kind,
        });
        self.has_task().then_some(task).into_iter().chain(chosen).collect()
    }

    /// A tool that takes nothing it must be given has nothing to be told.
    fn has_task(&self) -> bool {
        self.spec.fields.iter().any(|field| field.required)
    }
}

fn described(field: &str) -> &'static str {
    match field {
        "model" => "The model to ask, by name or alias; auto lets zen choose",
        "thinking_mode" => "How much thought it is given",
        _ => "The thread to go on in",
    }
}

fn unknown(prompt: &str, name: &str, known: &[Argument]) -> RpcError {
    let suggestion = nearest(name, known.iter().map(|argument| argument.name));
    let suggestion = suggestion.map(|name| format!(": did you mean `{name}`?")).unwrap_or_default();
    RpcError::invalid_params(format!("the prompt {prompt} has no argument `{}`{suggestion}", excerpt(name)))
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
