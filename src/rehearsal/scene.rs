//! What the scripted provider is told to do: a script is a queue of scenes, and a scene is one reply with the ways in
//! which it may go wrong. Data only; the playing is in `perform`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::request::Recorded;

/// The pieces that a reply is streamed in unless the scene says otherwise.
const DEFAULT_PIECES: usize = 4;

/// One reply.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(super) kind: Kind,
    pub(super) headers: Vec<(String, String)>,
    pub(super) pieces: Pieces,
    pub(super) byte_by_byte: bool,
    pub(super) stalls: Vec<Stall>,
    pub(super) reset_after: Option<usize>,
    pub(super) usage: bool,
    pub(super) finish: String,
    pub(super) error: Option<Value>,
    pub(super) ignores_stream: bool,
    pub(super) pace: Option<Pace>,
    pub(super) endless: bool,
    pub(super) ending: Ending,
}

#[derive(Clone)]
pub(super) enum Kind {
    Reply(String),
    Echo,
    /// A bare HTTP reply.
    Status(u16, String),
    /// Bytes as they are, then the end of the connection.
    Raw(Vec<u8>),
    By(Arc<dyn Fn(&Recorded) -> Scene + Send + Sync>),
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(text) => f.debug_tuple("Reply").field(text).finish(),
            Self::Echo => f.write_str("Echo"),
            Self::Status(status, body) => f.debug_tuple("Status").field(status).field(body).finish(),
            Self::Raw(bytes) => f.debug_tuple("Raw").field(&bytes.len()).finish(),
            Self::By(_) => f.write_str("By"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Pieces {
    Count(usize),
    /// Of about so many characters, cut after white space where there is some.
    Words(usize),
}

/// Where a reply waits to be released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stall {
    BeforeFirstByte,
    AfterPieces(usize),
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Whole,
    /// Without the event that the format ends with.
    Open,
    /// With its token counts twice.
    CountedTwice,
}

/// Pauses as a person would see them: before the first piece, and between pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub first: Duration,
    pub each: Duration,
}

impl Scene {
    /// Answers with `text`.
    pub fn reply(text: impl Into<String>) -> Self {
        Self::of(Kind::Reply(text.into()))
    }

    /// Answers with the beginning of the last user message.
    pub fn echo() -> Self {
        Self::of(Kind::Echo)
    }

    /// Answers with this HTTP status and the error body that providers of the asked format send with it.
    pub fn status(status: u16) -> Self {
        Self::of(Kind::Status(status, String::new()))
    }

    /// Answers with a redirect to `url`.
    pub fn redirect(status: u16, url: impl Into<String>) -> Self {
        Self::status(status).header("location", url)
    }

    /// Answers 200, starts a stream, and puts `error` into it as its first event.
    pub fn json_error_in_stream(error: Value) -> Self {
        Self::reply("").then_error(error)
    }

    /// Sends these bytes in place of an HTTP reply and closes the connection: for what is no HTTP, or breaks off.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::of(Kind::Raw(bytes.into()))
    }

    /// Decides once the request is known.
    pub fn by(decide: impl Fn(&Recorded) -> Scene + Send + Sync + 'static) -> Self {
        Self::of(Kind::By(Arc::new(decide)))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            headers: Vec::new(),
            pieces: Pieces::Count(DEFAULT_PIECES),
            byte_by_byte: false,
            stalls: Vec::new(),
            reset_after: None,
            usage: true,
            finish: "stop".to_owned(),
            error: None,
            ignores_stream: false,
            pace: None,
            endless: false,
            ending: Ending::Whole,
        }
    }

    /// Streams the text in `count` pieces of about the same length (4 unless said).
    pub fn in_pieces(mut self, count: usize) -> Self {
        self.pieces = Pieces::Count(count);
        self
    }

    /// Streams the text in pieces of about `characters`, cut between words.
    pub fn in_words(mut self, characters: usize) -> Self {
        self.pieces = Pieces::Words(characters);
        self
    }

    /// Sends the body one byte at a time, each in a chunk and a write of its own.
    pub fn byte_by_byte(mut self) -> Self {
        self.byte_by_byte = true;
        self
    }

    /// Reads the request, then waits to be released before the first byte of the reply.
    pub fn hold(mut self) -> Self {
        self.stalls.push(Stall::BeforeFirstByte);
        self
    }

    /// Waits to be released once `pieces` of the text are out.
    pub fn hold_after(mut self, pieces: usize) -> Self {
        self.stalls.push(Stall::AfterPieces(pieces));
        self
    }

    /// Resets the connection (RST) once `pieces` of the text are out.
    pub fn reset_after(mut self, pieces: usize) -> Self {
        self.reset_after = Some(pieces);
        self
    }

    /// Adds a header to the reply.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The body of a [`Scene::status`] reply; no effect on others.
    pub fn body(mut self, text: impl Into<String>) -> Self {
        if let Kind::Status(_, body) = &mut self.kind {
            *body = text.into();
        }
        self
    }

    /// Reports no token counts.
    pub fn without_usage(mut self) -> Self {
        self.usage = false;
        self
    }

    /// Ends with this reason, as the asked format spells it: `length`, `MAX_TOKENS`, `SAFETY` ... An empty one leaves
    /// the reason out. Unless said, the format's own `stop`.
    pub fn finish(mut self, reason: impl Into<String>) -> Self {
        self.finish = reason.into();
        self
    }

    /// Leaves out what the format ends a stream with, `[DONE]` or `response.completed`, and closes it as if all were said.
    pub fn without_end(mut self) -> Self {
        self.ending = Ending::Open;
        self
    }

    /// Reports the token counts twice.
    pub fn counted_twice(mut self) -> Self {
        self.ending = Ending::CountedTwice;
        self
    }

    /// Ends the stream with `error` as its last event, after the text.
    pub fn then_error(mut self, error: Value) -> Self {
        self.error = Some(error);
        self
    }

    /// Answers with one JSON body though a stream was asked for.
    pub fn ignoring_stream(mut self) -> Self {
        self.ignores_stream = true;
        self
    }

    /// Pauses for `first` before the first piece and about `each` between pieces. For people, not for tests.
    pub fn paced(mut self, first: Duration, each: Duration) -> Self {
        self.pace = Some(Pace { first, each });
        self
    }

    /// Streams the text again and again, for as long as the client listens.
    pub fn endless(mut self) -> Self {
        self.endless = true;
        self
    }

    pub(super) fn stalls_at(&self, stall: Stall) -> bool {
        self.stalls.contains(&stall)
    }
}

/// Scenes in the order in which they are played. The last one is played again and again; an empty script echoes.
#[derive(Clone, Debug, Default)]
pub struct Script {
    scenes: VecDeque<Scene>,
}

impl Script {
    /// A script without scenes: every request is echoed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plays `scene` after those already there.
    pub fn then(mut self, scene: Scene) -> Self {
        self.scenes.push_back(scene);
        self
    }

    /// The scene for the request that has just arrived.
    pub(super) fn next_scene(&mut self) -> Scene {
        match self.scenes.len() {
            0 => Scene::echo(),
            1 => self.scenes[0].clone(),
            _ => self.scenes.pop_front().unwrap_or_else(Scene::echo),
        }
    }
}

impl From<Scene> for Script {
    fn from(scene: Scene) -> Self {
        Self::new().then(scene)
    }
}

impl<const N: usize> From<[Scene; N]> for Script {
    fn from(scenes: [Scene; N]) -> Self {
        Self { scenes: scenes.into() }
    }
}

impl From<Vec<Scene>> for Script {
    fn from(scenes: Vec<Scene>) -> Self {
        Self { scenes: scenes.into() }
    }
}
