//! Models and who serves them: what exists, who is asked, on which wire, and what came back or went wrong. Knows no
//! threads, no tools and no faces.

mod allowed;
pub mod breaker;
mod bulkhead;
mod cache;
pub mod catalogue;
pub mod choice;
mod complaint;
pub mod cost;
pub mod effort;
mod endpoint;
mod entry;
mod exchange;
pub mod failure;
mod fallback;
pub mod health;
mod http;
mod lesson;
pub mod listing;
mod manifest;
pub mod model;
mod overlay;
pub mod price;
pub mod registry;
mod reply;
mod retry;
mod served;
mod spend;
pub mod switched;
pub mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use breaker::{Breaker, Resting};
pub use choice::{Category, Choice, NoModel};
pub use effort::Effort;
pub use failure::{Class, Failure};
pub use health::{Figures, LastError, Spread};
pub use model::Model;
pub use registry::Registry;
pub use served::{BadProviders, Status};
pub use spend::Taken;

use crate::id::ModelId;
use crate::unit::{MicroUsd, Tokens};

/// What is asked of a model, independent of the wire it travels on.
#[derive(Clone, Debug)]
pub struct Request {
    pub model: ModelId,
    pub system: Option<String>,
    /// Oldest first; the last one is the user's. Never empty.
    pub messages: Vec<Message>,
    /// As the caller asked; the wire format leaves it out or corrects it where the model wants it so.
    pub temperature: Option<f64>,
    pub effort: Option<Effort>,
    /// What it was estimated at before it is sent.
    pub estimate: Estimate,
    /// Another look is wanted, so no kept reply will do.
    pub second_look: bool,
}

/// The tokens that a request is expected to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    pub input: Tokens,
    /// Kept free for the reply.
    pub reply: Tokens,
}

/// Windows are not filled to the last token by an estimate: hundredths of the input that a reply has to find room in.
const LEAST_REPLY_PERCENT: u64 = 10;

impl Request {
    /// The window that it needs, with room for a reply.
    fn room(&self) -> Tokens {
        self.estimate.input + self.estimate.input.percent(LEAST_REPLY_PERCENT)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub parts: Vec<Part>,
}

impl Message {
    pub fn text(role: Role, text: impl Into<Arc<str>>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(Arc<str>),
    Image(Image),
}

/// An image as it goes out: its bytes in base64 and its media type, such as `image/png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    pub media_type: &'static str,
    pub base64: Arc<str>,
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub text: String,
    pub finish: Finish,
    pub usage: Usage,
    /// The model's name as the provider reported it, where it did.
    pub served_by: Option<String>,
    /// None: unknown, as the tokens or their prices are.
    pub cost: Option<MicroUsd>,
    /// The model that answered: another than was chosen where that one could not.
    pub by: Choice,
    /// It is a kept reply to the same request: nothing was sent, and it cost nothing.
    pub cached: bool,
    /// Requests that were made of it, the answered one included.
    pub attempts: u16,
    /// The models that were asked in vain before it, in order.
    pub passed_over: Vec<PassedOver>,
    pub effort_sent: Option<Effort>,
    /// From the request's first byte to the first text.
    pub first_token: Option<Duration>,
    /// From the request's first byte to the end of the stream.
    pub latency: Duration,
}

/// A model that could not answer, so that another was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct PassedOver {
    pub failure: Failure,
    pub effort_sent: Option<Effort>,
    /// How long it was tried, waits included.
    pub latency: Duration,
}

/// Why a model stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    Stop,
    /// The reply was cut at the model's output limit.
    Length,
    /// The provider withheld the reply; its own reason.
    Filtered(String),
    /// The stream ended without saying why.
    Unsaid,
    Other(String),
}

/// Token counts as the provider reported them. What it did not report is unknown, never zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All that was read, cached tokens included.
    pub input: Option<Tokens>,
    /// All that was written, reasoning included.
    pub output: Option<Tokens>,
    pub reasoning: Option<Tokens>,
    pub cached_input: Option<Tokens>,
}

/// Hears a reply while it arrives. Called on the task that reads the stream: it must not block.
pub trait Listener: Send + Sync {
    /// The next piece of the reply's text.
    fn text(&self, piece: &str);

    /// From here on another model is asked.
    fn turned_to(&self, _: &Choice) {}
}

impl Listener for () {
    fn text(&self, _: &str) {}
}
