//! The account of one consultation: what was sent, what was left out, who answered, what it took; as the turn keeps it
//! and as the caller is told. Asks nobody anything.

use std::sync::Arc;

use serde_json::{Value, json};

use super::files::Sources;
use crate::budget::{Budget, Decision, Part, Verdict};
use crate::provider::{Answer, Choice, Effort, Finish, PassedOver, cost};
use crate::thread::turn::{Consultation, FailedWith, RefusedFile, Shown, Turn};
use crate::tools::reply::{Output, WITHHELD};
use crate::unit::{MicroUsd, Tokens, UnixMillis};

/// What came of it.
pub struct Consulted {
    pub answer: Answer,
    /// What was asked in the end.
    pub prompt: String,
    /// The model that answered.
    pub consultation: Consultation,
    /// The models that were asked in vain before it, in order.
    pub in_vain: Vec<Consultation>,
    /// Files that the model was shown, those of earlier turns included.
    pub files: Vec<Arc<str>>,
    /// The versions in which it was shown them.
    pub shown: Vec<Shown>,
    /// Files that it was not shown.
    pub refused: Vec<RefusedFile>,
    /// What did not fit into the budget, each in a line: files, turns.
    pub left_out: Vec<String>,
    /// Where secrets were taken out of what it was shown, each in a line.
    pub withheld: Vec<String>,
}

/// The asking side of a consultation.
pub(super) struct Asked<'a> {
    pub choice: &'a Choice,
    pub effort: Option<Effort>,
    pub prompt: String,
    pub budget: Budget,
}

impl Consulted {
    pub(super) fn new(asked: Asked<'_>, answer: Answer, sources: Sources) -> Self {
        let left_out = left_out(asked.budget.decisions());
        let prompt = asked.prompt.clone();
        let consultation = account(asked, &answer);
        let in_vain = in_vain(&consultation, &answer);
        let Sources { files, shown, refused, withheld } = sources;
        Self { files, shown, refused, withheld, left_out, in_vain, consultation, answer, prompt }
    }

    /// What the caller has to know beside the answer: who gave it, what it took and cost, who was asked in vain before,
    /// and what the model was not shown.
    pub fn tell(&self, output: Output) -> Output {
        let consultation = &self.consultation;
        let usage = json!({ "input_tokens": consultation.usage.input, "output_tokens": consultation.usage.output });
        let mut output = output
            .with("model_used", consultation.model.as_str())
            .with("provider_used", consultation.provider.as_str())
            .with("usage", usage)
            .with("cost_usd", cost::told(consultation.cost));
        if consultation.cached {
            output = output.with("cached", true);
        } else if consultation.attempts != 1 {
            output = output.with("attempts", consultation.attempts);
        }
        if let Some(first) = self.in_vain.first() {
            output = output
                .with("fallback_from", format!("{}/{}", first.provider, first.model))
                .with("fallback_reason", reasons(&self.in_vain));
        }
        if consultation.effort_asked != consultation.effort_sent {
            let sent = consultation.effort_sent.map_or("none taken by this model", |effort| effort.as_str());
            output = output.with("thinking_mode_sent", sent);
        }
        if let Some(cut) = finish_notice(&consultation.finish) {
            output = output.with("notice", cut);
        }
        if !self.refused.is_empty() {
            let refused = self.refused.iter().map(|file| json!({ "path": file.path, "reason": file.reason }));
            output = output.with("files_not_sent", refused.collect::<Value>());
        }
        if !self.left_out.is_empty() {
            output = output.with("left_out", json!(self.left_out));
        }
        if !self.withheld.is_empty() {
            output = output.with(WITHHELD, json!(self.withheld));
        }
        output
    }

    /// The turn that keeps it all: what was asked in the end, what came back, and every model's part.
    pub fn into_turn(self, tool: &str, started: UnixMillis, ended: UnixMillis) -> Turn {
        let mut consultations = self.in_vain;
        consultations.push(self.consultation);
        Turn {
            answer: Some(self.answer.text.into()),
            files: self.files,
            shown: self.shown,
            refused: self.refused,
            withheld: self.withheld,
            consultations,
            ended,
            ..Turn::new(tool, self.prompt, started)
        }
    }
}

fn reasons(in_vain: &[Consultation]) -> String {
    let reason = |asked: &Consultation| {
        let failure = asked.failure.as_ref()?;
        Some(format!("{}/{}: {}: {}", asked.provider, asked.model, failure.class.says(), failure.message))
    };
    in_vain.iter().filter_map(reason).collect::<Vec<_>>().join("; ")
}

/// What the caller has to know of how the answer ended; None where it ended as it should.
fn finish_notice(finish: &Finish) -> Option<String> {
    match finish {
        Finish::Stop => None,
        Finish::Length => Some("The reply was cut at the model's output limit.".to_owned()),
        Finish::Filtered(reason) => Some(format!("The provider withheld part of the reply ({reason}).")),
        Finish::Unsaid => Some("The provider did not say that the reply is complete.".to_owned()),
        Finish::Other(reason) => Some(format!("The reply ended with '{reason}'.")),
    }
}

/// Files that are named one by one; the others are counted.
const NAMED_FILES: usize = 20;

/// A line for each file that is not there in full, and one for all turns of the same fate, however many there are.
fn left_out(decisions: &[Decision]) -> Vec<String> {
    let of =
        |verdict, part| decisions.iter().filter(move |decision| decision.verdict == verdict && decision.part == part);
    let mut lines: Vec<String> = of(Verdict::Cut, Part::Files)
        .map(|cut| format!("{} (~{} tokens): the rest has no room", cut.subject, cut.tokens))
        .collect();
    let mut files = of(Verdict::LeftOut, Part::Files);
    lines.extend(
        files.by_ref().take(NAMED_FILES).map(|file| format!("{} (~{} tokens): no room", file.subject, file.tokens)),
    );
    match files.count() {
        0 => {}
        more => lines.push(format!("{more} more files: no room")),
    }
    for (verdict, what) in [(Verdict::Summarised, "shortened to their first words"), (Verdict::LeftOut, "no room")] {
        // Newest first as they were decided on; each is the one before the next.
        let turns: Vec<_> = of(verdict, Part::History).collect();
        let tokens: Tokens = turns.iter().map(|turn| turn.tokens).sum();
        match &turns[..] {
            [] => {}
            [one] => lines.push(format!("{} (~{tokens} tokens): {what}", one.subject)),
            [last, .., first] => {
                lines.push(format!("{} to {} (~{tokens} tokens): {what}", first.subject, last.subject))
            }
        }
    }
    lines
}

/// The part of the model that answered.
fn account(asked: Asked<'_>, answer: &Answer) -> Consultation {
    let Asked { choice, effort, budget, .. } = asked;
    Consultation {
        provider: answer.by.provider.clone(),
        model: answer.by.model.id.clone(),
        asked_as: choice.asked_as.clone(),
        effort_asked: effort,
        effort_sent: answer.effort_sent,
        usage: answer.usage,
        estimated_input: budget.spent(),
        cost: answer.cost,
        price_source: answer.by.model.prices.as_ref().map(|prices| prices.source.clone()),
        finish: answer.finish.clone(),
        failure: None,
        cached: answer.cached,
        attempts: answer.attempts,
        first_token: answer.first_token,
        latency: answer.latency,
        window: budget.window(),
        reply_reserve: budget.reply(),
        decisions: budget.into_decisions(),
    }
}

/// The parts of the models that could not answer. What was decided on the window stands once, with the answer.
fn in_vain(answered: &Consultation, answer: &Answer) -> Vec<Consultation> {
    let in_vain = answer.passed_over.iter().map(|PassedOver { failure, effort_sent, latency }| Consultation {
        provider: failure.provider.clone(),
        model: failure.model.clone(),
        asked_as: answered.asked_as.clone(),
        effort_asked: answered.effort_asked,
        effort_sent: *effort_sent,
        usage: failure.usage,
        estimated_input: answered.estimated_input,
        // What is refused is not charged; what may have been read or written is nobody's to know.
        cost: if failure.class.may_be_charged() { failure.cost } else { Some(MicroUsd(0)) },
        price_source: None,
        finish: Finish::Unsaid,
        failure: Some(FailedWith { class: failure.class, message: failure.message.clone() }),
        cached: false,
        attempts: failure.attempts,
        first_token: None,
        latency: *latency,
        window: answered.window,
        reply_reserve: answered.reply_reserve,
        decisions: Vec::new(),
    });
    in_vain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_told_in_few_lines() {
        let mut budget = Budget::new(Tokens(0), None);
        for turn in (1..=17).rev() {
            let verdict = match turn {
                13.. => Verdict::Kept,
                12 => Verdict::Summarised,
                _ => Verdict::LeftOut,
            };
            budget.record(Part::History, &format!("turn {turn}"), Tokens(100), verdict);
        }
        budget.record(Part::Files, "/p/a.rs, lines 1 to 5 of 9", Tokens(50), Verdict::Cut);
        for file in 0..30 {
            budget.record(Part::Files, &format!("/p/{file}"), Tokens(10), Verdict::LeftOut);
        }
        let lines = left_out(budget.decisions());
        assert_eq!(lines.len(), 24);
        assert_eq!(
            [&lines[0], &lines[1], &lines[21], &lines[22], &lines[23]],
            [
                "/p/a.rs, lines 1 to 5 of 9 (~50 tokens): the rest has no room",
                "/p/0 (~10 tokens): no room",
                "10 more files: no room",
                "turn 12 (~100 tokens): shortened to their first words",
                "turn 1 to turn 11 (~1100 tokens): no room",
            ]
        );
    }
}
