//! Ten thousand sessions over HTTP: what one costs at rest, with an open stream and with a connection that it keeps; and
//! what a call costs, without interceptors and with five.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::Builder;
use zen::clock::Clock;
use zen::config::Config;
use zen::engine::{Engine, Setup};
use zen::secret::Redactor;
use zen::server::Server;
use zen::server::http::Front;
use zen::server::http::gate::Gate;

use super::process::{Memory, processor_time};
use super::samples::{Samples, timed};
use super::table::Figure;
use crate::{Outcome, Scale};

/// The argument by which this program starts itself to serve sessions; behind it stands a file of rules, or nothing.
pub const SERVER: &str = "--serve-sessions";

/// Each has two descriptors in this process and in the server when it has a stream and a connection, and the usual hard
/// limit is 20,000.
const WITH_CONNECTION: usize = 9_000;
/// Calls that are in flight at one time.
const AT_ONCE: usize = 64;

const RULES: &str = "[[rule]]\nname = \"rule NUMBER\"\nmethod = \"tools/*\"\naction = \"log\"\n";

pub fn sessions(scale: Scale) -> Outcome<Vec<Figure>> {
    take_all_descriptors();
    let count = scale.of(10_000, 1_000);
    let server = Served::start(None)?;
    let mut web = Web::connect(server.address)?;
    // What is made once, for whoever comes first.
    for _ in 0..50 {
        web.open_session()?;
    }
    let before = server.state()?;
    let ids = (0..count).map(|_| web.open_session()).collect::<Outcome<Vec<_>>>()?;
    let idle = server.state()?;
    let streams = ids.iter().map(|id| Web::listen(server.address, id)).collect::<Outcome<Vec<_>>>()?;
    let listening = server.state()?;
    let kept = count.min(WITH_CONNECTION);
    let mut connections = Vec::with_capacity(kept);
    for id in &ids[..kept] {
        let mut web = Web::connect(server.address)?;
        web.session = Some(id.clone());
        web.ask(PING)?;
        connections.push(web);
    }
    let connected = server.state()?;
    drop((streams, connections));

    let kilobytes = |after: State, before: State, of: usize| (after.resident - before.resident) * 1e3 / of as f64;
    let tasks = |after: State, before: State, of: usize| (after.tasks - before.tasks) as f64 / of as f64;
    let name = |what: &str| format!("a session of {count} {what}");
    Ok(vec![
        Figure::at_most(name("at rest"), kilobytes(idle, before, count), 2.0, "kB"),
        Figure::at_most(name("at rest, tasks"), tasks(idle, before, count), 0.0, ""),
        Figure::at_most(name("with an open stream"), kilobytes(listening, before, count), 24.0, "kB"),
        Figure::at_most("tasks of its connection", tasks(listening, idle, count), 1.0, ""),
        Figure::plain("a kept connection beside it", kilobytes(connected, listening, kept), "kB"),
        Figure::at_most("tasks of that", tasks(connected, listening, kept), 1.0, ""),
    ])
}

pub fn calls(scale: Scale) -> Outcome<Vec<Figure>> {
    let rounds = scale.of(10_000, 500);
    let plain = of_a_server(None, rounds)?;
    let rules = tempfile::NamedTempFile::new()?;
    let text: String = (1..=5).map(|number| RULES.replace("NUMBER", &number.to_string())).collect();
    std::fs::write(rules.path(), text)?;
    let ruled = of_a_server(Some(rules.path().to_owned()), rounds)?;
    Ok(vec![
        Figure::plain("a call over HTTP, one at a time, p50", plain.median * 1e3, "us"),
        Figure::plain("one at a time", plain.one_by_one, "calls/s"),
        Figure::plain("64 in flight", plain.at_once, "calls/s"),
        Figure::plain("processor time a call, one at a time", plain.micros_one, "us"),
        Figure::plain("processor time a call, 64 in flight", plain.micros_at_once, "us"),
        Figure::plain("the same with five rules that log", ruled.micros_at_once, "us"),
        Figure::plain("calls a second with five rules, of those without", ruled.at_once / plain.at_once, "x"),
        Figure::plain(
            "processor time with five rules, of that without",
            ruled.micros_at_once / plain.micros_at_once,
            "x",
        ),
    ])
}

struct Calls {
    /// Milliseconds.
    median: f64,
    one_by_one: f64,
    at_once: f64,
    micros_one: f64,
    micros_at_once: f64,
}

fn of_a_server(rules: Option<PathBuf>, rounds: usize) -> Outcome<Calls> {
    let server = Served::start(rules)?;
    let mut clients = (0..AT_ONCE).map(|_| Web::in_a_session(server.address)).collect::<Outcome<Vec<_>>>()?;
    let at_once = |clients: &mut [Web], rounds: usize| -> Outcome<()> {
        for _ in 0..rounds {
            clients.iter_mut().try_for_each(|client| client.send("POST", CALL))?;
            clients.iter_mut().try_for_each(|client| client.receive().map(drop))?;
        }
        Ok(())
    };
    at_once(&mut clients, 20)?;

    let mut samples = Samples::default();
    let before = processor_time(server.pid())?;
    let (done, took) = timed(|| (0..rounds).try_for_each(|_| samples.time(|| clients[0].ask(CALL))));
    done?;
    let used = processor_time(server.pid())?.saturating_sub(before);

    let turns = rounds.div_ceil(AT_ONCE) * 4;
    let before = processor_time(server.pid())?;
    let (done, took_at_once) = timed(|| at_once(&mut clients, turns));
    done?;
    let used_at_once = processor_time(server.pid())?.saturating_sub(before);
    let all = (turns * AT_ONCE) as f64;
    Ok(Calls {
        median: samples.median(),
        one_by_one: rounds as f64 / took.as_secs_f64(),
        at_once: all / took_at_once.as_secs_f64(),
        micros_one: used.as_secs_f64() * 1e6 / rounds as f64,
        micros_at_once: used_at_once.as_secs_f64() * 1e6 / all,
    })
}

/// The server's side: says where it listens, and for each line that it reads how many tasks it has.
pub fn serve(arguments: &[String]) -> Outcome<()> {
    take_all_descriptors();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut config = Config::default();
    config.serve.max_sessions = 20_000;
    // It holds messages, not sessions, and fills up with the first few thousand.
    config.server.message_log = 64 << 10;
    config.interceptors.rules = arguments.first().map(PathBuf::from);
    let setup = Setup {
        config,
        clock: Clock::system(),
        redactor: Redactor::default(),
        working_directory: PathBuf::from("/"),
        home: None,
    };
    let address = runtime.block_on(async {
        let engine = Engine::new(setup)?;
        tokio::spawn(Arc::clone(&engine).housekeeping());
        let gate = Gate { token: None, hosts: Vec::new(), origins: Vec::new() };
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        tokio::spawn(Front::new(Server::new(engine), gate).run(listener));
        Outcome::Ok(address)
    })?;
    let mut out = std::io::stdout();
    writeln!(out, "{address}")?;
    for line in std::io::stdin().lock().lines() {
        line?;
        writeln!(out, "{}", runtime.metrics().num_alive_tasks())?;
    }
    Ok(())
}

/// A server in a process of its own.
struct Served {
    child: Child,
    address: SocketAddr,
    pipes: std::cell::RefCell<(ChildStdin, BufReader<ChildStdout>)>,
}

/// Of a server at one moment.
#[derive(Clone, Copy)]
struct State {
    /// MB.
    resident: f64,
    tasks: usize,
}

impl Served {
    fn start(rules: Option<PathBuf>) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVER).args(rules).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let input = child.stdin.take().ok_or("the server has no input")?;
        let mut output = BufReader::new(child.stdout.take().ok_or("the server has no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        Ok(Self { child, address: line.trim().parse()?, pipes: (input, output).into() })
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn state(&self) -> Outcome<State> {
        let (input, output) = &mut *self.pipes.borrow_mut();
        writeln!(input)?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        Ok(State { resident: Memory::of(self.pid())?.resident, tasks: line.trim().parse()? })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#;
const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"version","arguments":{}}}"#;

/// One connection, on which one request follows the other.
struct Web {
    stream: TcpStream,
    session: Option<String>,
    reply: Vec<u8>,
}

impl Web {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, session: None, reply: Vec::new() })
    }

    fn in_a_session(address: SocketAddr) -> Outcome<Self> {
        let mut web = Self::connect(address)?;
        web.session = Some(web.open_session()?);
        Ok(web)
    }

    /// A connection on which a session's event stream is open.
    fn listen(address: SocketAddr, session: &str) -> Outcome<Self> {
        let mut web = Self::connect(address)?;
        web.session = Some(session.to_owned());
        web.send("GET", "")?;
        // The first event says where to come back to.
        web.read_until(b"retry:")?;
        Ok(web)
    }

    fn open_session(&mut self) -> Outcome<String> {
        self.session = None;
        self.ask(INITIALIZE)?;
        let head = String::from_utf8_lossy(&self.reply).to_ascii_lowercase();
        let id = head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).ok_or("no session")?.to_owned();
        self.session = Some(id.clone());
        self.ask(READY)?;
        self.session = None;
        Ok(id)
    }

    fn ask(&mut self, message: &str) -> Outcome<()> {
        self.send("POST", message)?;
        self.receive()
    }

    fn send(&mut self, method: &str, message: &str) -> Outcome<()> {
        let session = self.session.as_ref().map(|id| format!("mcp-session-id: {id}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json, text/event-stream\r\n\
             content-type: application/json\r\n{session}content-length: {}\r\n\r\n{message}",
            message.len()
        );
        Ok(self.stream.write_all(request.as_bytes())?)
    }

    /// Reads a reply to its end; it must be a success.
    fn receive(&mut self) -> Outcome<()> {
        let head = self.read_until(b"\r\n\r\n")?;
        let text = std::str::from_utf8(&self.reply[..head])?;
        if !text.starts_with("HTTP/1.1 20") {
            return Err(format!("the server answered: {text}").into());
        }
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0").parse::<usize>()?;
        while self.reply.len() < head + length {
            self.read_more()?;
        }
        Ok(())
    }

    /// Where what is behind `end` begins.
    fn read_until(&mut self, end: &[u8]) -> Outcome<usize> {
        self.reply.clear();
        loop {
            if let Some(at) = self.reply.windows(end.len()).position(|window| window == end) {
                return Ok(at + end.len());
            }
            self.read_more()?;
        }
    }

    fn read_more(&mut self) -> Outcome<()> {
        let mut buffer = [0; 4 << 10];
        match self.stream.read(&mut buffer)? {
            0 => Err("the server has closed the connection".into()),
            read => {
                self.reply.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }
}

fn take_all_descriptors() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
