//! Switching: tools, rules, models and providers off after a question, and on again at once, by the same key.

use crossterm::event::KeyEvent;

use super::asking;
use crate::control::ControlError;
use crate::control::types::Switchable;
use crate::provider::switched::Off;
use crate::tui::SourceId;
use crate::tui::event::{Effect, Switched};
use crate::tui::keymap::Pressed;
use crate::tui::keymap::action::Action;
use crate::tui::layout;
use crate::tui::model::switches::{Board, Switchboard};
use crate::tui::model::{About, Model, Overlay, Screen, Step, clean_line};
use crate::tui::theme::Role;

pub(super) fn open(model: &mut Model, board: Board) -> Vec<Effect> {
    model.overlays.push(Overlay::Switches(Switchboard::new(board)));
    let live = model.sources.iter().filter(|source| !source.is_gone()).map(|source| source.id);
    let effect = |source| match board {
        Board::Tools => Effect::Toolbox(source),
        Board::Rules => Effect::Interceptors(source),
    };
    live.map(effect).collect()
}

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let keymap = model.keymap.clone();
    let begun = model.begun.take();
    let page = isize::try_from(layout::switch_rows(model.size).saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    let Some(Overlay::Switches(open)) = model.overlays.last_mut() else { return Vec::new() };
    match keymap.press(begun, key) {
        Pressed::Begins(key) => model.begun = Some(key),
        Pressed::Does(Action::Up) => open.step(Step::By(-1)),
        Pressed::Does(Action::Down) => open.step(Step::By(1)),
        Pressed::Does(Action::PageUp) => open.step(Step::By(-page)),
        Pressed::Does(Action::PageDown) => open.step(Step::By(page)),
        Pressed::Does(Action::Top) => open.step(Step::Top),
        Pressed::Does(Action::Bottom) => open.step(Step::Bottom),
        Pressed::Does(Action::Switch) => {
            if let Some((source, what, on)) = open.subject() {
                return turn(model, source, what, on);
            }
        }
        Pressed::Does(Action::Back | Action::Quit | Action::Tools | Action::Rules) => drop(model.overlays.pop()),
        Pressed::Does(_) | Pressed::Nothing => {}
    }
    Vec::new()
}

/// Switches the selected model, or all of its provider.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let selected = model.models.selected().filter(|_| model.screen == Screen::Models).cloned();
    let Some(row) = selected else {
        let key = |action| model.keymap.first(action).unwrap_or_default();
        let said = format!(
            "models are switched where they are listed ({}), tools and rules in lists of their own ({} {})",
            key(Action::Go(Screen::Models)),
            key(Action::Tools),
            key(Action::Rules)
        );
        model.say(Role::Muted, said);
        return Vec::new();
    };
    let off = model.source(row.source).and_then(|source| source.model(&row.provider, &row.model)?.off);
    let whole = off == Some(Off::Provider);
    if action == Action::SwitchProvider {
        return turn(model, row.source, Switchable::Provider(row.provider), !whole);
    }
    if whole {
        let key = model.keymap.first(Action::SwitchProvider).unwrap_or_default();
        model.say(Role::Warning, format!("{} is off as a whole: {key} switches it on", row.provider));
        return Vec::new();
    }
    let what = Switchable::Model { provider: row.provider, model: row.model };
    turn(model, row.source, what, off.is_none())
}

/// Off is asked about first, on is not.
fn turn(model: &mut Model, source: SourceId, what: Switchable, is_on: bool) -> Vec<Effect> {
    if model.read_only {
        model.say(Role::Warning, "read-only: nothing is switched from here");
        return Vec::new();
    }
    if !is_on {
        return vec![Effect::Switch { source, what, on: true }];
    }
    asking::ask(model, About::SwitchOff(source, what));
    Vec::new()
}

/// The key that switches it off and on.
pub(super) fn key_of(what: &Switchable) -> Action {
    match what {
        Switchable::Provider(_) => Action::SwitchProvider,
        Switchable::Tool(_) | Switchable::Model { .. } | Switchable::Interceptor(_) => Action::Switch,
    }
}

pub(super) fn take_turned(
    model: &mut Model,
    source: SourceId,
    what: &Switchable,
    on: bool,
    outcome: Result<Switched, ControlError>,
) {
    let switched = match outcome {
        Ok(switched) => switched,
        Err(error) => return model.say(Role::Bad, clean_line(&error.to_string())),
    };
    let Some(view) = model.source_mut(source) else { return };
    match switched {
        Switched::Tools(tools) => view.take_toolbox(tools),
        Switched::Models(models) => view.take_models(models),
        Switched::Interceptors(interceptors) => view.take_interceptors(interceptors),
    }
    let said = if on {
        format!("{what} is on again in {}", view.name)
    } else {
        let key = model.keymap.first(key_of(what)).unwrap_or_default();
        let name = model.source(source).map_or("", |source| source.name.as_str());
        format!("{what} is off in {name}; {key} switches it on again")
    };
    model.say(Role::Good, clean_line(&said));
    model.models.refresh(&model.sources);
    model.glance.outdate();
}

/// What has been switched, here or elsewhere, and is to be read anew.
pub(super) fn stale(model: &mut Model) -> Vec<Effect> {
    let live = model.sources.iter_mut().filter(|source| !source.is_gone() && source.hello.is_some());
    let wanted = live.flat_map(|source| {
        let stale = std::mem::take(&mut source.stale);
        let id = source.id;
        [
            stale.models.then_some(Effect::Models(id)),
            stale.tools.then_some(Effect::Tools(id)),
            stale.rules.then_some(Effect::Interceptors(id)),
        ]
    });
    wanted.flatten().collect()
}
