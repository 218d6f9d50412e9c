//! The protocol versions that zen speaks. A version is a fact of each message: clients of both eras may share a process.

use std::fmt;

use serde::{Serialize, Serializer};

/// A revision of the specification, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    V2024_11_05,
    V2025_03_26,
    V2025_06_18,
    V2025_11_25,
    V2026_07_28,
}

/// The two wire models: a handshake and sessions, or requests that carry all they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// 2024-11-05 to 2025-11-25: `initialize` first.
    Handshake,
    /// 2026-07-28: every request carries its version and the client's capabilities in `_meta`.
    Stateless,
}

impl Version {
    pub const ALL: [Self; 5] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];

    /// The newest version that begins with `initialize`; the answer to a client that asks for one we do not know.
    pub const LATEST_HANDSHAKE: Self = Self::V2025_11_25;

    /// All versions as they are offered.
    pub fn newest_first() -> [Self; 5] {
        let mut versions = Self::ALL;
        versions.reverse();
        versions
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    pub fn era(self) -> Era {
        match self {
            Self::V2024_11_05 | Self::V2025_03_26 | Self::V2025_06_18 | Self::V2025_11_25 => Era::Handshake,
            Self::V2026_07_28 => Era::Stateless,
        }
    }

    /// The version in which a session goes on after a client asked for `requested` in `initialize`: the same one where
    /// it is known and of that era, else our latest. Never an error (specification, lifecycle).
    pub fn negotiate(requested: &str) -> Self {
        Self::parse(requested).filter(|version| version.era() == Era::Handshake).unwrap_or(Self::LATEST_HANDSHAKE)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_version_is_echoed_and_an_unknown_one_answered_with_our_latest() {
        assert_eq!(Version::negotiate("2025-03-26"), Version::V2025_03_26);
        assert_eq!(Version::negotiate("1999-01-01"), Version::V2025_11_25);
        assert_eq!(Version::negotiate("2026-07-28"), Version::V2025_11_25);
    }
}
