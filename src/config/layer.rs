//! The layers above the file: what variables and flags give for the keys, as entries in the order of precedence. Nothing
//! is decided here; entries are set one after the other by the loader.

use std::path::Path;

use super::draft::Draft;
use super::environment::Environment;
use super::error::{Error, Place, Problem};
use super::key::{KEYS, Key, Unit, find};
use super::value::Given;
use crate::text::nearest::nearest;

/// A value that a layer gives for a key, and where.
pub struct Entry<'a> {
    pub key: &'static Key,
    pub given: Given<'a>,
    pub unit: Unit,
    pub place: Place,
    /// The endpoint that it is for, where that is another one of its provider's kind.
    pub endpoint: Option<String>,
}

/// The layers as they are read, lowest first.
#[derive(Default)]
pub struct Layers<'a> {
    pub entries: Vec<Entry<'a>>,
    pub errors: Vec<Error>,
}

impl<'a> Layers<'a> {
    /// The variables: those of the older server first, so that zen's own win.
    pub fn read_environment(&mut self, environment: &'a Environment) {
        for key in KEYS.iter() {
            for upstream in key.upstreams() {
                self.read_variable(environment, key, upstream.variable, upstream.unit);
            }
            self.read_variable(environment, key, &key.variable(), Unit::Same);
        }
        for name in environment.names_with("ZEN_").filter(|name| is_of_a_section(name)) {
            if !KEYS.iter().any(|key| key.variable() == name) {
                let variables: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let nearest = nearest(name, variables.iter().map(String::as_str)).map(str::to_owned);
                let problem = Problem::Unknown { what: "variable", nearest };
                self.errors.push(Error { place: Place::Variable(name.to_owned()), key: None, problem });
            }
        }
    }

    /// The `(key, value)` pairs of the command line. A list's values add up; of any other key the last one counts.
    pub fn read_flags(&mut self, flags: &'a [(String, String)]) {
        for (name, value) in flags {
            let place = Place::Flag(format!("--set {name}"));
            let Some(key) = find(name) else {
                self.errors.push(Error { place, key: None, problem: unknown(name) });
                continue;
            };
            let given = Given::Typed(value.trim().into());
            let former = self.entries.iter_mut().find(|entry| entry.place == place && key.field.is_list());
            match (former, key.field.items(&given)) {
                (Some(Entry { given: Given::List(list), .. }), Ok(items)) => list.extend(owned(items)),
                (_, Ok(items)) if key.field.is_list() => {
                    let given = Given::List(owned(items));
                    self.entries.push(Entry { key, given, unit: Unit::Same, place, endpoint: None });
                }
                _ => self.entries.push(Entry { key, given, unit: Unit::Same, place, endpoint: None }),
            }
        }
    }

    fn read_variable(&mut self, environment: &'a Environment, key: &'static Key, name: &str, unit: Unit) {
        let place = Place::Variable(name.to_owned());
        match environment.text(name) {
            Ok(None) => {}
            Ok(Some(text)) => {
                self.entries.push(Entry { key, given: Given::Typed(text.into()), unit, place, endpoint: None });
            }
            Err(_) => self.errors.push(Error { place, key: None, problem: Problem::NotUnicode }),
        }
    }
}

impl Entry<'_> {
    /// Puts the value into the draft, or says of it what is wrong in the unit in which it was given.
    pub fn set(&self, draft: &mut Draft, home: Option<&Path>) -> Result<(), Problem> {
        let set = |draft, given| self.key.set(draft, self.endpoint.as_deref(), given, home);
        let Given::Typed(text) = &self.given else { return set(draft, &self.given) };
        set(draft, &Given::Typed(self.unit.translate(text))).map_err(|problem| match (problem, self.unit.words()) {
            (Problem::Invalid { .. }, Some(words)) => {
                Problem::Invalid { given: self.given.quoted(), expected: format!("a number of {words}") }
            }
            (problem, _) => problem,
        })
    }
}

/// How a limit by day would be named.
const BY_DAY: [&str; 4] = ["per_day", "daily", "day", "per_provider_per_day"];

/// What to say of a dotted name that is no key.
pub fn unknown(name: &str) -> Problem {
    let (section, leaf) = name.rsplit_once('.').unwrap_or(("", name));
    if is_plain_key(section, leaf) {
        return Problem::KeyInPlainText;
    }
    if section == "spend" && BY_DAY.contains(&leaf) {
        return Problem::NeedsStore;
    }
    let sections = || KEYS.iter().map(Key::section);
    if !section.is_empty() && !sections().any(|known| known == section) {
        let nearest = nearest(section, sections()).map(|near| format!("{near}.{leaf}"));
        let nearest = nearest.filter(|name| find(name).is_some()).or_else(|| nearest_key(name, leaf));
        return Problem::Unknown { what: "key", nearest };
    }
    let in_section = KEYS.iter().filter(|key| key.section() == section);
    let near = nearest(leaf, in_section.map(Key::leaf)).map(|near| format!("{section}.{near}"));
    Problem::Unknown { what: "key", nearest: near.or_else(|| nearest_key(name, leaf)) }
}

/// A key of the same last name in another section, or one whose whole name is near.
fn nearest_key(name: &str, leaf: &str) -> Option<String> {
    KEYS.iter()
        .find(|key| key.leaf() == leaf)
        .map(|key| key.name)
        .or_else(|| nearest(name, KEYS.iter().map(|key| key.name)))
        .map(str::to_owned)
}

fn is_plain_key(section: &str, leaf: &str) -> bool {
    section.starts_with("providers.") && matches!(leaf, "key" | "api_key" | "apikey" | "token" | "secret" | "password")
}

/// `ZEN_THREADS_...` and the like are ours alone; another `ZEN_...` may belong to anyone.
fn is_of_a_section(variable: &str) -> bool {
    let Some((section, _)) = variable.strip_prefix("ZEN_").and_then(|rest| rest.split_once('_')) else { return false };
    KEYS.iter().any(|key| key.section().split('.').next().is_some_and(|own| own.eq_ignore_ascii_case(section)))
}

fn owned<'a>(items: Vec<Given<'_>>) -> Vec<Given<'a>> {
    items
        .into_iter()
        .map(|item| match item {
            Given::Typed(text) => Given::Typed(text.into_owned().into()),
            other => Given::Typed(other.quoted().into()),
        })
        .collect()
}
