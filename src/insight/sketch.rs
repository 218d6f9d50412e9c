//! What is kept of a step: bounded samples of its words and of its phrases. Two samples are compared where both are
//! complete, so that a share measured on them is that of the texts.

use super::words::{Word, joined};

/// Distinct words and phrases kept of one step. A step of 2 kB is kept whole.
const MAX_WORDS: usize = 256;
const MAX_PHRASES: usize = 384;

/// Bytes that the samples of one step take at most.
pub const MAX_STEP_BYTES: usize = (MAX_WORDS + MAX_PHRASES) * size_of::<u32>() + 2 * size_of::<Sketch>();

/// The smallest hashes of a set, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch {
    hashes: Box<[u32]>,
    /// Up to here none is missing.
    limit: u32,
}

impl Sketch {
    pub fn words(words: &[Word]) -> Self {
        Self::of(words.iter().filter(|word| word.is_content).map(|word| word.hash).collect(), MAX_WORDS)
    }

    /// Two content words that follow one another, or with one between them: most survive when words are cut or replaced.
    pub fn phrases(words: &[Word]) -> Self {
        Self::of(phrases(words).map(|phrase| phrase.hash).collect(), MAX_PHRASES)
    }

    fn of(mut hashes: Vec<u32>, most: usize) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        let limit = hashes.get(most).map_or(u32::MAX, |first_out| first_out - 1);
        hashes.truncate(most);
        Self { hashes: hashes.into(), limit }
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Those up to `limit`.
    pub fn up_to(&self, limit: u32) -> &[u32] {
        &self.hashes[..self.hashes.partition_point(|hash| *hash <= limit)]
    }
}

/// A phrase and where it stands, from its first word to its last.
pub struct Phrase {
    pub hash: u32,
    pub start: usize,
    pub end: usize,
}

pub fn phrases(words: &[Word]) -> impl Iterator<Item = Phrase> {
    let content: Vec<&Word> = words.iter().filter(|word| word.is_content).collect();
    let pair = |content: &[&Word], at: usize, gap: usize| {
        let (first, second) = (content[at], *content.get(at + gap)?);
        // "three lines" and "read next" stand in texts that have nothing else in common.
        let tells = first.is_topical || second.is_topical;
        tells.then(|| Phrase { hash: joined(first.hash, second.hash), start: first.start, end: second.end })
    };
    (0..content.len()).flat_map(move |at| [pair(&content, at, 1), pair(&content, at, 2)]).flatten()
}

/// Finds many hashes in a set quickly: most that are not in it fail at one bit.
pub struct Sieve<'a> {
    set: &'a [u32],
    bits: Box<[u64; SIEVE_WORDS]>,
}

const SIEVE_WORDS: usize = 128;

impl<'a> Sieve<'a> {
    /// `set` is in order.
    pub fn new(set: &'a [u32]) -> Self {
        let mut bits = Box::new([0; SIEVE_WORDS]);
        for hash in set {
            let (word, bit) = place(*hash);
            bits[word] |= bit;
        }
        Self { set, bits }
    }

    /// The position in the set.
    pub fn find(&self, hash: u32) -> Option<usize> {
        let (word, bit) = place(hash);
        if self.bits[word] & bit == 0 {
            return None;
        }
        self.set.binary_search(&hash).ok()
    }
}

/// The low bits choose: the high ones are alike in a set of the smallest.
fn place(hash: u32) -> (usize, u64) {
    ((hash >> 6) as usize % SIEVE_WORDS, 1 << (hash % 64))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn a_large_set_is_sampled_and_what_is_in_the_sample_is_complete() {
        let text: String = (0..5_000).map(|number| format!("{number:04}w ")).collect();
        let sketch = Sketch::words(&words(&text));
        assert_eq!(sketch.up_to(u32::MAX).len(), MAX_WORDS);
        let all = words(&text);
        let below = all.iter().filter(|word| word.hash <= sketch.limit()).count();
        assert_eq!(below, MAX_WORDS);
    }

    #[test]
    fn a_sieve_finds_what_is_in_it_and_nothing_else() {
        let set: Vec<u32> = (0..300).map(|number: u32| number * 7).collect();
        let sieve = Sieve::new(&set);
        for hash in 0..2_200 {
            assert_eq!(sieve.find(hash), set.iter().position(|other| *other == hash));
        }
    }
}
