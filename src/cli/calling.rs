//! What `call` and `ask` share: one call of a tool, by the way that an agent's calls take, in a process of its own or in
//! one that runs; its progress on standard error; its result as text or JSON.

mod progress;

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use crate::cli::flags::ConfigFlags;
use crate::cli::launch::{self, Launched};
use crate::cli::output::{Exit, Streams};
use crate::cli::processes::{self, Failed, name_of, refused};
use crate::config::{Config, Environment};
use crate::control::discovery::Found;
use crate::control::types::{Face, ToolCall, ToolResult};
use crate::control::{Control, ControlError};
use crate::text::nearest::nearest;
use crate::unit::Tokens;

/// What one call may carry and bring where no client stands between that takes less.
const NO_CLIENT: Tokens = Tokens(10_000_000);
/// How long the log and the control socket may take to be done with once the answer is there.
const CLOSE_GRACE: Duration = Duration::from_millis(200);
/// The argument by which a tool goes on in a thread.
const THREAD: &str = "continuation_id";

/// Where a call is made, and how its result is told.
#[derive(Debug, clap::Args)]
pub struct Way {
    /// Go on in this thread of a running zen process: its id, or its beginning where that is unique
    #[arg(long, value_name = "ID")]
    thread: Option<String>,
    /// Call in this running zen process, by its pid, its folder's name or its control socket; the thread stays there
    #[arg(long, value_name = "PROCESS")]
    attach: Option<String>,
    /// The answer alone, or all that an agent would get
    #[arg(long, short, value_name = "FORM", default_value = "text")]
    output: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
}

/// A tool by name, with what it is to be given.
pub struct Request {
    pub tool: String,
    pub arguments: Map<String, Value>,
}

/// Makes the call and tells its result.
pub fn run(request: Request, way: &Way, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let (runtime, config) = match launch::prepare(flags, environment, streams) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let ended = runtime.block_on(async {
        if way.thread.is_some() || way.attach.is_some() {
            there(request, way, &config, environment, streams).await
        } else {
            here(request, way, config, environment, streams).await
        }
    });
    runtime.shutdown_background();
    Failed::settle(ended, streams)
}

/// In an engine of its own, which ends with the call, and its thread with it.
async fn here(
    request: Request,
    way: &Way,
    mut config: Config,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Exit, Failed> {
    config.tools.max_output = config.tools.max_output.max(NO_CLIENT);
    let Launched { server, service, control, log: _log, .. } =
        launch::launch(Face::Call, false, config, environment, streams)?;
    let shutdown = server.engine.shutdown.clone();
    let called = tokio::select! {
        called = make(&service, request, streams) => called,
        () = shutdown.begun() => {
            streams.complain("the call was given up");
            Err(Failed::Exit(Exit::Failed))
        }
    };
    shutdown.begin();
    shutdown.drained(CLOSE_GRACE).await;
    server.engine.children.end().await;
    if let Some(control) = control {
        control.close().await;
    }
    tell(called?, None, way, streams)
}

/// In a process that runs: the named one, or the one that holds the thread.
async fn there(
    mut request: Request,
    way: &Way,
    config: &Config,
    environment: &Environment,
    streams: &mut Streams,
) -> Result<Exit, Failed> {
    let dir = launch::socket_dir(config, environment);
    let mut found = processes::find(way.attach.as_deref(), dir.as_deref(), streams).await?;
    let process = match &way.thread {
        Some(thread) => {
            let (process, id) = holding(&found, thread, streams).await?;
            request.arguments.insert(THREAD.to_owned(), id.into());
            process.clone()
        }
        // A name means one process.
        None => found.pop().ok_or(Failed::Exit(Exit::Unreachable))?,
    };
    let result = make(&process.client, request, streams).await?;
    tell(result, Some(&name_of(&process.hello)), way, streams)
}

/// The process that holds the one thread whose id begins with `wanted`, and the whole id.
async fn holding<'a>(
    processes: &'a [Found],
    wanted: &str,
    streams: &mut Streams,
) -> Result<(&'a Found, String), Failed> {
    let wanted = wanted.trim().to_ascii_lowercase();
    let mut held = Vec::new();
    for process in processes {
        // A process that ends while it is asked holds nothing any more.
        let Ok(threads) = process.client.search(String::new()).await else { continue };
        let ids = threads.into_iter().map(|thread| thread.id.to_string());
        held.extend(ids.filter(|id| id.starts_with(&wanted)).map(|id| (process, id)));
    }
    match (held.pop(), held.is_empty()) {
        (Some(held), true) => Ok(held),
        (Some(_), false) => {
            streams.complain(format_args!("more than one thread begins with '{wanted}': give more of the id"));
            Err(Exit::Usage.into())
        }
        (None, _) => {
            streams.complain(format_args!("no running process holds a thread '{wanted}': see `zen threads list`"));
            Err(Exit::NotFound.into())
        }
    }
}

/// Makes the call; meanwhile its progress is shown where a person watches.
async fn make(control: &dyn Control, request: Request, streams: &mut Streams) -> Result<ToolResult, Failed> {
    let Request { tool, arguments } = request;
    let known = control.tools().await.map_err(|error| refused(&error, streams))?;
    if known.iter().all(|one| one.name != tool) {
        let names = known.iter().map(|tool| tool.name.as_str());
        let hint = nearest(&tool, names)
            .map_or_else(|| "`zen call` lists them".to_owned(), |name| format!("did you mean '{name}'?"));
        streams.complain(format_args!("no tool is called '{tool}': {hint}"));
        return Err(Exit::NotFound.into());
    }
    let arguments = to_raw_value(&arguments).map_err(std::io::Error::from)?;
    // Who watches late would miss the beginning.
    let updates = if streams.err_is_terminal { progress::watch(control, &tool).await } else { None };
    let called = control.call(ToolCall { tool, arguments });
    let called = match updates {
        Some(watch) => tokio::select! {
            called = called => {
                progress::clear(&mut *streams.err);
                called
            }
            never = watch.show(&mut *streams.err) => match never {},
        },
        None => called.await,
    };
    called.map_err(|error| match error {
        // The process said why it does not make such a call.
        ControlError::Refused(refusal) => {
            streams.complain(refusal);
            Exit::Usage.into()
        }
        error @ ControlError::Unreachable(_) => refused(&error, streams).into(),
    })
}

/// The result: an answer to standard output, an error to standard error, and what should be known beside it.
fn tell(result: ToolResult, process: Option<&str>, way: &Way, streams: &mut Streams) -> Result<Exit, Failed> {
    let exit = if result.is_error { Exit::Failed } else { Exit::Ok };
    let mut value = serde_json::from_str(&result.text).unwrap_or(Value::Null);
    if process.is_none()
        && let Some(offer) = value.get_mut("continuation_offer")
    {
        // Its thread ended with the engine.
        *offer = Value::Null;
    }
    if way.output == Form::Json {
        let plain = || json!({ "content": result.text, "is_error": result.is_error });
        streams.json(&if value.is_null() { plain() } else { value })?;
        return Ok(exit);
    }
    let content = value.get("content").and_then(Value::as_str).unwrap_or(&result.text);
    if result.is_error {
        streams.complain(crate::text::sanitise(content));
        return Ok(exit);
    }
    let answer = streams.shown(content.trim_end()).into_owned();
    streams.line(answer)?;
    streams.out.flush()?;
    notes(&value["metadata"], streams);
    if let (Some(process), Some(id)) = (process, value["continuation_offer"][THREAD].as_str())
        && streams.err_is_terminal
    {
        let process = crate::text::sanitise_line(process).into_owned();
        streams.complain(format_args!("to go on in {process}: --thread {}", id.get(..8).unwrap_or(id)));
    }
    Ok(exit)
}

/// What an answer alone would hide: how it ended, and what the model was not shown.
fn notes(metadata: &Value, streams: &mut Streams) {
    let mut note = |what: &str, said: &dyn Display| {
        let said = said.to_string();
        streams.complain(format_args!("{what}{}", crate::text::sanitise(&said)));
    };
    for (key, what) in [("notice", ""), ("fallback_reason", "another model answered, for ")] {
        if let Some(said) = metadata[key].as_str() {
            note(what, &said);
        }
    }
    for file in metadata["files_not_sent"].as_array().into_iter().flatten() {
        let (path, reason) = (file["path"].as_str().unwrap_or("?"), file["reason"].as_str().unwrap_or("?"));
        note("not sent: ", &format_args!("{path}: {reason}"));
    }
    for (key, what) in [("left_out", "left out: "), ("secrets_withheld", "withheld: ")] {
        for said in metadata[key].as_array().into_iter().flatten() {
            note(what, &said.as_str().map_or_else(|| said.to_string(), str::to_owned));
        }
    }
}

/// The folder in which the person stands, for a tool that asks for one.
pub fn standing() -> String {
    std::env::current_dir().map_or_else(|_| "/".to_owned(), |folder| folder.to_string_lossy().into_owned())
}

/// A path as it was typed, from the root on.
pub fn from_root(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}
