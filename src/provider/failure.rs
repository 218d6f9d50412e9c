//! What can go wrong between zen and a model, sorted by what the caller can do about it
//! (`Class`), with the provider's own words and a hint. Never holds a key or a URL.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::id::{ModelId, ProviderId};
use crate::provider::Usage;
use crate::unit::MicroUsd;

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
    /// Requests that were made of this model.
    pub attempts: u16,
    /// What the provider had reported of it by then.
    pub usage: Usage,
    /// What that cost: all that is owed where the reply had ended, at least so much where it broke off. None: unknown.
    pub cost: Option<MicroUsd>,
    /// The models that were asked in vain before this one, in order.
    pub earlier: Box<[Failure]>,
}

/// A failure before it is known whose it is: what a wire or the transport can say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub class: Class,
    pub message: String,
    pub status: Option<u16>,
    pub retry_after: Option<Duration>,
    /// The parameter that is refused, as the provider names it.
    pub param: Option<String>,
}

impl Fault {
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), status: None, retry_after: None, param: None }
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
    /// It failed too often and is left alone for now: nothing was sent.
    Resting,
    /// Too many requests to it are under way: nothing was sent.
    Busy,
    /// It might cost more than may be spent: nothing was sent.
    OverLimit,
}

/// What a failure says of the model, to its breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// Nothing.
    None,
    /// That it is in trouble; too many in a row open the breaker.
    Failure,
    /// That it takes no more for now.
    CoolDown,
    /// That the key is no good, for any model.
    Key,
}

impl Class {
    pub const ALL: [Self; 16] = [
        Self::Transport,
        Self::Throttled,
        Self::Quota,
        Self::Overloaded,
        Self::Timeout,
        Self::Broken,
        Self::Auth,
        Self::BadRequest,
        Self::ContextOverflow,
        Self::Filtered,
        Self::Protocol,
        Self::Empty,
        Self::Cancelled,
        Self::Resting,
        Self::Busy,
        Self::OverLimit,
    ];

    /// Whether the same request is made again. Never after a time-out: it may be paid for already.
    pub(super) fn is_repeated(self) -> bool {
        matches!(self, Self::Transport | Self::Throttled | Self::Overloaded)
    }

    /// Whether another provider may do better. What this one refuses to say, another is not asked to say.
    pub(super) fn falls_back(self) -> bool {
        match self {
            Self::Transport | Self::Throttled | Self::Quota | Self::Overloaded | Self::Timeout | Self::Broken => true,
            Self::Auth | Self::ContextOverflow | Self::Protocol | Self::Resting | Self::Busy => true,
            Self::BadRequest | Self::Filtered | Self::Empty | Self::Cancelled | Self::OverLimit => false,
        }
    }

    /// Whether the provider may charge for it all the same. What it refuses, or never hears of, it does not.
    pub fn may_be_charged(self) -> bool {
        match self {
            Self::Timeout | Self::Broken | Self::Filtered | Self::Protocol | Self::Empty | Self::Cancelled => true,
            Self::Transport | Self::Throttled | Self::Quota | Self::Overloaded | Self::Auth => false,
            Self::BadRequest | Self::ContextOverflow | Self::Resting | Self::Busy | Self::OverLimit => false,
        }
    }

    /// Whether the reply had come to its end all the same, so that what was reported is all of it.
    pub fn is_of_a_whole_reply(self) -> bool {
        matches!(self, Self::Empty | Self::Filtered)
    }

    pub(super) fn weight(self) -> Weight {
        match self {
            Self::Transport | Self::Overloaded | Self::Timeout | Self::Broken | Self::Protocol => Weight::Failure,
            Self::Throttled => Weight::CoolDown,
            Self::Auth => Weight::Key,
            Self::Quota | Self::BadRequest | Self::ContextOverflow | Self::Filtered | Self::Empty => Weight::None,
            Self::Cancelled | Self::Resting | Self::Busy | Self::OverLimit => Weight::None,
        }
    }

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
            Self::Resting => "it is left alone for now",
            Self::Busy => "too many calls wait for it",
            Self::OverLimit => "a spending limit stands in the way",
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
            Self::Resting => "Name a model of another provider, leave `model` out, or call again later.",
            Self::OverLimit => {
                "Nothing was sent. Ask the user to raise the limit in `[spend]`, or name a cheaper model."
            }
            Self::Busy => "Call again when other calls have ended, or name a model of another provider.",
        }
    }
}
