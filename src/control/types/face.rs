//! The kinds of zen processes, as they travel.

use serde::{Deserialize, Serialize};

/// What kind of process it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    Stdio,
    Serve,
    Tui,
    /// One call from a shell; gone when it is answered.
    Call,
}

impl Face {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdio => "stdio",
            Self::Serve => "serve",
            Self::Tui => "tui",
            Self::Call => "call",
        }
    }
}
