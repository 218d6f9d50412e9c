//! `traced_reasoning`: a model writes one thought a call, on a query that the first call brings, and the monitor watches
//! what it writes. What it says of its own thought is shown as data, and is unknown where it does not say it.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::thoughts::{self, Earlier, Kept};
use crate::event::Concern;
use crate::provider::Category;
use crate::thread::thought::{Said, Thought};
use crate::thread::turn::Turn;
use crate::tools::consult::account::Consulted;
use crate::tools::consult::{self, Detail, Question};
use crate::tools::error::ToolError;
use crate::tools::reply::step::StepReply;
use crate::tools::reply::{Body, Output, Reply, Status};
use crate::tools::schema::{Field, Kind, Spec, join};
use crate::tools::shape::{self, Shape};
use crate::tools::{Call, Run, Tool, arguments};

pub struct TracedReasoning;

const FIELDS: [Field; 17] = join(&[
    &[thoughts::FIELDS[0].said("Step 1: the query; later: guidance")],
    &without_first(),
    &[
        Field::optional("current_answer", Kind::Text, "As it stands; one that stays is noticed"),
        Field::optional(
            "guardrails",
            Kind::Object,
            "false silences: semantic_drift_check, circular_reasoning_detection, \
             consistency_validation, perplexity_monitoring",
        ),
        Field::optional("file_paths", Kind::Texts, ""),
        Field::flag("include_file_contents", true, ""),
        Field::MODEL,
        Field::TEMPERATURE,
    ],
]);

const fn without_first() -> [Field; 10] {
    let mut rest = [Field::MODEL; 10];
    let mut index = 0;
    while index < 10 {
        rest[index] = thoughts::FIELDS[index + 1];
        index += 1;
    }
    rest
}

static SPEC: Spec = Spec {
    name: "traced_reasoning",
    title: "Traced reasoning",
    description: "Have a model think about a query, one thought a call, while loops, drift and thinning are watched. Step 1 \
                  brings the query, and no model is asked; guide it from step 2 on.",
    read_only: true,
    fields: &FIELDS,
    closed: true,
};

/// What a model says of a thought that it wrote.
const THOUGHT: Shape = Shape {
    status: "thought",
    members: &[
        Field::required("thought", Kind::Text, ""),
        Field::optional("thought_type", Kind::Choice(TYPES), ""),
        Field::optional("current_understanding", Kind::Text, ""),
        Field::optional("key_insights", Kind::Texts, ""),
        Field::optional("next_actions", Kind::Texts, ""),
        Field::optional("confidence", Kind::Number(0, 1), ""),
    ],
};
const TYPES: &[&str] = &["exploration", "analysis", "synthesis", "validation", "conclusion"];

/// From this confidence on it may be concluded.
const READY: f64 = 0.75;

#[derive(Deserialize)]
struct Request {
    thought: String,
    #[serde(flatten)]
    kept: Kept,
    current_answer: Option<String>,
    #[serde(default)]
    guardrails: Map<String, Value>,
    #[serde(default)]
    file_paths: Vec<String>,
    include_file_contents: Option<bool>,
    model: Option<String>,
    temperature: Option<f64>,
}

impl Tool for TracedReasoning {
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
    let mut request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
    request.kept = request.kept.settled();
    let earlier = thoughts::earlier(call.target.thread().map(|thread| &**thread), SPEC.name, &request.kept);
    request.kept.check(SPEC.name, &request.thought, &earlier, call)?;

    let (prompt, answer) = request.write_down();
    let mut thought = request.kept.watched().map(|thought| Thought { answer, quiet: request.quiet(), ..thought });
    let mut turn = Turn::new(SPEC.name, "", started);
    let mut reply = if earlier.is_empty() {
        turn.files = request.file_paths.iter().map(|path| path.as_str().into()).collect();
        opened(&request.kept)
    } else {
        let consulted = consult::consult(call, request.question(&earlier, call)).await?;
        let (text, reply) = continued(&mut request.kept, &earlier, &consulted);
        turn = consulted.into_turn(SPEC.name, started, call.clock.wall());
        turn.answer = Some(text.into());
        thought = thought.map(|thought| Thought { said: Said::Answer, ..thought });
        reply
    };
    reply.set("session_id", call.target.id().to_string());
    reply.set("thread_id", call.target.id().to_string());
    turn.state = request.kept.state();
    turn.thought = thought;
    turn.prompt = prompt.into();
    turn.ended = call.clock.wall();
    Ok(Reply { body: Body::Step(Box::new(reply)), turn: Some(turn) })
}

impl Request {
    /// The turn's prompt, and where in it the answer so far stands.
    fn write_down(&self) -> (String, Option<(usize, usize)>) {
        let mut text = self.thought.clone();
        let answer = self.current_answer.as_ref().map(|answer| {
            text.push_str("\n\nThe answer so far: ");
            let from = text.len();
            text.push_str(answer);
            (from, text.len())
        });
        (text, answer)
    }

    /// What the caller does not want to be asked.
    fn quiet(&self) -> Vec<Concern> {
        let checks: [(&str, &[Concern]); 4] = [
            ("semantic_drift_check", &[Concern::Drift]),
            ("circular_reasoning_detection", &[Concern::Repeat, Concern::Stall]),
            ("consistency_validation", &[Concern::Wavering]),
            ("perplexity_monitoring", &[Concern::Thinning]),
        ];
        let silenced = checks.iter().filter(|(name, _)| self.guardrails.get(*name) == Some(&Value::Bool(false)));
        silenced.flat_map(|(_, concerns)| concerns.iter().copied()).collect()
    }

    fn question(&self, earlier: &[Earlier<'_>], call: &Call) -> Question {
        let kept = &self.kept;
        let query = earlier.first().map_or("", |first| &first.turn.prompt);
        let mut prompt = format!("The query: {query}\n\nWrite thought {} of {}", kept.number, kept.total);
        let _ = write!(prompt, ", of the kind {}.", expected(kept));
        if let Some(number) = kept.revises {
            let _ = write!(prompt, " It revises thought {number}.");
        }
        if let (Some(number), Some(branch)) = (kept.branches_from, &kept.branch_id) {
            let _ = write!(prompt, " It begins the branch \"{branch}\" at thought {number}.");
        }
        let asked = earlier.last().and_then(|last| last.turn.thought.as_ref()?.asked());
        if let Some(verdict) = asked {
            let _ = write!(prompt, "\n\nOf the last thought a monitor asks: {verdict}");
        }
        let _ = write!(prompt, "\n\nGuidance: {}", self.write_down().0);
        let system = call.settings.prompts.system(SPEC.name, &call.settings.locale);
        Question {
            paths: self.file_paths.clone(),
            detail: if self.include_file_contents == Some(false) { Detail::References } else { Detail::Full },
            model: self.model.clone(),
            temperature: self.temperature,
            ..Question::new(system, prompt, Category::ExtendedReasoning)
        }
    }
}

/// By its place: it begins with exploring and ends with drawing together.
fn expected(kept: &Kept) -> &'static str {
    match kept.number {
        0..=2 => "exploration",
        number if kept.total - number < 2 => "synthesis",
        _ => "analysis",
    }
}

fn phase(kept: &Kept) -> &'static str {
    match u64::from(kept.number) * 100 / u64::from(kept.total.max(1)) {
        0..40 => "exploration",
        40..80 => "synthesis",
        _ => "conclusion",
    }
}

fn base(kept: &Kept) -> StepReply {
    let mut reply = StepReply { is_monitored: true, ..StepReply::default() };
    reply.set("status", if kept.goes_on { "thinking" } else { "conclusion_reached" });
    reply.set("thought_number", kept.number);
    reply.set("total_thoughts", kept.total);
    reply.set("next_thought_needed", kept.goes_on);
    reply.set("monitoring", json!({ "phase": phase(kept) }));
    reply
}

fn opened(kept: &Kept) -> StepReply {
    let mut reply = base(kept);
    reply.set("thought_type", "query");
    let next = kept.number.saturating_add(1);
    reply.set(
        "next_steps",
        format!("Call again with this continuation_id, thought_number {next}, and in `thought` what to look at first."),
    );
    reply
}

/// The thought that the model wrote, and what the caller is told of it.
fn continued(kept: &mut Kept, earlier: &[Earlier<'_>], consulted: &Consulted) -> (String, StepReply) {
    let said = shape::decode(&consulted.answer.text, &[THOUGHT]).filter(|said| said.contains_key("thought"));
    let mut said = said.unwrap_or_default();
    let text = match said.shift_remove("thought") {
        Some(Value::String(text)) => text,
        _ => consulted.answer.text.clone(),
    };
    said.shift_remove("status");
    kept.synthesis = said;
    let mut reply = base(kept);
    reply.set("content", text.as_str());
    reply.set("thought_type", kept.synthesis.get("thought_type").cloned().unwrap_or_default());
    reply.set("synthesis", synthesis(kept));
    let confidence = kept.synthesis.get("confidence").cloned().unwrap_or_default();
    reply.set("metrics", json!({ "reasoning_depth": null, "confidence": confidence }));
    if kept.goes_on {
        let next = kept.number.saturating_add(1);
        reply.set("next_steps", format!("Weigh the thought, then thought_number {next} with your guidance; conclude with next_thought_needed false."));
    } else {
        reply.set("final_answer", text.as_str());
        reply.set("total_steps", earlier.len() + 1);
        reply.set("average_confidence", average(kept, earlier));
        reply.set("next_steps", "Check the answer against what you know yourself: it is one model's.");
    }
    for (key, value) in consulted.tell(Output::new(Status::Success, "")).metadata {
        reply.note(&key, value);
    }
    (text, reply)
}

fn synthesis(kept: &Kept) -> Value {
    let said = |name: &str| kept.synthesis.get(name).cloned().unwrap_or_default();
    let confidence = said("confidence").as_f64();
    let level = |levels: [&'static str; 4]| {
        confidence.map(|confidence| match confidence {
            ..=0.30 => levels[0],
            ..=0.60 => levels[1],
            ..=0.85 => levels[2],
            _ => levels[3],
        })
    };
    json!({
        "current_understanding": said("current_understanding"),
        "key_insights": said("key_insights"),
        "next_actions": said("next_actions"),
        "confidence_level": level(["low", "medium", "high", "very_high"]),
        "clarity_level": level(["unclear", "emerging", "clear", "crystal_clear"]),
        "ready_for_conclusion": confidence.map(|confidence| confidence > READY && !kept.goes_on),
    })
}

/// Of the thoughts whose model said how sure it was; unknown where none did.
fn average(kept: &Kept, earlier: &[Earlier<'_>]) -> Option<f64> {
    let all = earlier.iter().map(|earlier| &earlier.kept).chain([kept]);
    let known: Vec<f64> = all.filter_map(|kept| kept.synthesis.get("confidence")?.as_f64()).collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}
