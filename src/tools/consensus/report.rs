//! What the agent is told of a step of a consensus, under the names that agents know.

use serde_json::{Value, json};

use super::run::{Consensus, Verdict};
use crate::tools::reply::step::StepReply;
use crate::tools::reply::{Output, Status};

const SYNTHESISE: &str = "All models have spoken. Synthesise: where they agree; where they differ and why; your final \
                          recommendation; concrete next actions; the critical risks. Cite each model by name. To keep the synthesis in the \
                          thread, send it as the findings of one more step.";

/// An envelope without content, to collect what is to be told of a consultation.
pub fn nothing() -> Output {
    Output::new(Status::Success, "")
}

/// The reply to step `number`, in which these seats were asked.
pub fn reply(run: &Consensus, number: u32, asked: &[usize], findings: &str) -> StepReply {
    let total = run.seats().len();
    let done = asked.len() == total || number as usize >= total;
    let mut reply = StepReply { offers: true, ..StepReply::default() };
    let (status, stage) = match number {
        _ if done => ("consensus_workflow_complete", "ready_for_synthesis"),
        1 => ("analysis_and_first_model_consulted", "initial_analysis_complete"),
        _ => ("model_consulted", "consulting_models"),
    };
    reply.set("status", status);
    reply.set("step_number", number);
    reply.set("total_steps", total);
    if let [seat] = asked {
        let seat = &run.seats()[*seat];
        reply.set("model_consulted", seat.model.as_str());
        reply.set("model_stance", seat.stance());
        let said = run.verdicts().iter().find(|verdict| run.seats()[verdict.seat].is_like(seat));
        reply.set("model_response", said.map(|verdict| response(run, verdict, true)).unwrap_or_default());
    }
    reply.set("current_model_index", if done { total } else { number as usize });
    reply.set("next_step_required", !done);
    if number == 1 {
        reply.set("agent_analysis", json!({ "initial_analysis": run.proposal(), "findings": findings }));
    }
    // Each verdict is told in its own step; all of them are told once more, where they are needed together.
    reply.set(
        "accumulated_responses",
        run.verdicts().iter().map(|verdict| response(run, verdict, done)).collect::<Value>(),
    );
    reply.set("consensus_workflow_status", stage);
    if done {
        complete(run, &mut reply);
    } else {
        reply.set("next_steps", next_steps(run, number, asked));
    }
    let labels: Value = run.seats().iter().map(|seat| Value::from(seat.label())).collect();
    reply.set(
        "metadata",
        json!({
            "tool_name": "consensus",
            "workflow_type": "multi_model_consensus",
            "consultation_step": number,
            "total_consultation_steps": total,
        }),
    );
    if done {
        reply.note("models_consulted", labels);
        reply.note("consensus_complete", true);
        reply.note("total_models", total);
    } else {
        reply.note("models_to_consult", labels);
    }
    reply
}

fn complete(run: &Consensus, reply: &mut StepReply) {
    let given = run.verdicts().iter().filter(|verdict| verdict.outcome.is_ok());
    let answered: Vec<_> = given.map(|verdict| run.seats()[verdict.seat].label()).collect();
    let confidence = if answered.len() == run.seats().len() { "high" } else { "low" };
    reply.set("consensus_complete", true);
    reply.set(
        "complete_consensus",
        json!({
            "initial_prompt": run.proposal(),
            "models_consulted": answered,
            "total_responses": answered.len(),
            "consensus_confidence": confidence,
        }),
    );
    let failed = failed(run);
    reply.set("next_steps", if failed.is_empty() { SYNTHESISE.to_owned() } else { format!("{SYNTHESISE} {failed}") });
}

fn next_steps(run: &Consensus, number: u32, asked: &[usize]) -> String {
    let next = &run.seats()[number as usize];
    let failed = match asked {
        [seat] if run.verdicts().iter().any(|verdict| verdict.seat == *seat && verdict.outcome.is_err()) => failed(run),
        _ => String::new(),
    };
    format!(
        "Note what you make of it, then call consensus with this continuation_id and step_number {}: {} ({}) is asked next. {failed}",
        number + 1,
        next.model,
        next.stance()
    )
    .trim_end()
    .to_owned()
}

/// Who said nothing, and how it can be asked again.
fn failed(run: &Consensus) -> String {
    let silent = run.verdicts().iter().filter(|verdict| verdict.outcome.is_err());
    let silent: Vec<_> = silent
        .map(|verdict| format!("{} (step_number {})", run.seats()[verdict.seat].label(), verdict.seat + 1))
        .collect();
    if silent.is_empty() {
        return String::new();
    }
    format!("No verdict came from {}; that step can be sent again.", silent.join(", "))
}

fn response(run: &Consensus, verdict: &Verdict, in_full: bool) -> Value {
    let seat = &run.seats()[verdict.seat];
    let mut response = json!({ "model": seat.model, "stance": seat.stance() });
    match &verdict.outcome {
        Ok(given) => {
            response["status"] = "success".into();
            if in_full {
                response["verdict"] = given.text.as_str().into();
            }
            let mut metadata = json!({ "provider": given.provider, "model_name": given.model });
            if let Value::Object(account) = &given.account {
                for (key, value) in
                    account.iter().filter(|(key, _)| !["model_used", "provider_used"].contains(&key.as_str()))
                {
                    metadata[key] = value.clone();
                }
            }
            response["metadata"] = metadata;
        }
        Err(error) => {
            response["status"] = "error".into();
            response["error"] = error.as_str().into();
        }
    }
    response
}
