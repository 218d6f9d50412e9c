//! Messages that wait for a person: let go on, blocked, rewritten here, or handed to the person's editor, whose work is
//! looked at before it goes on.

use crossterm::event::{KeyCode, KeyEvent};

use crate::control::ControlError;
use crate::control::types::{PauseDecision, PausedSummary};
use crate::id::PauseId;
use crate::text;
use crate::tui::SourceId;
use crate::tui::effect::MAX_EDITED;
use crate::tui::event::{Effect, TerminalAct};
use crate::tui::layout;
use crate::tui::model::draft::Draft;
use crate::tui::model::rewritten::{Rewritten, readable};
use crate::tui::model::waiting::Waiting;
use crate::tui::model::{Model, Overlay, Step, clean_line};
use crate::tui::theme::Role;

pub(super) fn open(model: &mut Model) {
    let mut waiting = Waiting::default();
    waiting.refresh(&model.sources);
    model.overlays.push(Overlay::Waiting(waiting));
}

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Waiting(waiting)) = model.overlays.last_mut() else { return Vec::new() };
    if waiting.draft.is_some() {
        return press_draft(model, key);
    }
    if waiting.rewritten.is_some() {
        return press_rewritten(model, key);
    }
    let current = waiting.current(&model.sources).map(|(source, paused)| (source, paused.clone()));
    let decide = |decision| {
        let resolve = |(source, paused): &(SourceId, PausedSummary)| Effect::Resolve {
            source: *source,
            pause: paused.id,
            decision,
        };
        current.as_ref().map(resolve).into_iter().collect()
    };
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => waiting.step(-1, &model.sources),
        KeyCode::Down | KeyCode::Char('j') => waiting.step(1, &model.sources),
        KeyCode::Char('c' | 'e' | 'r' | 'b') if model.read_only => {
            model.say(Role::Warning, "read-only: no message is decided on from here");
        }
        KeyCode::Char('c') => return decide(PauseDecision::Continue),
        KeyCode::Char('b') => return decide(PauseDecision::Block { reason: "blocked by hand".to_owned() }),
        KeyCode::Char('e') => {
            return current
                .map(|(source, paused)| Effect::PausedText { source, pause: paused.id })
                .into_iter()
                .collect();
        }
        KeyCode::Char('r') => match &current {
            Some((_, paused)) if paused.text.is_cut() => {
                model.say(Role::Warning, "it is too long to be rewritten here: e opens it in your editor");
            }
            Some((_, paused)) => waiting.draft = Some(Draft::lines(text::sanitise(&paused.text.text))),
            None => {}
        },
        KeyCode::Esc | KeyCode::Char('q') => drop(model.overlays.pop()),
        _ => {}
    }
    Vec::new()
}

fn press_draft(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Model { overlays, sources, .. } = model;
    let Some(Overlay::Waiting(waiting)) = overlays.last_mut() else { return Vec::new() };
    let current = waiting.current(sources).map(|(source, paused)| (source, paused.id));
    let Some(draft) = &mut waiting.draft else { return Vec::new() };
    match (key.code, current) {
        (KeyCode::Enter, Some((source, pause))) => {
            let decision = PauseDecision::Edit { text: draft.text().to_owned() };
            waiting.draft = None;
            return vec![Effect::Resolve { source, pause, decision }];
        }
        (KeyCode::Esc, _) => waiting.draft = None,
        _ => {
            draft.press(key);
        }
    }
    Vec::new()
}

/// What the editor left goes on by the key of what goes on; return alone is no answer, as in every question.
fn press_rewritten(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let height = layout::rewritten_rows(model.size);
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    let Some(Overlay::Waiting(waiting)) = model.overlays.last_mut() else { return Vec::new() };
    let Some(rewritten) = &mut waiting.rewritten else { return Vec::new() };
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => rewritten.step(Step::By(-1), height),
        KeyCode::Down | KeyCode::Char('j') => rewritten.step(Step::By(1), height),
        KeyCode::PageUp => rewritten.step(Step::By(-page), height),
        KeyCode::PageDown => rewritten.step(Step::By(page), height),
        KeyCode::Char('c') => {
            let Rewritten { source, pause, text, .. } = rewritten.clone();
            waiting.rewritten = None;
            return vec![Effect::Resolve { source, pause, decision: PauseDecision::Edit { text } }];
        }
        KeyCode::Char('e') => {
            let Rewritten { source, pause, text, .. } = rewritten.clone();
            waiting.rewritten = None;
            return lend(source, pause, &text);
        }
        KeyCode::Esc => {
            waiting.rewritten = None;
            model.say(Role::Muted, "left as it was; it still waits");
        }
        _ => {}
    }
    Vec::new()
}

/// The whole message is here: into the editor with it.
pub(super) fn edit(
    model: &mut Model,
    source: SourceId,
    pause: PauseId,
    outcome: Result<String, ControlError>,
) -> Vec<Effect> {
    let text = match outcome {
        Ok(text) => text,
        Err(error) => {
            model.say(Role::Bad, clean_line(&error.to_string()));
            return Vec::new();
        }
    };
    // Who has gone on to something else meanwhile is not torn out of it.
    let Some(Overlay::Waiting(waiting)) = model.overlays.last_mut() else { return Vec::new() };
    if text.len() > MAX_EDITED {
        model.say(Role::Warning, "it is too long for an editor: let it go on, or block it");
        return Vec::new();
    }
    let effects = lend(source, pause, &text);
    if effects.is_empty() {
        model.say(Role::Warning, "it is no JSON: let it go on, or block it");
    } else {
        waiting.edited = Some((source, pause, text));
    }
    effects
}

fn lend(source: SourceId, pause: PauseId, text: &str) -> Vec<Effect> {
    let text = readable(text).map(|text| Effect::Terminal(TerminalAct::Edit { source, pause, text }));
    text.into_iter().collect()
}

/// What the editor left. Whatever is wrong with it, the message still waits.
pub(super) fn take_edited(model: &mut Model, source: SourceId, pause: PauseId, outcome: Result<String, String>) {
    model.redraw = true;
    let still = Waiting::holds(&model.sources, source, pause);
    let Some(Overlay::Waiting(waiting)) = model.overlays.last_mut() else { return };
    let Some((_, _, before)) = waiting.edited.as_ref().filter(|(of, id, _)| (*of, *id) == (source, pause)) else {
        return;
    };
    let checked = match outcome {
        Err(error) => Err(error),
        Ok(_) if !still => Err("that message waits no more".to_owned()),
        Ok(after) => Rewritten::check(source, pause, before, &after).map_err(|unfit| unfit.to_string()),
    };
    match checked {
        Ok(rewritten) => waiting.rewritten = Some(rewritten),
        Err(error) => {
            let waits = if still { "; the message still waits" } else { "" };
            model.say(Role::Warning, clean_line(&format!("{error}{waits}")));
        }
    }
}

pub(super) fn take_resolved(model: &mut Model, outcome: Result<(), ControlError>) {
    match outcome {
        Ok(()) => model.say(Role::Good, "decided"),
        Err(error) => model.say(Role::Bad, clean_line(&error.to_string())),
    }
}
