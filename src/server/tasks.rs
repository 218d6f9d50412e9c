//! Calls that go on behind their answer (the tasks extension of 2026-07-28): a client comes back for their state, answers
//! what they ask, or gives them up. A task is its principal's alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::asking::Form;
use super::running::input_requests;
use crate::clock::Clock;
use crate::mcp::codec::{ResultBody, ResultKind};
use crate::mcp::error::{INTERNAL_ERROR, RpcError, excerpt};
use crate::mcp::state::Answers;
use crate::thread::Principal;
use crate::unit::{UnixMillis, whole_millis};

/// Tasks that are kept at one time, ended ones included.
const MAX_TASKS: usize = 128;
/// How long a task can be asked for, from its beginning; a running one always.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
/// How often a client should come back.
const POLL: Duration = Duration::from_secs(1);

pub struct Tasks {
    kept: Mutex<HashMap<Uuid, Arc<Task>>>,
    clock: Clock,
}

/// One of them.
pub struct Task {
    id: Uuid,
    principal: Principal,
    created: UnixMillis,
    expires: Instant,
    cancel: CancellationToken,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    note: String,
    changed: UnixMillis,
}

enum Stage {
    Working,
    InputRequired(Parked),
    /// The result, as JSON.
    Completed(Box<RawValue>),
    Failed(RpcError),
    Cancelled,
}

/// What a task waits for.
struct Parked {
    open: Vec<(String, Form)>,
    answers: Answers,
    to: oneshot::Sender<Result<Answers, RpcError>>,
}

impl Tasks {
    pub fn new(clock: Clock) -> Self {
        Self { kept: Mutex::default(), clock }
    }

    /// A new task that `cancel` gives up; None where as many are kept as may be.
    pub fn begin(&self, principal: &Principal, cancel: CancellationToken) -> Option<Arc<Task>> {
        let now = self.clock.now();
        let mut kept = self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        kept.retain(|_, task| !task.is_over(now));
        if kept.len() >= MAX_TASKS {
            return None;
        }
        let created = self.clock.wall();
        let task = Arc::new(Task {
            id: Uuid::new_v4(),
            principal: principal.clone(),
            created,
            expires: now + KEPT_FOR,
            cancel,
            clock: self.clock,
            state: Mutex::new(State { stage: Stage::Working, note: String::new(), changed: created }),
        });
        kept.insert(task.id, Arc::clone(&task));
        Some(task)
    }

    /// The task of this id, where it is `principal`'s. A foreign one and an unknown one are the same.
    pub fn find(&self, id: &str, principal: &Principal) -> Result<Arc<Task>, RpcError> {
        let now = self.clock.now();
        let kept = self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let task = Uuid::try_parse(id).ok().and_then(|id| kept.get(&id));
        let task = task.filter(|task| task.principal == *principal && !task.is_over(now)).cloned();
        task.ok_or_else(|| RpcError::invalid_params(format!("no task '{}' here", excerpt(id))))
    }
}

impl Task {
    /// The answer to the call that became this task.
    pub fn created(&self) -> Result<ResultBody, RpcError> {
        Ok(ResultBody::of(&self.members(&self.state()))?.of_kind(ResultKind::Task))
    }

    /// How it stands, with its result, its error or what it asks (`tasks/get`).
    pub fn detailed(&self) -> Result<ResultBody, RpcError> {
        let state = self.state();
        let mut members = self.members(&state);
        match &state.stage {
            Stage::Working | Stage::Cancelled => {}
            Stage::InputRequired(parked) => members["inputRequests"] = input_requests(&parked.open).into(),
            Stage::Completed(result) => members["result"] = serde_json::from_str(result.get()).unwrap_or_default(),
            Stage::Failed(error) => members["error"] = json!(error),
        }
        ResultBody::of(&members)
    }

    /// Takes answers to what it asked; what it did not ask is passed over. It goes on once all are there.
    pub fn update(&self, responses: Map<String, Value>) {
        let mut state = self.state();
        let Stage::InputRequired(parked) = &mut state.stage else { return };
        for (name, answer) in responses {
            if let Some(at) = parked.open.iter().position(|(open, _)| *open == name) {
                parked.open.remove(at);
                parked.answers.insert(name, answer);
            }
        }
        if parked.open.is_empty()
            && let Stage::InputRequired(parked) = std::mem::replace(&mut state.stage, Stage::Working)
        {
            let _ = parked.to.send(Ok(parked.answers));
        }
        state.changed = self.clock.wall();
    }

    /// Gives it up. One that has ended stays as it is.
    pub fn give_up(&self) {
        let mut state = self.state();
        if !state.stage.has_ended() {
            state.stage = Stage::Cancelled;
            state.changed = self.clock.wall();
            self.cancel.cancel();
        }
    }

    /// It has ended with this. One that was given up before stays given up.
    pub fn end(&self, outcome: Result<ResultBody, RpcError>) {
        let mut state = self.state();
        if state.stage.has_ended() {
            return;
        }
        state.stage = match outcome.map(|body| RawValue::from_string(body.to_json())) {
            Ok(Ok(result)) => Stage::Completed(result),
            Ok(Err(error)) => Stage::Failed(RpcError::new(INTERNAL_ERROR, error.to_string())),
            Err(error) => Stage::Failed(error),
        };
        state.changed = self.clock.wall();
    }

    /// How far it has come, for its client to read.
    pub fn note(&self, message: String) {
        let mut state = self.state();
        state.note = message;
        state.changed = self.clock.wall();
    }

    /// It waits until its client has answered these.
    pub fn park(&self, forms: Vec<(String, Form)>, to: oneshot::Sender<Result<Answers, RpcError>>) {
        let mut state = self.state();
        if !state.stage.has_ended() {
            state.stage = Stage::InputRequired(Parked { open: forms, answers: Answers::new(), to });
            state.changed = self.clock.wall();
        }
    }

    fn members(&self, state: &State) -> Value {
        let mut members = json!({
            "taskId": self.id.to_string(),
            "status": state.stage.status(),
            "createdAt": self.created.rfc3339(),
            "lastUpdatedAt": state.changed.rfc3339(),
            "ttlMs": whole_millis(KEPT_FOR),
            "pollIntervalMs": whole_millis(POLL),
        });
        if !state.note.is_empty() {
            members["statusMessage"] = state.note.clone().into();
        }
        members
    }

    fn is_over(&self, now: Instant) -> bool {
        self.expires <= now && self.state().stage.has_ended()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Stage {
    fn status(&self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::InputRequired(_) => "input_required",
            Self::Completed(_) => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self, Self::Completed(_) | Self::Failed(_) | Self::Cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::envelope::RequestId;
    use crate::mcp::version::Version;

    fn mine() -> Principal {
        Principal::user(1)
    }

    fn state(task: &Task) -> Value {
        let id: RequestId = serde_json::from_str("1").unwrap();
        let reply = crate::mcp::codec::result(&id, Version::V2026_07_28, &task.detailed().unwrap());
        serde_json::from_slice::<Value>(&reply).unwrap()["result"].take()
    }

    fn id(task: &Task) -> String {
        task.id.to_string()
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_is_its_principals_alone_and_is_kept_for_its_time() {
        let tasks = Tasks::new(Clock::system());
        let task = tasks.begin(&mine(), CancellationToken::new()).unwrap();
        assert!(tasks.find(&id(&task), &mine()).is_ok());
        let foreign = tasks.find(&id(&task), &Principal::user(2)).err().unwrap();
        assert_eq!(foreign.code, crate::mcp::error::INVALID_PARAMS);
        tokio::time::advance(KEPT_FOR * 2).await;
        assert!(tasks.find(&id(&task), &mine()).is_ok(), "a running one stays");
        task.end(Ok(ResultBody::empty()));
        assert!(tasks.find(&id(&task), &mine()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_only_so_many_and_time_makes_room() {
        let tasks = Tasks::new(Clock::system());
        let begin = || tasks.begin(&mine(), CancellationToken::new());
        let first: Vec<_> = (0..MAX_TASKS).map(|_| begin().unwrap()).collect();
        assert!(begin().is_none());
        first.iter().for_each(|task| task.end(Ok(ResultBody::empty())));
        assert!(begin().is_none(), "each can be asked for during its time");
        tokio::time::advance(KEPT_FOR).await;
        assert!(begin().is_some());
    }

    #[tokio::test]
    async fn a_task_goes_on_once_all_it_asked_is_answered() {
        let tasks = Tasks::new(Clock::system());
        let task = tasks.begin(&mine(), CancellationToken::new()).unwrap();
        let form = Form { message: "Which?".to_owned(), schema: json!({}) };
        let (to, mut answered) = oneshot::channel();
        task.park(vec![("a".to_owned(), form.clone()), ("b".to_owned(), form)], to);
        let answer = |name: &str| Map::from_iter([(name.to_owned(), json!({ "action": "accept" }))]);
        task.update(answer("unasked"));
        task.update(answer("a"));
        let open = state(&task)["inputRequests"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!((open, answered.try_recv().is_err()), (vec!["b".to_owned()], true));
        task.update(answer("b"));
        assert_eq!(answered.await.unwrap().unwrap().len(), 2);
        assert_eq!(state(&task)["status"], "working");
    }

    #[tokio::test]
    async fn what_was_given_up_stays_given_up() {
        let tasks = Tasks::new(Clock::system());
        let cancel = CancellationToken::new();
        let task = tasks.begin(&mine(), cancel.clone()).unwrap();
        task.give_up();
        task.end(Ok(ResultBody::empty()));
        task.note("late".to_owned());
        assert!(cancel.is_cancelled() && state(&task)["status"] == "cancelled");
        let failed = tasks.begin(&mine(), CancellationToken::new()).unwrap();
        failed.end(Err(RpcError::new(INTERNAL_ERROR, "broken")));
        failed.give_up();
        assert_eq!(
            (&state(&failed)["status"], &state(&failed)["error"]["message"]),
            (&json!("failed"), &json!("broken"))
        );
    }
}
