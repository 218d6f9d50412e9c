//! The demo: a scripted provider in place of the real ones, and two agents that consult it. All of it goes the way of
//! real calls, through the server, the chain and a real HTTP connection.

use std::io;
use std::time::Duration;

use serde_json::value::to_raw_value;
use serde_json::{Value, json};

use crate::config::{Config, Endpoint};
use crate::rehearsal::{Rehearsal, Script};
use crate::server::Server;
use crate::server::local::Local;
use crate::thread::Principal;

/// Between an agent's questions: time to read along.
const PAUSE: Duration = Duration::from_secs(4);

/// A question; true: in the same thread as the one before.
type Question = (&'static str, bool);

const REVIEWER: [Question; 4] = [
    ("Please review this commit: it moves the session table behind an RwLock. What breaks under load?", false),
    ("And how would you test that two refreshes cannot race?", true),
    ("We saw a panic in the parser when the input ends inside a string. Where would you look first?", false),
    ("It only happens with CRLF line ends. Does that change your answer?", true),
];

const ARCHITECT: [Question; 3] = [
    ("Design question: should we keep threads in memory or put SQLite behind them from the start?", false),
    ("What would have to be true for SQLite to be the better choice?", true),
    ("Start-up is slow on ARM: 40 ms until the first reply. What would you profile first?", false),
];

/// The configuration with the scripted provider as the only one, and that provider, which plays while it is held.
pub fn stage(mut config: Config) -> io::Result<(Config, Rehearsal)> {
    let rehearsal = Rehearsal::start(Script::demo())?;
    config.models.default = "auto".to_owned();
    config.providers.endpoints = vec![Endpoint {
        provider: "custom".to_owned(),
        base_url: Some(rehearsal.base_url()),
        models: vec!["scripted-large".to_owned(), "scripted-small".to_owned()],
        ..Endpoint::default()
    }];
    Ok((config, rehearsal))
}

/// Lets two agents ask their questions, each at its own pace, and then be silent.
pub async fn play(server: Server, principal: Principal) {
    let reviewer = consult(&server, principal.clone(), "reviewing agent (demo)", "scripted-large", &REVIEWER);
    let architect = consult(&server, principal, "planning agent (demo)", "scripted-small", &ARCHITECT);
    let shutdown = server.engine.shutdown.clone();
    tokio::select! {
        () = shutdown.begun() => {}
        ((), ()) = async { tokio::join!(reviewer, architect) } => {}
    }
}

async fn consult(server: &Server, principal: Principal, name: &str, model: &str, questions: &[Question]) {
    let mut agent = Local::open(server, "demo", name, principal);
    let mut thread = Value::Null;
    for (prompt, goes_on) in questions {
        if !goes_on {
            thread = Value::Null;
        }
        let arguments = json!({
            "prompt": prompt,
            "working_directory_absolute_path": "/",
            "model": model,
            "thinking_mode": "high",
            "continuation_id": thread,
        });
        let Ok(arguments) = to_raw_value(&arguments) else { return };
        // A thread that was expired meanwhile is told to the agent, which then asks anew: here it goes on with the next.
        if let Ok(reply) = agent.call("chat", &arguments).await {
            let reply: Value = serde_json::from_str(&reply.text).unwrap_or_default();
            thread = reply["continuation_offer"]["continuation_id"].clone();
        }
        tokio::time::sleep(PAUSE).await;
    }
    // A silent agent stays connected, as real ones do.
    server.engine.shutdown.begun().await;
}
