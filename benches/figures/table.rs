//! One line of the table: what was measured, what came out, and what it should be.

use std::fmt;

/// A figure with its goal, where it has one.
pub struct Figure {
    name: String,
    measured: String,
    goal: String,
    reached: Option<bool>,
}

impl Figure {
    /// A figure that should be at most `goal`.
    pub fn at_most(name: impl Into<String>, measured: f64, goal: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            measured: with_unit(measured, unit),
            goal: format!("<= {}", with_unit(goal, unit)),
            reached: Some(measured <= goal),
        }
    }

    /// A figure that should be at least `goal`.
    pub fn at_least(name: impl Into<String>, measured: f64, goal: f64, unit: &str) -> Self {
        Self {
            name: name.into(),
            measured: with_unit(measured, unit),
            goal: format!(">= {}", with_unit(goal, unit)),
            reached: Some(measured >= goal),
        }
    }

    /// A floor, a peer or a part of another figure.
    pub fn plain(name: impl Into<String>, measured: f64, unit: &str) -> Self {
        Self {
            name: format!("  {}", name.into()),
            measured: with_unit(measured, unit),
            goal: String::new(),
            reached: None,
        }
    }

    pub fn heading() -> String {
        line("figure", "measured", "goal", "ok")
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ok = match self.reached {
            None => "",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        f.write_str(&line(&self.name, &self.measured, &self.goal, ok))
    }
}

fn line(name: &str, measured: &str, goal: &str, ok: &str) -> String {
    format!("{name:<64} | {measured:>14} | {goal:>12} | {ok}")
}

/// Three digits that mean something are enough.
fn with_unit(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        _ if value.fract() == 0.0 => 0,
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits$} {unit}").trim_end().to_owned()
}
