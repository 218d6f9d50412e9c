//! How far a call has come, on one line of the terminal that is written over until the answer is there.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::io::Write;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::clock::Clock;
use crate::control::Control;
use crate::control::types::{CallSummary, ClientSummary, Stage, Update};
use crate::id::{CallId, ConnectionId};
use crate::text::{cut, sanitise_line};
use crate::unit::span;

/// How often the line is written, so that its seconds go on.
const EVERY: Duration = Duration::from_secs(1);
/// Cells of the line; a narrower terminal is rare, and wraps.
const CELLS: usize = 78;
/// Back to the beginning of the line, and nothing on it.
const CLEAR: &str = "\r\x1b[K";
/// How the connections of people are told from those of agents.
const OURS: &str = "control";

/// What tells of one call that is about to be made.
pub struct Watch {
    updates: mpsc::Receiver<Update>,
    tool: String,
    former: HashSet<CallId>,
    clients: BTreeMap<ConnectionId, String>,
    call: Option<CallSummary>,
}

/// Begins to watch, before the call is made. None where the process lets nobody watch; the call is made all the same.
pub async fn watch(control: &dyn Control, tool: &str) -> Option<Watch> {
    let mut updates = control.watch().await.ok()?;
    let Some(Update::Snapshot(snapshot)) = updates.recv().await else { return None };
    let former = snapshot.calls.iter().map(|call| call.id).collect();
    let clients = by_connection(&snapshot.hello.clients);
    Some(Watch { updates, tool: tool.to_owned(), former, clients, call: None })
}

/// Takes the line away.
pub fn clear(err: &mut dyn Write) {
    // Where nobody can be shown anything, nothing is lost.
    let _ = err.write_all(CLEAR.as_bytes()).and_then(|()| err.flush());
}

impl Watch {
    /// Shows the progress until dropped.
    pub async fn show(mut self, err: &mut (dyn Write + Send)) -> Infallible {
        let clock = Clock::system();
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut open = true;
        loop {
            tokio::select! {
                update = self.updates.recv(), if open => match update {
                    Some(update) => self.take(update),
                    None => open = false,
                },
                _ = ticks.tick() => {
                    if let Some(call) = &self.call {
                        let line = told(call, clock.wall().since(call.started));
                        let _ = write!(err, "{CLEAR}{}", cut(&line, CELLS)).and_then(|()| err.flush());
                    }
                }
            }
        }
    }

    fn take(&mut self, update: Update) {
        let Update::Delta(delta) = update else { return };
        if let Some(clients) = &delta.clients {
            self.clients = by_connection(clients);
        }
        for call in delta.calls {
            let ours = match &self.call {
                Some(known) => known.id == call.id,
                None => {
                    let by_a_person = self.clients.get(&call.connection).is_none_or(|transport| transport == OURS);
                    by_a_person && call.tool == self.tool && !self.former.contains(&call.id)
                }
            };
            if ours {
                self.call = Some(call);
            }
        }
    }
}

fn by_connection(clients: &[ClientSummary]) -> BTreeMap<ConnectionId, String> {
    clients.iter().map(|client| (client.connection, client.transport.clone())).collect()
}

/// `gemini-2.5-pro answers, 1204 characters so far · 12s`.
fn told(call: &CallSummary, waited: Duration) -> String {
    let model = call.model.as_ref().map_or_else(|| call.tool.clone(), ToString::to_string);
    let model = sanitise_line(&model);
    let doing = match &call.stage {
        Stage::Preparing => "gathering files and history".to_owned(),
        Stage::Waiting => format!("{model} thinks"),
        Stage::Streaming => format!("{model} answers, {} characters so far", call.text_chars),
        Stage::Done | Stage::Failed { .. } | Stage::Cancelled => format!("{model} is done"),
    };
    format!("{doing} · {}", span(waited))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::UnixMillis;

    fn call(id: u64, connection: u64, tool: &str, stage: Stage) -> CallSummary {
        CallSummary {
            id: CallId(id),
            tool: tool.to_owned(),
            connection: ConnectionId(connection),
            thread: None,
            model: Some("flash\x1b]0;x\x07".into()),
            provider: None,
            stage,
            text_chars: 7,
            started: UnixMillis(0),
            ended: None,
        }
    }

    #[test]
    fn the_call_of_an_agent_is_not_taken_for_ones_own() {
        let (_sender, updates) = mpsc::channel(1);
        let clients = [(ConnectionId(1), "stdio".to_owned()), (ConnectionId(2), OURS.to_owned())].into();
        let mut watch = Watch { updates, tool: "chat".to_owned(), former: [CallId(1)].into(), clients, call: None };
        let mut hears = |call| {
            watch.take(Update::Delta(Box::new(crate::control::types::Delta {
                calls: vec![call],
                ..Default::default()
            })));
            watch.call.as_ref().map(|call| call.id.0)
        };
        assert_eq!(hears(call(1, 2, "chat", Stage::Waiting)), None, "it was there before");
        assert_eq!(hears(call(2, 1, "chat", Stage::Waiting)), None, "an agent made it");
        assert_eq!(hears(call(3, 2, "version", Stage::Waiting)), None, "it is another tool");
        assert_eq!(hears(call(4, 2, "chat", Stage::Waiting)), Some(4));
        assert_eq!(hears(call(5, 2, "chat", Stage::Waiting)), Some(4), "the first one stays");
    }

    #[test]
    fn a_line_of_progress_is_harmless() {
        let line = told(&call(1, 1, "chat", Stage::Streaming), Duration::from_secs(75));
        assert!(line.ends_with("answers, 7 characters so far · 1m") && !line.contains('\x1b'), "{line}");
    }
}
