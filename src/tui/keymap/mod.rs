//! Which key does what: the table's own keys, and what a person put in their place. A map in which one key would hide
//! another does not come into being.

pub mod action;
pub mod key;

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::text::nearest;
use action::{ACTIONS, Action};
use key::{Key, Keys};

/// The keys in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: Vec<(Keys, Action)>,
    /// Actions whose keys a person chose.
    pub remapped: usize,
}

/// What a key comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    Does(Action),
    /// It begins a sequence: the next key decides.
    Begins(Key),
    Nothing,
}

/// All that is wrong with a file of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct BadKeymap(pub Vec<String>);

/// `tui.toml`, as far as it is about keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    keys: BTreeMap<String, OneOrMany>,
    /// The rest of the file, which is not about keys.
    #[serde(default, rename = "look")]
    _look: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = |row: &'static action::Described| row.keys.iter().filter_map(|keys| Keys::parse(keys).ok());
        let bindings = ACTIONS.iter().flat_map(|row| keys(row).map(|keys| (keys, row.action)));
        Self { bindings: bindings.collect(), remapped: 0 }
    }
}

impl Keymap {
    /// The table's keys, with those of the file `[keys]` in the place of the actions it names:
    /// `expire = "x"`, `top = ["g g", "home"]`, `follow = []`.
    pub fn from_toml(text: &str) -> Result<Self, BadKeymap> {
        let file: File = toml::from_str(text).map_err(|error| BadKeymap(vec![error.message().to_owned()]))?;
        let mut map = Self::default();
        let mut problems = Vec::new();
        for (name, keys) in file.keys {
            let Some(row) = ACTIONS.iter().find(|row| row.name == name) else {
                problems.push(unknown(&name));
                continue;
            };
            let keys = match keys {
                OneOrMany::One(keys) => vec![keys],
                OneOrMany::Many(keys) => keys,
            };
            map.remapped += 1;
            map.bindings.retain(|(_, action)| *action != row.action);
            for keys in keys {
                match Keys::parse(&keys) {
                    Ok(keys) => map.bindings.push((keys, row.action)),
                    Err(error) => problems.push(format!("{name}: {error}")),
                }
            }
        }
        problems.extend(map.conflicts());
        if !map.bindings.iter().any(|(_, action)| *action == Action::Quit) {
            problems.push("quit has no key left: zen could not be left".to_owned());
        }
        if problems.is_empty() { Ok(map) } else { Err(BadKeymap(problems)) }
    }

    /// Every action by its name, with its keys as they are written.
    pub fn written(&self) -> BTreeMap<String, Vec<String>> {
        let keys = |action| self.bindings.iter().filter(move |(_, of)| *of == action).map(|(keys, _)| keys.to_string());
        ACTIONS.iter().map(|row| (row.name.to_owned(), keys(row.action).collect())).collect()
    }

    /// The map that [`Keymap::written`] wrote. An action that it does not name has no key.
    pub fn from_written(written: &BTreeMap<String, Vec<String>>) -> Result<Self, BadKeymap> {
        let mut map = Self { bindings: Vec::new(), remapped: 0 };
        let mut problems: Vec<String> = written
            .keys()
            .filter(|name| ACTIONS.iter().all(|row| row.name != *name))
            .map(|name| unknown(name))
            .collect();
        let shipped = Self::default().written();
        for row in ACTIONS {
            let Some(keys) = written.get(row.name) else { continue };
            map.remapped += usize::from(shipped.get(row.name) != Some(keys));
            for keys in keys {
                match Keys::parse(keys) {
                    Ok(keys) => map.bindings.push((keys, row.action)),
                    Err(error) => problems.push(format!("{}: {error}", row.name)),
                }
            }
        }
        if problems.is_empty() { Ok(map) } else { Err(BadKeymap(problems)) }
    }

    /// What the key does after `begun`, the key that began a sequence.
    pub fn press(&self, begun: Option<Key>, event: KeyEvent) -> Pressed {
        let Some(key) = Key::pressed(event) else { return Pressed::Nothing };
        let pressed: Vec<Key> = begun.into_iter().chain([key]).collect();
        if let Some((_, action)) = self.bindings.iter().find(|(keys, _)| keys.as_slice() == pressed) {
            return Pressed::Does(*action);
        }
        if self.bindings.iter().any(|(keys, _)| keys.as_slice().starts_with(&pressed)) {
            return Pressed::Begins(key);
        }
        // A sequence that leads nowhere is forgotten, and its last key counts for itself.
        if begun.is_some() { self.press(None, event) } else { Pressed::Nothing }
    }

    /// Whether the key is one of the action's own.
    pub fn is(&self, action: Action, event: KeyEvent) -> bool {
        self.press(None, event) == Pressed::Does(action)
    }

    /// The action's keys as help shows them, in the order of the table.
    pub fn shown(&self, action: Action) -> String {
        let keys = self.bindings.iter().filter(|(_, of)| *of == action).map(|(keys, _)| keys.to_string());
        keys.collect::<Vec<_>>().join(" ")
    }

    /// The first of the action's keys, for a footer; None where it has none.
    pub fn first(&self, action: Action) -> Option<String> {
        self.bindings.iter().find(|(_, of)| *of == action).map(|(keys, _)| keys.to_string())
    }

    fn conflicts(&self) -> Vec<String> {
        let mut conflicts = Vec::new();
        for (at, (keys, action)) in self.bindings.iter().enumerate() {
            for (other, of) in &self.bindings[..at] {
                if keys.hides(other) {
                    conflicts.push(format!("'{keys}' for {} hides '{other}' for {}", name(*action), name(*of)));
                }
            }
        }
        conflicts
    }
}

fn name(action: Action) -> &'static str {
    action.described().map_or("", |row| row.name)
}

fn unknown(name: &str) -> String {
    match nearest::nearest(name, ACTIONS.iter().map(|row| row.name)) {
        Some(near) => format!("'{name}' is no action; did you mean {near}? `zen tui --list-actions` names all"),
        None => format!("'{name}' is no action; `zen tui --list-actions` names all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn key(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    fn char(character: char) -> KeyEvent {
        key(KeyCode::Char(character), KeyModifiers::NONE)
    }

    #[test]
    fn the_table_has_a_row_for_each_action_and_no_key_hides_another() {
        assert_eq!(Keymap::default().conflicts(), [""; 0]);
        let bound: usize = ACTIONS.iter().map(|row| row.keys.len()).sum();
        assert_eq!(Keymap::default().bindings.len(), bound, "a key of the table cannot be read");
        for (at, row) in ACTIONS.iter().enumerate() {
            assert!(ACTIONS[..at].iter().all(|other| other.action != row.action && other.name != row.name), "{row:?}");
        }
    }

    #[test]
    fn only_moving_leaving_and_the_terminal_itself_sit_on_a_ctrl_chord() {
        for row in ACTIONS.iter().filter(|row| row.keys.iter().any(|key| key.starts_with("ctrl-"))) {
            assert_ne!(row.group, action::Group::Steering, "{row:?}");
        }
    }

    #[test]
    fn a_sequence_needs_both_keys_and_a_wrong_second_key_counts_for_itself() {
        let map = Keymap::default();
        let Pressed::Begins(begun) = map.press(None, char('g')) else { panic!("g begins gg") };
        assert_eq!(map.press(Some(begun), char('g')), Pressed::Does(Action::Top));
        assert_eq!(map.press(Some(begun), char('j')), Pressed::Does(Action::Down));
    }

    #[test]
    fn a_file_replaces_the_keys_of_the_actions_that_it_names() {
        let map = Keymap::from_toml("[keys]\nexpire = \"Z\"\ntop = [\"home\"]\nfollow = []").unwrap();
        assert_eq!(map.press(None, char('Z')), Pressed::Does(Action::Expire));
        assert_eq!(map.press(None, char('x')), Pressed::Nothing);
        assert_eq!(map.press(None, char('g')), Pressed::Nothing);
        assert_eq!((map.shown(Action::Follow), map.remapped), (String::new(), 3));
    }

    #[test]
    fn a_map_is_read_back_as_it_was_written() {
        let map = Keymap::from_toml("[keys]\nexpire = \"Z\"\ntop = [\"home\", \"g g\"]\nfollow = []").unwrap();
        let read = Keymap::from_written(&map.written()).unwrap();
        assert_eq!((read.written(), read.remapped), (map.written(), 3));
        assert_eq!(Keymap::from_written(&Keymap::default().written()).unwrap(), Keymap::default());
        let BadKeymap(problems) =
            Keymap::from_written(&[("expir".to_owned(), vec![]), ("top".to_owned(), vec!["x y z".to_owned()])].into())
                .unwrap_err();
        assert!(problems[0].contains("did you mean expire") && problems[1].contains("top:"), "{problems:?}");
    }

    #[test]
    fn all_that_is_wrong_with_a_file_is_said_at_once() {
        let BadKeymap(problems) =
            Keymap::from_toml("[keys]\nexpir = \"Z\"\nfollow = \"j\"\nhelp = \"alt-x\"\nquit = []").unwrap_err();
        let all = problems.join("\n");
        for said in ["did you mean expire", "'j' for follow hides 'j' for down", "alt-x", "quit has no key"] {
            assert!(all.contains(said), "{said} in {all}");
        }
        assert!(Keymap::from_toml("[keys]\nfollow = \"g\"").is_err(), "a key that begins another's sequence");
    }
}
