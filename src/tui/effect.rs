//! Carries effects out: the only place of the face that asks a [`Control`] for anything. Every outcome comes back as an
//! event; nothing here decides.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::event::{Effect, Event, Reply, Switched, Watch};
use super::markdown::CodeKey;
use super::{Source, SourceId, syntax};
use crate::clock::Clock;
use crate::control::save::{NotSaved, save};
use crate::control::types::{Form, ModelSwitch, Switch, Switchable, ToolCall};
use crate::control::{Control, ControlError};
use crate::id::{PauseId, ThreadId};

/// Outcomes and updates on their way to the loop. Senders wait when it is full: a source then falls behind and says so.
const QUEUE: usize = 256;
/// Requests under way at one time. The model asks for one thing of a kind at a time, so only a fault reaches this.
const MAX_ASKED: usize = 64;
/// How long the colours of one block of code may take; what is not reached stays plain.
const COLOURING: Duration = Duration::from_millis(150);

/// Bytes of a paused message that are fetched; a longer one cannot be edited.
pub(super) const MAX_EDITED: usize = 2 << 20;

/// Runs effects on tasks that end with it.
pub(super) struct Executor {
    sources: HashMap<SourceId, Attached>,
    asked: JoinSet<()>,
    outcomes: mpsc::Sender<Event>,
    clock: Clock,
}

struct Attached {
    control: Arc<dyn Control>,
    watch: Option<AbortHandle>,
}

impl Drop for Attached {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

impl Executor {
    /// An executor, and where its outcomes come out.
    pub(super) fn new(clock: Clock) -> (Self, mpsc::Receiver<Event>) {
        let (outcomes, received) = mpsc::channel(QUEUE);
        (Self { sources: HashMap::new(), asked: JoinSet::new(), outcomes, clock }, received)
    }

    /// Makes a source known by its id. Replaces an older one of the same id.
    pub(super) fn attach(&mut self, source: Source) {
        self.sources.insert(source.id, Attached { control: source.control, watch: None });
    }

    pub(super) fn run(&mut self, effect: Effect) {
        match effect {
            Effect::Watch(source) => self.watch(source),
            Effect::Release(source) => drop(self.sources.remove(&source)),
            Effect::Colour { key, language, text } => self.colour(key, language, text),
            // The loop sees it before the executor does.
            Effect::Quit => {}
            asking => self.fetch(asking),
        }
    }

    /// What is only read.
    fn fetch(&mut self, effect: Effect) {
        match effect {
            Effect::Models(source) => {
                self.ask(source, move |control| async move { Reply::Models { outcome: control.models().await } });
            }
            Effect::Tools(source) => {
                self.ask(source, move |control| async move { Reply::Tools { outcome: control.tools().await } });
            }
            Effect::Toolbox(source) => {
                self.ask(source, move |control| async move { Reply::Toolbox { outcome: control.toolbox().await } });
            }
            Effect::Interceptors(source) => {
                self.ask(
                    source,
                    move |control| async move { Reply::Interceptors { outcome: control.interceptors().await } },
                )
            }
            Effect::Spending(source) => {
                self.ask(source, move |control| async move { Reply::Spending { outcome: control.spending().await } });
            }
            Effect::Paths { source, so_far } => {
                self.ask(source, move |control| async move { Reply::Paths { outcome: control.paths(so_far).await } })
            }
            Effect::Search { source, query } => self.ask(source, move |control| async move {
                let found = control.search(query).await;
                Reply::Found { outcome: found.map(|found| found.into_iter().map(|thread| thread.id).collect()) }
            }),
            Effect::Thread { source, thread } => self.ask(source, move |control| async move {
                let outcome = control.thread(thread).await.map(Box::new);
                Reply::Thread { thread, outcome }
            }),
            Effect::TurnText { source, thread, turn, which, from } => self.ask(source, move |control| async move {
                let outcome = control.turn_text(thread, turn, which, from).await;
                Reply::TurnText { thread, turn, which, outcome }
            }),
            Effect::LiveText { source, call, from } => self.ask(source, move |control| async move {
                let outcome = control.live_text(call, from).await;
                Reply::LiveText { call, outcome }
            }),
            Effect::Message { source, seq } => self.ask(source, move |control| async move {
                let outcome = control.message(seq).await.map(Box::new);
                Reply::Message { seq, outcome }
            }),
            steering => self.steer(steering),
        }
    }

    /// What changes something there.
    fn steer(&mut self, effect: Effect) {
        match effect {
            Effect::Call { source, number, tool, arguments } => self.ask(source, move |control| async move {
                let outcome = match RawValue::from_string(arguments) {
                    Ok(arguments) => control.call(ToolCall { tool, arguments }).await,
                    Err(error) => Err(ControlError::Unreachable(error.to_string())),
                };
                Reply::Called { number, outcome }
            }),
            Effect::Act { source, what, act } => {
                self.ask(source, move |control| async move { Reply::Acted { what, outcome: control.act(act).await } })
            }
            Effect::Export { source, thread, form, path } => self.ask(source, move |control| async move {
                Reply::Saved { thread, outcome: export(&*control, thread, form, path).await }
            }),
            Effect::Probe { source, provider } => {
                self.ask(source, move |control| async move { Reply::Probed { outcome: control.probe(provider).await } })
            }
            Effect::Switch { source, what, on } => self.ask(source, move |control| async move {
                let outcome = switch(&*control, what.clone(), on).await;
                Reply::Switched { what, on, outcome }
            }),
            Effect::PausedText { source, pause } => self.ask(source, move |control| async move {
                Reply::PausedText { pause, outcome: whole_paused(&*control, pause).await }
            }),
            Effect::Resolve { source, pause, decision } => self.ask(source, move |control| async move {
                Reply::Resolved { outcome: control.resolve(pause, decision).await }
            }),
            Effect::Expire { source, thread } => self.ask(source, move |control| async move {
                let outcome = control.expire(thread).await.map(drop);
                Reply::Expired { thread, outcome }
            }),
            Effect::Cancel { source, call } => self.ask(source, move |control| async move {
                let outcome = control.cancel(call).await;
                Reply::Cancelled { call, outcome }
            }),
            // All others were seen to before.
            _ => {}
        }
    }

    fn watch(&mut self, id: SourceId) {
        let Some(source) = self.sources.get_mut(&id) else { return };
        if let Some(earlier) = source.watch.take() {
            earlier.abort();
        }
        let (control, outcomes) = (Arc::clone(&source.control), self.outcomes.clone());
        source.watch = Some(self.asked.spawn(async move {
            let ended = watch_until_it_ends(id, control.as_ref(), &outcomes).await;
            send(&outcomes, Event::Watched { source: id, watch: Watch::Ended(ended) }).await;
        }));
    }

    /// On a thread of its own: it takes many frames' time.
    fn colour(&mut self, key: CodeKey, language: String, text: String) {
        let (outcomes, clock) = (self.outcomes.clone(), self.clock);
        self.asked.spawn(async move {
            let began = clock.now();
            let work = move || syntax::colours(&language, &text, || clock.elapsed(began) > COLOURING);
            if let Ok(colours) = tokio::task::spawn_blocking(work).await {
                send(&outcomes, Event::Coloured { key, colours: colours.into() }).await;
            }
        });
    }

    fn ask<F, A>(&mut self, id: SourceId, ask: F)
    where
        F: FnOnce(Arc<dyn Control>) -> A + Send + 'static,
        A: Future<Output = Reply> + Send,
    {
        while self.asked.try_join_next().is_some() {}
        let Some(source) = self.sources.get(&id) else { return };
        if self.asked.len() >= MAX_ASKED + self.sources.len() {
            return;
        }
        let (control, outcomes) = (Arc::clone(&source.control), self.outcomes.clone());
        self.asked.spawn(async move {
            let reply = ask(control).await;
            send(&outcomes, Event::Replied { source: id, reply }).await;
        });
    }
}

/// All of a paused message, piece by piece. It does not change while it waits.
async fn whole_paused(control: &dyn Control, pause: PauseId) -> Result<String, ControlError> {
    let mut text = String::new();
    let mut from = 0;
    loop {
        let slice = control.paused_text(pause, from).await?;
        text.push_str(&slice.text);
        from += slice.text.chars().count() as u64;
        if slice.text.is_empty() || from >= slice.total || text.len() > MAX_EDITED {
            return Ok(text);
        }
    }
}

async fn switch(control: &dyn Control, what: Switchable, enabled: bool) -> Result<Switched, ControlError> {
    let of_model = |provider, model| control.switch_model(ModelSwitch { provider, model, enabled });
    match what {
        Switchable::Tool(name) => control.switch_tool(Switch { name, enabled }).await.map(Switched::Tools),
        Switchable::Interceptor(name) => control.switch(Switch { name, enabled }).await.map(Switched::Interceptors),
        Switchable::Model { provider, model } => of_model(provider, Some(model)).await.map(Switched::Models),
        Switchable::Provider(provider) => of_model(provider, None).await.map(Switched::Models),
    }
}

/// Fetches the document and writes it, on this side, to a file that is not there yet.
async fn export(control: &dyn Control, thread: ThreadId, form: Form, path: String) -> Result<String, String> {
    let exported = control.export(thread, form).await.map_err(|error| error.to_string())?;
    let to = path.clone();
    let writing = tokio::task::spawn_blocking(move || save(Path::new(&to), &exported.text, false));
    let written = writing.await.map_err(|error| error.to_string())?;
    written.map(|()| path).map_err(|error| match error {
        NotSaved::Exists(path) => format!("{} is there already: name another file", path.display()),
        error @ NotSaved::Io { .. } => error.to_string(),
    })
}

async fn watch_until_it_ends(id: SourceId, control: &dyn Control, outcomes: &mpsc::Sender<Event>) -> String {
    let mut updates = match control.watch().await {
        Ok(updates) => updates,
        Err(ControlError::Refused(refusal)) => return refusal.message,
        Err(error @ ControlError::Unreachable(_)) => return error.to_string(),
    };
    while let Some(update) = updates.recv().await {
        send(outcomes, Event::Watched { source: id, watch: Watch::Update(update) }).await;
    }
    "it has ended".to_owned()
}

/// A closed queue means that the face is gone, and nobody is left to tell.
async fn send(outcomes: &mpsc::Sender<Event>, event: Event) {
    let _ = outcomes.send(event).await;
}
