//! `usage`: what the caller's consultations took and cost since zen was started. Asks nobody and looks nothing up.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::thread::ledger::{By, Line, Statement, Sum};
use crate::tools::reply::{Body, Output, Reply, Status};
use crate::tools::schema::{Field, Spec};
use crate::tools::{Call, Run, Tool, arguments};

pub struct Usage;

static SPEC: Spec = Spec {
    name: "usage",
    title: "Usage",
    description: "What models have cost you since zen was started, and the tokens they took.",
    read_only: true,
    fields: &[Field::choice("by", &["model", "tool", "thread", "day", "provider"], "model", "")],
    closed: true,
};

/// Lines of one answer; what is behind them is summed up in one.
const MAX_LINES: usize = 12;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    by: By,
}

impl Tool for Usage {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run<'a>(&'a self, call: &'a Call) -> Run<'a> {
        Box::pin(async move {
            let Request { by } = arguments::decode(&SPEC, call.arguments.as_deref())?;
            let content = told(&call.ledger.statement(), by);
            let output = Output::new(Status::Success, content).with("tool_name", SPEC.name);
            Ok(Reply { body: Body::Output(output), turn: None })
        })
    }
}

fn told(statement: &Statement, by: By) -> String {
    let since = statement.since.rfc3339();
    let total = statement.total();
    if total.consultations() == 0 {
        return format!("No model was asked since this zen was started ({since}). What was before is not kept.");
    }
    let mut text =
        format!("Since this zen was started ({since}); what was before is not kept.\nall: {}", figures(&total));
    if total.cost_unknown > 0 {
        let _ = write!(text, "; of {} the cost is not known", total.cost_unknown);
    }
    let lines = statement.by(by);
    let shown = if lines.len() > MAX_LINES { MAX_LINES - 1 } else { lines.len() };
    let (first, others) = lines.split_at(shown);
    let _ = write!(text, "\n\nby {}:", by.as_str());
    for Line { name, sum } in first {
        let _ = write!(text, "\n{}: {}", name.as_deref().unwrap_or("no thread"), figures(sum));
    }
    if !others.is_empty() {
        let sum = others.iter().fold(Sum::default(), |sum, line| sum.and(line.sum));
        let _ = write!(text, "\n{} others: {}", others.len(), figures(&sum));
    }
    text
}

/// `3 asked (1 in vain), 1200 tokens in, 340 out, >=0.001234 dollars`.
fn figures(sum: &Sum) -> String {
    let [input, output] = sum.tokens_told();
    let in_vain = if sum.failed > 0 { format!(" ({} in vain)", sum.failed) } else { String::new() };
    let cost = sum.cost_told();
    format!("{} asked{in_vain}, {input} tokens in, {output} out, {cost} dollars", sum.consultations())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thread::ledger::{Entry, Subject};
    use crate::unit::{MicroUsd, Tokens, UnixMillis};

    fn entry(model: String, cost: u64, cost_unknown: u64) -> Entry {
        let subject = Subject {
            day: 20_778,
            tool: "chat".into(),
            provider: "google".into(),
            model: model.as_str().into(),
            thread: None,
        };
        let (input, output) = (Tokens(100), Tokens(10));
        Entry { subject, sum: Sum { answered: 1, input, output, cost: MicroUsd(cost), cost_unknown, ..Sum::default() } }
    }

    #[test]
    fn many_models_are_few_lines_and_all_of_the_money() {
        let mut entries: Vec<_> = (1..=40).map(|number| entry(format!("m{number}"), number, 0)).collect();
        entries.push(entry("local".to_owned(), 0, 1));
        let statement = Statement { since: UnixMillis(1_795_219_200_000), entries };
        let text = told(&statement, By::Model);
        assert!(
            text.contains("all: 41 asked, 4100 tokens in, 410 out, >=0.000820 dollars; of 1 the cost is not known"),
            "{text}"
        );
        assert!(text.contains("\nm40: 1 asked, 100 tokens in, 10 out, 0.000040 dollars\nm39: "), "{text}");
        assert!(text.ends_with("\n30 others: 30 asked, 3000 tokens in, 300 out, >=0.000435 dollars"), "{text}");
        assert_eq!(text.lines().count(), 4 + MAX_LINES);
        assert!(text.contains("2026-11-21"), "{text}");
        assert!(told(&statement, By::Day).contains("by day:\n2026-11-21: 41 asked"), "{text}");
    }
}
