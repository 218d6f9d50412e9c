//! The engine: composes the rooms below it into what a server and a face work with. It knows nothing of transports and
//! terminals. What happens in it is said on its bus; what can be done to it is a method.

pub mod calls;
pub mod connections;
mod editing;
mod interceptors;
mod invoke;
mod metering;
pub mod switching;
pub mod toolbox;
mod watching;
mod withholding;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::config::edited::Edited;
use crate::event::{Bus, Event};
use crate::file::root::{RootError, Roots};
use crate::interceptor::Chain;
use crate::interceptor::builtin::message_log::MessageLog;
use crate::interceptor::builtin::rules::Rules;
use crate::process::Children;
use crate::provider::{BadProviders, Registry};
use crate::secret::Redactor;
use crate::shutdown::Shutdown;
use crate::telemetry::metrics::Metrics;
use crate::thread::ledger::Ledger;
use crate::thread::memory::MemoryStore;
use crate::thread::threads::{Limits, Threads};
use crate::token::Learned;
use crate::tools::clink::manifest::Clis;
use crate::tools::prompts::{BadPrompts, Prompts};
use crate::tools::{Settings, Tool};
use calls::Calls;
use connections::Connections;
use metering::Meter;
use switching::Switchings;
use toolbox::Toolbox;
use watching::Watching;

pub use crate::telemetry::metrics::{Family, Sample};
pub use invoke::Outcome;
pub use toolbox::UnknownTool;

pub struct Engine {
    pub clock: Clock,
    pub bus: Bus,
    pub shutdown: Shutdown,
    pub chain: Chain,
    /// The file of rules, where there is one.
    pub rules: Option<Arc<Rules>>,
    pub messages: Arc<MessageLog>,
    pub threads: Arc<Threads>,
    pub calls: Calls,
    pub connections: Connections,
    pub models: Registry,
    pub config: Config,
    pub redactor: Redactor,
    pub metrics: Arc<Metrics>,
    /// What consultations took and cost since the start.
    pub ledger: Arc<Ledger>,
    /// What people have switched by hand.
    pub switchings: Switchings,
    /// To be ended before the process is.
    pub children: Children,
    roots: Roots,
    learned: Learned,
    settings: Arc<Settings>,
    toolbox: Toolbox,
    watching: Watching,
    /// The config file, where there is one to look at.
    config_file: Option<Edited>,
}

/// What an engine is started with.
pub struct Setup {
    pub config: Config,
    pub clock: Clock,
    pub redactor: Redactor,
    /// Where no root is configured, this is the one, if it is fit.
    pub working_directory: PathBuf,
    pub home: Option<PathBuf>,
}

/// Why an engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Roots(#[from] RootError),
    #[error(transparent)]
    Providers(#[from] BadProviders),
    #[error("{}", .0.join("\n"))]
    Interceptors(Vec<String>),
    #[error("{}", .0.join("\n"))]
    Clis(Vec<String>),
    #[error(transparent)]
    Prompts(#[from] BadPrompts),
    #[error("tools.disabled: {0}")]
    UnknownTool(#[from] UnknownTool),
}

impl Engine {
    /// Builds an engine. Nothing runs yet: see [`Engine::housekeeping`].
    pub fn new(setup: Setup) -> Result<Arc<Self>, StartError> {
        let Setup { config, clock, redactor, working_directory, home } = setup;
        let bus = Bus::new();
        let shutdown = Shutdown::default();
        let metrics = Arc::<Metrics>::default();
        let interceptors::Interceptors { mut chain, messages, rules } =
            interceptors::build(&config, clock, &redactor, &bus, &shutdown)?;
        chain.observe_with(Arc::new(Meter(Arc::clone(&metrics))));
        let limits = Limits {
            ttl: config.threads.ttl,
            max_turns: config.threads.max_turns,
            max_threads: config.threads.max_threads,
            max_bytes: config.threads.max_bytes,
        };
        let settings = Settings {
            default_model: config.models.default.clone(),
            locale: config.models.locale.clone(),
            workspace: working_directory.to_string_lossy().into(),
            prompt_chars: config.tools.prompt_chars(),
            reply_tokens: config.tools.reply_tokens(),
            write_generated_code: config.tools.write_generated_code,
            files: config.files.clone(),
            environment: config.environment.clone(),
            clis: Clis::load(&config.clink, &config.environment, &redactor).map_err(StartError::Clis)?,
            clink: config.clink.clone(),
            insight: config.insight.clone(),
            redactor: redactor.clone(),
            prompts: Prompts::open(config.tools.prompts.as_deref())?,
        };
        Ok(Arc::new(Self {
            clock,
            connections: Connections::new(bus.clone(), chain.share_pauses(), Arc::clone(&metrics)),
            shutdown,
            chain,
            rules,
            metrics,
            ledger: Arc::new(Ledger::new(clock.wall())),
            messages,
            threads: Arc::new(Threads::new(Box::<MemoryStore>::default(), limits, clock, bus.clone())),
            calls: Calls::new(clock, bus.clone()),
            models: Registry::new(&config.providers, &config.models, clock, redactor.clone(), bus.clone())?,
            roots: Roots::open(&config.files, &working_directory, home.as_deref())?.guarded_by(redactor.clone()),
            learned: Learned::default(),
            settings: Arc::new(settings),
            switchings: Switchings::default(),
            children: Children::default(),
            toolbox: Toolbox::new(&config.tools.disabled)?,
            watching: Watching::new(&config.insight),
            config_file: config.loaded_from.file.as_ref().map(|(path, read)| Edited::read_at(path, *read)),
            bus,
            config,
            redactor,
        }))
    }

    /// What has to be done beside the calls, until shutdown begins: threads whose time has run out are removed, and what a
    /// person changes in files is taken over.
    pub async fn housekeeping(self: Arc<Self>) {
        self.look_after_files();
        tokio::select! {
            () = self.shutdown.begun() => {}
            () = self.threads.keep_swept() => {}
        }
    }

    /// The tools that are offered, in the order in which they are listed.
    pub fn tools(&self) -> impl Iterator<Item = &dyn Tool> {
        self.toolbox.all().filter(|(_, enabled)| *enabled).map(|(tool, _)| tool)
    }

    /// The same as they stand in `tools/list`.
    pub fn listings(&self) -> Vec<Value> {
        self.tools().map(|tool| tool.listing(&self.settings)).collect()
    }

    /// A tool that is offered.
    pub fn tool(&self, name: &str) -> Option<&dyn Tool> {
        self.tools().find(|tool| tool.spec().name == name)
    }

    /// All tools, and whether each is offered.
    pub fn all_tools(&self) -> impl Iterator<Item = (&dyn Tool, bool)> {
        self.toolbox.all()
    }

    /// A number that is another one once other tools are offered; who subscribes hears of it.
    pub fn tools_edition(&self) -> &watch::Sender<u64> {
        self.toolbox.edition()
    }

    /// From now on the configuration says that all tools but these are offered; calls in flight go on. A tool that was
    /// switched by hand stays so, unless the configuration says of it something else than before. Says
    /// [`Event::ToolsChanged`] where that makes a difference.
    ///
    /// # Errors
    /// A name is no tool's: then nothing has changed.
    pub fn disable_tools(&self, disabled: &[String]) -> Result<(), UnknownTool> {
        let changed = self.toolbox.disable(disabled)?;
        self.tell_of_tools(changed);
        Ok(())
    }

    fn tell_of_tools(&self, changed: bool) {
        if changed {
            self.bus.say(Event::ToolsChanged);
        }
    }

    /// What the files of a call may be read from, and why nothing where that is so.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }
}
