//! Sessions over paused time: what keeps one, what ends one, and who has to make room.

use std::path::PathBuf;

use super::*;
use crate::config::Config;
use crate::engine::{Engine, Setup};
use crate::secret::Redactor;

const IDLE: Duration = Duration::from_secs(60);
const AGE: Duration = Duration::from_secs(600);

struct House {
    server: Server,
    manager: Arc<SessionManager>,
}

fn house(max_sessions: usize) -> House {
    let setup = Setup {
        config: Config::default(),
        clock: Clock::system(),
        redactor: Redactor::default(),
        working_directory: PathBuf::from("/"),
        home: None,
    };
    let server = Server::new(Engine::new(setup).unwrap());
    let limits = Limits { max_sessions, idle: IDLE, age: AGE, replay_events: 16 };
    House { server, manager: SessionManager::new(limits, Clock::system()) }
}

impl House {
    fn open(&self) -> Arc<Session> {
        Arc::clone(self.manager.open(&self.server, owner()).unwrap().session())
    }

    fn is_there(&self, session: &Session) -> bool {
        self.manager.sessions.contains_key(&session.key)
    }
}

fn owner() -> Principal {
    Principal::user(1)
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_when_it_was_idle_for_too_long_and_not_while_it_is_used() {
    let house = house(10);
    let (idle, used) = (house.open(), house.open());
    let looking = house.manager.look_after();
    tokio::pin!(looking);
    for _ in 0..4 {
        let _ = tokio::time::timeout(IDLE / 3, looking.as_mut()).await;
        assert!(house.manager.find(&used.id(), &owner()).is_some());
    }
    assert!(!house.is_there(&idle) && house.is_there(&used));
    assert_eq!((idle.state(), house.manager.count()), (State::Closed, 1));
    assert_eq!(house.server.engine.connections.list().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_time_has_run_out_is_gone_before_the_timer_comes_round() {
    let house = house(10);
    let session = house.open();
    tokio::time::advance(IDLE + Duration::from_millis(1)).await;
    assert!(house.manager.find(&session.id(), &owner()).is_none());
    assert_eq!(house.manager.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_open_stream_keeps_a_session_from_idling_and_not_from_its_greatest_age() {
    let house = house(10);
    let held = house.manager.open(&house.server, owner()).unwrap();
    let session = Arc::clone(held.session());
    let (_stream, mut receiver) = session.open_stream(held.tracker()).unwrap();
    let mut kept_alive = 0;
    let reading = async {
        while let Some(Sent::KeepAlive) = receiver.recv().await {
            kept_alive += 1
        }
    };
    tokio::select! {
        () = reading => {}
        never = house.manager.look_after() => match never {},
    }
    assert_eq!(session.state(), State::Closed);
    assert_eq!(kept_alive, AGE.as_secs() / TICK.as_secs());
}

#[tokio::test(start_paused = true)]
async fn the_longest_unused_session_makes_room_and_a_busy_one_never() {
    let house = house(3);
    let busy = house.manager.open(&house.server, owner()).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    let oldest = house.open();
    tokio::time::advance(Duration::from_secs(1)).await;
    let newer = house.open();
    let newest = house.open();
    assert!(house.is_there(busy.session()) && house.is_there(&newer) && house.is_there(&newest));
    assert!(!house.is_there(&oldest));
    let held: Vec<_> = [newer, newest].iter().map(|one| house.manager.find(&one.id(), &owner()).unwrap()).collect();
    assert_eq!(house.manager.open(&house.server, owner()).err(), Some(Full));
    drop(held);
    assert!(house.manager.open(&house.server, owner()).is_ok());
    assert_eq!(house.manager.count(), 3);
}

#[tokio::test]
async fn a_foreign_session_and_an_unknown_one_are_the_same() {
    let house = house(10);
    let session = house.open();
    assert!(house.manager.find(&session.id(), &Principal::user(2)).is_none());
    assert!(house.manager.find("0123456789abcdef0123456789abcdef", &owner()).is_none());
    assert!(house.manager.find("no id", &owner()).is_none());
    assert!(house.manager.find(&session.id(), &owner()).is_some());
}

#[tokio::test]
async fn a_session_is_closed_once_and_one_that_failed_stays_failed() {
    let house = house(10);
    let (closed, failed) = (house.open(), house.open());
    house.manager.close(&closed, Closing::ByClient);
    house.manager.close(&closed, Closing::Idle);
    house.manager.fail(&failed, "no answer");
    assert_eq!((closed.state(), failed.state()), (State::Closed, State::Failed("no answer".into())));
    assert_eq!(house.manager.count(), 0);
    assert!(house.server.engine.connections.list().is_empty());
}

#[tokio::test]
async fn only_so_many_streams_are_read_and_kept() {
    let house = house(10);
    let held = house.manager.open(&house.server, owner()).unwrap();
    let mut readers: Vec<_> =
        (0..MAX_READ_STREAMS).map(|_| held.session().open_stream(held.tracker()).unwrap().1).collect();
    assert!(held.session().open_stream(held.tracker()).is_err());
    for _ in 0..100 {
        readers.pop();
        readers.push(held.session().open_stream(held.tracker()).unwrap().1);
    }
    assert_eq!(held.session().streams().len(), MAX_KEPT_STREAMS);
}
