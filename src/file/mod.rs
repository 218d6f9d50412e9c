//! What of the user's disk a model may see: the roots, the refusals, and the reading. Every path is resolved beneath an
//! open root by the kernel, never by comparing strings. Knows no threads and no prompts but the embedding of texts.

pub mod embed;
pub mod folder;
pub mod image;
pub mod read;
pub mod refusal;
pub mod root;

mod open;
mod place;
mod walk;
mod withheld;

#[cfg(test)]
mod siege;

use std::path::PathBuf;
use std::sync::Arc;

pub use refusal::Refusal;
pub use root::Roots;
pub use withheld::is_withheld;

use crate::unit::UnixMillis;

/// A text file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Absolute, as it was first named, or as it was found in a folder that was named.
    pub path: PathBuf,
    /// UTF-8 without a byte order mark; lines end in LF.
    pub text: Arc<str>,
    pub modified: Option<UnixMillis>,
}
