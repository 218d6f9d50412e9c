//! `biased_reasoning`: one model reasons, another looks for bias in it, the first corrects, and it ends with a synthesis;
//! one step a call. A verdict is what fits its shape, and nothing is read out of prose.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::thoughts::SESSION_ID;
use crate::provider::Category;
use crate::thread::Thread;
use crate::thread::turn::{ToolState, Turn};
use crate::tools::arguments::BadArguments;
use crate::tools::consult::account::Consulted;
use crate::tools::consult::{self, Detail, Question};
use crate::tools::error::ToolError;
use crate::tools::reply::step::{Failed, StepReply};
use crate::tools::reply::{Body, Output, Reply, Status};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::shape::{self, Shape};
use crate::tools::{Call, Run, Tool, arguments};
use crate::unit::whole_millis;

pub struct BiasedReasoning;

/// Of the form of [`Kept`].
const VERSION: u32 = 1;
const ROUNDS: u32 = 3;
const MAX_ROUNDS: u32 = 10;

static SPEC: Spec = Spec {
    name: "biased_reasoning",
    title: "Reasoning checked for bias",
    description: "Have one model reason and another check it for bias, in turn, until a synthesis ends it. One step a call: \
                  call again with continuation_id until is_complete.",
    read_only: true,
    fields: &[
        Field::required("query", Kind::Text, "Later: the same, or guidance"),
        Field::optional("max_analysis_rounds", Kind::Whole(1, MAX_ROUNDS), "Default 3"),
        Field::optional("primary_model", Kind::Text, ""),
        Field::optional("verifier_model", Kind::Text, ""),
        Field::optional("new_session", Kind::Flag, "Begin anew"),
        Field::optional("file_paths", Kind::Texts, ""),
        Field::flag("include_file_contents", true, ""),
        SESSION_ID,
        Field::CONTINUATION_ID,
    ],
    closed: true,
};

const SEVERITIES: [(&str, f64); 5] = [("none", 1.0), ("low", 0.8), ("medium", 0.6), ("high", 0.4), ("critical", 0.2)];

const VERDICT: Shape = Shape {
    status: "bias_verdict",
    members: &[
        Field::required("has_bias", Kind::Flag, ""),
        Field::required("severity", Kind::Choice(&["none", "low", "medium", "high", "critical"]), ""),
        Field::required("explanation", Kind::Text, ""),
        Field::optional("bias_types", Kind::Texts, ""),
        Field::optional("suggestions", Kind::Texts, ""),
        Field::optional("confidence", Kind::Number(0, 1), ""),
    ],
};

const REPAIR: &str = "Your last reply did not have the form that is needed. Reply with nothing but the JSON object.";

#[derive(Deserialize)]
struct Request {
    query: String,
    max_analysis_rounds: Option<u32>,
    primary_model: Option<String>,
    verifier_model: Option<String>,
    #[serde(default)]
    new_session: bool,
    #[serde(default)]
    file_paths: Vec<String>,
    include_file_contents: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Act {
    Reasoning,
    BiasAnalysis,
    Correction,
    Synthesis,
}

/// What a turn keeps of its step.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Kept {
    act: Act,
    rounds: u32,
    primary: String,
    verifier: String,
    /// Of a check: the verdict.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    verdict: Map<String, Value>,
    /// Of the first step: bytes of its prompt that are the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<usize>,
}

/// The steps so far, from the last first one on.
struct Session {
    steps: Vec<Kept>,
    query: String,
}

impl Tool for BiasedReasoning {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn category(&self) -> Option<Category> {
        Some(Category::ExtendedReasoning)
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(step(call))
    }
}

async fn step(call: &Call) -> Result<Reply, ToolError> {
    let started = call.clock.wall();
    let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
    consult::check_prompt(&request.query, call.settings.prompt_chars)?;
    if request.query.trim().is_empty() {
        return Err(bad("`query` is empty"));
    }
    let thread = call.target.thread().filter(|_| !request.new_session);
    let mut session = Session::of(thread.map(|thread| &**thread), &request.query);
    let Some(act) = session.next() else {
        return Err(bad("`continuation_id` names a reasoning that is complete: new_session true begins another"));
    };
    let mut kept = session.begin(act, &request, call)?;
    let mut spoilt: Vec<Consulted> = Vec::new();
    let (consulted, verdict) = loop {
        let question = session.question(&kept, &request, !spoilt.is_empty(), call);
        let consulted = consult::consult(call, question).await?;
        let verdict = shape::decode(&consulted.answer.text, &[VERDICT]).filter(|said| said.contains_key("has_bias"));
        if act != Act::BiasAnalysis || verdict.is_some() || !spoilt.is_empty() {
            break (consulted, verdict);
        }
        spoilt.push(consulted);
    };
    let is_unfit = act == Act::BiasAnalysis && verdict.is_none();
    if act == Act::BiasAnalysis {
        kept.verdict = verdict.unwrap_or_default();
    }
    let state = kept.state();
    let mut reply = if is_unfit {
        unfit(&kept)
    } else {
        session.steps.push(kept);
        session.reply(&consulted)
    };
    reply.set("session_id", call.target.id().to_string());
    for (key, value) in consulted.tell(Output::new(Status::Success, "")).metadata {
        reply.note(&key, value);
    }
    let mut turn = consulted.into_turn(SPEC.name, started, call.clock.wall());
    let before = spoilt.into_iter().flat_map(|spoilt| spoilt.into_turn(SPEC.name, started, started).consultations);
    turn.consultations.splice(..0, before);
    turn.prompt = request.query.into();
    turn.state = state.filter(|_| !is_unfit);
    Ok(Reply { body: Body::Step(Box::new(reply)), turn: Some(turn) })
}

fn bad(problem: &str) -> ToolError {
    BadArguments { tool: SPEC.name, problems: vec![problem.to_owned()] }.into()
}

impl Kept {
    fn state(&self) -> Option<ToolState> {
        let value = serde_json::value::to_raw_value(self).ok()?;
        Some(ToolState { version: VERSION, value: value.into() })
    }

    fn of(turn: &Turn) -> Option<Self> {
        let state = turn.state.as_ref().filter(|state| state.version == VERSION)?;
        serde_json::from_str(state.value.get()).ok()
    }

    fn found_bias(&self) -> bool {
        self.verdict.get("has_bias") == Some(&Value::Bool(true))
    }
}

impl Session {
    fn of(thread: Option<&Thread>, query: &str) -> Self {
        let mut session = Self { steps: Vec::new(), query: query.to_owned() };
        for turn in thread.into_iter().flat_map(|thread| &thread.turns).filter(|turn| *turn.tool == *SPEC.name) {
            let Some(kept) = Kept::of(turn) else { continue };
            if let Some(end) = kept.query {
                session.steps.clear();
                turn.prompt.get(..end).unwrap_or_default().clone_into(&mut session.query);
            }
            session.steps.push(kept);
        }
        session
    }

    /// None once it is complete.
    fn next(&self) -> Option<Act> {
        let Some(last) = self.steps.last() else { return Some(Act::Reasoning) };
        match last.act {
            Act::Reasoning | Act::Correction => Some(Act::BiasAnalysis),
            Act::BiasAnalysis if last.found_bias() && self.count(Act::BiasAnalysis) < last.rounds => {
                Some(Act::Correction)
            }
            Act::BiasAnalysis => Some(Act::Synthesis),
            Act::Synthesis => None,
        }
    }

    fn count(&self, act: Act) -> u32 {
        u32::try_from(self.steps.iter().filter(|step| step.act == act).count()).unwrap_or(u32::MAX)
    }

    /// Who takes part stays the same, unless a call names another.
    fn begin(&self, act: Act, request: &Request, call: &Call) -> Result<Kept, ToolError> {
        let last = self.steps.last();
        let model = |named: &Option<String>, before: Option<&String>, category| match named.as_ref().or(before) {
            Some(name) => Ok(name.clone()),
            None => call.models.choose(None, category).map(|choice| choice.model.id.to_string()),
        };
        Ok(Kept {
            act,
            rounds: request.max_analysis_rounds.or(last.map(|last| last.rounds)).unwrap_or(ROUNDS),
            primary: model(&request.primary_model, last.map(|last| &last.primary), Category::ExtendedReasoning)?,
            verifier: model(&request.verifier_model, last.map(|last| &last.verifier), Category::FastResponse)?,
            verdict: Map::new(),
            query: last.is_none().then_some(request.query.len()),
        })
    }

    fn question(&self, kept: &Kept, request: &Request, repairs: bool, call: &Call) -> Question {
        let (part, model, task) = match kept.act {
            Act::Reasoning => ("biased_reasoning", &kept.primary, "Reason about the query."),
            Act::BiasAnalysis => ("biased_reasoning_check", &kept.verifier, "Judge the latest reasoning on the query."),
            Act::Correction => (
                "biased_reasoning",
                &kept.primary,
                "Correct your reasoning where the verdict above is right; say where it is not.",
            ),
            Act::Synthesis => (
                "biased_reasoning",
                &kept.primary,
                "Draw it together: the answer, what it rests on, what stays uncertain.",
            ),
        };
        let mut prompt = format!("The query: {}\n\n{task}", self.query);
        if request.query != self.query {
            let _ = write!(prompt, "\n\nThe agent adds: {}", request.query);
        }
        if repairs {
            let _ = write!(prompt, "\n\n{REPAIR}");
        }
        Question {
            paths: request.file_paths.clone(),
            detail: if request.include_file_contents == Some(false) { Detail::References } else { Detail::Full },
            model: Some(model.clone()),
            second_look: repairs,
            ..Question::new(
                call.settings.prompts.system(part, &call.settings.locale),
                prompt,
                Category::ExtendedReasoning,
            )
        }
    }

    /// What is told of the last step.
    fn reply(&self, consulted: &Consulted) -> StepReply {
        let mut reply = StepReply::default();
        let Some(now) = self.steps.last() else { return reply };
        let next = self.next();
        let action = match (now.act, next) {
            (_, None) => "complete",
            (_, Some(Act::BiasAnalysis)) => "bias_check",
            (_, Some(Act::Correction)) => "correction_needed",
            (_, Some(Act::Synthesis)) => "ready_for_synthesis",
            (_, Some(Act::Reasoning)) => "continue_reasoning",
        };
        let checks = self.steps.iter().rev().find(|step| step.act == Act::BiasAnalysis);
        let severity = checks.and_then(|check| check.verdict.get("severity")?.as_str());
        let quality = severity.and_then(|severity| SEVERITIES.iter().find(|(name, _)| *name == severity));
        reply.set("status", if next.is_none() { "complete" } else { "in_progress" });
        reply.set("step_type", json!(now.act));
        reply.set("step_number", self.steps.len());
        reply.set("content", consulted.answer.text.as_str());
        reply.set("model_used", consulted.consultation.model.as_str());
        reply.set("next_action", action);
        reply.set(
            "session_status",
            json!({
                "total_steps": self.steps.len(),
                "reasoning_steps": self.count(Act::Reasoning) + self.count(Act::Correction),
                "bias_checks": self.count(Act::BiasAnalysis),
                "corrections_made": self.count(Act::Correction),
                "overall_quality": quality.map(|(_, quality)| quality),
                "is_complete": next.is_none(),
            }),
        );
        if now.act == Act::BiasAnalysis {
            let mut verdict = now.verdict.clone();
            verdict.shift_remove("status");
            reply.set("bias_analysis", verdict);
        }
        let (latency, usage) = (consulted.consultation.latency, consulted.consultation.usage);
        reply.set(
            "reasoning_metadata",
            json!({ "thinking_time_ms": whole_millis(latency), "tokens_generated": usage.output }),
        );
        if now.primary == now.verifier {
            reply.note("notice", "One model reasons and checks itself: name another in verifier_model.");
        }
        let next = match next {
            Some(_) => "Call again with this continuation_id and the query, or guidance in its place.",
            None => "Weigh the synthesis against what you know; the verdicts say where it was weak.",
        };
        reply.set("next_steps", next);
        reply
    }
}

/// The check was paid for, but it is none.
fn unfit(kept: &Kept) -> StepReply {
    let message = format!("{} twice gave a verdict that does not have its form", kept.verifier);
    let mut reply =
        StepReply { failed: Some(Failed { class: None, message: message.clone() }), ..StepReply::default() };
    reply.set("status", "error");
    reply.set("step_type", json!(kept.act));
    reply.set("content", format!("{message}: nothing was concluded from it."));
    reply.set(
        "next_steps",
        "Call again with this continuation_id to repeat the check, best with another verifier_model.",
    );
    reply
}
