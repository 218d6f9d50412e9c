//! Budgets: the window of the selected thread as a bar of its shares, what was decided on for it turn by turn, and what
//! was spent against what may be.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::control::types::spending::LimitSummary;
use crate::text::{cut, pad, pad_start, width};
use crate::tui::figure;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::budget::{Share, Spent, Window, spent};
use crate::tui::model::reader::Loading;
use crate::tui::pane::{Pane, column, put};
use crate::tui::theme::Role;
use crate::unit::MicroUsd;

const FIGURE: usize = 8;
const COST: usize = 10;

/// ```text
/// ╭ Window · 3f9a1c02 · turn 2 · google/gemini-2.5-pro ────────────── 1.00M ╮
/// │ ██▓▒▒▒▒▒▒▒▒▒░░░░░░──────────────────────────────────────········        │
/// │ █ system 1.2k  ▓ prompt 40  ▒ files 90.4k  ░ history 12k  ─ for the …   │
/// ╭ Decided, turn by turn ──────────────╮╭ Spent by model ──────────────────╮
/// ╰─────────────────────────────────────╯╰──────────────────────────────────╯
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let places = areas.budget();
    window(model, buffer, places.window, areas);
    decided(model, buffer, places.decided, areas);
    if places.spent.height > 0 {
        spent_of(model, buffer, places.spent, areas);
    }
}

fn window(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let theme = model.theme;
    let reader = model.reader.as_ref();
    let window = reader.and_then(|reader| Window::of(&reader.turns));
    let thread = reader.map(|reader| reader.shown.name()).unwrap_or_default();
    let (title, note) = match &window {
        Some(window) => {
            let title = format!(" Window · {thread} · turn {} · {} ", window.turn, window.model);
            (title, format!(" {} tokens ", figure::tokens(window.size)))
        }
        None => (format!(" Window · {thread} "), String::new()),
    };
    let room = usize::from(area.width).saturating_sub(width(&note) + 4);
    let pane = Pane {
        title: Line::styled(cut(&title, room).into_owned(), theme.style(Role::Heading)),
        note: Line::styled(note, theme.style(Role::Muted)),
        focused: false,
    };
    let inside = pane.draw(buffer, area, areas, theme);
    let Some(window) = window else {
        let said = match reader.map(|reader| &reader.state) {
            None => " Choose a thread on the screen of threads.",
            Some(Loading::Waiting) => " fetching its turns",
            Some(Loading::Failed(_)) => " Its turns cannot be had.",
            Some(Loading::Here) => " No model was asked in it.",
        };
        return put(buffer, inside, 0, &Line::styled(said, theme.style(Role::Muted)));
    };
    let cells = usize::from(inside.width).saturating_sub(2);
    let bar = window.bar(cells).into_iter().map(|(share, cells)| {
        let (mark, role) = look(share);
        Span::styled(mark.repeat(cells), theme.style(role))
    });
    put(buffer, inside, 0, &Line::from([Span::raw(" ")].into_iter().chain(bar).collect::<Vec<_>>()));
    let (mut row, mut line, mut taken) = (1, vec![Span::raw(" ")], 1);
    for (share, tokens) in &window.shares {
        let (mark, role) = look(*share);
        let said = format!(" {} {}  ", share.title(), figure::tokens(*tokens));
        if taken + 1 + width(&said) > cells + 2 && line.len() > 1 {
            put(buffer, inside, row, &Line::from(std::mem::replace(&mut line, vec![Span::raw(" ")])));
            (row, taken) = (row + 1, 1);
        }
        taken += 1 + width(&said);
        line.extend([Span::styled(mark, theme.style(role)), Span::styled(said, theme.style(Role::Text))]);
    }
    put(buffer, inside, row, &Line::from(line));
}

/// Told apart by their marks, and by colour where there is any.
fn look(share: Share) -> (&'static str, Role) {
    match share {
        Share::System => ("█", Role::Accent),
        Share::Prompt => ("▓", Role::Text),
        Share::Files => ("▒", Role::Good),
        Share::History => ("░", Role::Warning),
        Share::Between => ("▪", Role::Muted),
        Share::Reply => ("─", Role::Muted),
        Share::Free => ("·", Role::Muted),
    }
}

fn decided(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let theme = model.theme;
    let (first, last, all) = model.budget.place();
    let note = if last < all || first > 1 { format!(" {first}–{last} of {all} ") } else { String::new() };
    let pane = Pane {
        title: Line::styled(" Decided, turn by turn ", theme.style(Role::Heading)),
        note: Line::styled(note, theme.style(Role::Muted)),
        focused: true,
    };
    let inside = pane.draw(buffer, area, areas, theme);
    for (row, line) in model.budget.seen().iter().enumerate() {
        let shown = Line::from(vec![Span::raw(" "), Span::styled(line.text.as_str(), theme.style(line.role))]);
        put(buffer, inside, row, &shown);
    }
}

/// What was spent, and below it what is taken of the limits.
fn spent_of(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let theme = model.theme;
    let by = model.budget.group;
    let pane = Pane {
        title: Line::styled(format!(" Spent by {} ", by.title()), theme.style(Role::Heading)),
        note: Line::styled(" since start ", theme.style(Role::Muted)),
        focused: false,
    };
    let inside = pane.draw(buffer, area, areas, theme);
    let (lines, sum) = spent(&model.sources, by);
    let limits = limits(model);
    let name = usize::from(inside.width).saturating_sub(FIGURE * 2 + COST + 2);
    let heads = [pad("", name + 1), pad_start("IN", FIGURE), pad_start("OUT", FIGURE), pad_start("COST", COST)];
    put(buffer, inside, 0, &Line::styled(heads.concat(), theme.style(Role::Muted)));
    put(buffer, inside, 1, &row(model, &sum, name, Role::Heading));
    let room = usize::from(inside.height).saturating_sub(2 + limits.len());
    let shown = if lines.len() > room { room.saturating_sub(1) } else { room };
    for (at, line) in lines.iter().take(shown).enumerate() {
        put(buffer, inside, at + 2, &row(model, line, name, Role::Text));
    }
    if lines.len() > shown && room > 0 {
        let more = format!(" … {} more", lines.len() - shown);
        put(buffer, inside, shown + 2, &Line::styled(more, theme.style(Role::Muted)));
    }
    let below = usize::from(inside.height).saturating_sub(limits.len());
    for (at, (said, role)) in limits.iter().enumerate() {
        let said = cut(said, usize::from(inside.width).saturating_sub(2)).into_owned();
        put(buffer, inside, below + at, &Line::styled(format!(" {said}"), theme.style(*role)));
    }
}

fn row(model: &Model, spent: &Spent, name: usize, role: Role) -> Line<'static> {
    let theme = model.theme;
    Line::from(vec![
        Span::styled(format!(" {}", column(&spent.name, name)), theme.style(role)),
        Span::styled(pad_start(&spent.tokens_said(spent.input), FIGURE), theme.style(Role::Text)),
        Span::styled(pad_start(&spent.tokens_said(spent.output), FIGURE), theme.style(Role::Text)),
        Span::styled(pad_start(&spent.cost_said(), COST), theme.style(role)),
    ])
}

/// The limits of every process, those of one provider only where one is set.
fn limits(model: &Model) -> Vec<(String, Role)> {
    let mut said = Vec::new();
    for source in model.sources.iter().filter(|source| !source.is_gone()) {
        let Some(spending) = &source.spending else { continue };
        for limit in spending.limits.iter().filter(|limit| limit.limit.is_some()) {
            let whose = limit.provider.as_ref().map_or("all providers", |provider| provider.as_str());
            let process = if model.has_many_sources() { format!(" · {}", source.name) } else { String::new() };
            let (amount, role) = taken(limit);
            said.push((format!("{whose} {amount}{process}"), role));
        }
    }
    if said.is_empty() {
        said.push(("no limit is set: [spend] total, per_provider".to_owned(), Role::Muted));
    }
    said
}

fn taken(of: &LimitSummary) -> (String, Role) {
    let limit = of.limit.unwrap_or_default();
    let taken = MicroUsd(of.spent.0.saturating_add(of.held.0).saturating_add(of.unknown.0));
    let part = (u128::from(taken.0) * 100).checked_div(u128::from(limit.0)).unwrap_or(100);
    let role = match part {
        0..80 => Role::Text,
        80..100 => Role::Warning,
        _ => Role::Bad,
    };
    let also = |name: &str, amount: MicroUsd| {
        if amount.0 > 0 { format!(", {} {name}", figure::cost(amount)) } else { String::new() }
    };
    let (held, unknown) = (also("held", of.held), also("of unknown cost", of.unknown));
    (format!("{} of {} ({part} %{held}{unknown})", figure::cost(taken), figure::cost(limit)), role)
}
