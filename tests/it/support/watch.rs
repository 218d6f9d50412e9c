//! One who watches a process through its control socket, and waits for what the process comes to.

use tokio::sync::mpsc;
use zen::control::Control as _;
use zen::control::client::Client;
use zen::control::types::{CallSummary, Delta, Snapshot, Stage, Update};

use super::{canary, soon};

pub struct Watch {
    updates: mpsc::Receiver<Update>,
    /// What the process was when the watch began.
    pub snapshot: Snapshot,
    /// All that has come since.
    pub deltas: Vec<Delta>,
}

impl Watch {
    pub async fn begin(client: &Client) -> Self {
        let mut updates = soon("a watch", client.watch()).await.unwrap();
        let first = soon("a snapshot", updates.recv()).await;
        canary::sweep_value("the control socket", &first);
        let Some(Update::Snapshot(snapshot)) = first else { panic!("a snapshot comes first, not {first:?}") };
        Self { updates, snapshot: *snapshot, deltas: Vec::new() }
    }

    /// Waits until `found` finds something in a delta that has come or is yet to come.
    pub async fn until<T>(&mut self, what: &str, found: impl Fn(&Delta) -> Option<T>) -> T {
        if let Some(found) = self.deltas.iter().find_map(&found) {
            return found;
        }
        loop {
            match soon(what, self.updates.recv()).await {
                Some(Update::Delta(delta)) => {
                    canary::sweep_value("the events", &delta);
                    let known = found(&delta);
                    self.deltas.push(*delta);
                    if let Some(known) = known {
                        return known;
                    }
                }
                Some(other) => panic!("waiting for {what}, not for {other:?}"),
                None => panic!("the process ended before {what}"),
            }
        }
    }

    /// Waits until a call of `tool` has come to `stage`.
    pub async fn call_at(&mut self, tool: &str, stage: &Stage) -> CallSummary {
        let found = |delta: &Delta| delta.calls.iter().find(|call| call.tool == tool && call.stage == *stage).cloned();
        self.until(&format!("{tool} at {stage:?}"), found).await
    }

    /// Waits until the process has begun to end.
    pub async fn closed(&mut self) {
        while soon("the end of the watch", self.updates.recv()).await.is_some() {}
    }
}
