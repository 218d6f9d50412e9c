//! What is remembered: the memory that a thread takes beside its text, and what a file costs in turn after turn.

use std::process::Command;
use std::time::Duration;

use zen::clock::Clock;
use zen::event::Bus;
use zen::id::{ModelId, ProviderId, ThreadId};
use zen::rehearsal::{Recorded, Scene};
use zen::thread::Principal;
use zen::thread::memory::MemoryStore;
use zen::thread::threads::{Limits, Target, Threads};
use zen::thread::turn::{Consultation, Turn};
use zen::unit::UnixMillis;

use super::agent::{Agent, Home, chat, thread_of};
use super::process::Memory;
use super::provider::{MODEL, Provider};
use super::table::Figure;
use crate::{Outcome, Scale};

/// The argument by which this program starts itself to hold threads and say what they take.
pub const HOLDER: &str = "--hold-threads";

const TURNS: usize = 2;
const PROMPT: usize = 1_000;
const ANSWER: usize = 19_000;
/// Of one thread.
const TEXT: usize = TURNS * (PROMPT + ANSWER);

/// 1,000 threads of two turns: in a process that does nothing else, and in a server that was asked for them.
pub fn memory(scale: Scale) -> Outcome<Vec<Figure>> {
    let count = scale.of(1_000, 100);
    let held = Command::new(std::env::current_exe()?).args([HOLDER, &count.to_string()]).output()?;
    let held: f64 = String::from_utf8(held.stdout)?.trim().parse()?;
    let served = served(count)?;
    let text = (count * TEXT) as f64;
    Ok(vec![
        Figure::at_most("memory of threads of 40 kB, of their text", held / text, 1.2, "x"),
        Figure::at_most("the same in a server, with what its calls leave behind", served / text, 1.2, "x"),
    ])
}

/// The process that holds threads: prints the bytes that it grew by.
pub fn hold(arguments: &[String]) -> Outcome<()> {
    use std::io::Write as _;
    let count: usize = arguments.first().ok_or("how many threads")?.parse()?;
    let limits = Limits { ttl: Duration::from_secs(3_600), max_turns: 20, max_threads: 10_000, max_bytes: 1 << 30 };
    let threads = Threads::new(Box::<MemoryStore>::default(), limits, Clock::system(), Bus::new());
    let principal = Principal::user(0);
    let pid = std::process::id();
    let before = Memory::of(pid)?.private;
    for _ in 0..count {
        let target = Target::New(ThreadId::random());
        for _ in 0..TURNS {
            threads.record(&target, &principal, turn()).map_err(|_| "the thread is gone")?;
        }
    }
    let grown = (Memory::of(pid)?.private - before) * 1e6;
    if threads.list().len() != count {
        return Err("threads were lost".into());
    }
    Ok(writeln!(std::io::stdout(), "{grown:.0}")?)
}

fn turn() -> Turn {
    let consultation = Consultation::new(ProviderId::new("google"), ModelId::new(MODEL));
    Turn {
        answer: Some("a".repeat(ANSWER).into()),
        consultations: vec![consultation],
        ..Turn::new("chat", "p".repeat(PROMPT), UnixMillis(0))
    }
}

/// Bytes that a server grows by for `count` threads, its message log kept small.
fn served(count: usize) -> Outcome<f64> {
    const WARM_UP: usize = 100;
    let provider = Provider::start(Scene::reply("a".repeat(ANSWER)).in_pieces(1))?;
    let mut agent = Agent::start(&Home::new()?, &provider, &["server.message_log=64KiB"])?;
    agent.greet()?;
    let prompt = "p".repeat(PROMPT);
    let mut before = 0.0;
    for round in 0..WARM_UP + count {
        if round == WARM_UP {
            before = Memory::of(agent.pid())?.private;
        }
        let mut thread = None;
        for _ in 0..TURNS {
            thread = Some(thread_of(agent.chat(&chat(&prompt, &[], thread.as_deref()))?)?);
        }
    }
    Ok((Memory::of(agent.pid())?.private - before) * 1e6)
}

/// 17 turns of one thread, each of which names the same file.
pub fn file(_: Scale) -> Outcome<Vec<Figure>> {
    const CALLS: usize = 17;
    const MARK: &str = "the line that stands once in the file";
    let provider = Provider::start(Scene::reply("answer ".repeat(100)))?;
    let home = Home::new()?;
    let path = home.work().join("long.txt");
    std::fs::write(&path, format!("{MARK}\n{}", "a line of the file\n".repeat(3_000)))?;
    let mut agent = Agent::start(&home, &provider, &[])?;
    agent.greet()?;
    let mut thread = None;
    for _ in 0..CALLS {
        let asked = chat(&"question ".repeat(50), &[&path], thread.as_deref());
        thread = Some(thread_of(agent.chat(&asked)?)?);
    }
    let requests = provider.rehearsal.requests();
    let sizes: Vec<f64> =
        requests.iter().map(|request| texts(request).map(|text| text.chars().count() as f64).sum()).collect();
    let copies = requests.iter().map(|request| texts(request).map(|text| text.matches(MARK).count()).sum::<usize>());
    let [first, second, .., last_but_one, last] = sizes[..] else { return Err("requests are missing".into()) };
    Ok(vec![
        Figure::at_most("a file across 17 turns, copies in a request, most", copies.max().unwrap_or(0) as f64, 1.0, ""),
        Figure::at_most(
            "growth of the last request, of the second's",
            (last - last_but_one) / (second - first),
            1.1,
            "x",
        ),
        Figure::plain("characters of the first request", first, ""),
        Figure::plain("characters of the last request", last, ""),
        Figure::plain("characters of all", sizes.iter().sum(), ""),
    ])
}

fn texts(request: &Recorded) -> impl Iterator<Item = &str> {
    request.messages.iter().map(|(_, text)| text.as_str())
}
