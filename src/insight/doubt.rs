//! Verdicts in doubt: a number so near its threshold that it might as well lie on the other side, or two signs that do not
//! agree. And what a judge said of one; who that is and how it is asked is not known here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::unit::MicroUsd;

/// A value that is nearer to its threshold than this share of it, on either side, is in doubt.
pub const BAND: f64 = 0.1;

/// Why a judge is to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// It is said, by little.
    Barely,
    /// By little, or as one sign speaks against it, it is not said: unless a judge agrees.
    Nearly,
}

/// How far a value has come towards its threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    Missed,
    Nearly,
    Barely,
    Reached,
}

/// What a judge said of a verdict in doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// Provider and model; None where there was nobody to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    pub opinion: Opinion,
    /// In its own words, on one line; or why it said nothing.
    pub because: String,
    /// None: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MicroUsd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    Holds,
    DoesNotHold,
    /// It could not be asked, or did not answer in its form or in time. What the numbers say stands.
    None,
}

impl Reach {
    /// Of a value that reaches its threshold by rising.
    pub fn rising(value: f64, threshold: f64) -> Self {
        match value / threshold {
            share if share >= 1.0 + BAND => Self::Reached,
            _ if value >= threshold => Self::Barely,
            share if share >= 1.0 - BAND => Self::Nearly,
            _ => Self::Missed,
        }
    }

    /// Of a value that reaches its threshold by falling below it.
    pub fn falling(value: f64, threshold: f64) -> Self {
        match value / threshold {
            share if share < 1.0 - BAND => Self::Reached,
            _ if value < threshold => Self::Barely,
            share if share < 1.0 + BAND => Self::Nearly,
            _ => Self::Missed,
        }
    }

    pub fn doubt(self) -> Option<Doubt> {
        match self {
            Self::Barely => Some(Doubt::Barely),
            Self::Nearly => Some(Doubt::Nearly),
            Self::Missed | Self::Reached => None,
        }
    }
}

impl fmt::Display for Judged {
    /// `openai/gpt-5-nano agrees: the same numbers again`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = self.by.as_deref().unwrap_or("nobody");
        match self.opinion {
            Opinion::Holds => write!(f, "{by} agrees")?,
            Opinion::DoesNotHold => write!(f, "{by} does not agree")?,
            Opinion::None => write!(f, "in doubt, and {by} judged it")?,
        }
        if self.because.is_empty() { Ok(()) } else { write!(f, ": {}", self.because) }
    }
}
