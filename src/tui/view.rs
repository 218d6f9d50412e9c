//! Draws the model: head and foot, the open screen, and what stands over it. Writes nothing into the model, geometry
//! included.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::figure;
use super::keymap::action::Action;
use super::layout::{Areas, Breadth, areas};
use super::model::draft::Draft;
use super::model::source::{SourceState, SourceView};
use super::model::{Focus, Model, Overlay, Screen};
use super::pane::{put, spread, written};
use super::screens::{
    activity, budget, compose, form, help, log, message, models, notice, overview, palette, prompt, question, sheet,
    switches, threads, turns, waiting,
};
use super::tabs::{marks, tabs, totals};
use super::theme::{Role, Theme};
use crate::text;

/// Cells that one source may take in the head.
const SOURCE: usize = 44;

/// Draws a frame.
///
/// ```text
///  zen  1 Threads  2 Log                                  12 threads · 1 call in flight
///  ● stdio 4242 project ‹claude-code›  ○ stdio 77 gone
/// ╭ Threads ──────────────────╮╭ 3f9a1c02 · chat ───────────────────────────────────╮
/// │                           ││                                                    │
/// ╰───────────────────────────╯╰────────────────────────────────────────────────────╯
///  ↵ read  x expire  ? help  q quit                                        dropped 12
/// ```
pub fn view(model: &Model, frame: &mut Frame<'_>) {
    paint(model, frame.buffer_mut());
}

/// The same where there is no terminal, or another one.
pub fn paint(model: &Model, buffer: &mut Buffer) {
    let areas = areas((buffer.area.width, buffer.area.height));
    if areas.breadth == Breadth::Notice {
        return notice::draw(buffer, model.theme);
    }
    head(model, buffer, &areas);
    match model.screen {
        Screen::Overview => overview::draw(model, buffer, &areas),
        Screen::Threads => {
            let narrow = areas.breadth != Breadth::Wide;
            if !narrow || model.focus == Focus::List {
                threads::draw(model, buffer, &areas);
            }
            if !narrow || model.focus == Focus::Reader {
                turns::draw(model, buffer, &areas);
            }
        }
        Screen::Log => match &model.log.detail {
            Some(detail) => message::draw(model, detail, buffer, &areas),
            None => log::draw(model, buffer, &areas),
        },
        Screen::Budget => budget::draw(model, buffer, &areas),
        Screen::Models => models::draw(model, buffer, &areas),
        Screen::Activity => activity::draw(model, buffer, &areas),
    }
    foot(model, buffer, areas.footer);
    for overlay in &model.overlays {
        match overlay {
            Overlay::Help(open) => help::draw(model, open, buffer),
            Overlay::Palette(open) => palette::draw(open, buffer, model.theme),
            Overlay::Compose(open) => compose::draw(model, open, buffer),
            Overlay::Form(open) => form::draw(model, open, buffer),
            Overlay::Sheet(open) => sheet::draw(model, open, buffer),
            Overlay::Prompt(open) => prompt::draw(model, open, buffer),
            Overlay::Waiting(open) => waiting::draw(model, open, buffer),
            Overlay::Switches(open) => switches::draw(model, open, buffer),
            // It stands in the footer.
            Overlay::Filter(_) => {}
            Overlay::Ask(asked) => question::draw(asked, &model.keymap, buffer, model.theme),
        }
    }
}

fn head(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let width = usize::from(areas.header.width);
    let right = vec![Span::styled(format!("{} ", totals(model)), theme.style(Role::Muted))];
    let mut left = vec![Span::raw(" "), Span::styled("zen", theme.style(Role::Heading))];
    for tab in tabs(model, width) {
        let role = if model.screen == tab.screen { Role::Selected } else { Role::Muted };
        left.push(Span::styled(tab.says, theme.style(role)));
    }
    for mark in marks(model) {
        left.push(Span::styled(format!("  {mark}"), theme.style(Role::Warning)));
    }
    if areas.breadth == Breadth::Minimal {
        let marks = model.sources.iter().map(|source| mark(source, theme)).chain([Span::raw(" ")]).collect();
        return put(buffer, areas.header, 0, &spread(left, marks, width));
    }
    put(buffer, areas.header, 0, &spread(left, right, width));
    put(buffer, areas.header, 1, &sources(model, width));
}

fn sources<'a>(model: &'a Model, width: usize) -> Line<'a> {
    let theme = model.theme;
    let mut spans = vec![Span::raw(" ")];
    let mut room = width.saturating_sub(1);
    for (at, source) in model.sources.iter().enumerate() {
        let rest = model.sources.len() - at - 1;
        // What the others do not need is this one's.
        let share = (room / (rest + 1)).saturating_sub(4);
        let said = text::cut(&described(source), SOURCE.max(share)).into_owned();
        let reserved = if rest > 0 { 10 } else { 0 };
        let wanted = text::width(&said) + 4;
        if wanted + reserved > room {
            spans.push(Span::styled(format!("+{} more", rest + 1), theme.style(Role::Muted)));
            break;
        }
        room -= wanted;
        let role = if source.is_gone() { Role::Muted } else { Role::Text };
        spans.extend([mark(source, theme), Span::raw(" "), Span::styled(said, theme.style(role)), Span::raw("  ")]);
    }
    if model.sources.is_empty() {
        spans.push(Span::styled("no zen process is running", theme.style(Role::Muted)));
    }
    Line::from(spans)
}

fn described(source: &SourceView) -> String {
    let mut said = source.name.clone();
    // Before the clients: however narrow it is, nobody takes the demo for real.
    if source.is_demo() {
        said.push_str(if source.own { " demo: a scripted provider answers" } else { " demo" });
    }
    let names: Vec<&str> =
        source.clients.iter().map(|client| client.name.as_str()).filter(|name| !name.is_empty()).collect();
    if !names.is_empty() {
        said.push_str(&format!(" ‹{}›", names.join(", ")));
    }
    match &source.state {
        SourceState::Connecting => said.push_str(" connecting"),
        SourceState::Live => {}
        SourceState::Resyncing => said.push_str(" catching up"),
        SourceState::Gone(_) => said.push_str(" gone"),
    }
    said
}

fn mark(source: &SourceView, theme: Theme) -> Span<'static> {
    let (mark, role) = match source.state {
        SourceState::Connecting => ("◌", Role::Muted),
        SourceState::Live => ("●", Role::Good),
        SourceState::Resyncing => ("◐", Role::Warning),
        SourceState::Gone(_) => ("○", Role::Muted),
    };
    Span::styled(mark, theme.style(role))
}

fn foot(model: &Model, buffer: &mut Buffer, area: Rect) {
    let theme = model.theme;
    let dropped = match model.dropped() {
        0 => Vec::new(),
        dropped => vec![Span::styled(format!("dropped {} ", figure::count(dropped)), theme.style(Role::Warning))],
    };
    let width = usize::from(area.width);
    let room = width.saturating_sub(dropped.iter().map(Span::width).sum::<usize>() + 1);
    let left = match (&model.toast, model.overlays.last()) {
        (_, Some(Overlay::Filter(draft))) => filter(model, draft, room),
        (Some(toast), _) => {
            vec![Span::raw(" "), Span::styled(text::cut(&toast.text, room.saturating_sub(1)), theme.style(toast.role))]
        }
        (None, _) => hints(model, room),
    };
    put(buffer, area, 0, &spread(left, dropped, width));
}

/// The filter as it is written, and what is wrong with it.
fn filter(model: &Model, draft: &Draft, room: usize) -> Vec<Span<'static>> {
    let problem = match model.screen {
        Screen::Overview | Screen::Threads | Screen::Budget => model.threads.filter.problem(),
        Screen::Log => model.log.sieve().problem(),
        Screen::Models => model.models.sieve.problem(),
        Screen::Activity => model.activity.sieve.problem(),
    };
    let (said, role) = match problem {
        Some(problem) => (problem, Role::Warning),
        None => ("↵ keep   esc all", Role::Muted),
    };
    let said = text::cut(said, room / 2).into_owned();
    let cells = room.saturating_sub(text::width(&said) + 6);
    let mut spans = vec![Span::styled(" / ", model.theme.style(Role::Accent))];
    spans.extend(written(draft, true, cells, model.theme));
    let taken: usize = spans.iter().map(Span::width).sum();
    spans.push(Span::raw(" ".repeat(room.saturating_sub(taken + text::width(&said)))));
    spans.push(Span::styled(said, model.theme.style(role)));
    spans
}

/// The keys that matter most here, as many as fit, the most wanted first.
fn hints(model: &Model, room: usize) -> Vec<Span<'static>> {
    let mut left = room.saturating_sub(1);
    let mut spans = vec![Span::raw(" ")];
    for action in most_wanted(model) {
        let (Some(key), Some(row)) = (model.keymap.first(*action), action.described()) else { continue };
        let label = format!(" {}  ", row.label);
        let Some(rest) = left.checked_sub(text::width(&key) + text::width(&label)) else { break };
        left = rest;
        spans.push(Span::styled(key, model.theme.style(Role::Accent)));
        spans.push(Span::styled(label, model.theme.style(Role::Muted)));
    }
    spans
}

/// What is done here, the most wanted first.
fn most_wanted(model: &Model) -> &'static [Action] {
    use Action::{
        Back, Cancel, Compose, Expire, Filter, Follow, Fork, Group, Help, NextPane, NextTurn, Open, PageDown,
        PreviousTurn, Quit, Rules, Sort, Switch, Tools,
    };
    match (model.screen, model.focus) {
        (Screen::Overview, _) => &[Open, Help, Quit, Compose, Expire, Cancel],
        (Screen::Threads, Focus::List) => &[Open, Help, Quit, Filter, Compose, Expire, Cancel, NextPane],
        (Screen::Threads, Focus::Reader) => &[Back, Help, Quit, Compose, NextTurn, PreviousTurn, Fork, Expire, Cancel],
        (Screen::Log, _) if model.log.detail.is_some() => &[Back, Help, Quit, PageDown],
        (Screen::Log, _) => &[Open, Help, Quit, Filter, Follow, Rules],
        (Screen::Budget, _) => &[Group, Help, Quit, Open, PageDown],
        (Screen::Models, _) => &[Sort, Help, Quit, Filter, Switch],
        (Screen::Activity, _) => &[Open, Help, Quit, Filter, Cancel, Tools],
    }
}
