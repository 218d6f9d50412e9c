//! One run of a consensus: its proposal, its roster and the verdicts so far, folded from the thread's turns.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::thread::Thread;
use crate::thread::turn::{ToolState, Turn};
use crate::tools::error::ToolError;

/// Of the form of [`Kept`].
const VERSION: u32 = 1;

/// A model and the stance it is asked to take.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Seat {
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stance: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stance_prompt: Option<String>,
}

impl Seat {
    pub fn stance(&self) -> &str {
        self.stance.as_deref().unwrap_or("neutral")
    }

    pub fn is_like(&self, other: &Self) -> bool {
        self.model.eq_ignore_ascii_case(&other.model) && self.stance() == other.stance()
    }

    /// `model:stance`.
    pub fn label(&self) -> String {
        format!("{}:{}", self.model, self.stance())
    }
}

/// What one seat said, or why it said nothing.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub seat: usize,
    pub outcome: Result<Given, String>,
    /// In this call, and not in an earlier one.
    is_new: bool,
}

#[derive(Clone, Debug)]
pub struct Given {
    pub text: String,
    pub provider: String,
    pub model: String,
    /// What it took and what was not sent, as the caller is told; only of a new one.
    pub account: Value,
    /// Where in its turn's answer the text stands, in bytes.
    part: (usize, usize),
}

/// What a turn keeps of its own step.
#[derive(Deserialize, Serialize)]
struct Kept {
    step: u32,
    /// With the first step, which opens the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<Opened>,
    verdicts: Vec<KeptVerdict>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Opened {
    seats: Vec<Seat>,
    /// Bytes of the turn's prompt that are the proposal.
    proposal: usize,
    files: Vec<String>,
    images: Vec<String>,
}

#[derive(Deserialize, Serialize)]
struct KeptVerdict {
    seat: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<(usize, usize)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    provider: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    model: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    error: String,
}

impl Verdict {
    pub fn given(
        seat: usize,
        text: String,
        part: (usize, usize),
        provider: String,
        model: String,
        account: Value,
    ) -> Self {
        Self { seat, outcome: Ok(Given { text, provider, model, account, part }), is_new: true }
    }

    pub fn failed(seat: usize, error: &ToolError) -> Self {
        Self { seat, outcome: Err(format!("{error}. {}", error.hint())), is_new: true }
    }
}

pub struct Consensus {
    opened: Opened,
    proposal: String,
    is_new: bool,
    /// By seat; the latest of each.
    verdicts: Vec<Verdict>,
}

impl Consensus {
    /// A new run.
    pub fn open(proposal: &str, seats: Vec<Seat>, files: Vec<String>, images: Vec<String>) -> Self {
        let opened = Opened { seats, proposal: proposal.len(), files, images };
        Self { opened, proposal: proposal.to_owned(), is_new: true, verdicts: Vec::new() }
    }

    /// The newest run in `thread`; None where there is none.
    pub fn of(thread: Option<&Thread>, tool: &str) -> Option<Self> {
        let mut run: Option<Self> = None;
        for turn in thread?.turns.iter().filter(|turn| *turn.tool == *tool) {
            let Some(kept) = kept(turn) else { continue };
            if let Some(opened) = kept.opened {
                let proposal = turn.prompt.get(..opened.proposal).unwrap_or_default().to_owned();
                run = Some(Self { opened, proposal, is_new: false, verdicts: Vec::new() });
            }
            let Some(run) = &mut run else { continue };
            kept.verdicts.into_iter().for_each(|verdict| run.add(verdict.of(turn)));
        }
        run
    }

    /// Files that this step adds for the models asked from now on.
    pub fn with_files(mut self, files: Vec<String>) -> Self {
        for file in files {
            if !self.opened.files.contains(&file) {
                self.opened.files.push(file);
            }
        }
        self
    }

    /// The turn's prompt: the proposal and the agent's own view, or its notes.
    pub fn write_down(&self, step: &str, number: u32, findings: &str) -> String {
        let roster: Vec<_> = self.opened.seats.iter().map(Seat::label).collect();
        let said = match number {
            1 => format!("{step}\n\n[step 1, put to {}]", roster.join(", ")),
            _ => format!("{step}\n\n[step {number}]"),
        };
        if findings.trim().is_empty() { said } else { format!("{said}\nFindings: {findings}") }
    }

    pub fn seats(&self) -> &[Seat] {
        &self.opened.seats
    }

    pub fn proposal(&self) -> &str {
        &self.proposal
    }

    pub fn files(&self) -> &[String] {
        &self.opened.files
    }

    pub fn images(&self) -> &[String] {
        &self.opened.images
    }

    /// In the order of the roster.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// A seat that is asked again speaks in place of what it said before.
    pub fn add(&mut self, verdict: Verdict) {
        if verdict.seat >= self.opened.seats.len() {
            return;
        }
        self.verdicts.retain(|earlier| earlier.seat != verdict.seat);
        let at = self.verdicts.iter().position(|other| other.seat > verdict.seat).unwrap_or(self.verdicts.len());
        self.verdicts.insert(at, verdict);
    }

    /// What the turn of this step keeps: its own part alone.
    pub fn state(&self, step: u32) -> Option<ToolState> {
        let verdicts = self.verdicts.iter().filter(|verdict| verdict.is_new).map(KeptVerdict::new);
        let kept = Kept { step, opened: self.is_new.then(|| self.opened.clone()), verdicts: verdicts.collect() };
        let value = serde_json::value::to_raw_value(&kept).ok()?;
        Some(ToolState { version: VERSION, value: value.into() })
    }
}

fn kept(turn: &Turn) -> Option<Kept> {
    let state = turn.state.as_ref().filter(|state| state.version == VERSION)?;
    serde_json::from_str(state.value.get()).ok()
}

impl KeptVerdict {
    fn new(verdict: &Verdict) -> Self {
        let seat = verdict.seat;
        match &verdict.outcome {
            Ok(given) => Self {
                seat,
                part: Some(given.part),
                provider: given.provider.clone(),
                model: given.model.clone(),
                error: String::new(),
            },
            Err(error) => {
                Self { seat, part: None, provider: String::new(), model: String::new(), error: error.clone() }
            }
        }
    }

    fn of(self, turn: &Turn) -> Verdict {
        let outcome = match self.part {
            Some((from, to)) => {
                let text = turn.answer.as_deref().and_then(|answer| answer.get(from..to)).unwrap_or_default();
                let (provider, model, part) = (self.provider, self.model, (from, to));
                Ok(Given { text: text.to_owned(), provider, model, account: Value::Null, part })
            }
            None => Err(self.error),
        };
        Verdict { seat: self.seat, outcome, is_new: false }
    }
}
