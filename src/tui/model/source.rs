//! What the face knows of one zen process: how the watch on it stands, and the summaries it last sent. A client-side
//! copy; the process itself holds the truth.

use std::collections::{BTreeMap, HashMap};

use super::intake;
use crate::control::types::models::ModelSummary;
use crate::control::types::spending::Spending;
use crate::control::types::{
    CallSummary, ClientSummary, Delta, Hello, Interceptors, Limits, MessageSummary, PausedSummary, ProviderSummary,
    Snapshot, Switchable, ThreadSummary, ToolSummary, ToolSwitch, Update,
};
use crate::id::{CallId, ModelId, ProviderId, ThreadId};
use crate::tui::SourceId;

/// Threads of one source that are held; an engine keeps fewer.
const MAX_THREADS: usize = 20_000;
/// Calls of one source that are held, ended ones first to go.
const MAX_CALLS: usize = 512;
/// Providers of one source that are held.
const MAX_PROVIDERS: usize = 256;

/// Paused messages of one source that are held; an engine lets fewer wait.
const MAX_PAUSED: usize = 256;
/// Tools of one source that are held.
const MAX_TOOLS: usize = 256;
/// Models of one source that are held.
const MAX_MODELS: usize = 5_000;

/// One process.
#[derive(Clone, Debug)]
pub struct SourceView {
    pub id: SourceId,
    pub name: String,
    /// The engine in this very process.
    pub own: bool,
    pub state: SourceState,
    pub hello: Option<Hello>,
    pub limits: Option<Limits>,
    pub clients: Vec<ClientSummary>,
    pub threads: HashMap<ThreadId, ThreadSummary>,
    pub calls: BTreeMap<CallId, CallSummary>,
    pub providers: Vec<ProviderSummary>,
    /// Messages that wait for a person's decision.
    pub paused: Vec<PausedSummary>,
    /// Fetched once after each snapshot.
    pub models: Vec<ModelSummary>,
    /// Fetched with the models.
    pub tools: Vec<ToolSummary>,
    /// All tools with their switches: fetched when they are looked at, and told where they change.
    pub toolbox: Vec<ToolSwitch>,
    /// Fetched when they are looked at.
    pub interceptors: Option<Interceptors>,
    pub stale: Stale,
    /// Fetched while it is on screen.
    pub spending: Option<Spending>,
    /// Something was spent since it was asked for.
    pub spends: bool,
    /// Events that were lost to falling behind, and summaries beyond what is held.
    pub dropped: u64,
}

/// What was switched since it was fetched, and is to be fetched anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stale {
    pub models: bool,
    pub tools: bool,
    pub rules: bool,
}

/// How the watch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceState {
    Connecting,
    Live,
    /// It fell behind and waits for a new snapshot.
    Resyncing,
    Gone(String),
}

/// What an update was about.
#[derive(Debug, Default)]
pub struct Changed {
    pub threads: bool,
    pub calls: bool,
    pub clients: bool,
    pub providers: bool,
    pub paused: bool,
    /// New messages, oldest first.
    pub messages: Vec<MessageSummary>,
    /// The messages are all there are, not only new ones.
    pub afresh: bool,
}

impl SourceView {
    pub fn new(id: SourceId, name: &str, own: bool) -> Self {
        Self {
            id,
            name: intake::line(name),
            own,
            state: SourceState::Connecting,
            hello: None,
            limits: None,
            clients: Vec::new(),
            threads: HashMap::new(),
            calls: BTreeMap::new(),
            providers: Vec::new(),
            paused: Vec::new(),
            models: Vec::new(),
            tools: Vec::new(),
            toolbox: Vec::new(),
            interceptors: None,
            stale: Stale::default(),
            spending: None,
            spends: true,
            dropped: 0,
        }
    }

    pub fn apply(&mut self, update: Update) -> Changed {
        match update {
            Update::Snapshot(snapshot) => self.begin(*snapshot),
            Update::Delta(delta) => self.change(*delta),
            Update::Resync { dropped } => {
                self.state = SourceState::Resyncing;
                self.dropped = self.dropped.saturating_add(dropped);
                Changed { clients: true, ..Changed::default() }
            }
        }
    }

    /// The process has ended; what lived in its memory went with it.
    pub fn end(&mut self, reason: &str) {
        self.state = SourceState::Gone(intake::line(reason));
        self.threads.clear();
        self.calls.clear();
        self.clients.clear();
        self.providers.clear();
        self.models.clear();
        self.tools.clear();
        self.toolbox.clear();
        self.interceptors = None;
        self.spending = None;
        self.paused.clear();
    }

    pub fn in_flight(&self) -> impl DoubleEndedIterator<Item = &CallSummary> {
        self.calls.values().filter(|call| !call.stage.has_ended())
    }

    pub fn provider(&self, id: &ProviderId) -> Option<&ProviderSummary> {
        self.providers.iter().find(|provider| provider.id == *id)
    }

    pub fn model(&self, provider: &ProviderId, id: &ModelId) -> Option<&ModelSummary> {
        self.models.iter().find(|model| model.id == *id && model.provider == *provider)
    }

    pub fn take_models(&mut self, models: Vec<ModelSummary>) {
        self.dropped += models.len().saturating_sub(MAX_MODELS) as u64;
        self.models = models.into_iter().take(MAX_MODELS).map(intake::model_summary).collect();
    }

    pub fn take_tools(&mut self, tools: Vec<ToolSummary>) {
        self.tools = tools.into_iter().take(MAX_TOOLS).map(intake::tool).collect();
    }

    pub fn take_toolbox(&mut self, toolbox: Vec<ToolSwitch>) {
        self.toolbox = toolbox.into_iter().take(MAX_TOOLS).map(intake::tool_switch).collect();
    }

    pub fn take_interceptors(&mut self, interceptors: Interceptors) {
        self.interceptors = Some(intake::interceptors(interceptors));
    }

    pub fn take_spending(&mut self, spending: Spending) {
        self.spending = Some(intake::spending(spending));
    }

    /// The scripted provider answers there instead of a real one.
    pub fn is_demo(&self) -> bool {
        self.hello.as_ref().is_some_and(|hello| hello.demo)
    }

    pub fn is_gone(&self) -> bool {
        matches!(self.state, SourceState::Gone(_))
    }

    fn begin(&mut self, snapshot: Snapshot) -> Changed {
        self.state = SourceState::Live;
        let mut hello = intake::hello(snapshot.hello);
        self.clients = std::mem::take(&mut hello.clients);
        self.hello = Some(hello);
        self.limits = Some(snapshot.limits);
        self.threads.clear();
        self.calls.clear();
        self.providers.clear();
        let delta = Delta {
            threads: snapshot.threads,
            calls: snapshot.calls,
            messages: snapshot.messages,
            providers: snapshot.providers,
            paused: Some(snapshot.paused),
            ..Delta::default()
        };
        Changed { threads: true, calls: true, clients: true, afresh: true, ..self.change(delta) }
    }

    fn change(&mut self, delta: Delta) -> Changed {
        let changed = Changed {
            threads: !delta.threads.is_empty() || !delta.removed.is_empty(),
            calls: !delta.calls.is_empty(),
            clients: delta.clients.is_some(),
            providers: !delta.providers.is_empty(),
            paused: delta.paused.is_some(),
            messages: delta.messages.into_iter().map(intake::message).collect(),
            afresh: false,
        };
        // A turn, a failure or a request in flight: each may have cost something.
        self.spends |= changed.threads || changed.calls || changed.providers;
        for thread in delta.threads {
            if self.threads.len() >= MAX_THREADS && !self.threads.contains_key(&thread.id) {
                self.dropped += 1;
                continue;
            }
            self.threads.insert(thread.id, intake::thread(thread));
        }
        for removed in delta.removed {
            self.threads.remove(&removed.id);
        }
        for call in delta.calls {
            self.calls.insert(call.id, intake::call(call));
        }
        self.forget_calls();
        for provider in delta.providers.into_iter().map(intake::provider_summary) {
            if let Some(known) = self.providers.iter_mut().find(|known| known.id == provider.id) {
                *known = provider;
            } else if self.providers.len() < MAX_PROVIDERS {
                self.providers.push(provider);
            }
        }
        if let Some(paused) = delta.paused {
            self.paused = paused.into_iter().take(MAX_PAUSED).map(intake::paused).collect();
        }
        for switched in delta.switched {
            match switched.what {
                Switchable::Model { .. } | Switchable::Provider(_) => self.stale.models = true,
                Switchable::Interceptor(_) => self.stale.rules |= self.interceptors.is_some(),
                // It came with all tools.
                Switchable::Tool(_) => {}
            }
        }
        if let Some(tools) = delta.tools {
            self.take_toolbox(tools);
            self.stale.tools = true;
        }
        if let Some(clients) = delta.clients {
            self.clients = intake::clients(clients);
        }
        changed
    }

    fn forget_calls(&mut self) {
        while self.calls.len() > MAX_CALLS {
            let ended = self.calls.values().find(|call| call.stage.has_ended()).map(|call| call.id);
            let Some(oldest) = ended.or_else(|| self.calls.keys().next().copied()) else { return };
            self.calls.remove(&oldest);
        }
    }
}
