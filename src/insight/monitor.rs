//! Takes the steps of one thread one after another and says of each how it stands, with at most one verdict.

use std::collections::VecDeque;

use super::answer::{self, Answers, Course};
use super::doubt::{Doubt, Reach};
use super::drift::{self, Focus, Standing};
use super::repeat::{self, Likeness, MAX_STEPS, Past, Usual};
use super::sketch::{MAX_STEP_BYTES, Sketch, phrases};
use super::thresholds::Thresholds;
use super::trend::{Direction, Trend, Volume};
use super::verdict::{MAX_NAMED, MAX_WORD_BYTES, Measure, Reading, Verdict};
use super::words::{Word, words};
use crate::event::Concern;

/// Of a longer step only so many bytes are read, from its beginning on.
pub const MAX_READ: usize = 16 << 10;

/// A step that repeats has more than this times as much in common with an earlier one as is usual in the thread.
const USUAL_TIMES: f64 = 3.0;
/// From this share of its words on they all stand in one earlier step, but for a few.
const ALL_BUT_FEW: f64 = 0.95;
/// What is new and what can be checked vary more than length: they have to fall this many times as far.
const SUBSTANCE_TIMES: f64 = 2.7;

/// What a monitor holds at most, in bytes, however long its thread.
pub const MAX_BYTES: usize =
    MAX_STEPS * (MAX_STEP_BYTES + size_of::<Past>()) + drift::MAX_BYTES + answer::MAX_BYTES + size_of::<Monitor>();

/// One step of a line of thought.
#[derive(Clone, Copy, Debug, Default)]
pub struct Step<'a> {
    pub text: &'a str,
    /// The answer so far, where the step gives one.
    pub answer: Option<&'a str>,
    /// What is not to be said of it.
    pub quiet: &'a [Concern],
}

/// The state of one thread. Two threads with the same steps have the same.
#[derive(Clone, Debug)]
pub struct Monitor {
    thresholds: Thresholds,
    steps: u32,
    past: VecDeque<Past>,
    focus: Focus,
    trend: Trend,
    answers: Answers,
    stale: u32,
    usual: Usual,
    /// When each kind was said last, and how often.
    said: [(Option<u32>, u32); Concern::ALL.len()],
    /// When each kind was nearly said last.
    doubted: [Option<u32>; Concern::ALL.len()],
}

/// A number on its way to its threshold.
#[derive(Clone, Copy)]
struct Measured {
    reading: Reading,
    reach: Reach,
}

/// What is known of a step. A value that cannot be told is None, never a constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Reflection {
    /// From 1 on.
    pub step: u32,
    /// The earlier step that is most like it, and the share of its phrases that stand there.
    pub nearest: Option<(u32, f64)>,
    /// The share of its words that no earlier step has.
    pub novelty: Option<f64>,
    /// Its similarity to what the thread is about.
    pub relevance: Option<f64>,
    pub direction: Option<Direction>,
    pub verdict: Option<Verdict>,
}

impl Reflection {
    /// What the thinker is asked.
    pub fn asked(&self) -> Option<&Verdict> {
        self.verdict.as_ref().filter(|verdict| verdict.is_asked())
    }
}

impl Monitor {
    /// For a thread about `question`, which may be empty where none is known.
    pub fn new(question: &str, thresholds: Thresholds) -> Self {
        let mut focus = Focus::default();
        let question = readable(question);
        focus.agree(&words(question), question);
        Self {
            thresholds,
            steps: 0,
            past: VecDeque::new(),
            focus,
            trend: Trend::default(),
            answers: Answers::default(),
            stale: 0,
            usual: Usual::default(),
            said: [(None, 0); Concern::ALL.len()],
            doubted: [None; Concern::ALL.len()],
        }
    }

    /// The thread is agreed to be about this, too.
    pub fn agree(&mut self, focus: &str) {
        let focus = readable(focus);
        self.focus.agree(&words(focus), focus);
    }

    /// The next step has this number, unless there were as many already: those between are not known.
    pub fn number(&mut self, next: u32) {
        self.steps = self.steps.max(next.saturating_sub(1));
    }

    /// Takes the next step.
    pub fn take(&mut self, step: Step<'_>) -> Reflection {
        self.steps = self.steps.saturating_add(1);
        let text = readable(step.text);
        let words = words(text);
        let (known, kept) = (Sketch::words(&words), Sketch::phrases(&words));
        let likeness = repeat::likeness(&self.past, &known, &kept);
        let standing = self.focus.take(self.steps, &words, text);
        let volume = volume(text, &words, &known, likeness.novelty);
        let mut found: Vec<Verdict> = self.judge_answer(step.answer, likeness).into_iter().collect();
        found.extend(self.judge_repeat(text, &words, likeness));
        found.extend(self.judge_trend(volume));
        found.extend(self.judge_standing(text, &words, standing));
        // What is said goes before what nearly is.
        found.sort_by_key(|verdict| verdict.doubt == Some(Doubt::Nearly));
        if self.past.len() == MAX_STEPS {
            self.past.pop_front();
        }
        self.past.push_back(Past { step: self.steps, words: known, phrases: kept });
        let mut heard = found.into_iter().filter(|verdict| !step.quiet.contains(&verdict.kind));
        let verdict = heard.find_map(|verdict| self.say(verdict));
        let degrades = verdict.as_ref().is_some_and(|one| one.kind == Concern::Thinning && one.is_asked());
        Reflection {
            step: self.steps,
            nearest: likeness.nearest,
            novelty: likeness.novelty,
            relevance: standing.map(|standing| standing.relevance),
            direction: if degrades { Some(Direction::Degrading) } else { self.trend.direction() },
            verdict,
        }
    }

    /// A judge agrees that what was nearly said of the last step is so.
    pub fn confirm(&mut self, kind: Concern) {
        let (last, times) = &mut self.said[kind as usize];
        *last = Some(self.steps);
        *times += 1;
        if kind == Concern::Thinning {
            self.trend.restart();
        }
    }

    /// The number of the last step that it has taken.
    pub fn steps(&self) -> u32 {
        self.steps
    }

    fn judge_answer(&mut self, answer: Option<&str>, likeness: Likeness) -> Option<Verdict> {
        let course = self.answers.take(self.steps, readable(answer?))?;
        match course {
            Course::Stands { since } => {
                let new = falling(Measure::NewWords, likeness.novelty?, self.thresholds.settled);
                self.verdict(Concern::Settled, vec![since], new.reach, &[new])
            }
            Course::Wavers { back_to } => self.verdict(Concern::Wavering, vec![back_to], Reach::Reached, &[]),
        }
    }

    /// A repetition, or steps that bring nothing; a repetition that is nearly one may stand beside these.
    fn judge_repeat(&mut self, text: &str, words: &[Word], likeness: Likeness) -> Vec<Verdict> {
        let limits = self.thresholds;
        let Some(novelty) = likeness.novelty else { return Vec::new() };
        let stale = falling(Measure::NewWords, novelty, limits.stall);
        self.stale = if stale.reach >= Reach::Barely { self.stale + 1 } else { 0 };
        let repeated = likeness.nearest.and_then(|(step, share)| {
            let is_within = likeness.within.is_some_and(|within| within >= ALL_BUT_FEW);
            let most = if is_within { limits.repeat_known } else { limits.repeat_most };
            let threshold = most.min(limits.repeat + USUAL_TIMES * self.usual.median());
            let share = rising(Measure::RepeatedPhrases, share, threshold);
            let new = falling(Measure::NewWords, novelty, limits.repeat_novelty);
            let reach = match share.reach.min(new.reach) {
                // It is said again, and much is new beside it: the signs do not agree.
                Reach::Missed if share.reach >= Reach::Barely => Reach::Nearly,
                reach => reach,
            };
            if reach < Reach::Barely {
                self.usual.take(likeness.nearest?.1);
            }
            let verdict = self.verdict(Concern::Repeat, vec![step], reach, &[share, new])?;
            Some(Verdict { words: self.shared_phrases(text, words, step), ..verdict })
        });
        let is_said = repeated.as_ref().is_some_and(|verdict| verdict.doubt != Some(Doubt::Nearly));
        let before = self.past.back().filter(|_| self.stale >= 2 && !is_said).map(|before| before.step);
        let stalled = before.and_then(|before| self.verdict(Concern::Stall, vec![before], stale.reach, &[stale]));
        stalled.into_iter().chain(repeated).collect()
    }

    fn judge_standing(&self, text: &str, words: &[Word], standing: Option<Standing>) -> Option<Verdict> {
        let standing = standing?;
        let threshold = self.thresholds.drift + self.thresholds.drift_cohesion * standing.cohesion;
        let relevance = falling(Measure::Relevance, standing.relevance, threshold);
        let verdict = self.verdict(Concern::Drift, vec![standing.first], relevance.reach, &[relevance])?;
        let foreign = words.iter().filter(|word| word.is_topical && !self.focus.knows(word.hash));
        Some(Verdict { words: most_frequent(text, foreign), ..verdict })
    }

    fn judge_trend(&mut self, volume: Volume) -> Option<Verdict> {
        let fall = self.trend.take(self.steps, volume);
        let limit = self.thresholds.thinning;
        // Both: that they have become shorter, and that they go on to.
        let length = rising(Measure::LengthFall, fall.length, limit);
        let descent = rising(Measure::LengthDescent, fall.descent, self.thresholds.thinning_descent);
        let substance = rising(Measure::SubstanceFall, fall.substance, SUBSTANCE_TIMES * limit);
        let reach = length.reach.min(descent.reach);
        if substance.reach > reach {
            return self.verdict(Concern::Thinning, vec![fall.since], substance.reach, &[substance]);
        }
        self.verdict(Concern::Thinning, vec![fall.since], reach, &[length, descent])
    }

    /// None where the threshold is missed, or nearly so and nobody is there to judge.
    fn verdict(&self, kind: Concern, steps: Vec<u32>, reach: Reach, measured: &[Measured]) -> Option<Verdict> {
        let is_judged = self.thresholds.judged;
        if reach == Reach::Missed || (reach == Reach::Nearly && !is_judged) {
            return None;
        }
        Some(Verdict {
            kind,
            step: self.steps,
            steps,
            words: Vec::new(),
            readings: measured.iter().map(|one| one.reading).collect(),
            before: self.said[kind as usize].1,
            doubt: reach.doubt().filter(|_| is_judged),
            judged: None,
        })
    }

    /// The verdict, unless one of its kind was said a moment ago.
    fn say(&mut self, verdict: Verdict) -> Option<Verdict> {
        let kind = verdict.kind as usize;
        let is_recent = |last: Option<u32>| last.is_some_and(|last| self.steps - last <= self.thresholds.cooldown);
        if is_recent(self.said[kind].0) {
            return None;
        }
        if verdict.doubt == Some(Doubt::Nearly) {
            if is_recent(self.doubted[kind]) {
                return None;
            }
            self.doubted[kind] = Some(self.steps);
            return Some(verdict);
        }
        self.confirm(verdict.kind);
        Some(verdict)
    }

    fn shared_phrases(&self, text: &str, words: &[Word], step: u32) -> Vec<String> {
        let Some(earlier) = self.past.iter().find(|earlier| earlier.step == step) else { return Vec::new() };
        let known = earlier.phrases.up_to(u32::MAX);
        let mut named: Vec<String> = Vec::new();
        let mut after = 0;
        for phrase in phrases(words).filter(|phrase| known.binary_search(&phrase.hash).is_ok()) {
            let is_short = phrase.end - phrase.start <= MAX_WORD_BYTES;
            if phrase.start >= after && is_short {
                after = phrase.end;
                named.push(one_line(&text[phrase.start..phrase.end]));
            }
            if named.len() == MAX_NAMED {
                break;
            }
        }
        named
    }
}

/// The part of a text that is read.
fn readable(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_READ)]
}

fn volume(text: &str, words: &[Word], known: &Sketch, novelty: Option<f64>) -> Volume {
    let distinct = known.up_to(u32::MAX).len();
    let specific = words.iter().filter(|word| word.is_specific).count();
    Volume {
        length: text.len(),
        words: distinct,
        new_words: novelty.unwrap_or(1.0) * distinct as f64,
        specific: 100.0 * specific as f64 / words.len().max(1) as f64,
    }
}

fn falling(measure: Measure, value: f64, threshold: f64) -> Measured {
    Measured { reading: reading(measure, value, threshold), reach: Reach::falling(value, threshold) }
}

fn rising(measure: Measure, value: f64, threshold: f64) -> Measured {
    Measured { reading: reading(measure, value, threshold), reach: Reach::rising(value, threshold) }
}

/// In thousandths: more is noise, and would not come back from a document as it went in.
fn reading(measure: Measure, value: f64, threshold: f64) -> Reading {
    let rounded = |value: f64| (value * 1_000.0).round() / 1_000.0;
    Reading { measure, value: rounded(value), threshold: rounded(threshold) }
}

/// The words that stand most often, as they are written where they stand first.
fn most_frequent<'a>(text: &str, words: impl Iterator<Item = &'a Word>) -> Vec<String> {
    let mut all: Vec<&Word> = words.collect();
    all.sort_by_key(|word| (word.hash, word.start));
    let mut groups: Vec<(usize, &Word)> =
        all.chunk_by(|a, b| a.hash == b.hash).filter_map(|group| Some((group.len(), *group.first()?))).collect();
    groups.sort_by_key(|(count, word)| (std::cmp::Reverse(*count), word.start));
    let shown = groups.iter().filter(|(_, word)| word.end - word.start <= MAX_WORD_BYTES);
    shown.take(MAX_NAMED).map(|(_, word)| one_line(&text[word.start..word.end])).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
