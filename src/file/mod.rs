//! What of the user's disk a model may see: the roots, the refusals, and the reading. Every path is resolved beneath an
//! open root by the kernel, never by comparing strings. Knows no threads and no prompts but the embedding of texts.

use std::path::PathBuf;
use std::sync::Arc;

use crate::unit::UnixMillis;

/// A text file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    pub path: PathBuf,
    pub text: Arc<str>,
    pub modified: Option<UnixMillis>,
}
