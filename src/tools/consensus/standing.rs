//! Who of several models has answered so far, told to whoever watches the call.

use std::sync::{Arc, Mutex};

use crate::id::{ModelId, ProviderId};
use crate::provider::{Choice, Listener};
use crate::tools::Progress;

pub struct Standing {
    to: Arc<dyn Progress>,
    models: Mutex<Vec<(String, Stage)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asked,
    Answered,
    Failed,
}

/// The part of one of them. Its text is not passed on: several at once would be no text.
struct Place {
    to: Arc<dyn Progress>,
}

impl Standing {
    pub fn new(to: Arc<dyn Progress>, models: Vec<String>) -> Self {
        let standing = Self { to, models: Mutex::new(models.into_iter().map(|model| (model, Stage::Asked)).collect()) };
        standing.tell();
        standing
    }

    /// Hears what happens to one of them.
    pub fn place(&self) -> Arc<dyn Progress> {
        Arc::new(Place { to: Arc::clone(&self.to) })
    }

    /// The model at this place has answered, or will not.
    pub fn done(&self, place: usize, answered: bool) {
        {
            let mut models = self.models.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if let Some((_, stage)) = models.get_mut(place) {
                *stage = if answered { Stage::Answered } else { Stage::Failed };
            }
        }
        self.tell();
    }

    fn tell(&self) {
        let models = self.models.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if models.len() < 2 {
            return;
        }
        let names = |stage: Stage| {
            let names: Vec<_> = models.iter().filter(|(_, at)| *at == stage).map(|(name, _)| name.as_str()).collect();
            names.join(", ")
        };
        let mut told =
            format!("{} of {} models done", models.iter().filter(|(_, at)| *at != Stage::Asked).count(), models.len());
        for (stage, says) in [(Stage::Answered, "answered"), (Stage::Failed, "failed"), (Stage::Asked, "thinking")] {
            let names = names(stage);
            if !names.is_empty() {
                told.push_str(&format!("; {says}: {names}"));
            }
        }
        self.to.stands(&told);
    }
}

impl Listener for Place {
    fn text(&self, _: &str) {}

    fn turned_to(&self, choice: &Choice) {
        self.to.turned_to(choice);
    }
}

impl Progress for Place {
    fn asking(&self, provider: &ProviderId, model: &ModelId) {
        self.to.asking(provider, model);
    }
}
