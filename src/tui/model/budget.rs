//! The budget of the thread that is read: what its last prompt was made of, and what was decided on, turn by turn. Beside
//! it what was spent over all processes. Figures are estimates of the engine's own, made before the prompt was sent.

use std::collections::BTreeMap;

use super::list::Step;
use super::reader::{Reader, Turn};
use super::source::SourceView;
use super::threads::Row;
use crate::budget::{Decision, Part, Verdict};
use crate::control::types::ConsultationDetail;
use crate::text;
use crate::tui::figure;
use crate::tui::theme::Role;
use crate::unit::{MicroUsd, Tokens};

/// Subjects of one fate that are named in a turn; the others are counted.
const MAX_NAMED: usize = 200;
/// Lines that are laid out at most.
const MAX_LINES: usize = 5_000;
const DAY_MILLIS: u64 = 86_400_000;

/// What the screen of budgets holds beside what the sources said.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    pub group: By,
    lines: Vec<Line>,
    /// What the lines were laid out for.
    laid_out: Option<(Row, usize, usize)>,
    scroll: usize,
    height: usize,
}

/// What spending is summed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    #[default]
    Model,
    Tool,
    Day,
}

/// One line about what was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub role: Role,
    pub text: String,
}

/// The last consultation's window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    pub turn: u32,
    pub model: String,
    pub size: Tokens,
    /// In the order of the bar; none is empty.
    pub shares: Vec<(Share, Tokens)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    System,
    Prompt,
    Files,
    History,
    /// Headings and notes between the others.
    Between,
    /// Kept free for the reply.
    Reply,
    Free,
}

/// One line of what was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    pub name: String,
    pub answered: u64,
    pub input: Tokens,
    pub output: Tokens,
    pub tokens_unknown: u64,
    pub cost: MicroUsd,
    pub cost_unknown: u64,
}

impl By {
    pub fn next(self) -> Self {
        match self {
            Self::Model => Self::Tool,
            Self::Tool => Self::Day,
            Self::Day => Self::Model,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tool => "tool",
            Self::Day => "day",
        }
    }
}

impl Share {
    pub fn title(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Prompt => "prompt",
            Self::Files => "files",
            Self::History => "history",
            Self::Between => "headings",
            Self::Reply => "for the reply",
            Self::Free => "free",
        }
    }

    fn of(part: Part) -> Self {
        match part {
            Part::System => Self::System,
            Part::Prompt => Self::Prompt,
            Part::Files => Self::Files,
            Part::History => Self::History,
        }
    }
}

impl Window {
    /// Of the last turn in which a model was given a window.
    pub fn of(turns: &[Turn]) -> Option<Self> {
        let (turn, consultation) = turns.iter().rev().find_map(|turn| {
            let given = turn.detail.consultations.iter().rev().find(|one| one.window > Tokens::ZERO);
            given.map(|consultation| (turn.detail.number, consultation))
        })?;
        let spent = consultation.decisions.iter().filter(|decision| decision.verdict.is_spent());
        let mut sums: [Tokens; 4] = [Tokens::ZERO; 4];
        for decision in spent {
            sums[decision.part as usize] += decision.tokens;
        }
        let named: Tokens = sums.into_iter().sum();
        let between = consultation.estimated_input.saturating_sub(named);
        let size = consultation.window;
        let free = size.saturating_sub(named + between + consultation.reply_reserve);
        let parts = [Part::System, Part::Prompt, Part::Files, Part::History];
        let shares = parts.into_iter().map(|part| (Share::of(part), sums[part as usize]));
        let rest = [(Share::Between, between), (Share::Reply, consultation.reply_reserve), (Share::Free, free)];
        let shares = shares.chain(rest).filter(|(_, tokens)| *tokens > Tokens::ZERO).collect();
        Some(Self { turn, model: format!("{}/{}", consultation.provider, consultation.model), size, shares })
    }

    /// The bar in so many cells: each share in its proportion, and none of what is there without a cell.
    pub fn bar(&self, cells: usize) -> Vec<(Share, usize)> {
        let total: u64 = self.shares.iter().map(|(_, tokens)| *tokens).sum::<Tokens>().0.max(self.size.0).max(1);
        let part = |tokens: u64| {
            let exact = u128::from(tokens) * cells as u128 / u128::from(total);
            usize::try_from(exact).unwrap_or(cells).max(1)
        };
        let mut bar: Vec<(Share, usize)> =
            self.shares.iter().map(|(share, Tokens(tokens))| (*share, part(*tokens))).collect();
        // Rounding is made up for by the largest, where it is not seen.
        let taken: usize = bar.iter().map(|(_, cells)| cells).sum();
        if let Some((_, largest)) = bar.iter_mut().max_by_key(|(_, cells)| *cells) {
            *largest = (*largest + cells).saturating_sub(taken);
        }
        bar
    }
}

impl Budget {
    /// Lays the decisions out for this width, where that has not been done.
    pub fn fit(&mut self, reader: Option<&Reader>, width: usize, height: usize) {
        self.height = height;
        let wanted = reader.map(|reader| (reader.shown, reader.turns.len(), width));
        if wanted != self.laid_out {
            let is_other = wanted.map(|(shown, ..)| shown) != self.laid_out.map(|(shown, ..)| shown);
            self.lines = reader.map(|reader| lay_out(&reader.turns, width)).unwrap_or_default();
            self.laid_out = wanted;
            if is_other {
                self.scroll = 0;
            }
        }
        self.scroll = self.scroll.min(self.last());
    }

    pub fn step(&mut self, step: Step) {
        self.scroll = step.from(self.scroll, self.last());
    }

    pub fn height(&self) -> usize {
        self.height
    }

    /// The lines on screen.
    pub fn seen(&self) -> &[Line] {
        let first = self.scroll.min(self.lines.len());
        &self.lines[first..self.lines.len().min(first + self.height)]
    }

    /// The first and the last line on screen, from 1, and how many there are.
    pub fn place(&self) -> (usize, usize, usize) {
        (self.scroll + 1, self.lines.len().min(self.scroll + self.height), self.lines.len())
    }

    fn last(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }
}

/// What was decided, the newest turn first.
fn lay_out(turns: &[Turn], width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for turn in turns.iter().rev() {
        if lines.len() >= MAX_LINES {
            break;
        }
        let (number, tool) = (turn.detail.number, &turn.detail.tool);
        if turn.detail.consultations.is_empty() {
            say(&mut lines, Role::Muted, "", &format!("turn {number} · {tool} · no model was asked"), width);
        }
        for consultation in &turn.detail.consultations {
            let heading = format!("turn {number} · {tool} · {}", head(consultation));
            say(&mut lines, Role::Heading, "", &heading, width);
            for verdict in [Verdict::Kept, Verdict::Cut, Verdict::Summarised, Verdict::LeftOut] {
                decided(&mut lines, &consultation.decisions, verdict, width);
            }
        }
        let refused = turn.detail.refused.iter().map(|file| format!("{} ({})", file.path, file.reason));
        for file in refused {
            say(&mut lines, Role::Warning, "refused", &file, width);
        }
    }
    lines
}

fn head(consultation: &ConsultationDetail) -> String {
    let ConsultationDetail { model, estimated_input, window, .. } = consultation;
    format!("{model} · ~{} of {}", figure::tokens(*estimated_input), figure::tokens(*window))
}

fn decided(lines: &mut Vec<Line>, decisions: &[Decision], verdict: Verdict, width: usize) {
    let of = || decisions.iter().filter(|decision| decision.verdict == verdict);
    let count = of().count();
    if count == 0 {
        return;
    }
    let named =
        of().take(MAX_NAMED).map(|decision| format!("{} ~{}", decision.subject, figure::tokens(decision.tokens)));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if count > MAX_NAMED {
        named.push_str(&format!(" and {} more", count - MAX_NAMED));
    }
    let (label, why, role) = match verdict {
        Verdict::Kept => ("kept", "", Role::Text),
        Verdict::Cut => ("cut", ": only the beginning fitted", Role::Warning),
        Verdict::Summarised => ("short", ": a line stands in its place", Role::Warning),
        Verdict::LeftOut => ("left out", ": more than was left of its share", Role::Warning),
    };
    say(lines, role, label, &format!("{named}{why}"), width);
}

/// Cells of the column that names a fate.
const LABEL: usize = 10;

fn say(lines: &mut Vec<Line>, role: Role, label: &str, said: &str, width: usize) {
    let indent = if role == Role::Heading || label.is_empty() { 0 } else { LABEL.min(width / 3) };
    for (at, range) in text::wrap(said, width.saturating_sub(indent)).into_iter().enumerate() {
        let label = text::pad(if at == 0 { label } else { "" }, indent);
        lines.push(Line { role, text: format!("{}{}", text::cut(&label, indent), &said[range]) });
    }
}

/// What was spent over all processes, the dearest first, days by date; and the sum of it.
pub fn spent(sources: &[SourceView], by: By) -> (Vec<Spent>, Spent) {
    let mut lines: BTreeMap<String, Spent> = BTreeMap::new();
    let mut sum = Spent { name: "all".to_owned(), ..Spent::default() };
    for line in sources.iter().filter_map(|source| source.spending.as_ref()).flat_map(|spending| &spending.lines) {
        let name = match by {
            By::Model => format!("{} {}", line.model, line.provider),
            By::Tool => line.tool.clone(),
            By::Day => figure::date(line.day.saturating_mul(DAY_MILLIS)),
        };
        for spent in [lines.entry(name).or_default(), &mut sum] {
            spent.answered += line.answered;
            spent.input += line.input;
            spent.output += line.output;
            spent.tokens_unknown += line.tokens_unknown;
            spent.cost = MicroUsd(spent.cost.0.saturating_add(line.cost.0));
            spent.cost_unknown += line.cost_unknown;
        }
    }
    let mut lines: Vec<Spent> = lines.into_iter().map(|(name, spent)| Spent { name, ..spent }).collect();
    match by {
        By::Model | By::Tool => lines.sort_by_key(|spent| std::cmp::Reverse((spent.cost, spent.input))),
        By::Day => lines.reverse(),
    }
    (lines, sum)
}

impl Spent {
    /// What it cost, as far as that is known.
    pub fn cost_said(&self) -> String {
        match (self.cost_unknown, self.cost) {
            (0, _) if self.answered == 0 => "–".to_owned(),
            (0, MicroUsd(0)) => "$0".to_owned(),
            (0, cost) => figure::cost(cost),
            (_, MicroUsd(0)) => "unknown".to_owned(),
            (_, cost) => format!("≥{}", figure::cost(cost)),
        }
    }

    /// A sum of tokens, which is a lower bound where some were not reported.
    pub fn tokens_said(&self, tokens: Tokens) -> String {
        match (self.tokens_unknown, tokens) {
            (0, tokens) => figure::tokens(tokens),
            (_, Tokens::ZERO) => "?".to_owned(),
            (_, tokens) => format!("≥{}", figure::tokens(tokens)),
        }
    }
}
