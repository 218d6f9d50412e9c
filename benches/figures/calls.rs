//! What zen itself adds to a call, and whether a cheap request waits behind a slow one.

use serde_json::json;
use zen::rehearsal::Scene;

use super::agent::{Agent, Home, chat};
use super::provider::Provider;
use super::raw::RawClient;
use super::samples::Samples;
use super::table::Figure;
use crate::{Outcome, Scale};

/// A call through zen in turns with the same request without zen, to a provider that answers at once.
pub fn own_time(scale: Scale) -> Outcome<Vec<Figure>> {
    let mut figures = own_time_of("a small chat", 200, scale.of(3_000, 200), Some((0.3, 1.0)))?;
    figures.extend(own_time_of("a chat with a prompt of 50 kB", 50_000, scale.of(500, 50), None)?);
    Ok(figures)
}

fn own_time_of(name: &str, prompt: usize, calls: usize, goal: Option<(f64, f64)>) -> Outcome<Vec<Figure>> {
    const WARM_UP: usize = 100;
    let provider = Provider::start(Scene::reply("An answer of a few words. ".repeat(16)))?;
    let mut agent = Agent::start(&Home::new()?, &provider, &[])?;
    agent.greet()?;
    let asked = chat(&"word ".repeat(prompt / 5), &[], None);
    agent.chat(&asked)?;
    let mut raw = RawClient::connect(provider.rehearsal.address(), &provider.next_request())?;

    let (mut ours, mut floor) = (Samples::default(), Samples::default());
    for round in 0..WARM_UP + calls {
        if round == WARM_UP {
            (ours, floor) = Default::default();
        }
        ours.time(|| agent.chat(&asked).map(drop))?;
        floor.time(|| raw.ask())?;
    }
    let least = floor.median();
    let (p50, p99) = (ours.median() - least, ours.percentile(99) - least);
    let (first, second) = (format!("own time of {name}, p50"), format!("own time of {name}, p99"));
    let mut figures = match goal {
        Some((goal50, goal99)) => {
            vec![Figure::at_most(first, p50, goal50, "ms"), Figure::at_most(second, p99, goal99, "ms")]
        }
        None => vec![Figure::plain(first, p50, "ms"), Figure::plain(second, p99, "ms")],
    };
    figures.push(Figure::plain("floor: the request without zen, p50", least, "ms"));
    figures.push(Figure::plain("floor: the request without zen, p99", floor.percentile(99), "ms"));
    Ok(figures)
}

/// Pings while the provider holds the reply of a chat back.
pub fn ping(scale: Scale) -> Outcome<Vec<Figure>> {
    let provider = Provider::start(Scene::reply("answer").hold())?;
    let mut agent = Agent::start(&Home::new()?, &provider, &[])?;
    agent.greet()?;
    agent.send("tools/call", &chat("question", &[], None))?;
    provider.next_request();
    let mut pings = Samples::default();
    let count = scale.of(1_000, 100);
    for _ in 0..count {
        pings.time(|| agent.ask("ping", &json!({})).map(drop))?;
    }
    provider.rehearsal.release_all();
    agent.receive()?;
    Ok(vec![
        Figure::at_most(format!("ping behind a held chat, max of {count}"), pings.percentile(100), 1.0, "ms"),
        Figure::plain("median", pings.median(), "ms"),
        Figure::plain("p99", pings.percentile(99), "ms"),
    ])
}
