//! What a client carries from one round of a call to the next (2026-07-28, `requestState`): its answers so far, sealed
//! by this process for one principal and one request. A state that was changed, or is another's, or is old, opens for
//! nobody.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac, rand};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::RpcError;
use crate::unit::whole_millis;

/// How long a client may take for its answers.
const GOOD_FOR: Duration = Duration::from_secs(60 * 60);

const NOT_OURS: &str =
    "requestState is none that this server made for this request, or it is too old: call again without it";

/// The answers to what a client was asked, by the names under which it was asked.
pub type Answers = Map<String, Value>;

/// Seals and opens states. Its key lives and ends with the process.
pub struct Seal {
    key: hmac::Key,
}

/// The request to which a state belongs, in the fewest bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request([u8; 32]);

#[derive(Serialize, Deserialize)]
struct State {
    answers: Answers,
    /// In milliseconds on the clock of whoever sealed it.
    expires: u64,
}

/// The system gave no random bytes for the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandomness;

impl Seal {
    pub fn new() -> Result<Self, NoRandomness> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new()).map_err(|_| NoRandomness)?;
        Ok(Self { key })
    }

    /// The state after `answers`, good for some time from `now` on, which is the age of the process.
    pub fn seal(&self, request: Request, answers: &Answers, now: Duration) -> String {
        let state = State { answers: answers.clone(), expires: whole_millis(now.saturating_add(GOOD_FOR)) };
        // A map of JSON values always serialises.
        let text = serde_json::to_vec(&state).unwrap_or_default();
        let tag = hmac::sign(&self.key, &signed(request, &text));
        format!("{}.{}", URL_SAFE_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(tag))
    }

    /// The answers in a state that this process made for this request.
    pub fn open(&self, request: Request, state: &str, now: Duration) -> Result<Answers, RpcError> {
        let refused = || RpcError::invalid_params(NOT_OURS);
        let (text, tag) = state.split_once('.').ok_or_else(refused)?;
        let text = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
        let tag = URL_SAFE_NO_PAD.decode(tag).map_err(|_| refused())?;
        hmac::verify(&self.key, &signed(request, &text), &tag).map_err(|_| refused())?;
        let state: State = serde_json::from_slice(&text).map_err(|_| refused())?;
        if state.expires < whole_millis(now) { Err(refused()) } else { Ok(state.answers) }
    }
}

impl Request {
    /// `parts` say on whose behalf, which method, what about and with which arguments.
    pub fn of(parts: &[&str]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            // With its length, so that no two lists of parts run together into the same bytes.
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }
}

fn signed(request: Request, text: &[u8]) -> Vec<u8> {
    [&request.0[..], text].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Duration = Duration::from_secs(1);

    fn answers() -> Answers {
        json!({ "model": { "action": "accept" } }).as_object().unwrap().clone()
    }

    #[test]
    fn a_state_opens_for_its_own_request_alone_and_for_a_time() {
        let seal = Seal::new().unwrap();
        let mine = Request::of(&["uid:1", "tools/call", "chat"]);
        let state = seal.seal(mine, &answers(), NOW);
        assert_eq!(seal.open(mine, &state, NOW), Ok(answers()));
        for other in [["uid:2", "tools/call", "chat"], ["uid:1", "tools/call", "cha"], ["uid:1t", "ools/call", "chat"]]
        {
            assert!(seal.open(Request::of(&other), &state, NOW).is_err(), "{other:?}");
        }
        assert!(seal.open(mine, &state, NOW + GOOD_FOR + NOW).is_err());
        assert!(Seal::new().unwrap().open(mine, &state, NOW).is_err());
    }

    #[test]
    fn a_state_that_was_changed_opens_for_nobody() {
        let seal = Seal::new().unwrap();
        let mine = Request::of(&["uid:1"]);
        let state = seal.seal(mine, &answers(), NOW);
        let (_, tag) = state.split_once('.').unwrap();
        let forged = format!("{}.{tag}", URL_SAFE_NO_PAD.encode(r#"{"answers":{},"expires":9999999999999}"#));
        for changed in [format!("{state}-TAMPERED"), forged, "".to_owned(), ".".to_owned(), state.replace('.', "")] {
            assert!(seal.open(mine, &changed, NOW).is_err(), "{changed}");
        }
    }
}
