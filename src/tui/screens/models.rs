//! The models that can be asked, with how their providers have done of late; what is known of the selected one below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::control::types::models::ModelSummary;
use crate::control::types::{HealthSummary, ProviderSummary};
use crate::provider::switched::Off;
use crate::text::{cut, pad, pad_start};
use crate::tui::figure;
use crate::tui::layout::Areas;
use crate::tui::model::Model;
use crate::tui::model::models::{Row, Standing};
use crate::tui::pane::{Pane, column, narrowed, put};
use crate::tui::theme::Role;
use crate::unit::{MicroUsd, UnixMillis};

const MARK: usize = 2;
const SCORE: usize = 6;
const HEALTH: usize = 10;
const FIGURE: usize = 7;
const PROVIDER: usize = 12;
/// Columns that are dropped first stand here with the width from which they are shown.
const WITH_PROVIDER: usize = 64;
const WITH_WINDOW: usize = 70;
const WITH_MEDIAN: usize = 77;
const WITH_SPEED: usize = 84;
/// The name of the process stands behind the provider's from here on.
const WITH_SOURCE: usize = 110;
const SOURCE: usize = 18;

/// ```text
///   MODEL              PROVIDER    SCORE HEALTH     WINDOW    P50    P95   ERR%  TOK/S
/// ▌ gpt-5.1            openai         18 ● up         400k  1.8 s  4.0 s    0.0     92
/// ```
pub fn draw(model: &Model, buffer: &mut Buffer, areas: &Areas) {
    let theme = model.theme;
    let rows = model.models.rows();
    let pane = Pane {
        title: Line::styled(
            format!(" Models · {} {}", rows.len(), narrowed(model.models.sieve.written())),
            theme.style(Role::Heading),
        ),
        note: Line::styled(format!(" by {} ", model.models.order.title()), theme.style(Role::Muted)),
        focused: true,
    };
    let inside = pane.draw(buffer, areas.models(), areas, theme);
    if rows.is_empty() {
        let said = if model.models.sieve.is_open() {
            " No model can be asked: no provider is configured here."
        } else {
            " No model fits. Escape shows all."
        };
        return put(buffer, inside, 1, &Line::styled(said, theme.style(Role::Muted)));
    }
    let columns = Columns::of(usize::from(inside.width), model.has_many_sources());
    put(buffer, inside, 0, &Line::styled(columns.heads(), theme.style(Role::Muted)));
    for (at, row) in rows[model.models.list.window(rows.len(), areas.model_rows())].iter().enumerate() {
        let Some((shown, provider)) = find(model, row) else { continue };
        put(buffer, inside, at + 1, &columns.line(model, row, shown, provider));
    }
    if let Some(area) = areas.model_detail()
        && let Some((shown, provider)) = model.models.selected().and_then(|row| find(model, row))
    {
        detail(model, shown, provider, buffer, area, areas);
    }
}

fn find<'a>(model: &'a Model, row: &Row) -> Option<(&'a ModelSummary, Option<&'a ProviderSummary>)> {
    let source = model.source(row.source)?;
    Some((source.model(&row.provider, &row.model)?, source.provider(&row.provider)))
}

/// The widths of the columns; 0: there is no room for it.
struct Columns {
    name: usize,
    provider: usize,
    source: usize,
    window: usize,
    median: usize,
    speed: usize,
}

impl Columns {
    fn of(width: usize, many_sources: bool) -> Self {
        let room = |from: usize, cells: usize| if width >= from { cells } else { 0 };
        let mut columns = Self {
            name: 0,
            provider: room(WITH_PROVIDER, PROVIDER),
            source: if many_sources { room(WITH_SOURCE, SOURCE) } else { 0 },
            window: room(WITH_WINDOW, FIGURE),
            median: room(WITH_MEDIAN, FIGURE),
            speed: room(WITH_SPEED, FIGURE),
        };
        let others = columns.provider + columns.source + columns.window + columns.median + columns.speed;
        columns.name = width.saturating_sub(MARK + SCORE + 1 + HEALTH + FIGURE * 2 + others + 1);
        columns
    }

    fn heads(&self) -> String {
        let mut heads = pad("", MARK);
        heads.push_str(&column("MODEL", self.name));
        heads.push_str(&column("PROVIDER", self.provider));
        heads.push_str(&column("PROCESS", self.source));
        heads.push_str(&pad_start("SCORE", SCORE));
        heads.push(' ');
        heads.push_str(&column("HEALTH", HEALTH));
        for (head, cells) in [("WINDOW", self.window), ("P50", self.median), ("P95", FIGURE), ("ERR%", FIGURE)] {
            heads.push_str(&pad_start(head, cells));
        }
        heads.push_str(&pad_start("TOK/S", self.speed));
        heads
    }

    fn line<'a>(&self, model: &Model, row: &Row, shown: &ModelSummary, provider: Option<&ProviderSummary>) -> Line<'a> {
        let theme = model.theme;
        let selected = model.models.selected() == Some(row);
        let style =
            |role: Role| -> Style { theme.style(if selected && role == Role::Text { Role::Selected } else { role }) };
        let standing = Standing::of(shown, provider);
        let unknown = HealthSummary::default();
        let health = provider.map_or(&unknown, |provider| &provider.health);
        let millis = |millis: Option<u64>| millis.map_or_else(|| "–".to_owned(), figure::latency);
        let process = model.source(row.source).map_or("", |source| source.name.as_str());
        let (mark, said, role) = standing_shown(standing);
        Line::from(vec![
            Span::styled(if selected { "▌ " } else { "  " }, theme.style(Role::Selected)),
            Span::styled(column(shown.id.as_str(), self.name), style(Role::Text)),
            Span::styled(column(shown.provider.as_str(), self.provider), style(Role::Muted)),
            Span::styled(column(process, self.source), style(Role::Muted)),
            Span::styled(pad_start(&score(shown, health), SCORE), style(Role::Text)),
            Span::styled(column(&format!(" {mark} {said}"), HEALTH + 1), style(role)),
            Span::styled(pad_start(&figure::tokens(shown.context_window), self.window), style(Role::Text)),
            Span::styled(pad_start(&millis(health.total_p50_ms), self.median), style(Role::Text)),
            Span::styled(pad_start(&millis(health.total_p95_ms), FIGURE), style(Role::Text)),
            Span::styled(pad_start(&failing(health), FIGURE), style(Role::Text)),
            Span::styled(
                pad_start(&health.tokens_per_second.map_or_else(|| "–".to_owned(), figure::count), self.speed),
                style(Role::Text),
            ),
        ])
    }
}

fn standing_shown(standing: Standing) -> (&'static str, &'static str, Role) {
    match standing {
        Standing::Up => ("●", standing.says(), Role::Good),
        Standing::Failing | Standing::CoolingDown => ("◐", standing.says(), Role::Warning),
        Standing::Down => ("○", standing.says(), Role::Bad),
        Standing::Off => ("○", standing.says(), Role::Muted),
    }
}

/// The score of its description; behind the arrow, what it counts for where zen chooses, while its provider fails.
fn score(shown: &ModelSummary, health: &HealthSummary) -> String {
    match shown.score.saturating_sub(health.penalty) {
        now if now == shown.score => now.to_string(),
        now => format!("{}→{now}", shown.score),
    }
}

/// Per cent of failed requests; a dash where there are too few to tell.
fn failing(health: &HealthSummary) -> String {
    health.failing_per_mille.map_or_else(|| "–".to_owned(), |mille| format!("{}.{}", mille / 10, mille % 10))
}

fn detail(
    model: &Model,
    shown: &ModelSummary,
    provider: Option<&ProviderSummary>,
    buffer: &mut Buffer,
    area: Rect,
    areas: &Areas,
) {
    let theme = model.theme;
    let pane = Pane {
        title: Line::styled(format!(" {}/{} ", shown.provider, shown.id), theme.style(Role::Heading)),
        note: Line::default(),
        focused: false,
    };
    let inside = pane.draw(buffer, area, areas, theme);
    let facts =
        facts(shown).into_iter().chain(provider.map(|provider| health_facts(provider, model.now)).unwrap_or_default());
    let width = usize::from(inside.width).saturating_sub(NAME + 2);
    for (row, (name, said, role)) in facts.enumerate() {
        let line = Line::from(vec![
            Span::styled(format!(" {}", pad(name, NAME)), theme.style(Role::Muted)),
            Span::styled(cut(&said, width).into_owned(), theme.style(role)),
        ]);
        put(buffer, inside, row, &line);
    }
}

/// Cells of the names of what is known of a model.
const NAME: usize = 11;

type Fact = (&'static str, String, Role);

fn facts(shown: &ModelSummary) -> Vec<Fact> {
    let mut facts = vec![("is", shown.title.clone(), Role::Text)];
    facts.extend(shown.off.map(|off| {
        let said = match off {
            Off::Model => "by hand, until zen ends; no agent is offered it",
            Off::Provider => "with all of its provider, by hand, until zen ends",
        };
        ("off", said.to_owned(), Role::Warning)
    }));
    if !shown.description.is_empty() {
        facts.push(("", shown.description.clone(), Role::Muted));
    }
    if !shown.aliases.is_empty() {
        facts.push(("aliases", shown.aliases.join(", "), Role::Text));
    }
    let output = shown.max_output.map_or_else(String::new, |cap| format!(", writes at most {}", figure::tokens(cap)));
    let mut takes = vec![format!("reads {}{output}", figure::tokens(shown.context_window))];
    takes.extend(shown.images.then(|| "images".to_owned()));
    if !shown.efforts.is_empty() {
        let efforts: Vec<&str> = shown.efforts.iter().map(|effort| effort.as_str()).collect();
        takes.push(format!("effort {}", efforts.join(" ")));
    }
    facts.push(("takes", takes.join(" · "), Role::Text));
    let price = |price: Option<MicroUsd>| price.map_or_else(|| "unknown".to_owned(), figure::cost);
    let said = match &shown.price_source {
        Some(source) => {
            format!("{} in · {} out a million · {source}", price(shown.input_price), price(shown.output_price))
        }
        None => "unknown".to_owned(),
    };
    facts.push(("price", said, Role::Text));
    facts
}

fn health_facts(provider: &ProviderSummary, now: UnixMillis) -> Vec<Fact> {
    let lowered = match provider.health.penalty {
        0 => String::new(),
        points => format!(" · scores lowered by {points} now"),
    };
    let mut facts = vec![(
        "provider",
        format!("{} answered · {} failed since its start{lowered}", provider.answered, provider.failed),
        Role::Text,
    )];
    let unknown = if provider.cost_unknown > 0 {
        format!(" · {} of unknown cost", provider.cost_unknown)
    } else {
        String::new()
    };
    facts.push(("spent", format!("{}{unknown}", figure::cost(provider.spent)), Role::Text));
    if let Some(error) = &provider.health.last_error {
        let ago =
            provider.health.last_error_at.map_or_else(String::new, |at| format!(" {} ago", figure::age(now.since(at))));
        facts.push(("last error", format!("{}{ago}: {}", error.class.says(), error.message), Role::Bad));
    }
    for resting in &provider.resting {
        let what = resting.model.as_ref().map_or("all its models", |model| model.as_str());
        let seconds = resting.rest_ms.div_ceil(1_000);
        facts.push(("left alone", format!("{what}, for {seconds} s from when it was said"), Role::Warning));
    }
    facts
}
