//! One rule: what must stand in a message for it to apply, and what it does then.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::interceptor::decider::{Decision, Pause};
use crate::interceptor::filter::Glob;
use crate::interceptor::{Action, Decider, Message};
use crate::mcp::codec::ResultBody;

#[derive(Debug, PartialEq)]
pub struct Rule {
    pub name: String,
    /// Told to whoever is concerned; the rule's name where nothing else was said.
    pub reason: String,
    /// All must hold.
    pub conditions: Vec<Condition>,
    pub does: Does,
}

/// Something that must hold at a JSON pointer.
#[derive(Debug, PartialEq)]
pub struct Condition {
    pub pointer: String,
    pub test: Test,
}

#[derive(Debug, PartialEq)]
pub enum Test {
    Exists(bool),
    Equals(Value),
    /// Part of a text, or an item of a list.
    Contains(String),
    Glob(Glob),
}

#[derive(Debug, PartialEq)]
pub enum Does {
    Block,
    Modify { set: Vec<(String, Value)>, remove: Vec<String> },
    Mock(ResultBody),
    Delay(Duration),
    Pause(Pause),
    Log,
}

impl Decider for Rule {
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a> {
        Box::pin(async move {
            let reads = !self.conditions.is_empty() || matches!(self.does, Does::Modify { .. });
            let value = if reads { serde_json::from_slice(&message.bytes).ok() } else { None };
            // In what is no JSON nothing can hold; it is answered as what it is.
            let applies = !reads || value.as_ref().is_some_and(|value| self.holds(value));
            if applies { self.act(value) } else { Ok(Action::Continue) }
        })
    }
}

impl Rule {
    fn holds(&self, message: &Value) -> bool {
        self.conditions.iter().all(|condition| condition.holds(message))
    }

    fn act(&self, message: Option<Value>) -> Result<Action, String> {
        Ok(match &self.does {
            Does::Block => Action::Block(self.reason.clone()),
            Does::Mock(body) => Action::Mock { body: body.clone(), reason: self.reason.clone() },
            Does::Delay(duration) => Action::Delay(*duration),
            Does::Pause(pause) => Action::Pause(pause.clone()),
            Does::Log => {
                tracing::info!(rule = self.name, reason = self.reason, "a rule applies");
                Action::Log(self.reason.clone())
            }
            Does::Modify { set, remove } => {
                let Some(mut message) = message else { return Ok(Action::Continue) };
                for pointer in remove {
                    remove_at(&mut message, pointer);
                }
                for (pointer, value) in set {
                    set_at(&mut message, pointer, value.clone())?;
                }
                Action::Modify(Bytes::from(serde_json::to_vec(&message).map_err(|error| error.to_string())?))
            }
        })
    }
}

impl Condition {
    fn holds(&self, message: &Value) -> bool {
        let found = message.pointer(&self.pointer);
        match (&self.test, found) {
            (Test::Exists(wanted), found) => found.is_some() == *wanted,
            (_, None) => false,
            (Test::Equals(wanted), Some(found)) => found == wanted,
            (Test::Contains(part), Some(Value::String(text))) => text.contains(part),
            (Test::Contains(item), Some(Value::Array(items))) => items.iter().any(|one| one.as_str() == Some(item)),
            (Test::Contains(_), Some(_)) => false,
            (Test::Glob(glob), Some(Value::String(text))) => glob.matches(text),
            (Test::Glob(glob), Some(other)) => glob.matches(&other.to_string()),
        }
    }
}

/// Sets a value; objects that are missing on the way to it are made. `-` stands for the end of a list.
fn set_at(message: &mut Value, pointer: &str, value: Value) -> Result<(), String> {
    let mut place = message;
    for name in names(pointer) {
        if place.is_null() {
            *place = Value::Object(serde_json::Map::new());
        }
        place = match place {
            Value::Object(members) => members.entry(name).or_insert(Value::Null),
            Value::Array(items) => {
                if name == "-" {
                    items.push(Value::Null);
                }
                let at = if name == "-" { Some(items.len() - 1) } else { name.parse().ok() };
                at.and_then(|at: usize| items.get_mut(at))
                    .ok_or_else(|| format!("{pointer}: the list has no item {name}"))?
            }
            _ => return Err(format!("{pointer} leads through a value that has no members")),
        };
    }
    *place = value;
    Ok(())
}

/// Removes what stands at `pointer`, if anything does.
fn remove_at(message: &mut Value, pointer: &str) {
    let Some((parent, last)) = pointer.rsplit_once('/') else { return };
    let name = unescaped(last);
    match message.pointer_mut(parent) {
        Some(Value::Object(members)) => {
            // The others keep their order.
            members.shift_remove(&name);
        }
        Some(Value::Array(items)) => {
            if let Some(at) = name.parse().ok().filter(|at: &usize| *at < items.len()) {
                items.remove(at);
            }
        }
        _ => {}
    }
}

fn names(pointer: &str) -> impl Iterator<Item = String> + '_ {
    pointer.split('/').skip(1).map(unescaped)
}

fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}
