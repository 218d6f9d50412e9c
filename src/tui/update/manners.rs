//! What a person does to the face itself: looks, the pointer, copies, hidden texts, leaving it for a while.

use super::keys;
use crate::tui::event::{Effect, Pointer, TerminalAct};
use crate::tui::figure;
use crate::tui::keymap::action::Action;
use crate::tui::layout::Breadth;
use crate::tui::model::threads::Row;
use crate::tui::model::{Focus, Model, Screen, Step};
use crate::tui::tabs::tabs;
use crate::tui::theme::Role;

/// Bytes that are copied at most: with the third that their spelling adds, what terminals still take.
const MAX_COPIED: usize = 56_000;
/// Rows that one notch of the wheel is worth.
const NOTCH: isize = 3;

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Theme => {
            model.theme = model.theme.next();
            model.say(Role::Muted, format!("theme: {}", model.theme.preset.name()));
        }
        Action::Hide => {
            model.hidden = !model.hidden;
            let said = if model.hidden { "prompts, answers and messages are hidden" } else { "texts are shown again" };
            model.say(Role::Muted, said);
        }
        Action::Mouse => {
            model.mouse = !model.mouse;
            let on = "the mouse is zen's; with shift most terminals still select text";
            model.say(Role::Muted, if model.mouse { on } else { "the mouse is the terminal's again" });
            return vec![Effect::Terminal(TerminalAct::Mouse(model.mouse))];
        }
        Action::CopyText => return copy(model, text_here(model)),
        Action::CopyId => return copy(model, id_here(model)),
        Action::Redraw => return vec![Effect::Terminal(TerminalAct::Repaint)],
        Action::Suspend => return vec![Effect::Terminal(TerminalAct::Suspend)],
        _ => {}
    }
    Vec::new()
}

fn copy(model: &mut Model, wanted: Option<(String, String)>) -> Vec<Effect> {
    let Some((name, mut text)) = wanted.filter(|(_, text)| !text.is_empty()) else {
        model.say(Role::Muted, "there is nothing to copy here");
        return Vec::new();
    };
    let whole = text.len();
    text.truncate(text.floor_char_boundary(MAX_COPIED));
    let cut = if text.len() < whole { "the beginning of " } else { "" };
    let size = figure::bytes(text.len() as u64);
    model.say(Role::Good, format!("sent {cut}{name} to the terminal's clipboard ({size}, OSC 52)"));
    vec![Effect::Terminal(TerminalAct::Copy(text))]
}

fn text_here(model: &Model) -> Option<(String, String)> {
    match model.screen {
        Screen::Overview | Screen::Threads => {
            let (number, text) = model.reader.as_ref()?.turn_here()?;
            Some((format!("turn {number}"), text.to_owned()))
        }
        Screen::Log => {
            let detail = model.log.detail.as_ref()?;
            Some((format!("message {}", detail.message.seq), detail.text()))
        }
        Screen::Budget | Screen::Models | Screen::Activity => None,
    }
}

fn id_here(model: &Model) -> Option<(String, String)> {
    let said = |id: String| Some((id.clone(), id));
    match model.screen {
        Screen::Overview | Screen::Threads => match model.threads.selected()? {
            Row::Thread(_, thread) => said(thread.to_string()),
            Row::Call(_, call) => said(call.to_string()),
        },
        Screen::Log => said(model.log.selected()?.message.seq.to_string()),
        Screen::Activity => said(model.activity.selected()?.1.to_string()),
        Screen::Budget | Screen::Models => None,
    }
}

/// The pointer means nothing while something stands over the screen: what it hits there is not what is seen.
pub(super) fn point(model: &mut Model, pointer: Pointer, column: u16, row: u16) -> Vec<Effect> {
    let areas = model.areas();
    if !model.overlays.is_empty() || areas.breadth == Breadth::Notice {
        return Vec::new();
    }
    model.redraw = true;
    let over_reader = model.screen == Screen::Threads
        && areas.breadth == Breadth::Wide
        && areas.reader.contains((column, row).into());
    match pointer {
        Pointer::WheelUp => wheel(model, over_reader, -NOTCH),
        Pointer::WheelDown => wheel(model, over_reader, NOTCH),
        Pointer::Click if row == 0 => {
            let width = usize::from(areas.header.width);
            let at = usize::from(column);
            if let Some(tab) = tabs(model, width).into_iter().find(|tab| (tab.from..tab.to).contains(&at)) {
                model.screen = tab.screen;
            }
        }
        Pointer::Click if over_reader => {
            model.threads.choose();
            model.focus = Focus::Reader;
        }
        Pointer::Click => return click_row(model, row),
    }
    Vec::new()
}

/// The wheel moves what is under it; in the list of threads by one, as each step fetches what is read.
fn wheel(model: &mut Model, over_reader: bool, rows: isize) {
    if over_reader {
        if let Some(reader) = &mut model.reader {
            reader.step(Step::By(rows));
        }
        return;
    }
    let in_list = matches!(model.screen, Screen::Threads | Screen::Overview);
    let narrow = model.areas().breadth != Breadth::Wide;
    if in_list && !(narrow && model.focus == Focus::Reader) {
        return model.threads.step(Step::By(rows.signum()));
    }
    keys::step(model, Step::By(rows));
}

/// A click selects a row; on the selected one it opens it.
fn click_row(model: &mut Model, row: u16) -> Vec<Effect> {
    let areas = model.areas();
    let (area, height, seen) = match model.screen {
        Screen::Threads if model.focus == Focus::List || areas.breadth == Breadth::Wide => {
            (areas.list, areas.row_height(), areas.thread_rows())
        }
        Screen::Log if model.log.detail.is_none() => (areas.body, 1, areas.message_rows()),
        Screen::Activity => (areas.body, 1, areas.message_rows()),
        Screen::Models => (areas.models(), 1, areas.model_rows()),
        Screen::Overview | Screen::Budget | Screen::Threads | Screen::Log => return Vec::new(),
    };
    // The first line inside names the columns.
    let Some(line) = row.checked_sub(areas.inside(area).y + 1) else { return Vec::new() };
    let at = usize::from(line / height);
    if at >= seen {
        return Vec::new();
    }
    let (list, len) = match model.screen {
        Screen::Threads => (model.threads.list, model.threads.rows().len()),
        Screen::Log => (model.log.list, model.log.len()),
        Screen::Activity => (model.activity.list, model.activity.rows().len()),
        Screen::Models | Screen::Overview | Screen::Budget => (model.models.list, model.models.rows().len()),
    };
    let Some(hit) = list.window(len, seen).nth(at) else { return Vec::new() };
    model.focus = Focus::List;
    if hit == list.cursor {
        return keys::act(model, Action::Open);
    }
    keys::step(model, Step::By(hit.cast_signed() - list.cursor.cast_signed()));
    Vec::new()
}
