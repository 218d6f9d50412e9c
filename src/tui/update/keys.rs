//! What a key does: to an open question first, then to what stands over the screen, then to the screen.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{asking, find, hands, manners, switches, talk, waiting};
use crate::tui::event::Effect;
use crate::tui::keymap::Pressed;
use crate::tui::keymap::action::Action;
use crate::tui::model::help::Help;
use crate::tui::model::switches::Board;
use crate::tui::model::threads::Row;
use crate::tui::model::{About, Focus, Model, Overlay, Question, Screen, Step};
use crate::tui::theme::Role;

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    model.redraw = true;
    if is_ctrl_c(key) && model.overlays.last().is_some_and(Overlay::is_written) {
        return quit(model);
    }
    let top = model.overlays.last();
    match top {
        Some(Overlay::Ask(question)) => answer(model, &question.clone(), key),
        Some(Overlay::Help(_)) => find::press_help(model, key),
        Some(Overlay::Filter(draft)) => find::press_filter(model, draft.clone(), key),
        Some(Overlay::Palette(_)) => find::press_palette(model, key),
        Some(Overlay::Compose(_)) => talk::press_compose(model, key),
        Some(Overlay::Form(_)) => talk::press_form(model, key),
        Some(Overlay::Prompt(_)) => hands::press_prompt(model, key),
        Some(Overlay::Waiting(_)) => waiting::press(model, key),
        Some(Overlay::Switches(_)) => switches::press(model, key),
        Some(Overlay::Sheet(_)) => {
            talk::press_sheet(model, key);
            Vec::new()
        }
        None => match model.keymap.press(model.begun.take(), key) {
            Pressed::Does(action) => act(model, action),
            Pressed::Begins(key) => {
                model.begun = Some(key);
                Vec::new()
            }
            Pressed::Nothing => Vec::new(),
        },
    }
}

/// The keys that asked say yes; `n`, escape and return say no; another key is no answer. Ctrl-c insists on leaving.
fn answer(model: &mut Model, question: &Question, key: KeyEvent) -> Vec<Effect> {
    if is_ctrl_c(key) {
        return vec![Effect::Quit];
    }
    if model.keymap.is(question.accept, key) {
        model.overlays.pop();
        return match &question.about {
            About::Expire(source, thread) => {
                model.expired = vec![(*source, *thread)];
                vec![Effect::Expire { source: *source, thread: *thread }]
            }
            About::ExpireMany(threads) => hands::expire(model, threads),
            About::Cancel(source, call) => vec![Effect::Cancel { source: *source, call: *call }],
            About::SwitchOff(source, what) => {
                vec![Effect::Switch { source: *source, what: what.clone(), on: false }]
            }
            About::Quit => vec![Effect::Quit],
        };
    }
    if matches!(key.code, KeyCode::Enter | KeyCode::Esc | KeyCode::Char('n')) {
        model.overlays.pop();
    }
    Vec::new()
}

fn is_ctrl_c(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c')
}

/// Into what is being written; elsewhere a pasted text means nothing.
pub(super) fn paste(model: &mut Model, text: &str) {
    model.redraw = true;
    match model.overlays.last_mut() {
        Some(Overlay::Filter(draft)) => {
            draft.insert(text);
            let draft = draft.clone();
            find::write(model, draft.text());
        }
        Some(Overlay::Palette(palette)) => {
            palette.draft.insert(text);
            palette.rank();
        }
        Some(Overlay::Help(help)) if help.searching => help.search.insert(text),
        Some(Overlay::Compose(compose)) if compose.choosing => compose.picker.wanted.insert(text),
        Some(Overlay::Compose(compose)) => compose.text.insert(text),
        Some(Overlay::Form(form)) => {
            if let Some(field) = form.focused() {
                field.draft.insert(text);
            }
        }
        Some(Overlay::Prompt(prompt)) => prompt.draft.insert(text),
        Some(Overlay::Waiting(waiting)) => {
            if let Some(draft) = &mut waiting.draft {
                draft.insert(text);
            }
        }
        Some(Overlay::Help(_) | Overlay::Ask(_) | Overlay::Sheet(_) | Overlay::Switches(_)) | None => {}
    }
}

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Up => step(model, Step::By(-1)),
        Action::Down => step(model, Step::By(1)),
        Action::PageUp => step(model, Step::By(-page(model))),
        Action::PageDown => step(model, Step::By(page(model))),
        Action::Top => step(model, Step::Top),
        Action::Bottom => step(model, Step::Bottom),
        Action::NextTurn => step_turn(model, true),
        Action::PreviousTurn => step_turn(model, false),
        Action::Open => return open(model),
        Action::Back => match talk::give_up(model) {
            Some(effects) => return effects,
            None => back(model),
        },
        Action::NextPane | Action::PreviousPane => other_pane(model),
        Action::Go(screen) => model.screen = screen,
        Action::Follow => follow(model),
        Action::Sort => sort(model),
        Action::Expire => ask_to_expire(model),
        Action::Cancel => ask_to_cancel(model),
        Action::Compose => talk::compose(model, false),
        Action::New => talk::compose(model, true),
        Action::Mark
        | Action::MarkAll
        | Action::Unmark
        | Action::Extend
        | Action::Pin
        | Action::Rename
        | Action::Tag
        | Action::Fork
        | Action::Export
        | Action::Restore
        | Action::Probe
        | Action::Waiting => return hands::act(model, action),
        Action::Switch | Action::SwitchProvider => return switches::act(model, action),
        Action::Tools => return switches::open(model, Board::Tools),
        Action::Rules => return switches::open(model, Board::Rules),
        Action::Group => model.budget.group = model.budget.group.next(),
        Action::Filter => find::open_filter(model),
        Action::Palette => find::open_palette(model),
        Action::Help => model.overlays.push(Overlay::Help(Help::default())),
        Action::Quit => return quit(model),
        Action::Theme | Action::Hide | Action::Mouse | Action::CopyText | Action::CopyId => {
            return manners::act(model, action);
        }
        Action::Redraw | Action::Suspend => return manners::act(model, action),
    }
    Vec::new()
}

fn other_pane(model: &mut Model) {
    if model.screen != Screen::Threads {
        return;
    }
    model.focus = match model.focus {
        Focus::List if model.threads.selected().is_some() => {
            model.threads.choose();
            Focus::Reader
        }
        _ => Focus::List,
    };
}

pub(super) fn step(model: &mut Model, step: Step) {
    match (model.screen, model.focus) {
        (Screen::Threads, Focus::List) | (Screen::Overview, _) => model.threads.step(step),
        (Screen::Threads, Focus::Reader) => {
            if let Some(reader) = &mut model.reader {
                reader.step(step);
            }
        }
        (Screen::Log, _) => match &mut model.log.detail {
            Some(detail) => detail.step(step),
            None => model.log.step(step),
        },
        (Screen::Activity, _) => model.activity.step(step),
        (Screen::Models, _) => model.models.step(step),
        (Screen::Budget, _) => model.budget.step(step),
    }
}

/// What is on screen, less a line to keep the place by.
fn page(model: &Model) -> isize {
    let areas = model.areas();
    let seen = match (model.screen, model.focus) {
        (Screen::Threads, Focus::List) | (Screen::Overview, _) => areas.thread_rows(),
        (Screen::Threads, Focus::Reader) => areas.reader_text().0,
        (Screen::Log, _) if model.log.detail.is_some() => areas.detail_text().0,
        (Screen::Log | Screen::Activity, _) => areas.message_rows(),
        (Screen::Models, _) => areas.model_rows(),
        (Screen::Budget, _) => model.budget.height(),
    };
    isize::try_from(seen.saturating_sub(1).max(1)).unwrap_or(isize::MAX)
}

fn step_turn(model: &mut Model, forward: bool) {
    if model.screen == Screen::Threads
        && let Some(reader) = &mut model.reader
    {
        model.threads.choose();
        reader.step_turn(forward);
    }
}

fn open(model: &mut Model) -> Vec<Effect> {
    match model.screen {
        Screen::Overview => {
            if model.threads.selected().is_some() {
                model.threads.choose();
                (model.screen, model.focus) = (Screen::Threads, Focus::Reader);
            }
            Vec::new()
        }
        Screen::Threads | Screen::Budget => {
            model.screen = Screen::Threads;
            if model.threads.selected().is_some() {
                model.threads.choose();
                model.focus = Focus::Reader;
            }
            Vec::new()
        }
        Screen::Log if model.log.detail.is_some() => Vec::new(),
        Screen::Log => {
            let Some((source, seq)) = model.log.open() else { return Vec::new() };
            if model.source(source).is_none_or(|source| source.is_gone())
                && let Some(detail) = &mut model.log.detail
            {
                detail.fail("its process is gone, and the text with it");
                return Vec::new();
            }
            vec![Effect::Message { source, seq }]
        }
        Screen::Activity => {
            read_call(model);
            Vec::new()
        }
        Screen::Models => Vec::new(),
    }
}

/// Goes to the thread of the selected call, or to the call itself while it has none.
fn read_call(model: &mut Model) {
    let Some((source, id)) = model.activity.selected() else { return };
    let thread = model.call(source, id).and_then(|call| call.thread);
    let row = thread.map_or(Row::Call(source, id), |thread| Row::Thread(source, thread));
    if model.threads.go_to(row) {
        (model.screen, model.focus) = (Screen::Threads, Focus::Reader);
    } else {
        model.say(Role::Muted, format!("call {id} left no thread to read"));
    }
}

/// Out of what is read first, then out of what narrows the list.
fn back(model: &mut Model) {
    match model.screen {
        Screen::Threads if model.focus == Focus::Reader => model.focus = Focus::List,
        Screen::Log if model.log.detail.is_some() => model.log.detail = None,
        Screen::Overview | Screen::Threads | Screen::Budget | Screen::Log | Screen::Activity | Screen::Models => {
            find::clear(model);
        }
    }
}

fn follow(model: &mut Model) {
    if model.screen != Screen::Log || model.log.detail.is_some() {
        return;
    }
    if model.log.follow {
        model.log.follow = false;
    } else {
        model.log.step(Step::Bottom);
    }
}

fn sort(model: &mut Model) {
    if model.screen == Screen::Models {
        model.models.order = model.models.order.next();
        model.models.refresh(&model.sources);
    }
}

fn ask_to_expire(model: &mut Model) {
    if !matches!(model.screen, Screen::Threads | Screen::Overview) {
        return;
    }
    if model.read_only {
        return model.say(Role::Warning, "read-only: threads are not expired from here");
    }
    if model.threads.marked.len() > 1 {
        return asking::ask(model, About::ExpireMany(hands::targets(model)));
    }
    let marked = model.threads.marked.first().map(|(source, thread)| Row::Thread(*source, *thread));
    let Some(Row::Thread(source, id)) = marked.or(model.threads.selected()) else {
        return model.say(Role::Muted, "no thread is selected");
    };
    asking::ask(model, About::Expire(source, id));
}

fn ask_to_cancel(model: &mut Model) {
    if model.read_only {
        return model.say(Role::Warning, "read-only: calls are not cancelled from here");
    }
    let selected = match model.screen {
        Screen::Threads | Screen::Overview => {
            let row = model.threads.selected();
            row.and_then(|row| Some((row.source(), model.call_in_flight(row)?)))
        }
        Screen::Activity => {
            let selected = model.activity.selected();
            let call = selected.and_then(|(source, call)| Some((source, model.call(source, call)?)));
            call.filter(|(_, call)| !call.stage.has_ended())
        }
        Screen::Budget | Screen::Log | Screen::Models => return,
    };
    let Some((source, call)) = selected else {
        return model.say(Role::Muted, "no call is in flight here");
    };
    let about = About::Cancel(source, call.id);
    asking::ask(model, about);
}

/// Asks where zen's own engine holds something that would be lost, and names it.
pub(super) fn quit(model: &mut Model) -> Vec<Effect> {
    if asking::held(model).is_empty() {
        return vec![Effect::Quit];
    }
    asking::ask(model, About::Quit);
    Vec::new()
}
