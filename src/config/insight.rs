//! When the monitor says something of a line of thought: the section `[insight]`, with the keys that set it. Shares and
//! similarities are whole thousandths.

use std::time::Duration;

use super::field::{At, Field, Whole};
use super::key::Key;

/// What verdicts are measured against. The defaults were tuned on one half of the texts of `benches/insight.rs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insight {
    /// Whether threads are watched at all.
    pub enabled: bool,
    /// A step repeats an earlier one that has this much more of its phrases than three times what is usual in the thread,
    pub repeat: u32,
    /// or this share of them, whatever is usual,
    pub repeat_most: u32,
    /// or this one, where nearly all of its words stand in that step;
    pub repeat_known: u32,
    /// and a smaller share of new words than this.
    pub repeat_novelty: u32,
    /// Two steps in a row with a smaller share of new words go nowhere.
    pub stall: u32,
    /// Steps are off the question below this similarity to all before them,
    pub drift: u32,
    /// to which this share of their similarity to one another is added.
    pub drift_cohesion: u32,
    /// How far steps may thin out in sum before it is said; of a standard deviation.
    pub thinning: u32,
    /// And how surely they go on to; of a standard error.
    pub thinning_descent: u32,
    /// An answer that stands for two steps is final where the second has a smaller share of new words.
    pub settled: u32,
    /// Steps after a verdict in which none of its kind is said.
    pub cooldown: u32,
    /// Threads whose state is kept between steps; that of others is made again from their turns.
    pub max_kept: usize,
    /// A model is asked about verdicts in doubt,
    pub judge: bool,
    /// and waited for so long at most.
    pub judge_timeout: Duration,
}

impl Default for Insight {
    fn default() -> Self {
        Self {
            enabled: true,
            repeat: 250,
            repeat_most: 550,
            repeat_known: 250,
            repeat_novelty: 600,
            stall: 60,
            drift: 35,
            drift_cohesion: 450,
            thinning: 2_400,
            thinning_descent: 2_500,
            settled: 300,
            cooldown: 2,
            max_kept: 8,
            judge: false,
            judge_timeout: Duration::from_secs(5),
        }
    }
}

pub const KEYS: [Key; 15] = [
    Key::new(
        "insight.enabled",
        Field::Bool(|d| &mut d.config.insight.enabled),
        "Whether threads are watched for loops, drift and thinning, and asked about them.",
    ),
    thousandths(
        "insight.repeat",
        |d| &mut d.config.insight.repeat,
        1_000,
        "A step repeats an earlier one that has this much more of its phrases than three times what is usual, in thousandths.",
    ),
    thousandths(
        "insight.repeat_most",
        |d| &mut d.config.insight.repeat_most,
        1_000,
        "The share of its phrases in an earlier one from which a step repeats it whatever is usual, in thousandths.",
    ),
    thousandths(
        "insight.repeat_known",
        |d| &mut d.config.insight.repeat_known,
        1_000,
        "The same where nearly all of its words stand in that step, in thousandths.",
    ),
    thousandths(
        "insight.repeat_novelty",
        |d| &mut d.config.insight.repeat_novelty,
        1_000,
        "A step with this share of new words or more repeats nothing, in thousandths.",
    ),
    thousandths(
        "insight.stall",
        |d| &mut d.config.insight.stall,
        1_000,
        "Two steps in a row with a smaller share of new words go nowhere, in thousandths.",
    ),
    thousandths(
        "insight.drift",
        |d| &mut d.config.insight.drift,
        1_000,
        "Steps are off the question below this similarity to all before them, in thousandths.",
    ),
    thousandths(
        "insight.drift_cohesion",
        |d| &mut d.config.insight.drift_cohesion,
        1_000,
        "How much of the similarity of steps to one another is added to insight.drift, in thousandths.",
    ),
    thousandths(
        "insight.thinning",
        |d| &mut d.config.insight.thinning,
        20_000,
        "How far steps may thin out in sum before it is said, in thousandths of a standard deviation.",
    ),
    thousandths(
        "insight.thinning_descent",
        |d| &mut d.config.insight.thinning_descent,
        20_000,
        "How surely steps must go on to become shorter before it is said, in thousandths of a standard error.",
    ),
    thousandths(
        "insight.settled",
        |d| &mut d.config.insight.settled,
        1_000,
        "An answer that stands for two steps is final where the second has a smaller share of new words, in thousandths.",
    ),
    Key::new(
        "insight.cooldown",
        Field::Integer { at: Whole::U32(|d| &mut d.config.insight.cooldown), min: 0, max: 100 },
        "Steps after a question in which none of its kind is asked.",
    ),
    Key::new(
        "insight.max_kept",
        Field::Integer { at: Whole::Usize(|d| &mut d.config.insight.max_kept), min: 0, max: 1_000 },
        "Threads whose monitor is kept between steps, each with 312 kB at most; of others it is made again from the turns.",
    ),
    Key::new(
        "insight.judge",
        Field::Bool(|d| &mut d.config.insight.judge),
        "Where a question of the monitor is in doubt, ask the cheapest model that is healthy, within the spend limits. It is \
         shown the steps in question.",
    ),
    Key::cap(
        "insight.judge_timeout",
        Field::Duration {
            at: |d| &mut d.config.insight.judge_timeout,
            min: Duration::from_millis(100),
            max: Duration::from_secs(60),
        },
        "How long a call waits for that model at most; then what the numbers say stands.",
    ),
];

const fn thousandths(name: &'static str, at: At<u32>, max: u64, sentence: &'static str) -> Key {
    Key::new(name, Field::Integer { at: Whole::U32(at), min: 0, max }, sentence)
}
