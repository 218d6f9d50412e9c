//! `apilookup`: sends an agent to the current documentation, with the rules of a good search. No model is asked.

use serde::Deserialize;
use serde_json::json;

use crate::tools::reply::{Body, Reply};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::{Call, Run, Tool, arguments};

pub struct ApiLookup;

static SPEC: Spec = Spec {
    name: "apilookup",
    title: "API lookup",
    description: "How to look up current API docs, versions and migrations on the web. Use it before you rely on a remembered API.",
    read_only: true,
    fields: &[Field::required("prompt", Kind::Text, "What to look up")],
    closed: false,
};

const INSTRUCTIONS: &str = "Look this up on the web in a separate sub-task or agent, so that your own context stays small:\n\
    1. Determine today's date and the operating system: what is current depends on both.\n\
    2. Make two to four targeted searches, with the product, the version and the year.\n\
    3. Verify the latest stable version, and prefer official sources: documentation, changelogs, migration guides.\n\
    4. Look for breaking changes and deprecations since the version in use.\n\
    5. Stop once you have authoritative data.\n\
    6. Answer briefly, with the version and the address of each source.";

#[derive(Deserialize)]
struct Request {
    prompt: String,
}

impl Tool for ApiLookup {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let document = json!({
                "status": "web_lookup_needed",
                "instructions": INSTRUCTIONS,
                "user_prompt": request.prompt,
            });
            Ok(Reply { body: Body::Document(format!("{document:#}")), turn: None })
        })
    }
}
