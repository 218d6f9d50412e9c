//! What of the user's disk a model may see: the roots, the refusals, and the reading. Every path is resolved beneath an
//! open root by the kernel, never by comparing strings. Knows no threads and no prompts but the embedding of texts.

pub mod cache;
pub mod change;
pub mod complete;
pub mod embed;
pub mod folder;
pub mod image;
pub mod read;
pub mod refusal;
pub mod root;
pub mod write;

mod ignored;
mod open;
mod pixels;
mod place;
mod walk;
mod withheld;

#[cfg(test)]
mod siege;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use refusal::Refusal;
pub use root::Roots;
pub use withheld::is_withheld;

use crate::unit::UnixMillis;

/// A text file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Absolute, as it was first named, or as it was found in a folder that was named.
    pub path: PathBuf,
    /// UTF-8 without a byte order mark and without secrets; lines end in LF.
    pub text: Arc<str>,
    pub modified: Option<UnixMillis>,
    /// Of the text.
    pub digest: Digest,
    /// The secrets that were taken out of the text, in words, once for each place.
    pub withheld: Arc<[&'static str]>,
}

/// What tells one version of a file from another: half of its text's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 16]);

impl Digest {
    pub fn of(text: &str) -> Self {
        let whole = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        let mut half = [0; 16];
        half.iter_mut().zip(whole.as_ref()).for_each(|(to, from)| *to = *from);
        Self(half)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    /// Reads what [`Display`](fmt::Display) wrote: 32 hexadecimal digits.
    fn try_from(text: String) -> Result<Self, Self::Error> {
        const WRONG: &str = "a digest is 32 hexadecimal digits";
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        u128::from_str_radix(&text, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| WRONG)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}
