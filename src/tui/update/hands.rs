//! Steering: what a person does to threads, one or those that are marked, and to providers.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent};

use super::waiting;
use crate::control::ControlError;
use crate::control::types::{Act, Acted, Form, ProbeSummary, Which};
use crate::event::ThreadAct;
use crate::id::ThreadId;
use crate::tui::SourceId;
use crate::tui::event::Effect;
use crate::tui::figure;
use crate::tui::keymap::action::Action;
use crate::tui::model::prompt::{Held, Prompt, Wanted, file_name, named};
use crate::tui::model::threads::Row;
use crate::tui::model::{Focus, Model, Overlay, Screen, Step, clean_line};
use crate::tui::theme::Role;

/// What was done by hand to threads, and lies before the model.
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Mark => mark(model),
        Action::MarkAll => model.threads.mark_all(),
        Action::Unmark => model.threads.marked.clear(),
        Action::Waiting => waiting::open(model),
        _ if model.read_only => model.say(Role::Warning, "read-only: nothing is changed from here"),
        Action::Probe => return probe(model),
        Action::Restore => return restore(model),
        _ => {
            let threads = targets(model);
            if threads.is_empty() {
                model.say(Role::Muted, "no thread is selected");
            } else {
                return act_on(model, action, threads);
            }
        }
    }
    Vec::new()
}

fn act_on(model: &mut Model, action: Action, threads: Vec<Held>) -> Vec<Effect> {
    let each = |act: &dyn Fn(Held) -> (ThreadAct, Act)| {
        let effect = |held: &Held| {
            let (what, act) = act(*held);
            Effect::Act { source: held.0, what, act }
        };
        threads.iter().map(effect).collect::<Vec<_>>()
    };
    match action {
        Action::Extend => each(&|(_, thread)| (ThreadAct::Extended, Act::Extend { thread, by_ms: None })),
        Action::Fork => {
            let turn = turn_read(model, &threads);
            each(&|(_, thread)| (ThreadAct::Forked, Act::Fork { thread, turn }))
        }
        Action::Pin => {
            // All of them the same way: pinned, unless all are.
            let is_pinned = |(source, thread): &Held| model.thread(*source, *thread).is_some_and(|one| one.pinned);
            if threads.iter().all(is_pinned) {
                each(&|(_, thread)| (ThreadAct::Unpinned, Act::Unpin { thread }))
            } else {
                each(&|(_, thread)| (ThreadAct::Pinned, Act::Pin { thread }))
            }
        }
        Action::Rename => {
            let [one] = threads.as_slice() else {
                model.say(Role::Muted, "one thread at a time gets another title: take the marks back first");
                return Vec::new();
            };
            let now = model.thread(one.0, one.1).map(|thread| thread.title.clone()).unwrap_or_default();
            model.overlays.push(Overlay::Prompt(Prompt::title(*one, &now)));
            Vec::new()
        }
        Action::Tag => {
            model.overlays.push(Overlay::Prompt(Prompt::tags(threads)));
            Vec::new()
        }
        Action::Export => {
            model.overlays.push(Overlay::Prompt(Prompt::place(threads)));
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// The turn that is read, where the reader has the keys and shows the one thread that is meant.
fn turn_read(model: &Model, threads: &[Held]) -> Option<u32> {
    if (model.screen, model.focus) != (Screen::Threads, Focus::Reader) {
        return None;
    }
    let reader = model.reader.as_ref()?;
    let is_shown = |(source, thread): &Held| reader.shown == Row::Thread(*source, *thread);
    matches!(threads, [one] if is_shown(one)).then(|| reader.turn_here())?.map(|(number, _)| number)
}

/// The marked threads; where none is, the selected one.
pub(super) fn targets(model: &Model) -> Vec<Held> {
    if !matches!(model.screen, Screen::Overview | Screen::Threads | Screen::Budget) {
        return Vec::new();
    }
    if !model.threads.marked.is_empty() {
        return model.threads.marked.iter().copied().collect();
    }
    match model.threads.selected() {
        Some(Row::Thread(source, thread)) => vec![(source, thread)],
        Some(Row::Call(..)) | None => Vec::new(),
    }
}

fn mark(model: &mut Model) {
    if !matches!(model.screen, Screen::Overview | Screen::Threads) {
        return;
    }
    if let Some(Row::Thread(source, thread)) = model.threads.selected() {
        let marked = &mut model.threads.marked;
        if !marked.remove(&(source, thread)) {
            marked.insert((source, thread));
        }
        model.threads.step(Step::By(1));
    }
}

/// Expires them, in one act for each process.
pub(super) fn expire(model: &mut Model, threads: &[Held]) -> Vec<Effect> {
    let mut by_source: BTreeMap<SourceId, Vec<ThreadId>> = BTreeMap::new();
    for (source, thread) in threads {
        by_source.entry(*source).or_default().push(*thread);
    }
    model.threads.marked.clear();
    model.expired = threads.to_vec();
    let effect = |(source, threads)| {
        let act = Act::Expire { threads: Which::These(threads) };
        Effect::Act { source, what: ThreadAct::Expired, act }
    };
    by_source.into_iter().map(effect).collect()
}

/// Takes the last expiry back.
fn restore(model: &mut Model) -> Vec<Effect> {
    let expired = std::mem::take(&mut model.expired);
    if expired.is_empty() {
        model.say(Role::Muted, "nothing was expired from here that could be taken back");
    }
    let effect = |(source, thread)| Effect::Act { source, what: ThreadAct::Restored, act: Act::Restore { thread } };
    expired.into_iter().map(effect).collect()
}

pub(super) fn press_prompt(model: &mut Model, key: KeyEvent) -> Vec<Effect> {
    let Some(Overlay::Prompt(prompt)) = model.overlays.last_mut() else { return Vec::new() };
    match key.code {
        KeyCode::Esc => drop(model.overlays.pop()),
        KeyCode::Enter if prompt.draft.text().trim().is_empty() => {}
        KeyCode::Enter => {
            let (about, text) = (prompt.about.clone(), prompt.draft.text().trim().to_owned());
            model.overlays.pop();
            return answered(about, &text);
        }
        _ => {
            prompt.draft.press(key);
        }
    }
    Vec::new()
}

fn answered(about: Wanted, text: &str) -> Vec<Effect> {
    match about {
        Wanted::Title((source, thread)) => {
            let act = Act::Rename { thread, title: text.to_owned() };
            vec![Effect::Act { source, what: ThreadAct::Renamed, act }]
        }
        Wanted::Tags(threads) => {
            let (remove, add): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|word| word.starts_with('!'));
            let add: Vec<String> = add.into_iter().map(str::to_owned).collect();
            let remove: Vec<String> = remove.into_iter().map(|word| word[1..].to_owned()).collect();
            let act = |thread| Act::Tag { thread, add: add.clone(), remove: remove.clone() };
            let effect = |(source, thread)| Effect::Act { source, what: ThreadAct::Tagged, act: act(thread) };
            threads.into_iter().map(effect).collect()
        }
        Wanted::Place(threads) => {
            let is_one = threads.len() == 1;
            let effect = |(source, thread)| {
                let path = if is_one { text.to_owned() } else { format!("{text}/{}", file_name(thread)) };
                let form = if path.ends_with(".json") { Form::Json } else { Form::Markdown };
                Effect::Export { source, thread, form, path }
            };
            threads.into_iter().map(effect).collect()
        }
    }
}

pub(super) fn take_acted(model: &mut Model, source: SourceId, what: ThreadAct, outcome: Result<Acted, ControlError>) {
    let acted = match outcome {
        Ok(acted) => acted,
        Err(error) => return model.say(Role::Bad, clean_line(&error.to_string())),
    };
    let threads: Vec<Held> = acted.threads.iter().map(|thread| (source, thread.id)).collect();
    if let (ThreadAct::Forked, [(_, fork)]) = (what, threads.as_slice()) {
        let row = Row::Thread(source, *fork);
        model.going_to = Some(row).filter(|_| !model.threads.go_to(row));
    }
    let gone = match acted.missing.len() {
        0 => String::new(),
        gone => format!("; {} gone already", figure::plural(gone, "thread")),
    };
    let behind = match acted.threads.as_slice() {
        [fork] if what == ThreadAct::Forked => {
            fork.parent.map(|parent| format!(", behind turn {} of {}", parent.turn, parent.thread.short()))
        }
        _ => None,
    };
    let behind = behind.unwrap_or_default();
    model.say(Role::Good, format!("{} {}{behind}{gone}", what.as_str(), named(&threads)));
}

/// Asks the provider of the selected model whether it takes its key.
fn probe(model: &mut Model) -> Vec<Effect> {
    let selected = model.models.selected().filter(|_| model.screen == Screen::Models).cloned();
    let Some(row) = selected else {
        model.say(Role::Muted, "a provider is probed where its models are listed");
        return Vec::new();
    };
    model.say(Role::Muted, format!("{} is asked whether it takes its key", row.provider));
    vec![Effect::Probe { source: row.source, provider: row.provider }]
}

pub(super) fn take_probed(model: &mut Model, outcome: Result<ProbeSummary, ControlError>) {
    match outcome {
        Ok(probe) if probe.well => {
            let took = figure::latency(probe.took_ms);
            model.say(Role::Good, format!("{} is well: it answered in {took}", clean_line(probe.provider.as_str())));
        }
        Ok(probe) => {
            let said = clean_line(&format!("{}: {}", probe.provider, probe.message));
            model.say(Role::Bad, said);
        }
        Err(error) => model.say(Role::Bad, clean_line(&error.to_string())),
    }
}
