//! The questions over the screen: what each of them says while it stands, and when there is nothing left to ask. What a
//! question says follows the model; what it is about does not, but for threads that are gone.

use super::switches;
use crate::control::types::{Stage, Switchable};
use crate::id::{CallId, ThreadId};
use crate::provider::switched::Off;
use crate::tui::SourceId;
use crate::tui::figure;
use crate::tui::keymap::action::Action;
use crate::tui::model::prompt::{Held, named};
use crate::tui::model::source::SourceView;
use crate::tui::model::threads::Row;
use crate::tui::model::{About, Model, Overlay, Question};
use crate::tui::theme::Role;

/// What a question says now, or why it is none any more, with the look of that.
type Told = Result<Vec<String>, (Role, String)>;

/// Opens the question. Where there is nothing to ask about, says so instead.
pub(super) fn ask(model: &mut Model, about: About) {
    match told(model, &about) {
        Ok(lines) => {
            let (title, yes, accept) = asked(&about);
            model.overlays.push(Overlay::Ask(Question { about, title, lines, yes, accept }));
        }
        Err((role, said)) => model.say(role, said),
    }
}

/// Lets open questions say what holds now, and closes those about what is gone. Only before a frame: a key that comes
/// together with a change answers the question that was seen.
pub(super) fn renew(model: &mut Model) {
    let mut overlays = std::mem::take(&mut model.overlays);
    overlays.retain_mut(|overlay| {
        let Overlay::Ask(question) = overlay else { return true };
        if let About::ExpireMany(threads) = &mut question.about {
            threads.retain(|(source, thread)| model.thread(*source, *thread).is_some());
        }
        match told(model, &question.about) {
            Ok(lines) => {
                model.redraw |= question.lines != lines;
                question.lines = lines;
                true
            }
            Err((role, said)) => {
                model.say(role, said);
                false
            }
        }
    });
    model.overlays = overlays;
}

/// What is asked, what yes does, and the keys that say it.
fn asked(about: &About) -> (&'static str, &'static str, Action) {
    match about {
        About::Expire(..) => ("Expire this thread?", "expire it", Action::Expire),
        About::ExpireMany(_) => ("Expire these threads?", "expire them", Action::Expire),
        About::Cancel(..) => ("Cancel this call?", "cancel it", Action::Cancel),
        About::SwitchOff(_, what) => ("Switch this off?", "switch it off", switches::key_of(what)),
        About::Quit => ("Quit zen?", "quit", Action::Quit),
    }
}

fn told(model: &Model, about: &About) -> Told {
    match about {
        About::Expire(source, thread) => expire(model, *source, *thread),
        About::ExpireMany(threads) => expire_many(model, threads),
        About::Cancel(source, call) => cancel(model, *source, *call),
        About::SwitchOff(source, what) => switch_off(model, *source, what),
        About::Quit => quit(model),
    }
}

fn expire(model: &Model, source: SourceId, id: ThreadId) -> Told {
    let Some(thread) = model.thread(source, id) else {
        let how = if is_gone(model, source) { "went with its process" } else { "is gone already" };
        return Err((Role::Muted, format!("thread {} {how}", id.short())));
    };
    let turns = figure::plural(usize::try_from(thread.turns).unwrap_or(usize::MAX), "turn");
    let mut lines = vec![format!("{} · {} · {turns}", id.short(), thread.tool)];
    if !thread.title.is_empty() {
        lines.push(format!("“{}”", model.veil(&thread.title)));
    }
    lines.push(format!("in {}", name(model, source)));
    lines.push(String::new());
    if let Some(call) = model.call_in_flight(Row::Thread(source, id)) {
        lines.push(format!("A call is in flight on it: {}.", call.tool));
    }
    lines.push("The agent cannot continue it, and its turns are lost.".to_owned());
    lines.push(taken_back(model));
    Ok(lines)
}

fn expire_many(model: &Model, threads: &[Held]) -> Told {
    if threads.is_empty() {
        return Err((Role::Muted, "these threads are gone already".to_owned()));
    }
    let turns = threads.iter().filter_map(|held| Some(model.thread(held.0, held.1)?.turns));
    let turns = turns.fold(0_u32, u32::saturating_add);
    let turns = figure::plural(usize::try_from(turns).unwrap_or(usize::MAX), "turn");
    let in_flight = threads.iter().filter(|held| model.call_in_flight(Row::Thread(held.0, held.1)).is_some()).count();
    let mut lines = vec![format!("{} with {turns} in all", named(threads)), String::new()];
    if in_flight > 0 {
        lines.push(format!("Calls are in flight on {in_flight} of them."));
    }
    lines.push("Agents cannot continue them, and their turns are lost.".to_owned());
    lines.push(taken_back(model));
    Ok(lines)
}

fn taken_back(model: &Model) -> String {
    let restore = model.keymap.first(Action::Restore).unwrap_or_default();
    format!("For 10 seconds {restore} takes it back.")
}

fn cancel(model: &Model, source: SourceId, id: CallId) -> Told {
    let call = match model.call(source, id) {
        Some(call) if !call.stage.has_ended() => call,
        ended => {
            return Err(match ended.map(|call| &call.stage) {
                Some(Stage::Failed { message, .. }) => (Role::Bad, format!("call {id} has failed already: {message}")),
                None if is_gone(model, source) => (Role::Muted, format!("call {id} went with its process")),
                _ => (Role::Muted, format!("call {id} has ended already")),
            });
        }
    };
    let running = figure::elapsed(model.now.since(call.started));
    let asked = call.model.as_ref().map(|model| format!(" · {model}")).unwrap_or_default();
    Ok(vec![
        format!("call {id} · {}{asked} · {running}", call.tool),
        format!("in {}", name(model, source)),
        String::new(),
        "The request to the provider is closed; the agent is told.".to_owned(),
    ])
}

fn switch_off(model: &Model, source: SourceId, what: &Switchable) -> Told {
    let Some(view) = model.source(source).filter(|source| !source.is_gone()) else {
        return Err((Role::Muted, format!("the process of {what} is gone")));
    };
    if is_off(view, what) {
        return Err((Role::Muted, format!("{what} is off already")));
    }
    let again = model.keymap.first(switches::key_of(what)).unwrap_or_default();
    let mut lines = vec![what.to_string(), format!("in {}", view.name), String::new()];
    match in_flight(view, what) {
        0 => {}
        1 => lines.push("A call in flight with it goes on.".to_owned()),
        calls => lines.push(format!("{calls} calls in flight with it go on.")),
    }
    lines.push(consequence(what).to_owned());
    lines.push(format!("Until zen ends, or {again} switches it on again."));
    Ok(lines)
}

/// By somebody else, since it was asked about.
fn is_off(source: &SourceView, what: &Switchable) -> bool {
    match what {
        Switchable::Tool(name) => source.toolbox.iter().any(|tool| tool.name == *name && !tool.enabled),
        Switchable::Model { provider, model } => source.model(provider, model).is_some_and(|model| model.off.is_some()),
        Switchable::Provider(provider) => {
            source.models.iter().any(|model| model.provider == *provider && model.off == Some(Off::Provider))
        }
        Switchable::Interceptor(name) => source.interceptors.iter().any(|all| {
            let mut deciders = all.deciders.iter().filter(|decider| decider.name == *name).peekable();
            deciders.peek().is_some() && deciders.all(|decider| !decider.enabled)
        }),
    }
}

fn in_flight(source: &SourceView, what: &Switchable) -> usize {
    let with_it = source.in_flight().filter(|call| match what {
        Switchable::Tool(name) => call.tool == *name,
        Switchable::Model { provider, model } => {
            call.provider.as_ref() == Some(provider) && call.model.as_ref() == Some(model)
        }
        Switchable::Provider(provider) => call.provider.as_ref() == Some(provider),
        Switchable::Interceptor(_) => false,
    });
    with_it.count()
}

fn consequence(what: &Switchable) -> &'static str {
    match what {
        Switchable::Tool(_) => "Agents are offered it no more, and told so.",
        Switchable::Model { .. } => "Agents that name it are told so; others are chosen instead.",
        Switchable::Provider(_) => "None of its models is asked; others are chosen instead.",
        Switchable::Interceptor(_) => "Messages pass without being held against it.",
    }
}

fn quit(model: &Model) -> Told {
    let held = held(model);
    if held.is_empty() {
        let again = model.keymap.first(Action::Quit).unwrap_or_default();
        return Err((Role::Muted, format!("nothing would be lost any more: {again} quits")));
    }
    let beginning = ["This process holds, and would lose:".to_owned(), String::new()];
    Ok(beginning.into_iter().chain(held.into_iter().map(|held| format!("  {held}"))).collect())
}

/// What zen's own engine holds and would be lost with it, each kind named with its number.
pub(super) fn held(model: &Model) -> Vec<String> {
    let Some(own) = model.sources.iter().find(|source| source.own && !source.is_gone()) else { return Vec::new() };
    let calls = match own.in_flight().count() {
        1 => "1 call in flight".to_owned(),
        calls => format!("{calls} calls in flight"),
    };
    let held = [
        (own.threads.len(), figure::plural(own.threads.len(), "thread")),
        (own.clients.len(), figure::plural(own.clients.len(), "connected client")),
        (own.in_flight().count(), calls),
    ];
    held.into_iter().filter(|(count, _)| *count > 0).map(|(_, named)| named).collect()
}

fn is_gone(model: &Model, source: SourceId) -> bool {
    model.source(source).is_none_or(SourceView::is_gone)
}

fn name(model: &Model, source: SourceId) -> &str {
    model.source(source).map_or("", |source| source.name.as_str())
}
