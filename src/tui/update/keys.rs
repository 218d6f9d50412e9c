//! What a key does: to an open question first, then to what stands over the screen, then to the screen.

use crossterm::event::{KeyEvent, KeyEventKind};

use crate::control::types::ThreadSummary;
use crate::id::{CallId, ThreadId};
use crate::tui::SourceId;
use crate::tui::event::Effect;
use crate::tui::figure;
use crate::tui::keymap::{self, Action, Answer};
use crate::tui::model::threads::Row;
use crate::tui::model::{About, Focus, Model, Overlay, Question, Screen, Step};
use crate::tui::theme::Role;

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    model.redraw = true;
    let asked = match &model.overlay {
        Overlay::Ask(question) => question.about,
        Overlay::Help => {
            model.overlay = Overlay::None;
            // Any key closes the help; those that leave also leave.
            return if keymap::action(key) == Some(Action::Quit) { quit(model) } else { Vec::new() };
        }
        Overlay::None => return keymap::action(key).map(|action| act(model, action)).unwrap_or_default(),
    };
    if keymap::insists(key) {
        return vec![Effect::Quit];
    }
    let Some(answer) = keymap::answer(key) else { return Vec::new() };
    model.overlay = Overlay::None;
    match (answer, asked) {
        (Answer::No, _) => Vec::new(),
        (Answer::Yes, About::Expire(source, thread)) => vec![Effect::Expire { source, thread }],
        (Answer::Yes, About::Cancel(source, call)) => vec![Effect::Cancel { source, call }],
        (Answer::Yes, About::Quit) => vec![Effect::Quit],
    }
}

fn act(model: &mut Model, action: Action) -> Vec<Effect> {
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
        Action::Back => back(model),
        Action::NextScreen => {
            model.screen = match model.screen {
                Screen::Threads => Screen::Log,
                Screen::Log => Screen::Threads,
            }
        }
        Action::Threads => model.screen = Screen::Threads,
        Action::Log => model.screen = Screen::Log,
        Action::Follow => follow(model),
        Action::Expire => ask_to_expire(model),
        Action::Cancel => ask_to_cancel(model),
        Action::Help => model.overlay = Overlay::Help,
        Action::Quit => return quit(model),
    }
    Vec::new()
}

fn step(model: &mut Model, step: Step) {
    match (model.screen, model.focus) {
        (Screen::Threads, Focus::List) => model.threads.step(step),
        (Screen::Threads, Focus::Reader) => {
            if let Some(reader) = &mut model.reader {
                reader.step(step);
            }
        }
        (Screen::Log, _) => match &mut model.log.detail {
            Some(detail) => detail.step(step),
            None => model.log.step(step),
        },
    }
}

/// What is on screen, less a line to keep the place by.
fn page(model: &Model) -> isize {
    let areas = model.areas();
    let seen = match (model.screen, model.focus) {
        (Screen::Threads, Focus::List) => areas.thread_rows(),
        (Screen::Threads, Focus::Reader) => areas.reader_text().0,
        (Screen::Log, _) if model.log.detail.is_some() => areas.detail_text().0,
        (Screen::Log, _) => areas.message_rows(),
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
        Screen::Threads => {
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
    }
}

fn back(model: &mut Model) {
    match model.screen {
        Screen::Threads => model.focus = Focus::List,
        Screen::Log => model.log.detail = None,
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

fn ask_to_expire(model: &mut Model) {
    if model.screen != Screen::Threads {
        return;
    }
    if model.read_only {
        return model.say(Role::Warning, "read-only: threads are not expired from here");
    }
    let Some(Row::Thread(source, id)) = model.threads.selected() else {
        return model.say(Role::Muted, "no thread is selected");
    };
    let Some(thread) = model.thread(source, id) else { return };
    let question = expire_question(model, source, id, thread);
    model.overlay = Overlay::Ask(question);
}

fn expire_question(model: &Model, source: SourceId, id: ThreadId, thread: &ThreadSummary) -> Question {
    let turns = figure::plural(usize::try_from(thread.turns).unwrap_or(usize::MAX), "turn");
    let mut lines = vec![format!("{} · {} · {turns}", id.short(), thread.tool)];
    if !thread.title.is_empty() {
        lines.push(format!("“{}”", thread.title));
    }
    lines.push(format!("in {}", name(model, source)));
    lines.push(String::new());
    if let Some(call) = model.call_in_flight(Row::Thread(source, id)) {
        lines.push(format!("A call is in flight on it: {}.", call.tool));
    }
    lines.push("The agent cannot continue it, and its turns are lost.".to_owned());
    Question { about: About::Expire(source, id), title: "Expire this thread?", lines, yes: "expire it" }
}

fn ask_to_cancel(model: &mut Model) {
    if model.screen != Screen::Threads {
        return;
    }
    if model.read_only {
        return model.say(Role::Warning, "read-only: calls are not cancelled from here");
    }
    let selected = model.threads.selected();
    let call = selected.and_then(|row| Some((row.source(), model.call_in_flight(row)?)));
    let Some((source, call)) = call else {
        return model.say(Role::Muted, "no call is in flight here");
    };
    let id: CallId = call.id;
    let running = figure::elapsed(model.now.since(call.started));
    let model_name = call.model.as_ref().map(|model| format!(" · {model}")).unwrap_or_default();
    let lines = vec![
        format!("call {id} · {}{model_name} · {running}", call.tool),
        format!("in {}", name(model, source)),
        String::new(),
        "The request to the provider is closed; the agent is told.".to_owned(),
    ];
    let about = About::Cancel(source, id);
    model.overlay = Overlay::Ask(Question { about, title: "Cancel this call?", lines, yes: "cancel it" });
}

/// Asks where zen's own engine holds something that would be lost, and names it.
fn quit(model: &mut Model) -> Vec<Effect> {
    let Some(own) = model.sources.iter().find(|source| source.own && !source.is_gone()) else {
        return vec![Effect::Quit];
    };
    let held = [
        (own.threads.len(), "thread"),
        (own.clients.len(), "connected client"),
        (own.in_flight().count(), "call in flight"),
    ];
    let lines: Vec<String> = held
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| match (count, what) {
            (1, what) => format!("1 {what}"),
            (count, "call in flight") => format!("{count} calls in flight"),
            (count, what) => figure::plural(count, what),
        })
        .collect();
    if lines.is_empty() {
        return vec![Effect::Quit];
    }
    let mut said = vec!["This process holds, and would lose:".to_owned(), String::new()];
    said.extend(lines.into_iter().map(|line| format!("  {line}")));
    model.overlay = Overlay::Ask(Question { about: About::Quit, title: "Quit zen?", lines: said, yes: "quit" });
    Vec::new()
}

fn name(model: &Model, source: SourceId) -> String {
    model.source(source).map(|source| source.name.clone()).unwrap_or_default()
}
