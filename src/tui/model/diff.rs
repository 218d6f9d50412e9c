//! What was changed between two texts, line by line, for a person to look at before it counts.

/// Pairs of lines that are held against each other; what differs in larger texts is shown as taken out and put in.
const MAX_PAIRS: usize = 1 << 20;
/// Lines around a change that stand as they are.
const AROUND: usize = 2;

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    Same(String),
    Out(String),
    In(String),
    /// So many lines that are the same are not shown.
    Skipped(usize),
}

/// The changed lines with a few around them, in order.
pub fn diff(before: &str, after: &str) -> Vec<Line> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let first = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let rest = before.len().min(after.len()) - first;
    let last = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
    let same = |lines: &[&str]| lines.iter().map(|line| Line::Same((*line).to_owned())).collect::<Vec<_>>();
    let mut lines = same(&before[..first]);
    lines.extend(middle(&before[first..before.len() - last], &after[first..after.len() - last]));
    lines.extend(same(&before[before.len() - last..]));
    with_little_around(lines)
}

/// By the longest sequence of lines that both have.
fn middle(before: &[&str], after: &[&str]) -> Vec<Line> {
    let (out, put) = (|line: &&str| Line::Out((*line).to_owned()), |line: &&str| Line::In((*line).to_owned()));
    if before.len().saturating_mul(after.len()) > MAX_PAIRS {
        return before.iter().map(out).chain(after.iter().map(put)).collect();
    }
    let width = after.len() + 1;
    let mut longest = vec![0_u32; (before.len() + 1) * width];
    for (row, one) in before.iter().enumerate().rev() {
        for (column, other) in after.iter().enumerate().rev() {
            let at = row * width + column;
            longest[at] =
                if one == other { longest[at + width + 1] + 1 } else { longest[at + width].max(longest[at + 1]) };
        }
    }
    let (mut row, mut column, mut lines) = (0, 0, Vec::new());
    while row < before.len() || column < after.len() {
        let at = row * width + column;
        if row < before.len() && column < after.len() && before[row] == after[column] {
            lines.push(Line::Same(before[row].to_owned()));
            (row, column) = (row + 1, column + 1);
        } else if column == after.len() || row < before.len() && longest[at + width] >= longest[at + 1] {
            lines.push(out(&before[row]));
            row += 1;
        } else {
            lines.push(put(&after[column]));
            column += 1;
        }
    }
    lines
}

fn with_little_around(lines: Vec<Line>) -> Vec<Line> {
    let is_same: Vec<bool> = lines.iter().map(|line| matches!(line, Line::Same(_))).collect();
    let is_near = |at: usize| {
        let near = at.saturating_sub(AROUND)..is_same.len().min(at + AROUND + 1);
        is_same[near].contains(&false)
    };
    let mut shown: Vec<Line> = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        if is_near(at) {
            shown.push(line);
        } else if let Some(Line::Skipped(count)) = shown.last_mut() {
            *count += 1;
        } else {
            shown.push(Line::Skipped(1));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(before: &str, after: &str) -> Vec<String> {
        let line = |line: Line| match line {
            Line::Same(text) => format!(" {text}"),
            Line::Out(text) => format!("-{text}"),
            Line::In(text) => format!("+{text}"),
            Line::Skipped(count) => format!("…{count}"),
        };
        diff(before, after).into_iter().map(line).collect()
    }

    #[test]
    fn changes_stand_with_little_around_them() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh";
        assert_eq!(said(before, "a\nb\nc\nd\nE\nf\nx\ng\nh"), ["…2", " c", " d", "-e", "+E", " f", "+x", " g", " h"]);
        assert_eq!(said("a", "a"), ["…1"]);
        assert_eq!((said("", "a"), said("a", "")), (vec!["+a".to_owned()], vec!["-a".to_owned()]));
    }

    proptest! {
        #[test]
        fn what_is_taken_out_and_put_in_leads_from_one_to_the_other(
            before in prop::collection::vec("[a-c]", 0..12),
            after in prop::collection::vec("[a-c]", 0..12),
        ) {
            let lines = middle(
                &before.iter().map(String::as_str).collect::<Vec<_>>(),
                &after.iter().map(String::as_str).collect::<Vec<_>>(),
            );
            let of = |wanted: fn(&Line) -> Option<&String>| lines.iter().filter_map(wanted).cloned().collect::<Vec<_>>();
            prop_assert_eq!(of(|line| if let Line::Same(text) | Line::Out(text) = line { Some(text) } else { None }), before);
            prop_assert_eq!(of(|line| if let Line::Same(text) | Line::In(text) = line { Some(text) } else { None }), after);
        }
    }
}
