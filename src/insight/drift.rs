//! Drift: how much the last steps together have in common with the question and all before them. A line of thought may
//! wander as long as it is tied to where it came from. The weakest of the signs: it asks and does not know.

use std::collections::VecDeque;

use super::words::{Word, hash};

/// Steps that are judged together: one aside is none.
pub const WINDOW: usize = 3;
/// What has to be before them: a question and two steps, or three steps.
const MIN_BEFORE: u32 = 3;
/// Of a longer step only so many words are compared.
const MAX_STEP_WORDS: usize = 600;
/// Features of one step, and of the thread; the lightest make room.
const MAX_STEP_FEATURES: usize = 2_048;
const MAX_FEATURES: usize = 8_192;
/// Topical words that the last steps must have.
const MIN_WORDS: usize = 30;
/// Words of one stem, and compounds of one part, differ in letters: they are compared by runs of them, too.
const RUN: usize = 6;
const RUN_WEIGHT: f32 = 0.5;

/// Bytes that it takes at most.
pub const MAX_BYTES: usize = (MAX_FEATURES + (WINDOW + 1) * MAX_STEP_FEATURES) * size_of::<Feature>();

/// A word or a run of letters by its hash, and how often it stands.
type Feature = (u32, f32);

/// What a thread is about: all but its last steps.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    /// In the order of the hashes.
    about: Vec<Feature>,
    texts: u32,
    recent: VecDeque<Recent>,
}

#[derive(Clone, Debug)]
struct Recent {
    step: u32,
    words: usize,
    features: Vec<Feature>,
}

/// How the last steps stand to what was before them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The first of them.
    pub first: u32,
    /// From 0, nothing in common, to 1.
    pub relevance: f64,
    /// What they have in common with one another. Another topic hangs together as well as the first did.
    pub cohesion: f64,
}

impl Focus {
    /// The thread is about this, too: its question, or what was agreed on since.
    pub fn agree(&mut self, words: &[Word], text: &str) {
        let features = features(words, text);
        if !features.is_empty() {
            self.absorb(features);
        }
    }

    /// Takes a step. None as long as there is too little to compare.
    pub fn take(&mut self, step: u32, words: &[Word], text: &str) -> Option<Standing> {
        if self.recent.len() == WINDOW
            && let Some(oldest) = self.recent.pop_front()
        {
            self.absorb(oldest.features);
        }
        let topical = words.iter().filter(|word| word.is_topical).count();
        self.recent.push_back(Recent { step, words: topical, features: features(words, text) });
        let enough = self.recent.iter().map(|recent| recent.words).sum::<usize>() >= MIN_WORDS;
        if self.recent.len() < WINDOW || self.texts < MIN_BEFORE || !enough {
            return None;
        }
        let last = merged(self.recent.iter().flat_map(|recent| &recent.features).copied().collect());
        let relevance = similarity(&last, &self.about);
        Some(Standing { first: self.recent.front()?.step, relevance, cohesion: self.cohesion() })
    }

    /// Whether the thread was about this word before its last steps.
    pub fn knows(&self, word: u32) -> bool {
        self.about.binary_search_by_key(&word, |(known, _)| *known).is_ok()
    }

    fn cohesion(&self) -> f64 {
        let of = |at: usize| self.recent.get(at).map_or(&[][..], |recent| &recent.features);
        let pairs: Vec<f64> = (1..self.recent.len())
            .flat_map(|second| (0..second).map(move |first| (first, second)))
            .map(|(first, second)| similarity(of(first), of(second)))
            .collect();
        pairs.iter().sum::<f64>() / pairs.len().max(1) as f64
    }

    fn absorb(&mut self, features: Vec<Feature>) {
        self.texts += 1;
        self.about.extend(features);
        self.about = merged(std::mem::take(&mut self.about));
        keep_heaviest(&mut self.about, MAX_FEATURES);
        self.about.shrink_to_fit();
    }
}

/// The cosine of the two.
fn similarity(a: &[Feature], b: &[Feature]) -> f64 {
    let length = |features: &[Feature]| features.iter().map(|(_, count)| f64::from(count * count)).sum::<f64>().sqrt();
    let mut product = 0.0;
    let mut rest = b;
    for (hash, count) in a {
        rest = &rest[rest.partition_point(|(other, _)| other < hash)..];
        if let Some((other, others)) = rest.first()
            && other == hash
        {
            product += f64::from(count * others);
        }
    }
    let lengths = length(a) * length(b);
    if lengths > 0.0 { product / lengths } else { 0.0 }
}

fn features(words: &[Word], text: &str) -> Vec<Feature> {
    let mut features = Vec::new();
    let mut letters: Vec<char> = Vec::new();
    for word in words.iter().take(MAX_STEP_WORDS).filter(|word| word.is_topical) {
        features.push((word.hash, 1.0));
        letters.clear();
        letters.extend(text[word.start..word.end].chars().flat_map(char::to_lowercase));
        // The stem stands for the beginning of a word that is just as long.
        features.extend(letters.windows(RUN).map(|run| (!hash(run.iter().copied()), RUN_WEIGHT)));
    }
    let mut features = merged(features);
    keep_heaviest(&mut features, MAX_STEP_FEATURES);
    features.shrink_to_fit();
    features
}

/// In order, each once.
fn merged(mut features: Vec<Feature>) -> Vec<Feature> {
    features.sort_by_key(|(hash, _)| *hash);
    features.dedup_by(|next, kept| {
        let is_same = next.0 == kept.0;
        if is_same {
            kept.1 += next.1;
        }
        is_same
    });
    features
}

fn keep_heaviest(features: &mut Vec<Feature>, most: usize) {
    if features.len() > most {
        features.select_nth_unstable_by(most, |a, b| b.1.total_cmp(&a.1));
        features.truncate(most);
        features.sort_by_key(|(hash, _)| *hash);
    }
}
