//! What is to be said of a turn beside its texts: who answered at what price, which files went along and which did
//! not, what the budget left out. Laid out in lines of a width.

use crate::budget::Verdict as Fate;
use crate::control::types::{ConsultationDetail, TurnDetail, Verdict};
use crate::insight::verdict::{Measure, Reading};
use crate::provider::Finish;
use crate::text;
use crate::tui::figure;
use crate::tui::theme::Role;

/// Cells of the column that names what a line is about.
const LABEL: usize = 10;
/// Stands between two phrases on one line.
const BETWEEN: &str = " · ";
/// Files, refusals or omissions that are named one by one.
const MAX_NAMED: usize = 50;

/// One line, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub role: Role,
    pub text: String,
    /// It quotes the turn's texts, and is hidden with them.
    pub quotes: bool,
}

/// The facts of a turn at this width.
pub fn facts(turn: &TurnDetail, width: usize) -> Vec<Fact> {
    let mut lines = Vec::new();
    for consultation in &turn.consultations {
        say_phrases(&mut lines, Role::Text, "model", &asked(consultation), width);
        if let Some(failure) = &consultation.failure {
            let mut phrases = vec![format!("no answer: {}: {}", failure.class.says(), failure.message)];
            phrases.extend(attempts(consultation));
            say_phrases(&mut lines, Role::Warning, "", &phrases, width);
            continue;
        }
        say_phrases(&mut lines, Role::Muted, "", &measured(consultation), width);
        if let Some((role, finish)) = finish(&consultation.finish) {
            say(&mut lines, role, "finish", &finish, width);
        }
    }
    if turn.consultations.is_empty() {
        say(&mut lines, Role::Muted, "model", "none was asked", width);
    }
    say_all(&mut lines, Role::Muted, "files", turn.files.iter().cloned(), width);
    let refused = turn.refused.iter().map(|file| format!("{} ({})", file.path, file.reason));
    say_all(&mut lines, Role::Warning, "refused", refused, width);
    say_all(&mut lines, Role::Warning, "withheld", turn.withheld.iter().cloned(), width);
    for (fate, label) in [(Fate::Cut, "cut"), (Fate::Summarised, "shortened"), (Fate::LeftOut, "left out")] {
        let decided = turn.consultations.iter().flat_map(|consultation| &consultation.decisions);
        let of = decided.filter(|decision| decision.verdict == fate);
        let named = of.map(|decision| format!("{} (~{})", decision.subject, figure::tokens(decision.tokens)));
        say_all(&mut lines, Role::Warning, label, named, width);
    }
    if let Some(verdict) = &turn.verdict {
        let first = lines.len();
        let (role, label) = if verdict.is_asked() { (Role::Warning, "monitor") } else { (Role::Muted, "not asked") };
        say(&mut lines, role, label, &verdict.to_string(), width);
        say_phrases(&mut lines, Role::Muted, "", &evidence(verdict), width);
        lines[first..].iter_mut().for_each(|line| line.quotes = true);
    }
    lines
}

/// What a verdict rests on: steps, words, each number and what it was held against.
fn evidence(verdict: &Verdict) -> Vec<String> {
    let steps: Vec<String> = verdict.steps.iter().take(MAX_NAMED).map(u32::to_string).collect();
    let shown = match steps.len() {
        0 => String::new(),
        1 => format!(", shown by step {}", steps[0]),
        _ => format!(", shown by steps {}", steps.join(", ")),
    };
    let mut phrases = vec![format!("{} in step {}{shown}", verdict.kind.as_str(), verdict.step)];
    phrases.extend(verdict.readings.iter().map(reading));
    if !verdict.words.is_empty() {
        phrases.push(verdict.words.iter().map(|word| format!("‹{word}›")).collect::<Vec<_>>().join(" "));
    }
    if verdict.before > 0 {
        phrases.push(format!("said {} before", figure::plural(verdict.before as usize, "time")));
    }
    phrases
}

/// `new words 4 % (below 10 %)`.
fn reading(Reading { measure, value, threshold }: &Reading) -> String {
    let percent = |value: &f64| format!("{:.0} %", value * 100.0);
    let deviations = |value: &f64| format!("{value:.1} σ");
    match measure {
        Measure::RepeatedPhrases => format!("repeated phrases {} (from {})", percent(value), percent(threshold)),
        Measure::NewWords => format!("new words {} (below {})", percent(value), percent(threshold)),
        Measure::Relevance => format!("likeness to the question {value:.2} (below {threshold:.2})"),
        Measure::LengthFall => format!("length fell by {} (from {})", deviations(value), deviations(threshold)),
        Measure::LengthDescent => {
            format!("length descends by {value:.1} standard errors (from {threshold:.1})")
        }
        Measure::SubstanceFall => {
            format!("substance fell by {} (from {})", deviations(value), deviations(threshold))
        }
    }
}

fn asked(consultation: &ConsultationDetail) -> Vec<String> {
    let ConsultationDetail { provider, model, asked_as, .. } = consultation;
    let mut phrases = vec![format!("{provider}/{model}")];
    if !asked_as.is_empty() && asked_as != model.as_str() {
        phrases[0].push_str(&format!(" (asked as {asked_as})"));
    }
    match (consultation.effort_asked, consultation.effort_sent) {
        (None, None) => {}
        (None, Some(sent)) => phrases.push(format!("effort {sent}")),
        (Some(asked), Some(sent)) if asked == sent => phrases.push(format!("effort {sent}")),
        (Some(asked), Some(sent)) => phrases.push(format!("effort {asked}→{sent}")),
        (Some(asked), None) => phrases.push(format!("effort {asked}→not sent")),
    }
    phrases
}

fn measured(consultation: &ConsultationDetail) -> Vec<String> {
    let usage = &consultation.usage;
    let input = match usage.input {
        Some(input) => figure::tokens(input),
        None => format!("~{}", figure::tokens(consultation.estimated_input)),
    };
    let mut output = format!("{} out", figure::reported(usage.output));
    if let Some(reasoning) = usage.reasoning {
        output.push_str(&format!(" ({} reasoning)", figure::tokens(reasoning)));
    }
    let mut phrases = vec![format!("{input} in"), output];
    phrases.extend(usage.cached_input.map(|cached| format!("{} cached", figure::tokens(cached))));
    phrases.extend(consultation.cost.map(figure::cost));
    phrases.push(figure::latency(consultation.latency_ms));
    phrases.extend(attempts(consultation));
    phrases.extend(consultation.first_token_ms.map(|first| format!("first text {}", figure::latency(first))));
    phrases
}

fn attempts(consultation: &ConsultationDetail) -> Option<String> {
    if consultation.cached {
        return Some("a kept reply".to_owned());
    }
    (consultation.attempts > 1).then(|| format!("{} requests", consultation.attempts))
}

fn finish(finish: &Finish) -> Option<(Role, String)> {
    match finish {
        Finish::Stop => None,
        Finish::Length => Some((Role::Warning, "cut at the model's output limit".to_owned())),
        Finish::Filtered(reason) => Some((Role::Bad, format!("withheld by the provider: {reason}"))),
        Finish::Unsaid => Some((Role::Warning, "the reply ended without saying why".to_owned())),
        Finish::Other(reason) => Some((Role::Warning, reason.clone())),
    }
}

fn say_all(lines: &mut Vec<Fact>, role: Role, label: &str, items: impl Iterator<Item = String>, width: usize) {
    let mut items: Vec<String> = items.collect();
    if items.is_empty() {
        return;
    }
    let more = items.len().saturating_sub(MAX_NAMED);
    items.truncate(MAX_NAMED);
    if more > 0 {
        items.push(format!("{more} more"));
    }
    say(lines, role, label, &items.join(", "), width);
}

/// Says the phrases one behind the other. A line ends between two of them, so that no figure loses its unit.
fn say_phrases(lines: &mut Vec<Fact>, role: Role, label: &str, phrases: &[String], width: usize) {
    let room = width - label_width(width);
    let mut said = String::new();
    let mut taken = 0;
    for phrase in phrases {
        let wanted = text::width(phrase);
        if said.is_empty() {
            taken = wanted;
        } else if taken + text::width(BETWEEN) + wanted <= room {
            said.push_str(BETWEEN);
            taken += text::width(BETWEEN) + wanted;
        } else {
            said.push('\n');
            taken = wanted;
        }
        said.push_str(phrase);
    }
    say(lines, role, label, &said, width);
}

fn say(lines: &mut Vec<Fact>, role: Role, label: &str, said: &str, width: usize) {
    let label_width = label_width(width);
    for (at, range) in text::wrap(said, width - label_width).into_iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        lines.push(Fact { role, text: format!("{}{}", text::pad(label, label_width), &said[range]), quotes: false });
    }
}

fn label_width(width: usize) -> usize {
    LABEL.min(width / 3)
}
