//! Everything at a glance: threads, what they took, what needs a person, providers, calls in flight, the newest messages.
//! Its panes show the beginnings of what the other screens show whole.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use crate::text::{cut, pad, pad_start};
use crate::tui::figure;
use crate::tui::layout::{Areas, Breadth};
use crate::tui::model::Model;
use crate::tui::model::models::Standing;
use crate::tui::pane::{Pane, put};
use crate::tui::rows::{call, message, thread};
use crate::tui::theme::Role;

/// Cells of a provider's name.
const PROVIDER: usize = 14;

/// ```text
/// ╭ Threads · 37 ────────────────────────╮╭ Spent ───────────────────╮
/// ╰──────────────────────────────────────╯╰──────────────────────────╯
///                                         ╭ Alerts (2) ──────────────╮
/// ╭ Providers ───────────────────────────╮╭ In flight (3) ───────────╮
/// ╰──────────────────────────────────────╯╰──────────────────────────╯
/// ╭ Messages ────────────────────────────────────────────────────────╮
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    if areas.breadth == Breadth::Wide {
        let [upper, log] = Layout::vertical([Constraint::Fill(1), Constraint::Max(7)]).areas(areas.body);
        let [left, right] = Layout::horizontal([Constraint::Percentage(58), Constraint::Fill(1)]).areas(upper);
        let [list, providers] = Layout::vertical([Constraint::Fill(3), Constraint::Fill(2)]).areas(left);
        let [spent, told, calls] =
            Layout::vertical([Constraint::Length(5), Constraint::Fill(1), Constraint::Fill(1)]).areas(right);
        threads(model, buffer, list, areas);
        providers_of(model, buffer, providers, areas);
        totals(model, buffer, spent, areas);
        told_of(model, buffer, told, areas);
        in_flight(model, buffer, calls, areas);
        return messages(model, buffer, log, areas);
    }
    let told = u16::try_from(model.glance.alerts().len()).unwrap_or(u16::MAX).min(3);
    let border = if areas.breadth == Breadth::Minimal { 0 } else { 2 };
    let [spent, list, below] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(if told > 0 { told + border } else { 0 }),
    ])
    .areas(areas.body);
    put(buffer, spent, 0, &in_a_line(model));
    threads(model, buffer, list, areas);
    if told > 0 {
        told_of(model, buffer, below, areas);
    }
}

fn pane(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas, title: &str) -> Rect {
    let title = Line::styled(format!(" {title} "), model.theme.style(Role::Heading));
    Pane { title, note: Line::default(), focused: false }.draw(buffer, area, areas, model.theme)
}

fn threads(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let rows = model.threads.rows();
    let inside = pane(model, buffer, area, areas, &format!("Threads · {}", figure::count(rows.len() as u64)));
    if rows.is_empty() {
        let said = " No threads. One appears here as soon as an agent asks a model.";
        return put(buffer, inside, 0, &Line::styled(said, model.theme.style(Role::Muted)));
    }
    let columns = thread::Columns::of(usize::from(inside.width));
    put(buffer, inside, 0, &columns.heads(model));
    let seen = model.threads.list.around(rows.len(), usize::from(inside.height.saturating_sub(1)));
    for (at, row) in rows[seen].iter().enumerate() {
        let shown = thread::Shown { model, row: *row, selected: model.threads.selected() == Some(*row), columns };
        put(buffer, inside, at + 1, &shown.first());
    }
}

fn totals(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let inside = pane(model, buffer, area, areas, "Spent on these threads");
    let spent = model.glance.spent();
    let rows = [
        ("tokens in", format!("{}{}", spent.least(), figure::tokens(spent.input))),
        ("tokens out", format!("{}{}", spent.least(), figure::tokens(spent.output))),
        ("cost", spent.cost()),
    ];
    for (row, (name, said)) in rows.into_iter().enumerate() {
        let name = Span::styled(format!(" {}", pad(name, 12)), model.theme.style(Role::Muted));
        put(buffer, inside, row, &Line::from(vec![name, Span::styled(said, model.theme.style(Role::Text))]));
    }
}

fn in_a_line(model: &Model) -> Line<'static> {
    let spent = model.glance.spent();
    let all = spent.input + spent.output;
    let said = format!(" {}{} tokens · {}", spent.least(), figure::tokens(all), spent.cost());
    Line::styled(said, model.theme.style(Role::Text))
}

fn told_of(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let alerts = model.glance.alerts();
    let inside = pane(model, buffer, area, areas, &format!("Alerts ({})", alerts.len()));
    if alerts.is_empty() {
        return put(buffer, inside, 0, &Line::styled(" All is well.", model.theme.style(Role::Muted)));
    }
    let width = usize::from(inside.width).saturating_sub(3);
    for (row, alert) in alerts.iter().take(usize::from(inside.height)).enumerate() {
        let line = Line::styled(format!(" ! {}", cut(&alert.text, width)), model.theme.style(alert.role));
        put(buffer, inside, row, &line);
    }
}

fn providers_of(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let inside = pane(model, buffer, area, areas, "Providers");
    let theme = model.theme;
    let all = model.sources.iter().filter(|source| !source.is_gone()).flat_map(|source| &source.providers);
    let mut row = 0;
    for provider in all.filter(|provider| provider.configured) {
        let health = &provider.health;
        let (mark, role) = if !provider.resting.is_empty() {
            ("○", Role::Bad)
        } else if Standing::fails(provider) {
            ("◐", Role::Warning)
        } else {
            ("●", Role::Good)
        };
        let median = health.total_p50_ms.map_or_else(|| "–".to_owned(), figure::latency);
        let said = format!(
            "{} answered  {} failed  p50 {}",
            pad_start(&figure::count(provider.answered), 6),
            pad_start(&figure::count(provider.failed), 4),
            median,
        );
        let line = Line::from(vec![
            Span::styled(format!(" {mark} "), theme.style(role)),
            Span::styled(pad(&cut(provider.id.as_str(), PROVIDER - 1), PROVIDER), theme.style(Role::Text)),
            Span::styled(said, theme.style(Role::Muted)),
        ]);
        put(buffer, inside, row, &line);
        row += 1;
    }
    if row == 0 {
        put(buffer, inside, 0, &Line::styled(" No provider is configured.", theme.style(Role::Muted)));
    }
}

fn in_flight(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let running = &model.activity.rows()[..model.activity.running];
    let inside = pane(model, buffer, area, areas, &format!("In flight ({})", running.len()));
    let columns = call::Columns::of(usize::from(inside.width), false);
    for (row, (source, id)) in running.iter().take(usize::from(inside.height)).enumerate() {
        if let Some(call) = model.call(*source, *id) {
            put(buffer, inside, row, &columns.line(model, call, "", false));
        }
    }
    if running.is_empty() {
        put(buffer, inside, 0, &Line::styled(" No call is in flight.", model.theme.style(Role::Muted)));
    }
}

fn messages(model: &Model, buffer: &mut Buffer, area: Rect, areas: &Areas) {
    let log = &model.log;
    let inside = pane(model, buffer, area, areas, &format!("Messages · {}", figure::count(log.len() as u64)));
    let columns = message::Columns::of(usize::from(inside.width), model.has_many_sources());
    let first = log.len().saturating_sub(usize::from(inside.height));
    for (row, at) in (first..log.len()).enumerate() {
        if let Some(entry) = log.entry(at) {
            put(buffer, inside, row, &columns.line(model, entry, false));
        }
    }
}
