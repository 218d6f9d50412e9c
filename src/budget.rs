//! Shares of a model's window. Decides how much of it files and history may take, and keeps a record of every decision,
//! so that a person and an agent can be told what was left out and why. Knows no files and no turns, only their sizes.

use serde::{Deserialize, Serialize};

use crate::token::{self, Ratio};
use crate::unit::Tokens;

/// From this window on a model is given more of it to read and less to answer in.
const LARGE_WINDOW: Tokens = Tokens(300_000);
/// Hundredths of the window that are kept for the reply.
const REPLY_SHARE_SMALL: u64 = 40;
const REPLY_SHARE_LARGE: u64 = 20;
/// Hundredths of what may be read that files may take in any case; the rest is for the prompt and the history, and what
/// of it these do not need is the files' too.
const FILE_SHARE: u64 = 60;

/// What a part of the window is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    System,
    Prompt,
    Files,
    History,
}

/// One decision: this subject took so many tokens, or was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    pub part: Part,
    /// A path, `turn 3`, or another name that says what was decided on.
    pub subject: String,
    /// What it took or, where it was left out, would have taken. An estimate.
    pub tokens: Tokens,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Kept,
    /// Its beginning was kept; the subject says how far.
    Cut,
    /// A line stands in its place.
    Summarised,
    /// It did not fit into what was left of its share.
    LeftOut,
}

impl Verdict {
    /// Whether the tokens of the decision were spent.
    pub fn is_spent(self) -> bool {
        match self {
            Self::Kept | Self::Cut | Self::Summarised => true,
            Self::LeftOut => false,
        }
    }
}

/// How many subjects met which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub kept: u32,
    pub cut: u32,
    pub summarised: u32,
    pub left_out: u32,
}

/// The budget of one consultation. Parts are charged in the order of their importance: system, prompt, files, history.
#[derive(Clone, Debug)]
pub struct Budget {
    window: Tokens,
    reply: Tokens,
    ratio: Ratio,
    files_left: Tokens,
    left: Tokens,
    spent: Tokens,
    decisions: Vec<Decision>,
}

/// The prompt alone does not fit into the model's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the prompt needs about {needed} tokens and the model has room for {room}")]
pub struct PromptTooLarge {
    pub needed: Tokens,
    pub room: Tokens,
}

impl Budget {
    /// A budget for a model with this context window. `max_output` is the model's own cap on a reply: no more is
    /// reserved for the reply than the model can give.
    pub fn new(window: Tokens, max_output: Option<Tokens>) -> Self {
        let share = if window >= LARGE_WINDOW { REPLY_SHARE_LARGE } else { REPLY_SHARE_SMALL };
        let reply = max_output.map_or(window.percent(share), |cap| cap.min(window.percent(share)));
        let left = window.saturating_sub(reply);
        let (files_left, ratio, spent) = (left.percent(FILE_SHARE), Ratio::ONE, Tokens::ZERO);
        Self { window, reply, ratio, files_left, left, spent, decisions: Vec::new() }
    }

    /// The same, for a model that is known to count so many tokens where one is estimated.
    pub fn counting(self, ratio: Ratio) -> Self {
        Self { ratio, ..self }
    }

    /// What this text would take.
    pub fn measure(&self, text: &str) -> Tokens {
        self.ratio.of(token::estimate(text))
    }

    /// Where the longest beginning of `text` ends that is no more than `tokens`, in bytes; None where all of it is.
    pub fn longest_prefix(&self, text: &str, tokens: Tokens) -> Option<usize> {
        token::longest_prefix(text, self.ratio.undone(tokens))
    }

    /// Charges what has to be sent.
    pub fn require(&mut self, part: Part, subject: &str, tokens: Tokens) -> Result<(), PromptTooLarge> {
        if tokens > self.left {
            return Err(PromptTooLarge { needed: tokens, room: self.left });
        }
        self.charge(part, tokens);
        self.record(part, subject, tokens, Verdict::Kept);
        Ok(())
    }

    /// Says what the history would take in full: files may have what it does not need of its share.
    pub fn expect_history(&mut self, tokens: Tokens) {
        self.files_left = self.files_left.max(self.left.saturating_sub(tokens));
    }

    /// Charges `tokens` if they fit into what is left for `part`, and says whether they did.
    pub fn offer(&mut self, part: Part, subject: &str, tokens: Tokens) -> bool {
        let fits = self.spend(part, tokens);
        self.record(part, subject, tokens, if fits { Verdict::Kept } else { Verdict::LeftOut });
        fits
    }

    /// Charges `tokens`, if they fit, for what stands between the subjects and is none: headings, notes. No decision.
    pub fn spend(&mut self, part: Part, tokens: Tokens) -> bool {
        let fits = tokens <= self.room(part);
        if fits {
            self.charge(part, tokens);
        }
        fits
    }

    /// Records a decision whose tokens were charged, or are none.
    pub fn record(&mut self, part: Part, subject: &str, tokens: Tokens, verdict: Verdict) {
        self.decisions.push(Decision { part, subject: subject.to_owned(), tokens, verdict });
    }

    /// What `part` may still take.
    pub fn room(&self, part: Part) -> Tokens {
        match part {
            Part::Files => self.files_left.min(self.left),
            Part::System | Part::Prompt | Part::History => self.left,
        }
    }

    pub fn window(&self) -> Tokens {
        self.window
    }

    /// Kept free for the reply.
    pub fn reply(&self) -> Tokens {
        self.reply
    }

    /// What was charged up to now: an estimate of what the model will read.
    pub fn spent(&self) -> Tokens {
        self.spent
    }

    pub fn ratio(&self) -> Ratio {
        self.ratio
    }

    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for decision in &self.decisions {
            let count = match decision.verdict {
                Verdict::Kept => &mut tally.kept,
                Verdict::Cut => &mut tally.cut,
                Verdict::Summarised => &mut tally.summarised,
                Verdict::LeftOut => &mut tally.left_out,
            };
            *count = count.saturating_add(1);
        }
        tally
    }

    pub fn into_decisions(self) -> Vec<Decision> {
        self.decisions
    }

    fn charge(&mut self, part: Part, tokens: Tokens) {
        self.left = self.left.saturating_sub(tokens);
        self.spent += tokens;
        if part == Part::Files {
            self.files_left = self.files_left.saturating_sub(tokens);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_recorded() {
        let mut budget = Budget::new(Tokens(1_000), None);
        assert!(budget.offer(Part::History, "turn 2", Tokens(500)));
        assert!(!budget.offer(Part::History, "turn 1", Tokens(500)));
        let verdicts: Vec<_> = budget.decisions().iter().map(|decision| decision.verdict).collect();
        assert_eq!(verdicts, [Verdict::Kept, Verdict::LeftOut]);
        assert_eq!(budget.tally(), Tally { kept: 1, left_out: 1, ..Tally::default() });
        assert_eq!(budget.spent(), Tokens(500));
    }

    #[test]
    fn files_cannot_evict_the_history() {
        let mut budget = Budget::new(Tokens(100_000), None);
        budget.expect_history(Tokens(50_000));
        assert!(!budget.offer(Part::Files, "huge.rs", Tokens(50_000)));
        assert!(budget.offer(Part::History, "turn 1", Tokens(20_000)));
    }

    #[test]
    fn files_may_have_what_the_history_does_not_need() {
        let mut budget = Budget::new(Tokens(100_000), None);
        budget.expect_history(Tokens(5_000));
        assert!(budget.offer(Part::Files, "huge.rs", Tokens(55_000)));
        assert!(budget.offer(Part::History, "turn 1", Tokens(5_000)));
        assert!(!budget.offer(Part::Files, "x.rs", Tokens(1)));
    }

    #[test]
    fn a_model_that_counts_more_is_given_less() {
        let budget = Budget::new(Tokens(100_000), None);
        let text = "some words to be measured ".repeat(100);
        let plain = budget.measure(&text);
        assert_eq!(budget.counting(Ratio::of_parts(3, 2)).measure(&text), Tokens((plain.0 * 3).div_ceil(2)));
    }

    #[test]
    fn a_prompt_over_the_window_is_an_error_with_both_figures() {
        let mut budget = Budget::new(Tokens(100), None);
        let error = budget.require(Part::Prompt, "prompt", Tokens(61)).unwrap_err();
        assert_eq!((error.needed, error.room), (Tokens(61), Tokens(60)));
    }
}
