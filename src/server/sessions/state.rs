//! The states of a session, and which may follow which.

use std::fmt;

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its `initialize` is being answered.
    Connecting,
    /// Answered; the client has not said that it is ready.
    Initializing,
    Active,
    /// It is being taken down: its calls are withdrawn and its streams ended.
    Closing,
    Closed,
    /// It never came up, or broke; why.
    Failed(Box<str>),
}

/// A session cannot go from the one state to the other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session that is {from} cannot become {to}")]
pub struct InvalidTransition {
    pub from: State,
    pub to: State,
}

impl State {
    /// The state after this one, where `to` may be it.
    pub fn step(&self, to: State) -> Result<State, InvalidTransition> {
        if self.may_become(&to) { Ok(to) } else { Err(InvalidTransition { from: self.clone(), to }) }
    }

    /// Nothing follows.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Closed | Self::Failed(_))
    }

    fn may_become(&self, to: &State) -> bool {
        matches!(
            (self, to),
            (Self::Connecting, Self::Initializing)
                | (Self::Initializing, Self::Active)
                | (Self::Connecting | Self::Initializing | Self::Active, Self::Closing)
                | (Self::Closing, Self::Closed)
                | (Self::Connecting | Self::Initializing | Self::Active | Self::Closing, Self::Failed(_))
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connecting => "connecting",
            Self::Initializing => "initializing",
            Self::Active => "active",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::Failed(_) => "failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::State::{Active, Closed, Closing, Connecting, Failed, Initializing};
    use super::*;

    fn failed() -> State {
        Failed("why".into())
    }

    #[test]
    fn exactly_these_states_follow_each_other() {
        let all = [Connecting, Initializing, Active, Closing, Closed, failed()];
        let allowed = [
            (Connecting, vec![Initializing, Closing, failed()]),
            (Initializing, vec![Active, Closing, failed()]),
            (Active, vec![Closing, failed()]),
            (Closing, vec![Closed, failed()]),
            (Closed, vec![]),
            (failed(), vec![]),
        ];
        for (from, followers) in allowed {
            assert_eq!(from.is_final(), followers.is_empty());
            for to in &all {
                let stepped = from.step(to.clone());
                if followers.contains(to) {
                    assert_eq!(stepped, Ok(to.clone()));
                } else {
                    assert_eq!(stepped, Err(InvalidTransition { from: from.clone(), to: to.clone() }));
                }
            }
        }
    }

    #[test]
    fn a_step_that_is_not_allowed_says_which() {
        let refused = Closed.step(Active).unwrap_err();
        assert_eq!(refused.to_string(), "a session that is closed cannot become active");
    }
}
