//! The wire formats. A vendor is data; a format is code: how a request is written, and how an event of the reply is read.

mod chat_completions;
mod gemini;

use serde::Deserialize;

use crate::provider::Request;
use crate::provider::effort::Effort;
use crate::provider::failure::{Class, Fault};
use crate::provider::http::Outgoing;
use crate::provider::model::Model;
use crate::provider::reply::Reply;

/// The format that a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    ChatCompletions,
    Gemini,
}

impl Wire {
    /// The request as `model` wants it; `effort` is one of its steps.
    pub(super) fn write(self, model: &Model, request: &Request, effort: Option<Effort>) -> Result<Outgoing, Fault> {
        match self {
            Self::ChatCompletions => chat_completions::write(model, request, effort),
            Self::Gemini => gemini::write(model, request, effort),
        }
        .map_err(|error| Fault::new(Class::BadRequest, format!("the request cannot be written: {error}")))
    }

    /// Adds what one event, or a whole JSON reply, says to `reply`. An error in it comes before all else.
    pub(super) fn read(self, data: &str, reply: &mut Reply) -> Result<(), Fault> {
        match self {
            Self::ChatCompletions => chat_completions::read(data, reply),
            Self::Gemini => gemini::read(data, reply),
        }
    }
}
