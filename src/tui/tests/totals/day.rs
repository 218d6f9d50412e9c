//! The demo's day, played to its end in paused time: the real engine, chain, providers and HTTP, and every update that a
//! face was sent meanwhile. And a face that is shown them, which may be lied to on the way.

use std::time::Duration;

use super::books::Books;
use crate::cli::tui::demo;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::Control as _;
use crate::control::service::{Identity, Service};
use crate::control::types::{Face, Update};
use crate::engine::{Engine, Setup};
use crate::secret::Redactor;
use crate::server::Server;
use crate::thread::Principal;
use crate::tui::event::{Effect, Reply};
use crate::tui::tests::sample::{Driven, NOW, OWN};
use crate::unit::UnixMillis;

/// The day begins so long before what the face takes for now.
const BEFORE_NOW_MILLIS: u64 = 600_000;
/// How long the last changes may be gathered before they are told.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A day that is over.
pub struct Day {
    pub service: Service,
    /// All that a watcher from the beginning on was sent.
    pub updates: Vec<Update>,
    /// What one was sent first who came when several calls were in flight for the last time, and the books of that moment.
    pub midday: (Update, Books),
    /// Agents stay connected.
    _agents: Vec<crate::server::local::Local>,
    _stage: demo::Stage,
}

/// Plays the day. The paces are the demo's own, in a time that does not pass.
pub async fn play() -> Day {
    let (config, stage) = demo::stage(Config::default()).unwrap();
    let setup = Setup {
        config,
        clock: Clock::anchored(UnixMillis(NOW.0 - BEFORE_NOW_MILLIS)),
        redactor: Redactor::default(),
        working_directory: "/".into(),
        home: None,
    };
    let server = Server::new(Engine::new(setup).unwrap());
    let principal = Principal::user(0);
    let identity = Identity { face: Face::Tui, started: UnixMillis(0), working_directory: "/".to_owned(), demo: true };
    let service = Service::new(server.clone(), principal.clone(), identity);

    let mut watched = service.watch().await.unwrap();
    let (mut updates, mut midday) = (Vec::new(), None);
    let mut played = Box::pin(demo::play(&stage, &server, &principal));
    let agents = loop {
        tokio::select! {
            agents = &mut played => break agents,
            Some(update) = watched.recv() => updates.push(update),
        }
        if Books::of(&service).in_flight() > 1 {
            midday = Some((Update::Snapshot(Box::new(service.snapshot())), Books::of(&service)));
        }
    };
    drop(played);
    while let Ok(Some(update)) = tokio::time::timeout(LAST_WORDS, watched.recv()).await {
        updates.push(update);
    }
    Day { service, updates, midday: midday.unwrap(), _agents: agents, _stage: stage }
}

/// What is changed on its way to the face.
#[derive(Clone, Copy)]
pub struct Bent {
    pub update: fn(&mut Update),
    pub reply: fn(&mut Reply),
}

/// Nothing.
pub const TRUE: Bent = Bent { update: |_| (), reply: |_| () };

/// A face at 140x40 that is shown a day, and asks the day's engine for what it lacks.
pub struct Looking<'a> {
    pub face: Driven,
    service: &'a Service,
    bent: Bent,
}

impl<'a> Looking<'a> {
    pub async fn at(updates: &[Update], service: &'a Service, bent: Bent) -> Self {
        let mut face = Driven::new(140, 40);
        face.appear(OWN, "this process", true);
        let mut looking = Self { face, service, bent };
        for update in updates {
            let mut update = update.clone();
            (bent.update)(&mut update);
            looking.face.send(OWN, update);
            looking.fetch().await;
        }
        looking
    }

    /// Presses keys, lets what is asked for be fetched, and draws.
    pub async fn keys(&mut self, keys: &str) -> String {
        self.face.keys(keys);
        self.fetch().await;
        self.face.frame()
    }

    /// What the face asks for, until it asks for nothing more.
    async fn fetch(&mut self) {
        loop {
            let asked = self.face.asked();
            if asked.is_empty() {
                return;
            }
            for effect in asked {
                let Some(mut reply) = self.answer(effect).await else { continue };
                (self.bent.reply)(&mut reply);
                self.face.reply(OWN, reply);
            }
        }
    }

    async fn answer(&self, effect: Effect) -> Option<Reply> {
        let engine = self.service;
        Some(match effect {
            Effect::Models(_) => Reply::Models { outcome: engine.models().await },
            Effect::Spending(_) => Reply::Spending { outcome: engine.spending().await },
            Effect::Toolbox(_) => Reply::Toolbox { outcome: engine.toolbox().await },
            Effect::Interceptors(_) => Reply::Interceptors { outcome: engine.interceptors().await },
            Effect::Thread { thread, .. } => {
                Reply::Thread { thread, outcome: engine.thread(thread).await.map(Box::new) }
            }
            Effect::TurnText { thread, turn, which, from, .. } => {
                let outcome = engine.turn_text(thread, turn, which, from).await;
                Reply::TurnText { thread, turn, which, outcome }
            }
            // No total is in what else is asked for.
            _ => return None,
        })
    }
}
