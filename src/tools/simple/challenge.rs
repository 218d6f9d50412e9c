//! `challenge`: hands a statement back wrapped in a request to examine it, so that an agent does not agree by reflex. No
//! model is asked.

use serde::Deserialize;
use serde_json::json;

use crate::tools::reply::{Body, Reply};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::{Call, Run, Tool, arguments};

pub struct Challenge;

static SPEC: Spec = Spec {
    name: "challenge",
    title: "Challenge",
    description: "Examine a statement critically instead of agreeing by reflex. Use it when the user disagrees, doubts or pushes back.",
    read_only: true,
    fields: &[Field::required("prompt", Kind::Text, "The statement")],
    closed: false,
};

#[derive(Deserialize)]
struct Request {
    prompt: String,
}

impl Tool for Challenge {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let document = json!({
                "status": "challenge_accepted",
                "original_statement": request.prompt,
                "challenge_prompt": challenged(&request.prompt),
                "instructions": "Answer the challenge_prompt with your own reasoning. If the statement holds, say why; \
                                 if it does not, say so plainly and give the better answer.",
            });
            Ok(Reply { body: Body::Document(format!("{document:#}")), turn: None })
        })
    }
}

fn challenged(statement: &str) -> String {
    format!(
        "Examine this statement before you take a side:\n\n\"{statement}\"\n\nIs it accurate and complete? What speaks \
         for it and what against it, and how strong is that evidence? What follows if it is wrong? Do not agree to \
         please: defend your position where it holds and correct it where it does not."
    )
}
