//! Talking: a message or the form of a tool is written, sent the way that an agent's calls go, followed as its reply
//! arrives, and given up with escape.

use crossterm::event::{KeyCode, KeyEvent};
use serde_json::{Map, json};

use super::find;
use crate::control::ControlError;
use crate::control::types::ToolResult;
use crate::id::{CallId, ThreadId};
use crate::tui::SourceId;
use crate::tui::event::Effect;
use crate::tui::keymap::Pressed;
use crate::tui::keymap::action::Action;
use crate::tui::model::compose::{AUTO, Compose};
use crate::tui::model::draft::Typed;
use crate::tui::model::form::Form;
use crate::tui::model::models::Row as ModelRow;
use crate::tui::model::sheet::Sheet;
use crate::tui::model::threads::Row;
use crate::tui::model::{Focus, Model, Overlay, Screen, Sent, Step, clean_line};
use crate::tui::theme::Role;

/// Calls of a person that are waited for at one time.
const MAX_SENT: usize = 16;
/// The tool that a message goes to.
const CHAT: &str = "chat";

/// A message on the selected thread where one is on screen and `fresh` is not asked for; else one that opens a thread.
pub(super) fn compose(model: &mut Model, fresh: bool) {
    if model.read_only {
        return model.say(Role::Warning, "read-only: no model is asked from here");
    }
    let selected = match (model.screen, model.threads.selected()) {
        (Screen::Overview | Screen::Threads | Screen::Budget, Some(Row::Thread(source, thread))) if !fresh => {
            Some((source, thread))
        }
        _ => None,
    };
    let of_thread = selected.map(|(source, _)| source);
    let Some(source) = of_thread.or_else(|| own(model)).and_then(|source| model.source(source)) else {
        return model.say(Role::Warning, "no zen process is here to ask");
    };
    let mut compose = Compose::new(source, selected.map(|(_, thread)| thread));
    if let (Screen::Models, Some(ModelRow { model, .. })) = (model.screen, model.models.selected()) {
        compose.picker.chosen = Some(model.to_string());
    }
    model.overlays.push(Overlay::Compose(Box::new(compose)));
}

/// The engine of this process, or the first other that is there.
fn own(model: &Model) -> Option<SourceId> {
    let mut live: Vec<_> = model.sources.iter().filter(|source| !source.is_gone()).collect();
    live.sort_by_key(|source| !source.own);
    live.first().map(|source| source.id)
}

/// Opens the form of a tool.
pub(super) fn open_form(model: &mut Model, source: SourceId, tool: &str) {
    if model.read_only {
        return model.say(Role::Warning, "read-only: no tool is called from here");
    }
    let form = model.source(source).and_then(|source| {
        let tool = source.tools.iter().find(|known| known.name == tool)?;
        Some(Form::of(source, tool))
    });
    match form {
        Some(form) => model.overlays.push(Overlay::Form(Box::new(form))),
        None => model.say(Role::Muted, format!("{tool} is gone with its process")),
    }
}

pub(super) fn press_compose(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Compose(compose)) = model.overlays.last_mut() else { return Vec::new() };
    if compose.choosing {
        choose_model(compose, key);
        return Vec::new();
    }
    let offers = compose.paths.offered.len();
    match key.code {
        KeyCode::Esc => drop(model.overlays.pop()),
        KeyCode::Up if offers > 0 => compose.paths.at = compose.paths.at.saturating_sub(1),
        KeyCode::Down if offers > 0 => compose.paths.at = (compose.paths.at + 1).min(offers - 1),
        KeyCode::Tab | KeyCode::Enter if compose.complete() => {}
        KeyCode::Tab | KeyCode::BackTab => compose.choosing = true,
        KeyCode::Enter if compose.text.before_cursor().ends_with('\\') => compose.text.replace_before(1, "\n"),
        KeyCode::Enter => return send_message(model),
        _ => {
            compose.text.press(key);
        }
    }
    Vec::new()
}

fn choose_model(compose: &mut Compose, key: KeyEvent) {
    let picker = &mut compose.picker;
    let len = picker.found().len();
    match key.code {
        KeyCode::Up => picker.list.step(Step::By(-1), len),
        KeyCode::Down => picker.list.step(Step::By(1), len),
        KeyCode::Enter | KeyCode::Tab => {
            picker.choose();
            compose.choosing = false;
        }
        KeyCode::Esc | KeyCode::BackTab => compose.choosing = false,
        _ => {
            if picker.wanted.press(key) == Typed::Changed {
                picker.list.step(Step::Top, len);
            }
        }
    }
}

fn send_message(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Compose(compose)) = model.overlays.last() else { return Vec::new() };
    let prompt = compose.text.text().trim();
    if prompt.is_empty() {
        model.say(Role::Muted, "nothing is written yet");
        return Vec::new();
    }
    let (source, thread) = (compose.source, compose.thread);
    let folder = folder(model, source);
    let mut arguments = Map::new();
    arguments.insert("prompt".to_owned(), json!(prompt));
    arguments.insert("working_directory_absolute_path".to_owned(), json!(folder));
    let files = compose.files(&folder);
    if !files.is_empty() {
        arguments.insert("absolute_file_paths".to_owned(), json!(files));
    }
    match (&compose.picker.chosen, thread) {
        (Some(chosen), _) => arguments.insert("model".to_owned(), json!(chosen)),
        // A thread goes on with its own model, one that begins with the one that zen chooses.
        (None, None) => arguments.insert("model".to_owned(), json!(AUTO)),
        (None, Some(_)) => None,
    };
    if let Some(thread) = thread {
        arguments.insert("continuation_id".to_owned(), json!(thread));
    }
    let arguments = serde_json::Value::Object(arguments).to_string();
    send(model, source, CHAT, thread, arguments)
}

fn folder(model: &Model, source: SourceId) -> String {
    let hello = model.source(source).and_then(|source| source.hello.as_ref());
    hello.map(|hello| hello.working_directory.clone()).unwrap_or_default()
}

pub(super) fn press_form(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Form(form)) = model.overlays.last_mut() else { return Vec::new() };
    match key.code {
        KeyCode::Esc => drop(model.overlays.pop()),
        KeyCode::Up | KeyCode::BackTab => form.move_by(-1),
        KeyCode::Down | KeyCode::Tab => form.move_by(1),
        KeyCode::Enter => {
            let (source, tool) = (form.source, form.tool.clone());
            if let Some(arguments) = form.arguments() {
                let thread = form.fields.iter().find(|field| field.name == "continuation_id");
                let thread = thread.and_then(|field| field.draft.text().trim().parse().ok());
                return send(model, source, &tool, thread, arguments);
            }
        }
        code => {
            if let Some(field) = form.focused() {
                let turned = matches!(code, KeyCode::Left | KeyCode::Right) && field.turn(code == KeyCode::Right);
                if !turned {
                    field.draft.press(key);
                }
            }
        }
    }
    Vec::new()
}

/// Calls the tool and goes to where its reply will be seen.
fn send(model: &mut Model, source: SourceId, tool: &str, thread: Option<ThreadId>, arguments: String) -> Vec<Effect> {
    if model.sent.len() >= MAX_SENT {
        model.say(Role::Warning, format!("{MAX_SENT} calls from here are in flight already"));
        return Vec::new();
    }
    model.overlays.pop();
    model.sends += 1;
    let number = model.sends;
    let newest = model.source(source).and_then(|source| source.calls.keys().next_back().copied());
    let tool = tool.to_owned();
    model.sent.push(Sent { number, source, tool: tool.clone(), thread, newest, call: None, given_up: false });
    (model.screen, model.focus) = (Screen::Threads, Focus::Reader);
    if thread.is_none_or(|thread| !model.threads.go_to(Row::Thread(source, thread))) {
        find::clear(model);
    }
    model.say(Role::Muted, format!("{tool} is asked"));
    vec![Effect::Call { source, number, tool, arguments }]
}

/// Finds the calls that were sent from here among those that the source has told of, and goes to the newest.
pub(super) fn recognise(model: &mut Model, source: SourceId) -> Vec<Effect> {
    model.going_to = model.going_to.filter(|row| !model.threads.go_to(*row));
    let mut found = Vec::new();
    let Some(view) = model.sources.iter().find(|view| view.id == source) else { return Vec::new() };
    let mut taken: Vec<CallId> = model.sent.iter().filter_map(|sent| sent.call).collect();
    for sent in model.sent.iter_mut().filter(|sent| sent.source == source && sent.call.is_none()) {
        let is_by_a_person = |connection| {
            view.clients.iter().any(|client| client.connection == connection && client.transport == "control")
        };
        let mut calls = view.calls.values().filter(|call| Some(call.id) > sent.newest && call.tool == sent.tool);
        let call = calls.find(|call| is_by_a_person(call.connection) && !taken.contains(&call.id));
        if let Some(call) = call {
            sent.call = Some(call.id);
            taken.push(call.id);
            found.push((call.id, sent.thread, sent.given_up));
        }
    }
    let mut effects = Vec::new();
    for (call, thread, given_up) in found {
        if given_up {
            effects.push(Effect::Cancel { source, call });
        } else if thread.is_none() {
            model.threads.go_to(Row::Call(source, call));
        }
    }
    effects
}

/// Gives up what was sent from here and is being watched; None: nothing is.
pub(super) fn give_up(model: &mut Model) -> Option<Vec<Effect>> {
    let shown = model.threads.selected()?;
    if (model.screen, model.focus) != (Screen::Threads, Focus::Reader) {
        return None;
    }
    let sent = model.sent.iter_mut().rev().find(|sent| {
        let is_shown = match (shown, sent.call) {
            (Row::Call(source, call), known) => sent.source == source && known == Some(call),
            (Row::Thread(source, thread), _) => sent.source == source && sent.thread == Some(thread),
        };
        is_shown && !sent.given_up
    })?;
    sent.given_up = true;
    let effect = sent.call.map(|call| Effect::Cancel { source: sent.source, call });
    let said = format!("{} is given up", sent.tool);
    model.say(Role::Muted, said);
    Some(effect.into_iter().collect())
}

/// The reply of a call that was sent from here. What is read in its thread is not shown again.
pub(super) fn take_called(model: &mut Model, number: u64, outcome: Result<ToolResult, ControlError>) {
    let Some(at) = model.sent.iter().position(|sent| sent.number == number) else { return };
    let sent = model.sent.remove(at);
    match outcome {
        _ if sent.given_up => model.say(Role::Good, format!("{} was given up", sent.tool)),
        Err(error) => {
            let said = clean_line(&error.to_string());
            model.say(Role::Bad, format!("{}: {said}", sent.tool));
        }
        Ok(ToolResult { text, is_error: true }) => {
            let sheet = Sheet::of_reply(&format!("{} failed", sent.tool), &text);
            model.overlays.push(Overlay::Sheet(Box::new(sheet)));
        }
        Ok(ToolResult { text, .. }) => {
            let Some(thread) = sent.thread.or_else(|| offered(&text)) else {
                model.overlays.push(Overlay::Sheet(Box::new(Sheet::of_reply(&sent.tool, &text))));
                return;
            };
            // Where the answer was faster than the news of its call, the thread is still to be gone to.
            let row = Row::Thread(sent.source, thread);
            model.going_to = Some(row).filter(|_| sent.call.is_none() && !model.threads.go_to(row));
            model.say(Role::Good, format!("{} answered", sent.tool));
        }
    }
}

/// The thread in which the call can be continued.
fn offered(reply: &str) -> Option<ThreadId> {
    let reply: serde_json::Value = serde_json::from_str(reply).ok()?;
    reply["continuation_offer"]["continuation_id"].as_str()?.parse().ok()
}

pub(super) fn press_sheet(model: &mut Model, key: KeyEvent) {
    let keymap = model.keymap.clone();
    let begun = model.begun.take();
    let Some(Overlay::Sheet(sheet)) = model.overlays.last_mut() else { return };
    let page = isize::try_from(sheet.height().saturating_sub(1).max(1)).unwrap_or(isize::MAX);
    match keymap.press(begun, key) {
        Pressed::Begins(key) => model.begun = Some(key),
        Pressed::Does(Action::Up) => sheet.step(Step::By(-1)),
        Pressed::Does(Action::Down) => sheet.step(Step::By(1)),
        Pressed::Does(Action::PageUp) => sheet.step(Step::By(-page)),
        Pressed::Does(Action::PageDown) => sheet.step(Step::By(page)),
        Pressed::Does(Action::Top) => sheet.step(Step::Top),
        Pressed::Does(Action::Bottom) => sheet.step(Step::Bottom),
        _ => drop(model.overlays.pop()),
    }
}

/// The path that the message on top wants completed.
pub(super) fn wanted_path(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Compose(compose)) = model.overlays.last_mut() else { return Vec::new() };
    let source = compose.source;
    compose.ask_path().map(|so_far| Effect::Paths { source, so_far }).into_iter().collect()
}

pub(super) fn take_paths(model: &mut Model, source: SourceId, offered: Vec<String>) {
    let folder = folder(model, source);
    let open = model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Compose(compose) if compose.source == source => Some(compose),
        _ => None,
    });
    if let Some(compose) = open {
        compose.take_paths(offered, &folder);
    }
}
