//! A paused message on its way through a person's editor: laid out for it, and what came back of it, checked and held
//! against what it was.

use serde_json::Value;

use super::diff::{Line, diff};
use super::json;
use super::list::Step;
use crate::id::PauseId;
use crate::text;
use crate::tui::SourceId;

/// What an editor left, waiting for a person's last word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    pub source: SourceId,
    pub pause: PauseId,
    /// The message as it would go on, on one line.
    pub text: String,
    /// Made harmless.
    pub lines: Vec<Line>,
    pub scroll: usize,
}

/// Why what came back does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("nothing was changed")]
    Unchanged,
    #[error("it is no JSON any more: {0}")]
    NoJson(String),
    #[error("it is another kind of message now, or has another id")]
    Another,
}

impl Rewritten {
    /// # Errors
    /// What was written cannot take the place of `before`, or is the same.
    pub fn check(source: SourceId, pause: PauseId, before: &str, after: &str) -> Result<Self, Unfit> {
        let (was, is): (Option<Value>, Value) = (
            serde_json::from_str(before).ok(),
            serde_json::from_str(after).map_err(|error| Unfit::NoJson(error.to_string()))?,
        );
        if was.as_ref() == Some(&is) {
            return Err(Unfit::Unchanged);
        }
        if was.as_ref().is_some_and(|was| shape(was) != shape(&is)) {
            return Err(Unfit::Another);
        }
        let harmless = |text: &str| text::sanitise(&readable(text).unwrap_or_default()).into_owned();
        let lines = diff(&harmless(before), &harmless(after));
        Ok(Self { source, pause, text: json::compact(after), lines, scroll: 0 })
    }

    /// `height`: lines that are seen at one time.
    pub fn step(&mut self, step: Step, height: usize) {
        self.scroll = step.from(self.scroll, self.lines.len().saturating_sub(height));
    }
}

/// A message laid out for an editor; None where it is no JSON. What a terminal might act on is spelt out, which JSON
/// reads as the same.
pub fn readable(message: &str) -> Option<String> {
    let laid_out = json::indented(message, false)?;
    let spelt = |character: char| match character {
        '\n' => "\n".to_owned(),
        // Between values; within one they would be no JSON.
        '\t' | '\r' => String::new(),
        _ if text::is_harmless(character) => character.to_string(),
        _ => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    Some(laid_out.chars().map(spelt).collect::<String>() + "\n")
}

/// By which a message of JSON-RPC is told from another: request, notification, result or error, and its id.
fn shape(message: &Value) -> (bool, bool, bool, Option<&Value>) {
    let has = |name: &str| message.get(name).is_some();
    (has("method"), has("result"), has("error"), message.get("id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str =
        r#"{"jsonrpc":"2.0","id":1.50,"method":"tools/call","params":{"name":"chat","arguments":{"prompt":"hi"}}}"#;

    fn check(after: &str) -> Result<Rewritten, Unfit> {
        Rewritten::check(SourceId(1), PauseId(1), BEFORE, after)
    }

    #[test]
    fn what_an_editor_leaves_goes_on_as_one_line_with_what_it_changed() {
        let laid_out = readable(BEFORE).unwrap();
        assert_eq!(check(&laid_out), Err(Unfit::Unchanged));
        let rewritten = check(&laid_out.replace("hi", "good\\n evening")).unwrap();
        assert_eq!(rewritten.text, BEFORE.replace("hi", "good\\n evening"));
        let changed = |line: &&Line| matches!(line, Line::Out(_) | Line::In(_));
        assert_eq!(rewritten.lines.iter().filter(changed).count(), 2);
    }

    #[test]
    fn what_is_no_json_or_another_message_does_not_go_on() {
        assert!(matches!(check("{"), Err(Unfit::NoJson(_))));
        for after in [&BEFORE.replace("1.50", "2"), r#"{"jsonrpc":"2.0","id":1.50,"result":{}}"#, "[]", ""] {
            assert!(matches!(check(after), Err(Unfit::Another | Unfit::NoJson(_))), "{after}");
        }
    }

    #[test]
    fn an_editor_is_shown_nothing_that_a_terminal_acts_on_and_nothing_is_lost_by_it() {
        let message = "{\"a\":\"\u{9b}2J\u{202e}\u{e0041}é漢\"}";
        let laid_out = readable(message).unwrap();
        assert_eq!(laid_out, "{\n  \"a\": \"\\u009b2J\\u202e\\udb40\\udc41é漢\"\n}\n");
        let (was, is): (Value, Value) =
            (serde_json::from_str(message).unwrap(), serde_json::from_str(&laid_out).unwrap());
        assert_eq!(was, is);
    }
}
