//! Whether steps thin out: sums of how far each falls below the first ones in how much it says, how much of that is new,
//! and how much of it can be checked. One thin step is nothing; many are a trend.

use std::collections::VecDeque;

/// Steps that set what is normal.
const BASE: u32 = 3;
/// Values are logarithms; this is their standard deviation among steps of one thread.
const DEVIATION: f64 = 0.4;
/// A fall by less than this many deviations is chance.
const SLACK: f64 = 0.75;
/// One step counts for no more than this: a short one among long ones is no trend.
const MOST_A_STEP: f64 = 1.5;
/// Steps over which a direction is told.
const WINDOW: usize = 8;
const MIN_WINDOW: usize = 5;
/// Steps over which a descent is looked for.
const DESCENT_WINDOW: usize = 16;
/// A change of the logarithm in one step that is a direction: a tenth.
const DIRECTION: f64 = 0.1;

/// What a step gives to go by.
#[derive(Clone, Copy, Debug)]
pub struct Volume {
    /// In bytes.
    pub length: usize,
    /// Distinct content words.
    pub words: usize,
    /// Those that no earlier step had.
    pub new_words: f64,
    /// Numbers and identifiers in a hundred words.
    pub specific: f64,
}

#[derive(Clone, Debug, Default)]
pub struct Trend {
    length: Falling,
    new_words: Falling,
    specific: Falling,
    /// Lengths, the newest last.
    recent: VecDeque<f32>,
    /// How many of them came since what is normal was set anew.
    fresh: usize,
}

/// Which way the steps go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Improving,
    #[default]
    Stable,
    Declining,
    Degrading,
}

/// How far the steps have fallen in sum, in deviations, and since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fall {
    pub length: f64,
    /// How surely the length goes on to fall, in standard errors.
    pub descent: f64,
    /// The smaller of the sums of what is new and of what can be checked: either alone falls in good threads too.
    pub substance: f64,
    pub since: u32,
}

impl Trend {
    pub fn take(&mut self, step: u32, volume: Volume) -> Fall {
        let length = ((1.0 + volume.length as f64) * (1.0 + volume.words as f64)).ln() / 2.0;
        self.length.take(step, length);
        self.new_words.take(step, (1.0 + volume.new_words).ln());
        self.specific.take(step, (1.0 + volume.specific).ln());
        if self.recent.len() == DESCENT_WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(length as f32);
        self.fresh = (self.fresh + 1).min(DESCENT_WINDOW);
        let fresh: Vec<f64> =
            self.recent.range(self.recent.len() - self.fresh..).map(|value| f64::from(*value)).collect();
        let substance = self.new_words.sum.min(self.specific.sum);
        let leading = if self.length.sum >= substance { &self.length } else { &self.new_words };
        Fall { length: self.length.sum, descent: descent(&fresh), substance, since: leading.since }
    }

    /// What is normal is set anew: it was said, and saying it again for the same steps helps nobody.
    pub fn restart(&mut self) {
        for falling in [&mut self.length, &mut self.new_words, &mut self.specific] {
            *falling = Falling::default();
        }
        self.fresh = 0;
    }

    /// The median of the slopes between all pairs of the last steps. None until there are enough.
    pub fn direction(&self) -> Option<Direction> {
        let last = self.recent.len().checked_sub(MIN_WINDOW).map(|_| self.recent.len().saturating_sub(WINDOW))?;
        let pairs = (last..self.recent.len()).flat_map(|b| (last..b).map(move |a| (a, b)));
        let mut slopes: Vec<f64> =
            pairs.map(|(a, b)| f64::from(self.recent[b] - self.recent[a]) / (b - a) as f64).collect();
        slopes.sort_by(f64::total_cmp);
        let slope = slopes.get(slopes.len() / 2).copied().unwrap_or_default();
        Some(match slope {
            DIRECTION.. => Direction::Improving,
            _ if slope <= -DIRECTION => Direction::Declining,
            _ => Direction::Stable,
        })
    }
}

/// How much better values fit a line that is level at first and falls from some value on, by the same each time, than one
/// that stays level: the slope in standard errors, where that is largest. A lower level at which values stay is none.
fn descent(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    let from = |start: usize| {
        let downs = || (0..values.len()).map(move |at| (at + 1).saturating_sub(start) as f64);
        let middle = downs().sum::<f64>() / count;
        let spread: f64 = downs().map(|down| (down - middle).powi(2)).sum();
        let product: f64 = downs().zip(values).map(|(down, value)| (down - middle) * (mean - value)).sum();
        if spread > 0.0 { product / spread.sqrt() / DEVIATION } else { 0.0 }
    };
    (BASE as usize..values.len().saturating_sub(1)).map(from).fold(0.0, f64::max)
}

/// A one-sided sum of falls.
#[derive(Clone, Debug, Default)]
struct Falling {
    steps: u32,
    normal: f64,
    sum: f64,
    since: u32,
}

impl Falling {
    fn take(&mut self, step: u32, value: f64) {
        self.steps += 1;
        if self.steps <= BASE {
            self.normal += (value - self.normal) / f64::from(self.steps);
            return;
        }
        let fall = ((self.normal - value) / DEVIATION - SLACK).min(MOST_A_STEP);
        let sum = (self.sum + fall).max(0.0);
        if self.sum == 0.0 && sum > 0.0 {
            self.since = step;
        }
        self.sum = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ever_shorter_steps_descend_and_a_lower_level_at_which_they_stay_does_not() {
        let length = |lengths: [usize; 8]| {
            let mut trend = Trend::default();
            let volume = |length| Volume { length, words: length / 8, new_words: 20.0, specific: 2.0 };
            lengths.into_iter().zip(1..).map(|(length, step)| trend.take(step, volume(length))).last().unwrap()
        };
        let (shorter, lower) =
            (length([400, 490, 370, 270, 180, 135, 90, 60]), length([400, 490, 370, 200, 230, 190, 180, 220]));
        assert!(shorter.length > 2.4 && lower.length > 2.4, "both have fallen: {shorter:?} {lower:?}");
        assert!(shorter.descent > 4.0 && lower.descent < 2.2, "{shorter:?} {lower:?}");
        assert_eq!(descent(&[]), 0.0);
        assert_eq!(descent(&[1.0; 16]), 0.0);
    }

    #[test]
    fn once_it_was_said_only_what_comes_after_counts() {
        let mut trend = Trend::default();
        let volume = |length| Volume { length, words: length / 8, new_words: 20.0, specific: 2.0 };
        for (length, step) in [400, 400, 400, 270, 180, 135, 90, 60].into_iter().zip(1..) {
            trend.take(step, volume(length));
        }
        trend.restart();
        for step in 9..14 {
            let fall = trend.take(step, volume(60));
            assert_eq!((fall.length, fall.descent), (0.0, 0.0), "step {step}");
        }
        assert!(trend.direction().is_some(), "which way they go is told over all of them");
    }
}
