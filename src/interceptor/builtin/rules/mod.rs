//! Rules from the user's own file: each is a decider of its own in the chain. The file is read again when it changes,
//! whole or not at all: with a mistake in it, the rules that were in force stay.

mod file;
mod reader;
mod rule;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use std::time::Duration;

use crate::clock::Clock;
use crate::config::edited::Edited;
use crate::interceptor::Registration;
use crate::interceptor::decider::{Changing, Tally};
use crate::unit::UnixMillis;

/// A larger file is refused: rules are written by hand.
const MAX_FILE_BYTES: u64 = 1 << 20;

pub struct Rules {
    file: Edited,
    clock: Clock,
    deadline: Duration,
    current: RwLock<Arc<[Registration]>>,
    state: Mutex<State>,
}

struct State {
    /// What the file last said of each rule: on or off.
    said: HashMap<Arc<str>, bool>,
    loaded: UnixMillis,
    errors: Vec<String>,
}

/// What there is to know of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesFile {
    pub path: PathBuf,
    /// When the rules in force were read.
    pub loaded: UnixMillis,
    /// Why a later state of the file is not in force; empty where it is.
    pub errors: Vec<String>,
}

impl Rules {
    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its place.
    pub fn open(path: &Path, deadline: Duration, clock: Clock) -> Result<Arc<Self>, Vec<String>> {
        let state = State { said: HashMap::new(), loaded: clock.wall(), errors: Vec::new() };
        let (file, current, state) = (Edited::new(path), RwLock::new([].into()), Mutex::new(state));
        let rules = Self { file, clock, deadline, current, state };
        rules.load()?;
        Ok(Arc::new(rules))
    }

    pub fn file(&self) -> RulesFile {
        let state = self.state();
        RulesFile { path: self.file.path().to_owned(), loaded: state.loaded, errors: state.errors.clone() }
    }

    /// Reads the file again where it has changed since it was read, and has stopped changing. May take its time.
    pub fn look(&self) {
        if !self.file.look() {
            return;
        }
        match self.load() {
            Ok(count) => tracing::info!(rules = count, "rules were read again"),
            Err(errors) => {
                tracing::warn!(mistakes = errors.len(), "rules have mistakes: the former ones stay in force");
                self.state().errors = errors;
            }
        }
    }

    /// Puts the file's rules in force, all of them.
    fn load(&self) -> Result<usize, Vec<String>> {
        let path = self.file.path();
        let told = |what: String| vec![format!("{}: {what}", path.display())];
        let text = read_file(path).map_err(told)?;
        let specs = file::read(&text).map_err(|wrong| {
            let path = path.display();
            wrong
                .into_iter()
                .map(|wrong| format!("{path}:{}:{}: {}", wrong.line, wrong.column, wrong.what))
                .collect::<Vec<_>>()
        })?;
        let former = self.current();
        let mut state = self.state();
        let mut said = HashMap::new();
        let registrations: Vec<_> = specs
            .into_iter()
            .map(|spec| {
                let name: Arc<str> = spec.name.into();
                // A rule that was switched by hand stays so, until its file says something else of it.
                let known = former.iter().find(|one| one.name == name).map(|one| &one.tally);
                let is_unchanged = state.said.get(&name) == Some(&spec.enabled);
                let on = known.filter(|_| is_unchanged).map_or(spec.enabled, |tally| tally.is_on());
                said.insert(Arc::clone(&name), spec.enabled);
                let tally = Tally::starting_at(known.map_or(0, |tally| tally.hits()), on);
                Registration::new(name, Arc::new(spec.rule))
                    .filtered(spec.filter)
                    .within(self.deadline)
                    .counted_by(Arc::new(tally))
            })
            .collect();
        let count = registrations.len();
        *self.current.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = registrations.into();
        *state = State { said, loaded: self.clock.wall(), errors: Vec::new() };
        Ok(count)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Changing for Rules {
    fn current(&self) -> Arc<[Registration]> {
        Arc::clone(&self.current.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

/// Rules that do not change, from a text in the words of a file.
///
/// # Errors
///
/// Everything that is wrong with it, each with its place.
pub fn brought(text: &str, deadline: Duration) -> Result<Vec<Registration>, Vec<String>> {
    let told = |wrong: reader::Wrong| format!("{}:{}: {}", wrong.line, wrong.column, wrong.what);
    let specs = file::read(text).map_err(|wrong| wrong.into_iter().map(told).collect::<Vec<_>>())?;
    let registration = |spec: file::Spec| {
        let tally = Arc::new(Tally::starting_at(0, spec.enabled));
        Registration::new(spec.name, Arc::new(spec.rule)).filtered(spec.filter).within(deadline).counted_by(tally)
    };
    Ok(specs.into_iter().map(registration).collect())
}

fn read_file(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("the rules cannot be read: {error}");
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("more than {MAX_FILE_BYTES} bytes are no file of rules"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
