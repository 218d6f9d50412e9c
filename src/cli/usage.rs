//! `zen usage`: what models took and cost in running zen processes, since each of them was started.

use std::io;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use serde::Serialize;

use crate::cli::flags::ConfigFlags;
use crate::cli::output::{Exit, Streams, Table};
use crate::cli::processes::{self, Asked, name_of};
use crate::config::Environment;
use crate::control::Control as _;
use crate::control::client::Client;
use crate::control::types::Hello;
use crate::control::types::spending::Spending;
use crate::thread::ledger::{By, Entry, Line, Statement, Sum};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// By what it is summed up
    #[arg(long, value_name = "WHAT", default_value = "model")]
    by: By,
    #[command(flatten)]
    asked: Asked,
}

impl ValueEnum for By {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()))
    }
}

/// What one process has spent.
#[derive(Serialize)]
struct Of {
    process: String,
    total: Sum,
    #[serde(flatten)]
    spending: Spending,
}

pub fn run(args: &Args, flags: &ConfigFlags, environment: &Environment, streams: &mut Streams) -> Exit {
    let ask = async |client: &Client| client.spending().await;
    let answered = match processes::ask(&args.asked, flags, environment, streams, ask) {
        Ok(answered) => answered,
        Err(exit) => return exit,
    };
    let of = |(hello, spending): (Hello, Spending)| {
        let total = statement(spending.clone()).total();
        Of { process: name_of(&hello), total, spending }
    };
    let all: Vec<_> = answered.into_iter().map(of).collect();
    let written = if args.asked.json { streams.json(&all) } else { print(all, args.by, streams) };
    streams.settle(written.map(|()| Exit::Ok))
}

fn statement(Spending { since, lines, .. }: Spending) -> Statement {
    Statement { since, entries: lines.into_iter().map(Entry::from).collect() }
}

fn print(all: Vec<Of>, by: By, streams: &mut Streams) -> io::Result<()> {
    let of = all.len();
    let Some(statement) = Statement::joined(all.into_iter().map(|one| statement(one.spending))) else { return Ok(()) };
    let heading = by.as_str().to_uppercase();
    let mut table =
        (1..=5).fold(Table::new([&*heading, "ASKED", "IN VAIN", "TOKENS IN", "TOKENS OUT", "DOLLARS"]), Table::right);
    let total = Line { name: Some("all".to_owned()), sum: statement.total() };
    for Line { name, sum } in statement.by(by).into_iter().chain([total]) {
        let [input, output] = sum.tokens_told();
        let name = streams.shown(name.as_deref().unwrap_or("-")).into_owned();
        table.row([name, sum.consultations().to_string(), sum.failed.to_string(), input, output, sum.cost_told()]);
    }
    streams.table(&table)?;
    let processes = if of == 1 { "1 process".to_owned() } else { format!("{of} processes") };
    streams.line(format_args!("of {processes}, since {}; what was before is not kept", statement.since.rfc3339()))
}
