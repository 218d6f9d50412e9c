//! What the interceptor chain costs a message, and which share of a call's processor time that is.

use std::sync::Arc;

use bytes::Bytes;
use zen::clock::Clock;
use zen::event::Bus;
use zen::id::ConnectionId;
use zen::interceptor::builtin::message_log::MessageLog;
use zen::interceptor::decider::Decision;
use zen::interceptor::{Action, Chain, Decider, Message};
use zen::mcp::envelope::Envelope;
use zen::rehearsal::Scene;

use super::agent::{Agent, Home, chat};
use super::process::processor_time;
use super::provider::Provider;
use super::samples::timed;
use super::table::Figure;
use crate::{Outcome, Scale};

/// Bytes of message that the log keeps, as by default.
const LOG: usize = 8 << 20;

/// Lets everything pass.
struct Passes;

impl Decider for Passes {
    fn decide<'a>(&'a self, _: &'a Message) -> Decision<'a> {
        Box::pin(async { Ok(Action::Continue) })
    }
}

pub fn chain(scale: Scale) -> Outcome<Vec<Figure>> {
    let messages = scale.of(200_000, 20_000);
    let empty = nanoseconds(&chain_of(0, false), messages)?;
    let logged = nanoseconds(&chain_of(0, true), messages)?;
    let five = nanoseconds(&chain_of(5, true), messages)?;
    let call = nanoseconds_of_a_call(scale)?;
    // A call is two messages.
    let share = 2.0 * (five - empty) / call * 100.0;
    Ok(vec![
        Figure::at_most("5 async interceptors and the log, of a call's processor time", share, 1.0, "%"),
        Figure::plain("a message with the log and five, beyond the empty chain", five - empty, "ns"),
        Figure::plain("a message with the log alone, beyond the empty chain", logged - empty, "ns"),
        Figure::plain("a message through the empty chain", empty, "ns"),
        Figure::plain("processor time of a chat", call / 1e3, "us"),
    ])
}

fn chain_of(deciders: usize, logged: bool) -> Chain {
    let mut chain = Chain::default();
    for _ in 0..deciders {
        chain.decide_with(Arc::new(Passes));
    }
    if logged {
        chain.observe_with(Arc::new(MessageLog::new(Clock::system(), Bus::new(), LOG)));
    }
    chain
}

fn nanoseconds(chain: &Chain, messages: usize) -> Outcome<f64> {
    let bytes = Bytes::from(format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"chat","arguments":{{"prompt":"{}"}}}}}}"#,
        "word ".repeat(100)
    ));
    let message = Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes));
    let passing = async {
        for _ in 0..messages {
            std::hint::black_box(chain.pass(std::hint::black_box(message.clone())).await);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let ((), took) = timed(|| runtime.block_on(passing));
    Ok(took.as_secs_f64() * 1e9 / messages as f64)
}

fn nanoseconds_of_a_call(scale: Scale) -> Outcome<f64> {
    const WARM_UP: usize = 50;
    let provider = Provider::start(Scene::reply("An answer of a few words. ".repeat(16)))?;
    let mut agent = Agent::start(&Home::new()?, &provider, &[])?;
    agent.greet()?;
    let asked = chat(&"word ".repeat(100), &[], None);
    let calls = scale.of(2_000, 200);
    for _ in 0..WARM_UP {
        agent.chat(&asked)?;
    }
    let before = processor_time(agent.pid())?;
    for _ in 0..calls {
        agent.chat(&asked)?;
    }
    let used = processor_time(agent.pid())?.saturating_sub(before);
    Ok(used.as_secs_f64() * 1e9 / calls as f64)
}
