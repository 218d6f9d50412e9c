//! The tools that an agent can call. A tool is a stateless value: what it works with comes with each [`Call`], and what
//! it leaves behind is the turn in its [`Reply`]. Tools know neither the engine nor the protocol.

pub mod arguments;
pub mod clink;
pub mod consensus;
pub mod consult;
pub mod error;
pub mod judge;
mod programs;
pub mod prompts;
pub mod reply;
pub mod repository;
pub mod schema;
pub mod shape;
pub mod simple;
pub mod thinking;
pub mod workflow;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use crate::budget::Tally;
use crate::clock::Clock;
use crate::config;
use crate::config::Environment;
use crate::file::root::Roots;
use crate::id::{ModelId, ProviderId};
use crate::process::Children;
use crate::provider::{Category, Listener, Registry};
use crate::secret::Redactor;
use crate::thread::Principal;
use crate::thread::ledger::Page;
use crate::thread::threads::{Target, Threads};
use crate::token::Learned;
use crate::unit::Tokens;
use clink::manifest::Clis;
use error::ToolError;
use prompts::Prompts;
use reply::Reply;
use schema::Spec;

pub trait Tool: Send + Sync {
    /// What the tool is called, what it is for, and what it takes.
    fn spec(&self) -> &'static Spec;

    /// What kind of model suits it, where the choice is zen's. None: it asks no model and reaches nobody.
    fn category(&self) -> Option<Category> {
        None
    }

    /// Whether it changes nothing outside of zen under these settings.
    fn is_read_only(&self, _: &Settings) -> bool {
        self.spec().read_only
    }

    /// Its entry in `tools/list`.
    fn listing(&self, settings: &Settings) -> serde_json::Value {
        self.spec().listing(self.category().is_some(), self.is_read_only(settings))
    }

    /// Does what `call` asks. Dropping the future gives the call up.
    fn run<'a>(&'a self, call: &'a Call) -> Run<'a>;
}

/// The future of a [`Tool::run`].
pub type Run<'a> = Pin<Box<dyn Future<Output = Result<Reply, ToolError>> + Send + 'a>>;

/// One call, with all that a tool may use.
#[derive(Clone)]
pub struct Call {
    pub arguments: Option<Box<RawValue>>,
    /// The thread that the call continues, or the id of the one it may open.
    pub target: Target,
    /// For finding threads again; a tool shows a principal its own alone.
    pub threads: Arc<Threads>,
    pub principal: Principal,
    pub ledger: Page,
    pub models: Registry,
    pub roots: Roots,
    pub children: Children,
    /// Takes secrets out of what goes to a model.
    pub redactor: Redactor,
    /// What replies taught about the tokens of each model.
    pub learned: Learned,
    pub settings: Arc<Settings>,
    pub progress: Arc<dyn Progress>,
    pub cancel: CancellationToken,
    pub clock: Clock,
}

/// What of the configuration tools go by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The model that is asked where the caller names none; a name or `auto`.
    pub default_model: String,
    /// The language that models are asked to answer in; empty for their own choice.
    pub locale: String,
    /// The folder in which zen was started: a label for what is made there.
    pub workspace: Arc<str>,
    /// Characters of prompt that one call may carry.
    pub prompt_chars: usize,
    /// Tokens of reply that one result carries; a longer one is cut, and says where the rest is.
    pub reply_tokens: Tokens,
    /// `chat` may write the code that a model generated to a file in the caller's folder.
    pub write_generated_code: bool,
    pub files: config::Files,
    /// What zen was started with: a child gets the named parts of it.
    pub environment: Environment,
    pub clink: config::Clink,
    pub insight: config::Insight,
    /// The CLIs that can be asked.
    pub clis: Clis,
    pub redactor: Redactor,
    pub prompts: Prompts,
}

/// Hears how far a call has come.
pub trait Progress: Listener {
    /// What the model is shown was decided.
    fn budgeted(&self, _tally: Tally) {}

    /// The request goes out to this model now.
    fn asking(&self, provider: &ProviderId, model: &ModelId);

    /// How it stands now, in words, where several models are asked at once.
    fn stands(&self, _: &str) {}
}

/// Every tool, in the order in which they are listed.
pub fn all() -> Vec<Box<dyn Tool>> {
    vec![
        Box::new(simple::chat::Chat),
        Box::new(clink::Clink),
        Box::new(&workflow::thinkdeep::THINKDEEP),
        Box::new(&workflow::planner::PLANNER),
        Box::new(consensus::ConsensusTool),
        Box::new(&workflow::codereview::CODEREVIEW),
        Box::new(&workflow::precommit::PRECOMMIT),
        Box::new(&workflow::debug::DEBUG),
        Box::new(&workflow::secaudit::SECAUDIT),
        Box::new(&workflow::docgen::DOCGEN),
        Box::new(&workflow::analyze::ANALYZE),
        Box::new(&workflow::refactor::REFACTOR),
        Box::new(&workflow::tracer::TRACER),
        Box::new(&workflow::testgen::TESTGEN),
        Box::new(thinking::traced_reasoning::TracedReasoning),
        Box::new(thinking::biased_reasoning::BiasedReasoning),
        Box::new(thinking::sequential_thinking::SequentialThinking),
        Box::new(thinking::illumination_status::IlluminationStatus),
        Box::new(simple::challenge::Challenge),
        Box::new(simple::apilookup::ApiLookup),
        Box::new(simple::listmodels::ListModels),
        Box::new(simple::version::Version),
        Box::new(simple::listthreads::ListThreads),
        Box::new(simple::usage::Usage),
    ]
}
