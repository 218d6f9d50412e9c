//! The wire formats. A vendor is data; a format is code: how a request is written, and how an event of the reply is read.

mod chat_completions;
mod gemini;
mod responses;

use serde::Deserialize;

use crate::provider::Request;
use crate::provider::effort::Effort;
use crate::provider::endpoint::Endpoint;
use crate::provider::failure::{Class, Fault};
use crate::provider::http::Outgoing;
use crate::provider::model::Model;
use crate::provider::reply::Reply;

/// The format in which a model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    ChatCompletions,
    Responses,
    Gemini,
}

impl Wire {
    /// Where the format is spoken beneath a base URL, unless the provider's data says otherwise.
    pub(super) fn route(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat/completions",
            Self::Responses => "responses",
            Self::Gemini => "models/{deployment}:streamGenerateContent?alt=sse",
        }
    }

    /// The request as `model` wants it, on its way to `endpoint`; `effort` is one of the model's steps.
    pub(super) fn write(
        self,
        endpoint: &Endpoint,
        model: &Model,
        request: &Request,
        effort: Option<Effort>,
    ) -> Result<Outgoing, Fault> {
        let body = match self {
            Self::ChatCompletions => chat_completions::write(model, request, effort),
            Self::Responses => responses::write(model, request, effort),
            Self::Gemini => gemini::write(model, request, effort),
        };
        let unwritten = |error| Fault::new(Class::BadRequest, format!("the request cannot be written: {error}"));
        let (path, query) = endpoint.route(self, model.sent_as());
        Ok(Outgoing { path, query, body: body.map_err(unwritten)? })
    }

    /// Adds what one event, or a whole JSON reply, says to `reply`. An error in it comes before all else.
    pub(super) fn read(self, data: &str, reply: &mut Reply) -> Result<(), Fault> {
        match self {
            Self::ChatCompletions => chat_completions::read(data, reply),
            Self::Responses => responses::read(data, reply),
            Self::Gemini => gemini::read(data, reply),
        }
    }
}
