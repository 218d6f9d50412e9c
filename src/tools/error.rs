//! What can keep a tool from answering, and how the calling agent is told: what failed, why, and what to do.

use serde_json::{Map, Value};

use super::arguments::BadArguments;
use super::reply::step::Failed;
use super::reply::{Output, Status};
use crate::budget::PromptTooLarge;
use crate::file::refusal::Refusal;
use crate::id::ModelId;
use crate::provider::{Class, Failure, NoModel, cost};
use crate::thread::threads::CannotContinue;

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error(transparent)]
    Arguments(#[from] BadArguments),
    #[error("the prompt has {size} characters; one call may carry {limit}")]
    PromptTooLong { size: usize, limit: usize },
    #[error("the step has {size} characters; one may have {limit}")]
    StepTooLong { size: usize, limit: usize },
    #[error(transparent)]
    CannotContinue(#[from] CannotContinue),
    #[error(transparent)]
    NoModel(#[from] NoModel),
    #[error(transparent)]
    Budget(#[from] PromptTooLarge),
    #[error("{model} does not read images")]
    NoImages { model: ModelId },
    #[error("image {path}: {refusal}")]
    Image { path: String, refusal: Refusal },
    #[error(transparent)]
    Provider(#[from] Box<Failure>),
    #[error(transparent)]
    Cli(#[from] Box<CliFailure>),
    #[error("the call was cancelled")]
    Cancelled,
    /// A defect of zen's own.
    #[error("zen failed: {0}")]
    Internal(String),
}

impl ToolError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "invalid_arguments",
            Self::PromptTooLong { .. } | Self::StepTooLong { .. } => "prompt_too_long",
            Self::CannotContinue(CannotContinue::Unknown { .. }) => "thread_unknown",
            Self::CannotContinue(CannotContinue::Full { .. }) => "thread_full",
            Self::CannotContinue(CannotContinue::NoRoom(_)) => "threads_no_room",
            Self::NoModel(_) => "no_model",
            Self::Budget(_) => "window_too_small",
            Self::NoImages { .. } => "images_unsupported",
            Self::Image { .. } => "image_refused",
            Self::Provider(failure) if failure.class == Class::OverLimit => "spend_limit",
            Self::Provider(_) => "provider_failed",
            Self::Cli(_) => "cli_failed",
            Self::Cancelled => "cancelled",
            Self::Internal(_) => "internal",
        }
    }

    /// The kind of failure, where a provider is to blame.
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Provider(failure) => Some(failure.class),
            _ => None,
        }
    }

    /// What is to be known of it where the call has a reply all the same.
    pub fn failed(&self) -> Failed {
        Failed { class: self.class(), message: self.to_string() }
    }

    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled) || self.class() == Some(Class::Cancelled)
    }

    /// What the reader can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Arguments(_) => "Correct the arguments and call again.",
            Self::PromptTooLong { .. } => {
                "Save the prompt as a file named prompt.txt and pass its absolute path in absolute_file_paths."
            }
            Self::CannotContinue(CannotContinue::NoRoom(_)) => "Tell the person whom you work for.",
            Self::StepTooLong { .. } => "Shorten the step; put details into files and name these in relevant_files.",
            Self::CannotContinue(_) => {
                "Send the whole question again without continuation_id: that opens a new thread."
            }
            Self::NoModel(_) => "Call listmodels for the names that can be used.",
            Self::Budget(_) => "Shorten the prompt, or name a model with a larger window.",
            Self::NoImages { .. } => "Leave the images out, or name a model that reads images (see listmodels).",
            Self::Image { .. } => "Correct or leave out the image and call again.",
            Self::Provider(failure) => failure.class.hint(),
            Self::Cli(failure) => failure.hint,
            Self::Cancelled => Class::Cancelled.hint(),
            Self::Internal(_) => "Call again; if it happens again, it is a defect of zen.",
        }
    }

    /// The error in the envelope that agents know.
    pub fn output(&self, tool: &str) -> Output {
        let status = match self {
            Self::PromptTooLong { .. } | Self::StepTooLong { .. } => Status::ResendPrompt,
            _ => Status::Error,
        };
        let mut output = Output::new(status, format!("{} {}", sentence(&self.to_string()), self.hint()))
            .with("tool_name", tool)
            .with("error_code", self.code());
        match self {
            Self::Provider(failure) => self.provider_details(failure, &mut output),
            Self::Cli(failure) => output.metadata.extend(failure.details.clone()),
            Self::PromptTooLong { size, limit } | Self::StepTooLong { size, limit } => {
                output.metadata.insert("prompt_size".to_owned(), Value::from(*size));
                output.metadata.insert("limit".to_owned(), Value::from(*limit));
            }
            _ => {}
        }
        output
    }

    fn provider_details(&self, failure: &Failure, output: &mut Output) {
        if !failure.partial.is_empty() {
            output.content.push_str("\n\nWhat had arrived:\n\n");
            output.content.push_str(&failure.partial);
        }
        let mut detail = |key: &str, value: Value| output.metadata.insert(key.to_owned(), value);
        detail("error_class", serde_json::to_value(failure.class).unwrap_or_default());
        detail("provider", failure.provider.as_str().into());
        detail("model", failure.model.as_str().into());
        if let Some(status) = failure.status {
            detail("http_status", status.into());
        }
        if failure.attempts != 1 {
            detail("attempts", failure.attempts.into());
        }
        if !failure.earlier.is_empty() {
            let earlier = failure.earlier.iter().map(|failure| Value::from(failure.to_string()));
            detail("asked_before", earlier.collect());
        }
        if let Some(cost) = failure.cost {
            detail("cost_usd", cost::decimal(cost).into());
        }
        if let Some(after) = failure.retry_after {
            detail("retry_after_seconds", after.as_secs_f64().into());
        }
    }
}

/// Why a CLI agent gave no reply.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct CliFailure {
    pub message: String,
    pub hint: &'static str,
    /// What the CLI wrote, and how it ended.
    pub details: Map<String, Value>,
}

/// The text as a sentence of its own, whether it ended as one or not.
fn sentence(text: &str) -> String {
    format!("{}.", text.trim_end().trim_end_matches('.'))
}
