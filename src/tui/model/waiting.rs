//! The messages that wait for a person, and the one that is looked at or rewritten. It is known by id: others may be
//! decided on meanwhile.

use super::draft::Draft;
use super::rewritten::Rewritten;
use super::source::SourceView;
use crate::control::types::PausedSummary;
use crate::id::PauseId;
use crate::tui::SourceId;

#[derive(Clone, Debug, Default)]
pub struct Waiting {
    selected: Option<(SourceId, PauseId)>,
    /// The text that is to go on in the message's place, being written here.
    pub draft: Option<Draft>,
    /// The message that is on its way through an editor, as it was.
    pub edited: Option<(SourceId, PauseId, String)>,
    /// What the editor left of it.
    pub rewritten: Option<Rewritten>,
}

impl Waiting {
    /// Stays with the selected message while it waits, and goes to the oldest when it does not.
    pub fn refresh(&mut self, sources: &[SourceView]) {
        if self.current(sources).is_none() {
            self.selected = all(sources).next().map(|(source, paused)| (source, paused.id));
            (self.draft, self.rewritten) = (None, None);
        }
    }

    /// Whether that message still waits.
    pub fn holds(sources: &[SourceView], source: SourceId, pause: PauseId) -> bool {
        all(sources).any(|(of, paused)| (of, paused.id) == (source, pause))
    }

    pub fn current<'a>(&self, sources: &'a [SourceView]) -> Option<(SourceId, &'a PausedSummary)> {
        all(sources).find(|(source, paused)| self.selected == Some((*source, paused.id)))
    }

    pub fn step(&mut self, by: isize, sources: &[SourceView]) {
        let ids: Vec<_> = all(sources).map(|(source, paused)| (source, paused.id)).collect();
        let at = ids.iter().position(|id| self.selected == Some(*id)).unwrap_or_default();
        let at = at.saturating_add_signed(by).min(ids.len().saturating_sub(1));
        self.selected = ids.get(at).copied();
    }
}

/// All that waits, by process, the oldest first.
pub fn all(sources: &[SourceView]) -> impl Iterator<Item = (SourceId, &PausedSummary)> {
    sources.iter().flat_map(|source| source.paused.iter().map(move |paused| (source.id, paused)))
}
