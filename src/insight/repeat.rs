//! Loops: how much of a step stood in an earlier one, and how much of it is new. A phrase that many steps share, as those
//! of a form do, counts the less the more share it; where there is nothing else, it counts in full.

use std::collections::VecDeque;

use super::sketch::{Sieve, Sketch};

/// Steps that are remembered; older ones are forgotten.
pub const MAX_STEPS: usize = 64;
/// A step with fewer phrases or words is too short to be judged.
const MIN_PHRASES: usize = 6;
const MIN_WORDS: usize = 6;

/// What is kept of an earlier step.
#[derive(Clone, Debug)]
pub struct Past {
    /// Its number in the thread.
    pub step: u32,
    pub words: Sketch,
    pub phrases: Sketch,
}

/// A step against all before it. None where it is too short to say, or where nothing is before it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likeness {
    /// The earlier step that it has most in common with, and the share of its phrases that stand there.
    pub nearest: Option<(u32, f64)>,
    /// The share of its words that stand in that step.
    pub within: Option<f64>,
    /// The share of its words that no earlier step has.
    pub novelty: Option<f64>,
}

/// What steps of a thread have in common with the nearest before them when none repeats another: much in code and in
/// forms, next to nothing in prose.
#[derive(Clone, Debug, Default)]
pub struct Usual(VecDeque<f32>);

impl Usual {
    /// Supposed as long as nothing is known.
    const AT_FIRST: f64 = 0.1;
    const MAX: usize = 32;

    pub fn take(&mut self, share: f64) {
        if self.0.len() == Self::MAX {
            self.0.pop_front();
        }
        self.0.push_back(share as f32);
    }

    pub fn median(&self) -> f64 {
        let mut sorted: Vec<f64> = self.0.iter().map(|share| f64::from(*share)).collect();
        sorted.push(Self::AT_FIRST);
        sorted.sort_by(f64::total_cmp);
        sorted[sorted.len() / 2]
    }
}

pub fn likeness(past: &VecDeque<Past>, words: &Sketch, phrases: &Sketch) -> Likeness {
    if past.is_empty() {
        return Likeness::default();
    }
    let nearest = nearest(past, phrases);
    let holder = nearest.and_then(|(step, _)| past.iter().find(|earlier| earlier.step == step));
    Likeness { nearest, within: holder.and_then(|holder| known(&[holder], words)), novelty: novelty(past, words) }
}

fn nearest(past: &VecDeque<Past>, phrases: &Sketch) -> Option<(u32, f64)> {
    let own = phrases.up_to(u32::MAX);
    let sieve = Sieve::new(own);
    // A bit for each earlier step that has the phrase.
    let mut holders = vec![0u64; own.len()];
    for (at, earlier) in past.iter().enumerate() {
        for hash in earlier.phrases.up_to(phrases.limit()) {
            if let Some(found) = sieve.find(*hash) {
                holders[found] |= 1 << at;
            }
        }
    }
    let weight = |holders: u64| 1.0 / f64::from(holders.count_ones().max(1));
    let shares = past.iter().enumerate().filter_map(|(at, earlier)| {
        let comparable = &holders[..phrases.up_to(earlier.phrases.limit()).len()];
        if comparable.len() < MIN_PHRASES {
            return None;
        }
        let whole: f64 = comparable.iter().map(|holders| weight(*holders)).sum();
        let common = comparable.iter().filter(|holders| **holders & (1 << at) != 0);
        Some((earlier.step, common.map(|holders| weight(*holders)).sum::<f64>() / whole))
    });
    shares.max_by(|(_, a), (_, b)| a.total_cmp(b))
}

fn novelty(past: &VecDeque<Past>, words: &Sketch) -> Option<f64> {
    let all: Vec<&Past> = past.iter().collect();
    Some(1.0 - known(&all, words)?)
}

/// The share of the words that stand in any of these steps.
fn known(steps: &[&Past], words: &Sketch) -> Option<f64> {
    let limit = steps.iter().map(|earlier| earlier.words.limit()).min()?;
    let own = words.up_to(limit.min(words.limit()));
    if own.len() < MIN_WORDS {
        return None;
    }
    let sieve = Sieve::new(own);
    let mut is_known = vec![false; own.len()];
    for hash in steps.iter().flat_map(|earlier| earlier.words.up_to(limit)) {
        if let Some(found) = sieve.find(*hash) {
            is_known[found] = true;
        }
    }
    let known = is_known.iter().filter(|known| **known).count();
    Some(known as f64 / own.len() as f64)
}
