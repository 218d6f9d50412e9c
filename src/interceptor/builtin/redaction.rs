//! Keys in messages: those that this process knows by value, and what looks like a key of a well-known kind. They are
//! taken out of what the message log keeps and, where it is asked for, of what goes to the client.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use crate::interceptor::decider::Decision;
use crate::interceptor::{Action, Decider, Direction, Filter, Kind, Message, Registration, Scrub};
use crate::secret::{REDACTED, Redactor};

/// How a kind of key is recognised: its beginning, and how many characters of a key follow at least.
struct Format {
    prefix: &'static str,
    least: usize,
}

const fn format(prefix: &'static str, least: usize) -> Format {
    Format { prefix, least }
}

/// Where two fit, the longer one is taken as a matter of course: a key is taken out to its end.
const FORMATS: [Format; 20] = [
    // OpenAI, Anthropic and OpenRouter: `sk-`, `sk-proj-`, `sk-ant-`, `sk-or-v1-`
    format("sk-", 20),
    // Google: API keys, and tokens of OAuth
    format("AIza", 30),
    format("ya29.", 30),
    // xAI
    format("xai-", 20),
    // GitHub
    format("ghp_", 30),
    format("gho_", 30),
    format("ghu_", 30),
    format("ghs_", 30),
    format("ghr_", 30),
    format("github_pat_", 30),
    // GitLab
    format("glpat-", 20),
    // Amazon
    format("AKIA", 16),
    format("ASIA", 16),
    // Slack
    format("xoxb-", 20),
    format("xoxp-", 20),
    // Stripe
    format("sk_live_", 20),
    format("rk_live_", 20),
    // Hugging Face
    format("hf_", 30),
    // npm
    format("npm_", 30),
    // JSON web tokens: `{"` in base64
    format("eyJ", 60),
];

#[derive(Clone)]
pub struct Redaction {
    known: Redactor,
}

impl Redaction {
    pub fn new(known: Redactor) -> Self {
        Self { known }
    }

    /// For whoever keeps messages.
    pub fn scrub(&self) -> Scrub {
        let redaction = self.clone();
        Arc::new(move |bytes| redaction.scrubbed(bytes))
    }

    /// For its place in the chain: what goes to the client, replies and notifications, has no key in it.
    pub fn registration(&self) -> Registration {
        let kinds = vec![Kind::Result, Kind::Error, Kind::Notification];
        let filter = Filter { kinds, ..Filter::only(Direction::Out) };
        Registration::new("redaction", Arc::new(self.clone())).filtered(filter)
    }

    /// The message without keys; None where there are none in it. Keys have no character that JSON escapes, so what was
    /// JSON still is.
    fn scrubbed(&self, bytes: &Bytes) -> Option<Bytes> {
        let text = String::from_utf8_lossy(bytes);
        let known = self.known.redact(&text);
        let scrubbed = without_formats(&known);
        match (&scrubbed, &known) {
            (Some(scrubbed), _) => Some(Bytes::copy_from_slice(scrubbed.as_bytes())),
            (None, Cow::Owned(known)) => Some(Bytes::copy_from_slice(known.as_bytes())),
            (None, Cow::Borrowed(_)) => None,
        }
    }
}

impl Decider for Redaction {
    fn decide<'a>(&'a self, message: &'a Message) -> Decision<'a> {
        Box::pin(async move { Ok(self.scrubbed(&message.bytes).map_or(Action::Continue, Action::Modify)) })
    }
}

/// The text without what looks like a key; None where nothing does. One pass, whatever the text.
fn without_formats(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut clean: Option<String> = None;
    let (mut kept, mut at) = (0, 0);
    while at < bytes.len() {
        if !is_of_key(bytes[at]) {
            at += 1;
            continue;
        }
        // A word of key characters: only its beginning can be a key's.
        let end = bytes[at..].iter().position(|byte| !is_of_key(*byte)).map_or(bytes.len(), |length| at + length);
        // What JSON writes as `\n` and the like belongs to no key, though its letter looks so.
        let escaped = usize::from(at > 0 && bytes[at - 1] == b'\\' && end - at > 1);
        let word = &text[at + escaped..end];
        if FORMATS
            .iter()
            .any(|format| word.len() >= format.prefix.len() + format.least && word.starts_with(format.prefix))
        {
            let clean = clean.get_or_insert_with(String::new);
            clean.push_str(&text[kept..at + escaped]);
            clean.push_str(REDACTED);
            kept = end;
        }
        at = end;
    }
    clean.map(|mut clean| {
        clean.push_str(&text[kept..]);
        clean
    })
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn twelve_kinds_of_key_are_taken_out() {
        let tail = "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCDEF";
        for format in &FORMATS {
            let text = format!(r#"{{"text":"before\n{}{tail}, after"}}"#, format.prefix);
            let clean = without_formats(&text).expect(format.prefix);
            assert_eq!(clean, r#"{"text":"before\n[redacted], after"}"#, "{}", format.prefix);
        }
    }

    #[test]
    fn ordinary_words_stay() {
        for text in
            ["task-oriented and risk-averse", "sk-learn", "AIza", "a hf_hub_download", "skeleton", "eyJ", "", "é\\n"]
        {
            assert_eq!(without_formats(text), None, "{text}");
        }
    }

    #[test]
    fn a_known_key_is_taken_out_whatever_it_looks_like() {
        let known = Redactor::default();
        known.learn(&Secret::new("canary/0123456789"));
        let scrub = Redaction::new(known).scrub();
        assert_eq!(scrub(&"key canary/0123456789 refused".into()).unwrap(), "key [redacted] refused");
        assert_eq!(scrub(&"nothing here".into()), None);
    }
}
