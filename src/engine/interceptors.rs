//! Which interceptors an engine has, in which order: limits first, as they cost least, then the user's rules, then what
//! looks after the messages that go out.

use std::sync::Arc;

use super::StartError;
use crate::clock::Clock;
use crate::config::Config;
use crate::event::Bus;
use crate::interceptor::builtin::message_log::MessageLog;
use crate::interceptor::builtin::rate_limit::{RateLimit, Rates};
use crate::interceptor::builtin::redaction::Redaction;
use crate::interceptor::builtin::rules::{self, Rules};
use crate::interceptor::builtin::size_guard;
use crate::interceptor::pause::{Limits, Pauses};
use crate::interceptor::{Chain, Direction};
use crate::secret::Redactor;
use crate::shutdown::Shutdown;

pub struct Interceptors {
    pub chain: Chain,
    pub messages: Arc<MessageLog>,
    pub rules: Option<Arc<Rules>>,
}

/// The chain that `config` asks for.
///
/// # Errors
///
/// All that is wrong with the file of rules and the limits.
pub fn build(
    config: &Config,
    clock: Clock,
    redactor: &Redactor,
    bus: &Bus,
    shutdown: &Shutdown,
) -> Result<Interceptors, StartError> {
    let settings = &config.interceptors;
    let mut wrong = Vec::new();
    let guards = size_guard::guards(&settings.max_bytes).unwrap_or_else(|errors| {
        wrong.extend(errors);
        Vec::new()
    });
    let file = settings.rules.as_ref().and_then(|path| {
        let opened = Rules::open(path, settings.deadline, clock);
        opened.map_err(|errors| wrong.extend(errors)).ok()
    });
    let brought = settings.brought_rules.map(|text| rules::brought(text, settings.deadline));
    let brought = brought.transpose().unwrap_or_else(|errors| {
        wrong.extend(errors);
        None
    });
    if !wrong.is_empty() {
        return Err(StartError::Interceptors(wrong));
    }

    let limits = Limits { max_paused: settings.max_paused, timeout: settings.pause_timeout };
    let mut chain = Chain::new(Arc::new(Pauses::new(limits, clock, bus.clone(), shutdown.clone())));
    let rates = Rates {
        connection: settings.rate_connection,
        tool: settings.rate_tool,
        principal: settings.rate_principal,
        burst: settings.rate_burst,
    };
    let (of_incoming, of_outgoing): (Vec<_>, Vec<_>) =
        guards.into_iter().partition(|guard| guard.filter.direction == Some(Direction::In));
    for limit in RateLimit::registration(rates, clock).into_iter().chain(of_incoming) {
        chain.register(limit.within(settings.deadline));
    }
    if let Some(file) = &file {
        chain.register_changing(Arc::clone(file) as _);
    }
    brought.into_iter().flatten().for_each(|rule| chain.register(rule));
    let redaction = Redaction::new(redactor.clone());
    if settings.redact_messages {
        chain.register(redaction.registration().within(settings.deadline));
    }
    of_outgoing.into_iter().for_each(|guard| chain.register(guard.within(settings.deadline)));

    let mut messages = MessageLog::new(clock, bus.clone(), config.server.message_log);
    if settings.redact_log {
        messages = messages.scrubbed_by(redaction.scrub());
    }
    let messages = Arc::new(messages);
    chain.observe_with(Arc::clone(&messages) as _);
    Ok(Interceptors { chain, messages, rules: file })
}
