//! The face without a screen: one line for each thing that happens, for screen readers and for pipes. Moves no cursor,
//! uses no colour, and asks for nothing but the watch itself.

use std::io::{self, Write};

use super::effect::Executor;
use super::event::{Effect, Event, Watch};
use super::figure;
use super::model::source::SourceView;
use super::model::{Model, clean_line};
use super::recording::read::{Tape, Unreadable};
use super::recording::{Ending, Entry, Line};
use super::theme::{Depth, Theme};
use super::update::update;
use super::{Exit, Options, Source, SourceChange, SourceId};
use crate::control::types::{
    CallSummary, Delta, MessageOutcome, MessageSummary, PausedSummary, ProviderSummary, Stage, ThreadSummary, Update,
};
use crate::event::Removal;

/// The model wants a size; nothing is drawn at it.
const SIZE: (u16, u16) = (80, 24);

/// Writes what happens until the process ends or nobody reads any more.
pub async fn run(options: Options, out: &mut dyn Write) -> io::Result<Exit> {
    let (executor, mut outcomes) = Executor::new(options.clock);
    let Options { own, mut sources, clock, shutdown, .. } = options;
    let model = Model::new(SIZE, clock.wall(), Theme::new(false), true);
    let mut plain = Plain { model, executor: Some(executor), out };
    let written = async {
        if let Some(own) = own {
            plain.attach(own)?;
        }
        loop {
            tokio::select! {
                Some(change) = sources.recv() => match change {
                    SourceChange::Appeared(source) => plain.attach(source)?,
                    SourceChange::Gone(id) => plain.take(Event::Disappeared(id))?,
                },
                Some(event) = outcomes.recv() => plain.take(event)?,
                else => std::future::pending().await,
            }
            plain.model.now = clock.wall();
        }
    };
    let written: io::Result<()> = tokio::select! {
        () = shutdown.begun() => return Ok(Exit::Shutdown),
        written = written => written,
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        Ok(()) | Err(_) => Ok(Exit::Quit),
    }
}

/// Writes what happened in a recorded session, at once. Nothing is carried out.
///
/// # Errors
///
/// Where `out` cannot be written, or the recording is no longer what it was when it was opened.
pub fn replay(tape: &mut Tape, out: &mut dyn Write) -> Result<(), NotWritten> {
    let mut plain = Plain { model: tape.model(Depth::None)?, executor: None, out };
    while let Some(Line { what, .. }) = tape.next_line()? {
        match what {
            Entry::Took(event) => plain.take(event)?,
            Entry::Lost(events) => plain.say(&format!("{events} events are missing from the recording here"))?,
            Entry::Ended(Ending::Full) => plain.say("the recording was full")?,
            Entry::Ended(Ending::Left) => plain.say("the face was left")?,
        }
    }
    if !tape.found.whole {
        plain.say("the recording is cut off here")?;
    }
    Ok(())
}

/// Why a recording was not told to its end.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    #[error(transparent)]
    Out(#[from] io::Error),
    #[error(transparent)]
    Recording(#[from] Unreadable),
}

struct Plain<'a> {
    model: Model,
    /// None: nothing is carried out.
    executor: Option<Executor>,
    out: &'a mut dyn Write,
}

impl Plain<'_> {
    fn attach(&mut self, source: Source) -> io::Result<()> {
        let event = Event::Appeared { source: source.id, name: source.name.clone(), own: source.own };
        if let Some(executor) = &mut self.executor {
            executor.attach(source);
        }
        self.take(event)
    }

    fn take(&mut self, event: Event) -> io::Result<()> {
        let said = lines(&self.model, &event);
        for effect in update(&mut self.model, event) {
            if let (Effect::Watch(_) | Effect::Release(_), Some(executor)) = (&effect, &mut self.executor) {
                executor.run(effect);
            }
        }
        said.iter().try_for_each(|line| self.say(line))?;
        self.out.flush()
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{} {}", figure::time_of_day(self.model.now), clean_line(line))
    }
}

/// What there is to say of the event, with the model as it was before.
fn lines(model: &Model, event: &Event) -> Vec<String> {
    match event {
        Event::Watched { source, watch: Watch::Update(Update::Delta(delta)) } => told(model, *source, delta),
        Event::Watched { source, watch: Watch::Update(Update::Snapshot(snapshot)) } => {
            let threads = figure::plural(snapshot.threads.len(), "thread");
            let running = snapshot.calls.iter().filter(|call| !call.stage.has_ended()).count();
            vec![format!("watching {}: {threads}, {} in flight", name(model, *source), figure::plural(running, "call"))]
        }
        Event::Watched { source, watch: Watch::Update(Update::Resync { dropped }) } => {
            vec![format!("{}: {dropped} events were missed", name(model, *source))]
        }
        Event::Watched { source, watch: Watch::Ended(reason) } => {
            vec![format!("{} is no longer watched: {reason}", name(model, *source))]
        }
        Event::Disappeared(source) => vec![format!("{} is gone", name(model, *source))],
        _ => Vec::new(),
    }
}

fn told(model: &Model, id: SourceId, delta: &Delta) -> Vec<String> {
    let Some(source) = model.source(id) else { return Vec::new() };
    let mut said: Vec<String> = Vec::new();
    said.extend(delta.calls.iter().filter_map(|call| called(source, call)));
    said.extend(delta.threads.iter().filter_map(|thread| answered(source, thread)));
    said.extend(delta.removed.iter().map(|removed| {
        let why = match removed.reason {
            Removal::Expired => "has run out of time",
            _ => "is gone",
        };
        format!("thread {} {why}", removed.id.short())
    }));
    said.extend(delta.switched.iter().map(|turned| {
        let state = if turned.on { "on" } else { "off" };
        format!("{} was switched {state} by user {}", turned.what, turned.uid)
    }));
    said.extend(delta.threads.iter().filter_map(|thread| questioned(source, thread)));
    said.extend(delta.messages.iter().filter_map(stopped));
    let waits = delta.paused.iter().flatten().filter(|paused| !source.paused.iter().any(|known| known.id == paused.id));
    said.extend(waits.map(waiting));
    said.extend(delta.providers.iter().filter_map(|provider| failing(source, provider)));
    said
}

fn called(source: &SourceView, call: &CallSummary) -> Option<String> {
    let known = source.calls.get(&call.id).map(|known| &known.stage);
    if known == Some(&call.stage) {
        return None;
    }
    let took = || figure::elapsed(call.ended.unwrap_or(call.started).since(call.started));
    let model = call.model.as_ref().map(|model| format!(" with {model}")).unwrap_or_default();
    let happened = match &call.stage {
        Stage::Preparing => "begins".to_owned(),
        Stage::Waiting => format!("waits for an answer{model}"),
        Stage::Streaming => "is being answered".to_owned(),
        Stage::Done => format!("is done after {}", took()),
        Stage::Failed { message, .. } => format!("failed after {}: {message}", took()),
        Stage::Cancelled => format!("was cancelled after {}", took()),
    };
    Some(format!("call {} {} {happened}", call.id, call.tool))
}

fn answered(source: &SourceView, thread: &ThreadSummary) -> Option<String> {
    let known = source.threads.get(&thread.id);
    if known.is_some_and(|known| known.turns >= thread.turns) {
        return None;
    }
    let begins = if known.is_none() { format!(" begins, “{}”,", thread.title) } else { String::new() };
    let by = thread.model.as_ref().map(|model| format!(" by {model}")).unwrap_or_default();
    let spent = figure::tokens(thread.input + thread.output);
    Some(format!(
        "thread {}{begins} turn {} of {}{by}, {spent} tokens in all",
        thread.id.short(),
        thread.turns,
        thread.tool
    ))
}

fn questioned(source: &SourceView, thread: &ThreadSummary) -> Option<String> {
    let known = source.threads.get(&thread.id).and_then(|known| known.concern);
    let concern = thread.concern.filter(|concern| Some(*concern) != known)?;
    Some(format!("thread {}: the monitor speaks of {}", thread.id.short(), concern.as_str()))
}

fn stopped(message: &MessageSummary) -> Option<String> {
    let tool = message.tool.as_ref().map(|tool| format!(" {tool}")).unwrap_or_default();
    let why = message.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let blocked = message.outcome == MessageOutcome::Blocked;
    blocked.then(|| format!("blocked {}{tool}{why}", message.method))
}

fn waiting(paused: &PausedSummary) -> String {
    let tool = paused.tool.as_ref().map(|tool| format!(" {tool}")).unwrap_or_default();
    format!("a message waits for a decision: {}{tool}, held by {}: {}", paused.method, paused.by, paused.reason)
}

fn failing(source: &SourceView, provider: &ProviderSummary) -> Option<String> {
    let known = source.provider(&provider.id);
    if !provider.resting.is_empty() && known.is_none_or(|known| known.resting.is_empty()) {
        return Some(format!("provider {} is left alone for a while", provider.id));
    }
    if provider.resting.is_empty() && known.is_some_and(|known| !known.resting.is_empty()) {
        return Some(format!("provider {} is asked again", provider.id));
    }
    let class = provider.last_failure.filter(|_| provider.failed > known.map_or(0, |known| known.failed))?;
    Some(format!("provider {} failed: {}", provider.id, class.says()))
}

fn name(model: &Model, id: SourceId) -> String {
    model.source(id).map(|source| source.name.clone()).unwrap_or_default()
}
