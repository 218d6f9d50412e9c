//! Who is asked where a model cannot answer: the best model of the next provider, in the order of priority, that is
//! configured, healthy and takes the request. A model that the caller named is never replaced.

use std::sync::Arc;

use crate::id::ProviderId;
use crate::provider::choice::{self, Choice};
use crate::provider::failure::{Class, Failure};
use crate::provider::served::Served;
use crate::provider::{Category, Part, Request};

/// The model to ask instead of the one that `failure` is about. `tried` are the providers that have failed before it.
pub(super) fn next(
    served: &[Arc<Served>],
    from: &Choice,
    failure: &Failure,
    tried: &[ProviderId],
    request: &Request,
) -> Option<Choice> {
    // Text that has been heard is not taken back, nor said again in other words.
    if from.pinned || !failure.class.falls_back() || !failure.partial.is_empty() {
        return None;
    }
    let category = if from.model.fast { Category::FastResponse } else { Category::Balanced };
    let has_images =
        request.messages.iter().flat_map(|message| &message.parts).any(|part| matches!(part, Part::Image(_)));
    let others = served.iter().filter(|served| {
        let id = &served.provider.id;
        *id != from.provider && !tried.contains(id)
    });
    others.into_iter().find_map(|served| {
        let fits = |choice: &Choice| {
            let model = &choice.model;
            // What was put together for one window is not cut again for a smaller one.
            let window = model.context_window >= request.room();
            let larger = failure.class != Class::ContextOverflow || model.context_window > from.model.context_window;
            window && larger && (model.images || !has_images)
        };
        let best = choice::best_where(std::slice::from_ref(served), category, fits)?;
        Some(Choice { asked_as: from.asked_as.clone(), ..best })
    })
}
