//! `sequential_thinking`: notes an agent's own thoughts, with revisions and branches. No model is asked.

use serde::Deserialize;
use serde_json::json;

use super::thoughts::{self, Kept};
use crate::thread::turn::Turn;
use crate::tools::error::ToolError;
use crate::tools::reply::step::StepReply;
use crate::tools::reply::{Body, Reply};
use crate::tools::schema::Spec;
use crate::tools::{Call, Run, Tool, arguments};

pub struct SequentialThinking;

static SPEC: Spec = Spec {
    name: "sequential_thinking",
    title: "Sequential thinking",
    description: "Think by numbered steps of your own, with revisions and branches; you are asked when they go in circles. \
                  No model is asked.",
    read_only: true,
    fields: &thoughts::FIELDS,
    closed: true,
};

#[derive(Deserialize)]
struct Request {
    thought: String,
    #[serde(flatten)]
    kept: Kept,
}

impl Tool for SequentialThinking {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move { note(call) })
    }
}

fn note(call: &Call) -> Result<Reply, ToolError> {
    let started = call.clock.wall();
    let Request { thought, kept } = arguments::decode(&SPEC, call.arguments.as_deref())?;
    let kept = kept.settled();
    let earlier = thoughts::earlier(call.target.thread().map(|thread| &**thread), SPEC.name, &kept);
    kept.check(SPEC.name, &thought, &earlier, call)?;

    let status = match &kept {
        kept if !kept.goes_on => "complete",
        kept if kept.revises.is_some() => "revision",
        kept if kept.branch_id.is_some() => "branch",
        _ => "recorded",
    };
    let mut reply = StepReply::default();
    reply.set("status", status);
    reply.set("thought_number", kept.number);
    reply.set("total_thoughts", kept.total);
    reply.set("next_thought_needed", kept.goes_on);
    reply.set("branches", json!(thoughts::branches(&earlier, &kept)));
    reply.set("thought_history_length", earlier.len() + 1);
    reply.set("session_id", call.target.id().to_string());
    let next = match kept.goes_on {
        true => format!("Go on with thought_number {} and this continuation_id.", kept.number.saturating_add(1)),
        false => "State what you have come to, and what it rests on.".to_owned(),
    };
    reply.set("next_steps", next);
    let turn = Turn {
        state: kept.state(),
        thought: kept.watched(),
        ended: call.clock.wall(),
        ..Turn::new(SPEC.name, thought, started)
    };
    Ok(Reply { body: Body::Step(Box::new(reply)), turn: Some(turn) })
}
