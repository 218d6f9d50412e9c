//! What integration tests speak: a zen process with a home of its own, and the replies it gives. A wait that takes too
//! long fails its test; nothing sleeps.

pub mod canary;
pub mod engine;
pub mod frames;
pub mod web;
pub mod place;
pub mod process;
pub mod schema;
pub mod screen;
pub mod watch;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use zen::rehearsal::Recorded;

/// Far longer than anything here takes, so that only a hang fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for `future`, but not for ever.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// Notes that a test, or a part of it, was not run, and why.
#[allow(clippy::print_stderr, reason = "a skipped test says so")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// The arguments of a plain chat.
pub fn chat(prompt: &str) -> Value {
    json!({ "prompt": prompt, "working_directory_absolute_path": "/tmp" })
}

/// The arguments of a chat about files.
pub fn chat_with(prompt: &str, files: &[&str]) -> Value {
    let mut arguments = chat(prompt);
    arguments["absolute_file_paths"] = json!(files);
    arguments
}

/// The same arguments, in this thread.
pub fn on(thread: &str, mut arguments: Value) -> Value {
    arguments["continuation_id"] = json!(thread);
    arguments
}

/// A file of this repository.
pub fn repository_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Everything that a model was shown, its messages one after the other.
pub fn shown(request: &Recorded) -> String {
    request.messages.iter().map(|(role, text)| format!("<{role}> {text}\n")).collect()
}

/// How often `part` stands in `text`.
pub fn times(text: &str, part: &str) -> usize {
    text.matches(part).count()
}

/// Panics unless each of `parts` stands in `text` behind the one before.
pub fn assert_in_order(text: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        let found = text[from..].find(part).unwrap_or_else(|| panic!("no {part:?} behind byte {from} of:\n{text}"));
        from += found + part.len();
    }
}
