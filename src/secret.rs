//! Keys and tokens: a type that does not print, and the one redactor that takes known secrets out of text before it
//! reaches a log, an error, an event or a screen.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, RwLock};

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
        let mut known = self.known.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        if !known.contains(secret) {
            known.push(secret.clone());
        }
    }

    /// The text without any known secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let known = self.known.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        known.iter().fold(Cow::Borrowed(text), |text, secret| {
            if text.contains(secret.expose()) { Cow::Owned(text.replace(secret.expose(), REDACTED)) } else { text }
        })
    }
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
}
