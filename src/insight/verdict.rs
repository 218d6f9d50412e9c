//! What the monitor says of a step: the kind, the evidence as data, and one short question. A verdict is no order: who
//! thinks may know better.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::doubt::{Doubt, Judged, Opinion};
use crate::event::Concern;

/// Words or phrases that a verdict names, and the bytes of each.
pub const MAX_NAMED: usize = 3;
pub const MAX_WORD_BYTES: usize = 48;

/// Something about a step that its thinker should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub kind: Concern,
    /// The step that it is about, from 1 on.
    pub step: u32,
    /// Steps that show it, `step` left out.
    pub steps: Vec<u32>,
    /// Words or phrases that show it, as the step has them.
    pub words: Vec<String>,
    /// Each number that it rests on.
    pub readings: Vec<Reading>,
    /// How often the thread had a verdict of this kind before.
    pub before: u32,
    /// Why a judge is asked; None where it is clear, and where nobody judges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Judged>,
}

/// A number and what it was measured against.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    pub measure: Measure,
    pub value: f64,
    pub threshold: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The share of a step's phrases that one earlier step has.
    RepeatedPhrases,
    /// The share of a step's words that no earlier step has.
    NewWords,
    /// The similarity of the last steps to the question and all before them.
    Relevance,
    /// How far the length of steps has fallen in sum, in standard deviations.
    LengthFall,
    /// How surely the last steps become shorter one after the other, in standard errors.
    LengthDescent,
    /// How far what is new in steps and what can be checked has fallen in sum, in standard deviations.
    SubstanceFall,
}

impl fmt::Display for Verdict {
    /// One short question, with what a judge said of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.question(f)?;
        self.judged.as_ref().map_or(Ok(()), |judged| write!(f, " ({judged})"))
    }
}

impl Verdict {
    fn question(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, step, .. } = self;
        match kind {
            Concern::Settled => write!(
                f,
                "The answer stands unchanged since step {} and step {step} brings little new: is it final?",
                self.first_step()
            ),
            Concern::Wavering => write!(
                f,
                "Step {step} goes back to the answer of step {}: what would decide between the two?",
                self.first_step()
            ),
            Concern::Repeat => write!(
                f,
                "Step {step} shares {} of its phrases with step {}{}: {}?",
                Percent(self.value(Measure::RepeatedPhrases)),
                self.first_step(),
                Named(&self.words),
                self.or_end("what does it add")
            ),
            Concern::Stall => write!(
                f,
                "Steps {} and {step} bring hardly a new word ({}): {}?",
                self.first_step(),
                Percent(self.value(Measure::NewWords)),
                self.or_end("which source was not looked at yet")
            ),
            Concern::Drift => write!(
                f,
                "Since step {} it is about something else{}: {}?",
                self.first_step(),
                Named(&self.words),
                self.or_end("does that serve the question")
            ),
            Concern::Thinning => write!(
                f,
                "Steps say less and less since step {}: {}?",
                self.first_step(),
                self.or_end("is something left to find, or is it time to conclude")
            ),
        }
    }

    /// Whether the thinker is asked. What a judge does not hold with is kept, and asks nobody; nor does what the numbers
    /// alone would not have said.
    pub fn is_asked(&self) -> bool {
        match self.judged.as_ref().map(|judged| judged.opinion) {
            Some(Opinion::Holds) => true,
            Some(Opinion::DoesNotHold) => false,
            Some(Opinion::None) | None => self.doubt != Some(Doubt::Nearly),
        }
    }

    /// The value that was measured.
    pub fn value(&self, measure: Measure) -> f64 {
        let reading = self.readings.iter().find(|reading| reading.measure == measure);
        reading.map_or(0.0, |reading| reading.value)
    }

    fn first_step(&self) -> u32 {
        self.steps.first().copied().unwrap_or(self.step)
    }

    /// Who was asked before and went on is offered the end.
    fn or_end(&self, question: &'static str) -> &'static str {
        if self.before == 0 { question } else { "conclude with what is known, or ask the user" }
    }
}

struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} %", self.0 * 100.0)
    }
}

struct Named<'a>(&'a [String]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " (\"{}\")", self.0.join("\", \""))
    }
}
