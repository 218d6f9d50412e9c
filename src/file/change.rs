//! What changed from one text to another, line by line: a note for a model that was shown the older one. Small and bounded
//! in time and memory whatever the texts, which a general library is not by itself.

use std::collections::HashMap;

/// Pairs of lines that are compared where two texts differ; with more the whole of it counts as replaced.
const MAX_PAIRS: usize = 1 << 20;

/// The lines that went (`-`) and came (`+`), each run under the number of its line in the newer text. None where the note
/// would not be shorter than the newer text itself.
pub fn note(older: &str, newer: &str) -> Option<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (older.lines().collect(), newer.lines().collect());
    let before = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (rest_old, rest_new) = (&old[before..], &new[before..]);
    let after = rest_old.iter().rev().zip(rest_new.iter().rev()).take_while(|(old, new)| old == new).count();
    let (rest_old, rest_new) = (&rest_old[..rest_old.len() - after], &rest_new[..rest_new.len() - after]);

    let mut note = String::new();
    let mut at = before;
    let mut in_a_run = false;
    for step in steps(rest_old, rest_new) {
        if matches!(step, Step::Same) {
            at += 1;
            in_a_run = false;
            continue;
        }
        if !in_a_run {
            note.push_str(&format!("@@ line {}\n", at + 1));
            in_a_run = true;
        }
        match step {
            Step::Gone(line) => note.push_str(&format!("- {line}\n")),
            Step::Came(line) => {
                note.push_str(&format!("+ {line}\n"));
                at += 1;
            }
            Step::Same => {}
        }
        if note.len() >= newer.len() {
            return None;
        }
    }
    (!note.is_empty()).then_some(note)
}

enum Step<'a> {
    Same,
    Gone(&'a str),
    Came(&'a str),
}

/// The way from `old` to `new` that keeps the most lines.
fn steps<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Step<'a>> {
    let mut steps = Vec::with_capacity(old.len() + new.len());
    let (mut from, mut to) = (0, 0);
    if old.len().saturating_mul(new.len()) <= MAX_PAIRS {
        let longest = longest_common(old, new);
        let width = new.len() + 1;
        while from < old.len() && to < new.len() {
            if old[from] == new[to] {
                steps.push(Step::Same);
                (from, to) = (from + 1, to + 1);
            } else if longest[(from + 1) * width + to] >= longest[from * width + to + 1] {
                steps.push(Step::Gone(old[from]));
                from += 1;
            } else {
                steps.push(Step::Came(new[to]));
                to += 1;
            }
        }
    }
    steps.extend(old[from..].iter().copied().map(Step::Gone));
    steps.extend(new[to..].iter().copied().map(Step::Came));
    steps
}

/// For each pair of ends of the two, how many lines they have in common in order.
fn longest_common(old: &[&str], new: &[&str]) -> Vec<u32> {
    let mut names = HashMap::new();
    let mut name = |line| {
        let next = names.len();
        *names.entry(line).or_insert(next)
    };
    let old: Vec<_> = old.iter().map(|line| name(*line)).collect();
    let new: Vec<_> = new.iter().map(|line| name(*line)).collect();
    let width = new.len() + 1;
    let mut longest = vec![0; (old.len() + 1) * width];
    for from in (0..old.len()).rev() {
        for to in (0..new.len()).rev() {
            longest[from * width + to] = if old[from] == new[to] {
                longest[(from + 1) * width + to + 1] + 1
            } else {
                longest[(from + 1) * width + to].max(longest[from * width + to + 1])
            };
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A text of numbered lines, long enough for a note to be shorter.
    fn lines(count: usize) -> Vec<String> {
        (1..=count).map(|number| format!("line {number} of a text")).collect()
    }

    #[test]
    fn lines_that_went_and_came_stand_under_their_number() {
        let older = lines(40);
        let mut newer = older.clone();
        newer[9] = "another line 10".to_owned();
        newer.remove(29);
        newer.insert(0, "a new first line".to_owned());
        let note = note(&older.join("\n"), &newer.join("\n")).unwrap();
        assert_eq!(
            note,
            "@@ line 1\n+ a new first line\n@@ line 11\n- line 10 of a text\n+ another line 10\n@@ line 31\n- line 30 of a text\n"
        );
    }

    #[test]
    fn nothing_is_noted_where_the_text_itself_is_shorter() {
        assert_eq!(note("one\ntwo", "three\nfour"), None);
        assert_eq!(note("same", "same"), None);
        assert_eq!(note(&lines(5_000).join("\n"), &"x\n".repeat(5_000)), None);
    }

    proptest! {
        #[test]
        fn the_note_leads_from_the_older_to_the_newer(
            older in prop::collection::vec("[abc]", 0..30), newer in prop::collection::vec("[abc]", 0..30),
        ) {
            // A long common end makes every note shorter than the text.
            let end = lines(60);
            let older: Vec<_> = older.into_iter().chain(end.clone()).collect();
            let newer: Vec<_> = newer.into_iter().chain(end).collect();
            let note = note(&older.join("\n"), &newer.join("\n")).unwrap_or_default();
            prop_assert_eq!(apply(&note, &older), newer);
        }
    }

    fn apply(note: &str, older: &[String]) -> Vec<String> {
        let mut newer = Vec::new();
        let mut rest = older.iter();
        for line in note.lines() {
            match line.split_at(2) {
                ("@@", at) => {
                    let at: usize = at.trim_start_matches(" line ").parse().unwrap();
                    while newer.len() + 1 < at {
                        newer.push(rest.next().unwrap().clone());
                    }
                }
                ("- ", gone) => assert_eq!(rest.next().unwrap(), gone),
                (_, came) => newer.push(came.to_owned()),
            }
        }
        newer.extend(rest.cloned());
        newer
    }
}
