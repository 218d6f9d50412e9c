//! A turn: one call, with what was asked, with which files, and what came back.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::thought::Thought;
use crate::budget::Decision;
use crate::file::Digest;
use crate::id::{ModelId, ProviderId};
use crate::provider::price::PriceSource;
use crate::provider::{Class, Effort, Finish, Usage};
use crate::unit::{MicroUsd, Tokens, UnixMillis};

#[derive(Clone, Debug)]
pub struct Turn {
    pub tool: Arc<str>,
    /// What the caller asked, without files and history.
    pub prompt: Arc<str>,
    /// What came back; None where no model was asked.
    pub answer: Option<Arc<str>>,
    /// Absolute paths of the files that the caller named and the model was shown.
    pub files: Vec<Arc<str>>,
    /// In which version the model was shown each text file.
    pub shown: Vec<Shown>,
    /// Files that the caller named and the model was not shown.
    pub refused: Vec<RefusedFile>,
    /// Where secrets were taken out of what the model was shown, each in a line; never the secrets.
    pub withheld: Vec<String>,
    /// The models that were asked, in order; the last one answered.
    pub consultations: Vec<Consultation>,
    /// What the tool goes by at its next step in this thread.
    pub state: Option<ToolState>,
    /// What the monitor watches of it, and what it asked; None where it is no step of a line of thought.
    pub thought: Option<Thought>,
    pub started: UnixMillis,
    pub ended: UnixMillis,
}

/// What a tool left in a turn for its later steps. Only the tool that made the turn reads it; what a tool knows of a
/// thread is what the thread's turns up to now hold, so that no two threads can mix and a fork takes its state along.
#[derive(Clone, Debug)]
pub struct ToolState {
    /// Of the value's form: a tool that meets a version it does not know starts anew.
    pub version: u32,
    pub value: Arc<RawValue>,
}

/// One version of a file, as a model was shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Absolute.
    pub path: Arc<str>,
    pub digest: Digest,
    /// Bytes of its text.
    pub size: u64,
}

/// A file that was asked for and not sent, with the reason in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFile {
    pub path: String,
    pub reason: String,
}

/// One model's part in a turn.
#[derive(Clone, Debug)]
pub struct Consultation {
    pub provider: ProviderId,
    pub model: ModelId,
    /// The name by which the caller asked for the model.
    pub asked_as: String,
    pub effort_asked: Option<Effort>,
    pub effort_sent: Option<Effort>,
    pub usage: Usage,
    /// What the prompt was estimated at before it was sent.
    pub estimated_input: Tokens,
    /// None: unknown.
    pub cost: Option<MicroUsd>,
    /// Who says so: the page and the day of the prices.
    pub price_source: Option<PriceSource>,
    pub finish: Finish,
    /// Why there is no answer from it, so that the next one was asked; None where it answered.
    pub failure: Option<FailedWith>,
    /// A reply that was kept answered in its place: nothing was sent.
    pub cached: bool,
    /// Requests that were made of it, repetitions included.
    pub attempts: u16,
    pub first_token: Option<Duration>,
    pub latency: Duration,
    pub window: Tokens,
    pub reply_reserve: Tokens,
    pub decisions: Vec<Decision>,
}

/// What kept a model from answering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedWith {
    pub class: Class,
    /// The provider's own words, redacted and cut.
    pub message: String,
}

impl Turn {
    /// A call in which nothing came back and no model was asked, for the caller to complete.
    pub fn new(tool: &str, prompt: impl Into<Arc<str>>, started: UnixMillis) -> Self {
        Self {
            tool: tool.into(),
            prompt: prompt.into(),
            answer: None,
            files: Vec::new(),
            shown: Vec::new(),
            refused: Vec::new(),
            withheld: Vec::new(),
            consultations: Vec::new(),
            state: None,
            thought: None,
            started,
            ended: started,
        }
    }

    /// Whether a model answered in it.
    pub fn is_answered(&self) -> bool {
        !self.consultations.is_empty()
    }

    /// Bytes of text that it holds.
    pub fn bytes(&self) -> usize {
        let refused: usize = self.refused.iter().map(|file| file.path.len() + file.reason.len()).sum();
        let withheld: usize = self.withheld.iter().map(String::len).sum();
        let files: usize = self.files.iter().map(|path| path.len()).sum();
        let shown: usize = self.shown.iter().map(|file| file.path.len() + size_of::<Shown>()).sum();
        let failures = self.consultations.iter().filter_map(|consultation| consultation.failure.as_ref());
        let failures: usize = failures.map(|failure| failure.message.len()).sum();
        let state = self.state.as_ref().map_or(0, |state| state.value.get().len());
        let thought = self.thought.as_ref().map_or(0, Thought::bytes);
        self.prompt.len()
            + self.answer.as_ref().map_or(0, |text| text.len())
            + files
            + shown
            + refused
            + withheld
            + failures
            + state
            + thought
    }
}

impl Consultation {
    /// A model that answered at its first request, of which nothing else is known yet.
    pub fn new(provider: ProviderId, model: ModelId) -> Self {
        Self {
            asked_as: model.to_string(),
            provider,
            model,
            effort_asked: None,
            effort_sent: None,
            usage: Usage::default(),
            estimated_input: Tokens::ZERO,
            cost: None,
            price_source: None,
            finish: Finish::Stop,
            failure: None,
            cached: false,
            attempts: 1,
            first_token: None,
            latency: Duration::ZERO,
            window: Tokens::ZERO,
            reply_reserve: Tokens::ZERO,
            decisions: Vec::new(),
        }
    }
}
