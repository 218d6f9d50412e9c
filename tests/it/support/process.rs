//! A `zen stdio` process, spoken to in JSON-RPC as a client does.

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, Command};

use super::{chat, on, soon};

/// A running `zen stdio` and the client's side of it.
pub struct Zen {
    child: Child,
    input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    output: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    last_id: u64,
    replies: HashMap<u64, Value>,
    /// What came without an id.
    pub notifications: Vec<Value>,
    /// Everything that zen has written, line by line.
    pub heard: Vec<String>,
}

/// The result of a tool call.
#[derive(Clone, Debug)]
pub struct ToolReply {
    pub text: String,
    pub is_error: bool,
}

impl ToolReply {
    pub fn of(reply: &Value) -> Self {
        let result = &reply["result"];
        let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text in {reply}"));
        Self { text: text.to_owned(), is_error: result["isError"].as_bool().unwrap() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    /// What the agent reads.
    pub fn content(&self) -> String {
        self.json()["content"].as_str().unwrap().to_owned()
    }

    pub fn status(&self) -> String {
        self.json()["status"].as_str().unwrap().to_owned()
    }

    pub fn metadata(&self, key: &str) -> Value {
        self.json()["metadata"][key].clone()
    }

    /// The id by which the thread goes on.
    pub fn continuation_id(&self) -> String {
        let value = self.json();
        let id = value["continuation_offer"]["continuation_id"].as_str();
        id.unwrap_or_else(|| panic!("no offer in {}", self.text)).to_owned()
    }

    pub fn remaining_turns(&self) -> u64 {
        self.json()["continuation_offer"]["remaining_turns"].as_u64().unwrap_or_else(|| panic!("{}", self.text))
    }
}

impl Zen {
    /// Starts `command`, a `zen stdio`, with pipes.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let output = child.stdout.take().unwrap();
        Self::speak(child, Some(Box::new(input)), Box::new(output))
    }

    /// Starts `command` with this as its input, which the client writes to by `input`.
    pub fn start_with(
        command: &mut Command,
        stdin: impl Into<Stdio>,
        input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    ) -> Self {
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        Self::speak(child, input, Box::new(output))
    }

    /// Starts `command` as Node does: its input and its output are socket pairs.
    pub fn start_on_sockets(command: &mut Command) -> Self {
        let ((ours_in, theirs_in), (ours_out, theirs_out)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let (theirs_in, theirs_out): (std::os::fd::OwnedFd, std::os::fd::OwnedFd) =
            (theirs_in.into(), theirs_out.into());
        let child = command.stdin(theirs_in).stdout(theirs_out).stderr(Stdio::piped()).spawn().unwrap();
        // The command keeps its descriptors; without this the output would never end.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let asynchronous = |stream: UnixStream| {
            stream.set_nonblocking(true).unwrap();
            tokio::net::UnixStream::from_std(stream).unwrap()
        };
        Self::speak(child, Some(Box::new(asynchronous(ours_in))), Box::new(asynchronous(ours_out)))
    }

    fn speak(
        child: Child,
        input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
        output: Box<dyn AsyncRead + Send + Unpin>,
    ) -> Self {
        let output = BufReader::new(output).lines();
        let (replies, notifications, heard) = (HashMap::new(), Vec::new(), Vec::new());
        Self { child, input, output, last_id: 0, replies, notifications, heard }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    pub async fn initialize(&mut self, version: &str) -> Value {
        let params = json!({
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": { "name": "test-client", "version": "1" },
        });
        let reply = self.request("initialize", params).await;
        self.notify("notifications/initialized", json!({})).await;
        reply
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).await.unwrap();
        input.flush().await.unwrap();
    }

    pub async fn write_line(&mut self, line: &str) {
        self.write(format!("{line}\n").as_bytes()).await;
    }

    /// Writes a line and waits for the next message, whatever it is.
    pub async fn answer_to(&mut self, line: &str) -> Value {
        self.write_line(line).await;
        self.next_message().await.expect("an answer")
    }

    /// Sends a request and does not wait for its reply.
    pub async fn send(&mut self, method: &str, params: Value) -> u64 {
        self.last_id += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params });
        self.write_line(&request.to_string()).await;
        self.last_id
    }

    pub async fn notify(&mut self, method: &str, params: Value) {
        let notification = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.write_line(&notification.to_string()).await;
    }

    /// The client takes a request back.
    pub async fn cancel(&mut self, id: u64) {
        self.notify("notifications/cancelled", json!({ "requestId": id, "reason": "enough" })).await;
    }

    /// The next message that zen writes; None at the end of its output. Every line must be one.
    pub async fn next_message(&mut self) -> Option<Value> {
        let line = soon("a message", self.output.next_line()).await.unwrap()?;
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a message: {line:?}"));
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
        self.heard.push(line);
        Some(message)
    }

    fn keep(&mut self, message: Value) {
        match message["id"].as_u64() {
            Some(id) => assert!(self.replies.insert(id, message).is_none(), "one reply a request"),
            None => self.notifications.push(message),
        }
    }

    /// Waits for the reply to this request; others are kept for those who wait for them.
    pub async fn reply(&mut self, id: u64) -> Value {
        loop {
            if let Some(reply) = self.replies.remove(&id) {
                return reply;
            }
            let message = self.next_message().await.expect("zen ended before it replied");
            self.keep(message);
        }
    }

    /// Whether a reply to this request has come and nobody has asked for it.
    pub fn has_reply(&self, id: u64) -> bool {
        self.replies.contains_key(&id)
    }

    pub async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.reply(id).await
    }

    /// A round trip: what zen has read before is read, and its reader waits for more.
    pub async fn ping(&mut self) {
        let reply = self.request("ping", json!({})).await;
        assert_eq!(reply["result"], json!({}));
    }

    pub async fn send_call(&mut self, tool: &str, arguments: Value) -> u64 {
        self.send("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    pub async fn called(&mut self, id: u64) -> ToolReply {
        ToolReply::of(&self.reply(id).await)
    }

    pub async fn call(&mut self, tool: &str, arguments: Value) -> ToolReply {
        let id = self.send_call(tool, arguments).await;
        self.called(id).await
    }

    pub async fn chat(&mut self, prompt: &str) -> ToolReply {
        self.call("chat", chat(prompt)).await
    }

    pub async fn chat_on(&mut self, thread: &str, prompt: &str) -> ToolReply {
        self.call("chat", on(thread, chat(prompt))).await
    }

    /// Closes zen's input, as a client does that goes away.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Closes the end that the client reads from.
    pub fn close_output(&mut self) {
        let nothing: Box<dyn AsyncRead + Send + Unpin> = Box::new(tokio::io::empty());
        self.output = BufReader::new(nothing).lines();
    }

    /// Waits until zen has ended by itself, its output first; says with which code. Replies that came on the way are kept.
    pub async fn ended(&mut self) -> Option<i32> {
        while let Some(message) = self.next_message().await {
            self.keep(message);
        }
        self.status().await.code()
    }

    pub async fn status(&mut self) -> ExitStatus {
        soon("zen to end", self.child.wait()).await.unwrap()
    }

    /// What zen has written to standard error, once it has ended.
    pub async fn complaints(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut errors) = self.child.stderr.take() {
            soon("the end of stderr", errors.read_to_string(&mut text)).await.unwrap();
        }
        text
    }
}
