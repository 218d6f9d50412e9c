//! The demo: scripted providers in place of the real ones, and agents that consult them for a day. All of it goes the way
//! of real calls, through the server, the chain and real HTTP connections.

mod day;

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use self::day::{Agent, Call, Day};
use crate::config::{Breaker, Config, Endpoint, Interceptors, Providers, Resilience, Spend};
use crate::rehearsal::{Rehearsal, Script};
use crate::server::Server;
use crate::server::local::Local;
use crate::thread::Principal;
use crate::unit::MicroUsd;

/// The folder that the agents say they work in. It is a label: nothing is read from it.
const FOLDER: &str = "/srv/shop";
/// What may be spent; the day comes near it.
const LIMIT: MicroUsd = MicroUsd(320_000);
/// Failures in a row after which a model is left alone, and for how long: soon enough and short enough to be watched.
const FAILURES: u32 = 3;
const LEFT_ALONE: Duration = Duration::from_secs(25);

/// Everything that has to be there while the day is played.
pub struct Stage {
    day: Day,
    /// They answer while they are held.
    _providers: [Rehearsal; 2],
}

/// The configuration of a demo, and its stage. Of the user's own configuration it keeps where this process listens and
/// writes its log, and nothing else: no provider, limit, rule, root or tool of theirs is touched, nor in the way.
///
/// # Errors
/// No port of this machine can be bound.
pub fn stage(own: Config) -> io::Result<(Config, Stage)> {
    let day = Day::shipped().map_err(io::Error::other)?;
    let first = Rehearsal::start(Script::demo(&day.faults))?;
    let second = Rehearsal::start(Script::demo(&day.faults))?;
    let endpoint = |provider: &str, rehearsal: &Rehearsal, models: &'static str| Endpoint {
        provider: provider.to_owned(),
        like: Some("custom".to_owned()),
        base_url: Some(rehearsal.base_url()),
        brought: Some(models),
        ..Endpoint::default()
    };
    let endpoints = vec![
        endpoint("stage", &first, include_str!("demo/models.toml")),
        endpoint("understudy", &second, include_str!("demo/understudies.toml")),
    ];
    let resilience = Resilience {
        breaker: Breaker { failures: FAILURES, open: LEFT_ALONE, ..Breaker::default() },
        spend: Spend { total: Some(LIMIT), ..Spend::default() },
        ..Resilience::default()
    };
    let config = Config {
        providers: Providers { endpoints, resilience, ..Providers::default() },
        interceptors: Interceptors { brought_rules: Some(include_str!("demo/rules.toml")), ..Interceptors::default() },
        server: own.server,
        serve: own.serve,
        log: own.log,
        control: own.control,
        ..Config::default()
    };
    Ok((config, Stage { day, _providers: [first, second] }))
}

/// Plays the day and lets its agents stay connected, silent as real ones are, until the process ends.
pub async fn run(stage: Stage, server: Server, principal: Principal) {
    let day = async {
        let _agents = play(&stage, &server, &principal).await;
        server.engine.shutdown.begun().await;
    };
    tokio::select! {
        () = server.engine.shutdown.begun() => {}
        () = day => {}
    }
}

/// Lets every agent ask its questions at its own pace, and gives the agents back. They are connected while they are held.
pub async fn play(stage: &Stage, server: &Server, principal: &Principal) -> Vec<Local> {
    join_all(stage.day.agents.iter().map(|agent| consult(agent, server, principal.clone()))).await
}

async fn consult(agent: &Agent, server: &Server, principal: Principal) -> Local {
    tokio::time::sleep(agent.begins()).await;
    let mut connected = Local::open(server, "demo", &agent.name, principal);
    let mut threads = HashMap::new();
    for call in &agent.calls {
        // What is refused or fails is told to the agent, which then goes on: it is part of the day.
        if let Ok(arguments) = to_raw_value(&arguments(call, &threads))
            && let Ok(reply) = connected.call(&call.tool, &arguments).await
            && let Some(thread) = thread_of(&reply.text)
        {
            threads.insert(call.thread.as_str(), thread);
        }
        tokio::time::sleep(call.pause()).await;
    }
    connected
}

fn arguments(call: &Call, threads: &HashMap<&str, String>) -> Map<String, Value> {
    let mut arguments = call.arguments.clone();
    if call.tool == "chat" {
        arguments.insert("working_directory_absolute_path".to_owned(), FOLDER.into());
    }
    if let Some(thread) = threads.get(call.thread.as_str()) {
        arguments.insert("continuation_id".to_owned(), json!(thread));
    }
    arguments
}

/// The thread that a reply offers to go on with.
fn thread_of(reply: &str) -> Option<String> {
    let reply: Value = serde_json::from_str(reply).ok()?;
    let offered = reply["continuation_offer"]["continuation_id"].as_str().or(reply["continuation_id"].as_str());
    offered.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Files, Models, Threads, Tools};

    #[tokio::test]
    async fn a_users_own_configuration_neither_breaks_the_demo_nor_is_used_by_it() {
        let own = Config {
            threads: Threads { max_turns: 1, max_threads: 1, ..Threads::default() },
            models: Models { default: "gpt-5".to_owned(), file: Some("/nowhere".into()), ..Models::default() },
            tools: Tools { disabled: vec!["chat".to_owned()], ..Tools::default() },
            files: Files { roots: vec!["/nowhere".into()], ..Files::default() },
            interceptors: Interceptors {
                rules: Some("/nowhere".into()),
                rate_connection: 1,
                max_bytes: vec!["in tools/call 1B".to_owned()],
                ..Interceptors::default()
            },
            ..Config::default()
        };
        let (config, _stage) = stage(own).unwrap();
        let (mut without, _other) = stage(Config::default()).unwrap();
        for (one, other) in without.providers.endpoints.iter_mut().zip(&config.providers.endpoints) {
            one.base_url.clone_from(&other.base_url);
        }
        assert_eq!(config, without);
    }

    #[test]
    fn a_thread_is_gone_on_with_by_the_agent_that_began_it() {
        let day = Day::shipped().unwrap();
        let call = &day.agents[0].calls[0];
        let threads = HashMap::from([(call.thread.as_str(), "id".to_owned())]);
        assert_eq!(arguments(call, &threads)["continuation_id"], "id");
        assert!(!arguments(call, &HashMap::new()).contains_key("continuation_id"));
        assert_eq!(thread_of(r#"{"continuation_offer": {"continuation_id": "a"}}"#).as_deref(), Some("a"));
        assert_eq!(thread_of(r#"{"continuation_id": "b"}"#).as_deref(), Some("b"));
        assert_eq!(thread_of("no JSON"), None);
    }
}
