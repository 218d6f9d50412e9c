//! Keys and tokens: a type that does not print, and the one redactor that takes secrets out of text before it reaches a
//! log, an error, an event, a screen or a model: those that this process knows, and those that look like one.

mod formats;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret stood.
pub const REDACTED: &str = "[redacted]";

/// Shorter values are not taken out of text: they would tear holes into ordinary words.
const MIN_REDACTED_LEN: usize = 8;

/// A value that must not be shown. It has no `Display` and no `Serialize`, and its `Debug` says only that it is set.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(SecretString::from(value.into()))
    }

    /// The value itself: for the one place that puts it on the wire.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

/// Knows every secret of this process by value. Cheap to clone; all clones share one list.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Vec<Secret>>>,
}

impl Redactor {
    /// From now on `secret` is taken out of every text that passes.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().len() < MIN_REDACTED_LEN {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(secret) {
            known.push(secret.clone());
        }
    }

    /// The text without any known secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret.expose()) { Cow::Owned(text.replace(secret.expose(), REDACTED)) } else { text }
        })
    }
}

/// A text without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cleaned<'a> {
    pub text: Cow<'a, str>,
    /// What was taken out, in words, once for each place. Empty: the text is as it was.
    pub withheld: Vec<&'static str>,
}

impl Redactor {
    /// The text without any secret, known or of a known look. Secrets have no character that JSON escapes, so what was
    /// JSON still is.
    pub fn clean<'a>(&self, text: &'a str) -> Cleaned<'a> {
        let known = self.redact(text);
        let mut withheld = Vec::new();
        if let Cow::Owned(redacted) = &known {
            withheld.resize(
                redacted.matches(REDACTED).count().saturating_sub(text.matches(REDACTED).count()),
                "key of zen's own",
            );
        }
        let found = formats::find(&known);
        if found.is_empty() {
            return Cleaned { text: known, withheld };
        }
        let mut clean = String::with_capacity(known.len());
        let mut kept = 0;
        for (range, kind) in found {
            clean.push_str(&known[kept..range.start]);
            clean.push_str(REDACTED);
            kept = range.end;
            withheld.push(kind);
        }
        clean.push_str(&known[kept..]);
        Cleaned { text: Cow::Owned(clean), withheld }
    }

    /// How many secrets are known: what was cleaned with fewer may have to be cleaned anew.
    pub fn known(&self) -> usize {
        self.known.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// What was withheld in so many words, such as `2 GitHub token, 1 private key`.
pub fn told(withheld: &[&'static str]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for kind in withheld {
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => kinds.push((kind, 1)),
        }
    }
    kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("sk-0123456789")), REDACTED);
    }

    #[test]
    fn a_known_secret_is_taken_out_of_text() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("sk-0123456789"));
        assert_eq!(redactor.redact("key sk-0123456789 refused"), "key [redacted] refused");
        assert_eq!(redactor.redact("nothing here"), "nothing here");
    }

    fn cleaned(text: &str) -> String {
        Redactor::default().clean(text).text.into_owned()
    }

    #[test]
    fn every_known_kind_of_key_is_taken_out() {
        let tail = "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCDEF";
        for format in formats::FORMATS {
            let text = format!(r#"{{"text":"before\n{}{tail}, after"}}"#, format.prefix);
            assert_eq!(cleaned(&text), r#"{"text":"before\n[redacted], after"}"#, "{}", format.prefix);
        }
    }

    #[test]
    fn a_private_key_is_taken_out_whole_and_json_stays_json() {
        let body = "MIIEowIBAAKCAQEA7bq+/Zx0\nq1w2e3r4t5y6==";
        for kind in ["", "RSA ", "OPENSSH ", "EC "] {
            let key = format!("-----BEGIN {kind}PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----");
            assert_eq!(cleaned(&format!("a\n{key}\nb")), "a\n[redacted]\nb");
            let json = format!(r#"{{"key":"{}","b":1}}"#, key.replace('\n', "\\n"));
            assert_eq!(cleaned(&json), r#"{"key":"[redacted]","b":1}"#);
        }
        assert_eq!(cleaned("-----BEGIN PRIVATE KEY-----\nMIIEow\n\"end of it"), "[redacted]\"end of it");
        let public = "-----BEGIN PUBLIC KEY-----\nMIIEow\n-----END PUBLIC KEY-----";
        assert_eq!(cleaned(public), public);
    }

    #[test]
    fn values_of_telling_names_and_passwords_in_urls_are_taken_out() {
        let value = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzzzzz";
        for text in
            ["AWS_SECRET_ACCESS_KEY=VALUE", r#""aws_secret_access_key": "VALUE""#, "aws_secret_access_key = VALUE"]
        {
            assert_eq!(cleaned(&text.replace("VALUE", value)), text.replace("VALUE", REDACTED));
        }
        assert_eq!(cleaned("postgres://app:hunter2hunter2@db:5432/x"), "postgres://app:[redacted]@db:5432/x");
        assert_eq!(cleaned("redis://:hunter2hunter2@db"), "redis://:[redacted]@db");
    }

    #[test]
    fn ordinary_text_stays() {
        for text in [
            "task-oriented and risk-averse",
            "sk-learn",
            "AIza",
            "a hf_hub_download",
            "skeleton",
            "eyJ",
            "",
            "é\\n",
            "-----",
            "://",
            "http://localhost:8080/a@b",
            "postgres://{user}:{password}@host",
            "https://example.org/x?y=z:1@2",
            "aws_secret_access_key = ?",
            "-----BEGIN CERTIFICATE-----",
            "SG.js",
            "let accountkey = name;",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }

    #[test]
    fn what_was_withheld_is_told() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("canary/0123456789"));
        let text = format!("canary/0123456789 ghp_{0} ghp_{0}", "a".repeat(36));
        let cleaned = redactor.clean(&text);
        assert_eq!(told(&cleaned.withheld), "1 key of zen's own, 2 GitHub token");
        assert_eq!(redactor.known(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cleaned_and_what_is_clean_stays(text in "(?s).{0,200}") {
            let once = cleaned(&text);
            proptest::prop_assert_eq!(cleaned(&once), once);
        }
    }
}
