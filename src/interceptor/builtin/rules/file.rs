//! The file of rules: `[[rule]]` tables, each checked whole. All that is wrong is told at once.

use std::ops::Range;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::reader::{Reader, Wrong};
use super::rule::{Condition, Does, Rule, Test};
use crate::interceptor::decider::{OnTimeout, Pause};
use crate::interceptor::filter::Glob;
use crate::interceptor::{Direction, Filter, Kind};
use crate::mcp::codec::ResultBody;
use crate::mcp::version::{Era, Version};

/// Rules in a file.
const MAX_RULES: usize = 1_000;
/// The longest that a rule may delay or pause a message.
const MAX_WAIT: Duration = Duration::from_secs(3_600);

/// A rule as the file has it.
#[derive(Debug)]
pub struct Spec {
    pub name: String,
    pub enabled: bool,
    pub filter: Filter,
    pub rule: Rule,
}

/// Every key of a rule, and the one action that it belongs to, if it does.
const KEYS: [(&str, Option<&str>); 16] = [
    ("name", None),
    ("enabled", None),
    ("direction", None),
    ("kind", None),
    ("method", None),
    ("tool", None),
    ("version", None),
    ("era", None),
    ("when", None),
    ("reason", None),
    ("action", None),
    ("set", Some("modify")),
    ("remove", Some("modify")),
    ("result", Some("mock")),
    ("delay", Some("delay")),
    ("timeout", Some("pause")),
];
const ON_TIMEOUT: (&str, &str) = ("on_timeout", "pause");

const ACTIONS: [(&str, &str); 6] = [
    ("block", "block"),
    ("modify", "modify"),
    ("mock", "mock"),
    ("delay", "delay"),
    ("pause", "pause"),
    ("log", "log"),
];

const KINDS: [(&str, Kind); 5] = [
    ("request", Kind::Request),
    ("notification", Kind::Notification),
    ("result", Kind::Result),
    ("error", Kind::Error),
    ("malformed", Kind::Malformed),
];

/// Reads all rules.
pub fn read(text: &str) -> Result<Vec<Spec>, Vec<Wrong>> {
    let mut reader = Reader::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        reader.refuse(&error.span().unwrap_or_default(), error.message().escape_debug().to_string());
    }
    let mut specs: Vec<Spec> = Vec::new();
    if errors.is_empty() {
        reader.known(table.get_ref(), &["rule"]);
        let rules = table.get_ref().get("rule").map(|rules| reader.tables(rules)).unwrap_or_default();
        if rules.len() > MAX_RULES {
            reader.refuse(&(0..0), format!("{} rules are more than the {MAX_RULES} that there may be", rules.len()));
        }
        for (span, table) in rules {
            let Some(spec) = rule(&mut reader, &span, table) else { continue };
            if specs.iter().any(|other| other.name == spec.name) {
                reader.refuse(&span, format!("another rule is named {:?} already", spec.name));
            }
            specs.push(spec);
        }
    }
    if reader.wrong.is_empty() { Ok(specs) } else { Err(reader.wrong) }
}

fn rule(reader: &mut Reader<'_>, span: &Range<usize>, table: &DeTable<'_>) -> Option<Spec> {
    let known: Vec<_> = KEYS.iter().map(|(key, _)| *key).chain([ON_TIMEOUT.0]).collect();
    reader.known(table, &known);
    let name = table.get("name").and_then(|name| reader.text(name)).filter(|name| !name.trim().is_empty());
    if name.is_none() {
        reader.refuse(span, "a rule needs a name");
    }
    let enabled = table.get("enabled").map_or(Some(true), |enabled| reader.bool(enabled));
    let reason = table.get("reason").map(|reason| reader.text(reason));
    let mut filter = filter(reader, table);
    let conditions = table.get("when").map(|when| conditions(reader, when)).unwrap_or_default();
    let action = match table.get("action") {
        Some(action) => reader.word(action, &ACTIONS),
        None => {
            reader.refuse(span, "a rule needs an action: block, modify, mock, delay, pause or log");
            None
        }
    };
    let (name, action) = (name?, action?);
    for (key, owner) in KEYS.into_iter().chain([(ON_TIMEOUT.0, Some(ON_TIMEOUT.1))]) {
        if let (Some(value), Some(owner)) = (table.get(key), owner.filter(|owner| *owner != action)) {
            reader.refuse(&value.span(), format!("`{key}` belongs to the action {owner}, and this rule's is {action}"));
        }
    }
    let reason = reason.flatten().unwrap_or_else(|| format!("rule '{name}'"));
    let does = does(reader, span, table, action, &reason)?;
    narrow(reader, span, &mut filter, &does);
    Some(Spec { enabled: enabled?, filter, rule: Rule { name: name.clone(), reason, conditions, does }, name })
}

fn filter(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Filter {
    let mut filter = Filter::default();
    if let Some(direction) = table.get("direction") {
        filter.direction = reader.word(direction, &[("in", Direction::In), ("out", Direction::Out)]);
    }
    if let Some(kinds) = table.get("kind") {
        let texts = reader.texts(kinds);
        filter.kinds = texts.iter().filter_map(|kind| reader.one_of(&kinds.span(), kind, &KINDS)).collect();
    }
    let mut globs = |key: &str| -> Vec<Glob> {
        table.get(key).map(|value| reader.texts(value)).unwrap_or_default().iter().map(|text| Glob::new(text)).collect()
    };
    filter.methods = globs("method");
    filter.tools = globs("tool");
    if let Some(era) = table.get("era") {
        let era = reader.word(era, &[("handshake", Era::Handshake), ("stateless", Era::Stateless)]);
        filter = era.map_or(filter.clone(), |era| filter.in_era(era));
    }
    if let Some(versions) = table.get("version") {
        let words = Version::ALL.map(|version| (version.as_str(), version));
        let texts = reader.texts(versions);
        let named = texts.iter().filter_map(|version| reader.one_of(&versions.span(), version, &words));
        let named: Vec<_> = named.collect();
        filter.versions = match filter.versions.as_slice() {
            [] => named,
            of_era => named.into_iter().filter(|version| of_era.contains(version)).collect(),
        };
        if filter.versions.is_empty() {
            reader.refuse(&versions.span(), "no version is left of those that `version` and `era` name");
        }
    }
    filter
}

fn conditions(reader: &mut Reader<'_>, when: &Spanned<DeValue<'_>>) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (span, table) in reader.tables(when) {
        reader.known(table, &["pointer", "equals", "contains", "glob", "exists"]);
        let pointer = match table.get("pointer") {
            Some(pointer) => reader.pointer(pointer),
            None => {
                reader.refuse(&span, "a condition needs a `pointer`");
                None
            }
        };
        let tests = [
            table.get("equals").map(|value| reader.json(value).map(Test::Equals)),
            table.get("contains").map(|value| reader.text(value).map(Test::Contains)),
            table.get("glob").map(|value| reader.text(value).map(|glob| Test::Glob(Glob::new(&glob)))),
            table.get("exists").map(|value| reader.bool(value).map(Test::Exists)),
        ];
        let mut tests: Vec<_> = tests.into_iter().flatten().collect();
        if tests.len() != 1 {
            reader.refuse(&span, "a condition has exactly one of equals, contains, glob and exists");
        }
        if let (Some(pointer), Some(Some(test))) = (pointer, tests.pop()) {
            conditions.push(Condition { pointer, test });
        }
    }
    conditions
}

fn does(reader: &mut Reader<'_>, span: &Range<usize>, table: &DeTable<'_>, action: &str, reason: &str) -> Option<Does> {
    match action {
        "block" => Some(Does::Block),
        "log" => Some(Does::Log),
        "modify" => modify(reader, span, table),
        "delay" => match table.get("delay") {
            Some(delay) => reader.duration(delay, MAX_WAIT).map(Does::Delay),
            None => missing(reader, span, "the action delay needs `delay`, such as \"2s\""),
        },
        "mock" => match table.get("result") {
            Some(result) => {
                let body = ResultBody::of(&reader.json(result)?);
                let body = body.map_err(|error| reader.refuse(&result.span(), error.to_string()));
                body.ok().map(Does::Mock)
            }
            None => missing(reader, span, "the action mock needs `result`, a table"),
        },
        _ => {
            let timeout = table.get("timeout").map(|timeout| reader.duration(timeout, MAX_WAIT));
            let words = [("block", OnTimeout::Block), ("continue", OnTimeout::Continue)];
            let on_timeout = table.get(ON_TIMEOUT.0).map(|on_timeout| reader.word(on_timeout, &words));
            Some(Does::Pause(Pause {
                reason: reason.to_owned(),
                timeout: timeout.flatten(),
                on_timeout: on_timeout.flatten().unwrap_or_default(),
            }))
        }
    }
}

fn modify(reader: &mut Reader<'_>, span: &Range<usize>, table: &DeTable<'_>) -> Option<Does> {
    let mut set = Vec::new();
    for (span, one) in table.get("set").map(|set| reader.tables(set)).unwrap_or_default() {
        reader.known(one, &["pointer", "value"]);
        match (one.get("pointer"), one.get("value")) {
            (Some(pointer), Some(value)) => set.extend(reader.changeable(pointer).zip(reader.json(value))),
            _ => reader.refuse(&span, "to set something takes a `pointer` and a `value`"),
        }
    }
    let mut remove = Vec::new();
    if let Some(pointers) = table.get("remove") {
        match pointers.get_ref() {
            DeValue::Array(items) => remove.extend(items.iter().filter_map(|item| reader.changeable(item))),
            _ => remove.extend(reader.changeable(pointers)),
        }
    }
    if !table.contains_key("set") && !table.contains_key("remove") {
        return missing(reader, span, "the action modify needs `set` or `remove`");
    }
    Some(Does::Modify { set, remove })
}

/// Leaves of the filter what the action is legal for: there is nothing to answer but a request from the client, and
/// nothing to change in what is no message.
fn narrow(reader: &mut Reader<'_>, span: &Range<usize>, filter: &mut Filter, does: &Does) {
    match does {
        Does::Mock(_) => {
            let other_kind = filter.kinds.iter().any(|kind| *kind != Kind::Request);
            if filter.direction == Some(Direction::Out) || other_kind {
                reader.refuse(span, "only a request from the client can be answered: direction in, kind request");
            }
            filter.direction = Some(Direction::In);
            filter.kinds = vec![Kind::Request];
        }
        Does::Modify { .. } if filter.kinds.is_empty() => {
            filter.kinds = vec![Kind::Request, Kind::Notification, Kind::Result, Kind::Error];
        }
        Does::Modify { .. } if filter.kinds.contains(&Kind::Malformed) => {
            reader.refuse(span, "what is no message cannot be modified");
        }
        _ => {}
    }
}

fn missing(reader: &mut Reader<'_>, span: &Range<usize>, what: &str) -> Option<Does> {
    reader.refuse(span, what);
    None
}
