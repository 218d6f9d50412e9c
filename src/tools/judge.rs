//! Asks the cheapest model about a verdict of the monitor that is in doubt: one question, a bounded part of the thread, a
//! short wait. Whatever fails, the verdict stands as it was and says so.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::event::Concern;
use crate::file::embed::Boundary;
use crate::insight::doubt::{Judged, Opinion};
use crate::insight::verdict::Verdict;
use crate::provider::{Choice, Effort, Estimate, Failure, Message, NoModel, Request, Role};
use crate::text::sanitise_line;
use crate::thread::thought;
use crate::thread::turn::Turn;
use crate::token;
use crate::tools::Call;
use crate::tools::schema::{Field, Kind};
use crate::tools::shape::{self, Shape};
use crate::unit::{MicroUsd, Tokens};

/// Under this name its cost stands in the ledger, and its prompt among the others.
const NAME: &str = "judge";
/// Characters of one step that it is shown, and of what it says that is passed on.
const MAX_SHOWN: usize = 4_000;
const MAX_SAID: usize = 200;
/// Its answer is a line; what it thinks before is a little more.
const REPLY: Tokens = Tokens(2_000);

const JUDGED: Shape = Shape {
    status: "judged",
    members: &[Field::required("holds", Kind::Flag, ""), Field::optional("because", Kind::Text, "")],
};

/// Why nobody judged.
#[derive(Debug, thiserror::Error)]
enum Unjudged {
    #[error(transparent)]
    NoModel(#[from] NoModel),
    #[error("{0}")]
    Failed(#[from] Box<Failure>),
    #[error("no answer within {} ms", .0.as_millis())]
    TooLate(Duration),
    #[error("its answer was not in the form that was asked for")]
    Unfit(Option<MicroUsd>),
}

/// What the judge says of this verdict on `turn`, which is about to follow on the call's thread. Takes no longer than
/// `insight.judge_timeout`, and ends with the call.
pub async fn judge(call: &Call, turn: &Turn, verdict: &Verdict) -> Judged {
    let system = call.settings.prompts.text(NAME).to_owned();
    let prompt = prompt(call, turn, verdict);
    let estimate = Estimate { input: token::estimate(&system) + token::estimate(&prompt), reply: REPLY };
    let choice = match call.models.cheapest(estimate) {
        Ok(choice) => choice,
        Err(error) => return unjudged(None, &error.into()),
    };
    let by = format!("{}/{}", choice.provider, choice.model.id);
    let request = Request {
        model: choice.model.id.clone(),
        system: Some(system),
        messages: vec![Message::text(Role::User, prompt)],
        temperature: None,
        effort: Some(Effort::Low),
        estimate,
        second_look: false,
    };
    match ask(call, &choice, &request).await {
        Ok((opinion, because, cost)) => Judged { by: Some(by), opinion, because, cost },
        Err(error) => unjudged(Some(by), &error),
    }
}

fn unjudged(by: Option<String>, error: &Unjudged) -> Judged {
    let cost = match error {
        Unjudged::NoModel(_) => Some(MicroUsd(0)),
        Unjudged::Failed(failure) if !failure.class.may_be_charged() => Some(MicroUsd(0)),
        Unjudged::Failed(failure) => failure.cost,
        Unjudged::Unfit(cost) => *cost,
        Unjudged::TooLate(_) => None,
    };
    Judged { by, opinion: Opinion::None, because: on_one_line(&error.to_string()), cost }
}

async fn ask(call: &Call, choice: &Choice, request: &Request) -> Result<(Opinion, String, Option<MicroUsd>), Unjudged> {
    let page = call.ledger.under(NAME, call.target.id());
    let entry = page.asking(&choice.provider, &choice.model.id);
    let timeout = call.settings.insight.judge_timeout;
    let asked = call.models.generate(choice, request, &(), &call.cancel);
    // Dropped when it is too late: the request is closed, and the entry counts as one of unknown cost.
    let answer = match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(failure)) => {
            entry.failed(&failure);
            return Err(Unjudged::Failed(Box::new(failure)));
        }
        Err(_) => return Err(Unjudged::TooLate(timeout)),
    };
    entry.answered_apart(&answer);
    let said = shape::decode(&answer.text, &[JUDGED]).ok_or(Unjudged::Unfit(answer.cost))?;
    let holds = said.get("holds").and_then(Value::as_bool).ok_or(Unjudged::Unfit(answer.cost))?;
    let because = said.get("because").and_then(Value::as_str).unwrap_or_default();
    Ok((if holds { Opinion::Holds } else { Opinion::DoesNotHold }, on_one_line(because), answer.cost))
}

/// The question, and each step that it is about between lines that none of them can forge.
fn prompt(call: &Call, turn: &Turn, verdict: &Verdict) -> String {
    let turns = call.target.thread().map_or(&[][..], |thread| &thread.turns);
    let line = thought::line(turns, &turn.tool, turn.thought.as_ref());
    let first = line.first().filter(|_| verdict.kind == Concern::Drift).map(|(_, first)| first.number);
    let wanted = |number: u32| verdict.steps.contains(&number) || first == Some(number);
    let earlier = line.iter().filter(|(_, thought)| wanted(thought.number));
    let mut steps: Vec<(u32, String)> =
        earlier.map(|(turn, thought)| (thought.number, shown(call, thought.text(turn)))).collect();
    if let Some(now) = &turn.thought {
        steps.push((now.number, shown(call, now.text(turn))));
    }
    let texts: Vec<&str> = steps.iter().map(|(_, text)| text.as_str()).collect();
    let mark = Boundary::for_texts(&call.target.id().to_string(), &texts);
    let mut prompt = question(verdict);
    for (number, text) in &steps {
        let _ = write!(prompt, "\n\n--- BEGIN STEP {number} {mark} ---\n{text}\n--- END STEP {number} {mark} ---");
    }
    prompt
}

fn question(verdict: &Verdict) -> String {
    let (now, before) = (verdict.step, verdict.steps.first().copied().unwrap_or(verdict.step));
    match verdict.kind {
        Concern::Repeat => {
            format!("Does step {now} only say again what step {before} said, with nothing of substance added?")
        }
        Concern::Stall => format!("Do steps {before} and {now} bring nothing that moves the question on?"),
        Concern::Settled => format!("Is the answer of step {before} final, and does step {now} add nothing to it?"),
        Concern::Wavering => format!("Does step {now} go back to the answer of step {before} without a new reason?"),
        Concern::Drift => format!("Have the steps since {before} left the question that they began with?"),
        Concern::Thinning => format!("Compared with step {before}, has step {now} little left to say?"),
    }
}

/// The beginning of a step, without secrets.
fn shown(call: &Call, text: Cow<'_, str>) -> String {
    call.redactor.clean(&text).text.chars().take(MAX_SHOWN).collect()
}

fn on_one_line(text: &str) -> String {
    sanitise_line(text).chars().take(MAX_SAID).collect()
}
