//! An agent as zen sees it: starts `zen stdio`, writes a line for each request, and reads a line for each reply.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;
use crate::figures::provider::{MODEL, Provider};

pub const ZEN: &str = env!("CARGO_BIN_EXE_zen");

/// A running server and the agent's end of its pipes. Dropping it closes them and waits for the server's end.
pub struct Agent {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    requests: u64,
    line: String,
}

/// A home of its own for the servers of one figure, so that a user's settings have no say.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Outcome<Self> {
        let home = tempfile::tempdir()?;
        for folder in ["run", "work"] {
            std::fs::create_dir(home.path().join(folder))?;
        }
        Ok(Self(home))
    }

    /// The folder whose files models may see.
    pub fn work(&self) -> std::path::PathBuf {
        self.0.path().join("work")
    }

    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env_clear().env("HOME", self.0.path()).env("XDG_RUNTIME_DIR", self.0.path().join("run"));
        command.current_dir(self.work()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }
}

impl Agent {
    /// Starts a server that asks `provider`, with `settings` as a user would give them to `--set`.
    pub fn start(home: &Home, provider: &Provider, settings: &[&str]) -> Outcome<Self> {
        let mut command = home.command(ZEN);
        command
            .env("GEMINI_API_KEY", "a-key-of-the-bench")
            .env("GEMINI_BASE_URL", provider.rehearsal.gemini_base_url());
        command.args(settings.iter().flat_map(|setting| ["--set", setting])).arg("stdio");
        Self::spawn(command)
    }

    pub fn spawn(mut command: Command) -> Outcome<Self> {
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the server has no output")?;
        Ok(Self { child, input, output: BufReader::new(output), requests: 0, line: String::new() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What a client says first, up to the reply of `tools/list`, which it gives back.
    pub fn greet(&mut self) -> Outcome<&str> {
        let client = json!({ "name": "bench", "version": "1" });
        let initialize = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        self.ask("initialize", &initialize)?;
        self.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        self.ask("tools/list", &json!({}))
    }

    pub fn ask(&mut self, method: &str, params: &Value) -> Outcome<&str> {
        self.send(method, params)?;
        self.receive()
    }

    /// Asks through `chat`; gives the line back.
    pub fn chat(&mut self, arguments: &Value) -> Outcome<&str> {
        self.ask("tools/call", arguments)
    }

    pub fn send(&mut self, method: &str, params: &Value) -> Outcome<()> {
        self.requests += 1;
        self.write(&json!({ "jsonrpc": "2.0", "id": self.requests, "method": method, "params": params }))
    }

    fn write(&mut self, message: &Value) -> Outcome<()> {
        let line = format!("{message}\n");
        let input = self.input.as_mut().ok_or("the input is closed")?;
        Ok(input.write_all(line.as_bytes())?)
    }

    /// The next line of the server, which must be a success.
    pub fn receive(&mut self) -> Outcome<&str> {
        self.line.clear();
        self.output.read_line(&mut self.line)?;
        // Looked for in the text, as reading the JSON would be part of what is timed.
        if !self.line.contains("\"result\":{") || self.line.contains("\"isError\":true") {
            return Err(format!("the server answered: {}", self.line).into());
        }
        Ok(&self.line)
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        drop(self.input.take());
        // A server that cannot be waited for ends with this process.
        let _ = self.child.wait();
    }
}

/// The params of a `chat` call in a new thread or in `thread`.
pub fn chat(prompt: &str, files: &[&Path], thread: Option<&str>) -> Value {
    let mut arguments = json!({
        "prompt": prompt, "working_directory_absolute_path": "/", "model": MODEL, "absolute_file_paths": files,
    });
    if let Some(thread) = thread {
        arguments["continuation_id"] = json!(thread);
    }
    json!({ "name": "chat", "arguments": arguments })
}

/// The thread that a reply of `chat` offers to go on in.
pub fn thread_of(reply: &str) -> Outcome<String> {
    let reply: Value = serde_json::from_str(reply)?;
    let text = reply["result"]["content"][0]["text"].as_str().ok_or("the reply has no text")?;
    let output: Value = serde_json::from_str(text)?;
    let id = output["continuation_offer"]["continuation_id"].as_str().ok_or("the reply offers no thread")?;
    Ok(id.to_owned())
}
