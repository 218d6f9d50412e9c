//! `clink`: hands a task to another AI agent that runs as a CLI on this machine, under a role, in a folder inside the
//! roots, with the thread so far. What the CLI may do is its own configuration's to say; zen asks for no more.

mod asking;
pub mod manifest;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::id::{ModelId, ProviderId};
use crate::process::{self, Ended, Heard, Output as Written};
use crate::provider::Category;
use crate::text::nearest::nearest;
use crate::text::sanitise;
use crate::thread::turn::{Consultation, Turn};
use crate::token;
use crate::tools::error::{CliFailure, ToolError};
use crate::tools::reply::{Body, Output, Reply, Status, WITHHELD};
use crate::tools::schema::{Field, Kind, Spec};
use crate::tools::{Call, Progress, Run, Tool, arguments};
use asking::Asking;
use manifest::{Cli, Role};
use reading::{Reading, Understood};

pub struct Clink;

static SPEC: Spec = Spec {
    name: "clink",
    title: "Link to a CLI agent",
    description: "Hand a task to another AI agent installed here as a CLI, which works in the project with its own tools.",
    read_only: false,
    fields: &[
        Field::required("prompt", Kind::Text, "The task with its context"),
        Field::optional("cli_name", Kind::Text, "claude, codex, gemini or one of the user's; default gemini"),
        Field::optional("role", Kind::Text, "default, planner, codereviewer"),
        Field::optional("absolute_file_paths", Kind::Texts, "Named to the agent, which reads them itself"),
        Field::optional("images", Kind::Texts, "Absolute paths"),
        Field::optional("working_directory_absolute_path", Kind::Text, "Where it works; default: the project"),
        Field::CONTINUATION_ID,
    ],
    closed: true,
};

/// Where a call names no CLI.
const DEFAULT_CLI: &str = "gemini";
const DEFAULT_ROLE: &str = "default";
/// A child's zen is told by it how deep it is.
const DEPTH: &str = "ZEN_DEPTH";
/// Bytes of standard error that are kept, and characters of it and of output that a failure shows.
const MAX_COMPLAINT: usize = 16 << 10;
const SHOWN: usize = 2_000;
/// Characters of the agent's own summary, where the reply is cut.
const MAX_SUMMARY: usize = 6_000;
/// A longer line is not shown while it comes.
const MAX_LIVE_LINE: usize = 1 << 20;

const SET_UP: &str =
    "Install the CLI and log in to it in a terminal, or describe it in a manifest (`clink.manifests`).";
const LOOK: &str = "Read what it wrote; try the same command in a terminal to see whether it is logged in.";

#[derive(Deserialize)]
struct Request {
    prompt: String,
    cli_name: Option<String>,
    role: Option<String>,
    #[serde(default, rename = "absolute_file_paths")]
    paths: Vec<String>,
    #[serde(default)]
    images: Vec<String>,
    #[serde(rename = "working_directory_absolute_path")]
    working_directory: Option<String>,
}

impl Tool for Clink {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn category(&self) -> Option<Category> {
        Some(Category::Balanced)
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let started = call.clock.wall();
            let request: Request = arguments::decode(&SPEC, call.arguments.as_deref())?;
            may_start(call)?;
            let cli = Arc::clone(pick(call, request.cli_name.as_deref())?);
            let role_name = request.role.as_deref().unwrap_or(DEFAULT_ROLE).to_owned();
            let role = pick_role(&cli, &role_name)?;
            let asking = Asking::prepare(call, &cli, role, request).await?;
            let (asked, took, result) = ask(call, &cli, asking).await;
            let (understood, written) = result?;
            let consultation = account(&cli, &understood, &asked.text, took);
            let output = told(call, &cli, &role_name, &understood, &written, &consultation, &asked);
            let turn = Turn {
                answer: Some(understood.text.into()),
                files: asked.files,
                refused: asked.refused,
                consultations: vec![consultation],
                ended: call.clock.wall(),
                ..Turn::new(SPEC.name, asked.prompt, started)
            };
            Ok(Reply { body: Body::Output(output), turn: Some(turn) })
        })
    }
}

/// Whether this call may start a CLI at all.
fn may_start(call: &Call) -> Result<(), ToolError> {
    if !call.principal.is_user() && !call.settings.clink.over_http {
        let hint = "Use zen over stdio, or let the user set `clink.over_http = true` in config.toml.";
        return Err(failure("clink starts programs on this machine and is off over HTTP", hint, Map::new()));
    }
    // Whatever stands there was put there by a zen that started the agent which started this one.
    if !matches!(call.settings.environment.text(DEPTH), Ok(None | Some("0"))) {
        let hint = "Do the task yourself, or ask a model with chat.";
        return Err(failure(
            "this zen was started by an agent that clink started, and starts no further one",
            hint,
            Map::new(),
        ));
    }
    Ok(())
}

fn pick<'a>(call: &'a Call, name: Option<&str>) -> Result<&'a Arc<Cli>, ToolError> {
    let clis = &call.settings.clis;
    let default = || clis.get(DEFAULT_CLI).map_or_else(|| clis.names().next().unwrap_or(DEFAULT_CLI), |cli| &cli.name);
    let wanted = name.unwrap_or_else(default);
    clis.get(wanted).ok_or_else(|| unknown("cli_name", wanted, clis.names()))
}

fn pick_role<'a>(cli: &'a Cli, name: &str) -> Result<&'a Role, ToolError> {
    cli.roles.get(name).ok_or_else(|| unknown("role", name, cli.roles.keys().map(String::as_str)))
}

fn unknown<'a>(field: &str, given: &str, known: impl Iterator<Item = &'a str> + Clone) -> ToolError {
    let given: String = given.chars().take(64).collect();
    let suggestion = nearest(&given, known.clone()).map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
    let known = known.collect::<Vec<_>>().join(", ");
    bad(format!("`{field}` must be one of {known}; '{given}' is none{suggestion}"))
}

fn bad(problem: String) -> ToolError {
    arguments::BadArguments { tool: SPEC.name, problems: vec![problem] }.into()
}

fn failure(message: impl Into<String>, hint: &'static str, details: Map<String, Value>) -> ToolError {
    Box::new(CliFailure { message: message.into(), hint, details }).into()
}

type Asked = (Asking, Duration, Result<(Understood, Written), ToolError>);

/// Runs the CLI and reads its reply.
async fn ask(call: &Call, cli: &Cli, mut asking: Asking) -> Asked {
    let begun = call.clock.now();
    let Some(command) = asking.command.take() else {
        return (asking, Duration::ZERO, Err(ToolError::Internal("a CLI was to be run twice".to_owned())));
    };
    let (provider, model) = (ProviderId::new(cli.name.as_str()), ModelId::new(cli.name.as_str()));
    call.progress.asking(&provider, &model);
    let entry = call.ledger.asking(&provider, &model);
    let ran = call.children.run(command, live(cli.reading, Arc::clone(&call.progress))).await;
    let took = call.clock.elapsed(begun);
    let has_run = !matches!(
        ran,
        Err(process::Error::NotFound(_) | process::Error::NotExecutable(_) | process::Error::Start { .. })
    );
    let result = match ran {
        Ok(written) => understand(call, cli, &written).map(|understood| (understood, written)),
        Err(error) => Err(not_run(call, cli, error)),
    };
    match &result {
        Ok(_) => entry.answered(),
        Err(_) if !has_run => entry.never_asked(),
        Err(_) => drop(entry),
    }
    (asking, took, result)
}

/// Shows what can be shown of the reply while it comes.
fn live(reading: Reading, progress: Arc<dyn Progress>) -> Heard {
    let mut line: Vec<u8> = Vec::new();
    Some(Box::new(move |piece| {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if line.len() < MAX_LIVE_LINE {
                line.extend_from_slice(part);
            }
            if part.ends_with(b"\n") {
                if let Some(text) = reading.live(String::from_utf8_lossy(&line).trim_end()) {
                    progress.text(&text);
                }
                line.clear();
            }
        }
    }))
}

fn not_run(call: &Call, cli: &Cli, error: process::Error) -> ToolError {
    match error {
        process::Error::Cancelled => ToolError::Cancelled,
        process::Error::TimedOut { after, output, .. } => {
            let message = format!(
                "{} took longer than {} s and was ended with all that it started",
                cli.name,
                after.as_secs_f64()
            );
            failure(message, "Ask for less at once, or raise `clink.timeout`.", details(call, cli, &output))
        }
        process::Error::TooMuchOutput { limit, output, .. } => {
            let message = format!("{} wrote more than {limit} bytes and was ended", cli.name);
            failure(message, "Ask for a shorter reply, or raise `clink.max_output`.", details(call, cli, &output))
        }
        error => failure(format!("{} cannot be run: {error}", cli.name), SET_UP, Map::new()),
    }
}

/// The reply, or why it is none.
fn understand(call: &Call, cli: &Cli, written: &Written) -> Result<Understood, ToolError> {
    let stdout = String::from_utf8_lossy(&written.stdout);
    let failed = |message: String| Err(failure(message, LOOK, details(call, cli, written)));
    let understood = cli.reading.understand(&stdout);
    let said = understood.as_ref().and_then(|understood| understood.failure.clone());
    // Some write the reply, or what went wrong, on the other stream.
    let said = said.or_else(|| cli.reading.understand(&String::from_utf8_lossy(&written.stderr))?.failure);
    match understood {
        Some(understood) if understood.failure.is_none() && !understood.text.trim().is_empty() => {
            // A reply of the known shape counts, also when the CLI then ended badly.
            if written.is_success() || cli.reading != Reading::Text {
                return Ok(understood);
            }
            failed(format!("{} {}", cli.name, ended(written.ended)))
        }
        _ if said.is_some() => failed(format!("{}: {}", cli.name, clean(call, &said.unwrap_or_default()))),
        None if written.is_success() && !stdout.trim().is_empty() => {
            Ok(Understood { text: stdout.trim().to_owned(), ..Understood::default() })
        }
        _ if written.is_success() => failed(format!("{} ended without a reply", cli.name)),
        _ => failed(format!("{} {}", cli.name, ended(written.ended))),
    }
}

fn ended(ended: Ended) -> String {
    match ended {
        Ended::Code(code) => format!("ended with code {code}"),
        Ended::Signal(signal) => format!("was ended by signal {signal}"),
        Ended::Unknown => "ended in an unknown way".to_owned(),
    }
}

/// What the CLI wrote, harmless and without keys: the end of its complaints and the beginning of its output.
fn details(call: &Call, cli: &Cli, written: &Written) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("cli_name".to_owned(), cli.name.as_str().into());
    if let Ended::Code(code) = written.ended {
        details.insert("return_code".to_owned(), code.into());
    }
    let stderr = clean(call, &String::from_utf8_lossy(&written.stderr));
    let surplus = stderr.chars().count().saturating_sub(SHOWN);
    details.insert("stderr".to_owned(), stderr.chars().skip(surplus).collect::<String>().into());
    let stdout: String = clean(call, &String::from_utf8_lossy(&written.stdout)).chars().take(SHOWN).collect();
    details.insert("stdout".to_owned(), stdout.into());
    details
}

fn clean(call: &Call, text: &str) -> String {
    sanitise(&call.settings.redactor.redact(text)).trim().to_owned()
}

/// The CLI's part in the turn. What it cost is not known: it may be paid for by a subscription.
fn account(cli: &Cli, understood: &Understood, text: &str, took: Duration) -> Consultation {
    let model = understood.model.as_deref().unwrap_or(&cli.name);
    Consultation {
        asked_as: cli.name.clone(),
        usage: understood.usage,
        estimated_input: token::estimate(text),
        latency: took,
        ..Consultation::new(ProviderId::new(cli.name.as_str()), ModelId::new(model))
    }
}

fn told(
    call: &Call,
    cli: &Cli,
    role: &str,
    understood: &Understood,
    written: &Written,
    consultation: &Consultation,
    asked: &Asking,
) -> Output {
    let usage = json!({ "input_tokens": consultation.usage.input, "output_tokens": consultation.usage.output });
    let mut output = Output::new(Status::Success, understood.text.clone())
        .with("tool_name", SPEC.name)
        .with("conversation_ready", true)
        .with("model_used", consultation.model.as_str())
        .with("provider_used", cli.name.as_str())
        .with("cli_name", cli.name.as_str())
        .with("role", role)
        .with("duration_seconds", consultation.latency.as_secs_f64())
        .with("parser", cli.reading.name())
        .with("usage", usage);
    if let Ended::Code(code) = written.ended {
        output = output.with("return_code", code);
    }
    output.metadata.extend(understood.details.clone());
    if !asked.withheld.is_empty() {
        output = output.with(WITHHELD, json!(asked.withheld));
    }
    if !asked.refused.is_empty() {
        let refused = asked.refused.iter().map(|file| json!({ "path": file.path, "reason": file.reason }));
        output = output.with("files_not_sent", refused.collect::<Value>());
    }
    let is_cut = token::longest_prefix(&understood.text, call.settings.reply_tokens).is_some();
    match summary(&understood.text) {
        Some(summary) if is_cut => output.with("summary", summary),
        _ => output,
    }
}

/// The last summary that the agent wrote.
fn summary(text: &str) -> Option<String> {
    let (_, from) = text.rsplit_once("<SUMMARY>")?;
    let (summary, _) = from.split_once("</SUMMARY>")?;
    Some(summary.trim().chars().take(MAX_SUMMARY).collect())
}
