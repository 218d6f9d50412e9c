//! The one ladder of thinking effort that tools, models and turns speak of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How hard a model is to think, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    pub const ALL: [Self; 7] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh, Self::Max];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The supported step nearest to this one, the lower of two equally near. Depth never turns into `none`.
    pub fn nearest(self, supported: &[Self]) -> Option<Self> {
        supported
            .iter()
            .copied()
            .filter(|step| self == Self::None || *step != Self::None)
            .min_by_key(|step| ((*step as u8).abs_diff(self as u8), *step))
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The text names no step of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an effort: use none, minimal, low, medium, high, xhigh or max")]
pub struct NotAnEffort(String);

impl FromStr for Effort {
    type Err = NotAnEffort;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|effort| effort.as_str() == text).ok_or_else(|| NotAnEffort(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_supported_step_is_the_lower_on_a_tie() {
        use Effort::*;
        assert_eq!(Minimal.nearest(&[Low, High]), Some(Low));
        assert_eq!(Medium.nearest(&[Low, High]), Some(Low));
        assert_eq!(Max.nearest(&[None, Low]), Some(Low));
        assert_eq!(Low.nearest(&[None]), Option::None);
    }
}
