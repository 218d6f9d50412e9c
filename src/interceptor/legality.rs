//! What each action means for each kind of message, as one table. What is illegal closes the way: a decider that asks for
//! it is wrong, and what cannot be judged does not pass.

use super::message::{Direction, Kind};

/// An action without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Continue,
    Log,
    Modify,
    Delay,
    Pause,
    Block,
    Mock,
}

/// What an action does to a message of some kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It goes on, changed or later.
    GoesOn,
    /// It goes no further, and its sender gets an error with its id.
    Refused,
    /// It goes no further, and its sender gets the decider's answer.
    Answered,
    /// An error with the same id takes its place, so that whoever asked does not wait for ever.
    Replaced,
    /// It is gone. Nobody waits for an answer.
    Dropped,
    /// The action makes no sense for it: as if it had been blocked.
    Illegal,
}

impl Verb {
    pub const ALL: [Self; 7] =
        [Self::Continue, Self::Log, Self::Modify, Self::Delay, Self::Pause, Self::Block, Self::Mock];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::Log => "log",
            Self::Modify => "modify",
            Self::Delay => "delay",
            Self::Pause => "pause",
            Self::Block => "block",
            Self::Mock => "mock",
        }
    }
}

use Effect::{Answered, Dropped, GoesOn, Illegal, Refused, Replaced};

/// The effects in the order of [`Verb::ALL`]. A malformed message is answered with an error that tells what is wrong with
/// it; it can be held up or blocked, but there is nothing in it that could be changed or answered.
#[rustfmt::skip]
pub const TABLE: [(Direction, Kind, [Effect; 7]); 10] = [
    //                                      Continue  Log     Modify   Delay   Pause   Block     Mock
    (Direction::In,  Kind::Request,      [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Refused,  Answered]),
    (Direction::In,  Kind::Notification, [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Dropped,  Illegal ]),
    (Direction::In,  Kind::Result,       [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Dropped,  Illegal ]),
    (Direction::In,  Kind::Error,        [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Dropped,  Illegal ]),
    (Direction::In,  Kind::Malformed,    [ GoesOn, GoesOn, Illegal, GoesOn, GoesOn, Refused,  Illegal ]),
    (Direction::Out, Kind::Request,      [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Dropped,  Illegal ]),
    (Direction::Out, Kind::Notification, [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Dropped,  Illegal ]),
    (Direction::Out, Kind::Result,       [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Replaced, Illegal ]),
    (Direction::Out, Kind::Error,        [ GoesOn, GoesOn, GoesOn,  GoesOn, GoesOn, Replaced, Illegal ]),
    (Direction::Out, Kind::Malformed,    [ GoesOn, GoesOn, Illegal, GoesOn, GoesOn, Dropped,  Illegal ]),
];

/// What `verb` does to a message of this direction and kind.
pub fn effect(direction: Direction, kind: Kind, verb: Verb) -> Effect {
    let row = TABLE.iter().find(|(of, what, _)| *of == direction && *what == kind);
    let column = Verb::ALL.iter().position(|one| *one == verb);
    row.zip(column).and_then(|((_, _, effects), column)| effects.get(column)).copied().unwrap_or(Illegal)
}
