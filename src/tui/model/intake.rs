//! Where foreign text enters the model: every name, title, path and message of a source is made harmless here, once.
//! Long texts come by [`super::body`], which does the same.

use crate::control::types::models::ModelSummary;
use crate::control::types::spending::Spending;
use crate::control::types::{
    CallSummary, ClientSummary, ConsultationDetail, Hello, Interceptors, MessageSummary, PausedSummary,
    ProviderSummary, RefusedFile, Stage, ThreadSummary, ToolSummary, ToolSwitch, TurnDetail,
};
use crate::id::{ModelId, ProviderId};
use crate::provider::Finish;
use crate::text;

/// Characters of a short text that are kept. No line of a screen shows more.
const MAX_CHARACTERS: usize = 1_000;
/// Clients of a source that are kept.
const MAX_CLIENTS: usize = 64;

pub fn line(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => text::sanitise_line(&text[..end]).into_owned(),
        None => text::sanitise_line(text).into_owned(),
    }
}

pub fn hello(mut hello: Hello) -> Hello {
    clean(&mut hello.version);
    clean(&mut hello.working_directory);
    hello.clients = clients(hello.clients);
    hello
}

pub fn clients(mut clients: Vec<ClientSummary>) -> Vec<ClientSummary> {
    clients.truncate(MAX_CLIENTS);
    for client in &mut clients {
        clean(&mut client.transport);
        clean(&mut client.name);
        clean(&mut client.version);
        client.protocol.iter_mut().for_each(clean);
    }
    clients
}

pub fn thread(mut thread: ThreadSummary) -> ThreadSummary {
    clean(&mut thread.title);
    clean(&mut thread.tool);
    clean(&mut thread.workspace);
    thread.tags.iter_mut().for_each(clean);
    thread.model = thread.model.map(model);
    thread
}

/// Lines of what was spent that are kept.
const MAX_SPENT: usize = 20_000;

pub fn spending(mut spending: Spending) -> Spending {
    spending.lines.truncate(MAX_SPENT);
    spending.limits.truncate(MAX_SPENT);
    for line in &mut spending.lines {
        clean(&mut line.tool);
        line.provider = provider(line.provider.clone());
        line.model = model(line.model.clone());
    }
    for limit in &mut spending.limits {
        limit.provider = limit.provider.take().map(provider);
    }
    spending
}

pub fn tool(mut tool: ToolSummary) -> ToolSummary {
    clean(&mut tool.name);
    clean(&mut tool.title);
    clean(&mut tool.description);
    tool
}

pub fn tool_switch(mut of: ToolSwitch) -> ToolSwitch {
    clean(&mut of.name);
    clean(&mut of.title);
    of
}

/// Deciders of a source that are kept.
const MAX_DECIDERS: usize = 512;

pub fn interceptors(mut all: Interceptors) -> Interceptors {
    all.deciders.truncate(MAX_DECIDERS);
    all.deciders.iter_mut().for_each(|decider| clean(&mut decider.name));
    if let Some(rules) = &mut all.rules {
        clean(&mut rules.path);
        rules.errors.iter_mut().for_each(clean);
    }
    all
}

pub fn call(mut call: CallSummary) -> CallSummary {
    clean(&mut call.tool);
    call.model = call.model.map(model);
    call.provider = call.provider.map(provider);
    if let Stage::Failed { message, .. } = &mut call.stage {
        clean(message);
    }
    call
}

pub fn message(mut message: MessageSummary) -> MessageSummary {
    clean(&mut message.transport);
    clean(&mut message.method);
    message.tool.iter_mut().for_each(clean);
    message.id.iter_mut().for_each(clean);
    message.by.iter_mut().chain(&mut message.reason).for_each(clean);
    message
}

/// Notes of one kind on a turn that are kept.
const MAX_NOTES: usize = 200;

/// A turn without its texts, which are taken apart from it.
pub fn turn(mut turn: TurnDetail) -> TurnDetail {
    clean(&mut turn.tool);
    turn.files.iter_mut().for_each(clean);
    for RefusedFile { path, reason } in &mut turn.refused {
        clean(path);
        clean(reason);
    }
    turn.withheld.truncate(MAX_NOTES);
    turn.withheld.iter_mut().for_each(clean);
    if let Some(verdict) = &mut turn.verdict {
        verdict.steps.truncate(MAX_NOTES);
        verdict.words.truncate(MAX_NOTES);
        verdict.readings.truncate(MAX_NOTES);
        verdict.words.iter_mut().for_each(clean);
        if let Some(judged) = &mut verdict.judged {
            judged.by.iter_mut().for_each(clean);
            clean(&mut judged.because);
        }
    }
    turn.consultations = turn.consultations.into_iter().map(consultation).collect();
    turn
}

fn consultation(mut consultation: ConsultationDetail) -> ConsultationDetail {
    consultation.provider = provider(consultation.provider);
    consultation.model = model(consultation.model);
    clean(&mut consultation.asked_as);
    if let Finish::Filtered(reason) | Finish::Other(reason) = &mut consultation.finish {
        clean(reason);
    }
    if let Some(failure) = &mut consultation.failure {
        clean(&mut failure.message);
    }
    for decision in &mut consultation.decisions {
        clean(&mut decision.subject);
    }
    consultation
}

pub fn model_summary(mut of: ModelSummary) -> ModelSummary {
    of.provider = provider(of.provider);
    of.id = model(of.id);
    of.aliases.iter_mut().chain([&mut of.title, &mut of.description]).for_each(clean);
    of.price_source.iter_mut().for_each(clean);
    of
}

/// Its text stays as it came: it is edited as it is, and made harmless where it is shown.
pub fn paused(mut of: PausedSummary) -> PausedSummary {
    clean(&mut of.method);
    of.tool.iter_mut().for_each(clean);
    clean(&mut of.by);
    clean(&mut of.reason);
    of
}

pub fn provider_summary(mut of: ProviderSummary) -> ProviderSummary {
    of.id = provider(of.id);
    clean(&mut of.title);
    if let Some(error) = &mut of.health.last_error {
        clean(&mut error.message);
    }
    for resting in &mut of.resting {
        resting.model = resting.model.take().map(model);
    }
    of
}

fn model(model: ModelId) -> ModelId {
    ModelId::new(line(model.as_str()))
}

fn provider(provider: ProviderId) -> ProviderId {
    ProviderId::new(line(provider.as_str()))
}

fn clean(text: &mut String) {
    *text = line(text);
}
