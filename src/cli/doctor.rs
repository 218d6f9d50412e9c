//! `zen doctor`: looks at everything that zen needs, changes nothing, and says of each failure what to do.

mod checks;

use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams, Table};
use crate::config::Environment;

#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with 1 where something fails; a note is no failure.")]
pub struct Args {
    /// Ask no provider anything
    #[arg(long)]
    offline: bool,
    /// Answer in JSON, with the value and the source of every key of the configuration
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    area: &'static str,
    result: Outcome,
    what: String,
    /// What a person can do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Ok,
    /// Fit to be known; it hinders nothing.
    Note,
    Failed,
}

/// A key of the configuration with its value in force.
#[derive(Serialize)]
struct Sourced {
    key: &'static str,
    value: String,
    source: String,
}

#[derive(Default, Serialize)]
struct Report {
    findings: Vec<Finding>,
    configuration: Vec<Sourced>,
}

impl Report {
    fn ok(&mut self, area: &'static str, what: impl Into<String>) {
        self.findings.push(Finding { area, result: Outcome::Ok, what: what.into(), todo: None });
    }

    fn note(&mut self, area: &'static str, what: impl Into<String>, todo: impl Into<String>) {
        self.findings.push(Finding { area, result: Outcome::Note, what: what.into(), todo: Some(todo.into()) });
    }

    fn failed(&mut self, area: &'static str, what: impl Into<String>, todo: impl Into<String>) {
        self.findings.push(Finding { area, result: Outcome::Failed, what: what.into(), todo: Some(todo.into()) });
    }
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let mut report = Report::default();
    checks::all(&mut report, args.offline, flags, environment, streams);
    let failed = report.findings.iter().filter(|finding| finding.result == Outcome::Failed).count();
    let exit = if failed == 0 { Exit::Ok } else { Exit::Failed };
    let written = if args.json { streams.json(&report) } else { print(&report, failed, streams) };
    streams.settle(written.map(|()| exit))
}

fn print(report: &Report, failed: usize, streams: &mut Streams) -> std::io::Result<()> {
    let mut table = Table::new(["", "", ""]);
    let line = |text: &str| text.replace(['\n', '\r', '\t'], " ");
    for Finding { area, result, what, todo } in &report.findings {
        let mark = match result {
            Outcome::Ok => "ok",
            Outcome::Note => "note",
            Outcome::Failed => "FAILED",
        };
        table.row([mark.to_owned(), (*area).to_owned(), streams.shown(&line(what)).into_owned()]);
        if let Some(todo) = todo {
            table.row([String::new(), String::new(), format!("-> {}", streams.shown(&line(todo)))]);
        }
    }
    let text = table.render();
    streams.line(text.trim_start_matches('\n').trim_end())?;
    match failed {
        0 => streams.line("\nnothing fails"),
        1 => streams.line("\n1 thing fails"),
        many => streams.line(format_args!("\n{many} things fail")),
    }
}
