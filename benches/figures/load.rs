//! A server under load: what it holds at the start and after many calls, and what 32 calls at once come to.

use std::thread;

use serde_json::Value;
use zen::rehearsal::Scene;

use super::agent::{Agent, Home, chat};
use super::process::Memory;
use super::provider::Provider;
use super::raw::RawClient;
use super::samples::timed;
use super::table::Figure;
use crate::{Outcome, Scale};

/// Calls that are in flight at one time.
const AT_ONCE: usize = 32;

pub fn memory(_: Scale) -> Outcome<Vec<Figure>> {
    const CHATS: usize = 128;
    let provider = Provider::start(Scene::reply("answer ".repeat(300)))?;
    let mut agent = Agent::start(&Home::new()?, &provider, &[])?;
    agent.greet()?;
    let start = Memory::of(agent.pid())?;
    let asked = chat(&"question ".repeat(100), &[], None);
    for _ in 0..CHATS {
        agent.chat(&asked)?;
    }
    let after = Memory::of(agent.pid())?;
    in_flight(&mut agent, &asked, CHATS)?;
    let crowded = Memory::of(agent.pid())?;
    let mut figures = vec![Figure::at_most("resident after tools/list", start.resident, 10.0, "MB")];
    figures.extend(parts(start));
    figures.push(Figure::at_most("resident after 128 chats of 3 kB", after.resident, 14.0, "MB"));
    figures.extend(parts(after));
    figures.push(Figure::plain("resident after 128 more, 32 at once", crowded.resident, "MB"));
    Ok(figures)
}

fn parts(memory: Memory) -> [Figure; 2] {
    [Figure::plain("proportional", memory.proportional, "MB"), Figure::plain("private", memory.private, "MB")]
}

/// A provider that takes 50 ms, asked by zen and by as many raw clients as zen has calls in flight.
pub fn throughput(scale: Scale) -> Outcome<Vec<Figure>> {
    const TAKES: std::time::Duration = std::time::Duration::from_millis(50);
    let slow = Scene::reply("answer").in_pieces(1).paced(TAKES, std::time::Duration::ZERO);
    let provider = Provider::start(slow)?;
    let mut agent = Agent::start(&Home::new()?, &provider, &[])?;
    agent.greet()?;
    let asked = chat("question", &[], None);
    agent.chat(&asked)?;
    let recorded = provider.next_request();
    let calls = AT_ONCE * scale.of(20, 4);
    let mut clients: Vec<_> =
        (0..AT_ONCE).map(|_| RawClient::connect(provider.rehearsal.address(), &recorded)).collect::<Outcome<_>>()?;

    let before = provider.rehearsal.connections();
    let (mut ours, mut theirs) = (0.0, 0.0);
    // In turns, so that what else the machine does falls on both.
    for _ in 0..2 {
        let (done, took) = timed(|| in_flight(&mut agent, &asked, calls));
        done?;
        ours += took.as_secs_f64();
        let (done, took) = timed(|| raw_in_flight(&mut clients, calls / AT_ONCE));
        done?;
        theirs += took.as_secs_f64();
    }
    let rate = |seconds: f64| 2.0 * calls as f64 / seconds;
    Ok(vec![
        Figure::at_least("32 calls in flight at a 50 ms provider, of the raw client's rate", theirs / ours, 0.95, ""),
        Figure::plain("zen", rate(ours), "calls/s"),
        Figure::plain("floor: 32 raw clients", rate(theirs), "calls/s"),
        Figure::plain("connections zen made for them", (provider.rehearsal.connections() - before) as f64, ""),
    ])
}

/// `calls` calls, 32 in flight until the last ones.
fn in_flight(agent: &mut Agent, asked: &Value, calls: usize) -> Outcome<()> {
    for _ in 0..AT_ONCE {
        agent.send("tools/call", asked)?;
    }
    for received in 1..=calls {
        agent.receive()?;
        if received + AT_ONCE <= calls {
            agent.send("tools/call", asked)?;
        }
    }
    Ok(())
}

fn raw_in_flight(clients: &mut [RawClient], each: usize) -> Outcome<()> {
    thread::scope(|scope| {
        let ask = |client: &mut RawClient| (0..each).try_for_each(|_| client.ask()).map_err(|error| error.to_string());
        let running: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || ask(client))).collect();
        let ended = running.into_iter().map(|one| one.join().map_err(|_| "a raw client panicked")?);
        ended.collect::<Result<(), String>>().map_err(Into::into)
    })
}
