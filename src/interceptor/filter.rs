//! Which messages an interceptor is asked about: a static filter over what is known of a message without reading it, so
//! that those who are not concerned cost nothing.

use super::message::{Direction, Header, Kind, Message};
use crate::mcp::version::{Era, Version};

/// Every part that is empty admits everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub direction: Option<Direction>,
    pub kinds: Vec<Kind>,
    pub methods: Vec<Glob>,
    pub tools: Vec<Glob>,
    pub versions: Vec<Version>,
    /// Only messages of more bytes than this.
    pub larger_than: Option<usize>,
}

/// A pattern in which `*` stands for any text. Matching takes time linear in the text, whatever the pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    pieces: Vec<Box<str>>,
}

impl Filter {
    /// Messages in one direction.
    pub fn only(direction: Direction) -> Self {
        Self { direction: Some(direction), ..Self::default() }
    }

    /// The same filter, for messages of one era.
    pub fn in_era(mut self, era: Era) -> Self {
        self.versions = Version::ALL.into_iter().filter(|version| version.era() == era).collect();
        self
    }

    pub fn admits(&self, message: &Message) -> bool {
        let header = &message.header;
        self.direction.is_none_or(|direction| direction == header.direction)
            && self.larger_than.is_none_or(|bytes| message.bytes.len() > bytes)
            && (self.kinds.is_empty() || self.kinds.contains(&header.kind))
            && self.concerns(header)
            // Reads the message, so it comes last.
            && (self.versions.is_empty() || self.versions.contains(&message.version()))
    }

    /// Whether a message or the reply to it may be admitted, by its method and tool alone.
    pub fn concerns(&self, header: &Header) -> bool {
        let matches = |globs: &[Glob], text: &str| globs.is_empty() || globs.iter().any(|glob| glob.matches(text));
        matches(&self.methods, &header.method) && matches(&self.tools, header.tool.as_deref().unwrap_or_default())
    }
}

impl Glob {
    pub fn new(pattern: &str) -> Self {
        Self { pieces: pattern.split('*').map(Into::into).collect() }
    }

    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else { return false };
        let Some((last, middle)) = rest.split_last() else { return text == &**first };
        let Some(mut left) = text.strip_prefix(&**first) else { return false };
        for piece in middle {
            // The leftmost place leaves the most for what follows, so nothing has to be tried twice.
            let Some(at) = left.find(&**piece) else { return false };
            left = &left[at + piece.len()..];
        }
        left.ends_with(&**last)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::id::ConnectionId;
    use crate::mcp::envelope::Envelope;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, matches) in [
            ("tools/*", "tools/call", true),
            ("tools/*", "prompts/get", false),
            ("*", "", true),
            ("chat", "chat", true),
            ("chat", "chats", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("ab*ba", "aba", false),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn a_filter_admits_by_direction_method_version_and_size() {
        let of = |text: &'static str| {
            let bytes = Bytes::from_static(text.as_bytes());
            Message::incoming(ConnectionId(1), "stdio", bytes.clone(), &Envelope::parse(&bytes))
        };
        let old = of(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        let claim = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let new = of(claim);
        let stateless = Filter::only(Direction::In).in_era(Era::Stateless);
        assert_eq!((stateless.admits(&old), stateless.admits(&new)), (false, true));
        let sessions = Filter::default().in_era(Era::Handshake);
        assert_eq!((sessions.admits(&old), sessions.admits(&new)), (true, false));
        assert!(!Filter::only(Direction::Out).admits(&old));
        assert!(!Filter { methods: vec![Glob::new("ping")], ..Filter::default() }.admits(&old));
        let large = Filter { larger_than: Some(60), ..Filter::default() };
        assert_eq!((large.admits(&old), large.admits(&new)), (false, true));
    }
}
