//! What can go wrong between zen and a model, sorted by what the caller can do about it
//! (`Class`), with the provider's own words and a hint. Never holds a key or a URL.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{ModelId, ProviderId};

/// A consultation that brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{provider} could not answer with {model}: {}: {message}", class.says())]
pub struct Failure {
    pub class: Class,
    pub provider: ProviderId,
    pub model: ModelId,
    /// The provider's own words where it gave any, redacted and cut to a bounded length.
    pub message: String,
    /// The HTTP status, where a reply came.
    pub status: Option<u16>,
    /// How long the provider asks to be left alone.
    pub retry_after: Option<Duration>,
    /// What had arrived before the stream broke. Empty where nothing had.
    pub partial: String,
}

/// A failure before it is known whose it is: what a wire or the transport can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub class: Class,
    pub message: String,
    pub status: Option<u16>,
    pub retry_after: Option<Duration>,
}

impl Fault {
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), status: None, retry_after: None }
    }
}

/// The kinds of failure. Each has one sentence that says what it is and one that says what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No connection: refused, no name, no TLS.
    Transport,
    /// Too many requests for now.
    Throttled,
    /// No credit left.
    Quota,
    /// The provider is in trouble: 5xx, overloaded.
    Overloaded,
    /// No answer in time.
    Timeout,
    /// The reply broke off after it had begun.
    Broken,
    /// The key was refused.
    Auth,
    /// The provider does not accept the request.
    BadRequest,
    /// The prompt is longer than the model's window.
    ContextOverflow,
    /// The provider refuses to answer this.
    Filtered,
    /// The reply does not follow its format, or passes a bound.
    Protocol,
    /// The model answered with no text at all.
    Empty,
    /// The caller gave the call up.
    Cancelled,
}

impl Class {
    /// What happened, in a few words.
    pub fn says(self) -> &'static str {
        match self {
            Self::Transport => "it cannot be reached",
            Self::Throttled => "it limits our rate",
            Self::Quota => "the account has no credit left",
            Self::Overloaded => "it has trouble of its own",
            Self::Timeout => "it did not answer in time",
            Self::Broken => "its reply broke off",
            Self::Auth => "it refused the key",
            Self::BadRequest => "it did not accept the request",
            Self::ContextOverflow => "the prompt is too long for the model",
            Self::Filtered => "it refused to answer this",
            Self::Protocol => "its reply cannot be read",
            Self::Empty => "the model gave no text",
            Self::Cancelled => "the call was cancelled",
        }
    }

    /// What the reader can do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Transport => "Check the network and the provider's base URL, or name another model.",
            Self::Throttled => "Wait and call again, or name a model of another provider.",
            Self::Quota => "Add credit to the account, or name a model of another provider.",
            Self::Overloaded => "Call again in a minute, or name another model.",
            Self::Timeout => "Call again with less to read or a lower thinking_mode, or name a faster model.",
            Self::Broken => "Call again; what had arrived is quoted below.",
            Self::Auth => "Check the provider's key; `listmodels` names the variable it is read from.",
            Self::BadRequest => "Name another model, or drop the parameter that the provider names.",
            Self::ContextOverflow => "Send fewer or smaller files, or name a model with a larger window.",
            Self::Filtered => "Rephrase the request, or name a model of another provider.",
            Self::Protocol => "Call again, or name another model; the endpoint may not speak the format it is set to.",
            Self::Empty => "Call again with the question put differently, or name another model.",
            Self::Cancelled => "Call again if the answer is still wanted.",
        }
    }
}
