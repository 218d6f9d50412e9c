//! A reply as it comes together, whatever format it arrives in, and what it amounts to at its end.

use crate::provider::failure::{Class, Fault};
use crate::provider::{Finish, Usage};

/// What has arrived so far.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub text: String,
    pub finish: Option<Finish>,
    pub usage: Usage,
    /// The model's name as the provider reports it.
    pub served_by: Option<String>,
    /// A refusal that came instead of text.
    pub refusal: String,
    /// Whether anything arrived that the format knows.
    pub begun: bool,
    /// Whether the format's own end has arrived.
    pub ended: bool,
}

impl Reply {
    /// Why the model stopped, once the stream has ended; or what is wrong where there is no text.
    pub fn settle(&mut self) -> Result<Finish, Fault> {
        let finish = self.finish.take().unwrap_or(Finish::Unsaid);
        if !self.text.trim().is_empty() {
            return Ok(finish);
        }
        let refusal = std::mem::take(&mut self.refusal);
        Err(match finish {
            _ if !refusal.is_empty() => Fault::new(Class::Filtered, refusal),
            Finish::Filtered(reason) => Fault::new(Class::Filtered, reason),
            Finish::Length => Fault::new(Class::Empty, "its output limit was used up before the first text (length)"),
            Finish::Stop => Fault::new(Class::Empty, "it ended without text (stop)"),
            Finish::Other(reason) => Fault::new(Class::Empty, format!("it ended without text ({reason})")),
            Finish::Unsaid if self.begun => Fault::new(Class::Empty, "it ended without text and without a reason"),
            Finish::Unsaid => Fault::new(Class::Protocol, "the reply holds nothing in the format that was asked for"),
        })
    }

    /// A fault that came once text had arrived: the reply broke, whatever the reason, unless it was withheld.
    pub fn broken_by(&self, fault: Fault) -> Fault {
        match fault.class {
            Class::Filtered | Class::Timeout | Class::Cancelled | Class::Protocol => fault,
            _ if self.text.is_empty() => fault,
            _ => Fault { class: Class::Broken, ..fault },
        }
    }
}
