//! How often the monitor is right: `cargo bench --bench insight`. Traces are made by a seed from texts whose other half the
//! thresholds were tuned to; with `-- --tune` it is shown for that half. Traces of one text are alike, so that a figure is
//! known to a few in a hundred only. Then what a step takes, and what a thread holds.

/// What is counted, and on what.
mod insight {
    pub mod corpus;
    pub mod cost;
    pub mod count;
    pub mod paraphrases;
    pub mod traces;
}

use std::io::Write as _;

use insight::corpus::Half;
use insight::count::{Counts, count};
use insight::traces::{Class, traces};
use insight::{cost, paraphrases};
use zen::insight::thresholds::Thresholds;

/// Traces of a class.
const TRACES: usize = 100;
const SEED: u64 = 2026;

/// A line of the table: what was counted on which class, and the goal.
type Row = (&'static str, Class, fn(&Counts) -> usize, Option<Goal>, &'static str, &'static str);

#[derive(Clone, Copy)]
enum Goal {
    AtLeast(usize),
    AtMost(usize),
}

/// Beside each: what the older monitor and the prototype after it had in a hundred, on other texts.
const ROWS: [Row; 15] = [
    ("loop, where there is none", Class::Progressing, |c| c.looped, Some(Goal::AtMost(5)), "4", "4"),
    ("loop, none, all steps in one form", Class::InTemplate, |c| c.looped, None, "84", "4"),
    ("loop, none, one aside", Class::OneAside, |c| c.looped, None, "4", "4"),
    ("loop, light edits", Class::LightEdits, |c| c.loop_caught, Some(Goal::AtLeast(95)), "100", "100"),
    ("  the right step named", Class::LightEdits, |c| c.loop_named, None, "", ""),
    ("loop, 40 % of words replaced", Class::Replaced, |c| c.loop_caught, None, "74", "57"),
    ("  the right step named", Class::Replaced, |c| c.loop_named, None, "", ""),
    ("drift, where there is none", Class::Progressing, |c| c.drifted, Some(Goal::AtMost(25)), "33", "24"),
    ("drift, none, all steps in one form", Class::InTemplate, |c| c.drifted, None, "15", "22"),
    ("drift, one aside", Class::OneAside, |c| c.drifted, None, "36", "32"),
    ("drift, topic switch", Class::TopicSwitch, |c| c.drift_caught, Some(Goal::AtLeast(90)), "70", "96"),
    ("thinning, where there is none", Class::Progressing, |c| c.thinned, Some(Goal::AtMost(2)), "10", "1"),
    ("thinning, none, all steps in one form", Class::InTemplate, |c| c.thinned, None, "1", "1"),
    ("thinning, one aside", Class::OneAside, |c| c.thinned, None, "8", "0"),
    ("thinning, thinning steps", Class::Thinning, |c| c.thinning_caught, Some(Goal::AtLeast(90)), "26", "94"),
];

fn main() -> std::io::Result<()> {
    let half = if std::env::args().any(|word| word == "--tune") { Half::Thresholds } else { Half::Report };
    let thresholds = Thresholds::default();
    let counted = Class::ALL.map(|class| (class, count(&traces(class, half, TRACES, SEED), thresholds)));

    let mut out = std::io::stdout().lock();
    writeln!(out, "{TRACES} traces a class, {half:?} half, seed {SEED}")?;
    writeln!(
        out,
        "{:<40} | {:>5} | {:>6} | {:>3} | {:>5} | {:>9}",
        "of 100", "zen", "goal", "ok", "older", "prototype"
    )?;
    for (name, class, of, goal, older, prototype) in ROWS {
        let value = counted.iter().find(|(other, _)| *other == class).map_or(0, |(_, counts)| of(counts));
        let (shown, ok) = match goal {
            None => (String::new(), ""),
            Some(Goal::AtLeast(least)) => (format!(">= {least}"), if value >= least { "yes" } else { "NO" }),
            Some(Goal::AtMost(most)) => (format!("<= {most}"), if value <= most { "yes" } else { "NO" }),
        };
        writeln!(out, "{name:<40} | {value:>5} | {shown:>6} | {ok:>3} | {older:>5} | {prototype:>9}")?;
    }
    let by_hand = paraphrases::paraphrases();
    let counts = count(&by_hand, thresholds);
    writeln!(out, "loops by paraphrase, by hand: {} of {} caught, no goal", counts.loop_caught, counts.traces)?;
    for line in cost::lines() {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
