//! The numbers that verdicts are measured against, as the configuration has them.

use crate::config::Insight;

/// Shares and similarities are from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// A step repeats an earlier one that has this much more of its phrases than three times what is usual in the thread,
    pub repeat: f64,
    /// or this share of them, whatever is usual,
    pub repeat_most: f64,
    /// or this one, where nearly all of its words stand in that step;
    pub repeat_known: f64,
    /// and a smaller share of new words than this.
    pub repeat_novelty: f64,
    /// A step with a smaller share of new words brings nothing; two in a row are a loop.
    pub stall: f64,
    /// The last steps are off their question below this similarity to all before them,
    pub drift: f64,
    /// to which this share of their similarity to one another is added.
    pub drift_cohesion: f64,
    /// How far, in standard deviations, steps may thin out in sum before it is said.
    pub thinning: f64,
    /// And how surely, in standard errors, they go on to become shorter.
    pub thinning_descent: f64,
    /// An answer that stands for two steps is final where the last has a smaller share of new words.
    pub settled: f64,
    /// Steps after a verdict in which nothing is asked.
    pub cooldown: u32,
    /// There is a judge for verdicts in doubt.
    pub judged: bool,
}

impl From<&Insight> for Thresholds {
    fn from(section: &Insight) -> Self {
        let share = |thousandths: u32| f64::from(thousandths) / 1_000.0;
        Self {
            repeat: share(section.repeat),
            repeat_most: share(section.repeat_most),
            repeat_known: share(section.repeat_known),
            repeat_novelty: share(section.repeat_novelty),
            stall: share(section.stall),
            drift: share(section.drift),
            drift_cohesion: share(section.drift_cohesion),
            thinning: share(section.thinning),
            thinning_descent: share(section.thinning_descent),
            settled: share(section.settled),
            cooldown: section.cooldown,
            judged: section.judge,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::from(&Insight::default())
    }
}
