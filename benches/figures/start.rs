//! From the spawn to the first list of tools: how long it takes, and how much there is to list.

use std::fs;

use serde_json::Value;
use zen::rehearsal::Scene;

use super::agent::{Agent, Home, ZEN};
use super::provider::Provider;
use super::samples::Samples;
use super::table::Figure;
use crate::{Outcome, Scale};

/// What a token of a schema is reckoned at.
const BYTES_A_TOKEN: f64 = 4.0;

/// Tokens for the 18 compatible tools; fewer tools take less.
const TOOLS_LIST_GOAL: f64 = 5_600.0;

pub fn binary(_: Scale) -> Outcome<Vec<Figure>> {
    Ok(vec![Figure::plain("release binary", fs::metadata(ZEN)?.len() as f64 / 1e6, "MB")])
}

/// A spawn, next to that of a program that does nothing and that of zen where it only says its version.
pub fn spawn(scale: Scale) -> Outcome<Vec<Figure>> {
    const WARM_UP: usize = 10;
    let home = Home::new()?;
    let (mut listed, mut version, mut nothing) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..WARM_UP + scale.of(200, 20) {
        if round == WARM_UP {
            (listed, version, nothing) = Default::default();
        }
        let agent = listed.time(|| -> Outcome<Agent> {
            let mut agent = Agent::spawn(configured(&home))?;
            agent.greet()?;
            Ok(agent)
        })?;
        drop(agent);
        version.time(|| home.command(ZEN).arg("--version").output())?;
        nothing.time(|| home.command("/bin/true").output())?;
    }
    Ok(vec![
        Figure::at_most("spawn to the tools/list reply, median", listed.median(), 5.0, "ms"),
        Figure::plain("p95", listed.percentile(95), "ms"),
        Figure::plain("floor: spawn to the end of `zen --version`, median", version.median(), "ms"),
        Figure::plain("floor: spawn to the end of `/bin/true`, median", nothing.median(), "ms"),
    ])
}

/// As a user has it who pays for every provider: the most there is to set up.
fn configured(home: &Home) -> std::process::Command {
    let mut command = home.command(ZEN);
    for variable in ["GEMINI_API_KEY", "OPENAI_API_KEY", "XAI_API_KEY", "OPENROUTER_API_KEY"] {
        command.env(variable, "a-key-of-the-bench");
    }
    command.arg("stdio");
    command
}

pub fn tools_list(_: Scale) -> Outcome<Vec<Figure>> {
    let provider = Provider::start(Scene::echo())?;
    let mut agent = Agent::start(&Home::new()?, &provider, &[])?;
    let reply: Value = serde_json::from_str(agent.greet()?)?;
    let tools = reply["result"]["tools"].as_array().ok_or("no tools are listed")?;
    let tokens = |value: &Value| value.to_string().len() as f64 / BYTES_A_TOKEN;
    let name = format!("tools/list of {} tools", tools.len());
    let mut figures = vec![Figure::at_most(name, tokens(&reply["result"]["tools"]), TOOLS_LIST_GOAL, "tokens")];
    figures.extend(
        tools.iter().map(|tool| Figure::plain(tool["name"].as_str().unwrap_or_default(), tokens(tool), "tokens")),
    );
    Ok(figures)
}
