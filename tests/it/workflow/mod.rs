//! Tools that go by steps, through real processes: what they advertise, how they go, what they never mix.

mod conversation;
mod expert;
mod guides;
mod precommit;
mod scenarios;
mod sessions;
mod surface;

use serde_json::{Value, json};

use crate::support::on;

/// A step of a workflow. The last one where `total` is reached.
pub fn step(number: u32, total: u32, said: &str, findings: &str) -> Value {
    json!({
        "step": said,
        "step_number": number,
        "total_steps": total,
        "next_step_required": number < total,
        "findings": findings,
    })
}

/// `step` with more members.
pub fn with(mut step: Value, more: Value) -> Value {
    for (key, value) in more.as_object().unwrap() {
        step[key] = value.clone();
    }
    step
}

/// The same step, in the thread of this reply.
pub fn after(reply: &crate::support::process::ToolReply, step: Value) -> Value {
    on(thread(reply).as_str(), step)
}

/// The thread that a reply names.
pub fn thread(reply: &crate::support::process::ToolReply) -> String {
    reply.json()["continuation_id"].as_str().unwrap_or_else(|| panic!("no thread in {}", reply.text)).to_owned()
}
