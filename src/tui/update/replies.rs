//! What came back from a source: into the place that asked for it, if that still wants it.

use crate::control::ControlError;
use crate::control::types::{RefusalCode, TextSlice};
use crate::tui::SourceId;
use crate::tui::event::{Effect, Reply};
use crate::tui::model::reader::Reader;
use crate::tui::model::threads::Row;
use crate::tui::model::{Model, clean_line};
use crate::tui::theme::Role;

pub(super) fn take(model: &mut Model, source: SourceId, reply: Reply) -> Vec<Effect> {
    model.redraw = true;
    match reply {
        Reply::Thread { thread, outcome } => {
            if let Some(reader) = reader(model, Row::Thread(source, thread)) {
                match outcome {
                    Ok(detail) => reader.take(*detail),
                    Err(error) => reader.fail(&error.to_string()),
                }
            }
        }
        Reply::TurnText { thread, turn, which, outcome } => {
            let slice = taken(model, outcome);
            if let Some(reader) = reader(model, Row::Thread(source, thread)) {
                reader.take_text(turn, which, slice.as_ref());
            }
        }
        Reply::LiveText { call, outcome } => {
            // A call whose text is asked for may have just ended: that is no failure to speak of.
            let slice = outcome.ok();
            if let Some(reader) = model.reader.as_mut().filter(|reader| reader.shown.source() == source) {
                reader.take_live(call, slice.as_ref());
            }
        }
        Reply::Message { seq, outcome } => {
            let detail = model.log.detail.as_mut().filter(|open| open.source == source && open.message.seq == seq);
            if let Some(detail) = detail {
                match outcome {
                    Ok(message) => detail.take(&message),
                    Err(error) => detail.fail(&error.to_string()),
                }
            }
        }
        Reply::PausedText { pause, outcome } => return super::waiting::edit(model, source, pause, outcome),
        listed => take_listed(model, source, listed),
    }
    Vec::new()
}

/// What a source has: its models, its tools, its files, its money, and what it found.
fn take_listed(model: &mut Model, source: SourceId, reply: Reply) {
    match reply {
        Reply::Models { outcome } => match outcome {
            Ok(models) => {
                if let Some(source) = model.source_mut(source) {
                    source.take_models(models);
                }
                model.models.refresh(&model.sources);
                model.glance.outdate();
            }
            Err(error) => tell(model, &error),
        },
        Reply::Tools { outcome } => match outcome {
            Ok(tools) => {
                if let Some(source) = model.source_mut(source) {
                    source.take_tools(tools);
                }
            }
            Err(error) => tell(model, &error),
        },
        Reply::Toolbox { outcome } => match outcome {
            Ok(toolbox) => {
                if let Some(source) = model.source_mut(source) {
                    source.take_toolbox(toolbox);
                }
            }
            Err(error) => tell(model, &error),
        },
        Reply::Interceptors { outcome } => match outcome {
            Ok(interceptors) => {
                if let Some(source) = model.source_mut(source) {
                    source.take_interceptors(interceptors);
                }
            }
            Err(error) => tell(model, &error),
        },
        Reply::Paths { outcome } => {
            let offered = outcome.map_err(|error| tell(model, &error)).unwrap_or_default();
            let clean = offered.into_iter().map(|path| clean_line(&path)).collect();
            super::talk::take_paths(model, source, clean);
        }
        Reply::Spending { outcome } => match outcome {
            Ok(spending) => {
                if let Some(source) = model.source_mut(source) {
                    source.take_spending(spending);
                }
            }
            Err(error) => tell(model, &error),
        },
        Reply::Found { outcome } => {
            let found = outcome.map_err(|error| tell(model, &error)).ok();
            super::find::take_found(model, source, found);
        }
        steered => take_steered(model, source, steered),
    }
}

/// What came of what was changed there.
fn take_steered(model: &mut Model, source: SourceId, reply: Reply) {
    match reply {
        Reply::Called { number, outcome } => super::talk::take_called(model, number, outcome),
        Reply::Acted { what, outcome } => super::hands::take_acted(model, source, what, outcome),
        Reply::Saved { thread, outcome } => match outcome {
            Ok(path) => model.say(Role::Good, format!("thread {} is in {}", thread.short(), clean_line(&path))),
            Err(error) => model.say(Role::Bad, clean_line(&error)),
        },
        Reply::Probed { outcome } => super::hands::take_probed(model, outcome),
        Reply::Switched { what, on, outcome } => super::switches::take_turned(model, source, &what, on, outcome),
        Reply::Resolved { outcome } => super::waiting::take_resolved(model, outcome),
        Reply::Expired { thread, outcome } => match outcome {
            Ok(()) => model.say(Role::Good, format!("expired {}", thread.short())),
            Err(error) if is_unknown(&error) => {
                model.say(Role::Muted, format!("thread {} is gone already", thread.short()));
            }
            Err(error) => tell(model, &error),
        },
        Reply::Cancelled { call, outcome } => match outcome {
            Ok(()) => model.say(Role::Good, format!("cancelled call {call}")),
            Err(error) if is_unknown(&error) => model.say(Role::Muted, format!("call {call} has ended already")),
            Err(error) => tell(model, &error),
        },
        // All others were taken before.
        _ => {}
    }
}

fn reader(model: &mut Model, shown: Row) -> Option<&mut Reader> {
    model.reader.as_mut().filter(|reader| reader.shown == shown)
}

fn taken(model: &mut Model, outcome: Result<TextSlice, ControlError>) -> Option<TextSlice> {
    outcome.map_err(|error| tell(model, &error)).ok()
}

fn is_unknown(error: &ControlError) -> bool {
    matches!(error, ControlError::Refused(refusal) if refusal.code == RefusalCode::NotFound)
}

fn tell(model: &mut Model, error: &ControlError) {
    let said = clean_line(&error.to_string());
    model.say(Role::Bad, said);
}
