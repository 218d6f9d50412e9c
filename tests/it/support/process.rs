//! A `zen stdio` process, spoken to in JSON-RPC as a client does.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::task::{Context, Poll};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, Lines, ReadBuf};
use tokio::process::{Child, Command};

use super::schema::Conversation;
use super::{canary, chat, on, soon};

/// A running `zen stdio` and the client's side of it.
pub struct Zen {
    child: Child,
    input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    output: Lines<BufReader<Overheard>>,
    last_id: u64,
    replies: HashMap<u64, Value>,
    conversation: Conversation,
    /// What came without an id.
    pub notifications: Vec<Value>,
    /// Everything that zen has written, line by line.
    pub heard: Vec<String>,
    errors: Errors,
}

/// What zen writes to standard output: all of it is swept in the end, what nobody asked for too.
struct Overheard {
    stream: Box<dyn AsyncRead + Send + Unpin>,
    said: Vec<u8>,
    /// The same stream, for what is still in it in the end.
    rest: Option<File>,
}

/// The file that zen's standard error goes to.
struct Errors(File);

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
        let mut zen = Self::start_with(command, Stdio::piped(), None);
        zen.input = zen.child.stdin.take().map(|input| Box::new(input) as _);
        zen
    }

    /// Starts `command` with this as its input, which the client writes to by `input`.
    pub fn start_with(
        command: &mut Command,
        stdin: impl Into<Stdio>,
        input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    ) -> Self {
        let errors = Errors::of(command);
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let rest = output.as_fd().try_clone_to_owned().unwrap();
        Self::speak(child, input, Box::new(output), rest, errors)
    }

    /// Starts `command` as Node does: its input and its output are socket pairs.
    pub fn start_on_sockets(command: &mut Command) -> Self {
        let ((ours_in, theirs_in), (ours_out, theirs_out)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let (theirs_in, theirs_out): (OwnedFd, OwnedFd) = (theirs_in.into(), theirs_out.into());
        let errors = Errors::of(command);
        let child = command.stdin(theirs_in).stdout(theirs_out).spawn().unwrap();
        // The command keeps its descriptors; without this the output would never end.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let asynchronous = |stream: UnixStream| {
            stream.set_nonblocking(true).unwrap();
            tokio::net::UnixStream::from_std(stream).unwrap()
        };
        let rest = ours_out.try_clone().unwrap().into();
        let (input, output) = (asynchronous(ours_in), asynchronous(ours_out));
        Self::speak(child, Some(Box::new(input)), Box::new(output), rest, errors)
    }

    fn speak(
        child: Child,
        input: Option<Box<dyn AsyncWrite + Send + Unpin>>,
        output: Box<dyn AsyncRead + Send + Unpin>,
        rest: OwnedFd,
        errors: Errors,
    ) -> Self {
        let output = Overheard { stream: output, said: Vec::new(), rest: Some(rest.into()) };
        let output = BufReader::new(output).lines();
        let (replies, notifications, heard) = (HashMap::new(), Vec::new(), Vec::new());
        let conversation = Conversation::default();
        Self { child, input, output, last_id: 0, replies, conversation, notifications, heard, errors }
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
        self.conversation.sent(bytes);
        input.write_all(bytes).await.unwrap();
        input.flush().await.unwrap();
    }

    /// Writes a piece of a line that is too long to be looked into.
    pub async fn write_unseen(&mut self, bytes: &[u8]) {
        self.input.as_mut().unwrap().write_all(bytes).await.unwrap();
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

    /// The next message that zen writes; None at the end of its output. Every line must be one, by the schema of its version.
    pub async fn next_message(&mut self) -> Option<Value> {
        let line = soon("a message", self.output.next_line()).await.unwrap()?;
        let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not a message: {line:?}"));
        self.conversation.heard(&message);
        self.heard.push(line);
        Some(message)
    }

    /// Reads one message and keeps it for whoever waits for it; false at the end of the output.
    pub async fn listen(&mut self) -> bool {
        match self.next_message().await {
            Some(message) => {
                self.keep(message);
                true
            }
            None => false,
        }
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

    /// The reply to this request, where it has come and nobody has asked for it.
    pub fn take_reply(&mut self, id: u64) -> Option<Value> {
        self.replies.remove(&id)
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
        let nothing = Overheard { stream: Box::new(tokio::io::empty()), said: Vec::new(), rest: None };
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
        self.status().await;
        String::from_utf8(self.errors.written()).unwrap()
    }
}

impl AsyncRead for Overheard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (this, before) = (self.get_mut(), buffer.filled().len());
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.said.extend_from_slice(&buffer.filled()[before..]);
        polled
    }
}

impl Drop for Overheard {
    fn drop(&mut self) {
        if let Some(rest) = &mut self.rest {
            // What is on its way is here already, and nothing is waited for.
            let _ = rest.read_to_end(&mut self.said);
        }
        canary::sweep("stdout", &self.said);
    }
}

impl Errors {
    fn of(command: &mut Command) -> Self {
        let file = tempfile::tempfile().unwrap();
        command.stderr(file.try_clone().unwrap());
        Self(file)
    }

    /// All that it holds; whoever writes to it goes on where he was.
    fn written(&self) -> Vec<u8> {
        let mut bytes = vec![0; usize::try_from(self.0.metadata().unwrap().len()).unwrap()];
        self.0.read_exact_at(&mut bytes, 0).unwrap();
        bytes
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        canary::sweep("stderr", self.written());
    }
}
