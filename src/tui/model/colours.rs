//! Colours of code that were found before, so that who comes back to a thread sees them at once.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::tui::markdown::{CodeKey, Run};

/// Blocks of code whose colours are kept, the oldest first to go.
const MAX_KEPT: usize = 256;

#[derive(Clone, Debug, Default)]
pub struct Colours(VecDeque<(CodeKey, Arc<[Run]>)>);

impl Colours {
    pub fn of(&self, key: CodeKey) -> Option<Arc<[Run]>> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, colours)| Arc::clone(colours))
    }

    pub fn keep(&mut self, key: CodeKey, colours: Arc<[Run]>) {
        if self.of(key).is_some() {
            return;
        }
        if self.0.len() >= MAX_KEPT {
            self.0.pop_front();
        }
        self.0.push_back((key, colours));
    }
}
