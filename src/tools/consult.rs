//! One consultation, as every tool that asks a model makes it: choose the model, gather files and history under one
//! budget, ask, and keep an account of what was sent, what was left out and what it took.

pub mod account;

use std::sync::Arc;

use super::Call;
use super::error::ToolError;
use crate::budget::{Budget, Part as Share};
use crate::file::embed::{Boundary, embed};
use crate::file::image;
use crate::file::read::{Gathered, gather};
use crate::provider::{Category, Choice, Effort, Estimate, Image, Listener, Request};
use crate::thread::Thread;
use crate::thread::history::{self, Now};
use crate::thread::turn::RefusedFile;
use crate::token;
use account::{Asked, Consulted, estimated_input};

/// What a tool wants to know of a model.
pub struct Question {
    pub system: String,
    pub prompt: String,
    /// A file of this name, where it is among `paths`, replaces the prompt.
    pub prompt_file: Option<&'static str>,
    /// Absolute, as the caller gave them.
    pub paths: Vec<String>,
    pub images: Vec<String>,
    /// None: the thread's last model, else the default.
    pub model: Option<String>,
    pub temperature: Option<f64>,
    pub effort: Option<Effort>,
    /// What kind of model suits, where the choice is zen's.
    pub category: Category,
    /// The tool asks for a second look: a reply that was kept is none.
    pub second_look: bool,
}

impl Question {
    /// The prompt alone, to the thread's model or the default one, at the model's own temperature and effort.
    pub fn new(system: String, prompt: String, category: Category) -> Self {
        Self {
            system,
            prompt,
            prompt_file: None,
            paths: Vec::new(),
            images: Vec::new(),
            model: None,
            temperature: None,
            effort: None,
            category,
            second_look: false,
        }
    }
}

/// Asks. Nothing is remembered by this: a turn is recorded only once the tool has made its reply.
pub async fn consult(call: &Call, question: Question) -> Result<Consulted, ToolError> {
    let thread = call.target.thread().map(|thread| &**thread);
    let choice = choose(call, &question, thread)?;
    let images = read_images(call, &question, &choice).await?;
    let mut gathered = gather_files(call, &question.paths, thread).await?;
    let prompt = match gathered.take_prompt(question.prompt_file) {
        Some(prompt) => prompt,
        None => question.prompt,
    };

    let mut budget = Budget::new(choice.model.context_window, choice.model.max_output);
    budget.require(Share::System, "system prompt", token::estimate(&question.system))?;
    budget.require(Share::Prompt, "prompt", token::estimate(&prompt))?;
    let texts: Vec<&str> = gathered.files.files.iter().map(|file| &*file.text).collect();
    let boundary = Boundary::for_texts(&call.target.id().to_string(), &texts);
    let embedded = embed(&gathered.files.files, &boundary, &mut budget);
    let messages = history::messages(thread, Now { files: &embedded.text, images, prompt: &prompt }, &mut budget);

    let request = Request {
        model: choice.model.id.clone(),
        system: Some(question.system),
        messages,
        temperature: question.temperature,
        effort: question.effort,
        estimate: Estimate { input: estimated_input(&budget), reply: budget.reply() },
        second_look: question.second_look,
    };
    call.progress.asking(&choice.provider, &choice.model.id);
    let listener: &dyn Listener = &*call.progress;
    let answer = call.models.generate(&choice, &request, listener, &call.cancel).await.map_err(Box::new)?;

    let (files, refused) = gathered.account(&embedded.included);
    let asked = Asked { choice: &choice, effort: question.effort, prompt, budget };
    Ok(Consulted::new(asked, answer, files, refused))
}

/// The tool's own words, in the language that the configuration asks for.
pub fn system_prompt(text: &str, locale: &str) -> String {
    if locale.is_empty() { text.to_owned() } else { format!("Always respond in {locale}.\n\n{text}") }
}

/// The caller's model; else the one that answered last in this thread, while it is still served; else the default.
fn choose(call: &Call, question: &Question, thread: Option<&Thread>) -> Result<Choice, ToolError> {
    if let Some(asked) = &question.model {
        return Ok(call.models.choose(Some(asked), question.category)?);
    }
    let last = thread.and_then(|thread| thread.turns.iter().rev().find_map(|turn| turn.consultations.last()));
    if let Some(Ok(choice)) = last.map(|last| call.models.choose(Some(last.model.as_str()), question.category)) {
        // Inherited, not named for this call.
        return Ok(Choice { pinned: false, ..choice });
    }
    Ok(call.models.choose(None, question.category)?)
}

async fn read_images(call: &Call, question: &Question, choice: &Choice) -> Result<Vec<Image>, ToolError> {
    if question.images.is_empty() {
        return Ok(Vec::new());
    }
    if !choice.model.images {
        return Err(ToolError::NoImages { model: choice.model.id.clone() });
    }
    let (roots, limits, specs) = (call.roots.clone(), call.settings.files.clone(), question.images.clone());
    off_the_runtime(move || {
        specs
            .iter()
            .map(|spec| {
                image::image(&roots, spec, &limits)
                    .map_err(|refusal| ToolError::Image { path: spec.chars().take(200).collect(), refusal })
            })
            .collect()
    })
    .await?
}

/// The files of this call, then those that earlier turns brought, each once and as it is on the disk now.
async fn gather_files(call: &Call, paths: &[String], thread: Option<&Thread>) -> Result<Sources, ToolError> {
    let mut wanted = paths.to_vec();
    let earlier = thread.into_iter().flat_map(|thread| thread.turns.iter().rev()).flat_map(|turn| &turn.files);
    for path in earlier {
        if !wanted.iter().any(|known| **known == **path) {
            wanted.push(path.to_string());
        }
    }
    if wanted.is_empty() {
        return Ok(Sources::default());
    }
    let (roots, limits) = (call.roots.clone(), call.settings.files.clone());
    let files = off_the_runtime(move || gather(&roots, &wanted, &limits)).await?;
    Ok(Sources { files })
}

/// Runs blocking work where it holds up nobody.
async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ToolError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ToolError::Internal(error.to_string()))
}

/// What was gathered for a prompt.
#[derive(Default)]
struct Sources {
    files: Gathered,
}

impl Sources {
    /// Takes the file that stands for the prompt out of the files.
    fn take_prompt(&mut self, name: Option<&'static str>) -> Option<String> {
        let name = name?;
        let at = self.files.files.iter().position(|file| file.path.file_name().is_some_and(|file| file == name))?;
        Some(self.files.files.remove(at).text.to_string())
    }

    /// Which files were sent, and which were not and why.
    fn account(self, included: &[std::path::PathBuf]) -> (Vec<Arc<str>>, Vec<RefusedFile>) {
        let sent = included.iter().map(|path| path.to_string_lossy().into()).collect();
        let refused = self
            .files
            .refused
            .into_iter()
            .map(|(path, refusal)| RefusedFile { path, reason: refusal.to_string() })
            .collect();
        (sent, refused)
    }
}
