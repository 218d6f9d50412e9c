//! What the control API does to threads in this process. Every act that changes or copies a thread is told once on the
//! bus and in the log: which thread, what was done, by which user.

use std::sync::Arc;
use std::time::Duration;

use super::service::{Service, not_found};
use super::socket::own_uid;
use super::summary;
use super::types::{Act, Acted, Exported, Form, Refusal, RefusalCode, Switchable, ThreadSummary, Which};
use crate::engine::switching::CannotSwitch;
use crate::engine::toolbox::CannotSwitch as Tool;
use crate::event::{Event, ThreadAct};
use crate::id::ThreadId;
use crate::provider::switched::CannotSwitch as Model;
use crate::thread::Thread;
use crate::thread::export::{export, file_name};
use crate::thread::fork::NO_MERGE;
use crate::thread::import::CannotImport;
use crate::thread::life::CannotSteer;
use crate::thread::search::Query;

impl Service {
    pub(super) fn summaries(&self, threads: &[Arc<Thread>]) -> Vec<ThreadSummary> {
        threads.iter().map(|thread| self.summary(thread)).collect()
    }

    fn summary(&self, thread: &Thread) -> ThreadSummary {
        summary::thread(thread, &self.engine().threads, self.engine().clock)
    }

    /// The threads that a query finds, the most recently used first.
    pub(super) async fn found(&self, query: &str) -> Result<Vec<Arc<Thread>>, Refusal> {
        let query = Query::parse(query).map_err(|error| bad_request(error.to_string()))?;
        Ok(self.engine().threads.search(&query, None).await)
    }

    pub(super) async fn expire_one(&self, thread: ThreadId) -> Result<ThreadSummary, Refusal> {
        let mut acted = self.do_act(Act::Expire { threads: Which::These(vec![thread]) }).await?;
        acted.threads.pop().ok_or_else(|| not_found(format!("no thread {thread} here")))
    }

    pub(super) async fn do_act(&self, act: Act) -> Result<Acted, Refusal> {
        let threads = &self.engine().threads;
        let (done, thread) = match act {
            Act::Expire { threads } => return self.do_expire(threads).await,
            Act::Restore { thread } => (ThreadAct::Restored, threads.restore(thread)),
            Act::Pin { thread } => (ThreadAct::Pinned, threads.pin(thread)),
            Act::Unpin { thread } => (ThreadAct::Unpinned, threads.unpin(thread)),
            Act::Extend { thread, by_ms } => {
                (ThreadAct::Extended, threads.extend(thread, by_ms.map(Duration::from_millis)))
            }
            Act::Rename { thread, title } => (ThreadAct::Renamed, threads.rename(thread, &title)),
            Act::Tag { thread, add, remove } => (ThreadAct::Tagged, threads.tag(thread, &add, &remove)),
            Act::Fork { thread, turn } => {
                let turn = turn.map(|turn| usize::try_from(turn).unwrap_or(usize::MAX));
                (ThreadAct::Forked, threads.fork(thread, turn))
            }
            Act::Merge { .. } => return Err(bad_request(NO_MERGE.to_owned())),
        };
        let thread = thread.map_err(|error| refused(&error))?;
        self.audit(thread.id, done);
        Ok(Acted { threads: vec![self.summary(&thread)], missing: Vec::new() })
    }

    async fn do_expire(&self, which: Which) -> Result<Acted, Refusal> {
        let ids: Vec<ThreadId> = match which {
            Which::These(ids) => ids,
            Which::Query(query) if query.trim().is_empty() => {
                return Err(bad_request(
                    "an empty query would expire every thread: ask for all of them instead".into(),
                ));
            }
            Which::Query(query) => self.found(&query).await?.iter().map(|thread| thread.id).collect(),
            Which::All => self.engine().threads.list().iter().map(|thread| thread.id).collect(),
        };
        let mut acted = Acted::default();
        for id in ids {
            match self.engine().threads.expire(id) {
                Ok(thread) => {
                    self.audit(id, ThreadAct::Expired);
                    acted.threads.push(self.summary(&thread));
                }
                Err(_) => acted.missing.push(id),
            }
        }
        match acted.missing.as_slice() {
            [id] if acted.threads.is_empty() => Err(not_found(format!("no thread {id} here"))),
            [_, ..] if acted.threads.is_empty() => Err(not_found("none of these threads is here".to_owned())),
            _ => Ok(acted),
        }
    }

    pub(super) fn do_export(&self, thread: ThreadId, form: Form) -> Result<Exported, Refusal> {
        let found = self.find_thread(thread)?;
        let text = export(&found, form, &self.engine().redactor, self.engine().clock.wall());
        self.audit(thread, ThreadAct::Exported);
        Ok(Exported { file_name: file_name(&found, form), text })
    }

    pub(super) fn do_import(&self, document: &str) -> Result<ThreadSummary, Refusal> {
        let imported = self.engine().threads.import(document, &self.principal);
        let thread = imported.map_err(|error| Refusal {
            code: match error {
                CannotImport::Document(_) | CannotImport::TooLarge { .. } => RefusalCode::BadRequest,
                CannotImport::NoRoom(_) => RefusalCode::TooMuch,
            },
            message: error.to_string(),
        })?;
        self.audit(thread.id, ThreadAct::Imported);
        Ok(self.summary(&thread))
    }

    /// Turns a switch in the name of this user.
    pub(super) fn do_switch(&self, what: Switchable, on: bool) -> Result<(), Refusal> {
        self.engine().switch(what, on, own_uid()).map_err(|error| match &error {
            CannotSwitch::Tool(Tool::Unknown(_)) | CannotSwitch::Interceptor(_) => not_found(error.to_string()),
            CannotSwitch::Model(Model::Provider(_) | Model::Model { .. }) => not_found(error.to_string()),
            CannotSwitch::Tool(Tool::Needed(_)) | CannotSwitch::Model(Model::Whole { .. }) => {
                bad_request(error.to_string())
            }
        })
    }

    fn audit(&self, thread: ThreadId, act: ThreadAct) {
        let uid = own_uid();
        self.engine().bus.say(Event::ThreadSteered { thread, act, uid });
        tracing::info!(thread = %thread.short(), act = act.as_str(), uid, "thread steered by hand");
    }
}

fn refused(error: &CannotSteer) -> Refusal {
    let code = match error {
        CannotSteer::Unknown(_) | CannotSteer::NotRestorable { .. } | CannotSteer::NoTurn { .. } => {
            RefusalCode::NotFound
        }
        CannotSteer::Title(_) | CannotSteer::Tag(_) | CannotSteer::TooManyTags | CannotSteer::Pinned(_) => {
            RefusalCode::BadRequest
        }
        CannotSteer::NoRoom(_) => RefusalCode::TooMuch,
    };
    Refusal { code, message: error.to_string() }
}

fn bad_request(message: String) -> Refusal {
    Refusal { code: RefusalCode::BadRequest, message }
}
