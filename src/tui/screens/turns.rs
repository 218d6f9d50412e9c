//! The reader beside or over the list: the selected thread's turns, and what is arriving for it. Draws rows that the
//! model has laid out; wraps nothing.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use crate::control::types::{CallSummary, Stage, TurnText};
use crate::text::{cut, width};
use crate::tui::figure;
use crate::tui::layout::{Areas, GUTTER};
use crate::tui::model::reader::{Loading, Reader, Row};
use crate::tui::model::threads::Row as Selected;
use crate::tui::model::{Focus, Model};
use crate::tui::pane::{Pane, put};
use crate::tui::theme::Role;

const MARGIN: &str = "  ";
/// What stands beside a prompt, so that it is told from the answer at a glance.
const PROMPT: &str = "▏ ";

/// ```text
/// ── turn 2 · chat · 12:03:55 UTC ─────────────────────
///   model     google/gemini-2.5-pro · effort high→medium
///             6.4k in · 812 out · 9.8 s, first text 1.2 s
///   files     src/storage/redis.rs
///
/// ▏ Please review the TTL refresh.
///
///   The refresh is not atomic ...
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let reader = model.reader.as_ref();
    let note = reader.map_or_else(String::new, place);
    // Between the corners, and before the note.
    let room = usize::from(areas.reader.width).saturating_sub(2 + width(&note));
    let pane = Pane {
        title: Line::styled(
            reader.map_or_else(String::new, |reader| title(model, reader, room)),
            theme.style(Role::Heading),
        ),
        note: Line::styled(note, theme.style(Role::Muted)),
        focused: model.focus == Focus::Reader,
    };
    let inside = pane.draw(buffer, areas.reader, areas, theme);
    let Some(reader) = reader else { return };
    let columns = usize::from(inside.width);
    for (row, content) in reader.seen().iter().enumerate() {
        put(buffer, inside, row, &line(model, reader, *content, columns));
    }
    if reader.seen().is_empty() {
        let (role, said) = match &reader.state {
            Loading::Waiting | Loading::Here => (Role::Muted, "fetching its turns"),
            Loading::Failed(reason) => (Role::Bad, reason.as_str()),
        };
        put(buffer, inside, 1, &Line::styled(format!("{MARGIN}{said}"), theme.style(role)));
    }
}

/// As much of what the thread is as there is room for. Turns that no model answered do not count against the limit, so
/// both numbers stand here where they differ.
fn title(model: &Model, reader: &Reader, room: usize) -> String {
    match reader.shown {
        Selected::Thread(source, id) => {
            let begin = format!(" {} ", id.short());
            let Some(thread) = model.thread(source, id) else { return begin };
            let turns = figure::plural(usize::try_from(thread.turns).unwrap_or(usize::MAX), "turn");
            let answered = match thread.answered {
                answered if answered == thread.turns => String::new(),
                answered => format!(", {answered} answered"),
            };
            let least = if thread.cost_partly_unknown { "≥" } else { "" };
            let cost = thread.cost.map(|cost| format!("· {least}{} ", figure::cost(cost))).unwrap_or_default();
            let from_most_to_least = [
                format!("{begin}· {turns}{answered} {cost}"),
                format!("{begin}· {turns}{answered} "),
                format!("{begin}· {turns} "),
            ];
            from_most_to_least.into_iter().find(|said| width(said) <= room).unwrap_or(begin)
        }
        Selected::Call(_, id) => format!(" call {id} "),
    }
}

fn place(reader: &Reader) -> String {
    match reader.place() {
        (_, _, 0) => String::new(),
        (first, last, all) if first == 1 && last == all => String::new(),
        (_, last, all) if reader.follows() && last == all => " following ".to_owned(),
        (first, last, all) => format!(" {first}–{last} of {all} "),
    }
}

fn line<'a>(model: &'a Model, reader: &'a Reader, row: Row, columns: usize) -> Line<'a> {
    let theme = model.theme;
    match row {
        Row::TurnHead(at) => reader.turns.get(at).map_or_else(Line::default, |turn| {
            let detail = &turn.detail;
            let said =
                format!("turn {} · {} · {} UTC", detail.number, detail.tool, figure::time_of_day(detail.started));
            ruled(model, &said, Role::Heading, columns)
        }),
        Row::Fact(turn, fact) => match reader.turns.get(turn).and_then(|turn| turn.facts.get(fact)) {
            Some(fact) if fact.quotes => {
                Line::from(vec![Span::raw(MARGIN), Span::styled(model.veil(&fact.text), theme.style(fact.role))])
            }
            Some(fact) => Line::from(vec![Span::raw(MARGIN), Span::styled(fact.text.as_str(), theme.style(fact.role))]),
            None => Line::default(),
        },
        Row::Text(turn, which, at) => {
            let gutter = match which {
                TurnText::Prompt => Span::styled(PROMPT, theme.style(Role::Accent)),
                TurnText::Answer => Span::raw(MARGIN),
            };
            let body = reader.turns.get(turn).and_then(|turn| turn.body(which));
            pieces(model, gutter, body.map(|body| body.pieces(at)).unwrap_or_default())
        }
        Row::Rest(turn, which) => {
            let missing = reader.turns.get(turn).and_then(|turn| turn.body(which)).map_or(0, |body| body.missing());
            let said = format!("{MARGIN}… {} more characters", figure::count(missing));
            Line::styled(said, theme.style(Role::Muted))
        }
        Row::LiveHead(at) => {
            let call = reader.live.get(at).and_then(|live| model.call(reader.shown.source(), live.call));
            call.map_or_else(Line::default, |call| live_head(model, call, columns))
        }
        Row::LiveNote(at, line) => {
            let text = reader.live.get(at).map_or("", |live| live.note.line(line));
            Line::from(vec![Span::raw(MARGIN), Span::styled(text, theme.style(Role::Bad))])
        }
        Row::LiveText(at, line) => {
            let live = reader.live.get(at);
            pieces(model, Span::raw(MARGIN), live.map(|live| live.body.pieces(line)).unwrap_or_default())
        }
        Row::Blank => Line::default(),
    }
}

fn pieces<'a>(model: &Model, gutter: Span<'a>, pieces: Vec<(&'a str, Role)>) -> Line<'a> {
    let spans = pieces.into_iter().map(|(text, role)| Span::styled(model.veil(text), model.theme.style(role)));
    [gutter].into_iter().chain(spans).collect()
}

fn live_head<'a>(model: &Model, call: &CallSummary, columns: usize) -> Line<'a> {
    let (stage, role) = match &call.stage {
        Stage::Preparing => ("gathering files and history", Role::Good),
        Stage::Waiting => ("waiting for the model", Role::Good),
        Stage::Streaming => ("text arrives", Role::Good),
        Stage::Done => ("done", Role::Good),
        Stage::Failed { .. } => ("failed", Role::Bad),
        Stage::Cancelled => ("cancelled", Role::Warning),
    };
    let took = call.ended.unwrap_or(model.now).since(call.started);
    let mut said = format!("▸ {}", call.tool);
    if let Some(asked) = &call.model {
        said.push_str(&format!(" · {asked}"));
    }
    said.push_str(&format!(" · {stage} · {}", figure::elapsed(took)));
    ruled(model, &said, role, columns)
}

/// A heading in a rule of the reader's width.
fn ruled<'a>(model: &Model, said: &str, role: Role, columns: usize) -> Line<'a> {
    let said = cut(said, columns.saturating_sub(GUTTER * 2 + 2)).into_owned();
    let rule = "─".repeat(columns.saturating_sub(width(&said) + GUTTER + 2));
    let border = model.theme.style(Role::Border);
    Line::from(vec![
        Span::styled("── ", border),
        Span::styled(said, model.theme.style(role)),
        Span::styled(format!(" {rule}"), border),
    ])
}
