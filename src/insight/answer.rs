//! The answer that a step gives so far: whether it stands, or goes back and forth.

use super::sketch::{MAX_STEP_BYTES, Sketch};
use super::words::{Word, words};

/// Answers that are remembered.
const MAX_ANSWERS: usize = 4;
/// Two answers are one from this share of common words on.
const SAME: f64 = 0.9;

/// Bytes that it takes at most.
pub const MAX_BYTES: usize = MAX_ANSWERS * MAX_STEP_BYTES;

#[derive(Clone, Debug, Default)]
pub struct Answers(Vec<Answer>);

#[derive(Clone, Debug)]
struct Answer {
    step: u32,
    /// Of all its words: in a short answer "not" tells one from the other.
    words: Sketch,
}

/// What the last answers say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// The same as one step before.
    Stands { since: u32 },
    /// Another than one step before, and the same as the one before that.
    Wavers { back_to: u32 },
}

impl Answers {
    pub fn take(&mut self, step: u32, answer: &str) -> Option<Course> {
        let own: Vec<Word> = words(answer).into_iter().map(|word| Word { is_content: true, ..word }).collect();
        let own = Answer { step, words: Sketch::words(&own) };
        if own.words.up_to(u32::MAX).is_empty() {
            return None;
        }
        let before = self.0.last();
        let course = match before {
            Some(last) if last.is_like(&own) => Some(Course::Stands { since: last.step }),
            Some(_) => {
                let earlier = self.0.iter().rev().skip(1).find(|earlier| earlier.is_like(&own));
                earlier.map(|earlier| Course::Wavers { back_to: earlier.step })
            }
            None => None,
        };
        if self.0.len() == MAX_ANSWERS {
            self.0.remove(0);
        }
        self.0.push(own);
        course
    }
}

impl Answer {
    fn is_like(&self, other: &Self) -> bool {
        let (own, others) = (self.words.up_to(u32::MAX), other.words.up_to(u32::MAX));
        let common = own.iter().filter(|hash| others.binary_search(hash).is_ok()).count();
        common as f64 >= SAME * (own.len() + others.len() - common) as f64
    }
}
