//! One consultation, as every tool that asks a model makes it: choose the model, gather files and history under one
//! budget, ask, and keep an account of what was sent, what was left out and what it took.

pub mod account;
mod draft;
mod files;
mod prompt;

use super::Call;
use super::error::ToolError;
use crate::provider::{Category, Choice, Effort, Estimate, Listener, Request};
use crate::thread::Thread;
use account::{Asked, Consulted};
use draft::Draft;

pub use files::{References, references};
pub use prompt::{PROMPT_FILE, Prompt, prompt};

/// What a tool wants to know of a model.
pub struct Question {
    pub system: String,
    pub prompt: String,
    /// A file of this name, where it is among `paths`, replaces the prompt.
    pub prompt_file: Option<&'static str>,
    /// Shown before the files.
    pub quoted: Vec<Quoted>,
    /// Absolute, as the caller gave them.
    pub paths: Vec<String>,
    /// A folder inside a root, from which relative paths are taken; one outside opens nothing.
    pub working_directory: Option<String>,
    /// How much of the files the model is shown.
    pub detail: Detail,
    pub images: Vec<String>,
    /// None: the thread's last model, else the default.
    pub model: Option<String>,
    pub temperature: Option<f64>,
    pub effort: Option<Effort>,
    /// What kind of model suits, where the choice is zen's.
    pub category: Category,
    /// The tool asks for a second look: a reply that was kept is none.
    pub second_look: bool,
    /// The model sees nothing of the thread: neither its turns nor the files of these.
    pub blind: bool,
}

/// A text that a tool read itself: shown like a file, cut where it has no room, and no file to remember.
pub struct Quoted {
    pub name: String,
    pub text: String,
}

/// How much of the files a model is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Their texts, those of the thread's earlier turns included.
    #[default]
    Full,
    /// That they are there, with their sizes; nothing is read.
    References,
}

impl Question {
    /// The prompt alone, to the thread's model or the default one, at the model's own temperature and effort.
    pub fn new(system: String, prompt: String, category: Category) -> Self {
        Self {
            system,
            prompt,
            prompt_file: None,
            quoted: Vec::new(),
            paths: Vec::new(),
            working_directory: None,
            detail: Detail::Full,
            images: Vec::new(),
            model: None,
            temperature: None,
            effort: None,
            category,
            second_look: false,
            blind: false,
        }
    }
}

/// Asks. Nothing is remembered by this: a turn is recorded only once the tool has made its reply.
pub async fn consult(call: &Call, question: Question) -> Result<Consulted, ToolError> {
    let choice = choose(call, &question)?;
    if !question.images.is_empty() && !choice.model.images {
        return Err(ToolError::NoImages { model: choice.model.id.clone() });
    }
    let (temperature, effort, second_look) = (question.temperature, question.effort, question.second_look);
    let has_images = !question.images.is_empty();
    let drafted = Draft::new(call, &choice, question).compose().await?;
    call.progress.budgeted(drafted.budget.tally());

    let request = Request {
        model: choice.model.id.clone(),
        system: Some(drafted.system),
        messages: drafted.messages,
        temperature,
        effort,
        estimate: Estimate { input: drafted.budget.spent(), reply: drafted.budget.reply() },
        second_look,
    };
    call.progress.asking(&choice.provider, &choice.model.id);
    let listener: &dyn Listener = &*call.progress;
    let entry = call.ledger.asking(&choice.provider, &choice.model.id);
    let answer = match call.models.generate(&choice, &request, listener, &call.cancel).await {
        Ok(answer) => answer,
        Err(failure) => {
            entry.failed(&failure);
            return Err(Box::new(failure).into());
        }
    };
    entry.answered();

    if let Some(counted) = answer.usage.input.filter(|_| !answer.cached && !has_images) {
        call.learned.learn(&answer.by.model.id, drafted.budget.spent(), drafted.budget.ratio(), counted);
    }
    let asked = Asked { choice: &choice, effort, prompt: drafted.prompt, budget: drafted.budget };
    Ok(Consulted::new(asked, answer, drafted.sources))
}

/// Refuses a prompt that is too long for an argument: the caller is told to send it as a [`PROMPT_FILE`].
pub fn check_prompt(prompt: &str, limit: usize) -> Result<(), ToolError> {
    let size = prompt.chars().count();
    if size > limit { Err(ToolError::PromptTooLong { size, limit }) } else { Ok(()) }
}

/// The caller's model; else the one that answered last in this thread, while it is still served; else the default.
fn choose(call: &Call, question: &Question) -> Result<Choice, ToolError> {
    if let Some(asked) = &question.model {
        return Ok(call.models.choose(Some(asked), question.category)?);
    }
    let thread: Option<&Thread> = call.target.thread().map(|thread| &**thread);
    let last = thread.and_then(|thread| thread.turns.iter().rev().find_map(|turn| turn.consultations.last()));
    if let Some(Ok(choice)) = last.map(|last| call.models.choose(Some(last.model.as_str()), question.category)) {
        // Inherited, not named for this call.
        return Ok(Choice { pinned: false, ..choice });
    }
    Ok(call.models.choose(None, question.category)?)
}
