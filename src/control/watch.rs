//! One watcher's stream: a snapshot, then what changed, gathered for a moment so that a burst of events is one update.
//! Without a watcher nothing here runs. A watcher that does not keep up loses events, is told how many, and starts anew.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use super::service::Service;
use super::summary;
use super::types::{ActSummary, Delta, RemovedThread, Update};
use crate::event::{Event, Removal, ThreadAct};
use crate::id::{CallId, MessageSeq, ProviderPlace, SwitchSeq, ThreadId};

/// Updates that may wait for a watcher.
const QUEUE: usize = 16;
/// How long changes are gathered before they are sent: a person cannot read faster.
const GATHER: Duration = Duration::from_millis(50);

/// Starts a watch; it ends when the receiver is dropped or the engine shuts down.
pub fn start(service: Service) -> mpsc::Receiver<Update> {
    let (updates, receiver) = mpsc::channel(QUEUE);
    // The bus is heard before the snapshot is taken, so that nothing falls between the two.
    let events = service.engine().bus.watch();
    tokio::spawn(async move {
        let shutdown = service.engine().shutdown.clone();
        tokio::select! {
            () = shutdown.begun() => {}
            () = updates.closed() => {}
            () = relay(&service, events, &updates) => {}
        }
    });
    receiver
}

async fn relay(service: &Service, mut events: broadcast::Receiver<Event>, updates: &mpsc::Sender<Update>) {
    let snapshot = Update::Snapshot(Box::new(service.snapshot()));
    if updates.send(snapshot).await.is_err() {
        return;
    }
    loop {
        let mut changes = Changes::default();
        let mut dropped = 0;
        match events.recv().await {
            Ok(event) => changes.note(event),
            Err(RecvError::Lagged(count)) => dropped = count,
            Err(RecvError::Closed) => return,
        }
        tokio::time::sleep(GATHER).await;
        loop {
            match events.try_recv() {
                Ok(event) => changes.note(event),
                Err(broadcast::error::TryRecvError::Lagged(count)) => dropped += count,
                Err(_) => break,
            }
        }
        service.engine().metrics.events_missed.add([], dropped);
        let next = if dropped == 0 {
            vec![Update::Delta(Box::new(changes.into_delta(service)))]
        } else {
            vec![Update::Resync { dropped }, Update::Snapshot(Box::new(service.snapshot()))]
        };
        for update in next {
            if updates.send(update).await.is_err() {
                return;
            }
        }
    }
}

/// What has changed since the last update, each thing once.
#[derive(Default)]
struct Changes {
    threads: BTreeSet<ThreadId>,
    removed: Vec<(ThreadId, Removal)>,
    acts: Vec<(ThreadId, ThreadAct, u32)>,
    calls: BTreeSet<CallId>,
    messages: BTreeSet<MessageSeq>,
    providers: BTreeSet<ProviderPlace>,
    clients: bool,
    paused: bool,
    tools: bool,
    switched: Vec<SwitchSeq>,
}

impl Changes {
    fn note(&mut self, event: Event) {
        match event {
            Event::ConnectionOpened(_) | Event::ConnectionIdentified(_) | Event::ConnectionClosed(_) => {
                self.clients = true;
            }
            Event::CallChanged(call) => {
                self.calls.insert(call);
            }
            Event::ThreadChanged(thread) => {
                self.removed.retain(|(removed, _)| *removed != thread);
                self.threads.insert(thread);
            }
            Event::ThreadSteered { thread, act, uid } => self.acts.push((thread, act, uid)),
            Event::ThreadRemoved { thread, reason } => {
                self.threads.remove(&thread);
                self.removed.push((thread, reason));
            }
            Event::MessageLogged(seq) => {
                self.messages.insert(seq);
            }
            Event::MessagePaused(_) | Event::PauseResolved(_) => self.paused = true,
            Event::ProviderChanged(place) => {
                self.providers.insert(place);
            }
            Event::ToolsChanged => self.tools = true,
            Event::Switched(seq) => self.switched.push(seq),
            // The turn that is questioned came with a change of its thread.
            Event::ThreadQuestioned { .. }
            | Event::BudgetDecided { .. }
            | Event::ConfigRead { .. }
            | Event::ControlRefused { .. } => {}
        }
    }

    fn into_delta(self, service: &Service) -> Delta {
        let engine = service.engine();
        let threads = self.threads.into_iter().filter_map(|id| engine.threads.live(id));
        let calls: Vec<_> = self.calls.into_iter().filter_map(|id| engine.calls.get(id)).collect();
        let places = self.providers.into_iter();
        let providers = places.filter_map(|place| engine.models.provider(usize::from(place.0)));
        Delta {
            threads: threads.map(|thread| summary::thread(&thread, &engine.threads, engine.clock)).collect(),
            removed: self.removed.into_iter().map(|(id, reason)| RemovedThread { id, reason }).collect(),
            acts: self.acts.into_iter().map(|(thread, act, uid)| ActSummary { thread, act, uid }).collect(),
            calls: calls.iter().map(|call| summary::call(call)).collect(),
            messages: self
                .messages
                .into_iter()
                .filter_map(|seq| engine.messages.get(seq))
                .map(|entry| summary::message(&entry))
                .collect(),
            providers: providers.map(summary::provider).collect(),
            paused: self.paused.then(|| engine.chain.pauses().list().into_iter().map(summary::paused).collect()),
            switched: self.switched.into_iter().filter_map(|seq| engine.switchings.get(seq)).collect(),
            tools: self.tools.then(|| summary::toolbox(engine)),
            clients: self.clients.then(|| engine.connections.list().into_iter().map(summary::client).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::config::Config;
    use crate::control::service::Identity;
    use crate::control::types::Face;
    use crate::engine::{Engine, Setup};
    use crate::event::BUS_CAPACITY;
    use crate::secret::Redactor;
    use crate::server::Server;
    use crate::thread::Principal;
    use crate::unit::UnixMillis;

    fn service() -> Service {
        let setup = Setup {
            config: Config::default(),
            clock: Clock::anchored(UnixMillis(1_000)),
            redactor: Redactor::default(),
            working_directory: "/".into(),
            home: None,
        };
        let identity =
            Identity { face: Face::Stdio, started: UnixMillis(0), working_directory: "/".to_owned(), demo: false };
        Service::new(Server::new(Engine::new(setup).unwrap()), Principal::user(0), identity)
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_of_events_is_one_update() {
        let service = service();
        let mut updates = start(service.clone());
        assert!(matches!(updates.recv().await, Some(Update::Snapshot(_))));
        let connections = &service.engine().connections;
        let (first, second) = (connections.open("stdio"), connections.open("stdio"));
        connections.identify(first, Some(("an agent", "1")), "2025-11-25");
        let Some(Update::Delta(delta)) = updates.recv().await else { panic!("a delta") };
        let clients: Vec<_> = delta.clients.unwrap().into_iter().map(|client| client.connection).collect();
        assert_eq!(clients, [first, second]);
        assert!(updates.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_watcher_that_falls_behind_is_told_and_starts_anew() {
        let service = service();
        let mut updates = start(service.clone());
        assert!(matches!(updates.recv().await, Some(Update::Snapshot(_))));
        for number in 0..BUS_CAPACITY as u64 + 10 {
            service.engine().bus.say(Event::CallChanged(CallId(number)));
        }
        assert!(matches!(updates.recv().await, Some(Update::Resync { dropped }) if dropped >= 10));
        assert!(matches!(updates.recv().await, Some(Update::Snapshot(_))));
    }

    #[tokio::test]
    async fn the_watch_ends_with_the_engine() {
        let service = service();
        let mut updates = start(service.clone());
        assert!(matches!(updates.recv().await, Some(Update::Snapshot(_))));
        service.engine().shutdown.begin();
        assert!(updates.recv().await.is_none());
    }
}
