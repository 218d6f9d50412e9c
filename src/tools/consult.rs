//! One consultation, as every tool that asks a model makes it: choose the model, gather files and history under one
//! budget, ask, and keep an account of what was sent, what was left out and what it took.

use std::sync::Arc;

use super::Call;
use super::error::ToolError;
use super::reply::Output;
use crate::budget::{Budget, Decision, Part as Share, Verdict};
use crate::file::embed::{Boundary, embed};
use crate::file::image;
use crate::file::read::{Gathered, gather};
use crate::provider::cost;
use crate::provider::{
    Answer, Category, Choice, Effort, Estimate, Finish, Image, Listener, PassedOver, Request, Usage,
};
use crate::thread::Thread;
use crate::thread::history::{self, Now};
use crate::thread::turn::{Consultation, FailedWith, RefusedFile};
use crate::token;
use crate::unit::{MicroUsd, Tokens};

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

/// What came of it.
pub struct Consulted {
    pub answer: Answer,
    /// What was asked in the end.
    pub prompt: String,
    /// The model that answered.
    pub consultation: Consultation,
    /// The models that were asked in vain before it, in order.
    pub in_vain: Vec<Consultation>,
    /// Files that the model was shown, those of earlier turns included.
    pub files: Vec<Arc<str>>,
    /// Files that it was not shown.
    pub refused: Vec<RefusedFile>,
    /// What did not fit into the budget: paths, and turns such as `turn 3`.
    pub left_out: Vec<String>,
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
    let left_out = left_out(budget.decisions());
    let consultation = account(&choice, question.effort, &answer, budget);
    Ok(Consulted { files, refused, left_out, in_vain: in_vain(&consultation, &answer), consultation, answer, prompt })
}

/// The tool's own words, in the language that the configuration asks for.
pub fn system_prompt(text: &str, locale: &str) -> String {
    if locale.is_empty() { text.to_owned() } else { format!("Always respond in {locale}.\n\n{text}") }
}

/// What the caller has to know of how the answer ended; None where it ended as it should.
pub fn finish_notice(finish: &Finish) -> Option<String> {
    match finish {
        Finish::Stop => None,
        Finish::Length => Some("The reply was cut at the model's output limit.".to_owned()),
        Finish::Filtered(reason) => Some(format!("The provider withheld part of the reply ({reason}).")),
        Finish::Unsaid => Some("The provider did not say that the reply is complete.".to_owned()),
        Finish::Other(reason) => Some(format!("The reply ended with '{reason}'.")),
    }
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

fn left_out(decisions: &[Decision]) -> Vec<String> {
    decisions
        .iter()
        .filter(|decision| decision.verdict == Verdict::LeftOut)
        .map(|decision| format!("{} (~{} tokens): no room in the model's window", decision.subject, decision.tokens))
        .collect()
}

fn estimated_input(budget: &Budget) -> Tokens {
    let kept = budget.decisions().iter().filter(|decision| decision.verdict == Verdict::Kept);
    kept.map(|decision| decision.tokens).sum()
}

/// The part of the model that answered.
fn account(choice: &Choice, effort_asked: Option<Effort>, answer: &Answer, budget: Budget) -> Consultation {
    Consultation {
        provider: answer.by.provider.clone(),
        model: answer.by.model.id.clone(),
        asked_as: choice.asked_as.clone(),
        effort_asked,
        effort_sent: answer.effort_sent,
        usage: answer.usage,
        estimated_input: estimated_input(&budget),
        cost: answer.cost,
        price_source: answer.by.model.prices.as_ref().map(|prices| prices.source.clone()),
        finish: answer.finish.clone(),
        failure: None,
        cached: answer.cached,
        attempts: answer.attempts,
        first_token: answer.first_token,
        latency: answer.latency,
        window: budget.window(),
        reply_reserve: budget.reply(),
        decisions: budget.into_decisions(),
    }
}

/// The parts of the models that could not answer. What was decided on the window stands once, with the answer.
fn in_vain(answered: &Consultation, answer: &Answer) -> Vec<Consultation> {
    let in_vain = answer.passed_over.iter().map(|PassedOver { failure, effort_sent, latency }| Consultation {
        provider: failure.provider.clone(),
        model: failure.model.clone(),
        asked_as: answered.asked_as.clone(),
        effort_asked: answered.effort_asked,
        effort_sent: *effort_sent,
        usage: Usage::default(),
        estimated_input: answered.estimated_input,
        // What is refused is not charged; what may have been read or written is nobody's to know.
        cost: (!failure.class.may_be_charged()).then_some(MicroUsd(0)),
        price_source: None,
        finish: Finish::Unsaid,
        failure: Some(FailedWith { class: failure.class, message: failure.message.clone() }),
        cached: false,
        attempts: failure.attempts,
        first_token: None,
        latency: *latency,
        window: answered.window,
        reply_reserve: answered.reply_reserve,
        decisions: Vec::new(),
    });
    in_vain.collect()
}

impl Consulted {
    /// What the caller has to know of how the answer came about, beside the answer: what it cost, who was asked in vain
    /// before, and how many requests it took.
    pub fn tell(&self, output: Output) -> Output {
        let mut output = output.with("cost_usd", cost::told(self.consultation.cost));
        if self.consultation.cached {
            output = output.with("cached", true);
        } else if self.consultation.attempts != 1 {
            output = output.with("attempts", self.consultation.attempts);
        }
        if let Some(first) = self.in_vain.first() {
            output = output
                .with("fallback_from", format!("{}/{}", first.provider, first.model))
                .with("fallback_reason", reasons(&self.in_vain));
        }
        output
    }

    /// Every model's part, as the turn keeps them.
    pub fn consultations(&self) -> Vec<Consultation> {
        self.in_vain.iter().chain([&self.consultation]).cloned().collect()
    }
}

fn reasons(in_vain: &[Consultation]) -> String {
    let reason = |asked: &Consultation| {
        let failure = asked.failure.as_ref()?;
        Some(format!("{}/{}: {}: {}", asked.provider, asked.model, failure.class.says(), failure.message))
    };
    in_vain.iter().filter_map(reason).collect::<Vec<_>>().join("; ")
}
