//! What a thread is looked for by: words and `field:value` forms, read once, for the tool, the command and the face.
//! `ratchet tool:chat age:<2h !tag:done` means all of it; quotes keep blanks and colons together.

use std::sync::Arc;
use std::time::Duration;

use super::thought::concern;
use super::threads::Threads;
use super::{Principal, Thread};
use crate::config::parse_duration;
use crate::event::Concern;
use crate::text::terms::{Form, contains, has_in_order, terms};
use crate::unit::UnixMillis;

/// Bytes of text that are looked through before others get their turn: about a millisecond.
const READ_AT_ONCE: usize = 1 << 20;
/// The forms, for help texts.
pub const FORMS: &str = "words in title, prompts and replies; tool: model: file: tag: workspace: title: id: age:<2h \
                         age:>1d is:pinned is:full is:fork is:looping \
                         is:wavering is:drifting is:thinning is:settled; !x for what is not so, ~x for letters in this order in the \
                         title, quotes around blanks";

const FIELDS: [&str; 9] = ["tool", "model", "file", "tag", "workspace", "title", "id", "age", "is"];
const KINDS: [(&str, Kind); 8] = [
    ("pinned", Kind::Pinned),
    ("full", Kind::Full),
    ("fork", Kind::Fork),
    ("looping", Kind::Looping),
    ("wavering", Kind::Wavering),
    ("drifting", Kind::Drifting),
    ("thinning", Kind::Thinning),
    ("settled", Kind::Settled),
];

/// All of its terms must hold. Without terms it finds every thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Those that cost little stand first.
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    wanted: bool,
    what: What,
}

/// Texts are in lower case, but for paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Is(Kind),
    /// Used no longer ago than this.
    Younger(Duration),
    Older(Duration),
    /// The id's beginning.
    Id(String),
    Tag(String),
    Title(String),
    /// These letters in this order in the title.
    Fuzzy(String),
    Workspace(String),
    Tool(String),
    /// Part of the name of a model that was asked.
    Model(String),
    /// Part of a path that was shown.
    File(String),
    /// In the title, a prompt or a reply.
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Pinned,
    /// It takes no more turns.
    Full,
    Fork,
    /// By what the monitor says of its last steps: they repeat others, or bring nothing new.
    Looping,
    /// Its answer goes back and forth.
    Wavering,
    Drifting,
    Thinning,
    /// Its answer stands.
    Settled,
}

/// What a query is held against beside the thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub(super) wall: UnixMillis,
    pub(super) max_turns: u32,
}

/// All that is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the query cannot be read: {}", .0.join("; "))]
pub struct BadQuery(pub Vec<String>);

impl Query {
    /// # Errors
    ///
    /// Every mistake at once, each with what would be right.
    pub fn parse(text: &str) -> Result<Self, BadQuery> {
        let mut query = Self::default();
        let (read, mut problems) = terms(text, &FIELDS);
        for term in read {
            match What::of(term.form) {
                Ok(what) => query.terms.push(Term { wanted: term.wanted, what }),
                Err(problem) => problems.push(problem),
            }
        }
        query.terms.sort_by(|a, b| a.what.cmp(&b.what));
        if problems.is_empty() { Ok(query) } else { Err(BadQuery(problems)) }
    }

    /// The same query, that also asks for this.
    pub fn and(mut self, what: What) -> Self {
        self.terms.push(Term { wanted: true, what: what.lower() });
        self.terms.sort_by(|a, b| a.what.cmp(&b.what));
        self
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) fn finds(&self, thread: &Thread, now: Now) -> bool {
        self.terms.iter().all(|term| term.what.is_true_of(thread, now) == term.wanted)
    }
}

impl Threads {
    /// The threads that the query finds, of `principal` alone where one is given; the most recently used first. Lets
    /// others go on while it reads.
    pub async fn search(&self, query: &Query, principal: Option<&Principal>) -> Vec<Arc<Thread>> {
        let now = Now { wall: self.clock.wall(), max_turns: self.limits.max_turns };
        let threads = match principal {
            Some(principal) => self.list_of(principal),
            None => self.list(),
        };
        let (mut found, mut read) = (Vec::new(), 0);
        for thread in threads {
            read += thread.bytes();
            if read > READ_AT_ONCE {
                tokio::task::yield_now().await;
                read = 0;
            }
            if query.finds(&thread, now) {
                found.push(thread);
            }
        }
        found
    }
}

impl What {
    fn of(form: Form) -> Result<Self, String> {
        let (field, text) = match form {
            Form::Text(text) => return Ok(Self::Text(text)),
            Form::Fuzzy(letters) => return Ok(Self::Fuzzy(letters)),
            Form::Field(field, value) => (field, value),
        };
        let what = match field {
            "tool" => Self::Tool(text),
            "model" => Self::Model(text),
            "file" => Self::File(text),
            "tag" => Self::Tag(text),
            "workspace" => Self::Workspace(text),
            "title" => Self::Title(text),
            "id" => Self::Id(text),
            "age" => return age(&text),
            _ => return kind(&text),
        };
        Ok(what.lower())
    }

    fn lower(self) -> Self {
        match self {
            Self::Id(text) => Self::Id(text.to_lowercase()),
            Self::Tag(text) => Self::Tag(text.to_lowercase()),
            Self::Title(text) => Self::Title(text.to_lowercase()),
            Self::Fuzzy(text) => Self::Fuzzy(text.to_lowercase()),
            Self::Tool(text) => Self::Tool(text.to_lowercase()),
            Self::Model(text) => Self::Model(text.to_lowercase()),
            Self::Text(text) => Self::Text(text.to_lowercase()),
            Self::Is(_) | Self::Younger(_) | Self::Older(_) | Self::Workspace(_) | Self::File(_) => self,
        }
    }

    fn is_true_of(&self, thread: &Thread, now: Now) -> bool {
        let turns = || thread.turns.iter();
        let age = now.wall.since(thread.updated);
        match self {
            Self::Is(Kind::Pinned) => thread.is_pinned(),
            Self::Is(Kind::Full) => thread.answered() >= now.max_turns,
            Self::Is(Kind::Fork) => thread.parent.is_some(),
            Self::Is(Kind::Looping) => concern(&thread.turns).is_some_and(Concern::is_loop),
            Self::Is(Kind::Wavering) => concern(&thread.turns) == Some(Concern::Wavering),
            Self::Is(Kind::Drifting) => concern(&thread.turns) == Some(Concern::Drift),
            Self::Is(Kind::Thinning) => concern(&thread.turns) == Some(Concern::Thinning),
            Self::Is(Kind::Settled) => concern(&thread.turns) == Some(Concern::Settled),
            Self::Younger(than) => age <= *than,
            Self::Older(than) => age > *than,
            Self::Id(start) => thread.id.to_string().starts_with(start),
            Self::Tag(tag) => thread.tags.iter().any(|one| **one == **tag),
            Self::Title(part) => contains(&thread.title, part),
            Self::Fuzzy(letters) => has_in_order(&thread.title, letters),
            Self::Workspace(part) => thread.workspace.contains(part),
            Self::Tool(tool) => turns().any(|turn| turn.tool.eq_ignore_ascii_case(tool)),
            Self::Model(part) => {
                turns().flat_map(|turn| &turn.consultations).any(|one| contains(one.model.as_str(), part))
            }
            Self::File(part) => turns().flat_map(|turn| &turn.files).any(|path| path.contains(part)),
            Self::Text(text) => {
                contains(&thread.title, text)
                    || turns().any(|turn| {
                        contains(&turn.prompt, text)
                            || turn.answer.as_ref().is_some_and(|answer| contains(answer, text))
                    })
            }
        }
    }
}

fn age(value: &str) -> Result<What, String> {
    let (older, bound) = match value.strip_prefix('>') {
        Some(bound) => (true, bound),
        None => (false, value.strip_prefix('<').unwrap_or(value)),
    };
    match parse_duration(bound) {
        Some(bound) if older => Ok(What::Older(bound)),
        Some(bound) => Ok(What::Younger(bound)),
        None => Err(format!("'age:{value}' is no age: write age:<2h or age:>30m")),
    }
}

fn kind(value: &str) -> Result<What, String> {
    let known = KINDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
    let names = KINDS.map(|(name, _)| name).join(", ");
    known.map(|(_, kind)| What::Is(*kind)).ok_or_else(|| format!("'is:{value}' is none of {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::id::{ModelId, ProviderId, ThreadId};
    use crate::insight::verdict::Verdict;
    use crate::thread::thought::Thought;
    use crate::thread::turn::{Consultation, Turn};
    use crate::thread::{End, Principal};

    const HOUR: u64 = 3_600_000;

    fn thread() -> Thread {
        let turn = Turn {
            answer: Some("Use a Ratchet, größer als zuvor.".into()),
            files: vec!["/home/cog/src/Gear.rs".into()],
            consultations: vec![Consultation::new(ProviderId::from("google"), ModelId::from("gemini-2.5-pro"))],
            thought: Some(Thought { verdict: Some(drift()), ..Thought::new(1) }),
            ..Turn::new("chat", "How do I stop std::ops from turning back?", UnixMillis(0))
        };
        let expires = Clock::system().now();
        let id = "3f9a1c02-1c02-4a4a-8b8b-000000000000".parse::<ThreadId>().unwrap();
        let thread = Thread::new(id, Principal::user(0), "chat".into(), UnixMillis(0), expires);
        Thread {
            title: "A gear that turns back".into(),
            tags: vec!["mechanics".into()],
            workspace: "/home/cog".into(),
            turns: vec![Arc::new(turn)],
            updated: UnixMillis(10 * HOUR),
            end: End::Never,
            ..thread
        }
    }

    fn drift() -> Verdict {
        let (steps, words, readings) = (Vec::new(), Vec::new(), Vec::new());
        Verdict { kind: Concern::Drift, step: 1, steps, words, readings, before: 0, doubt: None, judged: None }
    }

    fn finds(query: &str) -> bool {
        let now = Now { wall: UnixMillis(12 * HOUR), max_turns: 1 };
        Query::parse(query).unwrap().finds(&thread(), now)
    }

    #[test]
    fn every_form_finds_what_it_says_and_its_contrary_does_not() {
        for query in [
            "RATCHET",
            "ratchet stop",
            "ratchet tool:chat model:gemini",
            "größer",
            "tool:Chat",
            "model:2.5-PRO",
            "file:Gear.rs",
            "tag:Mechanics",
            "workspace:/home/cog",
            "title:\"that turns\"",
            "id:3F9A",
            "age:2h",
            "age:<3h",
            "age:>1h",
            "is:pinned",
            "is:full",
            "is:drifting",
            "~agtb",
            "\"turning back\"",
            "std::ops",
            "\"std::ops from\"",
        ] {
            assert!(finds(query), "{query}");
            assert!(query.contains(' ') || !finds(&format!("!{query}")), "!{query}");
        }
        for query in [
            "wrench",
            "ratchet wrench",
            "tag:mech",
            "file:gear",
            "is:fork",
            "is:looping",
            "age:<1h",
            "~zz",
            "\"tag:mechanics\"",
        ] {
            assert!(!finds(query), "{query}");
        }
        assert!(finds("") && finds("  ") && finds("!wrench !is:fork"));
    }

    #[test]
    fn every_mistake_is_told_at_once_with_what_would_be_right() {
        let BadQuery(problems) = Query::parse("toll:chat age:soon is:blue tag: ! fine").unwrap_err();
        assert_eq!(problems.len(), 5, "{problems:?}");
        for said in ["did you mean 'tool:'", "age:<2h", "pinned, full, fork", "'tag:' says nothing"] {
            assert!(problems.iter().any(|problem| problem.contains(said)), "{said} in {problems:?}");
        }
        assert!(Query::parse(&"x ".repeat(33)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_query_breaks_the_reader(text in "[!~\":a-zé< ]{0,40}") {
            if let Ok(query) = Query::parse(&text) {
                query.finds(&thread(), Now { wall: UnixMillis(0), max_turns: 20 });
            }
        }
    }
}
