//! Finding: what is typed into a filter, the palette and the help, and the search that each source is asked for.

use crossterm::event::{KeyCode, KeyEvent};

use super::{keys, talk};
use crate::id::ThreadId;
use crate::tui::SourceId;
use crate::tui::event::Effect;
use crate::tui::model::draft::{Draft, Typed};
use crate::tui::model::help::Help;
use crate::tui::model::palette::{Goal, Palette};
use crate::tui::model::{Focus, Model, Overlay, Screen, Step};
use crate::tui::theme::Role;

/// Opens the filter of the list that is on screen.
pub(super) fn open_filter(model: &mut Model) {
    match model.screen {
        Screen::Overview | Screen::Budget => (model.screen, model.focus) = (Screen::Threads, Focus::List),
        Screen::Threads => model.focus = Focus::List,
        Screen::Log => model.log.detail = None,
        Screen::Models | Screen::Activity => {}
    }
    let written = written(model).to_owned();
    model.overlays.push(Overlay::Filter(Draft::of(written)));
}

pub(super) fn open_palette(model: &mut Model) {
    let palette = Box::new(Palette::of(model));
    model.overlays.push(Overlay::Palette(palette));
}

/// The filter of the list that is on screen, as it is written.
pub(in crate::tui) fn written(model: &Model) -> &str {
    match model.screen {
        Screen::Overview | Screen::Threads | Screen::Budget => model.threads.filter.written(),
        Screen::Log => model.log.sieve().written(),
        Screen::Models => model.models.sieve.written(),
        Screen::Activity => model.activity.sieve.written(),
    }
}

pub(super) fn write(model: &mut Model, text: &str) {
    match model.screen {
        Screen::Overview | Screen::Threads | Screen::Budget => model.threads.filter.write(text),
        Screen::Log => model.log.narrow(text, &model.sources),
        Screen::Models => model.models.sieve.write(text),
        Screen::Activity => model.activity.sieve.write(text),
    }
    super::refresh(model);
}

/// Takes the filter of this screen back; false: there was none.
pub(super) fn clear(model: &mut Model) -> bool {
    let is_set = !written(model).is_empty();
    if is_set {
        write(model, "");
    }
    is_set
}

pub(super) fn press_filter(model: &mut Model, mut draft: Draft, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter => drop(model.overlays.pop()),
        KeyCode::Esc => {
            model.overlays.pop();
            clear(model);
        }
        KeyCode::Up => keys::step(model, Step::By(-1)),
        KeyCode::Down => keys::step(model, Step::By(1)),
        _ => {
            if draft.press(key) == Typed::Changed {
                write(model, draft.text());
            }
            replace_top(model, Overlay::Filter(draft));
        }
    }
    Vec::new()
}

pub(super) fn press_palette(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Palette(palette)) = model.overlays.last_mut() else { return Vec::new() };
    let len = palette.len();
    match key.code {
        KeyCode::Esc => drop(model.overlays.pop()),
        KeyCode::Up | KeyCode::BackTab => palette.list.step(Step::By(-1), len),
        KeyCode::Down | KeyCode::Tab => palette.list.step(Step::By(1), len),
        KeyCode::PageUp => palette.list.step(Step::By(-10), len),
        KeyCode::PageDown => palette.list.step(Step::By(10), len),
        KeyCode::Enter => {
            let goal = palette.selected().map(|entry| entry.goal.clone());
            if let Some(goal) = goal {
                model.overlays.pop();
                return go_to(model, goal);
            }
        }
        _ => {
            if palette.draft.press(key) == Typed::Changed {
                palette.rank();
            }
        }
    }
    Vec::new()
}

fn go_to(model: &mut Model, goal: Goal) -> Vec<Effect> {
    match goal {
        Goal::Do(action) => return keys::act(model, action),
        Goal::Thread(row) => {
            if model.threads.go_to(row) {
                (model.screen, model.focus) = (Screen::Threads, Focus::Reader);
            } else {
                model.say(Role::Muted, "that thread is gone");
            }
        }
        Goal::Call(source, tool) => talk::open_form(model, source, &tool),
        Goal::Model(row) => {
            model.screen = Screen::Models;
            if !model.models.go_to(&row) {
                model.say(Role::Muted, "that model is gone, or the filter hides it");
            }
        }
    }
    Vec::new()
}

/// The help scrolls, is searched with the filter's key, and is closed by the others that mean nothing in it.
pub(super) fn press_help(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    use crate::tui::keymap::Pressed;
    use crate::tui::keymap::action::Action;
    let keymap = model.keymap.clone();
    let begun = model.begun.take();
    let Some(Overlay::Help(help)) = model.overlays.last_mut() else { return Vec::new() };
    if help.searching {
        search_help(help, key);
        return Vec::new();
    }
    let step = match keymap.press(begun, key) {
        Pressed::Begins(key) => {
            model.begun = Some(key);
            return Vec::new();
        }
        Pressed::Does(Action::Up) => Step::By(-1),
        Pressed::Does(Action::Down) => Step::By(1),
        Pressed::Does(Action::PageUp) => Step::By(-help.page()),
        Pressed::Does(Action::PageDown) => Step::By(help.page()),
        Pressed::Does(Action::Top) => Step::Top,
        Pressed::Does(Action::Bottom) => Step::Bottom,
        Pressed::Does(Action::Filter) => {
            help.searching = true;
            return Vec::new();
        }
        Pressed::Does(Action::Quit) => {
            model.overlays.pop();
            return keys::quit(model);
        }
        _ => {
            model.overlays.pop();
            return Vec::new();
        }
    };
    help.step(step);
    Vec::new()
}

fn search_help(help: &mut Help, key: KeyEvent) {
    match key.code {
        KeyCode::Esc => (help.searching, help.search) = (false, Draft::default()),
        KeyCode::Enter => help.searching = false,
        KeyCode::Up => help.step(Step::By(-1)),
        KeyCode::Down => help.step(Step::By(1)),
        _ => {
            if help.search.press(key) == Typed::Changed {
                help.step(Step::Top);
            }
        }
    }
}

pub(super) fn replace_top(model: &mut Model, overlay: Overlay) {
    if let Some(top) = model.overlays.last_mut() {
        *top = overlay;
    }
}

/// The searches that are wanted now: one at a time of each source, for what is written at that moment.
pub(super) fn searches(model: &mut Model) -> Vec<Effect> {
    let Model { threads, sources, .. } = model;
    let live = sources.iter().filter(|source| !source.is_gone() && source.hello.is_some()).map(|source| source.id);
    let wanted = live.filter_map(|source| Some((source, threads.filter.ask(source)?)));
    wanted.map(|(source, query)| Effect::Search { source, query }).collect()
}

pub(super) fn take_found(model: &mut Model, source: SourceId, found: Option<Vec<ThreadId>>) {
    model.threads.filter.take(source, found);
    super::refresh(model);
}
