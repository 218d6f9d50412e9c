//! What is to be said of a turn beside its texts: who answered at what price, which files went along and which did
//! not, what the budget left out. Laid out in lines of a width.

use crate::budget::Verdict;
use crate::control::types::{ConsultationDetail, TurnDetail};
use crate::provider::Finish;
use crate::text;
use crate::tui::figure;
use crate::tui::theme::Role;

/// Cells of the column that names what a line is about.
const LABEL: usize = 10;
/// Files, refusals or omissions that are named one by one.
const MAX_NAMED: usize = 50;

/// One line, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub role: Role,
    pub text: String,
}

/// The facts of a turn at this width.
pub fn facts(turn: &TurnDetail, width: usize) -> Vec<Fact> {
    let mut lines = Vec::new();
    for consultation in &turn.consultations {
        say(&mut lines, Role::Text, "model", &asked(consultation), width);
        if let Some(failure) = &consultation.failure {
            let failed = format!("no answer: {}: {}{}", failure.class.says(), failure.message, attempts(consultation));
            say(&mut lines, Role::Warning, "", &failed, width);
            continue;
        }
        say(&mut lines, Role::Muted, "", &measured(consultation), width);
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
    let left_out = turn
        .consultations
        .iter()
        .flat_map(|consultation| &consultation.decisions)
        .filter(|decision| decision.verdict == Verdict::LeftOut)
        .map(|decision| format!("{} (~{})", decision.subject, figure::tokens(decision.tokens)));
    say_all(&mut lines, Role::Warning, "left out", left_out, width);
    lines
}

fn asked(consultation: &ConsultationDetail) -> String {
    let ConsultationDetail { provider, model, asked_as, .. } = consultation;
    let mut text = format!("{provider}/{model}");
    if !asked_as.is_empty() && asked_as != model.as_str() {
        text.push_str(&format!(" (asked as {asked_as})"));
    }
    match (consultation.effort_asked, consultation.effort_sent) {
        (None, None) => {}
        (None, Some(sent)) => text.push_str(&format!(" · effort {sent}")),
        (Some(asked), Some(sent)) if asked == sent => text.push_str(&format!(" · effort {sent}")),
        (Some(asked), Some(sent)) => text.push_str(&format!(" · effort {asked}→{sent}")),
        (Some(asked), None) => text.push_str(&format!(" · effort {asked}→not sent")),
    }
    text
}

fn measured(consultation: &ConsultationDetail) -> String {
    let usage = &consultation.usage;
    let input = match usage.input {
        Some(input) => figure::tokens(input),
        None => format!("~{}", figure::tokens(consultation.estimated_input)),
    };
    let mut text = format!("{input} in · {} out", figure::reported(usage.output));
    if let Some(reasoning) = usage.reasoning {
        text.push_str(&format!(" ({} reasoning)", figure::tokens(reasoning)));
    }
    if let Some(cached) = usage.cached_input {
        text.push_str(&format!(" · {} cached", figure::tokens(cached)));
    }
    if let Some(cost) = consultation.cost {
        text.push_str(&format!(" · {}", figure::cost(cost)));
    }
    text.push_str(&format!(" · {}", figure::latency(consultation.latency_ms)));
    text.push_str(&attempts(consultation));
    if let Some(first) = consultation.first_token_ms {
        text.push_str(&format!(", first text {}", figure::latency(first)));
    }
    text
}

fn attempts(consultation: &ConsultationDetail) -> String {
    if consultation.cached {
        return " · a kept reply".to_owned();
    }
    if consultation.attempts > 1 { format!(" · {} requests", consultation.attempts) } else { String::new() }
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

fn say(lines: &mut Vec<Fact>, role: Role, label: &str, said: &str, width: usize) {
    let label_width = LABEL.min(width / 3);
    for (at, range) in text::wrap(said, width - label_width).into_iter().enumerate() {
        let label = if at == 0 { label } else { "" };
        lines.push(Fact { role, text: format!("{}{}", text::pad(label, label_width), &said[range]) });
    }
}
