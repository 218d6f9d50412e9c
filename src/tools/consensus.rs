//! `consensus`: puts one proposal to several models, each by itself and with a stance: one model a call, or all at once.
//! The roster and the verdicts are in the thread.

mod report;
mod run;
mod standing;

use std::sync::Arc;

use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::Value;

use crate::provider::{Category, Effort};
use crate::thread::turn::Turn;
use crate::tools::arguments::{self, BadArguments};
use crate::tools::consult::account::Consulted;
use crate::tools::consult::{self, Question};
use crate::tools::error::ToolError;
use crate::tools::reply::{Body, Reply};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::{Call, Run, Tool};
use run::{Consensus, Seat, Verdict};
use standing::Standing;

pub struct ConsensusTool;

/// More opinions than these are noise, and each is a request.
const MAX_MODELS: usize = 16;

const SEAT: &[Field] = &[
    Field::required("model", Kind::Text, ""),
    Field::choice("stance", &["for", "against", "neutral"], "neutral", ""),
    Field::optional("stance_prompt", Kind::Text, "In place of the stance's words"),
];

static SPEC: Spec = Spec {
    name: "consensus",
    title: "Consensus",
    description: "Put one proposal to several models, blind to each other, with stances: one a call, or all at once with parallel. Then synthesise.",
    read_only: true,
    fields: &[
        Field::required("step", Kind::Text, "Step 1: the proposal as every model shall see it; later: private notes"),
        Field::required("step_number", Kind::Whole(1, u32::MAX), ""),
        Field::required("total_steps", Kind::Whole(1, u32::MAX), "Number of models"),
        Field::required("next_step_required", Kind::Flag, ""),
        Field::required("findings", Kind::Text, "Step 1: your own view, not shared"),
        Field::optional("models", Kind::Records(2, SEAT), "Step 1; each model with a stance once"),
        Field::flag("parallel", false, "Ask all in this call"),
        Field::optional("relevant_files", Kind::Texts, "Absolute paths for every model"),
        Field::IMAGES.said(""),
        Field::optional("current_model_index", Kind::Whole(0, u32::MAX), ""),
        Field::optional("model_responses", Kind::Objects, ""),
        Field::optional("use_assistant_model", Kind::Flag, ""),
        Field::CONTINUATION_ID,
    ],
    closed: true,
};

#[derive(Deserialize)]
struct Request {
    step: String,
    step_number: u32,
    findings: String,
    #[serde(default)]
    models: Vec<Seat>,
    #[serde(default)]
    parallel: bool,
    #[serde(default)]
    relevant_files: Vec<String>,
    #[serde(default)]
    images: Vec<String>,
}

impl Tool for ConsensusTool {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn category(&self) -> Option<Category> {
        Some(Category::ExtendedReasoning)
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(run_step(call))
    }
}

async fn run_step(call: &Call) -> Result<Reply, ToolError> {
    let started = call.clock.wall();
    let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
    check(&request, call.settings.prompt_chars)?;
    let mut run = match request.step_number {
        1 => Consensus::open(&request.step, request.models, request.relevant_files, request.images),
        number => Consensus::of(call.target.thread().map(|thread| &**thread), SPEC.name)
            .ok_or_else(|| bad(vec![no_run(number)]))?
            .with_files(request.relevant_files),
    };
    let notes = run.write_down(&request.step, request.step_number, &request.findings);

    let asked: Vec<usize> = match request.step_number as usize {
        1 if request.parallel => (0..run.seats().len()).collect(),
        number if number <= run.seats().len() => vec![number - 1],
        // All have been asked: what comes now is the agent's synthesis.
        _ => Vec::new(),
    };
    let answers = ask(call, &run, &asked).await?;
    let mut turn = Turn::new(SPEC.name, notes, started);
    let mut failures = Vec::new();
    for (seat, answer) in answers {
        match answer {
            Ok(consulted) => seat_said(&mut run, &mut turn, seat, consulted),
            Err(error) => {
                run.add(Verdict::failed(seat, &error));
                failures.push(error);
            }
        }
    }
    let mut reply = report::reply(&run, request.step_number, &asked, &request.findings);
    if asked.len() > 1 && failures.len() == asked.len() {
        reply.failed = failures.first().map(ToolError::failed);
    }
    turn.state = run.state(request.step_number);
    turn.ended = call.clock.wall();
    Ok(Reply { body: Body::Step(Box::new(reply)), turn: Some(turn) })
}

/// What the schema cannot say.
fn check(request: &Request, limit: usize) -> Result<(), ToolError> {
    let size = request.step.chars().count();
    if size > limit {
        return Err(ToolError::StepTooLong { size, limit });
    }
    let mut problems = Vec::new();
    if request.step.trim().is_empty() {
        problems.push("`step` is empty".to_owned());
    }
    if request.step_number == 1 {
        match request.models.len() {
            0 => problems.push("`models` is missing: step 1 must name at least two".to_owned()),
            1..=MAX_MODELS => {}
            count => problems.push(format!("`models` names {count} models: at most {MAX_MODELS} can be asked")),
        }
    }
    for (index, seat) in request.models.iter().enumerate() {
        if request.models[..index].iter().any(|earlier| earlier.is_like(seat)) {
            problems.push(format!("`models[{index}]` is there twice: {} with stance {}", seat.model, seat.stance()));
        }
        if seat.stance_prompt.as_ref().is_some_and(|prompt| prompt.chars().count() > limit) {
            problems.push(format!("`models[{index}].stance_prompt` has more than {limit} characters"));
        }
    }
    if let Some(path) = request.relevant_files.iter().find(|path| !path.starts_with(['/', '~'])) {
        let path: String = path.chars().take(200).collect();
        problems.push(format!("`relevant_files` must hold absolute paths: '{path}' is none"));
    }
    if problems.is_empty() { Ok(()) } else { Err(bad(problems)) }
}

fn bad(problems: Vec<String>) -> ToolError {
    BadArguments { tool: SPEC.name, problems }.into()
}

fn no_run(number: u32) -> String {
    format!("`continuation_id` must name a thread with a consensus for step {number}: step 1 opens one")
}

/// Asks these seats, all at once. A cancelled call ends here.
async fn ask(
    call: &Call,
    run: &Consensus,
    seats: &[usize],
) -> Result<Vec<(usize, Result<Consulted, ToolError>)>, ToolError> {
    let names = seats.iter().map(|seat| run.seats()[*seat].model.clone()).collect();
    let standing = Standing::new(Arc::clone(&call.progress), names);
    let asking = seats.iter().enumerate().map(|(place, seat)| {
        let standing = &standing;
        async move {
            let question = question(call, run, &run.seats()[*seat]);
            let answer = match seats.len() {
                1 => consult::consult(call, question).await,
                _ => consult::consult(&Call { progress: standing.place(), ..call.clone() }, question).await,
            };
            standing.done(place, answer.is_ok());
            (*seat, answer)
        }
    });
    let answers = join_all(asking).await;
    let cancelled =
        |(_, answer): &(usize, Result<Consulted, ToolError>)| matches!(answer, Err(error) if error.is_cancelled());
    match answers.iter().position(cancelled) {
        Some(_) => Err(ToolError::Cancelled),
        None => Ok(answers),
    }
}

/// The proposal and the files, under the seat's stance; nothing of the thread, of the agent's view or of other verdicts.
fn question(call: &Call, run: &Consensus, seat: &Seat) -> Question {
    let prompts = &call.settings.prompts;
    let stance = match &seat.stance_prompt {
        Some(own) if !own.trim().is_empty() => own.as_str(),
        _ => prompts.text(match seat.stance() {
            "for" => "consensus_for",
            "against" => "consensus_against",
            _ => "consensus_neutral",
        }),
    };
    let system = format!("{}\n\n{stance}", prompts.system(SPEC.name, &call.settings.locale));
    Question {
        paths: run.files().to_vec(),
        images: run.images().to_vec(),
        model: Some(seat.model.clone()),
        effort: Some(Effort::Medium),
        blind: true,
        ..Question::new(system, run.proposal().to_owned(), Category::ExtendedReasoning)
    }
}

/// A verdict has come: it goes into the run and into the turn.
fn seat_said(run: &mut Consensus, turn: &mut Turn, seat: usize, consulted: Consulted) {
    let said = consulted.answer.text.clone();
    let account = Value::from(consulted.tell(report::nothing()).metadata);
    let before = turn.answer.take();
    let of_one = consulted.into_turn(SPEC.name, turn.started, turn.started);
    let (provider, model) = of_one
        .consultations
        .last()
        .map_or_else(Default::default, |last| (last.provider.to_string(), last.model.to_string()));
    let heading = before.map(|text| format!("{text}\n\n")).unwrap_or_default();
    let heading = format!("{heading}[{model}, {}]\n\n", run.seats()[seat].stance());
    let part = (heading.len(), heading.len() + said.len());
    turn.answer = Some(format!("{heading}{said}").into());
    turn.consultations.extend(of_one.consultations);
    for file in of_one.files {
        if !turn.files.contains(&file) {
            turn.files.push(file);
        }
    }
    for refused in of_one.refused {
        if !turn.refused.contains(&refused) {
            turn.refused.push(refused);
        }
    }
    run.add(Verdict::given(seat, said, part, provider, model, account));
}
