//! Every key the face knows, once: what it does, how it is shown, what help says of it. Help and footer are drawn from
//! this table and cannot go out of date.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a person can do with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    Open,
    Back,
    PreviousTurn,
    NextTurn,
    NextScreen,
    Threads,
    Log,
    Follow,
    Expire,
    Cancel,
    Help,
    Quit,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    pub action: Action,
    keys: &'static [Key],
    /// The keys as help shows them.
    pub shown: &'static str,
    /// The name that the footer shows.
    pub name: &'static str,
    /// What help says.
    pub says: &'static str,
    pub group: Group,
}

/// The paragraphs of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Moving,
    Screens,
    Steering,
    Program,
}

impl Group {
    pub const ALL: [Self; 4] = [Self::Moving, Self::Screens, Self::Steering, Self::Program];

    pub fn title(self) -> &'static str {
        match self {
            Self::Moving => "Moving",
            Self::Screens => "Screens",
            Self::Steering => "Steering",
            Self::Program => "zen",
        }
    }
}

/// The answer to a question on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    code: KeyCode,
    ctrl: bool,
}

const fn char(character: char) -> Key {
    Key { code: KeyCode::Char(character), ctrl: false }
}

const fn ctrl(character: char) -> Key {
    Key { code: KeyCode::Char(character), ctrl: true }
}

const fn key(code: KeyCode) -> Key {
    Key { code, ctrl: false }
}

/// All bindings, in the order in which help shows them.
pub const BINDINGS: &[Binding] = &[
    Binding {
        action: Action::Up,
        keys: &[key(KeyCode::Up), char('k')],
        shown: "↑ k",
        name: "up",
        says: "a row or a line up",
        group: Group::Moving,
    },
    Binding {
        action: Action::Down,
        keys: &[key(KeyCode::Down), char('j')],
        shown: "↓ j",
        name: "down",
        says: "a row or a line down",
        group: Group::Moving,
    },
    Binding {
        action: Action::PageUp,
        keys: &[key(KeyCode::PageUp), ctrl('u')],
        shown: "PgUp",
        name: "page up",
        says: "a page up (also ctrl-u)",
        group: Group::Moving,
    },
    Binding {
        action: Action::PageDown,
        keys: &[key(KeyCode::PageDown), ctrl('d')],
        shown: "PgDn",
        name: "page down",
        says: "a page down (also ctrl-d)",
        group: Group::Moving,
    },
    Binding {
        action: Action::Top,
        keys: &[char('g'), key(KeyCode::Home)],
        shown: "g",
        name: "top",
        says: "to the beginning",
        group: Group::Moving,
    },
    Binding {
        action: Action::Bottom,
        keys: &[char('G'), key(KeyCode::End)],
        shown: "G",
        name: "end",
        says: "to the end, and stay there while more arrives",
        group: Group::Moving,
    },
    Binding {
        action: Action::NextTurn,
        keys: &[char('J')],
        shown: "J",
        name: "next turn",
        says: "to the next turn",
        group: Group::Moving,
    },
    Binding {
        action: Action::PreviousTurn,
        keys: &[char('K')],
        shown: "K",
        name: "previous turn",
        says: "to the turn before",
        group: Group::Moving,
    },
    Binding {
        action: Action::Open,
        keys: &[key(KeyCode::Enter)],
        shown: "↵",
        name: "read",
        says: "read the thread's turns, or the message",
        group: Group::Moving,
    },
    Binding {
        action: Action::Back,
        keys: &[key(KeyCode::Esc)],
        shown: "esc",
        name: "back",
        says: "back to the list; never quits",
        group: Group::Moving,
    },
    Binding {
        action: Action::Threads,
        keys: &[char('1'), char('t')],
        shown: "1 t",
        name: "threads",
        says: "threads and their turns",
        group: Group::Screens,
    },
    Binding {
        action: Action::Log,
        keys: &[char('2'), char('l')],
        shown: "2 l",
        name: "log",
        says: "every message in and out",
        group: Group::Screens,
    },
    Binding {
        action: Action::NextScreen,
        keys: &[key(KeyCode::Tab)],
        shown: "tab",
        name: "other screen",
        says: "the other screen",
        group: Group::Screens,
    },
    Binding {
        action: Action::Follow,
        keys: &[char('f')],
        shown: "f",
        name: "follow",
        says: "follow the log's newest message, or stop",
        group: Group::Screens,
    },
    Binding {
        action: Action::Expire,
        keys: &[char('x')],
        shown: "x",
        name: "expire",
        says: "end the selected thread; asks first",
        group: Group::Steering,
    },
    Binding {
        action: Action::Cancel,
        keys: &[char('c')],
        shown: "c",
        name: "cancel",
        says: "give up the selected call; asks first",
        group: Group::Steering,
    },
    Binding {
        action: Action::Help,
        keys: &[char('?')],
        shown: "?",
        name: "help",
        says: "this help",
        group: Group::Program,
    },
    Binding {
        action: Action::Quit,
        keys: &[char('q'), ctrl('c')],
        shown: "q",
        name: "quit",
        says: "quit; may ask first (ctrl-c twice: at once)",
        group: Group::Program,
    },
];

/// What the key does while no question is open.
pub fn action(pressed: KeyEvent) -> Option<Action> {
    let pressed = normal(pressed);
    BINDINGS.iter().find(|binding| binding.keys.contains(&pressed)).map(|binding| binding.action)
}

/// What the key answers to a question.
pub fn answer(pressed: KeyEvent) -> Option<Answer> {
    match normal(pressed) {
        Key { code: KeyCode::Char('y') | KeyCode::Enter, ctrl: false } => Some(Answer::Yes),
        Key { code: KeyCode::Char('n') | KeyCode::Esc, ctrl: false } => Some(Answer::No),
        _ => None,
    }
}

/// Whether the key insists on leaving: ctrl-c while zen already asks.
pub fn insists(pressed: KeyEvent) -> bool {
    normal(pressed) == ctrl('c')
}

/// The row of an action.
pub fn binding(action: Action) -> Option<&'static Binding> {
    BINDINGS.iter().find(|binding| binding.action == action)
}

fn normal(pressed: KeyEvent) -> Key {
    Key { code: pressed.code, ctrl: pressed.modifiers.contains(KeyModifiers::CONTROL) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: Vec<_> = BINDINGS.iter().flat_map(|binding| binding.keys).collect();
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{key:?}");
        }
    }

    #[test]
    fn only_moving_and_leaving_sit_on_a_ctrl_chord() {
        for binding in BINDINGS.iter().filter(|binding| binding.keys.iter().any(|key| key.ctrl)) {
            assert!(matches!(binding.action, Action::PageUp | Action::PageDown | Action::Quit), "{binding:?}");
        }
    }

    #[test]
    fn every_action_has_one_row() {
        for (at, binding) in BINDINGS.iter().enumerate() {
            assert!(BINDINGS[..at].iter().all(|other| other.action != binding.action), "{binding:?}");
        }
    }
}
