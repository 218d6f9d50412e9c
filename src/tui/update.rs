//! The one function that changes the model: an event in, effects out. Pure: no clock, no environment, no waiting.

mod asking;
pub(super) mod find;
mod hands;
mod keys;
pub(super) mod manners;
mod replies;
mod switches;
mod talk;
mod waiting;

use super::SourceId;
use super::event::{Effect, Event, Watch};
use super::layout;
use super::model::reader::{LiveCall, Reader};
use super::model::source::{Changed, SourceState, SourceView};
use super::model::threads::Row;
use super::model::{Model, Overlay, Screen};
use super::theme::Role;
use crate::control::types::{Stage, Update};
use crate::id::CallId;
use crate::unit::UnixMillis;

/// Processes that are watched at one time.
const MAX_SOURCES: usize = 64;
/// Processes that have ended and still stand in the header.
const MAX_GONE: usize = 3;

/// Takes the event in.
pub fn update(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => keys::press(model, key),
        Event::Pasted(text) => {
            keys::paste(model, &text);
            Vec::new()
        }
        Event::Resized { width, height } => {
            model.redraw = true;
            model.size = (width, height);
            Vec::new()
        }
        Event::Pointed { pointer, column, row } => manners::point(model, pointer, column, row),
        Event::Drained { now } => settle(model, now),
        Event::Appeared { source, name, own } => appear(model, source, &name, own),
        Event::Disappeared(source) => {
            end(model, source, "it has ended");
            vec![Effect::Release(source)]
        }
        Event::Watched { source, watch: Watch::Update(update) } => {
            let afresh = matches!(update, Update::Snapshot(_));
            take_update(model, source, update);
            let mut effects = talk::recognise(model, source);
            if afresh {
                effects.extend([Effect::Models(source), Effect::Tools(source)]);
            }
            effects
        }
        Event::Watched { source, watch: Watch::Ended(reason) } => {
            end(model, source, &reason);
            Vec::new()
        }
        Event::Edited { source, pause, outcome } => {
            waiting::take_edited(model, source, pause, outcome);
            Vec::new()
        }
        Event::Replied { source, reply } => replies::take(model, source, reply),
        Event::Coloured { key, colours } => {
            model.redraw = true;
            if let Some(reader) = &mut model.reader {
                reader.take_colours(key, &colours);
            }
            model.colours.keep(key, colours);
            Vec::new()
        }
    }
}

fn appear(model: &mut Model, id: SourceId, name: &str, own: bool) -> Vec<Effect> {
    model.redraw = true;
    model.sources.retain(|source| source.id != id);
    if model.sources.len() >= MAX_SOURCES {
        model.say(Role::Warning, format!("{MAX_SOURCES} processes are watched already; one more is left out"));
        return vec![Effect::Release(id)];
    }
    model.sources.push(SourceView::new(id, name, own));
    model.glance.outdate();
    refresh(model);
    vec![Effect::Watch(id)]
}

/// The process is gone. It stays in the header for a while, without its threads, which were in its memory.
fn end(model: &mut Model, id: SourceId, reason: &str) {
    let Some(source) = model.source_mut(id) else { return };
    if source.is_gone() {
        return;
    }
    let lost = source.threads.len();
    source.end(reason);
    model.glance.outdate();
    model.threads.filter.forget(id);
    let Some(source) = model.source(id) else { return };
    let name = source.name.clone();
    let with_it = match lost {
        0 => String::new(),
        1 => "; its thread went with it".to_owned(),
        lost => format!("; its {lost} threads went with it"),
    };
    model.say(Role::Warning, format!("{name} is gone{with_it}"));
    let gone: Vec<_> = model.sources.iter().filter(|source| source.is_gone()).map(|source| source.id).collect();
    if let Some((surplus, _)) = gone.len().checked_sub(MAX_GONE).and_then(|surplus| gone.split_at_checked(surplus)) {
        model.sources.retain(|source| !surplus.contains(&source.id));
        for id in surplus {
            model.log.replace(*id, Vec::new());
        }
        model.log.sift(&model.sources);
    }
    refresh(model);
}

fn take_update(model: &mut Model, id: SourceId, update: Update) {
    let shown = model.reader.as_ref().map(|reader| reader.shown).filter(|shown| shown.source() == id);
    let before = shown.and_then(|shown| used(model, shown));
    let Some(source) = model.source_mut(id) else { return };
    let Changed { threads, calls, clients, providers, paused, messages, afresh } = source.apply(update);
    let messages_seen = matches!(model.screen, Screen::Log | Screen::Overview);
    model.redraw |= clients || paused || messages_seen && !messages.is_empty();
    if providers {
        model.redraw |= matches!(model.screen, Screen::Models | Screen::Overview);
        model.models.refresh(&model.sources);
    }
    if threads || providers || paused {
        model.glance.outdate();
    }
    if afresh {
        model.log.replace(id, messages);
    } else if !messages.is_empty() {
        model.log.append(id, messages);
    }
    model.log.sift(&model.sources);
    if threads {
        model.threads.filter.changed(id);
    }
    if threads || calls {
        model.redraw |= model.screen != Screen::Log || !model.overlays.is_empty();
        refresh(model);
        tell_of_failure(model, shown);
    }
    let Some(shown) = shown else { return };
    let done = calls
        && model.reader.as_ref().is_some_and(|reader| reader.live.iter().any(|live| is_done(model, id, live.call)));
    if (done || before != used(model, shown))
        && let Some(reader) = &mut model.reader
    {
        reader.thread_changed();
    }
}

/// Orders what is listed anew.
fn refresh(model: &mut Model) {
    model.threads.refresh(&model.sources);
    model.activity.refresh(&model.sources);
    model.models.refresh(&model.sources);
}

fn is_done(model: &Model, source: SourceId, call: CallId) -> bool {
    model.call(source, call).is_some_and(|call| call.stage == Stage::Done)
}

/// A call that fails before it has a thread leaves the list: say why, or nobody would know.
fn tell_of_failure(model: &mut Model, shown: Option<Row>) {
    let Some(Row::Call(source, call)) = shown else { return };
    let Some(call) = model.call(source, call) else { return };
    if let Stage::Failed { message, .. } = &call.stage {
        let said = format!("{} failed: {message}", call.tool);
        model.say(Role::Bad, said);
    }
}

/// When the shown thread was last used; None where the row is no thread or is gone.
fn used(model: &Model, shown: Row) -> Option<UnixMillis> {
    match shown {
        Row::Call(..) => None,
        Row::Thread(source, thread) => model.thread(source, thread).map(|thread| thread.updated),
    }
}

/// Fits everything to the screen, brings the reader to the selection, and asks for the texts that will be seen.
fn settle(model: &mut Model, now: UnixMillis) -> Vec<Effect> {
    model.now = now;
    if model.toast.as_ref().is_some_and(|toast| toast.until <= now) {
        model.toast = None;
        model.redraw = true;
    }
    let areas = model.areas();
    model.threads.list.fit(model.threads.rows().len(), areas.thread_rows());
    model.log.list.fit(model.log.len(), areas.message_rows());
    model.activity.list.fit(model.activity.rows().len(), areas.message_rows());
    model.models.list.fit(model.models.rows().len(), areas.model_rows());
    let (height, width) = areas.detail_text();
    if let Some(detail) = &mut model.log.detail {
        detail.fit(width, height);
    }
    let selected = model.threads.selected();
    if model.reader.as_ref().map(|reader| reader.shown) != selected {
        model.reader = selected.map(Reader::new);
        model.redraw = true;
    }
    asking::renew(model);
    settle_overlay(model);
    if model.screen == Screen::Overview {
        model.glance.renew(&model.sources, now);
    }
    let mut effects = find::searches(model);
    effects.extend(switches::stale(model));
    effects.extend(settle_budget(model));
    effects.extend(talk::wanted_path(model));
    effects.extend(settle_reader(model));
    effects
}

/// On its screen, lays out what was decided, and asks what was spent where that may have changed.
fn settle_budget(model: &mut Model) -> Vec<Effect> {
    if model.screen != Screen::Budget {
        return Vec::new();
    }
    let (height, width) = model.areas().decided_text();
    let Model { budget, reader, sources, .. } = model;
    budget.fit(reader.as_ref(), width, height);
    let due = sources.iter_mut().filter(|source| source.spends && source.state == SourceState::Live);
    due.map(|source| {
        source.spends = false;
        Effect::Spending(source.id)
    })
    .collect()
}

/// Fits what stands on top to the screen.
fn settle_overlay(model: &mut Model) {
    let Model { size, keymap, overlays, sources, .. } = model;
    match overlays.last_mut() {
        Some(Overlay::Help(help)) => {
            help.fit(help.lines(keymap).len(), layout::help_rows(*size).saturating_sub(1).max(1))
        }
        Some(Overlay::Palette(palette)) => {
            let len = palette.len();
            palette.list.fit(len, layout::palette_rows(*size));
        }
        Some(Overlay::Compose(compose)) if compose.choosing => {
            let found = compose.picker.found().len();
            compose.picker.list.fit(found, layout::compose_rows(*size));
        }
        Some(Overlay::Sheet(sheet)) => sheet.fit(layout::dialog_width(*size), layout::sheet_rows(*size)),
        Some(Overlay::Waiting(waiting)) => waiting.refresh(sources),
        Some(Overlay::Switches(open)) => open.refresh(sources, layout::switch_rows(*size)),
        Some(Overlay::Ask(_) | Overlay::Filter(_) | Overlay::Compose(_) | Overlay::Form(_) | Overlay::Prompt(_))
        | None => {}
    }
}

fn settle_reader(model: &mut Model) -> Vec<Effect> {
    let Some(shown) = model.reader.as_ref().map(|reader| reader.shown) else { return Vec::new() };
    let live = live_calls(model, shown);
    let (height, width) = model.areas().reader_text();
    let Some(reader) = &mut model.reader else { return Vec::new() };
    reader.set_live(live);
    reader.fit(width, height);
    let source = shown.source();
    let mut effects = Vec::new();
    if let Row::Thread(_, thread) = shown {
        if reader.ask() {
            effects.push(Effect::Thread { source, thread });
        }
        let wanted = reader.wanted_texts().into_iter();
        effects.extend(wanted.map(|(turn, which, from)| Effect::TurnText { source, thread, turn, which, from }));
    }
    for (key, language, text) in reader.wanted_colours() {
        match model.colours.of(key) {
            Some(known) => reader.take_colours(key, &known),
            None => effects.push(Effect::Colour { key, language, text }),
        }
    }
    let wanted = reader.wanted_live().into_iter();
    effects.extend(wanted.map(|(call, from)| Effect::LiveText { source, call, from }));
    effects
}

/// The calls whose reply the reader shows: those in flight, and those that ended without a turn to show for it.
fn live_calls(model: &Model, shown: Row) -> Vec<LiveCall> {
    let Some(source) = model.source(shown.source()) else { return Vec::new() };
    if source.state == SourceState::Connecting {
        return Vec::new();
    }
    let known =
        |call: CallId| model.reader.as_ref().is_some_and(|reader| reader.live.iter().any(|live| live.call == call));
    let waits = model.reader.as_ref().is_some_and(Reader::waits);
    let calls = source.calls.values().filter(|call| match shown {
        Row::Call(_, id) => call.id == id,
        Row::Thread(_, thread) => call.thread == Some(thread),
    });
    // A call that is done gives way to its turn once that is here; one that failed leaves none and stays.
    calls
        .filter(|call| match &call.stage {
            stage if !stage.has_ended() => true,
            Stage::Done => known(call.id) && waits,
            _ => known(call.id),
        })
        .map(|call| LiveCall {
            call: call.id,
            characters: call.text_chars,
            failure: match &call.stage {
                Stage::Failed { message, .. } => Some(message.clone()),
                _ => None,
            },
        })
        .collect()
}
