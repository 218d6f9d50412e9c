//! Any sequence of acts, by two principals, under caps that are passed all the time: held against a plain list of what
//! should be there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::broadcast;

use super::*;
use crate::event::Removal;
use crate::id::{ModelId, ProviderId};
use crate::secret::Redactor;
use crate::thread::export::{Form, export};
use crate::thread::memory::MemoryStore;
use crate::thread::turn::Consultation;
use crate::unit::UnixMillis;

const LIMITS: Limits = Limits { ttl: Duration::from_secs(100), max_turns: 6, max_threads: 6, max_bytes: 600 };

#[derive(Clone, Copy, Debug)]
enum Step {
    Open {
        mine: bool,
        size: usize,
    },
    /// The numbers choose one of the ids that ever were.
    Record {
        at: usize,
        size: usize,
    },
    Pin(usize),
    Unpin(usize),
    Extend(usize),
    Expire(usize),
    Restore(usize),
    Fork {
        at: usize,
        turn: usize,
    },
    /// An export of the thread comes back, for this principal.
    Import {
        at: usize,
        mine: bool,
    },
    Begin(usize),
    End(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let at = 0..40_usize;
    prop_oneof![
        4 => (any::<bool>(), 1..90_usize).prop_map(|(mine, size)| Step::Open { mine, size }),
        5 => (at.clone(), 1..90_usize).prop_map(|(at, size)| Step::Record { at, size }),
        1 => at.clone().prop_map(Step::Pin),
        2 => at.clone().prop_map(Step::Unpin),
        1 => at.clone().prop_map(Step::Extend),
        2 => at.clone().prop_map(Step::Expire),
        3 => at.clone().prop_map(Step::Restore),
        2 => (at.clone(), 0..4_usize).prop_map(|(at, turn)| Step::Fork { at, turn }),
        2 => (at.clone(), any::<bool>()).prop_map(|(at, mine)| Step::Import { at, mine }),
        1 => at.clone().prop_map(Step::Begin),
        2 => at.prop_map(Step::End),
        1 => (1..60_u64).prop_map(Step::Wait),
    ]
}

/// What should be there: of each thread its owner and its prompts.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    mine: bool,
    prompts: Vec<String>,
    pinned: bool,
}

struct World {
    threads: Arc<Threads>,
    events: broadcast::Receiver<Event>,
    live: BTreeMap<ThreadId, Known>,
    expired: BTreeMap<ThreadId, Known>,
    /// Every id that ever was, in order.
    ids: Vec<ThreadId>,
    calls: Vec<(ThreadId, super::super::room::Occupied)>,
    turns: usize,
}

fn owner(mine: bool) -> Principal {
    Principal::user(if mine { 1 } else { 2 })
}

impl World {
    fn new() -> Self {
        let bus = Bus::new();
        let threads = Arc::new(Threads::new(Box::<MemoryStore>::default(), LIMITS, Clock::system(), bus.clone()));
        let (live, expired) = (BTreeMap::new(), BTreeMap::new());
        Self { threads, events: bus.watch(), live, expired, ids: Vec::new(), calls: Vec::new(), turns: 0 }
    }

    /// A turn unlike any other.
    fn turn(&mut self, size: usize) -> (String, Turn) {
        self.turns += 1;
        let prompt = format!("{:04}{}", self.turns, "x".repeat(size));
        let turn = Turn {
            consultations: vec![Consultation::new(ProviderId::from("custom"), ModelId::from("m"))],
            ..Turn::new("chat", prompt.as_str(), UnixMillis(1))
        };
        (prompt, turn)
    }

    fn id(&self, at: usize) -> ThreadId {
        // One in a few is an id that never was.
        self.ids.get(at % (self.ids.len() + 2)).copied().unwrap_or_else(ThreadId::random)
    }

    fn began(&mut self, id: ThreadId, known: Known) {
        self.ids.push(id);
        assert!(self.live.insert(id, known).is_none(), "an id is given out once");
    }

    fn go(&mut self, step: Step) {
        match step {
            Step::Open { mine, size } => {
                let (prompt, turn) = self.turn(size);
                let target = Target::New(ThreadId::random());
                self.threads.record(&target, &owner(mine), turn).unwrap();
                self.began(target.id(), Known { mine, prompts: vec![prompt], pinned: false });
            }
            Step::Record { at, size } => self.record(self.id(at), size),
            Step::Pin(at) => self.steer(at, |threads, id| threads.pin(id), |known| known.pinned = true),
            Step::Unpin(at) => self.steer(at, |threads, id| threads.unpin(id), |known| known.pinned = false),
            Step::Extend(at) => {
                let (id, known) = (self.id(at), self.live.get(&self.id(at)).cloned());
                let extended = self.threads.extend(id, Some(Duration::from_secs(50)));
                assert_eq!(extended.is_ok(), known.is_some_and(|known| !known.pinned));
            }
            Step::Expire(at) => {
                let id = self.id(at);
                let known = self.live.remove(&id);
                assert_eq!(self.threads.expire(id).is_ok(), known.is_some());
                self.expired.extend(known.map(|known| (id, known)));
            }
            Step::Restore(at) => {
                let id = self.id(at);
                if self.threads.restore(id).is_ok() {
                    let known = self.expired.remove(&id).expect("only what was expired by hand");
                    self.live.insert(id, known);
                }
            }
            Step::Fork { at, turn } => self.fork(self.id(at), turn),
            Step::Import { at, mine } => self.import(self.id(at), mine),
            Step::Begin(at) => self.calls.push((self.id(at), self.threads.occupy(self.id(at)))),
            Step::End(at) => {
                if !self.calls.is_empty() {
                    self.calls.remove(at % self.calls.len());
                    // Its thread's time may have run out under it.
                    self.threads.sweep();
                }
            }
            Step::Wait(_) => {}
        }
    }

    fn steer(
        &mut self,
        at: usize,
        act: impl Fn(&Threads, ThreadId) -> Result<Arc<Thread>, crate::thread::life::CannotSteer>,
        change: impl Fn(&mut Known),
    ) {
        let id = self.id(at);
        let known = self.live.get_mut(&id);
        assert_eq!(act(&self.threads, id).is_ok(), known.is_some());
        known.into_iter().for_each(change);
    }

    fn record(&mut self, id: ThreadId, size: usize) {
        let known = self.live.get(&id).cloned();
        for mine in [true, false] {
            let resumed = self.threads.resume(&id.to_string(), &owner(mine));
            let takes = known.as_ref().is_some_and(|known| known.mine == mine && known.prompts.len() < 6);
            assert_eq!(resumed.is_ok(), takes, "{id}: {known:?}");
            let Ok(target) = resumed else { continue };
            let (prompt, turn) = self.turn(size);
            self.threads.record(&target, &owner(mine), turn).unwrap();
            self.live.get_mut(&id).unwrap().prompts.push(prompt);
        }
    }

    fn fork(&mut self, id: ThreadId, turn: usize) {
        let forked = self.threads.fork(id, Some(turn));
        let Some(known) = self.live.get(&id).filter(|known| (1..=known.prompts.len()).contains(&turn)).cloned() else {
            return assert!(forked.is_err());
        };
        self.hear(None);
        let Ok(fork) = forked else { return };
        self.began(fork.id, Known { prompts: known.prompts[..turn].to_vec(), pinned: false, ..known });
    }

    fn import(&mut self, id: ThreadId, mine: bool) {
        let Some(thread) = self.threads.live(id) else { return };
        let document = export(&thread, Form::Json, &Redactor::default(), UnixMillis(1));
        let known = self.live[&id].clone();
        let imported = self.threads.import(&document, &owner(mine));
        self.hear(None);
        let Ok(imported) = imported else { return };
        assert!(imported.id != id || !self.live.contains_key(&id), "it was taken, and did not make room either");
        self.began(imported.id, Known { mine, pinned: false, ..known });
    }

    /// What went by itself: only what could.
    fn hear(&mut self, used: Option<ThreadId>) {
        while let Ok(event) = self.events.try_recv() {
            let Event::ThreadRemoved { thread, reason } = event else { continue };
            if reason == Removal::ByHand {
                continue;
            }
            let known = self.live.remove(&thread).expect("only what was there");
            assert!(!known.pinned && Some(thread) != used, "{reason:?}: {known:?}");
            assert!(self.calls.iter().all(|(busy, _)| *busy != thread), "{reason:?} under a call");
        }
    }

    fn check(&self) {
        let threads = self.threads.store.all();
        assert_eq!(threads.len(), self.live.len());
        for thread in &threads {
            let known = &self.live[&thread.id];
            let prompts: Vec<_> = thread.turns.iter().map(|turn| turn.prompt.to_string()).collect();
            assert_eq!((prompts, thread.is_pinned()), (known.prompts.clone(), known.pinned));
        }
        for mine in [true, false] {
            let seen: Vec<_> = self.threads.list_of(&owner(mine)).iter().map(|thread| thread.id).collect();
            assert!(seen.iter().all(|id| self.live[id].mine == mine), "another's thread");
            for (id, known) in &self.live {
                let found = self.threads.find(&id.to_string(), &owner(mine)).is_ok();
                assert_eq!(found, known.mine == mine);
                assert_eq!(seen.contains(id), found);
            }
        }
        // What has run out of its own time cannot be restored any more, and is held until its moment has passed.
        let restorable: Vec<_> =
            self.threads.restorable.expired().iter().map(|expired| Arc::clone(&expired.thread)).collect();
        assert!(restorable.iter().all(|thread| self.expired.contains_key(&thread.id)));
        assert!(self.threads.restorable().len() <= restorable.len());
        let held = || threads.iter().chain(&restorable);
        assert_eq!(self.threads.held.threads(), held().count());
        assert_eq!(self.threads.held.bytes(), held().map(|thread| thread.bytes()).sum::<usize>());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_sequence_of_acts_loses_a_turn_miscounts_or_shows_anothers(steps in prop::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new();
            for step in steps {
                world.go(step);
                if let Step::Wait(seconds) = step {
                    tokio::time::advance(Duration::from_secs(seconds)).await;
                    world.threads.sweep();
                }
                world.hear(None);
                world.check();
            }
        });
    }
}
