//! A session of the face as a file: a header, then one JSON line for each event that the face took in, with its time.
//! What it holds is replayed by `update` and `view`, and says all that is needed to see the same picture again.

pub mod read;
pub mod write;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::keymap::{BadKeymap, Keymap};
use super::model::Model;
use super::theme::{Depth, Preset, Theme};
use crate::unit::UnixMillis;

/// Raised when an older zen would misread what is written.
pub const FORMAT: u32 = 1;
/// Bytes of a recording; when they are written, it ends.
pub const MAX_BYTES: u64 = 64 << 20;
/// Bytes of one line: more than the largest snapshot takes.
const MAX_LINE: u64 = 32 << 20;
/// Cells of the largest terminal whose recording is replayed.
const MAX_CELLS: u32 = 250_000;

/// The first line: what the picture depends on beside the events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The [`FORMAT`] of the lines that follow.
    pub recording: u32,
    /// The version of the zen that wrote it.
    pub zen: String,
    pub began: UnixMillis,
    pub width: u16,
    pub height: u16,
    pub theme: String,
    pub depth: Depth,
    pub read_only: bool,
    pub mouse: bool,
    /// Each action by its name, with its keys.
    pub keys: BTreeMap<String, Vec<String>>,
}

/// Every other line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// Milliseconds since the recording began.
    pub at: u64,
    pub what: Entry,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// The face took it in.
    Took(Event),
    /// So many events before this line are missing: the disk did not keep up.
    Lost(u64),
    /// The last line.
    Ended(Ending),
}

/// Why a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The face was left.
    Left,
    /// It had grown to [`MAX_BYTES`].
    Full,
}

/// What a header holds that this zen does not know.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadHeader {
    #[error("there is no theme '{0}'")]
    Theme(String),
    #[error("a terminal of {0}x{1} is too large to be replayed")]
    Size(u16, u16),
    #[error(transparent)]
    Keys(#[from] BadKeymap),
}

impl Header {
    /// What a face of this size begins with.
    pub(super) fn new(size: (u16, u16), began: UnixMillis, theme: Theme, read_only: bool, keymap: &Keymap) -> Self {
        Self {
            recording: FORMAT,
            zen: env!("CARGO_PKG_VERSION").to_owned(),
            began,
            width: size.0,
            height: size.1,
            theme: theme.preset.name().to_owned(),
            depth: theme.depth(),
            read_only,
            mouse: false,
            keys: keymap.written(),
        }
    }

    /// The model that the face began with, in at most `depth` colours.
    pub(super) fn model(&self, depth: Depth) -> Result<Model, BadHeader> {
        let preset = Preset::named(&self.theme).ok_or_else(|| BadHeader::Theme(self.theme.clone()))?;
        if !is_drawable(self.width, self.height) {
            return Err(BadHeader::Size(self.width, self.height));
        }
        let theme = Theme::of(preset, self.depth.min(depth));
        let mut model = Model::new((self.width, self.height), self.began, theme, self.read_only);
        model.keymap = Arc::new(Keymap::from_written(&self.keys)?);
        model.mouse = self.mouse;
        Ok(model)
    }
}

fn is_drawable(width: u16, height: u16) -> bool {
    u32::from(width) * u32::from(height) <= MAX_CELLS
}
