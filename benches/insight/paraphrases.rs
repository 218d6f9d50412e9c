//! Loops written by hand: the last step says in other words what the first said.

use super::traces::Trace;

pub fn paraphrases() -> Vec<Trace> {
    include_str!("texts/paraphrases.txt").split("\n\n").map(trace).collect()
}

fn trace(block: &'static str) -> Trace {
    let mut lines = block.lines();
    let question = lines.next().unwrap_or_default();
    let steps: Vec<String> = lines.map(str::to_owned).collect();
    Trace { question, from: steps.len(), steps, repeats: Some(1) }
}
