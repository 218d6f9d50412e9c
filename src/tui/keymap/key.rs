//! Keys as people write and read them: `x`, `G`, `ctrl-d`, `shift-tab`, `g g`. Knows no actions.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Keys of a sequence. More would be a command, and those have names.
const LONGEST: usize = 2;

/// Names of the keys that are no character; the first of a code is how it is shown.
const NAMED: &[(&str, KeyCode)] = &[
    ("↑", KeyCode::Up),
    ("up", KeyCode::Up),
    ("↓", KeyCode::Down),
    ("down", KeyCode::Down),
    ("←", KeyCode::Left),
    ("left", KeyCode::Left),
    ("→", KeyCode::Right),
    ("right", KeyCode::Right),
    ("↵", KeyCode::Enter),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("PgUp", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("pgdn", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
];

/// One key. Shift is in the character; keys with Alt are left to the terminal and its multiplexer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
}

/// One key, or two in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Vec<Key>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("'{0}' is no key: write a character, ctrl- and a letter, or a name such as space, pgup or shift-tab")]
    Unknown(String),
    #[error("'{0}' is not one key or two")]
    Length(String),
}

impl Key {
    /// The key that was pressed; None where Alt or the like was held.
    pub fn pressed(event: KeyEvent) -> Option<Self> {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let foreign = KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META;
        let code = match event.code {
            KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            code => code,
        };
        (!event.modifiers.intersects(foreign)).then_some(Self { code, ctrl })
    }

    fn parse(text: &str) -> Result<Self, BadKey> {
        let (ctrl, name) = match text.strip_prefix("ctrl-") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let mut characters = name.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(character), None) if !character.is_whitespace() && !character.is_control() => {
                named(name).unwrap_or(KeyCode::Char(character))
            }
            _ => named(name).ok_or_else(|| BadKey::Unknown(text.to_owned()))?,
        };
        Ok(Self { code, ctrl })
    }
}

fn named(name: &str) -> Option<KeyCode> {
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            out.write_str("ctrl-")?;
        }
        match (NAMED.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => out.write_str(name),
            (None, KeyCode::Char(character)) => write!(out, "{character}"),
            (None, code) => write!(out, "{code}"),
        }
    }
}

impl Keys {
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let keys = text.split_whitespace().map(Key::parse).collect::<Result<Vec<_>, _>>()?;
        if (1..=LONGEST).contains(&keys.len()) { Ok(Self(keys)) } else { Err(BadKey::Length(text.to_owned())) }
    }

    pub fn as_slice(&self) -> &[Key] {
        &self.0
    }

    /// Whether pressing one of the two leaves the other out of reach: they are the same, or one begins the other.
    pub fn hides(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0) || other.0.starts_with(&self.0)
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, key) in self.0.iter().enumerate() {
            let gap = if at == 0 { "" } else { " " };
            write!(out, "{gap}{key}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_shown_as_they_are_read() {
        for written in ["x", "G", "ctrl-d", "g g", "space", "shift-tab", "↵", "PgUp", "/", "?", "-"] {
            assert_eq!(Keys::parse(written).unwrap().to_string(), written);
        }
        assert_eq!(Keys::parse("enter").unwrap().to_string(), "↵");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(matches!(Keys::parse("alt-x"), Err(BadKey::Unknown(_))));
        assert!(matches!(Keys::parse(""), Err(BadKey::Length(_))));
        assert!(matches!(Keys::parse("a b c"), Err(BadKey::Length(_))));
    }

    #[test]
    fn a_key_with_alt_is_not_ours() {
        let key = |modifiers| Key::pressed(KeyEvent::new(KeyCode::Char('x'), modifiers));
        assert_eq!(key(KeyModifiers::ALT), None);
        assert_eq!(key(KeyModifiers::SHIFT).map(|key| key.to_string()), Some("x".to_owned()));
    }
}
