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
    recent: VecDeque<f32>,
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
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(length as f32);
        let substance = self.new_words.sum.min(self.specific.sum);
        let leading = if self.length.sum >= substance { &self.length } else { &self.new_words };
        Fall { length: self.length.sum, substance, since: leading.since }
    }

    /// What is normal is set anew: it was said, and saying it again for the same steps helps nobody.
    pub fn restart(&mut self) {
        for falling in [&mut self.length, &mut self.new_words, &mut self.specific] {
            *falling = Falling::default();
        }
    }

    /// The median of the slopes between all pairs of the last steps. None until there are enough.
    pub fn direction(&self) -> Option<Direction> {
        if self.recent.len() < MIN_WINDOW {
            return None;
        }
        let pairs = (0..self.recent.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
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
