//! The one engine of all workflows: takes a step, folds the thread's steps into the investigation, says what to do next,
//! and at the end asks an expert. It holds no state: what it knows is in the thread.

pub mod changes;
pub mod declaration;
pub mod expert;
pub mod fields;
pub mod investigation;
pub mod report;
pub mod step;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::provider::Category;
use crate::thread::turn::{RefusedFile, Turn};
use crate::tools::arguments::{self, BadArguments};
use crate::tools::consult;
use crate::tools::error::ToolError;
use crate::tools::reply::step::StepReply;
use crate::tools::reply::{Body, Reply};
use crate::tools::schema::Spec;
use crate::tools::{Call, Run, Tool};
use changes::Changes;
use declaration::Declaration;
use investigation::{Investigation, Outcome};
use step::{Asked, Step};

/// A tool that goes by steps.
pub struct Workflow(pub &'static Declaration);

impl Tool for &'static Workflow {
    fn spec(&self) -> &'static Spec {
        &self.0.spec
    }

    fn category(&self) -> Option<Category> {
        self.0.expert.as_ref().map(|_| Category::ExtendedReasoning)
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(run(self.0, call))
    }
}

async fn run(of: &'static Declaration, call: &Call) -> Result<Reply, ToolError> {
    let mut turn = Turn::new(of.spec.name, "", call.clock.wall());
    let mut asked = decode(&of.spec, call)?;
    let text: Arc<str> = asked.kept.write_down(&asked.step, &asked.findings, asked.hypothesis.as_deref()).into();
    let now = Step { kept: asked.kept.clone(), text: &text };
    let investigation = Investigation::of(call.target.thread().map(|thread| &**thread), &of.spec, now);

    let mut problems = not_absolute(&investigation);
    problems.extend((of.check)(&investigation));
    if asked.step.trim().is_empty() {
        problems.push("`step` is empty".to_owned());
    }
    if !problems.is_empty() {
        return Ok(refused(of, asked.kept.number, problems));
    }

    let kept = &investigation.now().kept;
    let outcome = investigation.outcome(of);
    let changes = match changes(of, &investigation, &outcome, call).await {
        Ok(changes) => changes,
        Err(problem) => return Ok(refused(of, kept.number, vec![problem])),
    };
    let mut reply = match outcome {
        Outcome::Ask(expert) => {
            let question = expert::question(of, expert, &investigation, &asked, changes.as_ref(), call);
            match consult::consult(call, question).await {
                Ok(consulted) => {
                    let mut reply = report::expert_said(of, expert, &investigation, &consulted);
                    report::add_account(&mut reply, &consulted);
                    turn = consulted.into_turn(of.spec.name, turn.started, call.clock.wall());
                    reply
                }
                Err(error) if error.is_cancelled() => return Err(error),
                // The step is kept, so that nothing that the agent found is lost and it can conclude again.
                Err(error) => report::expert_failed(of, &investigation, &error),
            }
        }
        Outcome::Pause => pause(of, &investigation, call, &mut turn).await?,
        Outcome::Skip(expert) => report::skipped(of, expert, &investigation),
        Outcome::Local => report::local(of, &investigation),
    };
    (of.tell)(&investigation, &mut reply);
    if let Some(changes) = changes {
        reply.set("repository", changes.told());
    }
    if call.target.thread().is_none() && kept.number > 1 {
        reply.note("notice", NO_EARLIER_STEPS);
    }

    if turn.files.is_empty() && turn.consultations.is_empty() {
        turn.files = readable(&kept.relevant_files, &turn.refused);
    }
    turn.state = kept.state();
    turn.thought = kept.thought();
    turn.prompt = Arc::clone(&text);
    turn.ended = call.clock.wall();
    Ok(Reply { body: Body::Step(Box::new(reply)), turn: Some(turn) })
}

/// More is to be done. The files that the step names are looked for now and read when the expert is asked.
async fn pause(
    of: &Declaration,
    investigation: &Investigation<'_>,
    call: &Call,
    turn: &mut Turn,
) -> Result<StepReply, ToolError> {
    let mut reply = report::pause(of, investigation);
    let named = consult::references(call, &investigation.now().kept.relevant_files).await?;
    report::add_references(&mut reply, &named);
    turn.refused = named.refused;
    Ok(reply)
}

fn readable(named: &[String], refused: &[RefusedFile]) -> Vec<Arc<str>> {
    let is_refused = |path: &str| refused.iter().any(|file| file.path == path);
    named.iter().filter(|path| !is_refused(path)).map(|path| path.as_str().into()).collect()
}

/// The changes that the step is about, where somebody is to look at them now: the agent at first, and the expert.
async fn changes(
    of: &Declaration,
    investigation: &Investigation<'_>,
    outcome: &Outcome<'_>,
    call: &Call,
) -> Result<Option<Changes>, String> {
    let is_needed = investigation.now().number() == 1 || matches!(outcome, Outcome::Ask(_));
    match of.changes.filter(|_| is_needed).and_then(|wanted| wanted(investigation)) {
        Some(wanted) => Changes::read(&wanted, call).await.map(Some),
        None => Ok(None),
    }
}

const NO_EARLIER_STEPS: &str =
    "This step came without continuation_id, so the steps before it are not known: it opens a new investigation.";

/// The arguments, with the tool's own fields apart from those that every step has.
fn decode(spec: &'static Spec, call: &Call) -> Result<Asked, ToolError> {
    let given: Map<String, Value> = arguments::decode(spec, call.arguments.as_deref())?;
    let (own, mut shared): (Map<_, _>, Map<_, _>) =
        given.into_iter().partition(|(name, _)| investigation::is_own(name));
    shared.insert("own".to_owned(), own.into());
    let asked: Asked = serde_json::from_value(shared.into())
        .map_err(|error| BadArguments { tool: spec.name, problems: vec![error.to_string()] })?;
    let (size, limit) = (asked.step.chars().count(), call.settings.prompt_chars);
    if size > limit {
        return Err(ToolError::StepTooLong { size, limit });
    }
    Ok(asked)
}

/// The paths among the arguments that are not absolute.
fn not_absolute(investigation: &Investigation<'_>) -> Vec<String> {
    let kept = &investigation.now().kept;
    let fields = [("files_checked", &kept.files_checked), ("relevant_files", &kept.relevant_files)];
    let relative = |path: &&String| !path.starts_with(['/', '~']);
    let wrong = fields.into_iter().filter_map(|(field, paths)| {
        let path: String = paths.iter().find(relative)?.chars().take(200).collect();
        Some(format!("`{field}` must hold absolute paths: '{path}' is none"))
    });
    wrong.collect()
}

/// A step that cannot be used: nothing of it is kept.
fn refused(of: &Declaration, number: u32, problems: Vec<String>) -> Reply {
    let error = ToolError::from(BadArguments { tool: of.spec.name, problems });
    let mut reply = StepReply { failed: Some(error.failed()), ..StepReply::default() };
    reply.set("status", format!("{}_failed", of.spec.name));
    reply.set("error", format!("{error}. {}", error.hint()));
    reply.set("step_number", number);
    reply.set("metadata", json!({ "tool_name": of.spec.name, "error_code": error.code() }));
    Reply { body: Body::Step(Box::new(reply)), turn: None }
}

/// Whether this field of the step is an absolute path.
pub fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '~'])
}
