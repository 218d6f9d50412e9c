//! A step in a line of thought: what the monitor watches of a turn, and what it asked. A line is the steps of one tool in
//! one thread, read off the turns, so that no two threads can mix and a fork takes its lines along.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Thread;
use super::turn::Turn;
use crate::event::Concern;
use crate::insight::doubt::Doubt;
use crate::insight::monitor::{Monitor, Reflection, Step};
use crate::insight::thresholds::Thresholds;
use crate::insight::verdict::Verdict;

/// Of a longer line only the last steps are gone through again; its first one stays the question.
pub const MAX_REPLAYED: usize = 64;

/// Steps for which a verdict stands, its own among them: the monitor does not say the same again at once.
const STANDS: usize = 3;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thought {
    /// Its place in its line. The first one begins another line; one that was there gives way to it.
    pub number: u32,
    /// The earlier step that it puts right and that it may be like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revises: Option<u32>,
    pub said: Said,
    /// The answer so far, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Part>,
    /// What the caller does not want to be asked, for this step alone.
    #[serde(skip)]
    pub quiet: Vec<Concern>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// Bytes of the turn's prompt, from the one to before the other.
pub type Part = (usize, usize);

/// Where in its turn a thought stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Prompt,
    /// Parts of the prompt: the rest of it is form.
    Parts(Vec<Part>),
    /// The model's answer.
    Answer,
}

/// A turn that is a step, and what it is as one.
pub type Taken<'a> = (&'a Arc<Turn>, &'a Thought);

impl Thought {
    /// All of the prompt of the turn.
    pub fn new(number: u32) -> Self {
        Self { number, revises: None, said: Said::Prompt, answer: None, quiet: Vec::new(), verdict: None }
    }

    /// The next one of a tool whose steps have no numbers of their own.
    pub fn next(thread: Option<&Thread>, tool: &str) -> Self {
        let turns = thread.into_iter().flat_map(|thread| &thread.turns).filter(|turn| *turn.tool == *tool);
        let last = turns.rev().find_map(|turn| turn.thought.as_ref());
        Self::new(last.map_or(1, |last| last.number.saturating_add(1)))
    }

    /// What the thinker was asked of it.
    pub fn asked(&self) -> Option<&Verdict> {
        self.verdict.as_ref().filter(|verdict| verdict.is_asked())
    }

    /// Bytes that it adds to its turn.
    pub fn bytes(&self) -> usize {
        let judged = |verdict: &Verdict| verdict.judged.as_ref().map_or(0, |judged| judged.because.len());
        let words = |verdict: &Verdict| verdict.words.iter().map(String::len).sum::<usize>() + size_of_val(verdict);
        self.verdict.as_ref().map_or(0, |verdict| words(verdict) + judged(verdict))
    }

    /// What it says, in the words of its turn.
    pub fn text<'a>(&self, turn: &'a Turn) -> Cow<'a, str> {
        match &self.said {
            Said::Prompt => Cow::Borrowed(&turn.prompt),
            Said::Answer => Cow::Borrowed(turn.answer.as_deref().unwrap_or_default()),
            Said::Parts(parts) => match parts[..] {
                [part] => Cow::Borrowed(cut(&turn.prompt, part)),
                _ => parts.iter().map(|part| cut(&turn.prompt, *part)).collect::<Vec<_>>().join("\n").into(),
            },
        }
    }
}

/// What the monitor asked of the last steps of the line that the thread stands in; None where it is content.
pub fn concern(turns: &[Arc<Turn>]) -> Option<Concern> {
    let steps = || turns.iter().rev().filter_map(|turn| Some((turn, turn.thought.as_ref()?)));
    let (newest, _) = steps().next()?;
    for (_, thought) in steps().filter(|(turn, _)| turn.tool == newest.tool).take(STANDS) {
        if let Some(verdict) = thought.asked() {
            return Some(verdict.kind);
        }
        if thought.number <= 1 {
            break;
        }
    }
    None
}

/// Nothing, where a document that somebody made names a part that is not there.
fn cut(text: &str, (from, to): Part) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// The steps that `tool` took in its newest line before a step that is `now`; those that `now` puts right left out.
pub fn line<'a>(turns: &'a [Arc<Turn>], tool: &str, now: Option<&Thought>) -> Vec<Taken<'a>> {
    let mut line: Vec<Taken<'a>> = Vec::new();
    let take = |line: &mut Vec<Taken<'a>>, thought: &Thought| {
        if thought.number <= 1 {
            line.clear();
        }
        line.retain(|(_, before)| before.number != thought.number && Some(before.number) != thought.revises);
    };
    for turn in turns.iter().filter(|turn| *turn.tool == *tool) {
        if let Some(thought) = &turn.thought {
            take(&mut line, thought);
            line.push((turn, thought));
        }
    }
    if let Some(now) = now {
        take(&mut line, now);
    }
    line
}

/// A monitor that has gone through these steps, and what it found at each.
pub fn replay(line: &[Taken<'_>], thresholds: Thresholds) -> (Monitor, Vec<Reflection>) {
    let skipped = line.len().saturating_sub(MAX_REPLAYED);
    let question = line.first().filter(|_| skipped > 0).map(|(turn, thought)| thought.text(turn));
    // The first step is the question as well: taken twice it would weigh twice.
    let mut monitor = Monitor::new(&question.unwrap_or_default(), thresholds);
    let reflections = line[skipped..].iter().map(|(turn, thought)| {
        // What was not asked then is not asked now, whatever the thresholds were.
        let asked = thought.verdict.as_ref().map(|verdict| verdict.kind);
        let quiet: Vec<Concern> = Concern::ALL.into_iter().filter(|concern| Some(*concern) != asked).collect();
        let mut reflection = take(&mut monitor, turn, thought, &quiet);
        if let (Some(found), Some(kept)) = (&mut reflection.verdict, &thought.verdict) {
            found.judged.clone_from(&kept.judged);
        }
        settle(&mut monitor, thought.verdict.as_ref());
        reflection
    });
    let reflections = reflections.collect();
    (monitor, reflections)
}

/// What the monitor says of this step, which follows on those that it knows.
pub fn take(monitor: &mut Monitor, turn: &Turn, thought: &Thought, quiet: &[Concern]) -> Reflection {
    monitor.number(thought.number);
    let answer = thought.answer.map(|part| cut(&turn.prompt, part)).filter(|answer| !answer.trim().is_empty());
    monitor.take(Step { text: &thought.text(turn), answer, quiet })
}

/// Tells the monitor what became of its verdict on the last step.
pub fn settle(monitor: &mut Monitor, verdict: Option<&Verdict>) {
    if let Some(verdict) = verdict.filter(|verdict| verdict.doubt == Some(Doubt::Nearly) && verdict.is_asked()) {
        monitor.confirm(verdict.kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::UnixMillis;

    fn turn(tool: &str, number: u32, prompt: &str) -> Arc<Turn> {
        Arc::new(Turn { thought: Some(Thought::new(number)), ..Turn::new(tool, prompt, UnixMillis(0)) })
    }

    fn prompts(line: &[Taken<'_>]) -> Vec<String> {
        line.iter().map(|(turn, _)| turn.prompt.to_string()).collect()
    }

    #[test]
    fn a_line_is_one_tools_steps_since_its_last_first_one_each_number_once() {
        let turns = [
            turn("debug", 1, "old"),
            turn("debug", 1, "a"),
            turn("chat", 1, "other"),
            turn("debug", 2, "b"),
            turn("debug", 2, "b again"),
            turn("debug", 3, "c"),
        ];
        assert_eq!(prompts(&line(&turns, "debug", None)), ["a", "b again", "c"]);
        assert_eq!(prompts(&line(&turns, "debug", Some(&Thought::new(3)))), ["a", "b again"]);
        let revision = Thought { revises: Some(2), ..Thought::new(4) };
        assert_eq!(prompts(&line(&turns, "debug", Some(&revision))), ["a", "c"]);
        assert_eq!(prompts(&line(&turns, "debug", Some(&Thought::new(1)))), [""; 0]);
        assert_eq!(prompts(&line(&turns, "chat", None)), ["other"]);
    }

    #[test]
    fn a_verdict_stands_for_a_few_steps_of_its_line() {
        let questioned_in = |number, doubt| {
            let (steps, words, readings) = (vec![1], Vec::new(), Vec::new());
            let verdict =
                Verdict { kind: Concern::Repeat, step: number, steps, words, readings, before: 0, doubt, judged: None };
            let thought = Thought { verdict: Some(verdict), ..Thought::new(number) };
            Arc::new(Turn { thought: Some(thought), ..Turn::new("debug", "x", UnixMillis(0)) })
        };
        let questioned = |number| questioned_in(number, None);
        assert_eq!(concern(&[questioned_in(2, Some(Doubt::Nearly))]), None, "it was not asked");
        let mut turns = vec![turn("debug", 1, "a"), questioned(2)];
        for number in 3..=4 {
            // What is no step, or another tool's, changes nothing.
            turns.push(Arc::new(Turn::new("chat", "x", UnixMillis(0))));
            assert_eq!(concern(&turns), Some(Concern::Repeat));
            turns.push(turn("debug", number, "b"));
        }
        assert_eq!(concern(&turns), Some(Concern::Repeat));
        let mut another = turns.clone();
        another.push(turn("debug", 1, "a new line"));
        turns.push(turn("debug", 5, "c"));
        assert_eq!((concern(&turns), concern(&another), concern(&[])), (None, None, None));
    }

    #[test]
    fn a_long_line_is_replayed_from_its_end_under_its_own_numbers() {
        let text = |number: u32| (0..30).map(|word| format!("w{number}x{word} ")).collect::<String>();
        let turns: Vec<_> = (1..=100).map(|number| turn("debug", number, &text(number))).collect();
        let (mut monitor, reflections) = replay(&line(&turns, "debug", None), Thresholds::default());
        assert_eq!((monitor.steps(), reflections.len()), (100, MAX_REPLAYED));
        let again = turn("debug", 101, &text(90));
        let verdict = take(&mut monitor, &again, again.thought.as_ref().unwrap(), &[]).verdict.unwrap();
        assert_eq!((verdict.step, verdict.steps), (101, vec![90]));
    }

    #[test]
    fn a_part_that_is_not_there_is_nothing() {
        let thought = Thought { said: Said::Parts(vec![(0, 2), (1, 900), (3, 2)]), ..Thought::new(1) };
        assert_eq!(thought.text(&Turn::new("debug", "an é", UnixMillis(0))).trim(), "an");
        let odd = Thought { said: Said::Parts(vec![(0, 4)]), answer: Some((9, 1)), ..Thought::new(1) };
        assert_eq!(odd.text(&Turn::new("debug", "an é", UnixMillis(0))), "");
    }
}
